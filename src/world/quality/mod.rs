//! Water quality in the network: what the water carries, moved by the flows of the hydraulics.
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
mod tank;
pub mod transport;
pub mod water;

#[cfg(test)]
mod tests;

use crate::base::analyte::Analyte;
pub use books::{Account, Books, Entry, Load};
pub use transport::{Boost, Flows, Transport};

/// How many species the water carries.
pub const SPECIES: usize = 14;

/// What one m³ of water carries, by `Species as usize`; in the unit each species names.
pub type Carried = [f64; SPECIES];

/// What the water carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Species {
    /// The disinfectant, mg/L: free chlorine, or chlorine dioxide where the works doses that.
    /// Decays in the water and at the wall.
    Chlorine = 0,
    /// Turbidity, NTU: settles in slow pipes, is scoured in fast ones.
    Turbidity = 1,
    /// Conductivity, µS/cm: conservative.
    Conductivity = 2,
    /// Age, h: grows one hour an hour.
    Age = 3,
    /// Chlorate, mg/L: conservative.
    Chlorate = 4,
    /// Combined chlorine, mg/L: decays in the water, slowly.
    Combined = 5,
    /// E. coli, in 100 mL: killed by chlorine, sheltered by turbidity, dies slowly without.
    EColi = 6,
    /// Trihalomethanes, mg/L: made of the chlorine that the water itself consumes.
    ByProduct = 7,
    /// Organic matter as its permanganate index (CODMn), mg/L of O₂: conservative.
    Organics = 8,
    /// Ammonia, free or bound to chlorine, mg/L of N: conservative behind the dosing point.
    Ammonia = 9,
    /// Aluminium that the coagulant has left, mg/L: conservative.
    Aluminium = 10,
    /// Manganese, mg/L: conservative.
    Manganese = 11,
    /// Chlorite, mg/L: what chlorine dioxide becomes; conservative itself.
    Chlorite = 12,
    /// The one dissolved substance that a run may hold, in hundredths of what matters of it
    /// (`Analyte::weighty`), so that one tolerance fits mercury and hardness: conservative. Which
    /// it is the source knows.
    Substance = 13,
}

impl Species {
    /// All, in the order of `Carried`.
    pub const ALL: [Self; SPECIES] = [
        Self::Chlorine,
        Self::Turbidity,
        Self::Conductivity,
        Self::Age,
        Self::Chlorate,
        Self::Combined,
        Self::EColi,
        Self::ByProduct,
        Self::Organics,
        Self::Ammonia,
        Self::Aluminium,
        Self::Manganese,
        Self::Chlorite,
        Self::Substance,
    ];

    /// What stands for a tracer where one is asked for: conservative and finely told apart.
    pub const TRACER: Self = Self::Chlorate;

    /// A word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chlorine => "chlorine",
            Self::Turbidity => "turbidity",
            Self::Conductivity => "conductivity",
            Self::Age => "age",
            Self::Chlorate => "chlorate",
            Self::Combined => "combined chlorine",
            Self::EColi => "E. coli",
            Self::ByProduct => "trihalomethanes",
            Self::Organics => "CODMn",
            Self::Ammonia => "ammonia",
            Self::Aluminium => "aluminium",
            Self::Manganese => "manganese",
            Self::Chlorite => "chlorite",
            Self::Substance => "dissolved substance",
        }
    }
}

pub(crate) const CHLORINE: usize = Species::Chlorine as usize;
pub(crate) const TURBIDITY: usize = Species::Turbidity as usize;
pub(crate) const CONDUCTIVITY: usize = Species::Conductivity as usize;
pub(crate) const AGE: usize = Species::Age as usize;
pub(crate) const COMBINED: usize = Species::Combined as usize;
pub(crate) const CHLORATE: usize = Species::Chlorate as usize;
pub(crate) const E_COLI: usize = Species::EColi as usize;
pub(crate) const BY_PRODUCT: usize = Species::ByProduct as usize;
pub(crate) const ORGANICS: usize = Species::Organics as usize;
pub(crate) const AMMONIA: usize = Species::Ammonia as usize;
pub(crate) const ALUMINIUM: usize = Species::Aluminium as usize;
pub(crate) const MANGANESE: usize = Species::Manganese as usize;
pub(crate) const CHLORITE: usize = Species::Chlorite as usize;
pub(crate) const SUBSTANCE: usize = Species::Substance as usize;

/// How much of `analyte`, in its unit, one part of `Species::Substance` is.
pub fn part_of(analyte: Analyte) -> f64 {
    analyte.weighty() / 100.0
}
