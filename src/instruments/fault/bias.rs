//! Bias (偏差): off by a constant, as after a wrong calibration.

/// How far the signal is off, in the quantity's unit.
pub fn offset(by: f64) -> f64 {
    by
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_biased_instrument_is_always_off_by_the_same() {
        // 0.50 mg/L, off by -0.08: it shows 0.42.
        assert!((0.50 + offset(-0.08) - 0.42_f64).abs() < 1e-12);
    }
}
