//! What `sanmen rounds` says of a scenario.
#![expect(clippy::disallowed_methods, reason = "edge: runs the command")]

use crate::support::command::said;

fn rounds(args: &[&str]) -> (Option<i32>, String, String) {
    said(&[&["rounds"], args].concat())
}

const THREE_DAYS: &str = r#"
title = { en = "Three days", zh = "三天" }
plant = "sanmen"
condition = "normal"
start = 2024-12-03T08:00:00+08:00
duration_h = 54
step_s = 900
seed = 1
laboratory = true

[[inject]]
id = "day-off"
at_min = 960
until_min = 2400
kind = "lab-missed"
round = "raw-daily"
"#;

#[test]
fn rounds_are_listed_the_worst_first_and_as_they_were_known_at_a_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("three-days.toml");
    std::fs::write(&file, THREE_DAYS).expect("room");
    let file = file.to_str().expect("a path that is text");
    let (code, text, said) = rounds(&[file]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    insta::assert_snapshot!(text);
    let (_, json, _) = rounds(&[file, "--format", "json", "--at", "2024-12-04T23:00:00+08:00"]);
    let lines = json.lines().map(|line| serde_json::from_str(line).expect("an object"));
    let lines: Vec<serde_json::Value> = lines.collect();
    let of = |rule: &str| lines.iter().find(|it| it["rule"] == rule).expect("a rule").clone();
    assert_eq!(of("round-raw-surface")["standing"], "due", "the day is not over");
    assert_eq!(of("round-finished-chlorine")["standing"], "done");
    let microbes = of("round-finished-microbes");
    assert_eq!(microbes["lacking"], serde_json::json!(["total-coliforms", "colony-count"]));
    assert_eq!(microbes["results_by"], "2024-12-07T04:00:00Z");
    let (code, _, said) = rounds(&[file, "--plant", "sanmeng"]);
    assert_eq!(code, Some(2));
    assert_eq!(said, "error: nothing is known of sanmeng; known: sanmen\n");
}
