//! What happens to the people and what they want.

use serde::{Deserialize, Serialize};

use crate::base::ids::VillageId;
use crate::plant::network::NodeIndex;

/// What happens to the people and what they want.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PeopleEvent {
    /// Demand is multiplied.
    Demand {
        /// One village, or all.
        village: Option<VillageId>,
        /// By this factor, 0 to 10.
        factor: f64,
    },
    /// A day is no usual one (日历).
    Calendar {
        /// In which way.
        event: CalendarEvent,
        /// One village, or all.
        village: Option<VillageId>,
        /// How much: more demand, or households whose tap runs against frost, as a share; what
        /// is usual at the plant when none.
        share: Option<f64>,
    },
    /// Water is cut off for unpaid bills (欠费停水): nobody gets any at these taps, leaks go on.
    CutOff {
        /// Junctions with demand.
        taps: Vec<NodeIndex>,
    },
}

/// What makes a day unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CalendarEvent {
    /// A market (赶集).
    MarketDay,
    /// Harvest and planting (农忙).
    Harvest,
    /// Those who work away are at home (春节返乡).
    FestivalReturn,
    /// A hot day (高温).
    Heat,
    /// Taps run against frost (防冻长流水).
    Frost,
}

impl CalendarEvent {
    /// As files write it.
    pub const CHOICES: [(&'static str, Self); 5] = [
        ("market-day", Self::MarketDay),
        ("harvest", Self::Harvest),
        ("festival-return", Self::FestivalReturn),
        ("heat", Self::Heat),
        ("frost", Self::Frost),
    ];
}
