//! What happens to the gateway and its link.

use serde::{Deserialize, Serialize};

use crate::base::Span;

/// What happens to the gateway and its link. Shares are 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum GatewayEvent {
    /// The gateway sends nothing, and loses what it would have sent.
    Silence,
    /// The gateway goes on sending the last values it had (网关假活).
    Frozen {
        /// Under the times it had then; under new ones otherwise.
        #[serde(default)]
        old_times: bool,
    },
    /// The link loses messages (丢包).
    LinkLoss {
        /// Of the messages.
        share: f64,
    },
    /// Messages take longer (时延).
    LinkDelay {
        /// All of them by so much.
        delay: Span,
        /// And by up to so much more, evenly drawn: they may overtake each other.
        jitter: Span,
    },
    /// The link delivers messages twice (重复).
    LinkDuplicate {
        /// Of the messages.
        share: f64,
    },
    /// Messages come behind newer ones (乱序).
    LinkReorder {
        /// Of the messages.
        share: f64,
        /// By so much.
        by: Span,
    },
    /// The link is down; the gateway keeps its messages and sends them afterwards (断链续传).
    LinkOutage {
        /// Keeps messages no longer than this, the oldest go first.
        keeps: Span,
    },
}
