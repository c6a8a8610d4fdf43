//! Mistakes in files people write: place, rule, found value, way out; all of a file in one run.
//!
//! A `Problem` is in a file; a `Fault` is in the plant.

pub mod asked;
mod table;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

pub use serde_spanned::Spanned;
pub use table::{
    Listed, Table, ask_toml, find_value, nearest, read_toml, read_toml_partly, top_keys,
};

/// A file's name as the user gave it, and its text.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Path as shown to the user.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A text and the name it is reported under.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into() })
    }

    /// Line and column of a byte, both from 1; the column counts characters.
    pub fn line_col(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before.get(line_start..).map_or(0, |part| part.chars().count()) + 1;
        (line, column)
    }

    /// `path:line` of a byte, for messages that point back at a file.
    pub fn place(&self, byte: usize) -> String {
        format!("{}:{}", self.path, self.line_col(byte).0)
    }
}

/// One mistake.
#[derive(Debug, Clone)]
pub struct Problem {
    source: Arc<Source>,
    span: Range<usize>,
    text: String,
    help: Option<String>,
    /// The key that is not there, if that is the mistake.
    missing: Option<String>,
}

impl Problem {
    fn place(&self) -> (&str, usize) {
        (&self.source.path, self.span.start)
    }

    /// Adds the way out.
    pub fn help(&mut self, text: impl Into<String>) -> &mut Self {
        self.help = Some(text.into());
        self
    }

    /// What is wrong, without its place.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The way out, if one is known.
    pub fn way_out(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The key that is missing in the table at its place, if that is the mistake.
    pub fn missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }

    /// `path:line:col: what is wrong`, without the lines of the file; `path: what is wrong` when
    /// there is no text to point into.
    pub fn headline(&self) -> String {
        if self.source.text.is_empty() {
            return format!("{}: {}", self.source.path, self.text);
        }
        let (line, column) = self.source.line_col(self.span.start);
        format!("{}:{line}:{column}: {}", self.source.path, self.text)
    }

    /// The headline, the line of the file with the place marked, and the way out.
    pub fn render(&self, colour: bool) -> String {
        self.render_as(Level::ERROR, colour)
    }

    fn render_as(&self, level: Level<'_>, colour: bool) -> String {
        let text = &self.source.text;
        let start = self.span.start.min(text.len());
        let end = self.span.end.clamp(start, text.len());
        let headline = self.headline();
        let title = level.primary_title(headline.as_str());
        let mut report = if text.is_empty() {
            annotate_snippets::Group::with_title(title)
        } else {
            // Only its own lines: whoever draws a mistake reads all that it is given.
            let lines = lines_around(text, start..end);
            let place = AnnotationKind::Primary.span(start - lines.start..end - lines.start);
            let (first, _) = self.source.line_col(lines.start);
            let snippet = Snippet::source(&text[lines]).line_start(first).annotation(place);
            title.element(snippet)
        };
        if let Some(help) = &self.help {
            report = report.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.decor_style(DecorStyle::Ascii).render(&[report])
    }
}

/// The whole lines that a place stands in.
fn lines_around(text: &str, place: Range<usize>) -> Range<usize> {
    let is_end = |byte: &u8| *byte == b'\n';
    let (before, behind) = (&text.as_bytes()[..place.start], &text.as_bytes()[place.end..]);
    let start = before.iter().rposition(is_end).map_or(0, |end| end + 1);
    let end = behind.iter().position(is_end).map_or(text.len(), |more| place.end + more);
    start..end
}

/// Every mistake of a file, or of several.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    list: Vec<Problem>,
}

impl Problems {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a mistake at `span` (bytes) of `source`.
    pub fn add(
        &mut self,
        source: &Arc<Source>,
        span: Range<usize>,
        text: impl Into<String>,
    ) -> &mut Problem {
        let (source, text) = (Arc::clone(source), text.into());
        self.list.push(Problem { source, span, text, help: None, missing: None });
        let last = self.list.len() - 1;
        &mut self.list[last]
    }

    /// A mistake about a whole file or folder, such as that it is not there.
    pub fn whole(path: impl Into<String>, text: impl Into<String>) -> Self {
        let mut problems = Self::new();
        problems.add(&Source::new(path, ""), 0..0, text);
        problems
    }

    /// Takes over the mistakes of another file.
    pub fn absorb(&mut self, other: Self) {
        self.list.extend(other.list);
    }

    /// Those in some files only.
    #[must_use]
    pub fn within(mut self, sources: &[Arc<Source>]) -> Self {
        self.list.retain(|problem| sources.contains(&problem.source));
        self
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Each, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// `Ok(value)` when there is a value and no mistake; else the mistakes, in the file's order.
    pub fn into_result<T>(mut self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.list.is_empty() => Ok(value),
            _ => {
                self.sort();
                Err(self)
            }
        }
    }

    /// By file, then by place; a mistake found twice counts once.
    fn sort(&mut self) {
        self.list.sort_by(|a, b| a.place().cmp(&b.place()));
        let mut seen = BTreeSet::new();
        self.list.retain(|problem| {
            let (path, byte) = problem.place();
            seen.insert((path.to_owned(), byte, problem.text.clone()))
        });
    }

    /// Every mistake with its line, and a closing count.
    pub fn render(&self, colour: bool) -> String {
        let mut text = String::new();
        for problem in &self.list {
            text.push_str(&problem.render(colour));
            text.push_str("\n\n");
        }
        text.push_str(&self.count());
        text
    }

    /// Every one with its line, as warnings: what is worth a second look and is no mistake.
    pub fn warnings(&self, colour: bool) -> String {
        let each = self.list.iter().map(|problem| problem.render_as(Level::WARNING, colour));
        each.collect::<Vec<_>>().join("\n\n")
    }

    fn count(&self) -> String {
        match self.list.len() {
            1 => "1 mistake".to_owned(),
            n => format!("{n} mistakes"),
        }
    }
}

/// The headlines, one a line: for logs and `main`'s error chain.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.count())?;
        for problem in &self.list {
            write!(f, "\n{}", problem.headline())?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
