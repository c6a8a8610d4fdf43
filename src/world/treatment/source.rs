//! Raw water: a usual day, its small wander, and storms.

use crate::base::random::Seed;
use crate::base::time::UtcOffset;
use crate::base::units::Temperature;
use crate::base::{Span, Stamp};
use crate::plant::train::RawWater;
use crate::world::wander::Wander;

/// Standard deviation of the logarithm of turbidity on usual days `[D]`.
const TURBIDITY_SPREAD: f64 = 0.12;

/// How long a wander of the raw water lasts `[D]`.
const WANDER_LASTS: Span = Span::hours(6);

/// Share of conductivity that rain water takes away at a storm's peak `[D]`.
const DILUTION: f64 = 0.35;

/// Half the daily range of the water's temperature, °C `[D]`; warmest at 16:00.
const DAILY_SWING_DEG_C: f64 = 0.6;

/// Rain that makes the raw water turbid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Storm {
    /// When the water begins to rise.
    pub from: Stamp,
    /// Turbidity at the peak, NTU.
    pub peak_ntu: f64,
    /// Hours to the peak.
    pub rise_h: f64,
    /// Hours in which it then falls to 1/e.
    pub recession_h: f64,
}

impl Storm {
    /// How much of the storm there is at `now`: 0 before, 1 at the peak, then less and less.
    pub fn strength(&self, now: Stamp) -> f64 {
        let hours = (now - self.from).as_hours();
        if hours < 0.0 {
            0.0
        } else if hours < self.rise_h {
            let share = hours / self.rise_h;
            share * share * (3.0 - 2.0 * share) // smooth at the foot and at the peak
        } else {
            libm::exp(-(hours - self.rise_h) / self.recession_h.max(f64::MIN_POSITIVE))
        }
    }
}

/// Raw water at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Raw {
    /// NTU.
    pub turbidity_ntu: f64,
    /// µS/cm.
    pub conductivity_us_per_cm: f64,
    /// Of the raw water, and of all water in the plant.
    pub temperature: Temperature,
}

/// The source.
#[derive(Debug)]
pub struct Source {
    usual: RawWater,
    offset: UtcOffset,
    wander: Wander,
    storms: Vec<Storm>,
}

impl Source {
    /// A source about its usual values.
    pub fn new(usual: RawWater, offset: UtcOffset, seed: Seed) -> Self {
        let wander = Wander::new(seed, "source/turbidity", WANDER_LASTS);
        Self { usual, offset, wander, storms: Vec::new() }
    }

    /// Storms that come, in any order.
    pub fn set_storms(&mut self, storms: Vec<Storm>) {
        self.storms = storms;
    }

    /// Draws the wander of the next step.
    pub fn advance(&mut self, step: Span) {
        self.wander.advance(step);
    }

    /// The raw water at `now`.
    pub fn at(&self, now: Stamp) -> Raw {
        let usual = self.usual.turbidity_ntu;
        let wander = libm::exp(TURBIDITY_SPREAD * self.wander.value());
        let (mut rise, mut strongest) = (0.0, 0.0_f64);
        for storm in &self.storms {
            let strength = storm.strength(now);
            rise += (storm.peak_ntu - usual).max(0.0) * strength;
            strongest = strongest.max(strength);
        }
        let hours = now.time_of_day(self.offset).as_hours();
        let swing = libm::cos(std::f64::consts::TAU * (hours - 16.0) / 24.0);
        Raw {
            turbidity_ntu: usual * wander + rise,
            conductivity_us_per_cm: self.usual.conductivity_us_per_cm
                * (1.0 - DILUTION * strongest),
            temperature: Temperature::deg_c(
                self.usual.temperature_deg_c + DAILY_SWING_DEG_C * swing,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Stamp {
        Stamp::from_ms(1_733_328_000_000).expect("in range")
    }

    fn source() -> Source {
        let usual = RawWater {
            turbidity_ntu: 12.0,
            conductivity_us_per_cm: 180.0,
            temperature_deg_c: 10.0,
        };
        Source::new(usual, UtcOffset::CHINA, Seed(3))
    }

    #[test]
    fn a_storm_rises_to_its_peak_and_recedes_by_its_time_constant() {
        let storm = Storm { from: start(), peak_ntu: 800.0, rise_h: 2.0, recession_h: 12.0 };
        let strength = |hours: i64| storm.strength(start() + Span::minutes(hours * 60));
        assert_eq!(strength(-1), 0.0);
        assert!((strength(1) - 0.5).abs() < 1e-12);
        assert_eq!(strength(2), 1.0);
        assert!((strength(14) - libm::exp(-1.0)).abs() < 1e-12);
    }

    #[test]
    fn a_storm_brings_turbidity_and_takes_conductivity() {
        let mut source = source();
        let before = source.at(start() + Span::hours(2));
        let storm = Storm { from: start(), peak_ntu: 800.0, rise_h: 2.0, recession_h: 12.0 };
        source.set_storms(vec![storm]);
        let peak = source.at(start() + Span::hours(2));
        assert!(before.turbidity_ntu > 6.0 && before.turbidity_ntu < 24.0);
        assert!((peak.turbidity_ntu - before.turbidity_ntu - 788.0).abs() < 1e-9);
        assert!((peak.conductivity_us_per_cm - 117.0).abs() < 1e-9);
        assert_eq!(peak.temperature, before.temperature);
    }
}
