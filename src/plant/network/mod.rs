//! The pipe network in SI units, as solvers see it. EPANET's words; `.inp` is its file format.

mod control;
mod friction;
mod tank;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::efficiency::Efficiency;
use crate::base::Span;
use crate::base::units::{Flow, Length, Power};
pub use control::{
    ControlAction, ControlRule, ControlWhen, Join, Measured, Premise, Relation, RuleAction,
    SimpleControl, SolvedStatus, Test,
};
pub use friction::Friction;
pub use tank::{Mixing, Shape, Tank};

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
    /// Rule-based controls, in the order of the file.
    pub rules: Vec<ControlRule>,
    /// How often the rules are looked at, beside the end of every step.
    pub rule_step: RuleStep,
    /// Node ids to positions.
    pub node_index: BTreeMap<String, NodeIndex>,
    /// Link ids to positions.
    pub link_index: BTreeMap<String, LinkIndex>,
    /// Pressure-driven demand: nothing is delivered below `minimum`, all above `required`.
    pub pressure_driven: PressureDriven,
    /// Is the whole demand delivered whatever the pressure (EPANET's DDA)? Plants say no.
    pub demand_driven: bool,
    /// What the roughness of pipes means.
    pub friction: Friction,
    /// What is in the pipes.
    pub liquid: Liquid,
    /// Chlorine coefficients of the `[REACTIONS]` section.
    pub reactions: Reactions,
}

/// Time between two looks at the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleStep(pub Span);

impl Default for RuleStep {
    /// EPANET's: a tenth of its usual hydraulic step of an hour.
    fn default() -> Self {
        Self(Span::minutes(6))
    }
}

/// The liquid in the pipes, relative to water and chlorine at 20 °C.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Liquid {
    /// Kinematic viscosity over that of water: friction by Darcy–Weisbach and wall decay.
    pub viscosity: f64,
    /// Molecular diffusivity over that of chlorine: wall decay.
    pub diffusivity: f64,
}

impl Default for Liquid {
    fn default() -> Self {
        Self { viscosity: 1.0, diffusivity: 1.0 }
    }
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
#[derive(Debug, Clone, Copy, PartialEq, Default)]
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
    /// A pipe.
    Pipe {
        /// Length.
        length: Length,
        /// Inner diameter.
        diameter: Length,
        /// As `Network::friction` says: a C, a height in m or Manning's n.
        roughness: f64,
        /// Minor loss coefficient.
        minor_loss: f64,
        /// Lets water through in one direction only.
        check_valve: bool,
    },
    /// A pump.
    Pump {
        /// What it adds to the head.
        lift: Lift,
        /// Relative speed at the start.
        speed: f64,
        /// What it makes of its current.
        efficiency: Efficiency,
    },
    /// A valve.
    Valve {
        /// What it regulates.
        kind: ValveKind,
        /// Diameter.
        diameter: Length,
        /// PRV, PSV and PBV: pressure head, m; FCV: m³/s; TCV: loss coefficient; PCV: how far it
        /// is open, %; GPV: nothing.
        setting: f64,
        /// Minor loss coefficient when fully open.
        minor_loss: f64,
        /// GPV: head loss, m, by flow, m³/s. PCV: share of the flow coefficient of a fully open
        /// valve, %, by how far it is open, %; none: in proportion. Others: none.
        curve: Vec<(f64, f64)>,
    },
}

/// What a pump adds to the head.
#[derive(Debug, Clone, PartialEq)]
pub enum Lift {
    /// Points (flow, head), flow rising; one point means EPANET's standard curve through it.
    Curve(Vec<(Flow, Length)>),
    /// Always this power goes into the water, whatever the flow.
    Power(Power),
}

impl Lift {
    /// What such a pump usually makes of its current.
    pub fn usual_efficiency(&self) -> Efficiency {
        match self {
            Self::Curve(curve) => Efficiency::usual(curve),
            Self::Power(_) => Efficiency::usual(&[]),
        }
    }
}

/// EPANET's valve kinds.
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
    /// Pressure breaker.
    Pbv,
    /// General purpose: a curve says what it loses.
    Gpv,
    /// Positional control: a curve says what it lets through.
    Pcv,
}

impl ValveKind {
    /// EPANET's word for each.
    pub const CHOICES: [(&'static str, Self); 7] = [
        ("PRV", Self::Prv),
        ("PSV", Self::Psv),
        ("FCV", Self::Fcv),
        ("TCV", Self::Tcv),
        ("PBV", Self::Pbv),
        ("GPV", Self::Gpv),
        ("PCV", Self::Pcv),
    ];

    /// EPANET's word for it.
    pub fn word(self) -> &'static str {
        Self::CHOICES.iter().find(|(_, kind)| *kind == self).map_or("TCV", |(word, _)| word)
    }

    /// May it stand beside a tank or a reservoir?
    pub fn may_touch_a_tank(self) -> bool {
        !matches!(self, Self::Prv | Self::Psv | Self::Fcv)
    }
}

/// Open or closed, as ordered (a check valve or an active regulator is `Open`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkStatus {
    /// Water may pass; a valve regulates.
    Open,
    /// Shut or switched off.
    Closed,
    /// Of a valve: out of work and wide open (EPANET's `OPEN`).
    WideOpen,
}

impl LinkStatus {
    /// What a link of this kind becomes when it is opened by a word, without a setting: a valve
    /// stops regulating, but for one that only has a curve.
    pub fn opened(kind: &LinkKind) -> Self {
        match kind {
            LinkKind::Valve { kind, .. } if *kind != ValveKind::Gpv => Self::WideOpen,
            _ => Self::Open,
        }
    }
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
