#![expect(clippy::disallowed_methods, reason = "edge: the keyboard has a thread of its own")]
//! The terminal itself: raw mode, keys, a picture ten times a second at most.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::{mpsc, watch};

use super::build::Wish;
use super::draw::{draw, plants_a_page};
use super::model::View;
use crate::cli::stderr;

/// Gives the terminal back, however the view ends, and then says what was held back.
struct Borrowed;

impl Drop for Borrowed {
    fn drop(&mut self) {
        ratatui::restore();
        stderr::release();
    }
}

/// Shows every new picture until a person quits; then returns. What they wish goes to `wishes`.
pub async fn show(mut views: watch::Receiver<View>, wishes: mpsc::Sender<Wish>) -> io::Result<()> {
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
                // Esc goes back; where there is nothing to go back to, it ends.
                Some(Key::Escape) if view.overview.is_some() || !view.of_many => break Ok(()),
                Some(key) => {
                    let page = terminal.size().map_or(1, |size| plants_a_page(size.height));
                    // A full channel or a closed one: nobody has time for one more wish.
                    key.wish(page).map_or(Ok(()), |wish| wishes.try_send(wish)).ok();
                }
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Quit,
    Escape,
    Back,
    Open,
    /// So many rows down.
    Row(isize),
    /// So many pages down.
    Page(isize),
    Language,
    Redraw,
}

impl Key {
    /// What it asks of the picture; a page has so many rows.
    fn wish(self, page: usize) -> Option<Wish> {
        Some(match self {
            Self::Language => Wish::Language,
            Self::Escape | Self::Back => Wish::Back,
            Self::Open => Wish::Open,
            Self::Row(rows) => Wish::Move(rows),
            Self::Page(pages) => Wish::Move(pages.saturating_mul(page.cast_signed())),
            Self::Quit | Self::Redraw => return None,
        })
    }

    fn of(key: KeyEvent) -> Option<Self> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        Some(match key.code {
            KeyCode::Char('c') if control => Self::Quit,
            KeyCode::Char('q') => Self::Quit,
            KeyCode::Esc => Self::Escape,
            KeyCode::Left | KeyCode::Backspace => Self::Back,
            KeyCode::Enter | KeyCode::Right => Self::Open,
            KeyCode::Up | KeyCode::Char('k') => Self::Row(-1),
            KeyCode::Down | KeyCode::Char('j') => Self::Row(1),
            KeyCode::PageUp => Self::Page(-1),
            KeyCode::PageDown | KeyCode::Char(' ') => Self::Page(1),
            KeyCode::Home => Self::Row(isize::MIN),
            KeyCode::End => Self::Row(isize::MAX),
            KeyCode::Char('l') => Self::Language,
            _ => return None,
        })
    }
}

fn listen(keys: &mpsc::Sender<Key>, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        match event::poll(Duration::from_millis(100)) {
            Ok(false) => continue,
            Ok(true) => {}
            Err(_) => return,
        }
        let key = match event::read() {
            Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => match Key::of(key) {
                Some(key) => key,
                None => continue,
            },
            Ok(Event::Resize(..)) => Key::Redraw,
            Ok(_) => continue,
            Err(_) => return,
        };
        if keys.blocking_send(key).is_err() {
            return;
        }
    }
}
