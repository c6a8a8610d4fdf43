//! Kinds that happen to pipes, pumps, valves and tanks.

use super::super::names::Names;
use super::Part;
use crate::base::problem::Table;
use crate::scenario::injection::{InjectionKind, NetworkEvent};

pub const PART: Part = Part {
    kinds: &[("pump-trip", pump_trip), ("pump-wear", pump_wear), ("burst", burst)],
    keys: &["target", "head_percent", "m3_per_h_at_20_m"],
};

fn pump_trip(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let pump = names.pump(table, &table.text("target")?)?;
    Some(InjectionKind::Network(NetworkEvent::PumpTrip { pump }))
}

fn pump_wear(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let pump = table.text("target").and_then(|name| names.pump(table, &name));
    let percent = table.number_in("head_percent", 30.0..=100.0)?.into_inner();
    let head_share = percent / 100.0;
    Some(InjectionKind::Network(NetworkEvent::PumpWear { pump: pump?, head_share }))
}

fn burst(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let node = table.text("target").and_then(|name| names.junction(table, &name));
    let m3_per_h_at_20_m = table.number_in("m3_per_h_at_20_m", 0.01..=5_000.0)?;
    let m3_per_h_at_20_m = m3_per_h_at_20_m.into_inner();
    Some(InjectionKind::Network(NetworkEvent::Burst { node: node?, m3_per_h_at_20_m }))
}
