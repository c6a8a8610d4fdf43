//! Where water can get at all: the way must be open, whatever the pressure.

use crate::base::units::Length;
use crate::plant::network::{LinkKind, Network, NodeIndex, NodeKind, ValveKind};

/// A level this close to the lowest counts as empty, m.
const EMPTY_M: f64 = 1e-9;

/// Per node: is there an open way to it from a reservoir or a tank that is not empty?
///
/// `on`: per link, ordered open. Check valves, pumps and pressure valves lead one way only; the
/// way does not lead on through an empty tank.
pub(super) fn reached(network: &Network, on: &[bool], levels: &[Length]) -> Vec<bool> {
    let mut reached = vec![false; network.nodes.len()];
    let is_source = |node: usize| match network.nodes[node].kind {
        NodeKind::Reservoir => true,
        NodeKind::Tank(tank) => (levels[node] - tank.min_level).as_m() > EMPTY_M,
        NodeKind::Junction { .. } => false,
    };
    let leads_on = |node: usize| {
        is_source(node) || matches!(network.nodes[node].kind, NodeKind::Junction { .. })
    };
    let mut neighbours = vec![Vec::new(); network.nodes.len()];
    for (link, on) in network.links.iter().zip(on) {
        if *on {
            neighbours[link.start.0].push(link.end);
            if leads_back(&link.kind) {
                neighbours[link.end.0].push(link.start);
            }
        }
    }
    let mut next: Vec<usize> = (0..network.nodes.len()).filter(|node| is_source(*node)).collect();
    for node in &next {
        reached[*node] = true;
    }
    while let Some(node) = next.pop() {
        for NodeIndex(neighbour) in &neighbours[node] {
            if !reached[*neighbour] {
                reached[*neighbour] = true;
                if leads_on(*neighbour) {
                    next.push(*neighbour);
                }
            }
        }
    }
    // A tank holds water even when it is cut off or empty: its own level stands.
    for (reached, node) in reached.iter_mut().zip(&network.nodes) {
        *reached |= matches!(node.kind, NodeKind::Tank(_));
    }
    reached
}

fn leads_back(kind: &LinkKind) -> bool {
    match kind {
        LinkKind::Pipe { check_valve, .. } => !check_valve,
        LinkKind::Pump { .. } => false,
        LinkKind::Valve { kind, .. } => matches!(kind, ValveKind::Fcv | ValveKind::Tcv),
    }
}
