//! What happens to pipes, pumps, valves and tanks.

use serde::{Deserialize, Serialize};

use crate::base::Span;
use crate::plant::network::{LinkIndex, LinkKind, Network, NodeIndex, ValveKind};

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
    /// A leak that grows, slowly and straight on, from nothing at its start (漏损).
    Leak {
        /// Where.
        node: NodeIndex,
        /// What it grows by in a day: water lost at 20 m of pressure, m³/h.
        per_day_m3_per_h_at_20_m: f64,
    },
    /// A valve is left shut (误关): nothing passes through this pipe or valve.
    ValveShut {
        /// A pipe, with or without a check valve, or a valve.
        link: LinkIndex,
    },
    /// Somebody switches a pump by hand.
    PumpSwitch {
        /// The pump.
        pump: LinkIndex,
        /// How.
        to: Switch,
    },
    /// Somebody opens or closes a valve; open, it does again what the controls want of it.
    ValveTurn {
        /// A pipe, with or without a check valve, or a valve.
        link: LinkIndex,
        /// Open?
        open: bool,
    },
    /// A pressure-reducing valve fails (减压阀失效).
    PrvFailure {
        /// The valve.
        valve: LinkIndex,
        /// Pressure head it now keeps behind it; stuck open when none.
        stuck_at_m: Option<f64>,
    },
    /// Water by the hour (分时供水): these valves are shut but for some hours of each day.
    Rationing {
        /// Where the villages hang on the network.
        valves: Vec<LinkIndex>,
        /// From when to when there is water, as local times of day.
        open: Vec<(Span, Span)>,
    },
    /// Somebody's own water is connected to the mains (交叉连接): it flows in wherever and as long
    /// as they have less pressure, and nothing flows back.
    CrossConnection {
        /// Where.
        node: NodeIndex,
        /// Pressure head of that water, m above the node.
        pressure_m: f64,
        /// What it carries.
        water: ForeignWater,
    },
    /// A hole in a pipe below the water of the ground (外水渗入): it leaks as a burst does, and
    /// lets that water in wherever and as long as the pipe has less pressure.
    Intrusion {
        /// Where.
        node: NodeIndex,
        /// What passes at a difference of 20 m, m³/h, either way; follows its root.
        m3_per_h_at_20_m: f64,
        /// How high that water stands, m above the node.
        groundwater_m: f64,
        /// What it carries.
        water: ForeignWater,
    },
}

/// How a pump is switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Switch {
    /// It runs, whatever the controls say.
    On,
    /// It stands, whatever the controls say.
    Off,
    /// The controls say whether it runs.
    Auto,
}

impl Switch {
    /// The kind of `[[inject]]` that switches a pump so.
    pub fn kind(self) -> &'static str {
        match self {
            Self::On => "pump-start",
            Self::Off => "pump-stop",
            Self::Auto => "pump-auto",
        }
    }
}

/// Water that is not the works', and has no disinfectant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ForeignWater {
    /// NTU.
    pub turbidity_ntu: f64,
    /// µS/cm.
    pub conductivity_us_per_cm: f64,
    /// E. coli in 100 mL.
    pub e_coli_per_100_ml: f64,
}

impl NetworkEvent {
    /// Has `network` got what it happens to?
    pub fn fits(&self, network: &Network) -> bool {
        let kind = |link: &LinkIndex| network.links.get(link.0).map(|link| &link.kind);
        let is_pump = |link: &LinkIndex| matches!(kind(link), Some(LinkKind::Pump { .. }));
        let can_shut = |link: &LinkIndex| kind(link).is_some() && !is_pump(link);
        match self {
            Self::PumpTrip { pump }
            | Self::PumpWear { pump, .. }
            | Self::PumpSwitch { pump, .. } => is_pump(pump),
            Self::Burst { node, .. }
            | Self::Leak { node, .. }
            | Self::Intrusion { node, .. }
            | Self::CrossConnection { node, .. } => node.0 < network.nodes.len(),
            Self::ValveShut { link } | Self::ValveTurn { link, .. } => can_shut(link),
            Self::PrvFailure { valve, .. } => {
                matches!(kind(valve), Some(LinkKind::Valve { kind: ValveKind::Prv, .. }))
            }
            Self::Rationing { valves, .. } => valves.iter().all(can_shut),
        }
    }
}
