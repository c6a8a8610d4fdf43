//! What happens to the gateway and its link.

use serde::{Deserialize, Serialize};

/// What happens to the gateway and its link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum GatewayEvent {
    /// The gateway sends nothing, and loses what it would have sent.
    Silence,
}
