//! From the truth to a display: lag, noise, steps, range.

use rand::rngs::ChaCha8Rng;

use crate::base::random::{Seed, normal, stream};
use crate::base::{Span, Stamp};
use crate::plant::tags::{Behaviour, Instrument};

/// A working instrument, up to its display.
#[derive(Debug)]
pub struct Transducer {
    behaviour: Behaviour,
    range: (f64, f64),
    steps: Steps,
    noise: ChaCha8Rng,
    signal: Option<Signal>,
}

/// What the sensor has come to, and when.
#[derive(Debug, Clone, Copy)]
struct Signal {
    value: f64,
    at: Stamp,
}

impl Transducer {
    /// A fresh one; its first signal is the truth.
    pub fn new(instrument: &Instrument, seed: Seed) -> Self {
        let (tag, behaviour) = (&instrument.tag, instrument.behaviour);
        Self {
            behaviour,
            range: tag.range,
            steps: Steps::of(behaviour.resolution),
            noise: stream(seed, &format!("instrument/{}/noise", tag.id)),
            signal: None,
        }
    }

    /// Lets the sensor see `truth`, which has stood since `since`, until `now`.
    ///
    /// First-order lag: the distance to the truth shrinks to 1/e within the time constant, which
    /// is the instrument's own unless `lag` says otherwise.
    pub fn follow(&mut self, truth: f64, since: Stamp, now: Stamp, lag: Option<Span>) {
        let lag = lag.unwrap_or(self.behaviour.lag);
        let value = match self.signal {
            Some(signal) if lag > Span::ZERO => {
                let seen = (now - signal.at.max(since)).as_seconds().max(0.0);
                truth + (signal.value - truth) * libm::exp(-seen / lag.as_seconds())
            }
            _ => truth,
        };
        self.signal = Some(Signal { value, at: now });
    }

    /// Lowest and highest value it can show.
    pub fn range(&self) -> (f64, f64) {
        self.range
    }

    /// What its sensor says now, with `times` its usual noise. Each call draws once.
    pub fn measure(&mut self, times: f64) -> f64 {
        let value = self.signal.map_or(0.0, |signal| signal.value);
        let spread = self.behaviour.noise + self.behaviour.noise_share * value.abs();
        value + times * spread * normal(&mut self.noise)
    }

    /// How the display shows a signal: in whole steps, within its range.
    pub fn display(&self, signal: f64) -> f64 {
        self.steps.round(signal).clamp(self.range.0, self.range.1)
    }
}

/// The smallest step of a display, as a ratio of whole numbers: 0.05 is 5 in 100. What is rounded
/// to it is the nearest `f64` to its decimal, so it is written 0.55 and never 0.55000000000000004.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Steps {
    numerator: f64,
    denominator: f64,
}

impl Steps {
    /// Steps of `resolution`, which is positive; beyond nine decimals it is taken as it is.
    fn of(resolution: f64) -> Self {
        let powers = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
        let ratio = |denominator: f64| {
            let numerator = (resolution * denominator).round();
            let is_whole = (resolution * denominator - numerator).abs() < 1e-6 * numerator;
            is_whole.then_some(Self { numerator, denominator })
        };
        let as_it_is = Self { numerator: resolution, denominator: 1.0 };
        powers.into_iter().find_map(ratio).unwrap_or(as_it_is)
    }

    fn round(self, value: f64) -> f64 {
        let count = (value * self.denominator / self.numerator).round();
        count * self.numerator / self.denominator + 0.0 // so that -0 becomes 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::sample;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Stamp {
        Stamp::from_ms(1_733_356_800_000).expect("a time") + Span::seconds(seconds)
    }

    fn chlorine(behaviour: Behaviour) -> Transducer {
        let mut instrument = sample::plant().instruments.remove(0);
        instrument.behaviour = behaviour;
        Transducer::new(&instrument, Seed(3))
    }

    fn shown(transducer: &mut Transducer) -> f64 {
        let signal = transducer.measure(1.0);
        transducer.display(signal)
    }

    fn quiet(lag: Span) -> Behaviour {
        Behaviour { resolution: 0.001, noise: 0.0, noise_share: 0.0, lag }
    }

    #[test]
    fn a_lag_of_a_minute_has_gone_63_percent_of_the_way_after_a_minute() {
        let mut transducer = chlorine(quiet(Span::MINUTE));
        transducer.follow(1.0, at(0), at(0), None);
        transducer.follow(2.0, at(0), at(60), None);
        assert_eq!(shown(&mut transducer), 1.632); // 2 - 1/e
        transducer.follow(2.0, at(60), at(120), None);
        assert_eq!(shown(&mut transducer), 1.865); // 2 - 1/e²
    }

    #[test]
    fn how_often_it_is_asked_does_not_change_how_it_lags() {
        let (mut often, mut once) = (chlorine(quiet(Span::MINUTE)), chlorine(quiet(Span::MINUTE)));
        often.follow(0.0, at(0), at(0), None);
        once.follow(0.0, at(0), at(0), None);
        (1..=60).for_each(|second| often.follow(3.0, at(0), at(second), None));
        once.follow(3.0, at(0), at(60), None);
        assert_eq!(shown(&mut often), shown(&mut once));
    }

    #[test]
    fn without_lag_it_is_there_at_once() {
        let mut transducer = chlorine(quiet(Span::ZERO));
        transducer.follow(1.0, at(0), at(0), None);
        transducer.follow(2.0, at(0), at(0), None);
        assert_eq!(shown(&mut transducer), 2.0);
    }

    #[test]
    fn noise_grows_with_the_value_as_described() {
        let spread = |truth: f64| {
            let mut transducer = chlorine(Behaviour {
                resolution: 0.000_001,
                noise: 0.01,
                noise_share: 0.02,
                lag: Span::ZERO,
            });
            transducer.follow(truth, at(0), at(0), None);
            let shown: Vec<f64> = (0..4_000).map(|_| shown(&mut transducer) - truth).collect();
            libm::sqrt(shown.iter().map(|error| error * error).sum::<f64>() / 4_000.0)
        };
        assert!((spread(1.0) - 0.03).abs() < 0.002, "{}", spread(1.0));
        assert!((spread(2.0) - 0.05).abs() < 0.003, "{}", spread(2.0));
    }

    #[test]
    fn steps_are_decimals_as_people_write_them() {
        let round = |resolution, value| Steps::of(resolution).round(value).to_string();
        assert_eq!(round(0.01, 0.519_999_9), "0.52");
        assert_eq!(round(0.05, 0.57), "0.55");
        assert_eq!(round(0.5, 196.14), "196");
        assert_eq!(round(0.25, 0.4), "0.5");
        assert_eq!(round(20.0, 31.0), "40");
        assert_eq!(round(0.0001, 0.123_449), "0.1234");
        assert_eq!(round(0.01, -0.001), "0");
    }

    proptest! {
        #[test]
        fn what_is_shown_has_no_more_decimals_than_the_display(
            value in -1e4..1e4_f64,
            decimals in 0_usize..5,
        ) {
            let resolution = libm::pow(10.0, -(decimals as f64));
            let text = Steps::of(resolution).round(value).to_string();
            let found = text.split_once('.').map_or(0, |(_, part)| part.len());
            prop_assert!(found <= decimals, "{text}");
        }
    }
}
