//! Kinds that happen to the treatment.

use super::super::names::Names;
use super::Part;
use crate::base::problem::{Spanned, Table};
use crate::scenario::injection::{InjectionKind, WorksEvent};

pub const PART: Part = Part {
    kinds: &[("dosing-no-flow", dosing_no_flow), ("dosing-set", dosing_set)],
    keys: &["target", "keep_signal", "dose_mg_per_l"],
};

fn dosing_no_flow(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let pump = table.text("target").and_then(|name| names.dosing_pump(table, &name));
    let keep_signal = table.opt_bool("keep_signal").is_some_and(Spanned::into_inner);
    pump.map(|()| InjectionKind::Works(WorksEvent::DosingNoFlow { keep_signal }))
}

fn dosing_set(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let pump = table.text("target").and_then(|name| names.dosing_pump(table, &name));
    let dose_mg_per_l = table.number_in("dose_mg_per_l", 0.0..=20.0)?.into_inner();
    pump.map(|()| InjectionKind::Works(WorksEvent::DosingSet { dose_mg_per_l }))
}
