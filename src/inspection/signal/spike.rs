//! QARTOD's spike test: a single reading that stands out from both of its neighbours.
//!
//! The measure is QARTOD's: how far the reading lies from the straight line between its
//! neighbours (by their times, so even spacing is not assumed). Two things are ours:
//!
//! * a spike stands out from both neighbours in the same direction, and its measure is at most
//!   twice the smaller of the two sides. So neither the neighbour of a spike nor the edge of a step
//!   is one, as they are by the formula alone;
//! * neighbours are the nearest readings with a value, within reach: a spike beside a lost reading
//!   is judged.

use serde::{Deserialize, Serialize};

use super::TwoLimits;
use crate::base::{Flag, Span, Stamp};

/// What counts as a spike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpikeTest {
    /// Heights, in the quantity's unit.
    pub limits: TwoLimits,
    /// It must be higher than this share of its higher neighbour too, 0 to 1: where much is
    /// measured, noise is much.
    pub share: f64,
    /// A neighbour lies within so many polls.
    pub within_polls: f64,
}

/// The last two readings.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SpikeState {
    before: Option<(Stamp, f64)>,
    middle: Option<(Stamp, f64)>,
}

impl SpikeTest {
    /// Takes a reading of an instrument read every `poll`; gives what the one before it is, with
    /// its time and value, when there was one.
    pub fn judge(
        &self,
        state: &mut SpikeState,
        poll: Span,
        at: Stamp,
        value: f64,
    ) -> Option<(Stamp, f64, Flag)> {
        let before = std::mem::replace(&mut state.before, state.middle);
        let middle = state.middle.replace((at, value))?;
        let reach = Span::ms((poll.as_ms() as f64 * self.within_polls) as i64);
        let near = |one: Stamp, other: Stamp| other - one <= reach;
        let flag = match before.filter(|it| near(it.0, middle.0) && near(middle.0, at)) {
            Some(before) => self.grade(before, middle, (at, value)),
            None => Flag::NotEvaluated,
        };
        Some((middle.0, middle.1, flag))
    }

    /// What the middle one of three readings is.
    pub fn grade(&self, before: Sample, middle: Sample, after: Sample) -> Flag {
        let height = height(before, middle, after);
        let neighbour = before.1.abs().max(after.1.abs());
        if height <= self.share * neighbour { Flag::Good } else { self.limits.above(height) }
    }
}

/// A moment and a value.
type Sample = (Stamp, f64);

/// How far the middle one of three readings stands out; 0 when it does not.
pub fn height(before: Sample, middle: Sample, after: Sample) -> f64 {
    let (up, down) = (middle.1 - before.1, middle.1 - after.1);
    if up * down <= 0.0 {
        return 0.0;
    }
    let (part, whole) = ((middle.0 - before.0).as_seconds(), (after.0 - before.0).as_seconds());
    let share = if whole > 0.0 { part / whole } else { 0.5 };
    let off_the_line = (middle.1 - (before.1 + (after.1 - before.1) * share)).abs();
    off_the_line.min(2.0 * up.abs().min(down.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: SpikeTest = SpikeTest {
        limits: TwoLimits { suspect: 1.0, fail: Some(4.0) },
        share: 0.1,
        within_polls: 3.0,
    };

    fn flags(readings: &[(i64, f64)]) -> Vec<Flag> {
        let mut state = SpikeState::default();
        let at = |min| Stamp::from_ms(min * 60_000).expect("a small number");
        readings
            .iter()
            .filter_map(|(min, value)| TEST.judge(&mut state, Span::MINUTE, at(*min), *value))
            .map(|(_, _, flag)| flag)
            .collect()
    }

    use Flag::{Fail, Good, NotEvaluated, Suspect};

    #[test]
    fn a_spike_is_found_and_its_neighbours_are_not() {
        let found = flags(&[(0, 1.0), (1, 1.1), (2, 9.0), (3, 1.0), (4, 1.1)]);
        assert_eq!(found, [NotEvaluated, Good, Fail, Good]);
    }

    #[test]
    fn the_edges_of_a_step_are_no_spikes() {
        let found = flags(&[(0, 1.0), (1, 1.2), (2, 9.0), (3, 8.9), (4, 9.0), (5, 1.0), (6, 1.1)]);
        assert_eq!(found, [NotEvaluated, Good, Good, Good, Good, Good]);
    }

    #[test]
    fn a_spike_beside_lost_readings_is_judged_as_far_as_its_neighbours_are_near() {
        assert_eq!(flags(&[(0, 1.0), (3, 4.0), (4, 1.0)]), [NotEvaluated, Suspect]);
        assert_eq!(flags(&[(0, 1.0), (1, 4.0), (5, 1.0)]), [NotEvaluated, NotEvaluated]);
    }

    #[test]
    fn on_a_slope_the_line_between_uneven_times_counts() {
        // 10 a minute, read after 1 and 3 minutes: on the line.
        assert_eq!(flags(&[(0, 0.0), (1, 10.0), (4, 40.0)]), [NotEvaluated, Good]);
    }

    #[test]
    fn where_much_is_measured_a_spike_must_be_higher() {
        assert_eq!(flags(&[(0, 200.0), (1, 215.0), (2, 200.0)]), [NotEvaluated, Good]);
        assert_eq!(flags(&[(0, 200.0), (1, 225.0), (2, 200.0)]), [NotEvaluated, Fail]);
    }

    #[test]
    fn readings_of_one_moment_divide_by_nothing() {
        assert_eq!(flags(&[(1, 1.0), (1, 9.0), (1, 1.0)]), [NotEvaluated, Fail]);
    }
}
