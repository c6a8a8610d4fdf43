//! What must and must not follow from a scenario, in absolute times.

use std::ops::Range;

use crate::base::alarm::{AlarmChange, FloodChange};
use crate::base::complaint::{Channel, Problem};
use crate::base::ids::VillageId;
use crate::base::limit::Limit;
use crate::base::{RuleId, Span, Stamp, TagId};
use crate::plant::network::LinkIndex;

/// One `[[expect]]` of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// `file:line`, for messages.
    pub place: String,
    /// Which alarm.
    pub alarm: AlarmName,
    /// What it must do.
    pub wanted: Wanted,
}

/// One `[[expect]]` about complaints.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketExpectation {
    /// `file:line`, for messages.
    pub place: String,
    /// What people complain about.
    pub problem: Problem,
    /// Where; none stands for any village.
    pub village: Option<VillageId>,
    /// By which way; none stands for any.
    pub channel: Option<Channel>,
    /// How many there must be at least in the time.
    pub at_least: u32,
    /// How many there may be at most, if that matters.
    pub at_most: Option<u32>,
    /// From then on, by the time they are filed.
    pub from: Stamp,
    /// Until then.
    pub until: Stamp,
}

/// One `[[expect]]` about floods of alarms.
#[derive(Debug, Clone, PartialEq)]
pub struct FloodExpectation {
    /// `file:line`, for messages.
    pub place: String,
    /// What a flood must do.
    pub change: FloodChange,
    /// The alarm it must have begun with; none stands for any.
    pub first_out: Option<AlarmName>,
    /// How many there must be at least in the time.
    pub at_least: u32,
    /// How many there may be at most, if that matters.
    pub at_most: Option<u32>,
    /// From then on.
    pub from: Stamp,
    /// Until then.
    pub until: Stamp,
}

/// One `[[expect]]` about the energy a pump takes for the water it lifts.
#[derive(Debug, Clone, PartialEq)]
pub struct EnergyExpectation {
    /// `file:line`, for messages.
    pub place: String,
    /// The pump.
    pub pump: LinkIndex,
    /// Its name.
    pub name: String,
    /// Least mean energy in the time, kWh for each m³.
    pub at_least: f64,
    /// Most of it, perhaps infinite.
    pub at_most: f64,
    /// From then on.
    pub from: Stamp,
    /// Until then.
    pub until: Stamp,
}

/// One `[[expect]]` about the limits of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitExpectation {
    /// `file:line`, for messages.
    pub place: String,
    /// What is outside; none stands for anything.
    pub limit: Option<Limit>,
    /// Must it not be?
    pub never: bool,
    /// At some moment from then on.
    pub from: Stamp,
    /// Until then.
    pub until: Stamp,
}

/// An alarm as a scenario names it: a rule, and a tag unless any will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmName {
    /// The rule; whether there is such a rule, the caller knows.
    pub rule: RuleId,
    /// Where the file names the rule, in bytes.
    pub rule_span: Range<usize>,
    /// The instrument; none stands for any, and for the plant as a whole.
    pub tag: Option<TagId>,
}

impl AlarmName {
    /// Does it mean the alarm of `rule` at `tag` (none: at the plant as a whole)?
    pub fn covers(&self, rule: &RuleId, tag: Option<&TagId>) -> bool {
        self.rule == *rule && (self.tag.is_none() || self.tag.as_ref() == tag)
    }
}

/// What an alarm must do.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// It must change so often; `never` is at most 0 times.
    Counted(Count),
    /// It must change within a window of time. One expectation is one change: a second alarm of
    /// the same name needs an expectation of its own, or an `[[allow]]`.
    Seen(Window),
}

/// How often an alarm must change in a time, both ends included.
#[derive(Debug, Clone, PartialEq)]
pub struct Count {
    /// What it must do.
    pub change: AlarmChange,
    /// At least so often.
    pub at_least: u32,
    /// At most so often, if that matters.
    pub at_most: Option<u32>,
    /// From then on; by default from the start.
    pub from: Stamp,
    /// Until then; by default until the end.
    pub until: Stamp,
}

/// When an alarm must change, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// What it must do.
    pub change: AlarmChange,
    /// Which such change after `since`, by time: 1 is the first.
    pub occurrence: usize,
    /// What its minutes count from: the start of an injection, or of the scenario.
    pub since: Stamp,
    /// Not before this moment.
    pub earliest: Stamp,
    /// At this moment at the latest.
    pub latest: Stamp,
    /// At the latest this long after the truth at the alarm's tag has crossed the rule's limit.
    pub within_rule: Option<Span>,
    /// Before this other alarm does the same as often.
    pub before: Option<AlarmName>,
    /// The alarm that it must belong to as its cause.
    pub cause: Option<AlarmName>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_tag_covers_every_tag_and_the_plant() {
        let rule = |id| RuleId::new(id).expect("an id");
        let tag = |id| TagId::new(id).expect("an id");
        let any = AlarmName { rule: rule("flat-line"), rule_span: 0..0, tag: None };
        assert!(any.covers(&rule("flat-line"), Some(&tag("LT-1"))));
        assert!(any.covers(&rule("flat-line"), None));
        assert!(!any.covers(&rule("tag-silent"), None));
        let one = AlarmName { tag: Some(tag("LT-1")), ..any };
        assert!(one.covers(&rule("flat-line"), Some(&tag("LT-1"))));
        assert!(!one.covers(&rule("flat-line"), Some(&tag("LT-2"))));
        assert!(!one.covers(&rule("flat-line"), None));
    }
}
