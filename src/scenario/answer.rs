//! What people answer to alarms in a scenario, and when.

use crate::base::alarm::Action;
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

/// When somebody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Then, once.
    At(Stamp),
    /// So long after the alarm was raised, each time.
    AfterRaised(Span),
}
