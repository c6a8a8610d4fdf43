//! What a new item begins with: whole, and as far as can be without a mistake.

use serde_json::{Value, json};

use super::edit::{NotEdited, Pairs, literal};
use super::tree::{Tree, extended};
use crate::base::problem::asked::Step;

/// The lists of an exercise in the order in which its file has them.
pub const LISTS: [&str; 16] = [
    "inject",
    "repair",
    "expect",
    "allow",
    "contingency",
    "attack",
    "message",
    "answer",
    "announce",
    "check",
    "job",
    "task",
    "forbidden",
    "hint",
    "careless",
    "reference",
];

/// The keys of a new item of the list at `path`, as written. Errors: there is no such list.
pub fn item(tree: &Tree<'_>, path: &[Step]) -> Result<Pairs, NotEdited> {
    let name = match path.last() {
        Some(Step::Key(name)) => name.as_str(),
        _ => "",
    };
    let id = |stem: &str| json!(free_id(tree, path, stem));
    let found = of_people(name, id).or_else(|| of_plant(name, id, first_id(tree, "inject")));
    let none = || NotEdited(format!("nothing can be added to {name:?} here"));
    let pairs = found.ok_or_else(none)?;
    Ok(pairs.into_iter().map(|(key, value)| (key.to_owned(), literal(&value))).collect())
}

type Begun = Vec<(&'static str, Value)>;

fn both(en: &str, zh: &str) -> Value {
    json!({ "en": en, "zh": zh })
}

fn start() -> Value {
    json!({ "at_min": 60 })
}

/// What people say, ought to do and do.
fn of_people(name: &str, id: impl Fn(&str) -> Value) -> Option<Begun> {
    let (start, deed) = (start(), json!("escalate lead"));
    Some(match name {
        "message" => vec![
            ("id", id("message")),
            ("when", start),
            ("from", json!("lead")),
            ("text", both("How is it going?", "情况怎么样?")),
        ],
        "choices" => {
            vec![("id", id("answer")), ("en", json!("An answer")), ("zh", json!("一个答复"))]
        }
        "task" => vec![
            ("id", id("task")),
            ("title", both("Tell the lead", "报告厂长")),
            ("part", json!("communicate")),
            ("do", deed),
            ("within_min", json!(60)),
            ("points", json!(10)),
        ],
        "forbidden" => vec![
            ("title", both("A warning without a reason", "无故发布告示")),
            ("do", json!("publish-notice do-not-drink|boil")),
            ("penalty", json!(10)),
        ],
        "hint" => vec![("text", both("Look at what changed first.", "看看最先变化的是什么。"))],
        "careless" | "reference" => {
            vec![("when", start), ("wait_s", json!(30)), ("do", deed)]
        }
        _ => return None,
    })
}

/// What befalls the plant, what is raised, and what can be done in the field.
fn of_plant(name: &str, id: impl Fn(&str) -> Value, injection: Value) -> Option<Begun> {
    let start = start();
    Some(match name {
        "inject" => {
            vec![("id", id("fault")), ("at_min", json!(60)), ("kind", json!("grid-cut"))]
        }
        "contingency" => {
            vec![("id", id("fault")), ("when", start), ("kind", json!("grid-cut"))]
        }
        "repair" => vec![
            ("of", injection),
            ("called_min", json!(60)),
            ("travel_min", json!(30)),
            ("work_min", json!(60)),
        ],
        "expect" | "allow" => vec![("rule", json!(""))],
        "answer" => vec![
            ("rule", json!("")),
            ("at_min", json!(60)),
            ("what", json!("acknowledge")),
            ("by", json!("Li")),
        ],
        "announce" => vec![
            ("at_min", json!(30)),
            ("from_min", json!(60)),
            ("until_min", json!(180)),
            ("by", json!("Li")),
            ("reason", json!("work on the main")),
        ],
        "check" => vec![
            ("id", id("look")),
            ("title", both("Look at it", "去现场查看")),
            ("takes_min", json!(15)),
            ("says", both("Nothing unusual.", "未见异常。")),
        ],
        "job" => vec![
            ("id", id("job")),
            ("title", both("Mend it", "检修")),
            ("takes_min", json!(60)),
            ("ends", json!([])),
            ("says", both("Done.", "已完成。")),
        ],
        "attack" => vec![
            ("id", id("stranger")),
            ("at_min", json!(60)),
            ("for_min", json!(5)),
            ("kind", json!("flood")),
            ("messages", json!(60)),
        ],
        _ => return None,
    })
}

/// An id that no item of the list has: `stem-2`, `stem-3`, … when the stem is taken.
pub fn free_id(tree: &Tree<'_>, list: &[Step], stem: &str) -> String {
    let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-');
    let stem = if stem.is_empty() { "item" } else { stem };
    let taken: Vec<&str> = (0..tree.count(list))
        .filter_map(|at| {
            let path = extended(&extended(list, Step::At(at)), Step::Key("id".to_owned()));
            tree.at(&path)?.value.as_str()
        })
        .collect();
    let ids = (1..).map(|n| if n == 1 { stem.to_owned() } else { format!("{stem}-{n}") });
    ids.into_iter().find(|id| !taken.contains(&id.as_str())).unwrap_or_default()
}

fn first_id(tree: &Tree<'_>, list: &str) -> Value {
    let path = super::tree::steps(&[list, "0", "id"]);
    tree.at(&path).map_or(json!(""), |node| node.value.clone())
}
