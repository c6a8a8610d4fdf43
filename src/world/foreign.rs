//! Foreign water (交叉连接): private wells and tanks that somebody has connected to the mains.
//!
//! Each becomes a reservoir behind a short pipe with a check valve, part of the network from the
//! beginning and shut until its injection begins: a running solver takes no new nodes.

use super::quality::{CONDUCTIVITY, Carried, SPECIES, TURBIDITY};
use crate::base::units::Length;
use crate::plant::network::{
    Link, LinkIndex, LinkKind, LinkStatus, Network, Node, NodeIndex, NodeKind,
};
use crate::scenario::injection::{Injection, InjectionKind, NetworkEvent};

/// The hose or pipe of a household `[D]`: length, inner diameter, Hazen–Williams C.
const PIPE: (Length, Length, f64) = (Length::m(10.0), Length::m(0.05), 130.0);

/// One connection.
#[derive(Debug, Clone, Copy)]
pub struct Foreign {
    /// Which injection: its position in the scenario.
    pub injection: usize,
    /// Where the water comes from.
    pub reservoir: NodeIndex,
    /// The pipe with the check valve.
    pub link: LinkIndex,
    /// What it carries; it has no disinfectant.
    pub water: Carried,
}

/// Adds what `injections` connect to `network`, behind all nodes and links that it has.
pub fn connect(network: &mut Network, injections: &[Injection]) -> Vec<Foreign> {
    let mut connections = Vec::new();
    for (at, injection) in injections.iter().enumerate() {
        let InjectionKind::Network(NetworkEvent::CrossConnection {
            node,
            pressure_m,
            turbidity_ntu,
            conductivity_us_per_cm,
        }) = injection.kind
        else {
            continue;
        };
        let (reservoir, link) = (NodeIndex(network.nodes.len()), LinkIndex(network.links.len()));
        network.nodes.push(Node {
            id: format!("foreign~{at}"),
            kind: NodeKind::Reservoir,
            elevation: network.nodes[node.0].elevation + Length::m(pressure_m),
            coordinates: None,
        });
        let (length, diameter, roughness_c) = PIPE;
        network.links.push(Link {
            id: format!("foreign~{at}"),
            start: reservoir,
            end: node,
            kind: LinkKind::Pipe {
                length,
                diameter,
                roughness_c,
                minor_loss: 0.0,
                check_valve: true,
            },
            initial: LinkStatus::Open,
        });
        let mut water = [0.0; SPECIES];
        water[TURBIDITY] = turbidity_ntu;
        water[CONDUCTIVITY] = conductivity_us_per_cm;
        connections.push(Foreign { injection: at, reservoir, link, water });
    }
    connections
}
