//! Kinds that happen to the raw water.

use super::super::names::Names;
use super::Part;
use crate::base::problem::Table;
use crate::scenario::injection::{InjectionKind, SourceEvent};

pub const PART: Part =
    Part { kinds: &[("raw-storm", raw_storm)], keys: &["peak_ntu", "rise_h", "recession_h"] };

fn raw_storm(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let peak = table.number_in("peak_ntu", 0.0..=50_000.0);
    let rise = table.number_in("rise_h", 0.01..=240.0);
    let recession = table.number_in("recession_h", 0.01..=240.0);
    Some(InjectionKind::Source(SourceEvent::RawStorm {
        peak_ntu: peak?.into_inner(),
        rise_h: rise?.into_inner(),
        recession_h: recession?.into_inner(),
    }))
}
