//! What happens to the treatment.

use serde::{Deserialize, Serialize};

/// What happens to the treatment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum WorksEvent {
    /// The dosing pump loses its prime: nothing is dosed.
    DosingNoFlow {
        /// Does its signal still say that it runs?
        keep_signal: bool,
    },
    /// The dose is set to this value.
    DosingSet {
        /// mg/L of free chlorine.
        dose_mg_per_l: f64,
    },
}
