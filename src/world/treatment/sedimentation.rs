//! Flocculation and sedimentation (絮凝、沉淀): what settles, what goes over to the filters.

use crate::plant::train::Clarifying;

/// Share of turbidity that goes over when nothing coagulates it `[D]`: only sand settles.
const UNCOAGULATED: f64 = 0.7;

/// Growth of what goes over with the square of the overflow rate beyond the design's `[D]`.
const OVERLOAD_POWER: f64 = 2.0;

/// Viscosity of water relative to that at 10 °C: flocs fall more slowly in cold water.
///
/// * Units: °C. Range: 0 to 40. Source: Vogel's law, 0.02414 mPa·s · 10^(247.8 K / (T − 140 K)),
///   within 2.5 % of the handbooks `[M]`.
pub fn viscosity(deg_c: f64) -> f64 {
    let power = |kelvin: f64| 247.8 / (kelvin - 140.0);
    libm::pow(10.0, power(deg_c + 273.15) - power(283.15))
}

/// Share of the raw turbidity that goes over to the filters.
///
/// * `effect`: of coagulation, 0 to 1. `load`: flow by design flow.
pub fn passage(clarifying: &Clarifying, effect: f64, load: f64, deg_c: f64) -> f64 {
    let overload = libm::pow(load.max(1.0), OVERLOAD_POWER);
    // On a usual day the sheet says what goes over; colder than its 10 °C, more does.
    let cold = viscosity(deg_c).max(1.0);
    let coagulated = clarifying.settled_share * overload * cold;
    (coagulated + (UNCOAGULATED - coagulated).max(0.0) * (1.0 - effect)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Clarifying = Clarifying { settled_share: 0.08, ..Clarifying::USUAL };

    #[test]
    fn the_handbooks_viscosities() {
        // mPa·s: 1.787 at 0 °C, 1.307 at 10 °C, 1.002 at 20 °C, 0.798 at 30 °C
        for (deg_c, mpa_s) in [(0.0, 1.787), (10.0, 1.307), (20.0, 1.002), (30.0, 0.798)] {
            let found = 1.307 * viscosity(deg_c);
            assert!((found / mpa_s - 1.0).abs() < 0.025, "{deg_c}: {found}");
        }
    }

    #[test]
    fn good_flocs_settle_and_without_coagulant_little_does() {
        assert!((passage(&USUAL, 1.0, 1.0, 10.0) - 0.08).abs() < 1e-12);
        assert!((passage(&USUAL, 0.0, 1.0, 10.0) - 0.7).abs() < 1e-12);
        assert!((passage(&USUAL, 0.5, 1.0, 10.0) - 0.39).abs() < 1e-12);
    }

    #[test]
    fn too_much_flow_and_cold_water_carry_flocs_over() {
        assert!((passage(&USUAL, 1.0, 1.5, 10.0) - 0.18).abs() < 1e-12);
        let cold = passage(&USUAL, 1.0, 1.0, 2.0);
        assert!(cold > 0.09 && cold < 0.12, "{cold}");
        assert_eq!(passage(&USUAL, 1.0, 1.0, 25.0), passage(&USUAL, 1.0, 1.0, 10.0));
    }
}
