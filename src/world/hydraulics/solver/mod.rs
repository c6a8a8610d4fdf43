//! What goes to the solver and comes back, and the solver: EPANET, or none.

use super::Boundary;
use super::brim::Brim;
use super::reach::Reach;
use super::state::Order;
use crate::plant::network::{Network, NodeKind};

#[cfg(feature = "epanet")]
mod with_epanet;
#[cfg(not(feature = "epanet"))]
mod without;

#[cfg(feature = "epanet")]
pub(super) use with_epanet::Solver;
#[cfg(not(feature = "epanet"))]
pub(super) use without::Solver;

/// Pressure head at which a leak is stated.
const LEAK_PRESSURE_M: f64 = 20.0;

/// What the solver is to solve, in SI; in `Network` order.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// Per node, m³/s.
    pub demand: Vec<f64>,
    /// Per node, m³/s at 1 m; the flow is this times the root of the pressure in m.
    pub emitter: Vec<f64>,
    /// Per node, m³/s at 1 m: what a tap short of its own required pressure draws; its demand is
    /// then 0.
    pub draw: Vec<f64>,
    /// Per node: a tank's level within its limits, or a reservoir's head, m; none of a junction.
    pub level: Vec<Option<f64>>,
    /// Per link.
    pub order: Vec<Order>,
}

impl Wanted {
    /// Nothing is asked of nodes that no water reaches; a tank that gives none stands at its
    /// lowest, where the solver lets water in and none out.
    /// `short`: per node, a tap below its own required pressure.
    pub fn set(
        &mut self,
        network: &Network,
        boundary: &Boundary,
        orders: &[Order],
        (reach, brim): (&Reach, &Brim),
        short: &[bool],
    ) {
        self.demand.clear();
        self.draw.clear();
        self.emitter.clear();
        self.level.clear();
        for (at, node) in network.nodes.iter().enumerate() {
            let drawn = matches!(node.kind, NodeKind::Junction { .. }) && reach.reached()[at];
            let leak = boundary.leak_m3_per_h_at_20_m[at] / 3_600.0 / LEAK_PRESSURE_M.sqrt();
            let demand = if drawn { boundary.demand[at].as_m3_per_s() } else { 0.0 };
            let at_1_m = demand / boundary.required[at].as_m().max(f64::MIN_POSITIVE).sqrt();
            self.demand.push(if short[at] { 0.0 } else { demand });
            self.draw.push(if short[at] { at_1_m } else { 0.0 });
            self.emitter.push(if drawn { leak } else { 0.0 });
            self.level.push(match node.kind {
                NodeKind::Junction { .. } => None,
                NodeKind::Reservoir => Some(boundary.reservoir_head[at].as_m()),
                NodeKind::Tank(ref tank) if !reach.is_source(at) => Some(tank.min_level.as_m()),
                NodeKind::Tank(ref tank) => {
                    let level = brim.shown(at, tank, boundary.tank_level[at]).as_m();
                    Some(level.clamp(tank.min_level.as_m(), tank.max_level.as_m()))
                }
            });
        }
        self.order.clear();
        self.order.extend_from_slice(orders);
    }
}

/// What the solver found, in SI; in `Network` order.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// Per node, m.
    pub head: Vec<f64>,
    /// Per node, m³/s of demand.
    pub delivered: Vec<f64>,
    /// Per link, m³/s.
    pub flow: Vec<f64>,
}
