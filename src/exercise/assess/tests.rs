//! Marks of sessions that were played by hand.

use std::sync::Arc;

use super::*;
use crate::base::problem::Source;
use crate::plant::sample;
use crate::scenario::exercise::deed::Deed;
use crate::scenario::load_exercise;

const EXERCISE: &str = r#"
title = { en = "A day", zh = "一天" }
plant = "small"
start = 2024-12-05T08:00:00+08:00
duration_h = 6
seed = 1

[exercise]
goal = { en = "Learn", zh = "学" }
briefing = { en = "Begin", zh = "开始" }
speed = 60
attend_speed = 6
cause = "dosing/no-flow"

[[task]]
id = "tell"
title = { en = "Tell", zh = "报告" }
part = "communicate"
do = "escalate lead"
within_s = 60
points = 5

[[task]]
id = "record"
title = { en = "Record", zh = "记录" }
part = "act"
do = "open-ledger"
within_s = 60
points = 5
critical = true
"#;

const ANCHORS: Anchors = Anchors { null: 0.0, careless: 100.0, reference: 0.0 };

/// Somebody tells the lead at once, and writes it down so many seconds later, or never.
fn played(record_s: Option<f64>) -> Session {
    let plant = Arc::new(sample::plant());
    let source = Source::new("e.toml", EXERCISE.to_owned());
    let exercise = load_exercise(&source, &[Arc::clone(&plant)]).expect("no mistake");
    let mut session = Session::new(Arc::new(exercise), plant);
    let act = |session: &mut Session, words: &str| {
        session.act("li", &Deed::parse(words).expect("a deed")).expect("it can be done");
    };
    if let Some(record_s) = record_s {
        act(&mut session, "escalate lead");
        session.pass(record_s);
        act(&mut session, "open-ledger");
    }
    session
}

fn marks(score: &Score, category: Category) -> f64 {
    score.categories[&category]
}

#[test]
fn that_nothing_has_come_of_it_is_no_merit_of_who_has_done_nothing() {
    let score = assess(&played(None), &ANCHORS);
    assert_eq!((marks(&score, Category::Consequence), score.total), (0.0, 0.0));
    let score = assess(&played(Some(30.0)), &ANCHORS);
    assert_eq!(marks(&score, Category::Consequence), 20.0);
}

#[test]
fn a_critical_task_that_comes_too_late_to_be_worth_anything_is_missed() {
    let late = assess(&played(Some(100.0)), &ANCHORS);
    assert!(late.met && marks(&late, Category::Act) > 0.0, "{late:?}");
    let missed = assess(&played(Some(121.0)), &ANCHORS);
    assert!(!missed.met && missed.missed[0].en == "Record", "{missed:?}");
    assert_eq!(marks(&missed, Category::Act), 0.0);
}

#[test]
fn consequences_lie_between_the_worst_and_the_reference() {
    let anchors = Anchors { null: 100.0, careless: 60.0, reference: 20.0 };
    assert_eq!(anchors.share(100.0), 0.0);
    assert_eq!(anchors.share(20.0), 1.0);
    assert_eq!(anchors.share(60.0), 0.5);
    assert_eq!(anchors.share(200.0), 0.0);
    // A false alarm: doing nothing is best, and a needless warning the worst.
    let anchors = Anchors { null: 0.0, careless: 64_000.0, reference: 0.0 };
    assert_eq!(anchors.share(0.0), 1.0);
    assert_eq!(anchors.share(32_000.0), 0.5);
}
