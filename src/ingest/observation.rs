//! A reading as the monitor has accepted it.

use serde::{Deserialize, Serialize};

use crate::base::lab_result::LabResult;
use crate::base::{Flag, PlantId, QualityTests, Stamp, TagId};
use crate::plant::tags::{SiteIndex, TagIndex};
use crate::telemetry::wire::Ticket;

/// Position of a plant in the monitor's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PlantIndex(pub usize);

/// One reading, in order, once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Which plant.
    pub plant: PlantIndex,
    /// Which instrument of it.
    pub tag: TagIndex,
    /// The instrument's clock: rules run on this.
    pub observed_at: Stamp,
    /// The monitor's clock: staleness runs on this.
    pub received_at: Stamp,
    /// In the tag's unit; meaningless when `flag` is `Missing`.
    pub value: f64,
    /// How far it can be trusted: the instrument's own opinion, and intake's; once the rules have
    /// seen it, that of the tests of signal quality too.
    pub flag: Flag,
    /// The tests that found something; none when the flag is the instrument's own opinion.
    pub tests: QualityTests,
}

/// What intake noticed besides readings: data quality, not alarms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IngestEvent {
    /// When, on the monitor's clock.
    pub at: Stamp,
    /// The plant, when it is one of ours.
    pub plant: Option<PlantId>,
    /// What; its word and its fields stand beside the others in JSON.
    #[serde(flatten)]
    pub what: IngestChange,
}

/// What intake noticed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum IngestChange {
    /// A gateway started or came back.
    Online {
        /// Its boot.
        boot_id: u64,
    },
    /// A gateway said goodbye, or its will came.
    Offline {
        /// Its boot.
        boot_id: u64,
    },
    /// A gateway started anew with a clock behind what its last boot had said. An exercise has then
    /// begun again, and is watched afresh; a real plant's readings are older than what is known,
    /// and wait until its clock is set.
    ClockBack {
        /// The new boot.
        boot_id: u64,
        /// The latest that the old boot had said.
        from: Stamp,
        /// What the new one says.
        to: Stamp,
        /// Is the plant real? Then nothing begins again.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        real: bool,
    },
    /// Messages `from..=to` of a boot never came within the lateness bound.
    Gap {
        /// Its boot.
        boot_id: u64,
        /// First missing number.
        from: u64,
        /// Last missing number.
        to: u64,
    },
    /// A message of a gap came after it had been given up; its readings are kept, flagged suspect,
    /// and the rules do not go back for them.
    Late {
        /// Its boot.
        boot_id: u64,
        /// Its number.
        seq: u64,
    },
    /// Messages that were not accepted, since the last such event; one example is kept.
    Refused {
        /// Why, a stable word such as `too-large`, `not-json`, `unknown-plant`, `wrong-topic`.
        reason: String,
        /// How many.
        count: u64,
        /// Topic of the first of them, shortened.
        topic: String,
        /// Beginning of its payload, made printable.
        sample: String,
        /// What exactly was wrong with it.
        detail: String,
    },
    /// A tag of the birth that the plant's files do not name, or describe otherwise.
    TagMismatch {
        /// The tag.
        tag: TagId,
        /// What differs.
        detail: String,
    },
}

/// A complaint that came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketEvent {
    /// When, on the monitor's clock.
    pub at: Stamp,
    /// The plant whose people complain.
    pub plant: PlantId,
    /// Its number among the plant's tickets.
    pub n: u64,
    /// The complaint.
    #[serde(flatten)]
    pub ticket: Ticket,
}

/// A laboratory result that came in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabEvent {
    /// When, on the monitor's clock.
    pub at: Stamp,
    /// The plant whose water it is.
    pub plant: PlantId,
    /// Its number among the plant's results.
    pub n: u64,
    /// It came too long after its report: the rules do not go back for it.
    pub late: bool,
    /// The result.
    #[serde(flatten)]
    pub result: LabResult,
}

/// A laboratory result of a site of ours, for the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteResult {
    /// Which plant.
    pub plant: PlantIndex,
    /// Which site of it.
    pub site: SiteIndex,
    /// The result.
    pub result: LabResult,
}
