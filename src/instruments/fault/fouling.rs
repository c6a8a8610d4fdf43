//! Fouling (污堵): dirt shifts the signal, until somebody cleans the sensor.

use crate::base::Span;

/// How far the signal is off, in the quantity's unit, `since` the fouling began: a saw-tooth that
/// falls back to nothing at each cleaning.
pub fn offset(per_day: f64, clean_every: Span, since: Span) -> f64 {
    let since_cleaned = Span::ms(since.as_ms().rem_euclid(clean_every.as_ms().max(1)));
    per_day * since_cleaned.as_days()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_until_the_cleaning_and_begins_again() {
        let off = |hours| offset(0.24, Span::hours(48), Span::hours(hours));
        assert_eq!(off(0), 0.0);
        assert!((off(24) - 0.24).abs() < 1e-12);
        assert!((off(47) - 0.47).abs() < 1e-12);
        assert_eq!(off(48), 0.0);
        assert!((off(49) - 0.01).abs() < 1e-12);
    }
}
