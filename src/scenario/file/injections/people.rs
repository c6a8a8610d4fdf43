//! Kinds that happen to the people and what they want.

use super::super::names::Names;
use super::Part;
use crate::base::problem::Table;
use crate::scenario::injection::{InjectionKind, PeopleEvent};

pub const PART: Part = Part { kinds: &[("demand", demand)], keys: &["village", "factor"] };

fn demand(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let named = table.opt_text("village");
    let village = named.as_ref().and_then(|name| names.village(table, name));
    let factor = table.number_in("factor", 0.0..=10.0)?.into_inner();
    let is_complete = named.is_none() || village.is_some();
    is_complete.then_some(InjectionKind::People(PeopleEvent::Demand { village, factor }))
}
