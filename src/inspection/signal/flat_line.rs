//! QARTOD's flat line test: a signal that has not moved for too long is stuck.
//!
//! An instrument shows noise. Readings that stay within a tolerance for a number of readings and a
//! time are suspect, unless the signal rests where it may rest: at zero, or at an end of its range.

use serde::{Deserialize, Serialize};

use crate::base::units::Quantity;
use crate::base::{Span, Stamp};
use crate::inspection::unit_keys::{shown, spoken};

/// What counts as flat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlatLineTest {
    /// Values whose spread is at most this count as equal; in the quantity's unit.
    pub tolerance: f64,
    /// It takes at least this many readings …
    pub readings: u32,
    /// … over at least this long.
    pub over: Span,
}

/// The test at one instrument.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlatLine {
    test: FlatLineTest,
    range: (f64, f64),
    run: Option<Run>,
}

/// Readings so far that lie within the tolerance of each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Run {
    since: Stamp,
    low: f64,
    high: f64,
    readings: u32,
}

/// Rounding of decimals must not break a tolerance.
const ROUNDING: f64 = 1e-9;

impl FlatLine {
    /// The test at an instrument that shows values in `range`.
    pub fn new(test: FlatLineTest, range: (f64, f64)) -> Self {
        Self { test, range, run: None }
    }

    /// Takes a reading; is the signal flat now?
    pub fn judge(&mut self, at: Stamp, value: f64) -> bool {
        if self.may_rest_at(value) {
            self.run = None;
            return false;
        }
        let alone = Run { since: at, low: value, high: value, readings: 1 };
        let run = match self.run {
            Some(run) => {
                let (low, high) = (run.low.min(value), run.high.max(value));
                if high - low <= self.test.tolerance + ROUNDING {
                    Run { low, high, readings: run.readings.saturating_add(1), ..run }
                } else {
                    alone
                }
            }
            None => alone,
        };
        self.run = Some(run);
        run.readings >= self.test.readings && at - run.since >= self.test.over
    }

    fn may_rest_at(&self, value: f64) -> bool {
        [0.0, self.range.0, self.range.1]
            .iter()
            .any(|rest| (value - rest).abs() <= self.test.tolerance + ROUNDING)
    }

    /// Readings have stopped: what comes later starts afresh.
    pub fn forget(&mut self) {
        self.run = None;
    }

    /// The run so far, for a checkpoint.
    pub fn run(&self) -> Option<Run> {
        self.run
    }

    /// Continues a run of a checkpoint.
    pub fn resume(&mut self, run: Option<Run>) {
        self.run = run;
    }

    /// One sentence about the reading `value` taken at `now` by the instrument `tag`.
    pub fn sentence(&self, quantity: Quantity, tag: &str, now: Stamp, value: f64) -> String {
        let (what, seen) = (spoken(quantity), shown(quantity, value));
        match self.run {
            Some(run) if run.readings >= self.test.readings => format!(
                "{what} at {tag} has stood at {seen} for {} ({} readings)",
                now - run.since,
                run.readings
            ),
            _ => format!("{what} at {tag} moves again: {seen}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(values: impl IntoIterator<Item = f64>) -> Vec<bool> {
        let test = FlatLineTest { tolerance: 0.0, readings: 4, over: Span::minutes(30) };
        let mut line = FlatLine::new(test, (0.0, 5.0));
        let start = Stamp::from_ms(0).expect("1970");
        values
            .into_iter()
            .enumerate()
            .map(|(i, value)| line.judge(start + Span::minutes(10 * i as i64), value))
            .collect()
    }

    #[test]
    fn equal_readings_are_flat_only_after_the_number_and_the_time() {
        assert_eq!(flat([1.2; 5]), [false, false, false, true, true]);
    }

    #[test]
    fn one_other_reading_ends_a_flat_line() {
        assert_eq!(flat([1.2, 1.2, 1.2, 1.2, 1.3]), [false, false, false, true, false]);
    }

    #[test]
    fn a_signal_may_rest_at_zero_and_at_the_ends_of_its_range() {
        assert!(!flat([0.0; 9]).contains(&true));
        assert!(!flat([5.0; 9]).contains(&true));
    }

    #[test]
    fn a_slow_ramp_is_not_flat_even_within_the_tolerance_from_step_to_step() {
        let test = FlatLineTest { tolerance: 0.1, readings: 4, over: Span::minutes(30) };
        let mut line = FlatLine::new(test, (0.0, 5.0));
        let start = Stamp::from_ms(0).expect("1970");
        for i in 0_i32..40 {
            let value = 1.0 + 0.05 * f64::from(i);
            assert!(!line.judge(start + Span::minutes(10 * i64::from(i)), value), "{i}");
        }
    }
}
