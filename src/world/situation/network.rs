//! What injections make of pipes, pumps, valves and tanks.

use crate::plant::network::LinkKind;
use crate::plant::{Condition, Plant};
use crate::scenario::injection::NetworkEvent;

/// The state pipes, pumps, valves and tanks are put in.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkState {
    /// What is held shut, such as tripped pumps: one per link.
    pub is_tripped: Vec<bool>,
    /// Share of the head each pump has left, its condition included: one per link, 1 for others.
    pub head_share: Vec<f64>,
    /// Water lost by bursts, m³/h at 20 m: one per node.
    pub burst_m3_per_h: Vec<f64>,
}

impl NetworkState {
    /// A plant as worn as `wear` says, to which nothing happens.
    pub fn new(plant: &Plant, wear: &Condition) -> Self {
        Self {
            is_tripped: vec![false; plant.network.links.len()],
            head_share: vec![wear.pump_head_factor; plant.network.links.len()],
            burst_m3_per_h: vec![0.0; plant.network.nodes.len()],
        }
    }

    /// Stops every pump of the plant and its production, for want of power.
    pub fn black_out(&mut self, plant: &Plant) {
        for (own, link) in self.is_tripped.iter_mut().zip(&plant.network.links) {
            *own |= matches!(link.kind, LinkKind::Pump { .. });
        }
        self.is_tripped[plant.train.production.0] = true;
    }

    /// Lets `event` happen on top of what is.
    pub fn apply(&mut self, event: &NetworkEvent) {
        match event {
            NetworkEvent::PumpTrip { pump } => self.is_tripped[pump.0] = true,
            NetworkEvent::PumpWear { pump, head_share } => self.head_share[pump.0] *= head_share,
            NetworkEvent::Burst { node, m3_per_h_at_20_m } => {
                self.burst_m3_per_h[node.0] += m3_per_h_at_20_m;
            }
        }
    }
}
