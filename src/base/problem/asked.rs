//! What a reader asks of a file, key by key: a form made of it has every field that the reader
//! knows, and cannot drift from it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use serde::Serialize;

use super::Problems;

/// A step from the top of a file to a value in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// The value under a key.
    Key(String),
    /// The nth of an array, from 0.
    At(usize),
}

/// From the top of a file to a value in it.
pub type Path = Vec<Step>;

/// What a reader takes under a key.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "want", rename_all = "kebab-case")]
pub enum Want {
    /// It looks whether the key is there, and asks no more as long as it is not.
    Presence,
    /// A text.
    Text,
    /// A number, inside bounds if there are any.
    Number {
        /// Not below.
        least: Option<f64>,
        /// Not above.
        most: Option<f64>,
    },
    /// A whole number inside bounds.
    Whole {
        /// Not below.
        least: i64,
        /// Not above.
        most: i64,
    },
    /// `true` or `false`.
    Flag,
    /// A time with its offset.
    Time,
    /// A text in both languages.
    Both,
    /// A table.
    Table,
    /// An array of tables.
    Tables,
    /// An array of texts.
    Texts,
    /// A text, or an array of texts.
    TextOrTexts,
    /// An array of numbers.
    Numbers,
}

/// A question of a reader.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The table that it asks.
    pub table: Path,
    /// The key.
    pub key: String,
    /// What it takes.
    pub want: Want,
    /// Must the key be there?
    pub needed: bool,
    /// Every text that it knows there; empty when it knows of no list.
    pub known: Vec<String>,
    /// Where the value stands, or would be said to stand.
    pub(super) span: Option<Range<usize>>,
}

impl Want {
    /// A number without bounds.
    pub(super) const ANY_NUMBER: Self = Self::Number { least: None, most: None };

    /// A number inside `range`.
    pub(super) fn number_in(range: &RangeInclusive<f64>) -> Self {
        Self::Number { least: Some(*range.start()), most: Some(*range.end()) }
    }
}

impl Asked {
    pub(super) fn new(
        table: &Path,
        key: &str,
        want: Want,
        needed: bool,
        span: Option<Range<usize>>,
    ) -> Self {
        let (table, key) = (table.clone(), key.to_owned());
        Self { table, key, want, needed, known: Vec::new(), span }
    }
}

/// What is noted while a file is read: its mistakes, and the reader's questions if they are wanted.
#[derive(Debug, Default)]
pub struct Notes {
    pub(super) problems: RefCell<Problems>,
    asked: Option<RefCell<Questions>>,
}

/// Questions in their order, and where that of each key is: a file may have thousands.
#[derive(Debug, Default)]
struct Questions {
    all: Vec<Asked>,
    places: BTreeMap<(Path, String), usize>,
}

/// Where values are said to stand that are not there, counted down from here: behind any file.
const NOWHERE: usize = usize::MAX / 2;

impl Notes {
    /// Notes questions too; what is not there, or cannot be used, is answered so that the reader
    /// goes on asking, and its complaints mean nothing.
    pub(super) fn of_questions() -> Self {
        Self { asked: Some(RefCell::default()), ..Self::default() }
    }

    /// Are questions noted?
    pub(super) fn wants_questions(&self) -> bool {
        self.asked.is_some()
    }

    /// Notes a question; a later one of the same key says more than the first.
    pub(super) fn ask(&self, question: Asked) {
        let Some(asked) = &self.asked else { return };
        let Questions { all, places } = &mut *asked.borrow_mut();
        let place = (question.table.clone(), question.key.clone());
        let Some(found) = places.get(&place).and_then(|at| all.get_mut(*at)) else {
            places.insert(place, all.len());
            all.push(question);
            return;
        };
        found.needed |= question.needed;
        if question.want != Want::Presence {
            found.want = question.want;
        }
        if !question.known.is_empty() {
            found.known = question.known;
        }
        found.span = question.span.or(found.span.take());
    }

    /// Notes what may stand at `span`.
    pub(super) fn offer<'k>(&self, span: &Range<usize>, known: impl Iterator<Item = &'k str>) {
        let Some(asked) = &self.asked else { return };
        let holds = |it: &&mut Asked| {
            let own = it.span.as_ref();
            own.is_some_and(|own| own.start <= span.start && span.end <= own.end)
                && !matches!(it.want, Want::Table | Want::Tables | Want::Both)
        };
        let mut asked = asked.borrow_mut();
        if let Some(found) = asked.all.iter_mut().rev().find(holds) {
            found.known = known.map(str::to_owned).collect();
        }
    }

    /// A place of its own for a value that is not there.
    pub(super) fn nowhere(&self) -> Range<usize> {
        let count = self.asked.as_ref().map_or(0, |asked| asked.borrow().all.len());
        let at = NOWHERE + 2 * count;
        at..at + 1
    }

    pub(super) fn into_questions(self) -> Vec<Asked> {
        self.asked.map(|asked| asked.into_inner().all).unwrap_or_default()
    }
}
