//! What a rule says is wholly Chinese for whoever reads Chinese.

use super::Bench;
use crate::alarms::event::AlarmEvent;
use crate::base::problem::Source;
use crate::base::text::Lang;
use crate::ingest::observation::PlantIndex;
use crate::inspection::book::{Book, InspectionRule, Kind};
use crate::inspection::finding::Watch;
use crate::monitor::Output;
use crate::plant::sample;

macro_rules! shipped {
    ($($name:literal)*) => {
        [$(Source::new($name, include_str!(concat!("../../../config/rules/", $name)))),*]
    };
}

fn book() -> Book {
    let files = shipped!(
        "contact-time.toml" "events.toml" "gb5749-2006-laboratory.toml" "gb5749-2006.toml"
        "gb5749-2022.toml" "grab-samples.toml" "laboratory.toml" "plausibility.toml"
        "pressure.toml" "raw-water.toml" "rounds.toml" "security.toml" "signal-quality.toml"
        "supply.toml" "tanks.toml" "urban-heads.toml" "who-laboratory.toml" "who.toml"
    );
    Book::load(&files).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// Symbols of units, and names that are the same in every language.
const SAME: [&str; 5] = ["min", "mg", "test", "sanmen", "who"];

/// Words of `text` that are English: letters alone, two or more, no name of anything. `formula`:
/// the rule's own, with the names of its inputs, which no language changes.
fn english<'t>(text: &'t str, formula: &str) -> Vec<&'t str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"-_./".contains(c));
    words
        .filter(|word| word.len() > 1 && word.bytes().all(|it| it.is_ascii_lowercase()))
        .filter(|word| !SAME.contains(word) && !formula.contains(word))
        .collect()
}

fn formula(rule: &InspectionRule) -> String {
    match &rule.kind {
        Kind::Expression(it) => {
            let terms = it.terms.iter().map(|term| term.text.as_str());
            let names = it.inputs.iter().map(|input| input.name.as_str());
            let all = [it.text.as_str()].into_iter().chain(terms).chain(names);
            all.collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

fn must_be_chinese(rule: &InspectionRule, what: &str, text: &str) {
    let left = english(text, &formula(rule));
    assert!(left.is_empty(), "{} {what}: {left:?} in {text}", rule.id);
}

#[test]
fn english_words_are_found_and_names_and_units_are_none() {
    assert_eq!(english("AIT-301 游离氯 0.21 mg/L,low 限值", ""), ["low"]);
    assert!(english("TEST-1 水压 120.0 kPa,5 min 内 night-flow-high", "").is_empty());
}

#[test]
fn what_every_shipped_rule_looks_for_and_asks_for_is_said_in_chinese() {
    for rule in book().rules() {
        must_be_chinese(rule, "condition", &rule.condition(Lang::Zh));
        must_be_chinese(rule, "scope", &rule.scope(Lang::Zh));
        must_be_chinese(rule, "needs", &rule.kind.needs().zh);
        let profile = sample::plant().profile;
        for miss in rule.misses_of_plant(&profile) {
            must_be_chinese(rule, "miss", &miss.zh.replace(profile.id.as_str(), ""));
        }
    }
}

#[test]
fn what_every_shipped_rule_sees_and_what_its_alarms_say_is_said_in_chinese() {
    let (book, frame) = (book(), sample::plant());
    for rule in book.rules() {
        for test in rule.tests.iter() {
            let bench = Bench::new(rule, test, &frame);
            let alone = book.alone(rule);
            let (monitor, outcomes) = bench.monitored(alone.clone());
            let outputs = outcomes.iter().flat_map(|outcome| &outcome.outputs);
            let events = outputs.filter_map(|output| match output {
                Output::Alarm(event) => Some(event),
                _ => None,
            });
            let events: Vec<&AlarmEvent> = events.collect();
            for event in events.iter().filter(|event| !event.why.text.is_empty()) {
                assert!(!event.why.text_zh.is_empty(), "{} says only {}", rule.id, event.why.text);
                let about_refused = matches!(rule.kind, Kind::Refusal(_));
                let said = event.why.said(Lang::Zh);
                // What exactly is wrong with a message is said in the words of the wire.
                let said = if about_refused { said.split('(').next() } else { Some(said) };
                must_be_chinese(rule, "alarm", said.unwrap_or_default());
            }
            let index = alone.index(rule.id.as_str()).expect("its own");
            let places = monitor.places_of(PlantIndex(0), index);
            for tag in places {
                let watch = Watch { rule: index, plant: PlantIndex(0), tag };
                let it = monitor.explain(&alone, watch).expect("it watches there");
                let sight = it.sight.expect("it watches there");
                must_be_chinese(rule, "sight", sight.said(Lang::Zh));
                assert_eq!(sight.text.is_empty(), sight.text_zh.is_empty(), "{}", rule.id);
            }
        }
    }
}
