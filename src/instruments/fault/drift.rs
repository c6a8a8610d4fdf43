//! Drift (漂移): further off day by day, as a fouled or ageing sensor.

use crate::base::Span;

/// How far the signal is off, in the quantity's unit, `since` the drift began: nothing at first.
pub fn offset(per_day: f64, since: Span) -> f64 {
    per_day * since.as_days()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drift_starts_at_nothing_and_grows_in_proportion_to_time() {
        assert_eq!(offset(-0.12, Span::ZERO), 0.0);
        // 0.12 mg/L a day down: after six hours 0.50 shows as 0.47.
        assert!((0.50 + offset(-0.12, Span::hours(6)) - 0.47).abs() < 1e-12);
        assert!((offset(-0.12, Span::DAY * 3) + 0.36).abs() < 1e-12);
    }
}
