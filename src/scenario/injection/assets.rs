//! What happens to the state of wear.

use serde::{Deserialize, Serialize};

/// What happens to the state of wear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum AssetEvent {
    /// The plant changes into another condition, such as `renewed` (改造).
    Condition {
        /// Position in `Plant::conditions`.
        to: usize,
    },
}
