//! Calibration (校准错误): gain and zero are wrong.

/// What a signal of `value` becomes; `share` of the mistake has grown in.
pub fn distorted(value: f64, gain: f64, offset: f64, share: f64) -> f64 {
    value * (1.0 + gain * share) + offset * share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_percent_too_much_and_a_zero_of_a_twentieth() {
        // 0.50 · 1.1 + 0.05
        assert!((distorted(0.50, 0.10, 0.05, 1.0) - 0.60).abs() < 1e-12);
        assert!((distorted(0.50, 0.10, 0.05, 0.5) - 0.55).abs() < 1e-12);
        assert_eq!(distorted(0.50, 0.10, 0.05, 0.0), 0.50);
    }
}
