//! Kinds that happen to an instrument.

use super::super::names::Names;
use super::{Part, silence};
use crate::base::problem::{Spanned, Table};
use crate::base::units::Unit;
use crate::plant::tags::Tag;
use crate::scenario::injection::{InjectionKind, InstrumentFault};

pub const PART: Part = Part {
    kinds: &[
        ("instrument-stuck", stuck),
        ("instrument-drift", drift),
        ("instrument-bias", bias),
        ("instrument-dropout", dropout),
    ],
    keys: &["target", "percent"],
};

/// Stems of keys that end with the unit of the tag's quantity.
const STEMS: [&str; 2] = ["per_day", "by"];

fn stuck(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    fault(tag(table, names)?, InstrumentFault::Stuck)
}

fn drift(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names)?;
    fault(tag, InstrumentFault::Drift { per_day: in_unit_of(tag, table, "per_day")? })
}

fn bias(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names)?;
    fault(tag, InstrumentFault::Bias { by: in_unit_of(tag, table, "by")? })
}

fn dropout(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names);
    let percent = table.number_in("percent", 0.0..=100.0)?;
    fault(tag?, InstrumentFault::Dropout { share: percent.into_inner() / 100.0 })
}

#[expect(clippy::unnecessary_wraps, reason = "what every reader gives")]
fn fault(tag: &Tag, fault: InstrumentFault) -> Option<InjectionKind> {
    Some(InjectionKind::Instrument { tag: tag.id.clone(), fault })
}

/// The target. Without it no unit is known: keys that hang on it are silenced.
fn tag<'p>(table: &Table<'_>, names: &Names<'p>) -> Option<&'p Tag> {
    let tag = table.text("target").and_then(|name| names.tag(table, &name));
    if tag.is_none() {
        silence(table, unit_keys());
    }
    tag
}

/// A number in the unit of the tag's quantity. Errors: missing, or in another unit.
fn in_unit_of(tag: &Tag, table: &Table<'_>, stem: &str) -> Option<f64> {
    let own = tag.quantity.measured_in();
    let foreign = Unit::ALL.into_iter().filter(|unit| *unit != own);
    let clean = table.refuse_units(stem, tag.quantity, foreign);
    clean.then(|| table.number(&own.key(stem))).flatten().map(Spanned::into_inner)
}

/// Keys that end with a unit, in any unit.
pub fn unit_keys() -> impl Iterator<Item = String> {
    Unit::ALL.into_iter().flat_map(|unit| STEMS.map(|stem| unit.key(stem)))
}
