//! Simulated time against the wall's: how fast it is to run, and how fast it does.

use crate::base::{Span, Stamp};

/// How fast simulated time runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Simulated seconds per second.
    Times(f64),
    /// As fast as the processor and the broker allow.
    Max,
}

/// Speed said in clock messages of an unpaced run: what it can hardly exceed.
const MAX_SPEED: f64 = 20_000.0;

/// Time lost beyond this is not made up for: a machine that slept, or a broker that was away, does
/// not make time gallop after.
const LATE_MOST: Span = Span::seconds(5);

/// How long the real speed is counted before it is told.
const COUNTED: Span = Span::seconds(5);

/// A run that reaches this share of the speed it is to have keeps up.
const KEEPS_UP: f64 = 0.9;

impl Pace {
    /// Simulated seconds per second, as told to listeners.
    pub fn speed(self) -> f64 {
        match self {
            Self::Times(times) => times,
            Self::Max => MAX_SPEED,
        }
    }
}

/// Says when each step is due, and how fast they really come.
#[derive(Debug, Clone, PartialEq)]
pub struct Metronome {
    pace: Pace,
    start: Stamp,
    /// When `start` was, or would have been, on the wall.
    anchor: Stamp,
    /// From when on the real speed is counted: simulated time and the wall's.
    counted: (Stamp, Stamp),
    real: Option<f64>,
}

impl Metronome {
    /// Begins at the simulated time `sim`, which is `wall` on the wall.
    pub fn new(pace: Pace, sim: Stamp, wall: Stamp) -> Self {
        Self { pace, start: sim, anchor: wall, counted: (sim, wall), real: None }
    }

    /// When the simulated time `sim` is due on the wall; none when nothing is to be waited for.
    pub fn due(&self, sim: Stamp) -> Option<Stamp> {
        match self.pace {
            Pace::Times(times) => {
                Some(self.anchor + Span::from_seconds_f64((sim - self.start).as_seconds() / times))
            }
            Pace::Max => None,
        }
    }

    /// The simulated time `sim` has come at `wall`.
    pub fn beat(&mut self, sim: Stamp, wall: Stamp) {
        if let Some(due) = self.due(sim)
            && wall - due > LATE_MOST
        {
            self.anchor += wall - due;
        }
        let (since, from) = self.counted;
        if wall - from >= COUNTED {
            let real = (sim - since).as_seconds() / (wall - from).as_seconds();
            self.counted = (sim, wall);
            self.real = match self.pace {
                Pace::Times(times) => (real < times * KEEPS_UP).then_some(real),
                Pace::Max => Some(real),
            };
        }
    }

    /// The speed of the last seconds, where it is not the one that was asked for.
    pub fn real(&self) -> Option<f64> {
        self.real
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(s * 1_000).expect("in range")
    }

    #[test]
    fn a_step_is_due_when_the_wall_has_come_as_far_and_lost_time_is_lost() {
        let mut time = Metronome::new(Pace::Times(60.0), at(0), at(1_000));
        assert_eq!(time.due(at(120)), Some(at(1_002)));
        time.beat(at(120), at(1_004));
        assert_eq!(time.due(at(240)), Some(at(1_004)), "two seconds are made up for");
        time.beat(at(240), at(1_104));
        assert_eq!(time.due(at(300)), Some(at(1_105)), "a hundred are not");
        assert_eq!(Metronome::new(Pace::Max, at(0), at(0)).due(at(60)), None);
    }

    #[test]
    fn a_run_that_cannot_keep_up_says_how_fast_it_is_until_it_can() {
        let mut time = Metronome::new(Pace::Times(60.0), at(0), at(0));
        time.beat(at(300), at(5));
        assert_eq!(time.real(), None, "it keeps up");
        time.beat(at(450), at(10));
        assert_eq!(time.real(), Some(30.0));
        time.beat(at(750), at(15));
        assert_eq!(time.real(), None);
    }

    #[test]
    fn an_unpaced_run_says_how_fast_it_is() {
        let mut time = Metronome::new(Pace::Max, at(0), at(0));
        time.beat(at(600), at(1));
        assert_eq!(time.real(), None, "not counted yet");
        time.beat(at(6_000), at(6));
        assert_eq!(time.real(), Some(1_000.0));
    }
}
