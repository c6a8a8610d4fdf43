//! What happens to pipes, pumps, valves and tanks.

use serde::{Deserialize, Serialize};

use crate::plant::network::{LinkIndex, LinkKind, Network, NodeIndex};

/// What happens to pipes, pumps, valves and tanks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum NetworkEvent {
    /// A pump stops and stays off (跳闸).
    PumpTrip {
        /// The pump.
        pump: LinkIndex,
    },
    /// A pump's head curve sinks to this share.
    PumpWear {
        /// The pump.
        pump: LinkIndex,
        /// Share of the head that is left, 0.3 to 1.
        head_share: f64,
    },
    /// A pipe bursts beside a node (爆管).
    Burst {
        /// Where.
        node: NodeIndex,
        /// Water lost at 20 m of pressure, m³/h; follows the root of the pressure.
        m3_per_h_at_20_m: f64,
    },
}

impl NetworkEvent {
    /// Has `network` got what it happens to?
    pub fn fits(&self, network: &Network) -> bool {
        let is_pump = |link: &LinkIndex| {
            let link = network.links.get(link.0);
            link.is_some_and(|link| matches!(link.kind, LinkKind::Pump { .. }))
        };
        match self {
            Self::PumpTrip { pump } | Self::PumpWear { pump, .. } => is_pump(pump),
            Self::Burst { node, .. } => node.0 < network.nodes.len(),
        }
    }
}
