//! Readings of one instrument, gathered into steps of one length in event time.
//!
//! A reading at the end of a step belongs to the next. A step is closed once event time has passed
//! its end; readings of clocks that run ahead wait for theirs.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Steps that a clock may run ahead; what is further ahead is no use.
const AHEAD: i64 = 32;

/// What has come of an instrument and belongs to steps that are not closed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Gathered {
    steps: VecDeque<Step>,
    /// The last reading.
    last: Option<f64>,
    /// The last reading of the last step that had any.
    before: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Step {
    /// Counted from 1970 in steps.
    number: i64,
    sum: f64,
    readings: u32,
    last: f64,
    /// The largest change from one reading to the next.
    jump: f64,
}

/// What a step has shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// Mean of its readings.
    pub mean: f64,
    /// The largest change in it: between two readings, or since the step before.
    pub change: f64,
}

impl Gathered {
    /// Takes a reading of step `number`, while `open` is the one that is not yet closed.
    pub fn take(&mut self, number: i64, open: i64, value: f64) {
        if !(open..=open + AHEAD).contains(&number) {
            return;
        }
        let jump = self.last.map_or(0.0, |last| (value - last).abs());
        self.last = Some(value);
        if let Some(step) = self.steps.back_mut().filter(|step| step.number >= number) {
            step.sum += value;
            step.readings += 1;
            step.last = value;
            step.jump = step.jump.max(jump);
        } else {
            self.steps.push_back(Step { number, sum: value, readings: 1, last: value, jump });
        }
    }

    /// Closes step `number`.
    pub fn close(&mut self, number: i64) -> Option<Shown> {
        let step = self.steps.front().copied().filter(|step| step.number <= number)?;
        self.steps.pop_front();
        let since = self.before.map_or(0.0, |before| (step.last - before).abs());
        self.before = Some(step.last);
        Some(Shown { mean: step.sum / f64::from(step.readings), change: step.jump.max(since) })
    }

    /// Is there nothing that waits for its step?
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_become_the_mean_of_their_step() {
        let mut gathered = Gathered::default();
        for value in [1.0, 2.0, 6.0] {
            gathered.take(7, 7, value);
        }
        gathered.take(8, 7, 5.0); // a clock that runs ahead
        gathered.take(6, 7, 99.0); // and one that runs behind
        gathered.take(7 + AHEAD + 1, 7, 99.0);
        assert_eq!(gathered.close(7), Some(Shown { mean: 3.0, change: 4.0 }));
        assert_eq!(gathered.close(8), Some(Shown { mean: 5.0, change: 1.0 }));
        assert_eq!(gathered.close(9), None);
        assert!(gathered.is_empty());
    }

    #[test]
    fn a_change_is_seen_between_readings_and_from_step_to_step() {
        let mut gathered = Gathered::default();
        for value in [0.0, 1.0, 0.0] {
            gathered.take(1, 1, value);
        }
        assert_eq!(gathered.close(1).map(|it| it.change), Some(1.0), "on and off again");
        for value in [0.2, 0.4, 0.6] {
            gathered.take(2, 2, value);
        }
        let change = gathered.close(2).map_or(0.0, |it| it.change);
        assert!((change - 0.6).abs() < 1e-12, "little by little");
    }
}
