//! What happens to the raw water.

use serde::{Deserialize, Serialize};

use crate::base::analyte::Analyte;

/// What happens to the raw water: each rises to its peak and recedes; an injection's end is the
/// end of what drives it, from which on it recedes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SourceEvent {
    /// Rain makes the raw water turbid (暴雨).
    RawStorm {
        /// Highest raw turbidity, NTU.
        peak_ntu: f64,
        /// Hours to the peak.
        rise_h: f64,
        /// Hours in which it then falls to 1/e.
        recession_h: f64,
    },
    /// Algae grow (藻华).
    AlgaeBloom {
        /// At the peak, million cells a litre.
        million_per_l: f64,
        /// Turbidity they bring, NTU.
        turbidity_ntu: f64,
        /// Days to the peak.
        rise_d: f64,
        /// Days in which it then falls to 1/e.
        recession_d: f64,
    },
    /// Ammonia comes, from a farm or a village (氨氮).
    AmmoniaEvent {
        /// Added at the peak, mg/L of N.
        peak_mg_per_l: f64,
        /// Hours to the peak.
        rise_h: f64,
        /// Hours in which it then falls to 1/e.
        recession_h: f64,
    },
    /// Something is let into the source (水源污染).
    RawPollution {
        /// Added at the peak.
        peak: Pollution,
        /// Hours to the peak.
        rise_h: f64,
        /// Hours in which it then falls to 1/e.
        recession_h: f64,
    },
    /// A dissolved substance is let into the source (突发水污染): works and pipes leave all of it in
    /// the water.
    RawSubstance {
        /// Which: one of `Analyte::DISSOLVED`, the same in all of a run.
        analyte: Analyte,
        /// Added at the peak, in its unit.
        peak: f64,
        /// Hours to the peak.
        rise_h: f64,
        /// Hours in which it then falls to 1/e.
        recession_h: f64,
    },
    /// The source gives less and less (枯水), until the injection ends.
    Drought {
        /// Share of the yield that is left at the worst, 0 to 1.
        yield_share: f64,
        /// Days to the worst; it recovers as fast.
        falls_d: f64,
    },
    /// Storms as the seed draws them, more in the wet season (丰水期).
    Weather,
}

/// What a pollution adds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pollution {
    /// µS/cm.
    pub conductivity_us_per_cm: f64,
    /// CODMn, mg/L of O₂.
    pub codmn_mg_per_l: f64,
    /// mg/L of N.
    pub ammonia_mg_per_l: f64,
    /// mg/L; left out where it adds none, so that older records read the same.
    #[serde(default)]
    pub manganese_mg_per_l: f64,
}
