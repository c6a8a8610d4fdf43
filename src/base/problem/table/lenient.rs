//! Reading on beside mistakes, so that one does not hide another.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::place::top_item;
use super::{Table, nearest, parse, read_top};
use crate::base::problem::asked::Notes;
use crate::base::problem::{Problem, Problems, Source, Spanned};

/// Reads `source` as TOML through `read`, whatever mistakes are in it: gives what could be read,
/// and every mistake. Where something is no TOML, the one of `parts` that it stands in cannot be
/// read, and nothing else is said of that; `parts` are names of arrays of tables at the file's top.
pub fn read_toml_partly<T>(
    source: &Arc<Source>,
    parts: &[&str],
    read: impl FnOnce(&Table<'_>) -> Option<T>,
) -> (Option<T>, Problems) {
    let (document, broken) = parse(source);
    let notes = Notes::default();
    let value = read_top(source, &notes, document.get_ref(), read);
    let mut problems = notes.problems.into_inner();
    if !broken.is_empty() {
        let starts = starts(&source.text, parts);
        let part = |it: &Problem| starts.partition_point(|start| *start <= it.span.start);
        let lost: BTreeSet<usize> = broken.list.iter().map(part).collect();
        // What stands for a value that is none has no place in the file.
        problems.list.retain(|it| it.span.start > 0 && !lost.contains(&part(it)));
        problems.absorb(broken);
    }
    (value, problems)
}

/// Where the tables of these arrays begin.
fn starts(text: &str, parts: &[&str]) -> Vec<usize> {
    let mut at = 0;
    let mut starts = Vec::new();
    for line in text.split_inclusive('\n') {
        if top_item(line).is_some_and(|name| parts.contains(&name)) {
            starts.push(at);
        }
        at += line.len();
    }
    starts
}

impl Table<'_> {
    /// How many mistakes have been noted so far, in this table or another of the file: a reader
    /// that asks before and afterwards knows whether what it has read is sound.
    pub fn mistakes(&self) -> usize {
        self.notes.problems.borrow().len()
    }

    /// Every key that nobody has asked for yet, with the nearest of those that somebody has.
    pub fn unread(&self) -> Vec<(&str, Option<String>)> {
        let asked = self.asked.borrow();
        let known: Vec<&str> = asked.iter().map(String::as_str).collect();
        let keys = self.entries.keys().map(|key| key.get_ref().as_ref());
        let unread = keys.filter(|key: &&str| !known.contains(key));
        unread.map(|key| (key, nearest(key, &known).map(str::to_owned))).collect()
    }

    /// Where the value of a key stands; the table, when the key is not there. Nothing counts as
    /// asked for by that.
    pub fn place_of(&self, key: &str) -> Range<usize> {
        let found = self.entries.iter().find(|(name, _)| name.get_ref() == key);
        found.map_or_else(|| self.span(), |(_, value)| value.span())
    }

    /// One of the named choices, which must be there. A misspelt one is noted, and taken for the
    /// one that it is nearest to: so the mistakes of keys that hang on it can be told beside it.
    pub fn meant<T: Clone>(&self, key: &str, choices: &[(&'static str, T)]) -> Option<Spanned<T>> {
        let text = self.text(key)?;
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let near = nearest(text.get_ref(), &names);
        let (span, near) = (text.span(), choices.iter().find(|it| Some(it.0) == near));
        let chosen = self.chosen(key, text, choices);
        chosen.or_else(|| near.map(|(_, value)| Spanned::new(span, value.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kinds of the pumps that could be read, and what is wrong.
    fn read(text: &str) -> (Vec<i32>, Vec<String>) {
        let source = Source::new("x.toml", text);
        let (kinds, problems) = read_toml_partly(&source, &["pump"], |table| {
            let kind = |pump: &Table<'_>| {
                let kind = pump.meant("kind", &[("centrifugal", 1), ("dosing", 2)]);
                pump.number("power_kw");
                kind.map(Spanned::into_inner)
            };
            Some(table.tables("pump").iter().filter_map(kind).collect::<Vec<_>>())
        });
        (kinds.unwrap_or_default(), problems.iter().map(Problem::headline).collect())
    }

    #[test]
    fn what_is_no_toml_hides_no_mistake_of_another_table() {
        let text = "[[pump]]\nkind = \"dosing\"\npower_kw = = 1\n\n\
                    [[pump]]\nkind = \"dosnig\"\npower_kw = \"1\"\n";
        let (kinds, problems) = read(text);
        assert_eq!(kinds, [2, 2]);
        let [kind, power, broken @ ..] = &problems[..] else { panic!("{problems:?}") };
        assert!(kind.starts_with("x.toml:6:8: `kind` \"dosnig\""), "{kind}");
        assert!(power.starts_with("x.toml:7:12: `power_kw` must be a number"), "{power}");
        assert!(!broken.is_empty(), "{problems:?}");
        assert!(broken.iter().all(|it| it.starts_with("x.toml:3:1")), "{broken:?}");
    }

    #[test]
    fn a_word_that_is_near_none_stands_for_none() {
        let (kinds, problems) = read("[[pump]]\nkind = \"x\"\npower_kw = 1\n");
        assert!(kinds.is_empty(), "{kinds:?}");
        assert_eq!(problems.len(), 1, "{problems:?}");
    }
}
