//! What happens to the people and what they want.

use serde::{Deserialize, Serialize};

use crate::base::ids::VillageId;

/// What happens to the people and what they want.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PeopleEvent {
    /// Demand is multiplied.
    Demand {
        /// One village, or all.
        village: Option<VillageId>,
        /// By this factor, 0 to 10.
        factor: f64,
    },
}
