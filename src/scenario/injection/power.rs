//! What happens to the power supply.

use serde::{Deserialize, Serialize};

/// What happens to the power supply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PowerEvent {
    /// The mains are off (停电).
    GridCut,
    /// The generator is ordered to start; it runs while the mains are off and its fuel lasts.
    GeneratorStart,
    /// Somebody switches the dosing pump on again, which a cut has thrown out.
    DosingReset,
}
