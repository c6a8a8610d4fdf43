//! An exercise that is being written: its text, the form that its reader's questions make of it,
//! and every mistake at its place in both.
//!
//! In: a text with or without mistakes, the plants, the ids of rules, a change. Out: a form with
//! its values, mistakes, the changed text. Must not know: files, pages, what rules say.

mod edit;
mod fault;
mod form;
mod names;
mod preset;
mod templates;
mod tree;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::file::{ask_exercise, load_exercise};
use crate::base::problem::Source;
use crate::base::problem::asked::{Asked, Path, Step};
use crate::plant::Plant;
use crate::scenario::exercise::Exercise;
pub use edit::NotEdited;
pub use fault::{begun_fault, changed_fault, described_fault, fault_kinds, written_fault};
pub use form::{Draft, Mistake};
use templates::LISTS;
use tree::{Tree, extended};

/// A change of a text.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// Another value; none takes the key away.
    Set {
        /// Of what.
        path: Path,
        /// The value.
        value: Option<Value>,
    },
    /// One more item.
    Add {
        /// The list.
        path: Path,
        /// Behind which item; the last when none is said.
        after: Option<usize>,
    },
    /// One item less.
    Remove {
        /// The item.
        path: Path,
    },
    /// An item changes places with its neighbour.
    Move {
        /// The item.
        path: Path,
        /// With the next, not the one before?
        forward: bool,
    },
    /// A copy of an item behind it.
    Duplicate {
        /// The item.
        path: Path,
    },
}

/// What an exercise is read against.
#[derive(Debug, Clone, Copy)]
pub struct Shelf<'a> {
    /// The plants.
    pub plants: &'a [Arc<Plant>],
    /// Ids of all rules.
    pub rules: &'a [String],
}

/// Reads `source` as far as it goes: its form, its mistakes, the exercise if it has none.
pub fn described(source: &Arc<Source>, shelf: Shelf<'_>) -> (Draft, Option<Exercise>) {
    let (exercise, problems) = match load_exercise(source, shelf.plants) {
        Ok(exercise) => (Some(exercise), None),
        Err(problems) => (None, Some(problems)),
    };
    let tree = Tree::of(&source.text);
    let asked = tree.as_ref().and_then(|_| ask_exercise(source, shelf.plants).ok());
    let draft = Draft::new(source, tree.as_ref().zip(asked), problems, shelf.rules);
    let is_whole = draft.mistakes.is_empty();
    (draft, exercise.filter(|_| is_whole))
}

/// The text after `change`. Errors: it is not TOML, or the change cannot be made.
pub fn changed(text: &str, change: &Change, shelf: Shelf<'_>) -> Result<String, NotEdited> {
    let broken = || NotEdited("the text is not TOML: mend it first".to_owned());
    let tree = Tree::of(text).ok_or_else(broken)?;
    let text = match change {
        Change::Set { path, value } => set(&tree, path, value.as_ref(), shelf)?,
        Change::Add { path, after } => {
            let pairs = templates::item(&tree, path)?;
            let name = path.first();
            let lists = LISTS.iter().position(|list| name == Some(&Step::Key((*list).to_owned())));
            edit::add(&tree, path, *after, &pairs, &LISTS[..lists.unwrap_or(0)])?
        }
        Change::Remove { path } => edit::remove(&tree, path)?,
        Change::Move { path, forward } => edit::shift(&tree, path, *forward)?,
        Change::Duplicate { path } => {
            let id = tree.at(&extended(path, Step::Key("id".to_owned())));
            let id = id.and_then(|node| node.value.as_str()).unwrap_or("");
            let list = path.split_last().map_or(&[][..], |(_, list)| list);
            edit::duplicate(&tree, path, &templates::free_id(&tree, list, id))?
        }
    };
    if Tree::of(&text).is_none() {
        return Err(NotEdited("that cannot be done here: change it in the text".to_owned()));
    }
    Ok(text)
}

fn set(
    tree: &Tree<'_>,
    path: &Path,
    value: Option<&Value>,
    shelf: Shelf<'_>,
) -> Result<String, NotEdited> {
    let text = edit::set(tree, path, value)?;
    match (path.as_slice(), value) {
        ([Step::Key(list), Step::At(_), Step::Key(key)], Some(Value::String(new)))
            if key == "id" =>
        {
            let old = tree.at(path).and_then(|node| node.value.as_str()).unwrap_or("");
            Ok(if old.is_empty() { text } else { names::renamed(&text, list, old, new) })
        }
        ([Step::Key(_), Step::At(_), Step::Key(key)], Some(_))
            if key == "kind" || key == "analyte" =>
        {
            Ok(without_former_keys(tree, text, &path[..2], shelf))
        }
        _ => Ok(text),
    }
}

/// Keys that only the former kind of an item had go with it.
fn without_former_keys(
    tree: &Tree<'_>,
    mut text: String,
    item: &[Step],
    shelf: Shelf<'_>,
) -> String {
    let of_item = |text: &str| -> Vec<String> {
        let questions = ask_exercise(&Source::new("draft", text), shelf.plants);
        let own = |it: &Asked| it.table == item;
        questions.unwrap_or_default().into_iter().filter(own).map(|it| it.key).collect()
    };
    let (before, now) = (of_item(tree.text), of_item(&text));
    let gone = |key: &&String| !now.contains(*key);
    for key in before.iter().filter(gone) {
        let path = extended(item, Step::Key(key.clone()));
        let without = Tree::of(&text).map(|tree| edit::set(&tree, &path, None));
        if let Some(Ok(without)) = without {
            text = without;
        }
    }
    text
}

#[cfg(test)]
mod tests;
