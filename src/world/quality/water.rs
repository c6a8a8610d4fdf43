//! Water as people name what is in it: what is carried, and what follows from that.

use super::{
    AGE, ALUMINIUM, AMMONIA, BY_PRODUCT, CHLORATE, CHLORINE, CHLORITE, COMBINED, CONDUCTIVITY,
    Carried, E_COLI, MANGANESE, ORGANICS, SUBSTANCE, TURBIDITY, part_of,
};
use crate::base::analyte::Analyte;
use crate::base::units::{Concentration, Conductivity, Microbes, Turbidity};
use crate::plant::train::{Agent, RawWater};
use crate::world::truth::Water;

/// Share of the raw water's colour by organic matter that coagulation leaves beside what it leaves
/// of the organic matter itself `[D]`: it takes what is coloured first.
const COLOUR_LEFT: f64 = 0.6;

/// Iron in the rust that lies in old pipes, mg/L for each NTU it makes, per unit of wear
/// (`wall_decay_factor` above 1) `[D]`: brown water of 3 NTU has 0.3 mg/L.
const RUST_PER_NTU: f64 = 0.05;

/// Colour of that rust, mg/L Pt-Co for each NTU and unit of wear `[D]`.
const RUST_COLOUR_PER_NTU: f64 = 1.5;

/// What is not carried by itself, because it is bound to what is.
///
/// Colour goes with organic matter, iron with turbidity: all iron in water with chlorine is in
/// particles, of clay from the works and of rust from worn pipes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// What the disinfectant is.
    agent: Agent,
    /// mg/L Pt-Co per mg/L of CODMn.
    colour_per_codmn: f64,
    /// mg/L of iron per NTU.
    iron_per_ntu: f64,
    /// Wear of the pipes beyond new ones: 0 and more.
    rust: f64,
    /// How much of the dissolved substance one part is, in the substance's unit.
    part: f64,
}

impl Bound {
    /// Behind the works, in water that has not been in a pipe.
    pub fn at_works(raw: &RawWater, agent: Agent) -> Self {
        let by = |value: f64, of: f64| if of > 0.0 { value / of } else { 0.0 };
        Self {
            agent,
            colour_per_codmn: COLOUR_LEFT * by(raw.colour_pt_co, raw.codmn_mg_per_l),
            iron_per_ntu: by(raw.iron_mg_per_l, raw.turbidity_ntu),
            rust: 0.0,
            part: 0.0,
        }
    }

    /// The same where the water may carry this dissolved substance.
    pub fn holding(self, substance: Option<Analyte>) -> Self {
        Self { part: substance.map_or(0.0, part_of), ..self }
    }

    /// The same in pipes that take chlorine `wall_decay_factor` times as fast as new ones.
    pub fn in_pipes(self, wall_decay_factor: f64) -> Self {
        Self { rust: (wall_decay_factor - 1.0).max(0.0), ..self }
    }

    /// The water that carries `carried`.
    pub fn water(&self, carried: &Carried) -> Water {
        let mg_per_l = |species: usize| Concentration::mg_per_l(carried[species]);
        let (chlorine, chlorine_dioxide) = match self.agent {
            Agent::Chlorine => (mg_per_l(CHLORINE), Concentration::ZERO),
            Agent::ChlorineDioxide => (Concentration::ZERO, mg_per_l(CHLORINE)),
        };
        let ntu = carried[TURBIDITY];
        let iron = ntu * (self.iron_per_ntu + RUST_PER_NTU * self.rust);
        Water {
            chlorine,
            chlorine_dioxide,
            combined: mg_per_l(COMBINED),
            turbidity: Turbidity::ntu(ntu),
            conductivity: Conductivity::us_per_cm(carried[CONDUCTIVITY]),
            age_h: carried[AGE],
            e_coli: Microbes::per_100_ml(carried[E_COLI]),
            trihalomethanes: mg_per_l(BY_PRODUCT),
            chlorite: mg_per_l(CHLORITE),
            chlorate: mg_per_l(CHLORATE),
            codmn: mg_per_l(ORGANICS),
            ammonia: mg_per_l(AMMONIA),
            aluminium: mg_per_l(ALUMINIUM),
            iron: Concentration::mg_per_l(iron),
            manganese: mg_per_l(MANGANESE),
            substance: self.part * carried[SUBSTANCE],
            colour_pt_co: self.colour_per_codmn * carried[ORGANICS]
                + RUST_COLOUR_PER_NTU * self.rust * ntu,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SPECIES;
    use super::*;

    #[test]
    fn worn_pipes_turn_what_they_stir_up_brown_and_new_ones_do_not() {
        let raw = RawWater::of(10.0, 180.0, 10.0);
        let mut carried = [0.0; SPECIES];
        carried[TURBIDITY] = 2.5;
        carried[ORGANICS] = 1.3;
        let works = Bound::at_works(&raw, Agent::Chlorine);
        let (new, old) = (works.in_pipes(1.0).water(&carried), works.in_pipes(3.0).water(&carried));
        assert_eq!(new, works.water(&carried));
        assert!(new.iron.as_mg_per_l() < 0.1, "{}", new.iron);
        assert!((old.iron - new.iron).as_mg_per_l() > 0.2, "{}", old.iron);
        assert!(new.colour_pt_co < 5.0 && old.colour_pt_co > new.colour_pt_co + 5.0);
    }
}
