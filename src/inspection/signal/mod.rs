//! The signal itself: does it come, does it move, can it be true? Names and ideas from QARTOD.
//!
//! In: times and values of instruments. Out: the flag of each reading and the tests that set it;
//! whether a rule about signals holds. Must not know: limits of standards.
//!
//! # When a test knows
//!
//! Most tests look back only: their flag is there before any rule sees the reading. Three need to
//! see more. A spike shows with the next reading; whether another instrument jumped too, or agrees,
//! shows once its readings of the same time have come. Their flags come *later*, with the moment
//! at which they became known, and only what counts over a window listens to them: the rules of
//! kind `quality`, the views, the records. No limit waits for them, and none is silenced by them.
//! For a single spike no rule with an on-delay is fooled by anyway; and a village without water
//! looks just like a gauge that disagrees with its neighbours.

#[cfg(test)]
pub mod batch;
pub mod checks;
pub mod flat_line;
pub mod notice;
pub mod partner;
#[cfg(test)]
mod published;
pub mod quality;
pub mod range;
pub mod rate;
pub mod silence;
pub mod spec;
pub mod spec_file;
pub mod spike;
pub mod spread;
pub mod timing;

use serde::{Deserialize, Serialize};

use crate::base::{Flag, QualityTest, QualityTests, Stamp};

/// Rounding of decimals must not break a limit: 0.4 − 0.3 is no more than 0.1.
pub const ROUNDING: f64 = 1e-9;

/// From where on a test doubts a reading, and from where on it is sure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoLimits {
    /// Beyond this it is suspect …
    pub suspect: f64,
    /// … and beyond this it has failed; none: it is never more than suspect.
    pub fail: Option<f64>,
}

impl TwoLimits {
    /// What a measure is that should be small. Equal to a limit is within it.
    pub fn above(&self, measure: f64) -> Flag {
        let beyond = |limit: f64| measure > limit + ROUNDING;
        Self::grade(beyond(self.suspect), self.fail.is_some_and(beyond))
    }

    /// What a measure is that should be large. Equal to a limit is within it.
    pub fn below(&self, measure: f64) -> Flag {
        let beyond = |limit: f64| measure < limit - ROUNDING;
        Self::grade(beyond(self.suspect), self.fail.is_some_and(beyond))
    }

    fn grade(suspect: bool, fail: bool) -> Flag {
        match (suspect, fail) {
            (_, true) => Flag::Fail,
            (true, false) => Flag::Suspect,
            (false, false) => Flag::Good,
        }
    }

    /// Both limits times `factor`.
    pub fn times(&self, factor: f64) -> Self {
        Self { suspect: self.suspect * factor, fail: self.fail.map(|fail| fail * factor) }
    }
}

/// What the tests say of one reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Judged {
    /// Those that could be made.
    pub evaluated: QualityTests,
    /// Those that found it suspect.
    pub suspect: QualityTests,
    /// Those that found it wrong.
    pub fail: QualityTests,
}

impl Judged {
    /// Adds what one test says.
    pub fn note(&mut self, test: QualityTest, flag: Flag) {
        match flag {
            Flag::Good => {}
            Flag::Suspect => self.suspect |= test.into(),
            Flag::Fail => self.fail |= test.into(),
            Flag::NotEvaluated | Flag::Missing => return,
        }
        self.evaluated |= test.into();
    }

    /// The flags of all tests rolled up.
    pub fn flag(&self) -> Flag {
        if !self.fail.is_empty() {
            Flag::Fail
        } else if !self.suspect.is_empty() {
            Flag::Suspect
        } else if !self.evaluated.is_empty() {
            Flag::Good
        } else {
            Flag::NotEvaluated
        }
    }

    /// The tests that found anything.
    pub fn found(&self) -> QualityTests {
        self.suspect | self.fail
    }
}

/// A verdict that came after its reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Later {
    /// When the reading was taken.
    pub observed_at: Stamp,
    /// Its value.
    pub value: f64,
    /// When the verdict became known, in event time.
    pub known_at: Stamp,
    /// The test.
    pub test: QualityTest,
    /// What it says.
    pub flag: Flag,
    /// What the tests had said before.
    pub before: Judged,
}
