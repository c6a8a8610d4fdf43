//! What is true at every place, and was: for whoever leads an exercise or judges it, and for nobody
//! else.

use serde_json::{Value, json};

use super::exercise::{Desk, EXERCISE, desk_alone, run};
use super::{PATIENCE, Place, Program};

/// Two minutes after the exercise begins: ms since 1970.
const THEN: i64 = 1_733_360_400_000 + 120_000;

/// The desk of a run, for the token of this role.
async fn desk_of(role: &str, place: &Place, desk: &Desk) -> Desk {
    let kept = tokio::fs::read_to_string(place.path("data/k7/desk-tokens")).await;
    let kept = kept.expect("it is there");
    let token = kept.lines().find_map(|line| line.strip_prefix(role)).expect("each role has one");
    Desk { address: desk.address.clone(), token: token.trim().to_owned() }
}

async fn truth(desk: &Desk, query: &str) -> (u16, Value) {
    desk.answer("GET", &format!("exercise/truth{query}"), "looking", &json!({})).await
}

/// The desks of instructor and operator, once the exercise has gone some steps.
async fn underway(run: &mut Program) -> (Desk, Desk) {
    let desk = Desk::of(run).await;
    let leader = Desk::of_instructor(run).await;
    // Each look is a request, so time passes.
    let waiting =
        async { while truth(&leader, "").await.1["at"].as_i64().is_none_or(|at| at <= THEN) {} };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "it never went on");
    (leader, desk)
}

#[tokio::test]
async fn the_truth_of_every_place_is_told_to_who_leads_or_judges_and_refused_to_all_others() {
    let place = Place::new();
    place.write("exercise.toml", EXERCISE);
    let mut played = run(&place, "20241205");
    let (leader, desk) = underway(&mut played).await;
    for role in ["operator", "viewer"] {
        let other = desk_of(role, &place, &desk).await;
        for query in ["", "?at=1733360520000", "?at=x"] {
            let (status, said) = truth(&other, query).await;
            assert!(matches!(status, 403 | 400), "{role} {query}: {status} {said}");
            assert!(said["nodes"].is_null() && said["tags"].is_null(), "{role}: {said}");
        }
        let (status, said) = truth(&other, "").await;
        assert_eq!((status, &said["error"]), (403, &json!(format!("that is not for {role}s"))));
    }
    let nobody = Desk { address: desk.address.clone(), token: "x".repeat(26) };
    assert_eq!(truth(&nobody, "").await.0, 401);
    for role in ["instructor", "evaluator"] {
        let own = desk_of(role, &place, &desk).await;
        let (status, now) = truth(&own, "").await;
        assert_eq!((status, &now["plant"]), (200, &json!("sanmen")), "{role}");
        let nodes = now["nodes"].as_object().expect("nodes by their ids");
        assert!(nodes.len() > 90, "{}", nodes.len());
        assert!(nodes.values().all(|it| it[3].as_f64().is_some_and(|age| age >= 0.0)), "{now}");
        assert!(nodes["CLEARWELL"][0].is_null() && nodes["FL-0"][0].is_number());
        assert!(now["tags"]["PIT-404"].is_number(), "{now}");
        let (_, then) = truth(&own, &format!("?at={THEN}")).await;
        assert_eq!(then["at"], THEN, "{role}");
        let (_, before) = truth(&own, "?at=1").await;
        assert_eq!((&before["at"], &before["nodes"]), (&Value::Null, &json!({})));
        assert_eq!(truth(&own, "?at=x").await.0, 400);
    }
    // Water ages on its way to the last village.
    let (_, now) = truth(&leader, "").await;
    let age = |node: &str| now["nodes"][node][3].as_f64().expect("an age");
    assert!(age("R-FILTERED") < age("CLEARWELL") && age("CLEARWELL") < age("TANK-1"), "{now}");
    assert!(age("TANK-1") < age("YD-0"), "{now}");
    played.interrupt().await;
    assert_eq!(played.ends().await.0, 0);
}

#[tokio::test]
async fn what_was_true_is_told_the_same_after_a_kill_and_when_all_is_over() {
    let place = Place::new();
    place.write("exercise.toml", EXERCISE);
    let mut first = run(&place, "20241205");
    let (leader, _) = underway(&mut first).await;
    let query = format!("?at={THEN}");
    let (_, then) = truth(&leader, &query).await;
    assert_eq!(then["at"], THEN);
    first.kill().await;

    let mut second = run(&place, "20241205");
    let (leader, _) = underway(&mut second).await;
    assert_eq!(truth(&leader, &query).await.1, then, "of before it was killed");
    assert_eq!(leader.direct("ending-it", &json!({ "direction": "end" })).await["done"], true);
    second.says("report: ").await;
    assert_eq!(truth(&leader, &query).await.1, then, "the desk is open still");
    second.interrupt().await;
    assert_eq!(second.ends().await.0, 0);

    let mut alone = desk_alone(&place);
    let desk = Desk::of(&mut alone).await;
    let leader = Desk::of_instructor(&mut alone).await;
    assert_eq!(truth(&leader, &query).await.1, then, "played again from its log");
    for role in ["operator", "viewer"] {
        let other = desk_of(role, &place, &desk).await;
        assert_eq!(truth(&other, &query).await.0, 403, "{role}: not afterwards either");
    }
    alone.interrupt().await;
    assert_eq!(alone.ends().await.0, 0);
}

#[tokio::test]
async fn a_run_that_is_no_exercise_tells_nobody_what_is_true() {
    let place = Place::new();
    let flags = ["--space", "k7", "--data", "data", "--listen", "127.0.0.1:0", "--speed", "60"];
    let mut story = place.sanmen(&[&["run", "power-cut-evening"][..], &flags].concat());
    let desk = Desk::of(&mut story).await;
    for role in ["operator", "viewer", "instructor", "evaluator"] {
        let own = desk_of(role, &place, &desk).await;
        let (status, said) = truth(&own, "").await;
        assert_eq!((status, &said["error"]), (404, &json!("no exercise is played here")), "{role}");
    }
    story.interrupt().await;
    assert_eq!(story.ends().await.0, 0);
}
