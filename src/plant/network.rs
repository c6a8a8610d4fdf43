//! The pipe network in SI units, as solvers see it. EPANET's words; `.inp` is its file format.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::efficiency::Efficiency;
use crate::base::units::{Flow, Length, Volume};

/// Position of a node in `Network::nodes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeIndex(pub usize);

/// Position of a link in `Network::links`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LinkIndex(pub usize);

/// Nodes and links, with what EPANET needs to solve them.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// The file's title lines.
    pub title: Vec<String>,
    /// Junctions, reservoirs and tanks, in the file's order of sections.
    pub nodes: Vec<Node>,
    /// Pipes, pumps and valves.
    pub links: Vec<Link>,
    /// Simple controls, in the order of the file.
    pub controls: Vec<SimpleControl>,
    /// Node ids to positions.
    pub node_index: BTreeMap<String, NodeIndex>,
    /// Link ids to positions.
    pub link_index: BTreeMap<String, LinkIndex>,
    /// Pressure-driven demand: nothing is delivered below `minimum`, all above `required`.
    pub pressure_driven: PressureDriven,
    /// Is the whole demand delivered whatever the pressure (EPANET's DDA)? Plants say no.
    pub demand_driven: bool,
    /// Chlorine coefficients of the `[REACTIONS]` section.
    pub reactions: Reactions,
}

/// EPANET's pressure-driven analysis (`DEMAND MODEL PDA`).
#[derive(Debug, Clone, Copy)]
pub struct PressureDriven {
    /// Below this pressure head nothing is delivered.
    pub minimum: Length,
    /// From this pressure head on, the whole demand is delivered.
    pub required: Length,
    /// Exponent between the two (0.5: an orifice).
    pub exponent: f64,
}

impl Default for PressureDriven {
    fn default() -> Self {
        Self { minimum: Length::ZERO, required: Length::m(10.0), exponent: 0.5 }
    }
}

/// First-order chlorine decay, as positive rates.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reactions {
    /// In the water, 1/day at 20 °C.
    pub bulk_per_day: f64,
    /// At the pipe wall, m/day.
    pub wall_m_per_day: f64,
}

/// A point of the network.
#[derive(Debug, Clone)]
pub struct Node {
    /// EPANET id.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// Elevation (junction), bottom (tank) or total head (reservoir).
    pub elevation: Length,
    /// Map coordinates, m, when the file has them.
    pub coordinates: Option<(f64, f64)>,
}

/// Junction, reservoir or tank.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// Where pipes meet; `base_demand` is the average withdrawal.
    Junction {
        /// Average demand.
        base_demand: Flow,
        /// Name of its demand pattern in the file, if any.
        pattern: Option<String>,
    },
    /// An endless body of water.
    Reservoir,
    /// A body of water with a level.
    Tank(Tank),
}

/// A cylindrical tank; levels count from its bottom.
#[derive(Debug, Clone, Copy)]
pub struct Tank {
    /// Level at the start.
    pub initial_level: Length,
    /// It counts as empty here.
    pub min_level: Length,
    /// It is full here.
    pub max_level: Length,
    /// Diameter.
    pub diameter: Length,
    /// Does a full tank spill (true), or shut its inflow by a float valve (false)?
    pub overflow: bool,
}

impl Tank {
    /// Surface in m².
    pub fn area_m2(&self) -> f64 {
        std::f64::consts::FRAC_PI_4 * self.diameter.as_m() * self.diameter.as_m()
    }

    /// Water at `level`.
    pub fn volume(&self, level: Length) -> Volume {
        Volume::m3(self.area_m2() * level.as_m())
    }
}

/// A connection of two nodes.
#[derive(Debug, Clone)]
pub struct Link {
    /// EPANET id.
    pub id: String,
    /// Positive flow leaves this node.
    pub start: NodeIndex,
    /// Positive flow enters this node.
    pub end: NodeIndex,
    /// What it is.
    pub kind: LinkKind,
    /// Status at the start.
    pub initial: LinkStatus,
}

/// Pipe, pump or valve.
#[derive(Debug, Clone)]
pub enum LinkKind {
    /// A pipe, Hazen–Williams.
    Pipe {
        /// Length.
        length: Length,
        /// Inner diameter.
        diameter: Length,
        /// Hazen–Williams C.
        roughness_c: f64,
        /// Minor loss coefficient.
        minor_loss: f64,
        /// Lets water through in one direction only.
        check_valve: bool,
    },
    /// A pump with a head curve.
    Pump {
        /// Points (flow, head), flow rising; one point means EPANET's standard curve through it.
        curve: Vec<(Flow, Length)>,
        /// Relative speed at the start.
        speed: f64,
        /// What it makes of its current.
        efficiency: Efficiency,
    },
    /// A valve.
    Valve {
        /// PRV, PSV, FCV or TCV.
        kind: ValveKind,
        /// Diameter.
        diameter: Length,
        /// PRV and PSV: pressure head, m; FCV: m³/s; TCV: loss coefficient.
        setting: f64,
        /// Minor loss coefficient when fully open.
        minor_loss: f64,
    },
}

/// EPANET's valve kinds that plants may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValveKind {
    /// Pressure-reducing (减压阀).
    Prv,
    /// Pressure-sustaining.
    Psv,
    /// Flow control.
    Fcv,
    /// Throttle control.
    Tcv,
}

/// Open or closed (a check valve or an active regulator stays `Open`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkStatus {
    /// Water may pass.
    Open,
    /// Shut or switched off.
    Closed,
}

/// EPANET's simple control: one link, one condition. (`ControlRule` is EPANET's rule-based kind.)
#[derive(Debug, Clone)]
pub struct SimpleControl {
    /// The link it switches.
    pub link: LinkIndex,
    /// What it sets.
    pub action: ControlAction,
    /// When.
    pub when: ControlWhen,
}

/// What a control sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ControlAction {
    /// Open or start.
    Open,
    /// Close or stop.
    Closed,
    /// Pump speed or valve setting (SI, as in `LinkKind`).
    Setting(f64),
}

/// When a control acts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ControlWhen {
    /// The tank's level (or the junction's pressure head) is above this.
    Above(NodeIndex, Length),
    /// The tank's level (or the junction's pressure head) is below this.
    Below(NodeIndex, Length),
    /// At this time after the start.
    AtTime(crate::base::Span),
    /// Every day at this time.
    AtClockTime(crate::base::Span),
}

impl Network {
    /// A node by its EPANET id.
    pub fn node(&self, id: &str) -> Option<NodeIndex> {
        self.node_index.get(id).copied()
    }

    /// A link by its EPANET id.
    pub fn link(&self, id: &str) -> Option<LinkIndex> {
        self.link_index.get(id).copied()
    }
}
