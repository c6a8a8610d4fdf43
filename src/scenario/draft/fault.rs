//! What an instructor is about to let happen, as a form: what it begins with, its fields and their
//! mistakes, and how it is written into a file when it has happened.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::edit::{self, NotEdited};
use super::form::Draft;
use super::preset::{extras, preset, substance};
use super::tree::{Tree, extended};
use crate::base::problem::Source;
use crate::base::problem::asked::{Asked, Path, Step, Want};
use crate::plant::Plant;
use crate::scenario::injection::Injection;
use crate::scenario::{ask_fault, injection_kinds, read_fault};

/// Targets that are tried for one that suits a kind, at most.
const TRIED: usize = 60;

/// Keys that a fault has at most.
const KEYS_MAX: usize = 16;

/// The key of the plant's part that it befalls.
const TARGET: &str = "target";

/// The key of a dissolved substance, and how keys begin that say how much of it there is.
const ANALYTE: &str = "analyte";
const AMOUNT: &str = "by_";

/// Reads `text` as far as it goes: its form, its mistakes, what happens if it has none.
pub fn described_fault(text: &str, plant: &Plant) -> (Draft, Option<Injection>) {
    let source = Source::new("fault", text);
    let (injection, problems) = match read_fault(&source, plant) {
        Ok(injection) => (Some(injection), None),
        Err(problems) => (None, Some(problems)),
    };
    let tree = Tree::of(&source.text);
    let asked = tree.as_ref().and_then(|_| ask_fault(&source, plant).ok());
    (Draft::new(&source, tree.as_ref().zip(asked), problems, &[]), injection)
}

/// The text with another `value` at `path`; none takes the key away. A target of another kind, and
/// another substance, get the keys that suit them. Errors: it is not TOML, or there is no such
/// place.
pub fn changed_fault(
    text: &str,
    (path, value): (&Path, Option<&Value>),
    plant: &Plant,
) -> Result<String, NotEdited> {
    let broken = || NotEdited("the text is not TOML: mend it first".to_owned());
    let now = edit::set(&Tree::of(text).ok_or_else(broken)?, path, value)?;
    if Tree::of(&now).is_none() {
        return Err(broken());
    }
    Ok(match path.as_slice() {
        [Step::Key(key)] if key == TARGET => completed(&now, plant),
        [Step::Key(key)] if key == ANALYTE => completed(&without_amount(now), plant),
        _ => now,
    })
}

/// `text` without how much of a substance there is: enough of one is far too much of another.
fn without_amount(text: String) -> String {
    let Some(tree) = Tree::of(&text) else { return text };
    let amount = tree.nodes.iter().find(|node| match node.path.as_slice() {
        [Step::Key(key)] => key.starts_with(AMOUNT),
        _ => false,
    });
    let without = amount.map(|node| edit::set(&tree, &node.path, None));
    without.and_then(Result::ok).unwrap_or(text)
}

/// What a fault of `kind` begins with: whole, and without a mistake. None: it cannot come to this
/// plant, or not midway.
pub fn begun_fault(kind: &str, plant: &Plant) -> Option<String> {
    let extras = extras(kind, plant);
    let has_target = extras.iter().any(|(key, _)| key == TARGET);
    let first = format!("kind = {}\n", edit::quoted(kind));
    let first = extras
        .into_iter()
        .fold(first, |text, (key, value)| format!("{text}{key} = {}\n", edit::literal(&value)));
    let holds = |text: &String| described_fault(text, plant).0.mistakes.is_empty();
    let wanted = |it: &Asked| it.key == TARGET && it.needed && !has_target;
    let Some(target) = asked(&first, plant).into_iter().find(wanted) else {
        return Some(completed(&first, plant)).filter(holds);
    };
    // A main that people hang on is nearer to what is meant than the first pipe of the works.
    let preferred = main_places(plant).into_iter().filter(|id| target.known.contains(id));
    let all = preferred.chain(target.known.iter().cloned());
    let mut whole = all
        .take(TRIED)
        .map(|id| completed(&format!("{first}{TARGET} = {}\n", edit::literal(&json!(id))), plant));
    whole.find(holds)
}

/// The kinds of faults that can come midway to `plant`, by the part that they befall, in the order
/// of files.
pub fn fault_kinds(plant: &Plant) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut parts: Vec<(&'static str, Vec<&'static str>)> = Vec::new();
    for kind in injection_kinds() {
        let begun = begun_fault(kind, plant);
        let fault = begun.and_then(|text| described_fault(&text, plant).1);
        let Some(fault) = fault else { continue };
        let part = fault.kind.part();
        match parts.iter_mut().find(|(known, _)| *known == part) {
            Some((_, kinds)) => kinds.push(kind),
            None => parts.push((part, vec![kind])),
        }
    }
    parts
}

/// The lines of an `[[inject]]` called `id` that happens at `at_min` and is else as `keys` say,
/// which `read_fault` has read. None: they are not TOML.
pub fn written_fault(keys: &str, id: &str, at_min: f64) -> Option<String> {
    let tree = Tree::of(keys)?;
    let number = |value: f64| edit::literal(&json!(value));
    let mut text = format!("[[inject]]\nid = {}\nat_min = {}\n", edit::quoted(id), number(at_min));
    for node in &tree.nodes {
        let [Step::Key(key)] = node.path.as_slice() else { continue };
        match node.value.as_f64().filter(|_| key == "for_min") {
            Some(lasts) => text += &format!("until_min = {}\n", number(at_min + lasts)),
            None => text += &format!("{key} = {}\n", &keys[node.span.clone()]),
        }
    }
    Some(text)
}

fn asked(text: &str, plant: &Plant) -> Vec<Asked> {
    let questions = ask_fault(&Source::new("fault", text), plant).unwrap_or_default();
    questions.into_iter().filter(|it| it.table.is_empty()).collect()
}

/// `text` without keys that its kind and target have no use for, and with those that they need.
fn completed(text: &str, plant: &Plant) -> String {
    let mut text = text.to_owned();
    for _ in 0..KEYS_MAX {
        let known = asked(&text, plant);
        let Some(tree) = Tree::of(&text) else { return text };
        let there: BTreeMap<&str, &Value> = tree
            .nodes
            .iter()
            .filter_map(|node| match node.path.as_slice() {
                [Step::Key(key)] => Some((key.as_str(), &node.value)),
                _ => None,
            })
            .collect();
        let stale = there.keys().find(|key| known.iter().all(|it| it.key != **key));
        let missing = known.iter().find(|it| it.needed && !there.contains_key(it.key.as_str()));
        let (key, value) = match (stale, missing) {
            (Some(key), _) => ((*key).to_owned(), None),
            (None, Some(it)) => match first_value(it, &there, plant) {
                Some(value) => (it.key.clone(), Some(value)),
                None => return text,
            },
            (None, None) => return text,
        };
        let path = extended(&[], Step::Key(key));
        let Ok(next) = edit::set(&tree, &path, value.as_ref()) else { return text };
        text = next;
    }
    text
}

/// What a field begins with.
fn first_value(field: &Asked, there: &BTreeMap<&str, &Value>, plant: &Plant) -> Option<Value> {
    let word = |key: &str| there.get(key).and_then(|value| value.as_str());
    let (kind, target) = (word("kind").unwrap_or(""), word(TARGET));
    if let Some(analyte) = word(ANALYTE).filter(|_| field.key.starts_with(AMOUNT)) {
        return substance(analyte);
    }
    if let Some(value) = preset(kind, &field.key, target, plant) {
        return Some(value);
    }
    match &field.want {
        Want::Text => field.known.first().map(|first| json!(first)),
        Want::Number { least, most } => {
            Some(json!(1_f64.clamp(least.unwrap_or(1.0), most.unwrap_or(f64::MAX).max(1.0))))
        }
        Want::Whole { least, .. } => Some(json!(least)),
        _ => None,
    }
}

/// Where the first village hangs on the network: a tap, and what shuts it off.
fn main_places(plant: &Plant) -> Vec<String> {
    let Some(village) = plant.profile.villages.first() else { return Vec::new() };
    let tap = village.taps.first().map(|tap| plant.network.nodes[tap.0].id.clone());
    let entry = plant.entry(village).map(|link| plant.network.links[link.0].id.clone());
    tap.into_iter().chain(entry).collect()
}
