//! What happens to samples and to those who take and analyse them.

use serde::{Deserialize, Serialize};

use crate::base::analyte::Analyte;
use crate::plant::tags::SiteIndex;

/// What happens to samples and to those who take and analyse them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum LaboratoryEvent {
    /// Somebody takes a sample besides the rounds, once, at the start.
    Sample {
        /// Where.
        site: SiteIndex,
        /// For what.
        analytes: Vec<Analyte>,
    },
    /// Nobody goes on a round.
    Missed {
        /// Which: position in the plan; all when there is none.
        round: Option<usize>,
    },
    /// Samples get lost or too warm on the way: only what is measured on the spot is known.
    Spoilt {
        /// Those of one site, or all.
        site: Option<SiteIndex>,
    },
    /// Whoever takes the samples brings coliforms into them (no E. coli).
    Contaminated {
        /// Those of one site, or all.
        site: Option<SiteIndex>,
        /// How many, in 100 mL.
        coliforms_per_100_ml: f64,
    },
    /// The laboratory reports what it found times a factor: a wrong dilution, a slipped point.
    Error {
        /// Of what.
        analyte: Analyte,
        /// The factor.
        factor: f64,
    },
}
