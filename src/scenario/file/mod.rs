//! Reads a scenario file and checks it against the plant it names; every mistake in one run.
//!
//! In: TOML text, the plants. Out: a checked `Scenario`. Must not know: which rules there are.

mod announcements;
mod answers;
mod exercise;
mod expectations;
mod fleet;
mod injections;
mod names;
mod repairs;

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::Scenario;
use super::injection::InjectionKind;
use crate::base::problem::{Listed, Problems, Source, Spanned, Table, read_toml};
use crate::base::random::Seed;
use crate::base::time::UtcOffset;
use crate::base::{Span, Stamp, Text};
use crate::plant::Plant;
use announcements::read_announcements;
use answers::read_answers;
pub use exercise::{ask_exercise, ask_fault, load_exercise, read_fault};
use expectations::{read_allowed, read_expectations};
pub use fleet::load_fleet;
pub use injections::kinds as injection_kinds;
use injections::{Found, read_injections};
use names::Names;
use repairs::read_repairs;

/// Longest run: three years and a bit, in hours.
const DURATION_H_MAX: f64 = 27_000.0;

/// Minutes of a run, for keys that count from its start.
const MINUTES: RangeInclusive<f64> = 0.0..=DURATION_H_MAX * 60.0;

/// Simulated seconds a second.
const SPEED: RangeInclusive<f64> = 0.01..=1_000_000.0;

/// The time a scenario covers; end exclusive for what happens, inclusive for what is expected.
#[derive(Debug, Clone, Copy)]
struct Run {
    start: Stamp,
    duration: Span,
}

impl Run {
    fn end(self) -> Stamp {
        self.start + self.duration
    }

    /// The moment so many minutes after the start.
    fn at_min(self, minutes: f64) -> Stamp {
        self.start + minutes_span(minutes)
    }
}

fn minutes_span(minutes: f64) -> Span {
    Span::from_seconds_f64(minutes * 60.0)
}

/// Reads a scenario that happens to one of `plants`; all mistakes of the file at once.
///
/// Whether its rules exist is not checked here: see `Scenario::alarm_names`.
pub fn load(source: &Arc<Source>, plants: &[Arc<Plant>]) -> Result<Scenario, Problems> {
    read_toml(source, |table| {
        let head = Head::read(table, plants);
        read_scenario(table, &head)
    })
}

/// What the other tables of a file are read against.
struct Head<'p> {
    plant: Option<&'p Arc<Plant>>,
    names: Names<'p>,
    start: Option<Spanned<(Stamp, UtcOffset)>>,
    run: Option<Run>,
    injections: Vec<Found>,
}

impl<'p> Head<'p> {
    fn read(table: &Table<'_>, plants: &'p [Arc<Plant>]) -> Self {
        let plant = read_plant(table, plants);
        let names = Names::of(plant.map(Arc::as_ref));
        let start = table.time("start");
        let hours = table.number_in("duration_h", 0.1..=DURATION_H_MAX);
        let run = start.as_ref().zip(hours.as_ref()).map(|(start, hours)| Run {
            start: start.get_ref().0,
            duration: Span::from_seconds_f64(hours.get_ref() * 3_600.0),
        });
        let injections = read_injections(table, &names, run);
        Self { plant, names, start, run, injections }
    }
}

impl Head<'_> {
    /// Names of the injections, as far as they have one.
    fn injection_ids(&self) -> impl Iterator<Item = &str> {
        ids_of(&self.injections)
    }
}

fn ids_of(injections: &[Found]) -> impl Iterator<Item = &str> {
    injections.iter().filter_map(|found| Some(found.id.as_ref()?.get_ref().as_str()))
}

fn read_scenario(table: &Table<'_>, head: &Head<'_>) -> Option<Scenario> {
    let Head { plant, names, start, run, injections } = head;
    let run = *run;
    let title = table.bilingual("title");
    let about = read_about(table);
    let condition = read_condition(table, names);
    let seed = table.integer_in("seed", 0..=i64::MAX);
    let step = table.opt_integer_in("step_s", 1..=3_600);
    let residents = table.opt_bool("residents");
    let laboratory = table.opt_bool("laboratory");
    let speed = table.opt_number_in("speed", SPEED);
    let judged_by = read_rules(table);
    let repairs = read_repairs(table, run, injections);
    let injected = injections.iter().filter_map(|found| found.injection.as_ref());
    let has_samples =
        injected.map(|it| &it.kind).any(|kind| matches!(kind, InjectionKind::Laboratory(_)));
    let answers = read_answers(table, names, run, injections);
    let announcements = read_announcements(table, names, run);
    let expected = read_expectations(table, names, run, injections);
    let allowed = read_allowed(table, names);
    let (run, (start, utc_offset)) = (run?, *start.as_ref()?.get_ref());
    Some(Scenario {
        source: Arc::clone(table.source()),
        title: title?,
        about,
        plant: plant.as_ref()?.id.clone(),
        condition: condition?,
        start,
        utc_offset,
        duration: run.duration,
        seed: Seed(u64::try_from(seed?.into_inner()).ok()?),
        step: Span::seconds(step.map_or(60, Spanned::into_inner)),
        speed: speed.map(Spanned::into_inner),
        judged_by,
        injections: injections.iter().filter_map(|found| found.injection.clone()).collect(),
        repairs,
        residents: residents.is_some_and(Spanned::into_inner) || !expected.tickets.is_empty(),
        laboratory: laboratory.is_some_and(Spanned::into_inner) || has_samples,
        answers,
        announcements,
        expectations: expected.alarms,
        floods: expected.floods,
        tickets: expected.tickets,
        energy: expected.energy,
        limits: expected.limits,
        allowed,
    })
}

fn read_plant<'p>(table: &Table<'_>, plants: &'p [Arc<Plant>]) -> Option<&'p Arc<Plant>> {
    table.offer("plant", plants.iter().map(|plant| plant.id.as_str()));
    let name = table.text("plant")?;
    let found = plants.iter().find(|plant| plant.id.as_str() == name.get_ref());
    if found.is_none() {
        let known: Vec<&str> = plants.iter().map(|plant| plant.id.as_str()).collect();
        table.unknown(name.span(), "plant", name.get_ref(), &known);
    }
    if let Some(Err(problems)) = found.map(|plant| plant.check_simulated()) {
        table.absorb(problems);
    }
    found
}

fn read_about(table: &Table<'_>) -> Option<Text> {
    table.opt_bilingual("about")
}

/// By which rules the plant is judged.
fn read_rules(table: &Table<'_>) -> Option<Listed> {
    let rules = table.listed("rules");
    if let Some(span) = table.key_span("rules").filter(|_| table.has("exercise")) {
        let help = "remove it: --rules and --packs choose for everybody who plays";
        table.add_with_help(span, "an exercise is judged by the rules in force", help);
    }
    rules
}

fn read_condition(table: &Table<'_>, names: &Names<'_>) -> Option<usize> {
    if let Some(name) = table.opt_text("condition") {
        return names.condition(table, &name);
    }
    let normal = names.find_condition("normal");
    if normal.is_none() && names.is_known_plant() {
        table.add_with_help(
            table.span(),
            "the plant has no condition \"normal\"",
            "name the one to start from with `condition`",
        );
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::super::injection::{InjectionKind, WorksEvent};
    use super::super::{Count, Wanted};
    use super::*;
    use crate::base::alarm::AlarmChange;
    use crate::plant::sample;

    fn never(from: Stamp, until: Stamp) -> Wanted {
        Wanted::Counted(Count {
            change: AlarmChange::Raised,
            at_least: 0,
            at_most: Some(0),
            from,
            until,
        })
    }

    fn read(text: &str) -> Result<Scenario, Problems> {
        load(&Source::new("s.toml", text), &[Arc::new(sample::plant())])
    }

    const HEAD: &str = r#"
title = { en = "A day", zh = "一天" }
plant = "small"
start = 2024-12-05T08:00:00+08:00
duration_h = 29
seed = 20241205
"#;

    fn with(rest: &str) -> String {
        format!("{HEAD}{rest}")
    }

    #[test]
    fn a_scenario_is_read_with_its_defaults() {
        let scenario = read(HEAD).expect("no mistake");
        assert_eq!(scenario.start.to_string(), "2024-12-05T00:00:00Z");
        assert_eq!(scenario.end().at(scenario.utc_offset), "2024-12-06T13:00:00+08:00");
        assert_eq!(scenario.step, Span::MINUTE);
        assert_eq!((scenario.condition, scenario.seed), (1, Seed(20_241_205)));
        assert!(scenario.injections.is_empty() && scenario.expectations.is_empty());
    }

    #[test]
    fn an_expectation_gets_absolute_times_and_its_place() {
        let text = with(
            r#"
[[inject]]
id = "prime"
at_min = 30
until_min = 90.5
kind = "dosing-no-flow"
target = "DP-1"
keep_signal = true

[[expect]]
rule = "finished-chlorine-low"
tag = "AIT-1"
after = "prime"
within_min = 190
not_before_min = 20
within_rule_min = 10
before = { rule = "tap-chlorine-low" }

[[expect]]
rule = "tap-turbidity-high"
never = true

[[allow]]
rule = "flat-line"
"#,
        );
        let scenario = read(&text).expect("no mistake");
        let injection = &scenario.injections[0];
        assert_eq!(
            injection.kind,
            InjectionKind::Works(WorksEvent::DosingNoFlow { keep_signal: true })
        );
        assert_eq!(injection.from, scenario.start + Span::minutes(30));
        assert_eq!(injection.until, Some(scenario.start + Span::seconds(90 * 60 + 30)));
        let first = &scenario.expectations[0];
        assert_eq!(first.place, "s.toml:16");
        let Wanted::Seen(window) = &first.wanted else { panic!("it is no never") };
        assert_eq!(window.change, AlarmChange::Raised);
        assert_eq!(window.since, scenario.start + Span::minutes(30));
        assert_eq!(window.earliest, scenario.start + Span::minutes(50));
        assert_eq!(window.latest, scenario.start + Span::minutes(220));
        assert_eq!(window.within_rule, Some(Span::minutes(10)));
        let (from, until) = (scenario.start, scenario.end());
        assert_eq!(scenario.expectations[1].wanted, never(from, until));
        let named: Vec<&str> = scenario.alarm_names().map(|name| name.rule.as_str()).collect();
        let rules =
            ["finished-chlorine-low", "tap-chlorine-low", "tap-turbidity-high", "flat-line"];
        assert_eq!(named, rules);
    }

    #[test]
    fn without_a_window_an_alarm_may_come_until_the_end() {
        let scenario = read(&with("[[expect]]\nrule = \"x\"\n")).expect("no mistake");
        let Wanted::Seen(window) = &scenario.expectations[0].wanted else { panic!("a never") };
        assert_eq!((window.earliest, window.latest), (scenario.start, scenario.end()));
    }

    #[test]
    fn a_never_may_begin_late() {
        let text = with("[[expect]]\nrule = \"x\"\nnever = true\nnot_before_min = 1500\n");
        let scenario = read(&text).expect("no mistake");
        let (from, until) = (scenario.start + Span::hours(25), scenario.end());
        assert_eq!(scenario.expectations[0].wanted, never(from, until));
    }

    #[test]
    fn mistakes_of_the_head_come_all_at_once() {
        let text = "title = { en = \"A day\" }\nplant = \"smal\"\ncondition = \"agd\"\n\
                    start = 2024-12-05\nduration_h = -1\nspeeed = 3\n";
        insta::assert_snapshot!(read(text).expect_err("mistakes").render(false));
    }

    #[test]
    fn an_unknown_plant_hides_no_other_mistake_and_invents_none() {
        let text = HEAD.replace("\"small\"", "\"big\"")
            + "[[inject]]\nid = \"a\"\nat_min = 1\nkind = \"pump-trip\"\ntarget = \"P-1\"\n\
               [[inject]]\nid = \"b\"\nat_min = 1\nkind = \"instrument-drift\"\n\
               target = \"AIT-1\"\nper_day_mg_per_l = 0.1\n";
        let problems = read(&text).expect_err("no such plant");
        assert_eq!(problems.to_string(), "1 mistake\ns.toml:3:9: plant \"big\" is not known");
    }

    #[test]
    fn a_plant_without_a_normal_condition_needs_one_named() {
        let mut plant = sample::plant();
        plant.conditions.remove(1);
        let source = Source::new("s.toml", HEAD);
        let problems = load(&source, &[Arc::new(plant)]).expect_err("no condition");
        assert!(problems.to_string().contains("no condition \"normal\""), "{problems}");
    }
}
