//! What an expression remembers of an instrument: buckets of event time, as many as it looks back.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::base::{Span, Stamp};
use crate::inspection::expression::tree::Look;

/// The readings of one instrument in buckets as long as a step of the rule, newest last.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct History {
    buckets: VecDeque<Bucket>,
}

/// The readings of one step: not before its number times the step, before the next.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Bucket {
    number: i64,
    count: u32,
    sum: f64,
    min: f64,
    max: f64,
    last: (Stamp, f64),
}

/// How an instrument is read and judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Manner {
    /// The step of the rule.
    pub every: Span,
    /// How often the instrument is read.
    pub poll: Span,
    /// How old a last reading may be.
    pub patience: Span,
}

impl Manner {
    fn number(&self, at: Stamp) -> i64 {
        at.as_ms().div_euclid(self.every.as_ms().max(1))
    }
}

impl Bucket {
    /// Does a moment lie in it? By products, as every reading asks it.
    fn covers(&self, at: Stamp, manner: &Manner) -> bool {
        let every = manner.every.as_ms().max(1);
        (self.number * every..(self.number + 1) * every).contains(&at.as_ms())
    }
}

impl History {
    /// Takes a reading; they come in the order of their time.
    pub fn observe(&mut self, at: Stamp, value: f64, manner: &Manner) {
        match self.buckets.back_mut().filter(|bucket| bucket.covers(at, manner)) {
            Some(bucket) => {
                bucket.count += 1;
                bucket.sum += value;
                bucket.min = bucket.min.min(value);
                bucket.max = bucket.max.max(value);
                bucket.last = (at, value);
            }
            None => self.buckets.push_back(Bucket {
                number: manner.number(at),
                count: 1,
                sum: value,
                min: value,
                max: value,
                last: (at, value),
            }),
        }
    }

    /// Forgets what nobody asks for from `at` on, who looks back as far as `window`.
    pub fn forget(&mut self, at: Stamp, window: Span, manner: &Manner) {
        let oldest = manner.number(at - window - manner.patience) - 1;
        while self.buckets.front().is_some_and(|bucket| bucket.number < oldest) {
            self.buckets.pop_front();
        }
    }

    /// What it shows at `at`, a multiple of the step, of readings before it. None: too few of them
    /// (less than half of the polls), or too old.
    pub fn look(&self, look: Look, at: Stamp, window: Span, manner: &Manner) -> Option<f64> {
        let last = |before: Stamp| {
            let end = manner.number(before);
            let bucket = self.buckets.iter().rev().find(|bucket| bucket.number < end)?;
            (before - bucket.last.0 <= manner.patience).then_some(bucket.last.1)
        };
        match look {
            Look::Last => return last(at),
            Look::Change => return Some(last(at)? - last(at - window)?),
            Look::Mean | Look::Min | Look::Max => {}
        }
        let (first, end) = (manner.number(at - window), manner.number(at));
        let seen = || {
            let newest = self.buckets.iter().rev().skip_while(|bucket| bucket.number >= end);
            newest.take_while(|bucket| bucket.number >= first)
        };
        let count: u32 = seen().map(|bucket| bucket.count).sum();
        let polls = window.as_ms() / manner.poll.as_ms().max(1);
        if i64::from(count) < (polls + 1) / 2 || count == 0 {
            return None;
        }
        match look {
            Look::Mean => Some(seen().map(|bucket| bucket.sum).sum::<f64>() / f64::from(count)),
            Look::Min => seen().map(|bucket| bucket.min).reduce(f64::min),
            _ => seen().map(|bucket| bucket.max).reduce(f64::max),
        }
    }

    /// Does it remember nothing?
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The last values, oldest first (at most eight): one of each step.
    pub fn last_values(&self, before: Stamp) -> Vec<(Stamp, f64)> {
        let known = self.buckets.iter().rev().skip_while(|bucket| bucket.last.0 >= before);
        let mut values: Vec<_> = known.take(8).map(|bucket| bucket.last).collect();
        values.reverse();
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANNER: Manner =
        Manner { every: Span::minutes(5), poll: Span::minutes(1), patience: Span::minutes(15) };

    fn at(min: i64) -> Stamp {
        let (midnight, _) = Stamp::parse("2024-12-05T00:00:00+08:00").expect("a time");
        midnight + Span::minutes(min)
    }

    fn ramp(minutes: std::ops::Range<i64>) -> History {
        let mut history = History::default();
        for minute in minutes {
            history.observe(at(minute), minute as f64, &MANNER);
        }
        history
    }

    #[test]
    fn a_window_holds_what_came_before_its_end() {
        let history = ramp(0..100);
        let look = |look, end, min| history.look(look, at(end), Span::minutes(min), &MANNER);
        assert_eq!(look(Look::Mean, 60, 10), Some(54.5)); // minutes 50 to 59
        assert_eq!(look(Look::Min, 60, 10), Some(50.0));
        assert_eq!(look(Look::Max, 60, 10), Some(59.0));
        assert_eq!(look(Look::Last, 60, 0), Some(59.0));
        assert_eq!(look(Look::Change, 60, 30), Some(30.0));
    }

    #[test]
    fn half_of_the_polls_are_needed_and_a_last_reading_that_is_not_old() {
        let history = ramp(0..35);
        let look = |look, end, min| history.look(look, at(end), Span::minutes(min), &MANNER);
        assert_eq!(look(Look::Mean, 40, 10), Some(32.0)); // 5 of 10
        assert_eq!(look(Look::Mean, 45, 15), None); // 5 of 15
        assert_eq!(look(Look::Last, 45, 0), Some(34.0));
        assert_eq!(look(Look::Last, 50, 0), None); // 16 minutes old
        assert_eq!(look(Look::Change, 45, 60), None); // nothing so long ago
    }

    #[test]
    fn memory_is_as_long_as_the_window() {
        let mut history = ramp(0..3_000);
        history.forget(at(3_000), Span::minutes(60), &MANNER);
        assert_eq!(history.buckets.len(), 16); // 75 minutes, and one more
        let change = history.look(Look::Change, at(3_000), Span::minutes(60), &MANNER);
        assert_eq!(change, Some(60.0));
    }
}
