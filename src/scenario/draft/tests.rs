//! What is edited changes where it must and nowhere else, and its form has every field.

use std::sync::Arc;

use serde_json::json;

use super::tree::{Form, steps};
use super::*;
use crate::base::problem::asked::Want;
use crate::plant::sample;

const SHIPPED: [&str; 3] = [
    include_str!("../../../scenarios/exercises/e6-sensor-drift.toml"),
    include_str!("../../../scenarios/exercises/e7-forged-messages.toml"),
    include_str!("../../../scenarios/exercises/e3-dosing-failure.toml"),
];

const SMALL: &str = r#"# A day at the small plant.
title = { en = "A day", zh = "一天" }
plant = "small"
start = 2024-12-05T08:00:00+08:00
duration_h = 6
seed = 1

[exercise]
goal = { en = "Learn", zh = "学" }
briefing = { en = "Begin", zh = "开始" }
speed = 60 # fast
attend_speed = 6
cause = "dosing/no-flow"

# --- what happens ---

# The pump.
[[inject]]
id = "prime"
at_min = 30
kind = "instrument-drift"
target = "AIT-1"
per_day_mg_per_l = -0.5 # down

[[inject]]
id = "trip"
at_min = 60
kind = "pump-trip"
target = "P-1"

[[message]]
id = "lead"
when = { at_min = 5 }
from = "lead"
text = { en = "Well?", zh = "怎么样?" }
choices = [
  { id = "yes", en = "Yes", zh = "是" }, # the right one
  { id = "no", en = "No", zh = "否" },
]

[[task]]
id = "say"
title = { en = "Answer", zh = "答复" }
part = "communicate"
do = "answer lead yes"
since = { told = "lead" }
within_s = 60
points = 5
"#;

fn change(text: &str, change: Value) -> Result<String, NotEdited> {
    let plants = [Arc::new(sample::plant())];
    let change: Change = serde_json::from_value(change).expect("a change");
    changed(text, &change, Shelf { plants: &plants, rules: &[] })
}

fn set(text: &str, path: &[&str], value: Value) -> String {
    let wish = json!({ "change": "set", "path": steps(path), "value": value });
    change(text, wish).expect("it can be set")
}

fn drawn(text: &str) -> Draft {
    let plants = [Arc::new(sample::plant())];
    let rules = ["finished-chlorine-low".to_owned()];
    described(&Source::new("e.toml", text), Shelf { plants: &plants, rules: &rules }).0
}

fn find<'f>(table: &'f form::Table, path: &[Step]) -> Option<&'f form::Field> {
    let (last, parent) = path.split_last()?;
    if table.path == parent {
        return table.fields.iter().find(|it| Step::Key(it.key.clone()) == *last);
    }
    let inner = table.fields.iter().flat_map(|field| &field.tables);
    inner.into_iter().find_map(|table| find(table, path))
}

#[test]
fn what_is_set_to_what_it_is_stays_byte_for_byte_and_a_new_value_changes_only_its_place() {
    for text in SHIPPED.into_iter().chain([SMALL]) {
        let tree = Tree::of(text).expect("TOML");
        for node in tree.nodes.iter().filter(|node| node.form == Form::Leaf) {
            let same = edit::set(&tree, &node.path, Some(&node.value)).expect("it can be set");
            assert_eq!(same, text, "{:?}", node.path);
            let Value::String(said) = &node.value else { continue };
            let other = json!(format!("{said} “\"\\\n”"));
            let now = edit::set(&tree, &node.path, Some(&other)).expect("it can be set");
            let (before, after) = (&text[..node.span.start], &text[node.span.end..]);
            assert!(now.starts_with(before) && now.ends_with(after), "{:?}", node.path);
            let read = Tree::of(&now).expect("TOML");
            assert_eq!(read.at(&node.path).expect("it is there").value, other);
        }
    }
}

#[test]
fn items_come_and_go_and_change_places_without_a_trace() {
    for text in SHIPPED.into_iter().chain([SMALL]) {
        let tree = Tree::of(text).expect("TOML");
        let lists = LISTS.into_iter().filter(|list| tree.count(&steps(&[list])) > 0);
        for list in lists {
            let path = |at: usize| json!([list, at]);
            for at in 0..tree.count(&steps(&[list])) {
                for wish in [
                    json!({ "change": "duplicate", "path": path(at) }),
                    json!({ "change": "add", "path": [list], "after": at }),
                ] {
                    let more = change(text, wish).expect("one more");
                    let less = json!({ "change": "remove", "path": path(at + 1) });
                    assert_eq!(change(&more, less).expect("one less"), text, "{list} {at}");
                }
                let there = json!({ "change": "move", "path": path(at), "forward": true });
                let back = json!({ "change": "move", "path": path(at + 1), "forward": false });
                let moved = change(text, there).expect("moved");
                if at + 1 < tree.count(&steps(&[list])) {
                    assert_ne!(moved, text);
                    assert_eq!(change(&moved, back).expect("moved back"), text, "{list} {at}");
                } else {
                    assert_eq!(moved, text, "there is no next");
                }
            }
        }
    }
}

#[test]
fn keys_and_answers_come_and_go_with_their_comments_kept() {
    let critical = set(SMALL, &["task", "0", "critical"], json!(true));
    assert_eq!(critical, format!("{SMALL}critical = true\n"));
    let wish = json!({ "change": "set", "path": ["task", 0, "critical"], "value": null });
    assert_eq!(change(&critical, wish).expect("gone"), SMALL);
    let weights = set(SMALL, &["exercise", "consequence"], json!({ "low": 2 }));
    assert!(weights.contains("cause = \"dosing/no-flow\"\nconsequence = { low = 2 }\n\n# ---"));
    let waits = set(SMALL, &["task", "0", "since", "wait_min"], json!(5));
    assert!(waits.contains("since = { told = \"lead\", wait_min = 5 }"));
    let third = json!({ "change": "add", "path": ["message", 0, "choices"] });
    let third = change(SMALL, third).expect("added");
    assert!(
        third.contains("# the right one\n  { id = \"no\", en = \"No\", zh = \"否\" },\n  { id")
    );
    let gone = json!({ "change": "remove", "path": ["message", 0, "choices", 1] });
    let gone = change(SMALL, gone).expect("removed");
    assert!(gone.contains("# the right one") && !gone.contains("\"No\""), "{gone}");
    let time = set(SMALL, &["start"], json!("2024-12-06T08:00:00+08:00"));
    assert!(time.contains("start = 2024-12-06T08:00:00+08:00\n"), "without quotes");
    let windows = SMALL.replace('\n', "\r\n");
    let more = json!({ "change": "add", "path": ["hint"] });
    let more = change(&windows, more).expect("added");
    assert_eq!(more.matches('\n').count(), more.matches("\r\n").count());
}

#[test]
fn a_first_item_stands_where_files_have_it() {
    let check = json!({ "change": "add", "path": ["check"] });
    let text = change(SMALL, check).expect("added");
    let place = |what: &str| text.find(what).expect(what);
    assert!(place("[[message]]") < place("[[check]]") && place("[[check]]") < place("[[task]]"));
    assert!(drawn(&text).mistakes.is_empty(), "{:?}", drawn(&text).mistakes);
    for list in LISTS.into_iter().filter(|list| !["expect", "allow", "answer"].contains(list)) {
        let text = change(SMALL, json!({ "change": "add", "path": [list] })).expect(list);
        assert_eq!(drawn(&text).mistakes, [], "{list}");
    }
}

#[test]
fn another_kind_takes_the_keys_of_the_former_with_it_and_another_name_is_said_everywhere() {
    let text = set(SMALL, &["inject", "0", "kind"], json!("pump-trip"));
    assert!(!text.contains("per_day_mg_per_l"), "{text}");
    assert!(text.contains("target = \"AIT-1\""), "it has a target too");
    let text = set(SMALL, &["message", "0", "id"], json!("boss"));
    assert!(text.contains("do = \"answer boss yes\"") && text.contains("{ told = \"boss\" }"));
    assert!(drawn(&text).mistakes.is_empty());
}

#[test]
fn a_form_has_what_the_reader_asks_with_bounds_and_choices() {
    let draft = drawn(SMALL);
    assert_eq!(draft.mistakes, []);
    let form = draft.form.expect("a form");
    let field = |path: &[&str]| find(&form, &steps(path)).unwrap_or_else(|| panic!("{path:?}"));
    assert!(field(&["plant"]).known.contains(&"small".to_owned()));
    assert!(field(&["exercise", "cause"]).known.contains(&"sensor/drift".to_owned()));
    assert!(field(&["inject", "0", "target"]).known.contains(&"AIT-1".to_owned()));
    assert!(field(&["inject", "1", "target"]).known.contains(&"P-1".to_owned()));
    assert_eq!(field(&["task", "0", "after"]).known, ["say"]);
    assert_eq!(field(&["task", "0", "after"]).value, None);
    assert!(field(&["inject", "0", "per_day_mg_per_l"]).needed);
    let speed = field(&["exercise", "speed"]);
    assert_eq!(speed.want, Some(Want::Number { least: Some(1.0), most: Some(600.0) }));
    assert_eq!(field(&["message", "0", "choices"]).tables.len(), 2);
    assert_eq!(field(&["title"]).want, Some(Want::Both));
    for (list, keys) in [
        ("inject", &["id", "at_min", "until_min", "kind"][..]),
        ("message", &["id", "when", "from", "text", "choices"]),
        ("task", &["title", "part", "do", "since", "within_s", "within_min", "points", "after"]),
    ] {
        for key in keys {
            field(&[list, "0", key]);
        }
    }
    for list in LISTS {
        assert!(form.fields.iter().any(|field| field.key == list), "{list}");
    }
}

#[test]
fn every_mistake_stands_at_its_field_and_hides_none_of_the_fields() {
    let text = SMALL
        .replace("target = \"AIT-1\"", "target = \"AIT-9\"")
        .replace("from = \"lead\"\n", "")
        .replace("within_s = 60", "within_s = \"soon\"")
        .replace("answer lead yes", "escalate mars")
        .replace("duration_h = 6", "duration_h = 0\nlenght = 3");
    let draft = drawn(&text);
    let paths: Vec<Path> = draft.mistakes.iter().map(|it| it.path.clone()).collect();
    for path in [
        &["duration_h"][..],
        &["lenght"],
        &["inject", "0", "target"],
        &["message", "0", "from"],
        &["task", "0", "within_s"],
        &["task", "0", "do"],
    ] {
        assert!(paths.contains(&steps(path)), "{path:?}: {:?}", draft.mistakes);
    }
    let form = draft.form.expect("a form");
    let from = find(&form, &steps(&["message", "0", "from"])).expect("it is asked for");
    assert!(from.needed && from.known.contains(&"media".to_owned()));
    let unknown = find(&form, &steps(&["lenght"])).expect("unknown keys are shown");
    assert_eq!((&unknown.want, &unknown.value), (&None, &Some(json!(3))));
    let broken = drawn("title = = 3\nseed = 1\n");
    assert!(broken.form.is_none() && broken.mistakes[0].line == 1, "{broken:?}");
    let empty = drawn("x = 1\n").form.expect("a form");
    assert!(find(&empty, &steps(&["exercise"])).is_some_and(|field| field.needed));
}

#[test]
fn what_cannot_be_done_is_said_and_nothing_is_changed() {
    let nowhere = json!({ "change": "set", "path": ["task", 7, "id"], "value": "x" });
    assert!(change(SMALL, nowhere).is_err());
    let table = json!({ "change": "set", "path": ["exercise"], "value": "x" });
    assert!(change(SMALL, table).is_err());
    let list = json!({ "change": "add", "path": ["nothing"] });
    assert!(change(SMALL, list).is_err());
    let broken = json!({ "change": "set", "path": ["seed"], "value": 1 });
    assert!(change("a = = 1", broken).is_err());
}
