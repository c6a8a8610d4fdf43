//! Where water can get at all: the way must be open, whatever the pressure.

use super::state::Order;
use crate::base::units::Length;
use crate::plant::network::{LinkKind, Network, NodeKind, ValveKind};

/// A level this close to the lowest counts as empty, m.
const EMPTY_M: f64 = 1e-9;

/// An empty tank gives water again once its level is this far above the lowest, m `[D]`: as a pump
/// that ran dry starts again, and so that two tanks at their lowest cannot hand the same litre to
/// and fro a hundred times a second.
const REFILLED_M: f64 = 0.05;

/// Where water gets. It is looked for again only when a link or a tank's emptiness has changed.
#[derive(Debug)]
pub(super) struct Reach {
    /// Ways that lead away from each node.
    ways: Vec<Vec<Way>>,
    /// What the answer below belongs to: per link, may water pass, and how; per node, gives water.
    passes: Vec<Pass>,
    is_source: Vec<bool>,
    reached: Vec<bool>,
    next: Vec<usize>,
}

/// A way from a node.
#[derive(Debug, Clone, Copy)]
struct Way {
    link: usize,
    to: usize,
    /// Against the link's direction?
    is_back: bool,
}

/// How water may pass a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Not at all.
    Not,
    /// From start to end.
    Forward,
    /// Both ways.
    Both,
}

impl Reach {
    /// Everything shut, all tanks full: nothing but the sources is reached.
    pub fn new(network: &Network) -> Self {
        let nodes = network.nodes.len();
        let is_junction = |kind: &NodeKind| matches!(kind, NodeKind::Junction { .. });
        let is_source: Vec<bool> =
            network.nodes.iter().map(|node| !is_junction(&node.kind)).collect();
        let mut ways = vec![Vec::new(); nodes];
        for (at, link) in network.links.iter().enumerate() {
            ways[link.start.0].push(Way { link: at, to: link.end.0, is_back: false });
            ways[link.end.0].push(Way { link: at, to: link.start.0, is_back: true });
        }
        Self {
            ways,
            passes: vec![Pass::Not; network.links.len()],
            reached: is_source.clone(),
            is_source,
            next: Vec::with_capacity(nodes),
        }
    }

    /// Takes the present state. `orders`: per link; `levels`: per node, of tanks.
    pub fn update(&mut self, network: &Network, orders: &[Order], levels: &[Length]) {
        let mut is_known = true;
        for ((own, link), order) in self.passes.iter_mut().zip(&network.links).zip(orders) {
            let pass = pass(&link.kind, *order);
            is_known &= *own == pass;
            *own = pass;
        }
        for (at, node) in network.nodes.iter().enumerate() {
            let is_source = match &node.kind {
                NodeKind::Reservoir => true,
                NodeKind::Tank(tank) => {
                    let least = if self.is_source[at] { EMPTY_M } else { REFILLED_M };
                    (levels[at] - tank.min_level).as_m() > least
                }
                NodeKind::Junction { .. } => false,
            };
            is_known &= self.is_source[at] == is_source;
            self.is_source[at] = is_source;
        }
        if !is_known {
            self.spread(network);
        }
    }

    /// Per node: is there an open way to it from a reservoir or a tank that is not empty?
    ///
    /// Check valves, pumps and pressure valves lead one way only; the way does not lead on through
    /// an empty tank. A tank always holds water of its own.
    pub fn reached(&self) -> &[bool] {
        &self.reached
    }

    /// Does this node give water: a reservoir, or a tank that is not empty?
    pub fn is_source(&self, node: usize) -> bool {
        self.is_source[node]
    }

    fn spread(&mut self, network: &Network) {
        self.reached.copy_from_slice(&self.is_source);
        self.next.extend((0..self.ways.len()).filter(|node| self.is_source[*node]));
        while let Some(node) = self.next.pop() {
            for Way { link, to, is_back } in &self.ways[node] {
                let is_open = match self.passes[*link] {
                    Pass::Not => false,
                    Pass::Forward => !is_back,
                    Pass::Both => true,
                };
                if is_open && !self.reached[*to] {
                    self.reached[*to] = true;
                    // A tank that gives water was there from the beginning; this one is empty.
                    if matches!(network.nodes[*to].kind, NodeKind::Junction { .. }) {
                        self.next.push(*to);
                    }
                }
            }
        }
        for (reached, node) in self.reached.iter_mut().zip(&network.nodes) {
            *reached |= matches!(node.kind, NodeKind::Tank(_));
        }
    }
}

fn pass(kind: &LinkKind, order: Order) -> Pass {
    match (kind, order) {
        (_, Order::Shut) => Pass::Not,
        (LinkKind::Pipe { check_valve: true, .. } | LinkKind::Pump { .. }, _) => Pass::Forward,
        (LinkKind::Valve { kind: ValveKind::Prv | ValveKind::Psv, .. }, Order::Set(_)) => {
            Pass::Forward
        }
        (LinkKind::Pipe { .. } | LinkKind::Valve { .. }, _) => Pass::Both,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::sample;

    #[test]
    fn an_empty_tank_gives_nothing_until_it_holds_a_little() {
        let network = sample::plant().network;
        let is_tank = |kind: &NodeKind| matches!(kind, NodeKind::Tank(_));
        let at = network.nodes.iter().position(|node| is_tank(&node.kind)).expect("a tank");
        let NodeKind::Tank(tank) = &network.nodes[at].kind else { unreachable!("it is a tank") };
        let orders = vec![Order::Open; network.links.len()];
        let mut reach = Reach::new(&network);
        let mut gives = |above_m: f64| {
            let mut levels = vec![Length::ZERO; network.nodes.len()];
            levels[at] = tank.min_level + Length::m(above_m);
            reach.update(&network, &orders, &levels);
            reach.is_source(at)
        };
        assert!(gives(0.01), "it drains to its last drop");
        assert!(!gives(0.0));
        assert!(!gives(0.049), "two such tanks would hand this to and fro");
        assert!(gives(0.051) && gives(0.01));
    }
}
