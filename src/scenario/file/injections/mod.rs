//! Reads the `[[inject]]` tables of a scenario; the kinds of each part of the plant have a file.

mod assets;
mod contradiction;
mod gateway;
mod instrument;
mod laboratory;
mod network;
mod people;
mod power;
mod source;
mod station;
mod works;

use crate::base::Stamp;
use crate::base::ids::InjectionId;
use crate::base::problem::{Spanned, Table};
use crate::scenario::injection::{GatewayEvent, Injection, InjectionKind};

use super::names::Names;
use super::{MINUTES, Run};
pub use contradiction::check_substance;
pub use instrument::in_unit_of;

/// What could be read of one `[[inject]]`.
pub struct Found {
    /// Its id.
    pub id: Option<Spanned<InjectionId>>,
    /// When it starts.
    pub from: Option<Stamp>,
    /// All of it; none when something is wrong with it.
    pub injection: Option<Injection>,
}

/// Reads the keys of one kind; none when something is wrong with them.
type Reader = fn(&Table<'_>, &Names<'_>) -> Option<InjectionKind>;

/// The kinds of one part of the plant, each with its reader, and the keys they use.
struct Part {
    kinds: &'static [(&'static str, Reader)],
    /// Silenced when the kind is not known.
    keys: &'static [&'static str],
}

const PARTS: [Part; 10] = [
    network::PART,
    works::PART,
    people::PART,
    power::PART,
    source::PART,
    assets::PART,
    station::PART,
    gateway::PART,
    laboratory::PART,
    instrument::PART,
];

/// Every kind of `[[inject]]` that a scenario file may name, part by part.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    PARTS.iter().flat_map(|part| part.kinds).map(|(kind, _)| *kind)
}

/// Kinds that may come to a whole fleet: they name nothing of a plant.
const SHARED: [&str; 17] = [
    "raw-storm",
    "algae-bloom",
    "ammonia-event",
    "raw-pollution",
    "drought",
    "weather",
    "demand",
    "calendar",
    "overcast",
    "grid-cut",
    "gateway-silence",
    "gateway-frozen",
    "link-loss",
    "link-delay",
    "link-duplicate",
    "link-reorder",
    "link-outage",
];

/// What stands for every pump of every plant.
const EVERY_PUMP: &str = "pump-trip";

/// Reads an `[[inject]]` that comes to many plants, and whether it trips all their pumps.
pub fn read_shared(table: &Table<'_>, run: Option<Run>) -> (Found, bool) {
    for key in ["target", "village"] {
        if let Some(span) = table.key_span(key) {
            let text = format!("`{key}` belongs to one plant; this comes to every plant");
            table.add_with_help(span, text, "remove it, or choose `counties`");
        }
    }
    let all = PARTS.iter().flat_map(|part| part.kinds).copied();
    let mut kinds: Vec<_> = all.filter(|(name, _)| SHARED.contains(name)).collect();
    kinds.push((EVERY_PUMP, |_, _| Some(InjectionKind::Gateway(GatewayEvent::Silence))));
    let found = read_of_kinds(table, &Names::of(None), run, &kinds);
    (found, table.opt_text("kind").is_some_and(|kind| kind.get_ref() == EVERY_PUMP))
}

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
    contradiction::check(table, &list);
    contradiction::check_samples(table, &list);
    list
}

fn read_injection(table: &Table<'_>, names: &Names<'_>, run: Option<Run>) -> Found {
    let kinds: Vec<_> = PARTS.iter().flat_map(|part| part.kinds).copied().collect();
    read_of_kinds(table, names, run, &kinds)
}

fn read_of_kinds(
    table: &Table<'_>,
    names: &Names<'_>,
    run: Option<Run>,
    kinds: &[(&'static str, Reader)],
) -> Found {
    let id = table.parse("id", InjectionId::new);
    let at = table.number_in("at_min", MINUTES);
    let until = table.opt_number("until_min");
    if let Some(at) = &at {
        check_times(table, at, until.as_ref(), run);
    }
    let from = at.as_ref().zip(run).map(|(at, run)| run.at_min(*at.get_ref()));
    let until = until.zip(run).map(|(until, run)| run.at_min(*until.get_ref()));
    let kind = read_kind(table, names, kinds);
    let injection = id.as_ref().zip(from).zip(kind).map(|((id, from), kind)| Injection {
        id: id.get_ref().clone(),
        from,
        until,
        kind,
    });
    Found { id, from, injection }
}

/// Reads what happens, whenever it does.
fn read_kind(
    table: &Table<'_>,
    names: &Names<'_>,
    kinds: &[(&'static str, Reader)],
) -> Option<InjectionKind> {
    let reader = table.choice("kind", kinds);
    if reader.is_none() {
        let keys = PARTS.iter().flat_map(|part| part.keys).map(|key| (*key).to_owned());
        silence(table, keys.chain(instrument::unit_keys()));
    }
    reader.and_then(|reader| reader.get_ref()(table, names))
}

/// Reads an injection that waits for something: `id`, `kind` and the keys of the kind.
pub fn read_waiting(table: &Table<'_>, names: &Names<'_>, run: Option<Run>) -> Option<Injection> {
    let id = table.parse("id", InjectionId::new);
    let kind = read_at_once(table, names);
    let from = run?.start;
    Some(Injection { id: id?.into_inner(), from, until: None, kind: kind? })
}

/// Reads what can happen whenever somebody wants it: `kind` and the keys of the kind.
pub fn read_at_once(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let kinds: Vec<_> = PARTS.iter().flat_map(|part| part.kinds).copied().collect();
    let kind = read_kind(table, names, &kinds)?;
    if !kind.may_come_midway() {
        let span = table.key_span("kind").unwrap_or_else(|| table.span());
        let help = "give it a time: write it as [[inject]]";
        table.add_with_help(span, "this must be known from the start of the run", help);
    }
    Some(kind)
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

/// Counts keys as asked for, so that they are not reported beside the mistake they hang on.
fn silence(table: &Table<'_>, keys: impl Iterator<Item = String>) {
    for key in keys {
        table.has(&key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::Span;
    use crate::base::problem::{Problems, Source};
    use crate::plant::network::{LinkIndex, NodeIndex};
    use crate::plant::sample;
    use crate::scenario::injection::{
        AssetEvent, GatewayEvent, NetworkEvent, PeopleEvent, SourceEvent, WorksEvent,
    };
    use crate::scenario::{Scenario, load};

    pub fn read(injections: &str) -> Result<Scenario, Problems> {
        let head = "title = { en = \"A\", zh = \"甲\" }\nplant = \"small\"\n\
                    start = 2024-12-05T08:00:00+08:00\nduration_h = 24\nseed = 1\n";
        let source = Source::new("s.toml", format!("{head}{injections}"));
        load(&source, &[Arc::new(sample::plant())])
    }

    pub fn kind(keys: &str) -> InjectionKind {
        let text = format!("[[inject]]\nid = \"a\"\nat_min = 0\n{keys}\n");
        let mut scenario = read(&text).expect("no mistake");
        scenario.injections.remove(0).kind
    }

    #[test]
    fn every_kind_and_every_key_stands_in_the_pages_for_writers() {
        let all = include_str!("../../../docs/scenarios.md");
        let faults = include_str!("../../../docs/faults.md");
        for part in PARTS {
            let kinds = part.kinds.iter().map(|(kind, _)| *kind);
            for word in kinds.chain(part.keys.iter().copied()) {
                let is_told = [all, faults].iter().any(|page| page.contains(&format!("`{word}`")));
                assert!(is_told, "neither scenarios.md nor faults.md has {word}");
            }
        }
    }

    #[test]
    fn every_kind_is_read() {
        let pump = LinkIndex(1);
        let trip = kind("kind = \"pump-trip\"\ntarget = \"P-1\"");
        assert_eq!(trip, InjectionKind::Network(NetworkEvent::PumpTrip { pump }));
        let wear = kind("kind = \"pump-wear\"\ntarget = \"P-1\"\nhead_percent = 75");
        assert_eq!(wear, InjectionKind::Network(NetworkEvent::PumpWear { pump, head_share: 0.75 }));
        let no_flow = kind("kind = \"dosing-no-flow\"\ntarget = \"DP-1\"");
        assert_eq!(no_flow, InjectionKind::Works(WorksEvent::DosingNoFlow { keep_signal: false }));
        let set = kind("kind = \"dosing-set\"\ntarget = \"DP-1\"\ndose_mg_per_l = 3.5");
        assert_eq!(set, InjectionKind::Works(WorksEvent::DosingSet { dose_mg_per_l: 3.5 }));
        let burst = kind("kind = \"burst\"\ntarget = \"J-1\"\nm3_per_h_at_20_m = 25");
        let wanted = InjectionKind::Network(NetworkEvent::Burst {
            node: NodeIndex(2),
            m3_per_h_at_20_m: 25.0,
        });
        assert_eq!(burst, wanted);
        let all = kind("kind = \"demand\"\nfactor = 1.5");
        assert_eq!(all, InjectionKind::People(PeopleEvent::Demand { village: None, factor: 1.5 }));
        let storm = kind("kind = \"raw-storm\"\npeak_ntu = 600\nrise_h = 2\nrecession_h = 24");
        let wanted = InjectionKind::Source(SourceEvent::RawStorm {
            peak_ntu: 600.0,
            rise_h: 2.0,
            recession_h: 24.0,
        });
        assert_eq!(storm, wanted);
        let renewed = kind("kind = \"condition\"\nto = \"renewed\"");
        assert_eq!(renewed, InjectionKind::Assets(AssetEvent::Condition { to: 2 }));
        assert_eq!(
            kind("kind = \"gateway-silence\""),
            InjectionKind::Gateway(GatewayEvent::Silence)
        );
    }

    #[test]
    fn the_coagulants_pump_fails_in_the_ways_of_the_other() {
        let events = [
            (
                "coagulant-no-flow\"\nkeep_signal = true",
                WorksEvent::CoagulantNoFlow { keep_signal: true },
            ),
            ("coagulant-stroke\"\npercent = 250", WorksEvent::CoagulantStroke { share: 2.5 }),
            ("coagulant-drum\"\npercent = 5", WorksEvent::CoagulantDrum { share: 0.05 }),
        ];
        for (keys, event) in events {
            assert_eq!(kind(&format!("kind = \"{keys}")), InjectionKind::Works(event));
        }
        let beyond = |keys: &str| {
            let table = format!("[[inject]]\nid = \"a\"\nat_min = 1\nkind = \"{keys}\n");
            read(&table).expect_err("beyond its range").to_string()
        };
        for (keys, range) in [
            ("coagulant-drum\"\npercent = 101", "0 to 100"),
            ("coagulant-stroke\"\npercent = -1", "0 to 1000"),
        ] {
            let said = beyond(keys);
            assert!(said.contains("percent") && said.contains(range), "{said}");
        }
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
