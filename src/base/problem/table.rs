//! Reads a TOML table key by key and notes every mistake: missing, unknown, of the wrong kind.

mod beforehand;
mod lenient;
mod place;
mod questions;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, LowerExp};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use toml::de::{DeArray, DeTable, DeValue};

use super::asked::{Asked, Notes, Path, Step, Want};
use super::{Problem, Problems, Source, Spanned};
use crate::base::units::Unit;
use crate::base::{Stamp, Text, time::UtcOffset};
pub use lenient::read_toml_partly;
pub use place::find_value;

/// A number with more characters than this is told with its power of ten.
const DIGITS_MAX: usize = 20;

/// Reads `source` as TOML through `read`; gives its value, or every mistake of the file.
pub fn read_toml<T>(
    source: &Arc<Source>,
    read: impl FnOnce(&Table<'_>) -> Option<T>,
) -> Result<T, Problems> {
    let (document, broken) = parse(source);
    if !broken.is_empty() {
        return broken.into_result(None);
    }
    let notes = Notes::default();
    let value = read_top(source, &notes, document.get_ref(), read);
    notes.problems.into_inner().into_result(value)
}

/// What `read` asks of `source`, whatever mistakes are in it. Errors: it is not TOML.
pub fn ask_toml<T>(
    source: &Arc<Source>,
    read: impl FnOnce(&Table<'_>) -> Option<T>,
) -> Result<Vec<Asked>, Problems> {
    let (document, broken) = parse(source);
    if !broken.is_empty() {
        return broken.into_result(None);
    }
    let notes = Notes::of_questions();
    read_top(source, &notes, document.get_ref(), read);
    Ok(notes.into_questions())
}

fn read_top<T>(
    source: &Arc<Source>,
    notes: &Notes,
    entries: &DeTable<'_>,
    read: impl FnOnce(&Table<'_>) -> Option<T>,
) -> Option<T> {
    let span = 0..source.text.find('\n').unwrap_or(source.text.len());
    read(&Table { source, notes, path: Path::new(), span, entries, asked: RefCell::default() })
}

/// The keys at the top of a TOML file, each with its value where that is a text: they tell what
/// kind of file it is. Reads as far as it can; what is not TOML comes beside them.
pub fn top_keys(source: &Arc<Source>) -> (BTreeMap<String, Spanned<Option<String>>>, Problems) {
    let (document, broken) = parse(source);
    let keys = document.get_ref().iter().map(|(key, value)| {
        let text = value.get_ref().as_str().map(str::to_owned);
        (key.get_ref().to_string(), Spanned::new(value.span(), text))
    });
    (keys.collect(), broken)
}

fn parse(source: &Arc<Source>) -> (Spanned<DeTable<'_>>, Problems) {
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    let mut broken = Problems::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        broken.add(source, span, format!("not TOML: {}", error.message()));
    }
    (document, broken)
}

/// Names that a file lists, for whoever knows what they name.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The file.
    pub source: Arc<Source>,
    /// The names, in its order; at least one.
    pub names: Vec<Spanned<String>>,
}

/// A table of a TOML file. Keys never asked for are reported as unknown when it is dropped.
pub struct Table<'a> {
    source: &'a Arc<Source>,
    notes: &'a Notes,
    /// Known only while questions are noted.
    path: Path,
    span: Range<usize>,
    entries: &'a DeTable<'a>,
    asked: RefCell<BTreeSet<String>>,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Table<'a> {
    /// Takes over the mistakes of another file that this one names.
    pub fn absorb(&self, others: Problems) {
        self.notes.problems.borrow_mut().absorb(others);
    }

    /// The file.
    pub fn source(&self) -> &'a Arc<Source> {
        self.source
    }

    /// Where the table stands (its header, or the table itself when inline).
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Notes a mistake at `span`.
    pub fn add(&self, span: Range<usize>, text: impl Into<String>) {
        self.notes.problems.borrow_mut().add(self.source, span, text);
    }

    /// Notes a mistake at `span` with its way out.
    pub fn add_with_help(
        &self,
        span: Range<usize>,
        text: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.notes.problems.borrow_mut().add(self.source, span, text).help(help);
    }

    /// Has any mistake been noted so far, in this table or another of the file?
    pub fn has_problems(&self) -> bool {
        !self.notes.problems.borrow().is_empty()
    }

    /// Every key of the table with its place; none of them counts as asked for.
    pub fn keys(&self) -> impl Iterator<Item = Spanned<&'a str>> {
        self.entries.iter().map(|(name, _)| Spanned::new(name.span(), name.get_ref().as_ref()))
    }

    /// Is the key there? Counts as asked for.
    pub fn has(&self, key: &str) -> bool {
        self.ask(key, Want::Presence, false);
        self.get(key).is_some()
    }

    /// Where the key stands, if there; then it counts as asked for. An absent key does not, so
    /// that looking for keys that should not be there adds nothing to the known ones.
    pub fn key_span(&self, key: &str) -> Option<Range<usize>> {
        let span = self.entries.keys().find(|name| name.get_ref() == key).map(Spanned::span)?;
        self.asked.borrow_mut().insert(key.to_owned());
        Some(span)
    }

    /// Notes every key that begins with `stem` but carries one of the units that do not suit what
    /// is measured: its `name`, and its `own` unit. Gives whether there was none.
    pub fn refuse_units(
        &self,
        stem: &str,
        (name, own): (&str, Unit),
        foreign: impl IntoIterator<Item = Unit>,
    ) -> bool {
        let mut clean = true;
        for (key, unit) in foreign.into_iter().map(|unit| (unit.key(stem), unit)) {
            if let Some(span) = self.key_span(&key) {
                let (is, right) = (unit.symbol, own.symbol);
                let text = format!("`{key}` is in {is}, but {name} is in {right}");
                self.add_with_help(span, text, format!("write `{}`", own.key(stem)));
                clean = false;
            }
        }
        if !clean {
            self.key_span(&own.key(stem)); // beside a wrong one, the right one is not unknown
        }
        clean
    }

    fn get(&self, key: &str) -> Option<&'a Value<'a>> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.entries.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn required(&self, key: &str) -> Option<&'a Value<'a>> {
        let value = self.get(key);
        if value.is_none() {
            let text = format!("`{key}` is missing");
            let mut problems = self.notes.problems.borrow_mut();
            problems.add(self.source, self.span(), text).missing = Some(key.to_owned());
        }
        value
    }

    fn wrong_kind(&self, key: &str, value: &Value<'_>, wanted: &str) {
        let found = value.get_ref().type_str();
        self.add(value.span(), format!("`{key}` must be {wanted}, found {found}"));
    }

    fn as_text(&self, key: &str, value: &'a Value<'a>) -> Option<Spanned<String>> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_kind(key, value, "a text in quotes");
            return None;
        };
        Some(Spanned::new(value.span(), text.to_owned()))
    }

    fn as_number(&self, key: &str, value: &Value<'_>) -> Option<Spanned<f64>> {
        let number = match value.get_ref() {
            DeValue::Float(float) => float.as_str().parse().ok(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if f64::is_finite(number) => Some(Spanned::new(value.span(), number)),
            Some(_) => {
                self.add(value.span(), format!("`{key}` must be a finite number"));
                None
            }
            None => {
                self.wrong_kind(key, value, "a number");
                None
            }
        }
    }

    /// A text that must be there.
    pub fn text(&self, key: &str) -> Option<Spanned<String>> {
        self.ask(key, Want::Text, true);
        let found = self.required(key).and_then(|value| self.as_text(key, value));
        found.or_else(|| self.in_place_of(key, String::new()))
    }

    /// A text that may be there.
    pub fn opt_text(&self, key: &str) -> Option<Spanned<String>> {
        self.ask(key, Want::Text, false);
        self.as_text(key, self.get(key)?)
    }

    /// A number that must be there.
    pub fn number(&self, key: &str) -> Option<Spanned<f64>> {
        self.ask(key, Want::ANY_NUMBER, true);
        let found = self.required(key).and_then(|value| self.as_number(key, value));
        found.or_else(|| self.in_place_of(key, 0.0))
    }

    /// A number that may be there.
    pub fn opt_number(&self, key: &str) -> Option<Spanned<f64>> {
        self.ask(key, Want::ANY_NUMBER, false);
        self.as_number(key, self.get(key)?)
    }

    /// A number that must be there and inside `range`.
    pub fn number_in(&self, key: &str, range: RangeInclusive<f64>) -> Option<Spanned<f64>> {
        let found = self.number(key);
        self.ask(key, Want::number_in(&range), true);
        self.inside(key, found?, &range)
    }

    /// A number that may be there; if so, inside `range`.
    pub fn opt_number_in(&self, key: &str, range: RangeInclusive<f64>) -> Option<Spanned<f64>> {
        let found = self.opt_number(key);
        self.ask(key, Want::number_in(&range), false);
        self.inside(key, found?, &range)
    }

    fn inside<T: PartialOrd + Display + LowerExp>(
        &self,
        key: &str,
        number: Spanned<T>,
        range: &RangeInclusive<T>,
    ) -> Option<Spanned<T>> {
        if range.contains(number.get_ref()) || self.notes.wants_questions() {
            return Some(number);
        }
        let (low, high) = (range.start(), range.end());
        let found = number.get_ref();
        let mut said = found.to_string();
        if said.len() > DIGITS_MAX {
            said = format!("{found:e}");
        }
        self.add(number.span(), format!("`{key}` must lie in {low} to {high}, found {said}"));
        None
    }

    fn as_integer(&self, key: &str, value: &Value<'_>) -> Option<Spanned<i64>> {
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok());
        if number.is_none() {
            self.wrong_kind(key, value, "a whole number");
        }
        number.map(|number| Spanned::new(value.span(), number))
    }

    /// A whole number that must be there and inside `range`.
    pub fn integer_in(&self, key: &str, range: RangeInclusive<i64>) -> Option<Spanned<i64>> {
        self.ask(key, Want::Whole { least: *range.start(), most: *range.end() }, true);
        let found = self.required(key).and_then(|value| self.as_integer(key, value));
        let found = found.or_else(|| self.in_place_of(key, *range.start()));
        self.inside(key, found?, &range)
    }

    /// A whole number that may be there; if so, inside `range`.
    pub fn opt_integer_in(&self, key: &str, range: RangeInclusive<i64>) -> Option<Spanned<i64>> {
        self.ask(key, Want::Whole { least: *range.start(), most: *range.end() }, false);
        self.inside(key, self.as_integer(key, self.get(key)?)?, &range)
    }

    /// `true` or `false`, if there.
    pub fn opt_bool(&self, key: &str) -> Option<Spanned<bool>> {
        self.ask(key, Want::Flag, false);
        let value = self.get(key)?;
        let Some(answer) = value.get_ref().as_bool() else {
            self.wrong_kind(key, value, "true or false");
            return None;
        };
        Some(Spanned::new(value.span(), answer))
    }

    /// A time with its offset, as a TOML date-time or as a text.
    pub fn time(&self, key: &str) -> Option<Spanned<(Stamp, UtcOffset)>> {
        self.ask(key, Want::Time, true);
        let value = self.required(key)?;
        let text = match value.get_ref() {
            DeValue::Datetime(time) => time.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => {
                self.wrong_kind(key, value, "a time like 2024-12-05T08:00:00+08:00");
                return None;
            }
        };
        match Stamp::parse(&text) {
            Ok(time) => Some(Spanned::new(value.span(), time)),
            Err(error) => {
                self.add(value.span(), error.to_string());
                None
            }
        }
    }

    /// A text that must be there, through a check such as `TagId::new`.
    pub fn parse<T, E: Display>(
        &self,
        key: &str,
        check: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Spanned<T>> {
        self.checked(self.text(key)?, check)
    }

    /// A text that may be there, through a check.
    pub fn opt_parse<T, E: Display>(
        &self,
        key: &str,
        check: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Spanned<T>> {
        self.checked(self.opt_text(key)?, check)
    }

    fn checked<T, E: Display>(
        &self,
        text: Spanned<String>,
        check: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Spanned<T>> {
        match check(text.get_ref()) {
            Ok(value) => Some(Spanned::new(text.span(), value)),
            Err(error) => {
                self.add(text.span(), error.to_string());
                None
            }
        }
    }

    /// One of the named choices, which must be there.
    pub fn choice<T: Clone>(&self, key: &str, choices: &[(&'static str, T)]) -> Option<Spanned<T>> {
        self.chosen(key, self.text(key)?, choices)
    }

    /// One of the named choices, if there.
    pub fn opt_choice<T: Clone>(
        &self,
        key: &str,
        choices: &[(&'static str, T)],
    ) -> Option<Spanned<T>> {
        self.chosen(key, self.opt_text(key)?, choices)
    }

    fn chosen<T: Clone>(
        &self,
        key: &str,
        text: Spanned<String>,
        choices: &[(&'static str, T)],
    ) -> Option<Spanned<T>> {
        self.offer(key, choices.iter().map(|(name, _)| *name));
        if let Some((_, value)) = choices.iter().find(|(name, _)| name == text.get_ref()) {
            return Some(Spanned::new(text.span(), value.clone()));
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        self.unknown(text.span(), &format!("`{key}`"), text.get_ref(), &names);
        None
    }

    /// Notes that `found` is no known `what`, with the nearest known name as the way out.
    pub fn unknown(&self, span: Range<usize>, what: &str, found: &str, known: &[&str]) {
        let help = match nearest(found, known) {
            Some(name) => format!("did you mean {name:?}?"),
            None if known.is_empty() => "there are none".to_owned(),
            None => format!("known: {}", known.join(", ")),
        };
        self.add_with_help(span, format!("{what} {found:?} is not known"), help);
    }

    /// A text in both languages: `key = { en = "…", zh = "…" }`.
    pub fn bilingual(&self, key: &str) -> Option<Text> {
        let table = self.table(key);
        self.ask(key, Want::Both, true);
        Self::both(&table?)
    }

    /// The same, if it is there.
    pub fn opt_bilingual(&self, key: &str) -> Option<Text> {
        let table = self.opt_table(key);
        self.ask(key, Want::Both, false);
        Self::both(&table?)
    }

    fn both(own: &Table<'_>) -> Option<Text> {
        let (en, zh) = (own.text("en"), own.text("zh"));
        Some(Text { en: en?.into_inner(), zh: zh?.into_inner() })
    }

    fn as_table(&self, key: &str, at: Option<usize>, value: &'a Value<'a>) -> Option<Table<'a>> {
        let Some(entries) = value.get_ref().as_table() else {
            self.wrong_kind(key, value, "a table");
            return None;
        };
        let mut path = Path::new();
        if self.notes.wants_questions() {
            path.clone_from(&self.path);
            path.push(Step::Key(key.to_owned()));
            path.extend(at.map(Step::At));
        }
        let (source, notes, span) = (self.source, self.notes, value.span());
        Some(Table { source, notes, path, span, entries, asked: RefCell::default() })
    }

    /// A table that must be there.
    pub fn table(&self, key: &str) -> Option<Table<'a>> {
        self.ask(key, Want::Table, true);
        self.as_table(key, None, self.required(key)?)
    }

    /// A table that may be there.
    pub fn opt_table(&self, key: &str) -> Option<Table<'a>> {
        self.ask(key, Want::Table, false);
        self.as_table(key, None, self.get(key)?)
    }

    /// The tables of `[[key]]`; none when the key is absent.
    pub fn tables(&self, key: &str) -> Vec<Table<'a>> {
        self.ask(key, Want::Tables, false);
        let Some(array) = self.array(key) else { return Vec::new() };
        let each = array.iter().enumerate();
        each.filter_map(|(at, value)| self.as_table(key, Some(at), value)).collect()
    }

    /// The texts of an array; none when the key is absent.
    pub fn texts(&self, key: &str) -> Vec<Spanned<String>> {
        self.ask(key, Want::Texts, false);
        let Some(array) = self.array(key) else { return Vec::new() };
        array.iter().filter_map(|value| self.as_text(key, value)).collect()
    }

    /// The same, with the file that they stand in; a list of nothing is a mistake.
    pub fn listed(&self, key: &str) -> Option<Listed> {
        let span = self.key_span(key)?;
        let names = self.texts(key);
        if names.is_empty() {
            self.add_with_help(span, format!("`{key}` names nothing"), "remove it, or name some");
            return None;
        }
        Some(Listed { source: Arc::clone(self.source), names })
    }

    /// Is the key there, with a text? It does not count as known by that.
    pub fn is_text(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value.get_ref().as_str().is_some())
    }

    /// A text, or the texts of an array; none when the key is absent.
    pub fn text_or_texts(&self, key: &str) -> Vec<Spanned<String>> {
        let found = if self.is_text(key) {
            self.opt_text(key).into_iter().collect()
        } else {
            self.texts(key)
        };
        self.ask(key, Want::TextOrTexts, false);
        found
    }

    /// The numbers of an array; none when the key is absent.
    pub fn numbers(&self, key: &str) -> Vec<Spanned<f64>> {
        self.ask(key, Want::Numbers, false);
        let Some(array) = self.array(key) else { return Vec::new() };
        array.iter().filter_map(|value| self.as_number(key, value)).collect()
    }

    fn array(&self, key: &str) -> Option<&'a DeArray<'a>> {
        let value = self.get(key)?;
        let array = value.get_ref().as_array();
        if array.is_none() {
            self.wrong_kind(key, value, "an array");
        }
        array
    }
}

impl Drop for Table<'_> {
    fn drop(&mut self) {
        let asked = self.asked.borrow();
        let known: Vec<&str> = asked.iter().map(String::as_str).collect();
        for (name, _) in self.entries {
            let key: &str = name.get_ref();
            if !known.contains(&key) {
                self.unknown(name.span(), "key", key, &known);
            }
        }
    }
}

/// The known name that `found` most likely meant, if any is near. Keys end with their unit, so a
/// name that only lacks its ending (`poll` for `poll_s`, `flow` for `flow-low`) comes first.
pub fn nearest<'k>(found: &str, known: &[&'k str]) -> Option<&'k str> {
    let lacks_ending = |name: &str| {
        !found.is_empty()
            && name.strip_prefix(found).is_some_and(|rest| rest.starts_with(['_', '-']))
    };
    if let Some(name) = known.iter().find(|name| lacks_ending(name)) {
        return Some(name);
    }
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(found, name), *name))
        .filter(|(distance, name)| *distance * 3 <= name.len().max(found.len()))
        .min()
        .map(|(_, name)| name)
}

impl Problem {
    /// Where it stands in its file, in bytes.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> String {
        let source = Source::new("x.toml", text);
        let result = read_toml(&source, |table| {
            let level = table.number_in("low_m", 0.0..=10.0);
            let kind = table.choice("kind", &[("pump", 1), ("valve", 2)]);
            let title = table.bilingual("title");
            Some((level?, kind?, title?))
        });
        result.expect_err("the text has mistakes").render(false)
    }

    #[test]
    fn every_mistake_of_a_file_comes_in_one_run_with_its_place_and_way_out() {
        let text = "low_n = 3\nlow_m = 12.5\nkind = \"pumpe\"\ntitle = { en = \"a\" }\n";
        insta::assert_snapshot!(mistakes(text));
    }

    #[test]
    fn an_absurd_number_is_told_in_few_characters() {
        assert!(mistakes("low_m = 1e300").contains("must lie in 0 to 10, found 1e300\n"));
        assert!(mistakes("low_m = 123456789").contains("found 123456789\n"));
    }

    #[test]
    fn broken_toml_is_reported_at_its_place() {
        insta::assert_snapshot!(mistakes("low_m = = 3\nkind = \"pump\n"));
    }

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(nearest("pres-low", &["pressure-low", "flow-low"]), Some("pressure-low"));
        assert_eq!(nearest("zzzzzz", &["pressure-low"]), None);
        assert_eq!(nearest("lag", &["tag", "lag_s"]), Some("lag_s"), "it only lacks its unit");
    }
}
