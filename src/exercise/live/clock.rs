//! Which clock the monitor counts by: the wall's for real plants, the plants' own for exercises.

use crate::base::{Span, Stamp};
use crate::telemetry::wire::Clock;

/// The monitor's clock.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum TimeBase {
    /// Nothing heard yet that tells a real plant from an exercise.
    #[default]
    Unknown,
    /// Real plants: wall-clock time.
    Wall,
    /// Simulated plants: the last clock message, extrapolated at its speed.
    Simulated {
        /// The message.
        heard: Clock,
        /// Our wall clock when it came.
        at_wall: Stamp,
    },
}

impl TimeBase {
    /// A clock message came.
    pub fn hear(&mut self, clock: Clock, wall: Stamp) {
        // Time never runs back because one message was slow: keep the later of the two readings.
        let ahead = self.now(wall).is_some_and(|now| now > clock.sim);
        let same_run = matches!(self, Self::Simulated { heard, .. } if heard.speed == clock.speed);
        if !(ahead && same_run && self.lead(&clock, wall) < Span::seconds(2)) {
            *self = Self::Simulated { heard: clock, at_wall: wall };
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
            Self::Simulated { heard, at_wall } => {
                let passed = (wall - *at_wall).as_seconds().max(0.0);
                Some(heard.sim + Span::from_seconds_f64(passed * heard.speed))
            }
        }
    }

    /// Simulated seconds per second; 1 for real plants.
    pub fn speed(&self) -> f64 {
        match self {
            Self::Simulated { heard, .. } => heard.speed,
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
    fn real_plants_count_by_the_wall() {
        let mut base = TimeBase::default();
        base.hear_real_plant();
        assert_eq!(base.now(at(77)), Some(at(77)));
        assert_eq!(base.speed(), 1.0);
    }
}
