//! Kinds that happen to the state of wear.

use super::super::names::Names;
use super::Part;
use crate::base::problem::Table;
use crate::scenario::injection::{AssetEvent, InjectionKind};

pub const PART: Part = Part { kinds: &[("condition", condition)], keys: &["to"] };

fn condition(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let to = names.condition(table, &table.text("to")?)?;
    Some(InjectionKind::Assets(AssetEvent::Condition { to }))
}
