//! What people answer to alarms in a scenario, and when.

use crate::base::alarm::{Action, Stop};
use crate::base::ids::VillageId;
use crate::base::{Span, Stamp};
use crate::scenario::AlarmName;

/// One `[[answer]]` of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// `file:line`, for messages.
    pub place: String,
    /// Which alarm; without a tag, every alarm of the rule that has been raised by then.
    pub alarm: AlarmName,
    /// When.
    pub when: When,
    /// What.
    pub what: Action,
    /// Who.
    pub by: String,
    /// Why; may be empty where no reason is asked for.
    pub reason: String,
}

/// One `[[announce]]` of a scenario: a stop of supply that people are told of.
#[derive(Debug, Clone, PartialEq)]
pub struct Announcement {
    /// `file:line`, for messages.
    pub place: String,
    /// When it is announced.
    pub at: Stamp,
    /// From when to when there is no water.
    pub stop: Stop,
    /// Where; none: in all villages.
    pub village: Option<VillageId>,
    /// Who announces it.
    pub by: String,
    /// What for.
    pub reason: String,
}

/// When somebody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Then, once.
    At(Stamp),
    /// So long after the alarm was raised, each time.
    AfterRaised(Span),
}
