//! Bias (偏差): off by a constant, at once or after growing in.

/// How far the signal is off, in the quantity's unit, when `share` of the bias has grown in.
pub fn offset(by: f64, share: f64) -> f64 {
    by * share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_biased_instrument_is_always_off_by_the_same() {
        // 0.50 mg/L, off by -0.08: it shows 0.42.
        assert!((0.50 + offset(-0.08, 1.0) - 0.42_f64).abs() < 1e-12);
        assert!((0.50 + offset(-0.08, 0.25) - 0.48_f64).abs() < 1e-12);
    }
}
