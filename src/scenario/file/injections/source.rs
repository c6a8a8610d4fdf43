//! Kinds that happen to the raw water.

use super::super::names::Names;
use super::Part;
use crate::base::analyte::Analyte;
use crate::base::problem::{Spanned, Table};
use crate::base::units::Unit;
use crate::scenario::injection::{InjectionKind, Pollution, SourceEvent};

pub const PART: Part = Part {
    kinds: &[
        ("raw-storm", raw_storm),
        ("algae-bloom", algae_bloom),
        ("ammonia-event", ammonia_event),
        ("raw-pollution", raw_pollution),
        ("raw-substance", raw_substance),
        ("drought", drought),
        ("weather", weather),
    ],
    keys: &[
        "peak_ntu",
        "rise_h",
        "recession_h",
        "rise_d",
        "recession_d",
        "algae_million_per_l",
        "turbidity_ntu",
        "peak_mg_per_l",
        "conductivity_us_per_cm",
        "codmn_mg_per_l",
        "ammonia_mg_per_l",
        "manganese_mg_per_l",
        "analyte",
        "by_mg_per_l",
        "by_bq_per_l",
        "yield_percent",
        "falls_d",
    ],
};

fn raw_storm(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let peak = table.number_in("peak_ntu", 0.0..=50_000.0);
    let (rise, recession) = hours(table);
    happens(SourceEvent::RawStorm {
        peak_ntu: peak?.into_inner(),
        rise_h: rise?,
        recession_h: recession?,
    })
}

fn algae_bloom(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let algae = table.number_in("algae_million_per_l", 0.0..=10_000.0);
    let turbidity = table.number_in("turbidity_ntu", 0.0..=1_000.0);
    let rise = table.number_in("rise_d", 0.1..=200.0);
    let recession = table.number_in("recession_d", 0.1..=200.0);
    happens(SourceEvent::AlgaeBloom {
        million_per_l: algae?.into_inner(),
        turbidity_ntu: turbidity?.into_inner(),
        rise_d: rise?.into_inner(),
        recession_d: recession?.into_inner(),
    })
}

fn ammonia_event(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let peak = table.number_in("peak_mg_per_l", 0.0..=100.0);
    let (rise, recession) = hours(table);
    happens(SourceEvent::AmmoniaEvent {
        peak_mg_per_l: peak?.into_inner(),
        rise_h: rise?,
        recession_h: recession?,
    })
}

fn raw_pollution(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let keys = [
        ("conductivity_us_per_cm", 100_000.0),
        ("codmn_mg_per_l", 1_000.0),
        ("ammonia_mg_per_l", 100.0),
        ("manganese_mg_per_l", 100.0),
    ];
    let adds = keys.map(|(key, most)| table.opt_number_in(key, 0.0..=most));
    let (rise, recession) = hours(table);
    if !keys.iter().any(|(key, _)| table.has(key)) {
        let help = "give at least one of `conductivity_us_per_cm`, `codmn_mg_per_l`, \
                    `ammonia_mg_per_l`, `manganese_mg_per_l`";
        table.add_with_help(table.span(), "the pollution adds nothing", help);
        return None;
    }
    let complete = adds.iter().zip(keys).all(|(add, (key, _))| add.is_some() || !table.has(key));
    let [conductivity, codmn, ammonia, manganese] =
        adds.map(|add| add.map_or(0.0, Spanned::into_inner));
    let peak = Pollution {
        conductivity_us_per_cm: conductivity,
        codmn_mg_per_l: codmn,
        ammonia_mg_per_l: ammonia,
        manganese_mg_per_l: manganese,
    };
    let event = SourceEvent::RawPollution { peak, rise_h: rise?, recession_h: recession? };
    complete.then(|| happens(event)).flatten()
}

fn raw_substance(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let choices = Analyte::DISSOLVED.map(|analyte| (analyte.name(), analyte));
    let analyte = table.choice("analyte", &choices).map(Spanned::into_inner);
    if analyte.is_none() {
        // In which unit it is said nobody knows.
        for analyte in Analyte::DISSOLVED {
            table.has(&analyte.measured_in().key("by"));
        }
    }
    let peak = analyte.and_then(|analyte| amount_of(analyte, table));
    let (rise, recession) = hours(table);
    happens(SourceEvent::RawSubstance {
        analyte: analyte?,
        peak: peak?,
        rise_h: rise?,
        recession_h: recession?,
    })
}

/// How much of it comes, in its unit.
fn amount_of(analyte: Analyte, table: &Table<'_>) -> Option<f64> {
    let own = analyte.measured_in();
    let others = Unit::ALL.into_iter().filter(|unit| *unit != own);
    let clean = table.refuse_units("by", (analyte.spoken(), own), others);
    let amount = clean.then(|| table.number_in(&own.key("by"), 0.0..=analyte.highest()));
    amount.flatten().map(Spanned::into_inner)
}

fn drought(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let left = table.number_in("yield_percent", 0.0..=100.0);
    let falls = table.number_in("falls_d", 0.1..=200.0);
    happens(SourceEvent::Drought {
        yield_share: left?.into_inner() / 100.0,
        falls_d: falls?.into_inner(),
    })
}

fn weather(_table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    happens(SourceEvent::Weather)
}

#[expect(clippy::unnecessary_wraps, reason = "what every reader gives")]
fn happens(event: SourceEvent) -> Option<InjectionKind> {
    Some(InjectionKind::Source(event))
}

/// Hours of the rise and of the recession.
fn hours(table: &Table<'_>) -> (Option<f64>, Option<f64>) {
    let hours = |key| table.number_in(key, 0.01..=240.0).map(Spanned::into_inner);
    (hours("rise_h"), hours("recession_h"))
}
