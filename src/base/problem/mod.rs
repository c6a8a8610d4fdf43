//! Mistakes in files people write: place, rule, found value, way out; all of a file in one run.
//!
//! A `Problem` is in a file; a `Fault` is in the plant.

mod table;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

pub use serde_spanned::Spanned;
pub use table::{Table, nearest, read_toml};

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
}

impl Problem {
    /// Adds the way out.
    pub fn help(&mut self, text: impl Into<String>) -> &mut Self {
        self.help = Some(text.into());
        self
    }

    /// `path:line:col: what is wrong`, without the lines of the file.
    pub fn headline(&self) -> String {
        let (line, column) = self.source.line_col(self.span.start);
        format!("{}:{line}:{column}: {}", self.source.path, self.text)
    }

    /// The headline, the line of the file with the place marked, and the way out.
    pub fn render(&self, colour: bool) -> String {
        let text = &self.source.text;
        let start = self.span.start.min(text.len());
        let end = self.span.end.clamp(start, text.len());
        let headline = self.headline();
        let mut group = Level::ERROR.primary_title(headline.as_str());
        let mut report = group.clone().element(
            Snippet::source(text.as_str()).annotation(AnnotationKind::Primary.span(start..end)),
        );
        if text.is_empty() {
            group = Level::ERROR.primary_title(headline.as_str());
            report = annotate_snippets::Group::with_title(group);
        }
        if let Some(help) = &self.help {
            report = report.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.decor_style(DecorStyle::Ascii).render(&[report])
    }
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
        self.list.push(Problem { source: Arc::clone(source), span, text: text.into(), help: None });
        let last = self.list.len() - 1;
        &mut self.list[last]
    }

    /// Takes over the mistakes of another file.
    pub fn absorb(&mut self, other: Self) {
        self.list.extend(other.list);
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
                self.list.sort_by(|a, b| {
                    (&a.source.path, a.span.start).cmp(&(&b.source.path, b.span.start))
                });
                Err(self)
            }
        }
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
