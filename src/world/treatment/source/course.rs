//! The course of something that happens to the raw water: a rise, then a recession.

use crate::base::Stamp;

/// A rise to the peak, perhaps a time at it, then an exponential recession.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Course {
    /// When it begins.
    pub from: Stamp,
    /// What drives it ends then: the recession begins, at the peak or before it. When absent, the
    /// recession begins at the peak.
    pub until: Option<Stamp>,
    /// Hours to the peak.
    pub rise_h: f64,
    /// Hours in which it then falls to 1/e.
    pub recession_h: f64,
}

impl Course {
    /// How much of it there is at `now`: 0 before, 1 at the peak, then less and less.
    pub fn strength(&self, now: Stamp) -> f64 {
        let hours = (now - self.from).as_hours();
        let turns_h = self.until.map_or(self.rise_h, |until| (until - self.from).as_hours());
        if hours < turns_h {
            self.risen(hours)
        } else {
            let receded = (hours - turns_h) / self.recession_h.max(f64::MIN_POSITIVE);
            self.risen(turns_h) * libm::exp(-receded)
        }
    }

    /// Smooth at the foot and at the peak.
    fn risen(&self, hours: f64) -> f64 {
        let share = (hours / self.rise_h.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        share * share * (3.0 - 2.0 * share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;

    fn at(hours: i64) -> Stamp {
        Stamp::from_ms(1_733_328_000_000).expect("in range") + Span::hours(hours)
    }

    #[test]
    fn it_rises_to_its_peak_and_recedes_by_its_time_constant() {
        let storm = Course { from: at(0), until: None, rise_h: 2.0, recession_h: 12.0 };
        assert_eq!(storm.strength(at(-1)), 0.0);
        assert!((storm.strength(at(1)) - 0.5).abs() < 1e-12);
        assert_eq!(storm.strength(at(2)), 1.0);
        assert!((storm.strength(at(14)) - libm::exp(-1.0)).abs() < 1e-12);
    }

    #[test]
    fn rain_that_ends_early_leaves_half_a_storm_and_rain_that_lasts_keeps_the_peak() {
        let short = Course { from: at(0), until: Some(at(1)), rise_h: 2.0, recession_h: 12.0 };
        assert!((short.strength(at(1)) - 0.5).abs() < 1e-12);
        assert!((short.strength(at(13)) - 0.5 * libm::exp(-1.0)).abs() < 1e-12);
        let long = Course { until: Some(at(10)), ..short };
        assert_eq!([2, 9].map(|h| long.strength(at(h))), [1.0, 1.0]);
        assert!((long.strength(at(22)) - libm::exp(-1.0)).abs() < 1e-12);
    }
}
