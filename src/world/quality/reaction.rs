//! What happens to the water on its way: decay, settling, scouring, ageing.

use crate::plant::network::{Liquid, Reactions};
use crate::plant::train::Agent;

/// Growth of bulk decay per °C (θ) `[M]`: ×1.4 in 5 °C.
const BULK_THETA: f64 = 1.07;

/// Molecular diffusivity of chlorine in water, m²/s: EPANET's 1.3e-8 ft²/s.
const DIFFUSIVITY_M2_PER_S: f64 = 1.3e-8 * 0.3048 * 0.3048;

/// Kinematic viscosity of water at 20 °C, m²/s: EPANET's 1.1e-5 ft²/s.
const VISCOSITY_M2_PER_S: f64 = 1.1e-5 * 0.3048 * 0.3048;

/// Below this velocity turbidity settles, m/s `[D]`; full rate in standing water.
const SETTLES_BELOW_M_PER_S: f64 = 0.05;

/// Fall velocity of what settles, m/s `[D]`: a fine floc of 4 µm.
const FALL_M_PER_S: f64 = 1e-5;

/// Turbidity that never settles, NTU `[D]`: colloids.
const COLLOIDAL_NTU: f64 = 0.1;

/// Above this velocity deposits are scoured, m/s `[M]`: self-cleaning starts at 0.2 to 0.4 m/s.
const SCOURS_ABOVE_M_PER_S: f64 = 0.35;

/// Share of the deposit scoured per second at twice the threshold `[D]`: 1/e left in 20 min.
const SCOUR_PER_S: f64 = 1.0 / 1_200.0;

/// Trihalomethanes, mg, of each mg of chlorine that the water's organic matter consumes: 31 to 42
/// `[S61]`.
pub const TRIHALOMETHANE_YIELD: f64 = 0.036;

/// Chlorite, mg, of each mg of chlorine dioxide that is consumed: 50 to 70 % `[S65]`.
const CHLORITE_YIELD: f64 = 0.6;

/// Chlorate, mg, of each mg of chlorine dioxide that is consumed: 30 % become chlorate and chloride
/// `[S65]`, a third of them chlorate `[D]`; 83.45 by 67.45 in weight.
const CHLORATE_YIELD: f64 = 0.1 * 83.45 / 67.45;

/// What a disinfectant leaves when it is consumed, mg per mg.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Yields {
    /// Trihalomethanes; only of what the water itself consumes, not the walls.
    pub trihalomethanes: f64,
    /// Chlorite.
    pub chlorite: f64,
    /// Chlorate.
    pub chlorate: f64,
}

impl Yields {
    /// Those of an agent: chlorine dioxide does not chlorinate `[S65]`.
    pub const fn of(agent: Agent) -> Self {
        match agent {
            Agent::Chlorine => {
                Self { trihalomethanes: TRIHALOMETHANE_YIELD, chlorite: 0.0, chlorate: 0.0 }
            }
            Agent::ChlorineDioxide => {
                Self { trihalomethanes: 0.0, chlorite: CHLORITE_YIELD, chlorate: CHLORATE_YIELD }
            }
        }
    }
}

const SECONDS_PER_DAY: f64 = 86_400.0;

/// The chlorine kinetics of a network in its present state.
#[derive(Debug, Clone, Copy)]
pub struct Kinetics {
    bulk_20_per_day: f64,
    wall_m_per_day: f64,
    wall_factor: f64,
    viscosity_m2_per_s: f64,
    diffusivity_m2_per_s: f64,
    schmidt_third: f64,
}

/// A pipe's measures that reactions need.
#[derive(Debug, Clone, Copy)]
pub struct Bore {
    /// Length, m.
    pub length_m: f64,
    /// Inner diameter, m.
    pub diameter_m: f64,
}

impl Bore {
    /// Cross-section, m².
    pub fn area_m2(&self) -> f64 {
        std::f64::consts::FRAC_PI_4 * self.diameter_m * self.diameter_m
    }
}

impl Kinetics {
    /// Kinetics by a network's coefficients.
    pub fn new(reactions: Reactions, liquid: Liquid) -> Self {
        let viscosity = VISCOSITY_M2_PER_S * liquid.viscosity;
        let diffusivity = DIFFUSIVITY_M2_PER_S * liquid.diffusivity;
        Self {
            bulk_20_per_day: reactions.bulk_per_day,
            wall_m_per_day: reactions.wall_m_per_day,
            wall_factor: 1.0,
            viscosity_m2_per_s: viscosity,
            diffusivity_m2_per_s: diffusivity,
            schmidt_third: libm::cbrt(viscosity / diffusivity),
        }
    }

    /// Multiplies wall decay: old pipes have more.
    pub fn set_wall_factor(&mut self, factor: f64) {
        self.wall_factor = factor;
    }

    /// First-order bulk decay, 1/s.
    ///
    /// * Units: °C. Range: 0 to 35 °C. Source: kb(T) = kb20 · 1.07^(T − 20) `[M]`.
    pub fn bulk_per_s(&self, temperature_deg_c: f64) -> f64 {
        let factor = libm::pow(BULK_THETA, temperature_deg_c - 20.0);
        self.bulk_20_per_day * factor / SECONDS_PER_DAY
    }

    /// First-order decay by the wall, 1/s: 4/d · kw·kf / (kw + kf), limited by mass transfer.
    ///
    /// * Units: velocity m/s, either sign.
    /// * Source: EPANET 2.2 User Manual, pipe wall reactions; Sherwood numbers 2 (still water),
    ///   Notter and Sleicher (turbulent), Edwards et al. (laminar).
    pub fn wall_per_s(&self, bore: Bore, velocity: f64) -> f64 {
        let wall = self.wall_m_per_day * self.wall_factor / SECONDS_PER_DAY;
        if wall <= 0.0 {
            return 0.0;
        }
        let sherwood = self.sherwood(bore, velocity.abs());
        let transfer = sherwood * self.diffusivity_m2_per_s / bore.diameter_m;
        4.0 / bore.diameter_m * wall * transfer / (wall + transfer)
    }

    fn sherwood(&self, bore: Bore, velocity: f64) -> f64 {
        let reynolds = velocity * bore.diameter_m / self.viscosity_m2_per_s;
        if reynolds < 1.0 {
            2.0
        } else if reynolds >= 2_300.0 {
            0.0149 * libm::pow(reynolds, 0.88) * self.schmidt_third
        } else {
            let schmidt = self.viscosity_m2_per_s / self.diffusivity_m2_per_s;
            let y = bore.diameter_m / bore.length_m * reynolds * schmidt;
            let root = libm::cbrt(y);
            3.65 + 0.0668 * y / (1.0 + 0.04 * root * root)
        }
    }
}

/// What a pipe does to turbidity in one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bed {
    /// Neither settles nor scours.
    Rests,
    /// This share of the turbidity above `floor_ntu` settles.
    Settles {
        /// 0 to 1.
        share: f64,
        /// What never settles, NTU.
        floor_ntu: f64,
    },
    /// This share of the deposit comes up.
    Scours {
        /// 0 to 1.
        share: f64,
    },
}

/// What a pipe does to turbidity at `velocity` (m/s) in `dt_s` seconds.
pub fn bed(bore: Bore, velocity: f64, dt_s: f64) -> Bed {
    let velocity = velocity.abs();
    if velocity < SETTLES_BELOW_M_PER_S {
        let calm = 1.0 - velocity / SETTLES_BELOW_M_PER_S;
        let rate = calm * FALL_M_PER_S / bore.diameter_m;
        Bed::Settles { share: 1.0 - libm::exp(-rate * dt_s), floor_ntu: COLLOIDAL_NTU }
    } else if velocity > SCOURS_ABOVE_M_PER_S {
        let rate = SCOUR_PER_S * (velocity / SCOURS_ABOVE_M_PER_S - 1.0);
        Bed::Scours { share: 1.0 - libm::exp(-rate * dt_s) }
    } else {
        Bed::Rests
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BORE: Bore = Bore { length_m: 100.0, diameter_m: 0.1 };

    fn kinetics(bulk_per_day: f64, wall_m_per_day: f64) -> Kinetics {
        Kinetics::new(Reactions { bulk_per_day, wall_m_per_day }, Liquid::default())
    }

    #[test]
    fn bulk_decay_grows_by_two_fifths_in_five_degrees() {
        let kinetics = kinetics(0.5, 0.0);
        assert!((kinetics.bulk_per_s(20.0) * SECONDS_PER_DAY - 0.5).abs() < 1e-12);
        let ratio = kinetics.bulk_per_s(25.0) / kinetics.bulk_per_s(20.0);
        assert!((ratio - 1.4026).abs() < 1e-3, "{ratio}");
    }

    #[test]
    fn slow_walls_are_limited_by_the_material_and_fast_ones_by_transfer() {
        let slow = kinetics(0.0, 1e-6).wall_per_s(BORE, 1.0);
        let closed_form = 4.0 / 0.1 * 1e-6 / SECONDS_PER_DAY;
        assert!((slow / closed_form - 1.0).abs() < 1e-3);
        let fast = kinetics(0.0, 1e9).wall_per_s(BORE, 1.0);
        // Re = 97,848, Sc = 846.2: Sh = 0.0149 · Re^0.88 · Sc^(1/3) = 3,473
        let transfer = 3_473.0 * DIFFUSIVITY_M2_PER_S / 0.1;
        assert!((fast / (4.0 / 0.1 * transfer) - 1.0).abs() < 1e-2, "{fast}");
    }

    #[test]
    fn a_wall_takes_less_in_still_water_and_nothing_without_a_coefficient() {
        let kinetics_with = kinetics(0.0, 1.0);
        assert!(kinetics_with.wall_per_s(BORE, 0.0) < kinetics_with.wall_per_s(BORE, 0.01));
        assert!(kinetics_with.wall_per_s(BORE, 0.01) < kinetics_with.wall_per_s(BORE, -0.5));
        assert_eq!(kinetics(0.5, 0.0).wall_per_s(BORE, 0.5), 0.0);
    }

    #[test]
    fn slow_pipes_settle_fast_ones_scour_and_others_rest() {
        assert!(matches!(bed(BORE, 0.0, 60.0), Bed::Settles { share, .. } if share > 0.0));
        assert_eq!(bed(BORE, -0.2, 60.0), Bed::Rests);
        assert!(matches!(bed(BORE, -0.7, 1_200.0), Bed::Scours { share } if share > 0.6));
    }
}
