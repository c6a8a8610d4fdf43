//! What happens to the state of wear.

use serde::{Deserialize, Serialize};

use crate::plant::ageing::Part;

/// What happens to the state of wear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum AssetEvent {
    /// The plant changes into another condition, such as `renewed` (改造).
    Condition {
        /// Position in `Plant::conditions`.
        to: usize,
    },
    /// From now on its wear is computed day by day.
    Ageing {
        /// Position of the new plant in `Plant::conditions`.
        new: usize,
        /// Years since everything was new, at the start.
        years: f64,
    },
    /// Parts are renewed (更新改造): they age anew from then on.
    Renewal {
        /// Which.
        parts: Vec<Part>,
    },
}
