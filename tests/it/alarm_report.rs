//! What `sanmen alarms report` says of a scenario, as text, as JSON, and as a page.
#![expect(clippy::disallowed_methods, reason = "edge: runs the command")]

use crate::support::command::said;

fn report(args: &[&str]) -> (Option<i32>, String, String) {
    said(&[&["alarms", "report"], args].concat())
}

#[test]
fn a_scenario_is_measured_in_text_and_on_a_page_that_needs_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.html");
    let (code, text, said) =
        report(&["answered-alarms", "--html", file.to_str().expect("a path that is text")]);
    assert_eq!(code, Some(0), "{said}");
    insta::assert_snapshot!(text);
    let page = std::fs::read_to_string(&file).expect("a page");
    assert_eq!(page.matches("<svg").count(), 2);
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert!(page.contains("sanmen/tap-chlorine-low/AIT-401"), "{page}");
    for foreign in ["http:", "https:", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(foreign), "the page asks for {foreign}");
    }
}

#[test]
fn the_figures_are_one_object_and_the_marks_come_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("alarms.toml");
    std::fs::write(&file, "[load]\nflood_begins_above = 1\nflood_ends_below = 1\n").expect("room");
    let marks = ["--alarms", file.to_str().expect("a path that is text")];
    let words = [&["answered-alarms", "--format", "json"], &marks[..]].concat();
    let (code, out, said) = report(&words);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let load: serde_json::Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(load["raised"], 2);
    assert_eq!(load["floods"][0]["alarms"], 2, "two within ten minutes are more than one");
    assert_eq!(load["floods"][0]["first_out"]["tag"], "AIT-401");
    assert_eq!(load["unshelved"], serde_json::json!([0, 1]));
}

#[test]
fn what_cannot_be_measured_says_why() {
    let (code, _, said) = report(&["answered-alarms", "--plant", "sanmeng"]);
    assert_eq!(code, Some(2));
    assert_eq!(said, "error: nothing is known of sanmeng; known: sanmen\n");
    let (code, _, said) = report(&["--seed", "3"]);
    assert!(code == Some(2) && said.contains("<SCENARIO>"), "{said}");
    let (code, _, said) = report(&["no-such-scenario"]);
    assert!(code == Some(2) && said.contains("there is no scenario"), "{said}");
}
