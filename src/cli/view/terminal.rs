#![expect(clippy::disallowed_methods, reason = "edge: the keyboard has a thread of its own")]
//! The terminal itself: raw mode, keys, a picture ten times a second at most.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use tokio::sync::{mpsc, watch};

use super::draw::draw;
use super::model::View;
use crate::base::text::Lang;
use crate::cli::stderr;

/// Gives the terminal back, however the view ends, and then says what was held back.
struct Borrowed;

impl Drop for Borrowed {
    fn drop(&mut self) {
        ratatui::restore();
        stderr::release();
    }
}

/// Shows every new picture until a person quits; then returns. Language keys go to `speak`.
pub async fn show(mut views: watch::Receiver<View>, speak: watch::Sender<Lang>) -> io::Result<()> {
    stderr::hold();
    let borrowed = Borrowed;
    let mut terminal = ratatui::try_init()?;
    let (keys, mut pressed) = mpsc::channel(16);
    let over = Arc::new(AtomicBool::new(false));
    let keyboard = {
        let over = Arc::clone(&over);
        std::thread::spawn(move || listen(&keys, &over))
    };
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    let result = loop {
        let view = views.borrow_and_update().clone();
        if view.closing {
            break Ok(());
        }
        if let Err(error) = terminal.draw(|frame| draw(frame, &view)) {
            break Err(error);
        }
        pace.tick().await;
        tokio::select! {
            key = pressed.recv() => match key {
                Some(Key::Quit) | None => break Ok(()),
                Some(Key::Language) => speak.send_modify(|lang| *lang = other(*lang)),
                Some(Key::Redraw) => {}
            },
            changed = views.changed() => if changed.is_err() { break Ok(()) },
        }
    };
    over.store(true, Ordering::Relaxed);
    // The keyboard's thread notices within its poll; until then the terminal stays ours.
    let _ = tokio::task::spawn_blocking(move || keyboard.join()).await;
    drop(borrowed);
    result
}

fn other(lang: Lang) -> Lang {
    match lang {
        Lang::En => Lang::Zh,
        Lang::Zh => Lang::En,
    }
}

enum Key {
    Quit,
    Language,
    Redraw,
}

fn listen(keys: &mpsc::Sender<Key>, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        match event::poll(Duration::from_millis(100)) {
            Ok(false) => continue,
            Ok(true) => {}
            Err(_) => return,
        }
        let key = match event::read() {
            Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => {
                let control = key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Char('c') if control => Key::Quit,
                    KeyCode::Char('q') | KeyCode::Esc => Key::Quit,
                    KeyCode::Char('l') => Key::Language,
                    _ => continue,
                }
            }
            Ok(Event::Resize(..)) => Key::Redraw,
            Ok(_) => continue,
            Err(_) => return,
        };
        if keys.blocking_send(key).is_err() {
            return;
        }
    }
}
