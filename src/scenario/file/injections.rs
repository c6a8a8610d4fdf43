//! Reads the `[[inject]]` tables of a scenario.

use crate::base::Stamp;
use crate::base::ids::InjectionId;
use crate::base::problem::{Spanned, Table};
use crate::base::units::Unit;
use crate::plant::tags::Tag;
use crate::scenario::injection::{Injection, InjectionKind, InstrumentFault};

use super::names::Names;
use super::{MINUTES, Run};

/// What could be read of one `[[inject]]`.
pub struct Found {
    /// Its id.
    pub id: Option<Spanned<InjectionId>>,
    /// When it starts.
    pub from: Option<Stamp>,
    /// All of it; none when something is wrong with it.
    pub injection: Option<Injection>,
}

/// The kinds, as files write them.
#[derive(Clone, Copy)]
enum Kind {
    PumpTrip,
    PumpWear,
    DosingNoFlow,
    DosingSet,
    Burst,
    Demand,
    RawStorm,
    Condition,
    GatewaySilence,
    Stuck,
    Drift,
    Bias,
    Dropout,
}

const KINDS: [(&str, Kind); 13] = [
    ("pump-trip", Kind::PumpTrip),
    ("pump-wear", Kind::PumpWear),
    ("dosing-no-flow", Kind::DosingNoFlow),
    ("dosing-set", Kind::DosingSet),
    ("burst", Kind::Burst),
    ("demand", Kind::Demand),
    ("raw-storm", Kind::RawStorm),
    ("condition", Kind::Condition),
    ("gateway-silence", Kind::GatewaySilence),
    ("instrument-stuck", Kind::Stuck),
    ("instrument-drift", Kind::Drift),
    ("instrument-bias", Kind::Bias),
    ("instrument-dropout", Kind::Dropout),
];

/// Keys that belong to some kind; silenced when the kind is not known.
const KIND_KEYS: [&str; 12] = [
    "target",
    "head_percent",
    "keep_signal",
    "dose_mg_per_l",
    "m3_per_h_at_20_m",
    "village",
    "factor",
    "peak_ntu",
    "rise_h",
    "recession_h",
    "to",
    "percent",
];

/// Reads every `[[inject]]`; without a run (its own mistakes are noted) no time can be checked.
pub fn read_injections(table: &Table<'_>, names: &Names<'_>, run: Option<Run>) -> Vec<Found> {
    let mut list: Vec<Found> = Vec::new();
    for table in table.tables("inject") {
        let found = read_injection(&table, names, run);
        if let Some(id) = &found.id {
            let same = list.iter().filter_map(|other| other.id.as_ref()).find(|o| *o == id);
            if let Some(first) = same {
                let (line, _) = table.source().line_col(first.span().start);
                let text = format!("{:?} is already the id of line {line}", id.get_ref().as_str());
                table.add_with_help(id.span(), text, "each injection needs an id of its own");
            }
        }
        list.push(found);
    }
    list
}

fn read_injection(table: &Table<'_>, names: &Names<'_>, run: Option<Run>) -> Found {
    let id = table.parse("id", InjectionId::new);
    let at = table.number_in("at_min", MINUTES);
    let until = table.opt_number("until_min");
    if let Some(at) = &at {
        check_times(table, at, until.as_ref(), run);
    }
    let from = at.as_ref().zip(run).map(|(at, run)| run.at_min(*at.get_ref()));
    let until = until.zip(run).map(|(until, run)| run.at_min(*until.get_ref()));
    let kind = table.choice("kind", &KINDS);
    if kind.is_none() {
        silence(table, KIND_KEYS.into_iter().map(str::to_owned).chain(all_fault_keys()));
    }
    let kind = kind.and_then(|kind| read_kind(table, names, kind.into_inner()));
    let injection = id.as_ref().zip(from).zip(kind).map(|((id, from), kind)| Injection {
        id: id.get_ref().clone(),
        from,
        until,
        kind,
    });
    Found { id, from, injection }
}

fn check_times(
    table: &Table<'_>,
    at: &Spanned<f64>,
    until: Option<&Spanned<f64>>,
    run: Option<Run>,
) {
    let from = *at.get_ref();
    if let Some(run) = run.filter(|run| run.at_min(from) >= run.end()) {
        let text = format!("`at_min` = {from} does not lie within the run");
        let help = format!("the run lasts {}", run.duration);
        table.add_with_help(at.span(), text, help);
    }
    if let Some(until) = until.filter(|until| *until.get_ref() <= from) {
        let text = format!("`until_min` = {} must lie after `at_min` = {from}", until.get_ref());
        table.add(until.span(), text);
    }
}

fn read_kind(table: &Table<'_>, names: &Names<'_>, kind: Kind) -> Option<InjectionKind> {
    match kind {
        Kind::PumpTrip => {
            let pump = names.pump(table, &table.text("target")?)?;
            Some(InjectionKind::PumpTrip { pump })
        }
        Kind::PumpWear => {
            let pump = table.text("target").and_then(|name| names.pump(table, &name));
            let percent = table.number_in("head_percent", 30.0..=100.0)?.into_inner();
            Some(InjectionKind::PumpWear { pump: pump?, head_share: percent / 100.0 })
        }
        Kind::DosingNoFlow => {
            let pump = table.text("target").and_then(|name| names.dosing_pump(table, &name));
            let keep_signal = table.opt_bool("keep_signal").is_some_and(Spanned::into_inner);
            pump.map(|()| InjectionKind::DosingNoFlow { keep_signal })
        }
        Kind::DosingSet => {
            let pump = table.text("target").and_then(|name| names.dosing_pump(table, &name));
            let dose_mg_per_l = table.number_in("dose_mg_per_l", 0.0..=20.0)?.into_inner();
            pump.map(|()| InjectionKind::DosingSet { dose_mg_per_l })
        }
        Kind::Burst => {
            let node = table.text("target").and_then(|name| names.junction(table, &name));
            let m3_per_h_at_20_m = table.number_in("m3_per_h_at_20_m", 0.01..=5_000.0)?;
            let m3_per_h_at_20_m = m3_per_h_at_20_m.into_inner();
            Some(InjectionKind::Burst { node: node?, m3_per_h_at_20_m })
        }
        Kind::Demand => {
            let named = table.opt_text("village");
            let village = named.as_ref().and_then(|name| names.village(table, name));
            let factor = table.number_in("factor", 0.0..=10.0)?.into_inner();
            let is_complete = named.is_none() || village.is_some();
            is_complete.then_some(InjectionKind::Demand { village, factor })
        }
        Kind::RawStorm => {
            let peak = table.number_in("peak_ntu", 0.0..=50_000.0);
            let rise = table.number_in("rise_h", 0.01..=240.0);
            let recession = table.number_in("recession_h", 0.01..=240.0);
            Some(InjectionKind::RawStorm {
                peak_ntu: peak?.into_inner(),
                rise_h: rise?.into_inner(),
                recession_h: recession?.into_inner(),
            })
        }
        Kind::Condition => {
            let to = names.condition(table, &table.text("to")?)?;
            Some(InjectionKind::Condition { to })
        }
        Kind::GatewaySilence => Some(InjectionKind::GatewaySilence),
        Kind::Stuck | Kind::Drift | Kind::Bias | Kind::Dropout => {
            read_instrument_fault(table, names, kind)
        }
    }
}

fn read_instrument_fault(
    table: &Table<'_>,
    names: &Names<'_>,
    kind: Kind,
) -> Option<InjectionKind> {
    let tag = table.text("target").and_then(|name| names.tag(table, &name));
    if tag.is_none() {
        silence(table, all_fault_keys());
    }
    let fault = match kind {
        Kind::Drift => InstrumentFault::Drift { per_day: in_unit_of(tag?, table, "per_day")? },
        Kind::Bias => InstrumentFault::Bias { by: in_unit_of(tag?, table, "by")? },
        Kind::Dropout => {
            let percent = table.number_in("percent", 0.0..=100.0)?;
            InstrumentFault::Dropout { share: percent.into_inner() / 100.0 }
        }
        _ => InstrumentFault::Stuck,
    };
    Some(InjectionKind::Instrument { tag: tag?.id.clone(), fault })
}

/// Counts keys as asked for, so that they are not reported beside the mistake they hang on.
fn silence(table: &Table<'_>, keys: impl Iterator<Item = String>) {
    for key in keys {
        table.has(&key);
    }
}

/// A number in the unit of the tag's quantity. Errors: missing, or in another unit.
fn in_unit_of(tag: &Tag, table: &Table<'_>, stem: &str) -> Option<f64> {
    let own = tag.quantity.measured_in();
    let foreign = Unit::ALL.into_iter().filter(|unit| *unit != own);
    let clean = table.refuse_units(stem, tag.quantity, foreign);
    clean.then(|| table.number(&own.key(stem))).flatten().map(Spanned::into_inner)
}

/// Keys of drift and bias, in any unit.
fn all_fault_keys() -> impl Iterator<Item = String> {
    Unit::ALL.into_iter().flat_map(|unit| ["per_day", "by"].map(|stem| unit.key(stem)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::problem::{Problems, Source};
    use crate::base::{Span, TagId};
    use crate::plant::network::{LinkIndex, NodeIndex};
    use crate::plant::sample;
    use crate::scenario::{Scenario, load};

    fn read(injections: &str) -> Result<Scenario, Problems> {
        let head = "title = { en = \"A\", zh = \"甲\" }\nplant = \"small\"\n\
                    start = 2024-12-05T08:00:00+08:00\nduration_h = 24\nseed = 1\n";
        let source = Source::new("s.toml", format!("{head}{injections}"));
        load(&source, &[Arc::new(sample::plant())])
    }

    fn kind(keys: &str) -> InjectionKind {
        let text = format!("[[inject]]\nid = \"a\"\nat_min = 0\n{keys}\n");
        let mut scenario = read(&text).expect("no mistake");
        scenario.injections.remove(0).kind
    }

    #[test]
    fn every_kind_is_read() {
        let pump = LinkIndex(1);
        let trip = kind("kind = \"pump-trip\"\ntarget = \"P-1\"");
        assert_eq!(trip, InjectionKind::PumpTrip { pump });
        let wear = kind("kind = \"pump-wear\"\ntarget = \"P-1\"\nhead_percent = 75");
        assert_eq!(wear, InjectionKind::PumpWear { pump, head_share: 0.75 });
        let no_flow = kind("kind = \"dosing-no-flow\"\ntarget = \"DP-1\"");
        assert_eq!(no_flow, InjectionKind::DosingNoFlow { keep_signal: false });
        let set = kind("kind = \"dosing-set\"\ntarget = \"DP-1\"\ndose_mg_per_l = 3.5");
        assert_eq!(set, InjectionKind::DosingSet { dose_mg_per_l: 3.5 });
        let burst = kind("kind = \"burst\"\ntarget = \"J-1\"\nm3_per_h_at_20_m = 25");
        let wanted = InjectionKind::Burst { node: NodeIndex(2), m3_per_h_at_20_m: 25.0 };
        assert_eq!(burst, wanted);
        let all = kind("kind = \"demand\"\nfactor = 1.5");
        assert_eq!(all, InjectionKind::Demand { village: None, factor: 1.5 });
        let storm = kind("kind = \"raw-storm\"\npeak_ntu = 600\nrise_h = 2\nrecession_h = 24");
        let wanted = InjectionKind::RawStorm { peak_ntu: 600.0, rise_h: 2.0, recession_h: 24.0 };
        assert_eq!(storm, wanted);
        let renewed = kind("kind = \"condition\"\nto = \"renewed\"");
        assert_eq!(renewed, InjectionKind::Condition { to: 2 });
        assert_eq!(kind("kind = \"gateway-silence\""), InjectionKind::GatewaySilence);
    }

    #[test]
    fn every_instrument_fault_is_read_in_the_unit_of_its_tag() {
        let fault = |keys: &str| {
            let InjectionKind::Instrument { tag, fault } = kind(keys) else {
                panic!("{keys} is an instrument fault");
            };
            assert_eq!(tag, TagId::new("AIT-1").expect("an id"));
            fault
        };
        let target = "\ntarget = \"AIT-1\"\n";
        assert_eq!(fault(&format!("kind = \"instrument-stuck\"{target}")), InstrumentFault::Stuck);
        assert_eq!(
            fault(&format!("kind = \"instrument-drift\"{target}per_day_mg_per_l = -0.1")),
            InstrumentFault::Drift { per_day: -0.1 }
        );
        assert_eq!(
            fault(&format!("kind = \"instrument-bias\"{target}by_mg_per_l = 0.2")),
            InstrumentFault::Bias { by: 0.2 }
        );
        assert_eq!(
            fault(&format!("kind = \"instrument-dropout\"{target}percent = 30")),
            InstrumentFault::Dropout { share: 0.3 }
        );
    }

    #[test]
    fn an_injection_without_end_lasts_for_good() {
        let scenario = read("[[inject]]\nid = \"a\"\nat_min = 1439\nkind = \"gateway-silence\"\n")
            .expect("no mistake");
        assert!(scenario.injections[0].is_active(scenario.end() + Span::DAY));
    }

    #[test]
    fn unknown_targets_name_the_nearest_and_every_mistake_comes_at_once() {
        let text = r#"
[[inject]]
id = "a"
at_min = 10
until_min = 10
kind = "pump-trip"
target = "P1"

[[inject]]
id = "a"
at_min = 1440
kind = "burst"
target = "J-2x"
m3_per_h_at_20_m = 0

[[inject]]
id = "c"
at_min = -1
kind = "dosing-set"
target = "DP-2"
dose_mg_per_l = "3"

[[inject]]
id = "d"
at_min = 0
kind = "instrument-drift"
target = "AIT-1"
per_day_ntu = 0.1

[[inject]]
id = "e f"
at_min = 0
kind = "instrument-bias"
target = "AIT-9"
by_mg_per_l = 0.1

[[inject]]
id = "g"
at_min = 0
kind = "demant"
village = "x"
factor = 2

[[inject]]
id = "h"
at_min = 0
kind = "condition"
to = "new"
"#;
        insta::assert_snapshot!(read(text).expect_err("mistakes").render(false));
    }
}
