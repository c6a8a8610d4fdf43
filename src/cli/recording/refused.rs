//! What of a recording could not be read: counted by reason, with the first lines.

use std::collections::BTreeMap;

use crate::base::text::{self, Text};

/// Lines named for each reason.
const LINES_MAX: usize = 3;

/// Longest text shown of what was found, in characters.
const SHOWN_MAX: usize = 60;

/// Why something is refused: a reason to count it by, and what is wrong in words.
pub type Wrong = (&'static str, Text);

/// Counters by reason.
#[derive(Debug, Clone, Default)]
pub struct Refused(BTreeMap<&'static str, Counted>);

/// What was refused for one reason.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// How many.
    pub count: u64,
    /// The first lines.
    pub lines: Vec<u64>,
    /// What was wrong with the first of them.
    pub first: Text,
}

impl Refused {
    /// Counts one.
    pub fn note(&mut self, reason: &'static str, line: u64, detail: impl FnOnce() -> Text) {
        let counted = self.0.entry(reason).or_default();
        counted.count += 1;
        if counted.lines.len() < LINES_MAX && counted.lines.last() != Some(&line) {
            counted.lines.push(line);
        }
        if counted.count == 1 {
            counted.first = detail();
        }
    }

    /// Each reason, with what it was.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Counted)> {
        self.0.iter().map(|(reason, counted)| (*reason, counted))
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.0.values().map(|counted| counted.count).sum()
    }
}

/// The beginning of what a file says, harmless on a terminal.
pub fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN_MAX).map(text::shown).collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        short.push('…');
    }
    short
}

/// What is wrong, when only a name is told.
pub fn named(name: impl Into<String>) -> Text {
    let name = name.into();
    Text { en: name.clone(), zh: name }
}

/// What is wrong, in both languages.
pub fn told(en: impl Into<String>, zh: impl Into<String>) -> Text {
    Text { en: en.into(), zh: zh.into() }
}
