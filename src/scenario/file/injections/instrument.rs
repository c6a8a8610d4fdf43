//! Kinds that happen to an instrument.

use super::super::names::Names;
use super::{Part, silence};
use crate::base::Span;
use crate::base::problem::{Spanned, Table};
use crate::base::units::Unit;
use crate::plant::tags::Tag;
use crate::scenario::injection::{InjectionKind, InstrumentFault, Ramp, RampShape, foreign_units};

pub const PART: Part = Part {
    kinds: &[
        ("instrument-sample-loss", sample_loss),
        ("instrument-slow", slow),
        ("instrument-fouling", fouling),
        ("instrument-drift", drift),
        ("instrument-bias", bias),
        ("instrument-percent", percent),
        ("instrument-calibration", calibration),
        ("instrument-noise", noise),
        ("instrument-spikes", spikes),
        ("instrument-bubbles", bubbles),
        ("instrument-clip", clip),
        ("instrument-stuck", stuck),
        ("instrument-stuck-at", stuck_at),
        ("instrument-wrong-unit", wrong_unit),
        ("instrument-dropout", dropout),
        ("instrument-burst-loss", burst_loss),
        ("instrument-battery-low", battery_low),
        ("instrument-clock-skew", clock_skew),
        ("instrument-clock-drift", clock_drift),
        ("instrument-duplicate", duplicate),
        ("instrument-late", late),
        ("instrument-swapped", swapped),
    ],
    keys: &[
        "target",
        "percent",
        "decay_h",
        "lag_s",
        "clean_every_h",
        "by_percent",
        "gain_percent",
        "ramp_min",
        "ramp",
        "as",
        "mean_readings",
        "lasts_h",
        "by_s",
        "per_day_s",
        "with",
    ],
};

/// Stems of keys that end with the unit of the tag's quantity.
const STEMS: [&str; 8] = ["per_day", "by", "offset", "spread", "up_to", "low", "high", "at"];

/// A day, in seconds: no clock is off by more, no reading later.
const DAY_S: f64 = 86_400.0;

/// A year, in hours.
const YEAR_H: f64 = 8_766.0;

fn sample_loss(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = sampling_tag(table, names);
    let decay = hours(table, "decay_h")?;
    fault(tag?, InstrumentFault::SampleLineLoss { decay })
}

fn slow(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names);
    let lag = seconds(table, "lag_s", 1.0)?;
    fault(tag?, InstrumentFault::SlowResponse { lag })
}

fn fouling(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = sampling_tag(table, names);
    let clean_every = hours(table, "clean_every_h");
    let per_day = in_unit_of(tag?, table, "per_day")?;
    fault(tag?, InstrumentFault::Fouling { per_day, clean_every: clean_every? })
}

fn drift(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names)?;
    fault(tag, InstrumentFault::Drift { per_day: in_unit_of(tag, table, "per_day")? })
}

fn bias(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let ramp = ramp(table);
    let tag = tag(table, names)?;
    fault(tag, InstrumentFault::Bias { by: in_unit_of(tag, table, "by")?, ramp: ramp? })
}

fn percent(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let ramp = ramp(table);
    let tag = tag(table, names);
    let gain = table.number_in("by_percent", -100.0..=900.0)?.into_inner() / 100.0;
    fault(tag?, InstrumentFault::Calibration { gain, offset: 0.0, ramp: ramp? })
}

fn calibration(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let ramp = ramp(table);
    let gain = table.number_in("gain_percent", -100.0..=900.0);
    let tag = tag(table, names)?;
    let offset = in_unit_of(tag, table, "offset")?;
    let gain = gain?.into_inner() / 100.0;
    fault(tag, InstrumentFault::Calibration { gain, offset, ramp: ramp? })
}

fn noise(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let ramp = ramp(table);
    let tag = tag(table, names)?;
    let spread = above_zero(tag, table, "spread")?;
    fault(tag, InstrumentFault::Noise { spread, ramp: ramp? })
}

fn spikes(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let share = share(table);
    let tag = tag(table, names)?;
    let up_to = above_zero(tag, table, "up_to")?;
    fault(tag, InstrumentFault::Spikes { share: share?, up_to })
}

fn bubbles(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let share = share(table);
    let tag = sampling_tag(table, names)?;
    let up_to = above_zero(tag, table, "up_to")?;
    fault(tag, InstrumentFault::Bubbles { share: share?, up_to })
}

fn clip(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names)?;
    let low = opt_in_unit_of(tag, table, "low");
    let high = opt_in_unit_of(tag, table, "high");
    match (low.as_ref(), high.as_ref()) {
        (None, None) => {
            let unit = tag.quantity.measured_in();
            let help = format!("give `{}`, `{}`, or both", unit.key("low"), unit.key("high"));
            table.add_with_help(table.span(), "nothing is clipped", help);
            return None;
        }
        (Some(low), Some(high)) if low.get_ref() >= high.get_ref() => {
            table.add(high.span(), "the upper end must lie above the lower one");
            return None;
        }
        _ => {}
    }
    let (low, high) = (low.map(Spanned::into_inner), high.map(Spanned::into_inner));
    fault(tag, InstrumentFault::Clip { low, high })
}

fn stuck(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    fault(tag(table, names)?, InstrumentFault::Stuck)
}

fn stuck_at(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names)?;
    fault(tag, InstrumentFault::StuckAt { value: in_unit_of(tag, table, "at")? })
}

fn wrong_unit(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names);
    let Some(tag) = tag else {
        table.has("as");
        return None;
    };
    let units = foreign_units(tag.quantity);
    if units.is_empty() {
        table.has("as");
        let text = format!("{} is measured in no other unit", tag.quantity.name());
        table.add(table.span(), text);
        return None;
    }
    let (factor, offset) = table.choice("as", units)?.into_inner();
    fault(tag, InstrumentFault::WrongUnit { factor, offset })
}

fn dropout(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names);
    let share = share(table)?;
    fault(tag?, InstrumentFault::Dropout { share })
}

fn burst_loss(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names);
    // Losing nearly all in rows would need rows of good readings shorter than one.
    let share = table.number_in("percent", 0.1..=50.0);
    let mean = table.number_in("mean_readings", 1.0..=10_000.0)?.into_inner();
    let share = share?.into_inner() / 100.0;
    fault(tag?, InstrumentFault::BurstLoss { share, mean })
}

fn battery_low(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names);
    let lasts = hours(table, "lasts_h")?;
    fault(tag?, InstrumentFault::BatteryLow { lasts })
}

fn clock_skew(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names);
    let by = seconds(table, "by_s", -DAY_S)?;
    fault(tag?, InstrumentFault::ClockSkew { by })
}

fn clock_drift(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names);
    let per_day = seconds(table, "per_day_s", -DAY_S / 2.0)?;
    fault(tag?, InstrumentFault::ClockDrift { per_day })
}

fn duplicate(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names);
    let share = share(table)?;
    fault(tag?, InstrumentFault::Duplicate { share })
}

fn late(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names);
    let share = share(table);
    let by = seconds(table, "by_s", 1.0)?;
    fault(tag?, InstrumentFault::Late { share: share?, by })
}

fn swapped(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let tag = tag(table, names);
    let name = table.text("with")?;
    let (tag, other) = (tag?, names.tag(table, &name)?);
    if other.id == tag.id {
        table.add(name.span(), "an instrument cannot change places with itself");
        return None;
    }
    if other.quantity != tag.quantity {
        let text = format!(
            "{} measures {}, {} measures {}",
            tag.id,
            tag.quantity.name(),
            other.id,
            other.quantity.name()
        );
        let help = "only instruments of one quantity can change places";
        table.add_with_help(name.span(), text, help);
        return None;
    }
    fault(tag, InstrumentFault::Swapped { with: other.id.clone() })
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

/// A target through which sampled water flows.
fn sampling_tag<'p>(table: &Table<'_>, names: &Names<'p>) -> Option<&'p Tag> {
    let tag = tag(table, names)?;
    if !tag.quantity.needs_sample() {
        silence(table, unit_keys());
        let text =
            format!("{} measures {}: no sample flows through it", tag.id, tag.quantity.name());
        table.add(table.key_span("target").unwrap_or_else(|| table.span()), text);
    }
    tag.quantity.needs_sample().then_some(tag)
}

fn share(table: &Table<'_>) -> Option<f64> {
    Some(table.number_in("percent", 0.0..=100.0)?.into_inner() / 100.0)
}

fn hours(table: &Table<'_>, key: &str) -> Option<Span> {
    let hours = table.number_in(key, 0.01..=YEAR_H)?.into_inner();
    Some(Span::from_seconds_f64(hours * 3_600.0))
}

fn seconds(table: &Table<'_>, key: &str, least: f64) -> Option<Span> {
    Some(Span::from_seconds_f64(table.number_in(key, least..=DAY_S)?.into_inner()))
}

/// All of the fault at once, unless `ramp_min` says otherwise.
fn ramp(table: &Table<'_>) -> Option<Ramp> {
    let shapes = [
        ("linear", RampShape::Linear),
        ("exponential", RampShape::Exponential),
        ("smooth", RampShape::Smooth),
    ];
    let shape = table.opt_choice("ramp", &shapes);
    if !table.has("ramp_min") {
        if let Some(shape) = shape {
            let help = "say with `ramp_min` how long it takes";
            table.add_with_help(shape.span(), "a ramp takes time", help);
            return None;
        }
        return (!table.has("ramp")).then_some(Ramp::STEP);
    }
    let minutes = table.number_in("ramp_min", 0.0..=YEAR_H * 60.0)?.into_inner();
    let over = Span::from_seconds_f64(minutes * 60.0);
    let shape = shape.map_or(RampShape::Linear, Spanned::into_inner);
    Some(Ramp { shape, over })
}

/// A number in the unit of the tag's quantity. Errors: missing, or in another unit.
pub fn in_unit_of(tag: &Tag, table: &Table<'_>, stem: &str) -> Option<f64> {
    let own = tag.quantity.measured_in();
    let clean = refuse_foreign(tag, table, stem);
    clean.then(|| table.number(&own.key(stem))).flatten().map(Spanned::into_inner)
}

/// The same, and it must be above zero.
fn above_zero(tag: &Tag, table: &Table<'_>, stem: &str) -> Option<f64> {
    let value = in_unit_of(tag, table, stem)?;
    if value <= 0.0 {
        let key = tag.quantity.measured_in().key(stem);
        let span = table.key_span(&key).unwrap_or_else(|| table.span());
        table.add(span, format!("`{key}` = {value} must be above 0"));
    }
    (value > 0.0).then_some(value)
}

/// The same; none when it is left out.
fn opt_in_unit_of(tag: &Tag, table: &Table<'_>, stem: &str) -> Option<Spanned<f64>> {
    let own = tag.quantity.measured_in();
    let clean = refuse_foreign(tag, table, stem);
    clean.then(|| table.opt_number(&own.key(stem))).flatten()
}

fn refuse_foreign(tag: &Tag, table: &Table<'_>, stem: &str) -> bool {
    let own = tag.quantity.measured_in();
    let foreign = Unit::ALL.into_iter().filter(|unit| *unit != own);
    table.refuse_units(stem, (tag.quantity.name(), own), foreign)
}

/// Keys that end with a unit, in any unit.
pub fn unit_keys() -> impl Iterator<Item = String> {
    Unit::ALL.into_iter().flat_map(|unit| STEMS.map(|stem| unit.key(stem)))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::super::tests::{kind, read};
    use super::*;
    use crate::base::TagId;

    /// What `keys` do to the chlorine analyser.
    fn fault(keys: &str) -> InstrumentFault {
        let kind = kind(&format!("target = \"AIT-1\"\nkind = \"instrument-{keys}"));
        let InjectionKind::Instrument { tag, fault } = kind else {
            panic!("{keys} is an instrument fault");
        };
        assert_eq!(tag, TagId::new("AIT-1").expect("an id"));
        fault
    }

    #[test]
    fn every_fault_of_the_sample_and_the_sensor_is_read() {
        use InstrumentFault as F;
        let (ramp, over) = (Ramp::STEP, Span::HOUR);
        let percent = F::Calibration { gain: -0.2, offset: 0.0, ramp };
        let smooth = Ramp { shape: RampShape::Smooth, over };
        let cases = [
            ("sample-loss\"\ndecay_h = 2", F::SampleLineLoss { decay: Span::hours(2) }),
            ("slow\"\nlag_s = 600", F::SlowResponse { lag: Span::minutes(10) }),
            (
                "fouling\"\nper_day_mg_per_l = -0.1\nclean_every_h = 48",
                F::Fouling { per_day: -0.1, clean_every: Span::hours(48) },
            ),
            ("drift\"\nper_day_mg_per_l = -0.1", F::Drift { per_day: -0.1 }),
            ("bias\"\nby_mg_per_l = 0.2", F::Bias { by: 0.2, ramp }),
            (
                "bias\"\nby_mg_per_l = 0.2\nramp_min = 60",
                F::Bias { by: 0.2, ramp: Ramp { shape: RampShape::Linear, over } },
            ),
            ("percent\"\nby_percent = -20", percent),
            (
                "calibration\"\ngain_percent = 10\noffset_mg_per_l = -0.05\nramp_min = 60\n\
                 ramp = \"smooth\"",
                F::Calibration { gain: 0.1, offset: -0.05, ramp: smooth },
            ),
            ("noise\"\nspread_mg_per_l = 0.1", F::Noise { spread: 0.1, ramp }),
            ("spikes\"\npercent = 1\nup_to_mg_per_l = 1", F::Spikes { share: 0.01, up_to: 1.0 }),
            ("bubbles\"\npercent = 5\nup_to_mg_per_l = 2", F::Bubbles { share: 0.05, up_to: 2.0 }),
            ("clip\"\nhigh_mg_per_l = 1", F::Clip { low: None, high: Some(1.0) }),
        ];
        for (keys, wanted) in cases {
            assert_eq!(fault(keys), wanted, "{keys}");
        }
    }

    #[test]
    fn every_fault_of_the_display_and_the_way_is_read() {
        use InstrumentFault as F;
        let cases = [
            ("stuck\"", F::Stuck),
            ("stuck-at\"\nat_mg_per_l = 0", F::StuckAt { value: 0.0 }),
            ("wrong-unit\"\nas = \"ug/L\"", F::WrongUnit { factor: 1_000.0, offset: 0.0 }),
            ("dropout\"\npercent = 30", F::Dropout { share: 0.3 }),
            (
                "burst-loss\"\npercent = 20\nmean_readings = 5",
                F::BurstLoss { share: 0.2, mean: 5.0 },
            ),
            ("battery-low\"\nlasts_h = 24", F::BatteryLow { lasts: Span::hours(24) }),
            ("clock-skew\"\nby_s = -90", F::ClockSkew { by: Span::seconds(-90) }),
            ("clock-drift\"\nper_day_s = 20", F::ClockDrift { per_day: Span::seconds(20) }),
            ("duplicate\"\npercent = 10", F::Duplicate { share: 0.1 }),
            ("late\"\npercent = 10\nby_s = 90", F::Late { share: 0.1, by: Span::seconds(90) }),
        ];
        for (keys, wanted) in cases {
            assert_eq!(fault(keys), wanted, "{keys}");
        }
    }

    #[test]
    fn every_mistake_comes_with_its_way_out() {
        let cases = [
            "target = \"PT-1\"\nkind = \"instrument-sample-loss\"\ndecay_h = 1",
            "target = \"AIT-1\"\nkind = \"instrument-bubbles\"\npercent = 101\nup_to_ntu = 1",
            "target = \"AIT-1\"\nkind = \"instrument-noise\"\nspread_mg_per_l = 0",
            "target = \"AIT-1\"\nkind = \"instrument-clip\"",
            "target = \"AIT-1\"\nkind = \"instrument-clip\"\nlow_mg_per_l = 3\nhigh_mg_per_l = 2",
            "target = \"AIT-1\"\nkind = \"instrument-clip\"\nlow_mg_per_l = \"a\"\n\
             high_mg_per_l = 2",
            "target = \"AIT-1\"\nkind = \"instrument-burst-loss\"\npercent = 90\nmean_readings = 2",
            "target = \"AIT-1\"\nkind = \"instrument-wrong-unit\"\nas = \"ppm\"",
            "target = \"AIT-1\"\nkind = \"instrument-swapped\"\nwith = \"AIT-1\"",
            "target = \"AIT-1\"\nkind = \"instrument-swapped\"\nwith = \"PT-1\"",
            "target = \"AIT-1\"\nkind = \"instrument-swapped\"\nwith = \"PT-2\"",
            "target = \"AIT-1\"\nkind = \"instrument-percent\"\nby_percent = 90\nramp = \"linear\"",
            "target = \"AIT-1\"\nkind = \"instrument-drift\"\nper_day_mg_per_l = 1\nramp_min = 60",
            "target = \"AIT-9\"\nkind = \"instrument-bubbles\"\npercent = 1\nup_to_mg_per_l = 1",
        ];
        let mut text = String::new();
        for (at, case) in cases.iter().enumerate() {
            let _ = writeln!(text, "[[inject]]\nid = \"f{at}\"\nat_min = 0\n{case}\n");
        }
        insta::assert_snapshot!(read(&text).expect_err("mistakes").render(false));
    }
}
