//! What happens to an alarm; the ledger keeps these.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::{PlantId, RuleId, Stamp, TagId};
use crate::inspection::finding::Why;

/// Computed, never drawn: plant, rule, tag (or `plant`), and which occurrence it is, from 1 (0: a
/// person has set aside an alarm that was never raised).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AlarmId {
    /// The plant.
    pub plant: PlantId,
    /// The rule.
    pub rule: RuleId,
    /// The instrument; none when the rule watches the plant.
    pub tag: Option<TagId>,
    /// Which occurrence, from 1.
    pub n: u64,
}

/// `plant/rule/tag/n`.
impl fmt::Display for AlarmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tag = self.tag.as_ref().map_or("plant", TagId::as_str);
        write!(f, "{}/{}/{tag}/{}", self.plant, self.rule, self.n)
    }
}

/// One change of one alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmEvent {
    /// Which alarm.
    pub id: AlarmId,
    /// Event time of the change.
    pub at: Stamp,
    /// What changed.
    pub change: AlarmChange,
    /// The state after it.
    pub state: AlarmState,
    /// How urgent.
    pub priority: Priority,
    /// Since when the condition holds, while it does.
    pub since: Option<Stamp>,
    /// Rule's title in English.
    pub title: String,
    /// Rule's source and its mark, such as `GB 5749-2022 table 2 [S7]`.
    pub source: String,
    /// Values, limit, window.
    pub why: Why,
    /// Who did it and why, for changes made by a person.
    pub by: Option<By>,
}

/// Who changed an alarm, and the reason given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// The person.
    pub name: String,
    /// The reason, where one is asked for.
    pub reason: String,
}

/// What can happen to an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmChange {
    /// The condition has held for the on-delay.
    Raised,
    /// The condition has been gone for the off-delay.
    Cleared,
    /// A person has seen it.
    Acknowledged,
    /// It stands unanswered too long, or is raised again while latched: it asks again.
    ReAlarmed,
    /// A latched alarm was reset by a person.
    Reset,
    /// Set aside by a person for a time.
    Shelved,
    /// Back from the shelf, by a person or because the time is over.
    Unshelved,
    /// Suppressed by design (a parent alarm, a state of the plant).
    Suppressed,
    /// No longer suppressed.
    Unsuppressed,
    /// Taken out of service.
    RemovedFromService,
    /// Back in service.
    ReturnedToService,
    /// There is nothing to judge by any more; the alarm keeps its state.
    NoData,
    /// There are values again.
    DataBack,
}

/// States of the ISA-18.2 diagram, A to I.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmState {
    /// A
    Normal,
    /// B: active, nobody has answered.
    Unacknowledged,
    /// C: active, answered.
    Acknowledged,
    /// D: gone before anybody answered.
    ReturnedUnacknowledged,
    /// E: gone, latched, nobody has answered.
    LatchedUnacknowledged,
    /// F: gone, latched, answered; waits for a reset.
    LatchedAcknowledged,
    /// G: set aside by a person for a time.
    Shelved,
    /// H: suppressed by design.
    SuppressedByDesign,
    /// I: out of service.
    OutOfService,
}

impl AlarmState {
    /// Does it ask for attention now: active, and not kept silent (B and C)?
    pub fn is_active(self) -> bool {
        matches!(self, Self::Unacknowledged | Self::Acknowledged)
    }
}

/// Priority of an alarm; about 80 / 15 / 5 % of alarms in a healthy system `[S44c]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// Answer within the shift.
    Low,
    /// Answer within the hour.
    Medium,
    /// Answer at once.
    High,
}
