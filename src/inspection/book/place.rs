//! Where what is wrong with a rule stands: at the value, not at the rule's name.

use std::ops::Range;

use super::{InspectionRule, Kind, Place};
use crate::base::problem::{Problem, Problems, find_value};
use crate::plant::tags::Tag;

impl Place {
    /// Where a value stands in the table that this is the place of (of its id); the place itself
    /// when there is no such value. `path`: keys, and numbers of items, from 0; what ends in `_`
    /// stands for the first key that begins so.
    pub fn of(&self, path: &[&str]) -> Range<usize> {
        find_value(&self.source, &self.span, path).unwrap_or_else(|| self.span.clone())
    }

    /// Notes a mistake at the value that one of some paths leads to: at the first that is there.
    pub fn add<'p>(
        &self,
        paths: &[&[&str]],
        text: String,
        problems: &'p mut Problems,
    ) -> &'p mut Problem {
        let found = paths.iter().find_map(|path| find_value(&self.source, &self.span, path));
        problems.add(&self.source, found.unwrap_or_else(|| self.span.clone()), text)
    }
}

/// The key of the limit that a rule holds an instrument against.
pub(super) fn limit_key(rule: &InspectionRule, tag: &Tag) -> &'static str {
    match (&rule.kind, tag.storeys) {
        (Kind::ServicePressure(_), Some(1)) => "head_1_storey_m",
        (Kind::ServicePressure(_), Some(2)) => "head_2_storeys_m",
        (Kind::ServicePressure(_), _) => "head_further_storey_m",
        (Kind::NightFlow(_) | Kind::NoDraw(_), _) => "usual_times",
        (Kind::Limit(limit), _) => limit.side.stem(),
        _ => "id",
    }
}
