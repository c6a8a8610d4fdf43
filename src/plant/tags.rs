//! Instruments as their tags say: what, where, in which range and how often.
//!
//! The monitor sees `Tag` only; `Place` and `Behaviour` belong to the simulated instrument.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::ids::VillageId;
pub use crate::base::sampling::SamplingPoint;
use crate::base::units::Quantity;
use crate::base::{Span, TagId, Text};
use crate::plant::network::{LinkIndex, NodeIndex};

/// Position of a tag in its plant's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TagIndex(pub usize);

/// Position of a sampling site in its plant's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SiteIndex(pub usize);

/// A sampling site (采样点): where people take samples for the laboratory.
#[derive(Debug, Clone)]
pub struct Site {
    /// Its name, which no instrument has: alarms are about either.
    pub id: TagId,
    /// What a person calls it.
    pub title: Text,
    /// Which water is drawn there.
    pub point: SamplingPoint,
    /// The village whose taps it stands for, if any.
    pub village: Option<VillageId>,
}

/// What anybody may know of an instrument.
#[derive(Debug, Clone)]
pub struct Tag {
    /// Its tag, such as `AIT-301`.
    pub id: TagId,
    /// What a person calls it.
    pub title: Text,
    /// What it measures; fixes the unit of its values.
    pub quantity: Quantity,
    /// Which water it looks at.
    pub point: SamplingPoint,
    /// Lowest and highest value it can show, in the quantity's unit.
    pub range: (f64, f64),
    /// How often it is read.
    pub poll: Span,
    /// The village whose taps it stands for, if any.
    pub village: Option<VillageId>,
    /// Storeys above the instrument that its pressure must serve (the village's), if any.
    pub storeys: Option<u32>,
    /// How far the highest house it stands for lies above the instrument, m.
    pub rise_m: f64,
    /// Does it count the water that leaves the plant or enters a village at night?
    pub night_flow: Option<NightFlow>,
}

/// What is normal at night for a flow meter (minimum night flow, 夜间最小流量).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NightFlow {
    /// Usual minimum, m³/h.
    pub usual_m3_per_h: f64,
}

/// A simulated instrument: its tag, where it sits, how it behaves.
#[derive(Debug, Clone)]
pub struct Instrument {
    /// What anybody may know.
    pub tag: Arc<Tag>,
    /// What it touches.
    pub place: Place,
    /// How it turns the truth into a reading.
    pub behaviour: Behaviour,
    /// The station whose battery it lives on: position in `Plant::stations`.
    pub station: Option<usize>,
}

/// What an instrument touches; with the quantity it picks one value of the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A node: pressure, level (tanks), or the quality of its water.
    Node(NodeIndex),
    /// A link: flow, state (1 when a pump runs), energy.
    Link(LinkIndex),
    /// Raw water at the intake: what is in it, its flow, the level of the source.
    Raw,
    /// The coagulant's pump: state.
    CoagulantPump,
    /// The drum of coagulant: level.
    CoagulantStock,
    /// Between sedimentation and filters: turbidity.
    Settled,
    /// The filters: head loss of the dirtiest, as a level.
    Filters,
    /// Behind the filters: turbidity, flow.
    Filtered,
    /// The dosing pump: state (its run signal).
    DosingPump,
    /// The drum of disinfectant: level.
    DosingStock,
    /// The mains: state, 1 when they are there.
    Mains,
    /// The generator: state, 1 when it carries the plant.
    Generator,
    /// The battery of the station at this position of `Plant::stations`: voltage.
    StationBattery(usize),
}

/// How an instrument turns the truth into a reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Behaviour {
    /// Smallest step of its display, in the quantity's unit.
    pub resolution: f64,
    /// Standard deviation of its noise, in the quantity's unit.
    pub noise: f64,
    /// Standard deviation of its noise as a share of the value.
    pub noise_share: f64,
    /// Time constant of its first-order lag; zero for none.
    pub lag: Span,
}
