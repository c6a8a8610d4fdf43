//! Which clock the monitor counts by: the wall's for real plants, the plants' own for exercises.

use crate::base::{Span, Stamp};
use crate::telemetry::wire::Clock;

/// The monitor's clock.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum TimeBase {
    /// Nothing heard yet that tells a real plant from an exercise.
    #[default]
    Unknown,
    /// Real plants: wall-clock time, whatever a clock message says later.
    Wall,
    /// Simulated plants: what was last heard of their clock, extrapolated at its speed.
    Simulated {
        /// Simulated time when it was heard.
        sim: Stamp,
        /// Simulated seconds per second; 1 until a clock message has said it.
        speed: f64,
        /// Our wall clock when it came.
        at_wall: Stamp,
    },
}

impl TimeBase {
    /// A clock message came.
    pub fn hear(&mut self, clock: Clock, wall: Stamp) {
        if *self == Self::Wall {
            return;
        }
        // Time never runs back because one message was slow: keep the later of the two readings.
        let ahead = self.now(wall).is_some_and(|now| now > clock.sim);
        let same_run = self.speed() == clock.speed;
        if !(ahead && same_run && self.lead(&clock, wall) < Span::seconds(2)) {
            *self = Self::Simulated { sim: clock.sim, speed: clock.speed, at_wall: wall };
        }
    }

    /// A message of an exercise came: its plant's clock said `sent_at` when it was sent, so it
    /// cannot be earlier now. Between two clock messages a plant may be faster than it said; and
    /// what a broker has kept for us may begin with readings.
    pub fn hear_exercise(&mut self, sent_at: Stamp, wall: Stamp) {
        if *self != Self::Wall && self.now(wall).is_none_or(|now| now < sent_at) {
            *self = Self::Simulated { sim: sent_at, speed: self.speed(), at_wall: wall };
        }
    }

    /// A message of a real plant came.
    pub fn hear_real_plant(&mut self) {
        if *self == Self::Unknown {
            *self = Self::Wall;
        }
    }

    /// The monitor's time at `wall`; none while it is unknown.
    pub fn now(&self, wall: Stamp) -> Option<Stamp> {
        match self {
            Self::Unknown => None,
            Self::Wall => Some(wall),
            Self::Simulated { sim, speed, at_wall } => {
                let passed = (wall - *at_wall).as_seconds().max(0.0);
                Some(*sim + Span::from_seconds_f64(passed * speed))
            }
        }
    }

    /// Simulated seconds per second; 1 for real plants.
    pub fn speed(&self) -> f64 {
        match self {
            Self::Simulated { speed, .. } => *speed,
            Self::Unknown | Self::Wall => 1.0,
        }
    }

    /// How far, in real time, we run ahead of `clock`.
    fn lead(&self, clock: &Clock, wall: Stamp) -> Span {
        let ahead = self.now(wall).map_or(0.0, |now| (now - clock.sim).as_seconds());
        Span::from_seconds_f64(ahead / clock.speed.max(1e-9))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Stamp {
        Stamp::from_ms(ms).expect("in range")
    }

    fn clock(sim_ms: i64, speed: f64) -> Clock {
        Clock { sim: at(sim_ms), wall: at(0), speed }
    }

    #[test]
    fn simulated_time_runs_on_at_its_speed_while_the_plant_is_silent() {
        let mut base = TimeBase::default();
        assert_eq!(base.now(at(5)), None);
        base.hear(clock(1_000_000, 60.0), at(100));
        assert_eq!(base.now(at(1_100)), Some(at(1_060_000)));
    }

    #[test]
    fn a_late_clock_message_does_not_turn_time_back() {
        let mut base = TimeBase::default();
        base.hear(clock(1_000_000, 60.0), at(0));
        base.hear(clock(1_030_000, 60.0), at(1_000)); // half a second late
        assert_eq!(base.now(at(1_000)), Some(at(1_060_000)));
        base.hear(clock(2_000_000, 60.0), at(2_000)); // a jump ahead counts
        assert_eq!(base.now(at(2_000)), Some(at(2_000_000)));
    }

    #[test]
    fn a_paused_or_restarted_run_is_followed() {
        let mut base = TimeBase::default();
        base.hear(clock(9_000_000, 60.0), at(0));
        base.hear(clock(1_000_000, 60.0), at(1_000));
        assert_eq!(base.now(at(1_000)), Some(at(1_000_000)));
    }

    #[test]
    fn real_plants_count_by_the_wall_whatever_a_clock_message_says() {
        let mut base = TimeBase::default();
        base.hear_real_plant();
        base.hear(clock(9_000_000, 60.0), at(10));
        base.hear_exercise(at(9_000_000), at(20));
        assert_eq!(base.now(at(77)), Some(at(77)));
        assert_eq!(base.speed(), 1.0);
    }

    #[test]
    fn readings_that_come_before_any_clock_tell_the_time_too() {
        let mut base = TimeBase::default();
        base.hear_exercise(at(1_000_000), at(0));
        assert_eq!(base.now(at(0)), Some(at(1_000_000)));
        base.hear(clock(1_030_000, 60.0), at(1_000));
        assert_eq!(base.now(at(2_000)), Some(at(1_090_000)), "the clock's speed holds");
    }

    #[test]
    fn a_plant_that_is_faster_than_it_said_is_never_in_the_future() {
        let mut base = TimeBase::default();
        base.hear(clock(1_000_000, 60.0), at(0));
        base.hear_exercise(at(5_000_000), at(100));
        assert_eq!(base.now(at(100)), Some(at(5_000_000)));
        assert_eq!(base.speed(), 60.0);
        base.hear_exercise(at(4_000_000), at(200));
        assert_eq!(base.now(at(200)), Some(at(5_006_000)), "older messages change nothing");
    }
}
