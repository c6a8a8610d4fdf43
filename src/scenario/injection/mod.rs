//! What a scenario does to the plant: who, what, from when to when.
//!
//! One file per part of the plant; a new kind is a variant there, a reader in
//! `scenario::file::injections` and its effect where that part lives.

mod assets;
mod claim;
mod gateway;
mod instrument;
mod laboratory;
mod network;
mod people;
mod power;
mod source;
mod station;
mod works;

use serde::{Deserialize, Serialize};

use crate::base::analyte::Analyte;
use crate::base::ids::InjectionId;
use crate::base::{Stamp, TagId};

pub use assets::{AssetEvent, WearFrom};
pub use claim::{Contradiction, contradiction, other_substance};
pub use gateway::GatewayEvent;
pub use instrument::{InstrumentFault, Ramp, RampShape, foreign_units};
pub use laboratory::LaboratoryEvent;
pub use network::{ForeignWater, NetworkEvent, Switch};
pub use people::{CalendarEvent, PeopleEvent};
pub use power::PowerEvent;
pub use source::{Pollution, SourceEvent};
pub use station::StationEvent;
pub use works::WorksEvent;

/// Something that happens to the plant; start inclusive, end exclusive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Injection {
    /// Its name in the scenario.
    pub id: InjectionId,
    /// From then on.
    pub from: Stamp,
    /// Until then (repair); for good when absent.
    pub until: Option<Stamp>,
    /// What happens.
    pub kind: InjectionKind,
}

impl Injection {
    /// Is it in force at `now`?
    pub fn is_active(&self, now: Stamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }

    /// Ends it at `now`, unless it is over by then.
    pub fn end_at(&mut self, now: Stamp) {
        self.until = Some(self.until.map_or(now, |until| until.min(now)));
    }
}

impl InjectionKind {
    /// Can it begin while a run goes on? The laboratory knows from the start what will befall it,
    /// and foreign water comes by a pipe that the network has from the start.
    pub fn may_come_midway(&self) -> bool {
        let foreign = matches!(
            self,
            Self::Network(NetworkEvent::CrossConnection { .. } | NetworkEvent::Intrusion { .. })
        );
        !foreign && !matches!(self, Self::Laboratory(_))
    }

    /// The dissolved substance that it brings; all that happen in one run bring the same.
    pub fn substance(&self) -> Option<Analyte> {
        match self {
            Self::Source(SourceEvent::RawSubstance { analyte, .. }) => Some(*analyte),
            _ => None,
        }
    }

    /// The part of the plant that it happens to, as files of exercises and pages call it.
    pub fn part(&self) -> &'static str {
        match self {
            Self::Source(_) => "source",
            Self::Works(_) => "works",
            Self::Network(_) => "network",
            Self::Assets(_) => "assets",
            Self::Power(_) => "power",
            Self::People(_) => "people",
            Self::Station(_) => "station",
            Self::Gateway(_) => "gateway",
            Self::Laboratory(_) => "laboratory",
            Self::Instrument { .. } => "instrument",
        }
    }
}

/// What happens, by the part of the plant it happens to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InjectionKind {
    /// To the raw water.
    Source(SourceEvent),
    /// To the treatment.
    Works(WorksEvent),
    /// To pipes, pumps, valves and tanks.
    Network(NetworkEvent),
    /// To the state of wear.
    Assets(AssetEvent),
    /// To the power supply.
    Power(PowerEvent),
    /// To what people want.
    People(PeopleEvent),
    /// To remote stations on battery and sun.
    Station(StationEvent),
    /// To the gateway and its link.
    Gateway(GatewayEvent),
    /// To samples, and to who takes and analyses them.
    Laboratory(LaboratoryEvent),
    /// To an instrument.
    Instrument {
        /// Which.
        tag: TagId,
        /// How.
        fault: InstrumentFault,
    },
}
