//! Water quality in the network: seven species carried by the flows of the hydraulics.
//!
//! In: a network, flows and tank volumes step by step, the water at the reservoirs. Out: what the
//! water at every node carries, and `Books` that account for all of it.
//! Must not know: how the flows were found, who measures, treatment.
//!
//! The method is EPANET's Lagrangian time-driven one (segments of water move through the pipes),
//! for all species in one pass and with a fixed ceiling on the number of segments.

pub mod books;
pub mod inactivation;
pub mod order;
pub mod reaction;
pub mod segment;
pub mod transport;

#[cfg(test)]
mod tests;

use crate::base::units::{Concentration, Conductivity, Microbes, Turbidity};
use crate::world::truth::Water;

pub use books::{Account, Books};
pub use transport::{Flows, Transport};

/// How many species the water carries.
pub const SPECIES: usize = 7;

/// What one m³ of water carries, by `Species as usize`; in the unit each species names.
pub type Carried = [f64; SPECIES];

/// What the water carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Species {
    /// Free chlorine, mg/L: decays in the water and at the wall.
    Chlorine = 0,
    /// Turbidity, NTU: settles in slow pipes, is scoured in fast ones.
    Turbidity = 1,
    /// Conductivity, µS/cm: conservative.
    Conductivity = 2,
    /// Age, h: grows one hour an hour.
    Age = 3,
    /// Tracer, mg/L: conservative.
    Tracer = 4,
    /// Combined chlorine, mg/L: decays in the water, slowly.
    Combined = 5,
    /// E. coli, in 100 mL: killed by chlorine, sheltered by turbidity, dies slowly without.
    EColi = 6,
}

impl Species {
    /// All, in the order of `Carried`.
    pub const ALL: [Self; SPECIES] = [
        Self::Chlorine,
        Self::Turbidity,
        Self::Conductivity,
        Self::Age,
        Self::Tracer,
        Self::Combined,
        Self::EColi,
    ];

    /// A word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chlorine => "chlorine",
            Self::Turbidity => "turbidity",
            Self::Conductivity => "conductivity",
            Self::Age => "age",
            Self::Tracer => "tracer",
            Self::Combined => "combined chlorine",
            Self::EColi => "E. coli",
        }
    }
}

pub(crate) const CHLORINE: usize = Species::Chlorine as usize;
pub(crate) const TURBIDITY: usize = Species::Turbidity as usize;
pub(crate) const CONDUCTIVITY: usize = Species::Conductivity as usize;
pub(crate) const AGE: usize = Species::Age as usize;
pub(crate) const COMBINED: usize = Species::Combined as usize;
pub(crate) const TRACER: usize = Species::Tracer as usize;
pub(crate) const E_COLI: usize = Species::EColi as usize;

impl From<&Carried> for Water {
    fn from(carried: &Carried) -> Self {
        Self {
            chlorine: Concentration::mg_per_l(carried[CHLORINE]),
            combined: Concentration::mg_per_l(carried[COMBINED]),
            turbidity: Turbidity::ntu(carried[TURBIDITY]),
            conductivity: Conductivity::us_per_cm(carried[CONDUCTIVITY]),
            age_h: carried[AGE],
            tracer: Concentration::mg_per_l(carried[TRACER]),
            e_coli: Microbes::per_100_ml(carried[E_COLI]),
        }
    }
}

impl From<&Water> for Carried {
    fn from(water: &Water) -> Self {
        let mut carried = [0.0; SPECIES];
        carried[CHLORINE] = water.chlorine.as_mg_per_l();
        carried[COMBINED] = water.combined.as_mg_per_l();
        carried[TURBIDITY] = water.turbidity.as_ntu();
        carried[CONDUCTIVITY] = water.conductivity.as_us_per_cm();
        carried[AGE] = water.age_h;
        carried[TRACER] = water.tracer.as_mg_per_l();
        carried[E_COLI] = water.e_coli.as_per_100_ml();
        carried
    }
}

/// Adds `volume` m³ of water that carries `carried` to `load` (concentration times m³).
pub(crate) fn add(load: &mut Carried, volume: f64, carried: &Carried) {
    for (sum, value) in load.iter_mut().zip(carried) {
        *sum += volume * value;
    }
}
