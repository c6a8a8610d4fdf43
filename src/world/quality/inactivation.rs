//! Microbes in the water: the disinfectant kills them, flocs shelter them, and without it they die
//! slowly.

use super::{CHLORINE, COMBINED, Carried, E_COLI, TURBIDITY};
use crate::plant::train::Agent;

/// CT for two log of E. coli at 5 °C, mg·min/L `[M]`: free chlorine at pH 6 to 7, and chloramine at
/// pH 8 to 9; the middle of 0.034 to 0.05 and of 95 to 180 (Hoff 1986, in WHO's guidelines).
const CT_TWO_LOG_FREE: f64 = 0.042;
const CT_TWO_LOG_COMBINED: f64 = 137.0;

/// The same of chlorine dioxide at pH 6 to 7 `[M]`: the middle of 0.4 to 0.75.
const CT_TWO_LOG_DIOXIDE: f64 = 0.575;

/// Chlorine works this many times faster per °C `[M]`: twice for 10 °C.
const KILL_THETA: f64 = 1.072;

/// Above 1 NTU chlorine works with NTU to this power `[M]`: eight times worse at 10 NTU
/// (LeChevallier, Evans and Seidler 1981).
const SHELTER: f64 = -0.903;

/// Rate at which microbes die without disinfectant at 20 °C, 1/d `[M]`, and its growth per °C.
const DEATH_PER_DAY: f64 = 0.3;
const DEATH_THETA: f64 = 1.05;

/// Fewer than this in 100 mL are none: one in 100 m³.
const NONE: f64 = 1e-6;

/// What happens to microbes in water of one temperature.
#[derive(Debug, Clone, Copy)]
pub struct Inactivation {
    /// Rates for 1 mg/L of free chlorine or of chlorine dioxide, and of combined chlorine, 1/s.
    free: f64,
    combined: f64,
    /// Without any, 1/s.
    death: f64,
}

impl Inactivation {
    /// By an agent at a temperature, °C.
    pub fn by(agent: Agent, deg_c: f64) -> Self {
        let ct = match agent {
            Agent::Chlorine => CT_TWO_LOG_FREE,
            Agent::ChlorineDioxide => CT_TWO_LOG_DIOXIDE,
        };
        let two_log = libm::log(100.0);
        let warmth = libm::pow(KILL_THETA, deg_c - 5.0) / 60.0;
        Self {
            free: two_log / ct * warmth,
            combined: two_log / CT_TWO_LOG_COMBINED * warmth,
            death: DEATH_PER_DAY * libm::pow(DEATH_THETA, deg_c - 20.0) / 86_400.0,
        }
    }

    /// Rate at which they go in this water, 1/s: Chick–Watson, dN/dt = −k·C·N.
    pub fn rate_per_s(&self, water: &Carried) -> f64 {
        let kill = self.free * water[CHLORINE] + self.combined * water[COMBINED];
        let shelter =
            if water[TURBIDITY] > 1.0 { libm::pow(water[TURBIDITY], SHELTER) } else { 1.0 };
        kill * shelter + self.death
    }

    /// Lets what is in `water` stand for `dt_s` seconds; gives how many went, in 100 mL.
    pub fn act(&self, water: &mut Carried, dt_s: f64) -> f64 {
        let before = water[E_COLI];
        if before <= 0.0 {
            return 0.0;
        }
        let after = before * libm::exp(-self.rate_per_s(water) * dt_s);
        water[E_COLI] = if after < NONE { 0.0 } else { after };
        before - water[E_COLI]
    }

    /// The share that is left, at the end of `dt_s` seconds, of what came in evenly over them into
    /// water like this.
    ///
    /// Without it a mixed tank would hand on unkilled what came in its last step, and how much
    /// would depend on the step.
    pub fn left_of_inflow(&self, water: &Carried, dt_s: f64) -> f64 {
        let exponent = self.rate_per_s(water) * dt_s;
        if exponent > 1e-9 { -libm::expm1(-exponent) / exponent } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SPECIES;
    use super::*;

    fn water(free: f64, combined: f64, ntu: f64) -> Carried {
        let mut water = [0.0; SPECIES];
        water[CHLORINE] = free;
        water[COMBINED] = combined;
        water[TURBIDITY] = ntu;
        water[E_COLI] = 1e4;
        water
    }

    /// Orders of magnitude lost in `minutes` at 5 °C.
    fn log_removal(mut water: Carried, minutes: f64) -> f64 {
        Inactivation::by(Agent::Chlorine, 5.0).act(&mut water, minutes * 60.0);
        4.0 - libm::log10(water[E_COLI])
    }

    #[test]
    fn the_published_ct_gives_two_log() {
        let free = log_removal(water(0.1, 0.0, 0.1), CT_TWO_LOG_FREE / 0.1);
        assert!((free - 2.0).abs() < 1e-3, "{free}");
        let combined = log_removal(water(0.0, 2.0, 0.1), CT_TWO_LOG_COMBINED / 2.0);
        assert!((combined - 2.0).abs() < 0.01, "{combined}");
        let mut treated = water(0.1, 0.0, 0.1);
        let minutes = CT_TWO_LOG_DIOXIDE / 0.1;
        Inactivation::by(Agent::ChlorineDioxide, 5.0).act(&mut treated, minutes * 60.0);
        let dioxide = 4.0 - libm::log10(treated[E_COLI]);
        assert!((dioxide - 2.0).abs() < 1e-3, "{dioxide}");
    }

    #[test]
    fn ten_ntu_make_chlorine_eight_times_weaker_and_one_does_not() {
        let clear = log_removal(water(0.01, 0.0, 1.0), 4.0);
        let turbid = log_removal(water(0.01, 0.0, 10.0), 4.0);
        assert!((clear / turbid - 8.0).abs() < 0.1, "{clear} {turbid}");
    }

    #[test]
    fn ten_degrees_double_the_kill_and_without_chlorine_they_live_for_days() {
        let rate =
            |deg_c| Inactivation::by(Agent::Chlorine, deg_c).rate_per_s(&water(0.5, 0.0, 0.1));
        assert!((rate(15.0) / rate(5.0) - 2.0).abs() < 0.01);
        let mut still = water(0.0, 0.0, 0.1);
        let gone = Inactivation::by(Agent::Chlorine, 20.0).act(&mut still, 86_400.0);
        assert!((gone / 1e4 - (1.0 - libm::exp(-0.3))).abs() < 1e-9);
    }

    #[test]
    fn what_comes_in_evenly_is_killed_by_the_time_it_had() {
        let inactivation = Inactivation::by(Agent::Chlorine, 5.0);
        let water = water(0.002, 0.0, 0.1);
        let steps = 10_000;
        let left = |i: u32| {
            let stayed = 60.0 * (f64::from(i) + 0.5) / f64::from(steps);
            libm::exp(-inactivation.rate_per_s(&water) * stayed)
        };
        let mean = (0..steps).map(left).sum::<f64>() / f64::from(steps);
        let exact = inactivation.left_of_inflow(&water, 60.0);
        assert!((mean / exact - 1.0).abs() < 1e-6, "{mean} {exact}");
    }
}
