//! QARTOD's flat line test: a signal that has not moved for too long is stuck.
//!
//! An instrument shows noise. The longest stretch of readings up to now that lie within a tolerance
//! of each other is its flat line. A signal may rest where it may rest: at zero, or at an end of
//! its range.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::ROUNDING;
use super::range::Bounds;
use crate::base::{Flag, Span, Stamp};

/// How long a flat line is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// It takes at least this many readings …
    pub readings: u32,
    /// … over at least this long.
    pub over: Span,
}

/// What counts as flat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlatLineTest {
    /// Values whose spread is at most this count as equal; in the quantity's unit.
    pub tolerance: f64,
    /// From here on it is suspect …
    pub suspect: Stretch,
    /// … and from here on it has failed; none: it is never more than suspect.
    pub fail: Option<Stretch>,
    /// May it rest at zero and at the ends of its range?
    pub may_rest: bool,
}

/// Values that a stretch remembers at most: those that may come to be its lowest or highest.
const TURNS_MAX: usize = 128;

/// The readings up to now that lie within the tolerance of each other.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Run {
    /// Readings since it began.
    readings: u32,
    /// Readings before it that are counted with its values: so none changes when it begins later.
    #[serde(default)]
    left_out: u64,
    since: Option<Stamp>,
    /// Values that nothing later is as high as, and as low as; falling, and rising.
    highs: VecDeque<Turn>,
    lows: VecDeque<Turn>,
}

/// A value that may come to be the highest or the lowest of the stretch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Turn {
    value: f64,
    /// Readings before it, those before the stretch included.
    before: u64,
    /// Time of the reading after it; its own while there is none.
    then: Stamp,
}

/// Does an instrument that shows `range` rest at `value`?
pub fn rests(range: Bounds, tolerance: f64, value: f64) -> bool {
    [0.0, range.0, range.1].iter().any(|rest| (value - rest).abs() <= tolerance + ROUNDING)
}

impl FlatLineTest {
    /// Takes a reading of an instrument that shows `range`; is the signal flat now?
    pub fn judge(&self, run: &mut Run, range: Bounds, at: Stamp, value: f64) -> Flag {
        if self.may_rest && rests(range, self.tolerance, value) {
            run.forget();
            return Flag::Good;
        }
        run.push(self.tolerance + ROUNDING, at, value);
        let long =
            |stretch: Stretch| run.readings >= stretch.readings && run.lasts(at) >= stretch.over;
        if self.fail.is_some_and(long) {
            Flag::Fail
        } else if long(self.suspect) {
            Flag::Suspect
        } else {
            Flag::Good
        }
    }
}

impl Run {
    fn push(&mut self, tolerance: f64, at: Stamp, value: f64) {
        let count = self.left_out + u64::from(self.readings);
        for turns in [&mut self.highs, &mut self.lows] {
            if let Some(last) = turns.back_mut().filter(|turn| turn.before + 1 == count) {
                last.then = at;
            }
        }
        while self.highs.back().is_some_and(|turn| turn.value <= value) {
            self.highs.pop_back();
        }
        while self.lows.back().is_some_and(|turn| turn.value >= value) {
            self.lows.pop_back();
        }
        let turn = Turn { value, before: count, then: at };
        self.highs.push_back(turn);
        self.lows.push_back(turn);
        self.readings += 1;
        self.since.get_or_insert(at);
        while self.spread() > tolerance || self.highs.len().max(self.lows.len()) > TURNS_MAX {
            self.begin_later();
        }
    }

    fn spread(&self) -> f64 {
        match (self.highs.front(), self.lows.front()) {
            (Some(high), Some(low)) => high.value - low.value,
            _ => 0.0,
        }
    }

    /// Leaves out what comes before the reading after the older one of the two extremes.
    fn begin_later(&mut self) {
        let older = |turns: &VecDeque<Turn>| turns.front().map_or(u64::MAX, |turn| turn.before);
        let turns =
            if older(&self.highs) < older(&self.lows) { &mut self.highs } else { &mut self.lows };
        let Some(gone) = turns.pop_front() else { return };
        let left_out = gone.before + 1;
        self.since = Some(gone.then);
        self.readings -= (left_out - self.left_out) as u32;
        self.left_out = left_out;
        for turns in [&mut self.highs, &mut self.lows] {
            while turns.front().is_some_and(|turn| turn.before < left_out) {
                turns.pop_front();
            }
        }
    }

    /// Readings have stopped: what comes later starts afresh.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// How many readings it has.
    pub fn readings(&self) -> u32 {
        self.readings
    }

    /// For how long it has lasted at `now`.
    pub fn lasts(&self, now: Stamp) -> Span {
        self.since.map_or(Span::ZERO, |since| now - since)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RANGE: Bounds = (0.0, 5.0);

    fn at(i: usize) -> Stamp {
        Stamp::from_ms(600_000 * i as i64).expect("a small number")
    }

    fn flat(values: impl IntoIterator<Item = f64>) -> Vec<Flag> {
        let suspect = Stretch { readings: 4, over: Span::minutes(30) };
        let fail = Some(Stretch { readings: 6, over: Span::minutes(50) });
        let test = FlatLineTest { tolerance: 0.0, suspect, fail, may_rest: true };
        let mut run = Run::default();
        let values = values.into_iter().enumerate();
        values.map(|(i, value)| test.judge(&mut run, RANGE, at(i), value)).collect()
    }

    use Flag::{Fail, Good, Suspect};

    #[test]
    fn equal_readings_are_flat_only_after_the_number_and_the_time() {
        assert_eq!(flat([1.2; 7]), [Good, Good, Good, Suspect, Suspect, Fail, Fail]);
    }

    #[test]
    fn one_other_reading_ends_a_flat_line() {
        assert_eq!(flat([1.2, 1.2, 1.2, 1.2, 1.3]), [Good, Good, Good, Suspect, Good]);
    }

    #[test]
    fn a_signal_may_rest_at_zero_and_at_the_ends_of_its_range() {
        assert_eq!(flat([0.0; 9]), [Good; 9]);
        assert_eq!(flat([5.0; 9]), [Good; 9]);
    }

    proptest! {
        /// The run is the longest stretch up to now whose spread is within the tolerance.
        #[test]
        fn the_run_is_the_longest_stretch_within_the_tolerance(
            values in prop::collection::vec(0_i32..12, 1..80),
            tolerance in 0_i32..6,
        ) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let mut run = Run::default();
            for (i, value) in values.iter().enumerate() {
                run.push(f64::from(tolerance), at(i), *value);
                let is_flat = |from: usize| {
                    let part = &values[from..=i];
                    let low = part.iter().copied().fold(f64::INFINITY, f64::min);
                    let high = part.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    high - low <= f64::from(tolerance)
                };
                let from = (0..=i).find(|from| is_flat(*from)).expect("one reading is flat");
                prop_assert_eq!(run.readings() as usize, i - from + 1);
                prop_assert_eq!(run.lasts(at(i)), at(i) - at(from));
                let json = serde_json::to_string(&run).expect("plain values");
                prop_assert_eq!(&serde_json::from_str::<Run>(&json).expect("as written"), &run);
            }
        }
    }
}
