//! How much a signal moves: its last values over a stretch of time, and QARTOD's test of an
//! attenuated signal.
//!
//! The sums are whole numbers of millionths, so that nothing is lost when values leave the window:
//! the spread of a window is the same however it came to be. A window holds at most
//! `VALUES_MAX` values; where there are more, it keeps one in so many.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::TwoLimits;
use crate::base::{Flag, Span, Stamp};

/// Values that a window holds at most.
pub const VALUES_MAX: i64 = 128;

/// Steps in which values are counted, in one unit.
const STEPS: f64 = 1e6;

/// What is larger is counted as this: no sum runs over.
const VALUE_MAX: f64 = 1e9;

/// The values of the last so many minutes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(Stamp, i64)>", into = "Vec<(Stamp, i64)>")]
pub struct Spread {
    values: VecDeque<(Stamp, i64)>,
    sum: i128,
    squares: i128,
    /// Lowest and highest value; none when one of them has left since.
    ends: Option<(i64, i64)>,
}

impl Spread {
    /// Adds a value; those that are `window` old leave. A value that comes sooner than a
    /// `VALUES_MAX`th of the window after the last one is not kept.
    pub fn push(&mut self, window: Span, at: Stamp, value: f64) {
        while let Some((first, steps)) = self.values.front().copied() {
            if first > at - window {
                break;
            }
            self.values.pop_front();
            self.sum -= i128::from(steps);
            self.squares -= i128::from(steps) * i128::from(steps);
            self.ends = self.ends.filter(|(low, high)| steps != *low && steps != *high);
        }
        let apart = Span::ms(window.as_ms() / VALUES_MAX);
        if self.values.back().is_some_and(|(last, _)| at - *last < apart) {
            return;
        }
        self.add(at, (value.clamp(-VALUE_MAX, VALUE_MAX) * STEPS).round() as i64);
    }

    fn add(&mut self, at: Stamp, steps: i64) {
        self.ends = match (self.ends, self.values.is_empty()) {
            (Some((low, high)), _) => Some((low.min(steps), high.max(steps))),
            (None, true) => Some((steps, steps)),
            (None, false) => None,
        };
        self.values.push_back((at, steps));
        self.sum += i128::from(steps);
        self.squares += i128::from(steps) * i128::from(steps);
    }

    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Does it hold none?
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Standard deviation of the values (of the population); 0 when there are none.
    pub fn deviation(&self) -> f64 {
        let count = self.values.len().max(1) as i128;
        let scatter = count * self.squares - self.sum * self.sum; // never negative: whole numbers
        libm::sqrt(scatter as f64) / (count as f64 * STEPS)
    }

    /// Highest less lowest value.
    pub fn range(&mut self) -> f64 {
        let (low, high) = *self.ends.get_or_insert_with(|| {
            let steps = || self.values.iter().map(|(_, steps)| *steps);
            (steps().min().unwrap_or(0), steps().max().unwrap_or(0))
        });
        (high - low) as f64 / STEPS
    }

    /// Forgets all values.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

impl From<Vec<(Stamp, i64)>> for Spread {
    fn from(values: Vec<(Stamp, i64)>) -> Self {
        let mut spread = Self::default();
        for (at, steps) in values {
            spread.add(at, steps);
        }
        spread
    }
}

impl From<Spread> for Vec<(Stamp, i64)> {
    fn from(spread: Spread) -> Self {
        spread.values.into()
    }
}

/// What of a window is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The standard deviation.
    Deviation,
    /// Highest less lowest.
    Range,
}

/// What counts as moving less than a live signal does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attenuation {
    /// What is measured.
    pub measure: Measure,
    /// Below these the signal is attenuated; in the quantity's unit.
    pub limits: TwoLimits,
    /// Over this time …
    pub window: Span,
    /// … of which at least so many readings are at hand.
    pub readings: u32,
}

impl Attenuation {
    /// Takes a reading; how does the window that ends with it look?
    pub fn judge(&self, spread: &mut Spread, at: Stamp, value: f64) -> Flag {
        spread.push(self.window, at, value);
        if spread.len() < self.readings as usize {
            return Flag::NotEvaluated;
        }
        self.limits.below(self.measured(spread))
    }

    /// What the window measures, in the quantity's unit.
    pub fn measured(&self, spread: &mut Spread) -> f64 {
        match self.measure {
            Measure::Deviation => spread.deviation(),
            Measure::Range => spread.range(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(s * 1_000).expect("a small number")
    }

    #[test]
    fn a_window_over_more_values_than_it_holds_keeps_one_in_so_many() {
        let mut spread = Spread::default();
        for s in 0..7_200 {
            spread.push(Span::HOUR, at(s), f64::from(u8::from(s % 2 == 0)));
        }
        assert!((100..=VALUES_MAX as usize).contains(&spread.len()), "{}", spread.len());
    }

    #[test]
    fn values_without_any_movement_have_no_spread_at_all() {
        let mut spread = Spread::default();
        for s in 0..100 {
            spread.push(Span::HOUR, at(60 * s), 123_456.789);
        }
        assert_eq!((spread.deviation(), spread.range()), (0.0, 0.0));
    }

    proptest! {
        #[test]
        fn what_has_left_leaves_no_trace(
            values in prop::collection::vec((1_i64..400, -1e4_f64..1e4), 1..200),
        ) {
            let window = Span::minutes(20);
            let mut spread = Spread::default();
            let (mut now, mut seen) = (0, Vec::new());
            for (step, value) in values {
                now += step.max(10);
                seen.push((now, value));
                spread.push(window, at(now), value);
                let inside = seen.iter().filter(|(s, _)| at(*s) > at(now) - window);
                let inside: Vec<f64> = inside.map(|(_, value)| *value).collect();
                let count = inside.len() as f64;
                let mean = inside.iter().sum::<f64>() / count;
                let square = inside.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
                let deviation = (square / count).sqrt();
                let low = inside.iter().copied().fold(f64::INFINITY, f64::min);
                let high = inside.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                prop_assert!((spread.deviation() - deviation).abs() < 1e-5);
                prop_assert!((spread.range() - (high - low)).abs() < 1e-5);
                let json = serde_json::to_string(&spread).expect("whole numbers");
                let mut back: Spread = serde_json::from_str(&json).expect("as written");
                prop_assert_eq!(back.range(), spread.range());
                prop_assert_eq!(back.deviation(), spread.deviation());
            }
        }
    }
}
