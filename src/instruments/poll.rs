//! When an instrument is read: at the start of the scenario, and then every so often.

use crate::base::{Span, Stamp};

/// A rhythm; its phase is zero at the start of the scenario.
#[derive(Debug, Clone, Copy)]
pub struct Poll {
    start: Stamp,
    every: Span,
}

impl Poll {
    /// Every `every` from `start` on; at most once a millisecond.
    pub fn new(start: Stamp, every: Span) -> Self {
        Self { start, every: every.max(Span::ms(1)) }
    }

    /// The moments due from `from` (inclusive) to `to` (exclusive), oldest first.
    pub fn due(self, from: Stamp, to: Stamp) -> impl Iterator<Item = Stamp> {
        let every = self.every.as_ms();
        let passed = (from - self.start).as_ms().max(0);
        let first = passed / every + i64::from(passed % every != 0);
        (first..).map(move |n| self.start + self.every * n).take_while(move |at| *at < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due_s(every_s: i64, from_s: i64, to_s: i64) -> Vec<i64> {
        let start = Stamp::from_ms(1_733_356_800_000).expect("a time");
        let at = |s| start + Span::seconds(s);
        let poll = Poll::new(start, Span::seconds(every_s));
        poll.due(at(from_s), at(to_s)).map(|due| (due - start).as_ms() / 1_000).collect()
    }

    #[test]
    fn the_start_of_a_step_is_due_and_its_end_is_not() {
        assert_eq!(due_s(60, 0, 60), [0]);
        assert_eq!(due_s(15, 60, 120), [60, 75, 90, 105]);
    }

    #[test]
    fn a_slow_instrument_skips_steps() {
        assert_eq!(due_s(150, 0, 60), [0]);
        assert!(due_s(150, 60, 120).is_empty());
        assert_eq!(due_s(150, 120, 180), [150]);
    }

    #[test]
    fn nothing_is_due_before_the_start() {
        assert_eq!(due_s(60, -120, 60), [0]);
        assert!(due_s(60, -120, 0).is_empty());
    }
}
