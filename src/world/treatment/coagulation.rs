//! Coagulation (混凝): how well the dose of coagulant suits the raw water.

/// Dose of PAC that suits raw water of 10 NTU, mg/L of product `[M]`: 5 to 30 in all.
const OPTIMUM_AT_10_NTU: f64 = 10.0;

/// The optimum rises with this power of turbidity `[M]`: 0.3 to 0.5.
const POWER: f64 = 0.4;

/// Spread of the logarithm of dose by optimum within which coagulation still works `[D]`: half or
/// twice the dose leaves a quarter of its effect (underdosed: charge stays; overdosed: it turns).
const SPREAD: f64 = 0.6;

/// The dose that a jar test would find, mg/L of product.
///
/// * Range: turbidity 1 NTU and more, below as at 1. Source: 5–30 mg/L, up with NTU^0.3–0.5 `[M]`.
pub fn optimum_mg_per_l(raw_ntu: f64) -> f64 {
    OPTIMUM_AT_10_NTU * libm::pow(raw_ntu.max(1.0) / 10.0, POWER)
}

/// How well `dose` (mg/L of product) coagulates water of `raw_ntu`: 1 at the optimum, 0 without.
pub fn effect(dose_mg_per_l: f64, raw_ntu: f64) -> f64 {
    if dose_mg_per_l <= 0.0 {
        return 0.0;
    }
    let off = libm::log(dose_mg_per_l / optimum_mg_per_l(raw_ntu)) / SPREAD;
    libm::exp(-off * off)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_optimum_follows_turbidity() {
        assert!((optimum_mg_per_l(10.0) - 10.0).abs() < 1e-12);
        // 10 · 10^0.4
        assert!((optimum_mg_per_l(100.0) - 25.118_864).abs() < 1e-5);
        assert!(optimum_mg_per_l(0.0) > 3.0);
    }

    #[test]
    fn half_and_twice_the_dose_are_equally_bad_and_none_does_nothing() {
        assert_eq!(effect(10.0, 10.0), 1.0);
        let (half, twice) = (effect(5.0, 10.0), effect(20.0, 10.0));
        assert!((half - twice).abs() < 1e-12);
        // e^(-(ln 2 / 0.6)²)
        assert!((half - 0.263_3).abs() < 1e-3, "{half}");
        assert_eq!(effect(0.0, 10.0), 0.0);
    }
}
