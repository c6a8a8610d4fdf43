//! Expression rules as a user meets them: read from a file, at work on readings.

use proptest::prelude::*;

use crate::base::problem::Source;
use crate::base::units::Quantity;
use crate::base::{Flag, QualityTests, Span, Stamp};
use crate::ingest::observation::{Observation, PlantIndex};
use crate::inspection::Inspection;
use crate::inspection::book::Book;
use crate::inspection::finding::{Finding, Verdict};
use crate::inspection::testing::{profile, tag};
use crate::plant::profile::{Disinfectant, Profile};
use crate::plant::tags::{SamplingPoint, Tag, TagIndex};

const PLANT: PlantIndex = PlantIndex(0);

const SOUND: &str = r#"
[[rule]]
id = "lost"
title = { en = "Lost", zh = "漏" }
source = "a plan [D]"
kind = "expression"
when = 'mean(outlet, duration("30m")) - sum(mean(villages, duration("30m"))) > m3_per_h(10)'
clear = 'mean(outlet, duration("30m")) - sum(mean(villages, duration("30m"))) < m3_per_h(5)'
every_min = 10
on_delay_min = 0
off_delay_min = 0
priority = "low"
no_data = "hold"
advice = { en = "Look.", zh = "看。" }

[rule.inputs]
outlet = { quantity = "flow", point = "finished-water" }
villages = { quantity = "flow", point = "network", every = true }
"#;

/// A rule about how long water stays in the clear well of whatever plant.
const WELL: &str = r#"
[[rule]]
id = "short"
title = { en = "Short", zh = "短" }
source = "a plan [D]"
kind = "expression"
when = 'well_area * well_baffling * m(2) < h(0.5) * last(outlet)'
on_delay_min = 0
off_delay_min = 0
priority = "low"
no_data = "hold"
advice = { en = "Look.", zh = "看。" }

[rule.inputs]
outlet = { quantity = "flow", point = "finished-water" }
"#;

/// A rule that judges each tap.
const EACH: &str = r#"
[[rule]]
id = "tap"
title = { en = "Tap", zh = "末梢" }
source = "a plan [D]"
kind = "expression"
when = 'min(tap, duration("10m")) > last(works)'
on_delay_min = 0
off_delay_min = 0
priority = "low"
no_data = "hold"
advice = { en = "Look.", zh = "看。" }

[rule.inputs]
tap = { quantity = "free-chlorine", point = "tap-water", each = true }
works = { quantity = "free-chlorine", point = "finished-water" }
"#;

fn tags() -> Vec<Tag> {
    vec![
        tag("FIT-301", Quantity::Flow, SamplingPoint::FinishedWater, 1),
        tag("FIT-401", Quantity::Flow, SamplingPoint::Network, 1),
        tag("FIT-402", Quantity::Flow, SamplingPoint::Network, 5),
        tag("AIT-301", Quantity::FreeChlorine, SamplingPoint::FinishedWater, 5),
        tag("AIT-401", Quantity::FreeChlorine, SamplingPoint::TapWater, 5),
        tag("AIT-402", Quantity::FreeChlorine, SamplingPoint::TapWater, 5),
    ]
}

fn plant() -> Profile {
    profile(2_400.0, 16_000, Disinfectant::FreeChlorine)
}

fn at(min: i64) -> Stamp {
    let (midnight, _) = Stamp::parse("2024-12-05T00:00:00+08:00").expect("a time");
    midnight + Span::minutes(min)
}

fn inspection(rules: &str) -> Inspection {
    let book = Book::load(&[Source::new("rules.toml", rules)]);
    let book = book.map_err(|problems| problems.render(false)).expect("sound rules");
    Inspection::new(&book, &[(&plant(), &tags())])
}

fn reading(tag: usize, min: i64, value: f64) -> Observation {
    Observation {
        plant: PLANT,
        tag: TagIndex(tag),
        observed_at: at(min),
        received_at: at(min),
        value,
        flag: Flag::Good,
        tests: QualityTests::NONE,
    }
}

/// Readings of `value(tag, minute)` at each poll, none where it gives none.
fn readings(
    minutes: std::ops::Range<i64>,
    value: impl Fn(usize, i64) -> Option<f64>,
) -> Vec<Observation> {
    let tags = tags();
    let polled = |minute: i64, tag: &Tag| minute % (tag.poll.as_ms() / 60_000) == 0;
    let mut all = Vec::new();
    for minute in minutes {
        for (i, _) in tags.iter().enumerate().filter(|(_, tag)| polled(minute, tag)) {
            all.extend(value(i, minute).map(|value| reading(i, minute, value)));
        }
    }
    all
}

fn play(rules: &str, readings: &[Observation]) -> Vec<Finding> {
    let mut inspection = inspection(rules);
    let mut findings = Vec::new();
    inspection.advance(PLANT, at(0), &mut findings);
    for reading in readings {
        inspection.advance(PLANT, reading.observed_at, &mut findings);
        inspection.observe(reading, &mut findings);
    }
    findings
}

/// `tag verdict HH:MM why` of each finding.
fn told(findings: &[Finding]) -> Vec<String> {
    let offset = crate::base::time::UtcOffset::CHINA;
    let line = |it: &Finding| {
        let about = it.watch.tag.map_or("plant".to_owned(), |i| tags()[i.0].id.to_string());
        format!("{about} {:?} {}: {}", it.verdict, it.at.hh_mm(offset), it.why.text)
    };
    findings.iter().map(line).collect()
}

/// Flows that balance but for what is lost between two moments.
fn lossy(tag: usize, minute: i64) -> f64 {
    match tag {
        0 if (120..180).contains(&minute) => 60.0,
        0 => 40.0,
        1 => 25.0,
        2 => 15.0,
        _ => 0.5,
    }
}

fn mistakes(text: &str) -> String {
    let sources = [Source::new("rules.toml", text)];
    Book::load(&sources).expect_err("the text has mistakes").render(false)
}

#[test]
fn a_balance_of_several_meters_is_judged_at_each_step_and_says_what_it_saw() {
    let findings = play(SOUND, &readings(0..300, |tag, minute| Some(lossy(tag, minute))));
    // Above 10 m³/h once more than half of the half hour lost 20; below 5 when less than a quarter.
    insta::assert_snapshot!(told(&findings).join("\n"));
}

#[test]
fn an_input_for_each_instrument_gives_each_an_alarm_of_its_own() {
    let high = |tag, minute| Some(if tag == 5 && minute >= 60 { 0.9 } else { 0.5 });
    let findings = play(EACH, &readings(0..120, high));
    insta::assert_snapshot!(told(&findings).join("\n"));
}

#[test]
fn what_is_missing_leaves_the_verdict_open_and_is_named() {
    let gap = |tag, minute| {
        let gone = tag == 2 && (100..200).contains(&minute);
        (!gone).then(|| lossy(tag, 0))
    };
    let findings = play(SOUND, &readings(0..300, gap));
    insta::assert_snapshot!(told(&findings).join("\n"));
    let verdicts: Vec<Verdict> = findings.iter().map(|it| it.verdict).collect();
    assert_eq!(verdicts, [Verdict::NoData, Verdict::Normal]);
}

#[test]
fn a_young_watch_has_no_verdict_until_its_windows_can_be_full() {
    let one_meter = |tag, minute| (tag != 2).then(|| lossy(tag, minute));
    let findings = play(SOUND, &readings(0..100, one_meter));
    // Half an hour of window and 15 minutes of patience.
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].at, findings[0].verdict), (at(50), Verdict::NoData));
}

#[test]
fn types_and_units_are_checked_at_load_each_at_its_place() {
    let wrong = [
        ("m3_per_h(10)", "10"),
        ("m3_per_h(10)", "kpa(10)"),
        ("sum(mean(villages, duration(\"30m\")))", "mean(villages, duration(\"30m\"))"),
        ("sum(mean(villages,", "sum(mean(vilages,"),
        ("mean(outlet, duration(\"30m\")) -", "avg(outlet, duration(\"30m\")) -"),
        ("mean(outlet, duration(\"30m\")) -", "outlet -"),
        ("mean(outlet, duration(\"30m\")) -", "mean(outlet) -"),
        ("mean(outlet, duration(\"30m\")) -", "mean(outlet, duration(\"25m\")) -"),
        ("mean(outlet, duration(\"30m\")) -", "mean(outlet, duration(\"900h\")) -"),
        ("mean(outlet, duration(\"30m\")) -", "mean(outlet, duration(\"soon\")) -"),
        ("> m3_per_h(10)", ""),
        ("> m3_per_h(10)", "== m3_per_h(10)"),
        ("> m3_per_h(10)", "> > m3_per_h(10)"),
        ("> m3_per_h(10)", "> m3_per_h(10) && [1].exists(x, x > 0)"),
        ("> m3_per_h(10)", "> m3_per_h(last(outlet))"),
    ];
    let lines: Vec<String> = wrong
        .iter()
        .map(|(from, to)| {
            assert!(SOUND.contains(from), "{from}");
            mistakes(&SOUND.replacen(from, to, 1))
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_is_too_long_or_nested_too_deeply_is_refused_with_one_sentence() {
    let when = r#"mean(outlet, duration("30m")) - sum(mean(villages, duration("30m")))"#;
    assert!(SOUND.contains(when));
    let sum = vec!["1.0"; 5_000].join(" + ");
    let long = mistakes(&SOUND.replacen(when, &sum, 1));
    assert!(long.contains("an expression has at most 200 characters of operators, and"), "{long}");
    let deep = mistakes(&SOUND.replacen(when, &"(".repeat(200), 1));
    assert!(deep.contains("brackets in at most 16 others"), "{deep}");
    // The longest that may be written is walked.
    let sum = vec!["0"; 200].join("+");
    let walked = mistakes(&SOUND.replacen(when, &sum, 1));
    assert!(!walked.contains("at most 200"), "{walked}");
    let nested = format!("{}1{}", "(".repeat(16), ")".repeat(16));
    let walked = mistakes(&SOUND.replacen(when, &nested, 1));
    assert!(!walked.contains("at most 200"), "{walked}");
}

#[test]
fn a_mistake_stands_at_its_place_however_its_condition_is_quoted() {
    let when = r#"mean(outlet, duration("30m")) - sum(mean(villages, duration("30m")))"#;
    let line = format!("when = '{when} > m3_per_h(10)'");
    assert!(SOUND.contains(&line));
    let wrong = format!("{when} > m3_per_hour(10)");
    let escaped = format!("when = \"{}\"", wrong.replace('"', "\\\""));
    for written in [format!("when = '{wrong}'"), escaped, format!("when = '''\n{wrong}'''")] {
        let text = SOUND.replace(&line, &written);
        let place = text.find("m3_per_hour").expect("it is written there");
        let source = Source::new("rules.toml", text);
        let (line, column) = source.line_col(place);
        let said = Book::load(&[source]).expect_err("a function that is none").to_string();
        assert!(said.contains(&format!("rules.toml:{line}:{column}: function")), "{said}");
    }
}

#[test]
fn an_input_that_cannot_be_read_hides_no_mistake_of_the_condition() {
    let text = SOUND
        .replace("{ quantity = \"flow\", point = \"finished-water\" }", "{ quantity = \"x\" }")
        .replace("> m3_per_h(10)", "> m3_per_hour(10)");
    let said = mistakes(&text);
    assert!(said.contains("`quantity` \"x\" is not known"), "{said}");
    assert!(said.contains("function \"m3_per_hour\" is not known"), "{said}");
    assert!(said.ends_with("2 mistakes"), "{said}");
}

#[test]
fn inputs_are_checked_at_load() {
    let wrong = [
        ("every = true", "every = true, each = true"),
        ("every = true", "village = \"same\", every = true"),
        ("outlet = { quantity = \"flow\"", "Outlet = { quantity = \"flow\""),
        (
            "point = \"network\", every = true }",
            "point = \"network\", every = true }\nspare = { quantity = \"level\" }",
        ),
        (
            "quantity = \"flow\", point = \"finished-water\"",
            "quantity = \"flwo\", pont = \"finished-water\"",
        ),
        ("< m3_per_h(5)", "> m3_per_h(10)"), // `clear` is what `when` is
    ];
    let lines: Vec<String> = wrong
        .iter()
        .map(|(from, to)| {
            assert!(SOUND.contains(from), "{from}");
            mistakes(&SOUND.replacen(from, to, 1))
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn an_input_that_could_be_several_instruments_is_told_when_held_against_a_plant() {
    let text = SOUND
        .replace(", every = true", "")
        .replace("sum(mean(villages, duration(\"30m\")))", "mean(villages, duration(\"30m\"))");
    let book = Book::load(&[Source::new("rules.toml", text)]).expect("sound");
    let review = book.check_against(&[(&plant(), &tags())]);
    insta::assert_snapshot!(review.problems.render(false));
}

#[test]
fn a_delay_shorter_than_the_step_is_told_once_whatever_the_plants() {
    let text = SOUND.replace("on_delay_min = 0", "on_delay_min = 5");
    let book = Book::load(&[Source::new("rules.toml", text)]).expect("sound");
    let (profile, tags) = (plant(), tags());
    let review = book.check_against(&[(&profile, &tags), (&profile, &tags)]);
    insta::assert_snapshot!(review.problems.render(false));
}

#[test]
fn what_was_gathered_in_other_steps_is_forgotten_at_a_restart() {
    let one_meter = |tag, minute| (tag != 2).then(|| lossy(tag, minute));
    let mut before = inspection(SOUND);
    let mut findings = Vec::new();
    for reading in readings(0..100, one_meter) {
        before.advance(PLANT, reading.observed_at, &mut findings);
        before.observe(&reading, &mut findings);
    }
    assert_eq!(findings.len(), 1);
    let mut same = inspection(SOUND);
    same.resume(&before.checkpoint());
    let verdicts = |it: &Inspection| it.watches().map(|(_, verdict)| verdict).collect::<Vec<_>>();
    assert_eq!(verdicts(&same), [Some(Verdict::NoData)]);
    let mut other = inspection(&SOUND.replace("every_min = 10", "every_min = 5"));
    other.resume(&before.checkpoint());
    assert_eq!(verdicts(&other), [None]);
}

proptest! {
    #[test]
    fn the_order_of_instruments_and_a_restart_change_nothing(
        order in Just((0..400_usize).collect::<Vec<_>>()).prop_shuffle(),
        restart in 0_usize..400,
    ) {
        let all = readings(0..240, |tag, minute| Some(lossy(tag, minute)));
        let findings = play(SOUND, &all);
        // Within ten minutes the instruments come in any order, each in its own.
        let mut mixed = all.clone();
        for part in mixed.chunk_by_mut(|one, other| {
            one.observed_at.as_ms() / 600_000 == other.observed_at.as_ms() / 600_000
        }) {
            part.sort_by_key(|it| (order.get(it.tag.0), it.observed_at));
        }
        let mut inspection = inspection(SOUND);
        let mut again = Vec::new();
        inspection.advance(PLANT, at(0), &mut again);
        for (i, reading) in mixed.iter().enumerate() {
            if i == restart {
                let checkpoint = inspection.checkpoint();
                inspection = self::inspection(SOUND);
                inspection.resume(&checkpoint);
            }
            let known = Span::minutes(reading.observed_at.as_ms() / 60_000 % 10);
            inspection.advance(PLANT, reading.observed_at - known, &mut again);
            inspection.observe(reading, &mut again);
        }
        inspection.advance(PLANT, at(239), &mut again);
        prop_assert_eq!(told(&findings), told(&again));
    }
}

#[test]
fn an_expression_asks_how_large_the_clear_well_of_its_plant_is() {
    // 154 m² × 0.5 × 2 m last half an hour at 308 m³/h.
    let verdicts = |flow: f64| {
        let readings = readings(0..11, |tag, _| (tag == 0).then_some(flow));
        let findings = play(WELL, &readings);
        findings.iter().map(|finding| finding.verdict).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(309.0), [Verdict::Abnormal]);
    assert!(verdicts(307.0).is_empty(), "what is normal from the beginning is no news");
    let taken = WELL.replace("outlet", "well_area");
    let refused = Book::load(&[Source::new("rules.toml", taken)]).expect_err("it means the plant");
    assert!(refused.to_string().contains("is a figure of the plant already"), "{refused}");
}
