//! Kinds that happen to the treatment.

use super::super::names::Names;
use super::Part;
use crate::base::problem::{Spanned, Table};
use crate::scenario::injection::{InjectionKind, WorksEvent};

pub const PART: Part = Part {
    kinds: &[
        ("intake-clogged", intake_clogged),
        ("coagulant-off", coagulant_off),
        ("coagulant-set", coagulant_set),
        ("coagulant-no-flow", coagulant_no_flow),
        ("coagulant-stroke", coagulant_stroke),
        ("coagulant-drum", coagulant_drum),
        ("filter-wash", filter_wash),
        ("filter-leak", filter_leak),
        ("dosing-no-flow", dosing_no_flow),
        ("dosing-set", dosing_set),
        ("dosing-drum", dosing_drum),
        ("dosing-weak", dosing_weak),
    ],
    keys: &["target", "keep_signal", "dose_mg_per_l", "percent", "filter", "factor"],
};

fn intake_clogged(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    happens(WorksEvent::IntakeClogged { share: share(table)? })
}

fn coagulant_off(_table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    happens(WorksEvent::CoagulantOff)
}

fn coagulant_set(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let dose_mg_per_l = table.number_in("dose_mg_per_l", 0.0..=200.0)?.into_inner();
    happens(WorksEvent::CoagulantSet { dose_mg_per_l })
}

fn coagulant_no_flow(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let keep_signal = table.opt_bool("keep_signal").is_some_and(Spanned::into_inner);
    happens(WorksEvent::CoagulantNoFlow { keep_signal })
}

fn coagulant_stroke(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let share = table.number_in("percent", 0.0..=1_000.0)?.into_inner() / 100.0;
    happens(WorksEvent::CoagulantStroke { share })
}

fn coagulant_drum(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    happens(WorksEvent::CoagulantDrum { share: share(table)? })
}

fn filter_wash(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let number = table.integer_in("filter", 1..=64)?;
    let count = names.filters()?;
    let filter = usize::try_from(*number.get_ref()).ok()?;
    if filter > count {
        let text = format!("there is no filter {filter}: the works has {count}");
        table.add(number.span(), text);
        return None;
    }
    happens(WorksEvent::FilterWash { filter })
}

fn filter_leak(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let factor = table.number_in("factor", 1.0..=1_000.0)?.into_inner();
    happens(WorksEvent::FilterLeak { factor })
}

fn dosing_no_flow(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let keep_signal = table.opt_bool("keep_signal").is_some_and(Spanned::into_inner);
    dosing_pump(table, names)?;
    happens(WorksEvent::DosingNoFlow { keep_signal })
}

fn dosing_set(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let pump = dosing_pump(table, names);
    let dose_mg_per_l = table.number_in("dose_mg_per_l", 0.0..=20.0)?.into_inner();
    pump.and_then(|()| happens(WorksEvent::DosingSet { dose_mg_per_l }))
}

fn dosing_drum(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let pump = dosing_pump(table, names);
    let share = share(table)?;
    pump.and_then(|()| happens(WorksEvent::DosingDrum { share }))
}

fn dosing_weak(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let pump = dosing_pump(table, names);
    let share = share(table)?;
    pump.and_then(|()| happens(WorksEvent::DosingWeak { share }))
}

#[expect(clippy::unnecessary_wraps, reason = "what every reader gives")]
fn happens(event: WorksEvent) -> Option<InjectionKind> {
    Some(InjectionKind::Works(event))
}

fn dosing_pump(table: &Table<'_>, names: &Names<'_>) -> Option<()> {
    table.text("target").and_then(|name| names.dosing_pump(table, &name))
}

fn share(table: &Table<'_>) -> Option<f64> {
    Some(table.number_in("percent", 0.0..=100.0)?.into_inner() / 100.0)
}
