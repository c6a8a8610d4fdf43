//! Words for people on stderr. While a view owns the terminal they are held back, so that no line
//! tears the picture; afterwards they come in their order.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// Bytes held back at most; what comes after that while a view is up is lost.
const HELD_MAX: usize = 64 * 1024;

/// What waits, while something owns the terminal.
static HELD: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Holds back everything from here on.
pub fn hold() {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    held.get_or_insert_default();
}

/// Writes what was held back, and holds back nothing more.
pub fn release() {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(bytes) = held.take() {
        // With stderr closed there is nobody left to tell.
        let _ = io::stderr().write_all(&bytes);
    }
}

/// A line for people.
pub fn say(text: &str) {
    // As above: nobody left to tell.
    let _ = Stderr.write_all(format!("{text}\n").as_bytes());
}

/// Standard error, or what holds it back.
#[derive(Debug, Clone, Copy)]
pub struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_mut() {
            Some(held) if held.len() + bytes.len() <= HELD_MAX => held.extend_from_slice(bytes),
            Some(_) => {}
            None => return io::stderr().write(bytes),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_while_it_is_held_and_nothing_is_kept_afterwards() {
        hold();
        say("the broker is gone");
        let held = HELD.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert_eq!(held.as_deref(), Some(b"the broker is gone\n".as_slice()));
        release();
        assert_eq!(*HELD.lock().unwrap_or_else(PoisonError::into_inner), None);
    }
}
