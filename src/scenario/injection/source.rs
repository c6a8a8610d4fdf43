//! What happens to the raw water.

use serde::{Deserialize, Serialize};

/// What happens to the raw water.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SourceEvent {
    /// Rain makes the raw water turbid: a rise to the peak, then an exponential recession.
    RawStorm {
        /// Highest raw turbidity, NTU.
        peak_ntu: f64,
        /// Hours to the peak.
        rise_h: f64,
        /// Hours in which it then falls to 1/e.
        recession_h: f64,
    },
}
