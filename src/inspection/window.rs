//! The last few values of an instrument: what a finding shows as its reason.

use serde::{Deserialize, Serialize};

use crate::base::Stamp;

/// How many values a window holds.
pub const WINDOW: usize = 8;

/// The last eight values, in place: adding one allocates nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "Vec<(Stamp, f64)>", from = "Vec<(Stamp, f64)>")]
pub struct Window {
    values: [(Stamp, f64); WINDOW],
    len: u8,
    next: u8,
}

impl Default for Window {
    fn default() -> Self {
        Self { values: [(Stamp::MAX, 0.0); WINDOW], len: 0, next: 0 }
    }
}

impl Window {
    /// Adds a value; the oldest of more than eight is forgotten.
    pub fn push(&mut self, at: Stamp, value: f64) {
        self.values[usize::from(self.next) % WINDOW] = (at, value);
        self.next = (self.next + 1) % WINDOW as u8;
        self.len = (self.len + 1).min(WINDOW as u8);
    }

    /// The values, oldest first.
    pub fn to_vec(&self) -> Vec<(Stamp, f64)> {
        let (len, next) = (usize::from(self.len), usize::from(self.next));
        (0..len).map(|i| self.values[(next + WINDOW - len + i) % WINDOW]).collect()
    }
}

impl From<Window> for Vec<(Stamp, f64)> {
    fn from(window: Window) -> Self {
        window.to_vec()
    }
}

impl From<Vec<(Stamp, f64)>> for Window {
    fn from(values: Vec<(Stamp, f64)>) -> Self {
        let mut window = Self::default();
        for (at, value) in values {
            window.push(at, value);
        }
        window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_keeps_the_last_eight_oldest_first_and_survives_a_checkpoint() {
        let at = |s| Stamp::from_ms(s * 1_000).expect("a small number");
        let mut window = Window::default();
        for s in 0_i32..11 {
            window.push(at(i64::from(s)), f64::from(s));
        }
        let values: Vec<f64> = window.to_vec().iter().map(|(_, value)| *value).collect();
        assert_eq!(values, [3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]);
        let json = serde_json::to_string(&window).expect("plain numbers");
        let back: Window = serde_json::from_str(&json).expect("what was written");
        assert_eq!(back.to_vec(), window.to_vec());
    }
}
