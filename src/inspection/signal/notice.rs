//! What is told of doubtful readings: the first of a kind at once, the others counted, and told
//! with the next one that comes an hour later or more.

use serde::{Deserialize, Serialize};

use crate::base::{Flag, QualityTest, QualityTests, Span, Stamp};
use crate::ingest::observation::PlantIndex;
use crate::plant::tags::TagIndex;

/// Between two notices about one test at one instrument.
pub const QUIET: Span = Span::HOUR;

/// A reading that a test has found doubtful.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Doubt {
    /// The plant.
    pub plant: PlantIndex,
    /// The instrument.
    pub tag: TagIndex,
    /// When the reading was taken.
    pub observed_at: Stamp,
    /// The tests that doubt it, and had not before.
    pub tests: QualityTests,
    /// The flag of the reading by all tests so far.
    pub flag: Flag,
    /// Did the doubt come after the rules had seen the reading?
    pub later: bool,
}

/// Doubtful readings of one instrument, to be told to people.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The plant.
    pub plant: PlantIndex,
    /// The instrument.
    pub tag: TagIndex,
    /// When the last of them became known, in event time.
    pub at: Stamp,
    /// The test.
    pub test: QualityTest,
    /// What it says of the last of them.
    pub flag: Flag,
    /// When the last of them was taken.
    pub observed_at: Stamp,
    /// Its value.
    pub value: f64,
    /// How many since the last notice of this kind, this one included.
    pub count: u64,
}

/// What there is to tell of doubtful readings.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Each of them.
    pub doubts: Vec<Doubt>,
    /// What people should know.
    pub notices: Vec<Notice>,
}

/// What has not been told yet, by test.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Untold(Vec<Quiet>);

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Quiet {
    test: QualityTest,
    until: Stamp,
    untold: u64,
}

impl Untold {
    /// Counts a doubt of `test` known at `at`; gives how many are to be told now, if any.
    pub fn count(&mut self, test: QualityTest, at: Stamp) -> Option<u64> {
        let until = at + QUIET;
        let Some(quiet) = self.0.iter_mut().find(|quiet| quiet.test == test) else {
            self.0.push(Quiet { test, until, untold: 0 });
            return Some(1);
        };
        quiet.untold += 1;
        if at < quiet.until {
            return None;
        }
        quiet.until = until;
        Some(std::mem::take(&mut quiet.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_with_the_next_after_an_hour() {
        let mut untold = Untold::default();
        let mut count = |min: i64| {
            let at = Stamp::from_ms(min * 60_000).expect("a small number");
            untold.count(QualityTest::Spike, at)
        };
        assert_eq!(
            [0, 1, 59, 60, 61, 300].map(&mut count),
            [Some(1), None, None, Some(3), None, Some(2)]
        );
    }
}
