//! What goes into a solve, what comes out, and what a step does to the tanks.

use super::outcome::Warning;
use crate::base::units::{Flow, Length, Volume};
use crate::plant::network::{LinkIndex, LinkKind, LinkStatus, Network, NodeKind, Tank, ValveKind};

/// What changes between two solves: the plant's state. It stays until somebody changes it.
///
/// Every list has one entry per node or link, in `Network` order; entries that do not belong to
/// the kind of their node or link are not read.
#[derive(Debug, Clone, PartialEq)]
pub struct Boundary {
    /// What people want, at junctions; 0 or more.
    pub demand: Vec<Flow>,
    /// Pressure head from which on a junction gets its whole demand; below it the demand times
    /// the root of pressure over this. It holds where it is above the network's own
    /// (`PressureDriven::required`), and where that has minimum 0 and exponent 0.5.
    pub required: Vec<Length>,
    /// Leak at a junction: m³/h lost at 20 m of pressure; follows the root of the pressure.
    pub leak_m3_per_h_at_20_m: Vec<f64>,
    /// Is the link switched on? Controls set it.
    pub status: Vec<LinkStatus>,
    /// Switched or turned by hand, whatever `status` and the controls say: on or open, or not.
    pub by_hand: Vec<Option<bool>>,
    /// Tripped or held shut: closed whatever `status`, the controls and people say.
    pub forced_closed: Vec<bool>,
    /// Relative speed of pumps; 0 or more. Controls set it.
    pub speed: Vec<f64>,
    /// Setting of valves, in the unit of `LinkKind::Valve`. Controls set it.
    pub setting: Vec<f64>,
    /// Whatever controls set, a valve's setting is at most this; 0 or more, perhaps infinite.
    pub setting_most: Vec<f64>,
    /// A valve that has failed and stands at this setting, whatever `setting` and the controls say.
    pub stuck_setting: Vec<Option<f64>>,
    /// Taken straight out of a tank, beside all links; nothing from one at its lowest level.
    pub drawn: Vec<Flow>,
    /// Level of tanks above their bottom; `Hydraulics::advance` moves it.
    pub tank_level: Vec<Length>,
    /// Head of reservoirs.
    pub reservoir_head: Vec<Length>,
}

impl Boundary {
    /// The state of a network as its file leaves it: nothing forced, nothing leaks.
    pub fn at_start(network: &Network) -> Self {
        let nodes = &network.nodes;
        let links = &network.links;
        let demand = |kind: &NodeKind| match kind {
            NodeKind::Junction { base_demand, .. } => *base_demand,
            NodeKind::Reservoir | NodeKind::Tank(_) => Flow::ZERO,
        };
        let level = |kind: &NodeKind| match kind {
            NodeKind::Tank(tank) => tank.initial_level,
            NodeKind::Reservoir | NodeKind::Junction { .. } => Length::ZERO,
        };
        let speed = |kind: &LinkKind| match kind {
            LinkKind::Pump { speed, .. } => *speed,
            LinkKind::Pipe { .. } | LinkKind::Valve { .. } => 0.0,
        };
        let setting = |kind: &LinkKind| match kind {
            LinkKind::Valve { setting, .. } => *setting,
            LinkKind::Pipe { .. } | LinkKind::Pump { .. } => 0.0,
        };
        Self {
            demand: nodes.iter().map(|node| demand(&node.kind)).collect(),
            required: vec![network.pressure_driven.required; nodes.len()],
            leak_m3_per_h_at_20_m: vec![0.0; nodes.len()],
            status: links.iter().map(|link| link.initial).collect(),
            by_hand: vec![None; links.len()],
            forced_closed: vec![false; links.len()],
            speed: links.iter().map(|link| speed(&link.kind)).collect(),
            setting: links.iter().map(|link| setting(&link.kind)).collect(),
            setting_most: vec![f64::INFINITY; links.len()],
            stuck_setting: vec![None; links.len()],
            drawn: vec![Flow::ZERO; nodes.len()],
            tank_level: nodes.iter().map(|node| level(&node.kind)).collect(),
            reservoir_head: nodes.iter().map(|node| node.elevation).collect(),
        }
    }

    /// The setting that a valve really has.
    pub(super) fn valve_setting(&self, at: usize) -> f64 {
        self.stuck_setting[at].unwrap_or(self.setting[at]).min(self.setting_most[at])
    }

    /// What is really drawn from a tank, m³/s.
    pub(super) fn drawn_from(&self, at: usize, tank: &Tank) -> f64 {
        let has_water = self.tank_level[at] > tank.min_level;
        if has_water { self.drawn[at].as_m3_per_s() } else { 0.0 }
    }

    /// What a link is to do. A pump at speed 0, an FCV set to nothing and a PCV at 0 % are shut.
    pub(super) fn order(&self, network: &Network, LinkIndex(at): LinkIndex) -> Order {
        let is_on = self.by_hand[at].unwrap_or(self.status[at] != LinkStatus::Closed);
        if !is_on || self.forced_closed[at] {
            return Order::Shut;
        }
        let above_0 = |value: f64| if value > 0.0 { Order::Set(value) } else { Order::Shut };
        match network.links[at].kind {
            LinkKind::Pipe { .. } | LinkKind::Valve { kind: ValveKind::Gpv, .. } => Order::Open,
            LinkKind::Pump { .. } => above_0(self.speed[at]),
            LinkKind::Valve { .. }
                if self.status[at] == LinkStatus::WideOpen && self.stuck_setting[at].is_none() =>
            {
                Order::Open
            }
            LinkKind::Valve { kind: ValveKind::Fcv | ValveKind::Pcv, .. } => {
                above_0(self.valve_setting(at))
            }
            LinkKind::Valve { .. } => Order::Set(self.valve_setting(at)),
        }
    }
}

/// What a link is to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Order {
    /// To let no water pass.
    Shut,
    /// To stand open: a pipe, a valve that does not regulate.
    Open,
    /// To run at this speed, to hold this setting.
    Set(f64),
}

impl Order {
    /// May water pass?
    pub fn is_on(self) -> bool {
        self != Self::Shut
    }
}

/// Pressure and flow everywhere. Lists in `Network` order.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// Total head per node; the elevation where no water gets.
    pub head: Vec<Length>,
    /// Head above the node (a tank's level; 0 at a reservoir and where no water gets).
    pub pressure: Vec<Length>,
    /// What people get, per node.
    pub delivered: Vec<Flow>,
    /// What leaks, per node.
    pub leakage: Vec<Flow>,
    /// What is drawn straight out of tanks, per node.
    pub drawn: Vec<Flow>,
    /// Per link, from start to end.
    pub flow: Vec<Flow>,
    /// Per link: may water pass, does the pump run? As ordered, whatever flows.
    pub open: Vec<bool>,
    /// Per node: has it an open way to a reservoir or a tank that is not empty?
    pub reached: Vec<bool>,
    /// What the solver found odd. `Unbalanced`: it found nothing, and this is the last solution.
    pub warning: Option<Warning>,
}

impl Solution {
    /// Before the first solve.
    pub(super) fn empty(nodes: usize, links: usize) -> Self {
        Self {
            head: vec![Length::ZERO; nodes],
            pressure: vec![Length::ZERO; nodes],
            delivered: vec![Flow::ZERO; nodes],
            leakage: vec![Flow::ZERO; nodes],
            drawn: vec![Flow::ZERO; nodes],
            flow: vec![Flow::ZERO; links],
            open: vec![false; links],
            reached: vec![false; nodes],
            warning: None,
        }
    }
}

/// What a step did to the tanks: one entry per node, zero where there is no tank.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Volumes {
    /// Water that came into a full tank and spilled.
    pub overflow: Vec<Volume>,
    /// Change of the water stored.
    pub stored: Vec<Volume>,
}

impl Volumes {
    /// Nothing has moved.
    pub(super) fn zero(nodes: usize) -> Self {
        Self { overflow: vec![Volume::ZERO; nodes], stored: vec![Volume::ZERO; nodes] }
    }
}
