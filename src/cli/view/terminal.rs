#![expect(clippy::disallowed_methods, reason = "edge: the keyboard has a thread of its own")]
//! The terminal itself: raw mode, keys, a picture ten times a second at most.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::{mpsc, oneshot, watch};

use super::build::Wish;
use super::desk::{Deed, Desk, Key};
use super::draw::{draw, plants_a_page};
use super::model::View;
use crate::alarms::command::{Ask, Reply};
use crate::alarms::event::AlarmId;
use crate::cli::live::Hand;
use crate::cli::stderr;
use crate::exercise::live::watch::Asked;

/// Gives the terminal back, however the view ends, and then says what was held back.
struct Borrowed;

impl Drop for Borrowed {
    fn drop(&mut self) {
        ratatui::restore();
        stderr::release();
    }
}

/// Shows every new picture until a person quits; then returns. What they wish to see goes to
/// `wishes`, what they answer to `hand`.
pub async fn show(
    mut views: watch::Receiver<View>,
    wishes: mpsc::Sender<Wish>,
    hand: Hand,
    by: String,
) -> io::Result<()> {
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
    let mut desk = Desk::new(&by);
    let mut waiting: Option<Waiting> = None;
    let result = loop {
        let view = views.borrow_and_update().clone();
        if view.closing {
            break Ok(());
        }
        if let Err(error) = terminal.draw(|frame| draw(frame, &view, &desk)) {
            break Err(error);
        }
        pace.tick().await;
        tokio::select! {
            key = pressed.recv() => {
                let Some(key) = key else { break Ok(()) };
                let page = terminal.size().map_or(1, |size| plants_a_page(size.height));
                match desk.press(key, &view, page) {
                    Some(Deed::Quit) => break Ok(()),
                    // A full channel or a closed one: nobody has time for one more wish.
                    Some(Deed::Picture(wish)) => drop(wishes.try_send(wish)),
                    Some(Deed::Ask(ask)) => waiting = Some(put(ask, &hand)),
                    None => {}
                }
            }
            reply = replied(&mut waiting) => {
                if let Some((alarm, _)) = waiting.take() {
                    desk.hear(&alarm, reply.as_ref(), view.lang);
                }
            }
            changed = views.changed() => if changed.is_err() { break Ok(()) },
        }
    };
    over.store(true, Ordering::Relaxed);
    // The keyboard's thread notices within its poll; until then the terminal stays ours.
    let _ = tokio::task::spawn_blocking(move || keyboard.join()).await;
    drop(borrowed);
    result
}

/// An answer on its way, and what will be replied.
type Waiting = (AlarmId, oneshot::Receiver<Reply>);

/// Hands an answer to the monitor. When it has ended, or is too busy to take it, nobody replies.
fn put(ask: Ask, hand: &Hand) -> Waiting {
    let (reply, told) = oneshot::channel();
    let alarm = ask.alarm.clone();
    let _ = hand.try_send(Asked { ask, reply });
    (alarm, told)
}

async fn replied(waiting: &mut Option<Waiting>) -> Option<Reply> {
    match waiting {
        Some((_, told)) => told.await.ok(),
        None => std::future::pending().await,
    }
}

fn key_of(key: KeyEvent) -> Option<Key> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('c') if control => Key::Interrupt,
        KeyCode::Char(_) if control => return None,
        KeyCode::Char(letter) => Key::Char(letter),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Tab => Key::Tab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Esc => Key::Escape,
        _ => return None,
    })
}

fn listen(keys: &mpsc::Sender<Key>, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        match event::poll(Duration::from_millis(100)) {
            Ok(false) => continue,
            Ok(true) => {}
            Err(_) => return,
        }
        let key = match event::read() {
            Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => match key_of(key) {
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
