//! QARTOD's rate of change: does a signal change faster than it can?
//!
//! Limits hold for a stretch of time; over a longer one a signal may change more, in proportion,
//! and over a shorter one as much. So uneven spacing is right, nothing is divided by a time, and
//! noise between two readings of nearly one moment is no rate. After a jump, a reading that is back
//! where the signal was before it is sound: a spike's neighbour is none.

use serde::{Deserialize, Serialize};

use super::TwoLimits;
use super::spread::Spread;
use crate::base::{Flag, Span, Stamp};

/// How much a signal may change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// So much, in the quantity's unit …
    pub limits: TwoLimits,
    /// … within this time.
    pub per: Span,
}

/// What counts as too fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RateTest {
    /// A change beyond fixed limits.
    Fixed(Change),
    /// A change of more than so many standard deviations of what came before.
    Deviations {
        /// So many are suspect.
        deviations: f64,
        /// What came before: this long …
        window: Span,
        /// … and at least so many readings.
        readings: u32,
        /// A smaller change is never judged, however quiet the signal was.
        least: f64,
    },
}

/// The last reading, and the one before it when the signal has jumped since.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct RateState {
    last: Option<(Stamp, f64)>,
    before_jump: Option<(Stamp, f64)>,
}

impl Change {
    /// Takes a reading; how has the signal come to it?
    pub fn judge(&self, state: &mut RateState, at: Stamp, value: f64) -> Flag {
        let Some(last) = state.last.replace((at, value)) else { return Flag::NotEvaluated };
        let flag = self.between(last, at, value);
        let before = state.before_jump.take();
        if flag == Flag::Good {
            return flag;
        }
        if before.is_some_and(|before| self.between(before, at, value) == Flag::Good) {
            return Flag::Good;
        }
        state.before_jump = Some(last);
        flag
    }

    fn between(&self, (then, was): (Stamp, f64), at: Stamp, value: f64) -> Flag {
        let times = ((at - then).as_seconds() / self.per.as_seconds().max(1e-3)).max(1.0);
        self.limits.times(times).above((value - was).abs())
    }
}

impl RateTest {
    /// Takes a reading of an instrument read every `poll`; how has the signal come to it?
    pub fn judge(
        &self,
        state: &mut RateState,
        past: &mut Spread,
        poll: Span,
        at: Stamp,
        value: f64,
    ) -> Flag {
        match *self {
            Self::Fixed(change) => change.judge(state, at, value),
            Self::Deviations { deviations, window, readings, least } => {
                let flag = if past.len() >= readings as usize {
                    let suspect = (deviations * past.deviation()).max(least);
                    let limits = TwoLimits { suspect, fail: None };
                    Change { limits, per: poll }.judge(state, at, value)
                } else {
                    *state = RateState { last: Some((at, value)), before_jump: None };
                    Flag::NotEvaluated
                };
                past.push(window, at, value);
                flag
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(s * 1_000).expect("a small number")
    }

    fn flags(readings: &[(i64, f64)]) -> Vec<Flag> {
        let limits = TwoLimits { suspect: 2.0, fail: Some(10.0) };
        let change = Change { limits, per: Span::MINUTE };
        let mut state = RateState::default();
        readings.iter().map(|(s, value)| change.judge(&mut state, at(*s), *value)).collect()
    }

    use Flag::{Fail, Good, NotEvaluated, Suspect};

    #[test]
    fn a_jump_is_found_and_the_way_back_from_it_is_none() {
        let found = flags(&[(0, 1.0), (60, 9.0), (120, 1.0), (180, 1.5)]);
        assert_eq!(found, [NotEvaluated, Suspect, Good, Good]);
    }

    #[test]
    fn a_step_is_found_once_and_then_believed() {
        let found = flags(&[(0, 1.0), (60, 99.0), (120, 98.0), (180, 1.0), (240, 1.0)]);
        assert_eq!(found, [NotEvaluated, Fail, Good, Fail, Good]);
    }

    #[test]
    fn over_a_longer_time_a_signal_may_change_more() {
        assert_eq!(flags(&[(0, 0.0), (300, 9.9)]), [NotEvaluated, Good]);
        assert_eq!(flags(&[(0, 0.0), (300, 10.1)]), [NotEvaluated, Suspect]);
    }

    #[test]
    fn readings_of_nearly_one_moment_are_held_against_the_limit_itself() {
        assert_eq!(flags(&[(0, 0.0), (0, 1.9), (0, 4.0)]), [NotEvaluated, Good, Suspect]);
    }

    #[test]
    fn by_deviations_a_quiet_signal_may_still_move_a_little() {
        let test = RateTest::Deviations {
            deviations: 3.0,
            window: Span::minutes(30),
            readings: 5,
            least: 0.5,
        };
        let (mut state, mut past) = (RateState::default(), Spread::default());
        let mut judge = |min: i64, value: f64| {
            test.judge(&mut state, &mut past, Span::MINUTE, at(60 * min), value)
        };
        for min in 0..5 {
            assert_eq!(judge(min, 1.0), NotEvaluated);
        }
        assert_eq!(judge(5, 1.5), Good, "no more than the least that is judged");
        assert_eq!(judge(6, 3.0), Suspect);
    }
}
