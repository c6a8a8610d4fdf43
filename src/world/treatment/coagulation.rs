//! Coagulation (混凝): how well the dose of coagulant suits the raw water.

/// Dose of PAC that suits raw water of 10 NTU, mg/L of product `[M]`: 5 to 30 in all.
const OPTIMUM_AT_10_NTU: f64 = 10.0;

/// The optimum rises with this power of turbidity `[M]`: 0.3 to 0.5.
const POWER: f64 = 0.4;

/// Spread of the logarithm of dose by optimum within which coagulation still works `[D]`: half or
/// twice the dose leaves a quarter of its effect (underdosed: charge stays; overdosed: it turns).
const SPREAD: f64 = 0.6;

/// Share of CODMn that good coagulation takes away `[M]`: 20 to 50 % in practice.
const ORGANICS_TAKEN: f64 = 0.35;

/// Aluminium in the product, mg per mg `[D]`: PAC with 30 % of Al₂O₃ `[M]`, 54/102 of it aluminium.
const ALUMINIUM_IN_PRODUCT: f64 = 0.159;

/// Aluminium that stays dissolved in neutral water, mg/L `[M]`: 0.02 to 0.06.
const ALUMINIUM_SOLUBLE_MG_PER_L: f64 = 0.04;

/// Share of the aluminium that makes no floc at all when the dose suits the water worst `[D]`.
const ALUMINIUM_UNREACTED: f64 = 0.05;

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

/// Share of the organic matter (CODMn) that is left after coagulation with this effect.
pub fn organics_left(effect: f64) -> f64 {
    1.0 - ORGANICS_TAKEN * effect
}

/// Aluminium in a dose of the product, both mg/L.
pub fn aluminium_mg_per_l(dose_mg_per_l: f64) -> f64 {
    ALUMINIUM_IN_PRODUCT * dose_mg_per_l
}

/// Aluminium that is left, mg/L, of so much in the basins: what is dissolved, what made no floc,
/// and the share of the flocs that passes (`passed`, 0 to 1, as turbidity does).
pub fn aluminium_left(in_basins_mg_per_l: f64, effect: f64, passed: f64) -> f64 {
    let dissolved = in_basins_mg_per_l.min(ALUMINIUM_SOLUBLE_MG_PER_L);
    let rest = in_basins_mg_per_l - dissolved;
    let unreacted = ALUMINIUM_UNREACTED * (1.0 - effect);
    dissolved + rest * (unreacted + (1.0 - unreacted) * passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suitable_dose_leaves_little_aluminium_and_twice_of_it_too_much() {
        let left = |dose: f64, passed| {
            aluminium_left(aluminium_mg_per_l(dose), effect(dose, 10.0), passed)
        };
        assert!(left(10.0, 0.0125) < 0.1, "{}", left(10.0, 0.0125));
        // GB 5749-2022: at most 0.2 mg/L
        assert!(left(20.0, 0.16) > 0.2, "{}", left(20.0, 0.16));
        assert_eq!(left(0.0, 1.0), 0.0);
        assert!(left(30.0, 1.0) <= aluminium_mg_per_l(30.0), "never more than was dosed");
    }

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
