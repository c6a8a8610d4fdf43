//! What fields of faults begin with when an instructor chooses one: enough to be seen at a plant of
//! this size, and no disaster `[D]`.

use serde_json::{Value, json};

use crate::base::analyte::Analyte;
use crate::plant::Plant;
use crate::plant::tags::Tag;

/// Numbers by kind and key; a kind of `*` is any.
const NUMBERS: [(&str, &str, f64); 51] = [
    ("pump-wear", "head_percent", 80.0),
    ("burst", "m3_per_h_at_20_m", 60.0),
    ("leak", "per_day_m3_per_h_at_20_m", 2.0),
    ("intake-clogged", "percent", 50.0),
    ("coagulant-set", "dose_mg_per_l", 5.0),
    ("coagulant-stroke", "percent", 50.0),
    ("coagulant-drum", "percent", 5.0),
    ("filter-wash", "filter", 1.0),
    ("filter-leak", "factor", 10.0),
    ("dosing-set", "dose_mg_per_l", 0.5),
    ("dosing-drum", "percent", 5.0),
    ("dosing-weak", "percent", 50.0),
    ("demand", "factor", 1.5),
    ("raw-storm", "peak_ntu", 300.0),
    ("raw-storm", "rise_h", 1.0),
    ("raw-storm", "recession_h", 6.0),
    ("algae-bloom", "algae_million_per_l", 50.0),
    ("algae-bloom", "turbidity_ntu", 10.0),
    ("algae-bloom", "rise_d", 2.0),
    ("algae-bloom", "recession_d", 7.0),
    ("ammonia-event", "peak_mg_per_l", 2.0),
    ("ammonia-event", "rise_h", 1.0),
    ("ammonia-event", "recession_h", 6.0),
    ("raw-pollution", "rise_h", 1.0),
    ("raw-pollution", "recession_h", 6.0),
    ("raw-substance", "rise_h", 1.0),
    ("raw-substance", "recession_h", 6.0),
    ("drought", "yield_percent", 50.0),
    ("drought", "falls_d", 1.0),
    ("ageing", "age_years", 7.0),
    ("solar-dirty", "percent", 80.0),
    ("station-battery-worn", "percent", 40.0),
    ("link-loss", "percent", 30.0),
    ("link-delay", "delay_s", 120.0),
    ("link-duplicate", "percent", 20.0),
    ("link-reorder", "percent", 20.0),
    ("link-reorder", "by_s", 60.0),
    ("instrument-sample-loss", "decay_h", 2.0),
    ("instrument-slow", "lag_s", 600.0),
    ("instrument-fouling", "clean_every_h", 168.0),
    ("instrument-percent", "by_percent", 20.0),
    ("instrument-calibration", "gain_percent", 10.0),
    ("instrument-spikes", "percent", 5.0),
    ("instrument-bubbles", "percent", 5.0),
    ("instrument-dropout", "percent", 30.0),
    ("instrument-burst-loss", "percent", 20.0),
    ("instrument-burst-loss", "mean_readings", 5.0),
    ("instrument-battery-low", "lasts_h", 2.0),
    ("instrument-clock-skew", "by_s", 600.0),
    ("instrument-clock-drift", "per_day_s", 600.0),
    ("instrument-duplicate", "percent", 20.0),
];

/// Share of an instrument's range by which it errs, where it errs in its own unit.
const ERRS_BY: f64 = 0.1;

/// Of a dissolved substance, in what matters of it: a few times too much.
const SUBSTANCE: f64 = 3.0;

/// What is let into the source of `analyte` to begin with, in its unit; none where there is no such
/// dissolved substance.
pub fn substance(analyte: &str) -> Option<Value> {
    let found = Analyte::DISSOLVED.into_iter().find(|it| it.name() == analyte)?;
    // 3 times 0.001 is a bit more than 0.003, and 1350 has three figures.
    let value: f64 = format!("{:.2e}", SUBSTANCE * found.weighty()).parse().ok()?;
    Some(json!(value))
}

/// What `key` of a fault of `kind` begins with; none: the first that may stand there.
pub fn preset(kind: &str, key: &str, target: Option<&str>, plant: &Plant) -> Option<Value> {
    let known = NUMBERS.iter().find(|(of, name, _)| *of == kind && *name == key);
    if let Some((.., number)) = known {
        return Some(json!(number));
    }
    let tag = target.and_then(|target| tag(plant, target));
    match (kind, key) {
        ("instrument-swapped", "with") => {
            let own = tag?;
            let others = plant.instruments.iter().map(|it| it.tag.as_ref());
            let other =
                others.into_iter().find(|it| it.quantity == own.quantity && it.id != own.id);
            Some(json!(other?.id.as_str()))
        }
        ("raw-substance", "analyte") => Some(json!(Analyte::Cadmium.name())),
        ("instrument-late", "percent") => Some(json!(100)),
        ("instrument-late", "by_s") => Some(json!(600)),
        ("condition", "to") => plant.conditions.first().map(|first| json!(first.name)),
        _ if kind.starts_with("instrument-") => {
            let tag = tag?;
            let own = tag.quantity.measured_in().suffix;
            let (low, high) = tag.range;
            key.ends_with(&format!("_{own}")).then(|| json!(round(ERRS_BY * (high - low))))
        }
        _ => None,
    }
}

/// Keys that may be left out, and that say what most people mean by the kind.
pub fn extras(kind: &str, plant: &Plant) -> Vec<(String, Value)> {
    let one = |key: &str, value: Value| vec![(key.to_owned(), value)];
    match kind {
        "dosing-no-flow" | "coagulant-no-flow" => one("keep_signal", json!(true)),
        "rationing" => one("open_hours", json!([6, 8, 17, 20])),
        "raw-pollution" => one("conductivity_us_per_cm", json!(500)),
        "cut-off" => {
            let first = plant.profile.villages.first();
            first.map_or_else(Vec::new, |village| one("village", json!(village.id.as_str())))
        }
        "instrument-clip" => {
            // Of the first instrument, which is the target to begin with.
            let Some(first) = plant.instruments.first() else { return Vec::new() };
            let (low, high) = first.tag.range;
            let key = first.tag.quantity.measured_in().key("high");
            vec![
                ("target".to_owned(), json!(first.tag.id.as_str())),
                (key, json!(round(low + (high - low) / 2.0))),
            ]
        }
        _ => Vec::new(),
    }
}

fn tag<'p>(plant: &'p Plant, id: &str) -> Option<&'p Tag> {
    let found = plant.instruments.iter().find(|it| it.tag.id.as_str() == id);
    found.map(|it| it.tag.as_ref())
}

/// To one figure, as people would say it.
fn round(value: f64) -> f64 {
    format!("{value:.0e}").parse().unwrap_or(value)
}
