//! `sanmen rules check`: every mistake of rule files, and what is worth a second look.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::review;
use crate::base::problem::{Problems, Source};
use crate::cli::common::Shelves;
use crate::cli::config::found::Found;
use crate::cli::exit::Failure;
use crate::cli::library::keep;
use crate::inspection::book::Book;

/// Arguments of `sanmen rules check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Rule files, or folders of them, that make one book; the rules in force by default
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Fail on a warning too
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    shelves: Shelves,
}

/// Checks the rules, and holds them against the plants. Fails with every mistake; with `--strict`,
/// as unmet when there is a warning.
pub fn run(args: &CheckArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let library = args.shelves.library();
    let mut problems = Problems::new();
    let plants = keep(&mut problems, library.plants());
    let book = if args.paths.is_empty() { library.book() } else { named_book(&args.paths) };
    let book = keep(&mut problems, book);
    let mut warnings = Problems::new();
    if let Some((book, plants)) = book.as_ref().zip(plants) {
        let review = review(book, &plants);
        warnings = idle(book, &review.unmatched);
        warnings.absorb(review.warnings);
        problems.absorb(review.problems);
    }
    if !warnings.is_empty() {
        writeln!(out, "{}\n", warnings.warnings(io::stdout().is_terminal()))?;
    }
    let book = problems.into_result(book)?;
    let counts = [(book.rules().len(), "rule"), (book.tests().len(), "test of signal quality")];
    let [rules, tests] = counts.map(|(n, what)| counted(n, what));
    writeln!(out, "{rules}, {tests}: no mistake, {}", counted(warnings.len(), "warning"))?;
    if args.strict && !warnings.is_empty() {
        return Err(Failure::Unmet);
    }
    Ok(())
}

/// The book of the rule files at some paths. Errors: every mistake of every file.
pub(super) fn named_book(paths: &[PathBuf]) -> Result<Book, Problems> {
    let mut problems = Problems::new();
    let sources = keep(&mut problems, rule_files(paths)).unwrap_or_default();
    let book = keep(&mut problems, Book::load(&sources));
    problems.into_result(book)
}

/// The rule files at some paths. Errors: a path that is none, a folder without any.
pub(super) fn rule_files(paths: &[PathBuf]) -> Result<Vec<Arc<Source>>, Problems> {
    let mut sources = Vec::new();
    let mut problems = Problems::new();
    for path in paths {
        let mut found = Found::default();
        found.path(path);
        if found.rules.is_empty() && found.problems.is_empty() {
            let text =
                if path.is_dir() { "there is no rule file in it" } else { "this is no rule file" };
            problems.absorb(Problems::whole(path.display().to_string(), text));
        }
        problems.absorb(found.problems);
        sources.extend(found.rules);
    }
    problems.into_result(Some(sources))
}

/// A warning for each rule and test that watches nothing.
fn idle(book: &Book, unmatched: &[crate::base::RuleId]) -> Problems {
    let mut warnings = Problems::new();
    let rules = book.rules().iter().map(|rule| (&rule.id, &rule.place, "rule"));
    let tests = book.tests().iter().map(|test| (&test.id, &test.place, "test"));
    for (id, place, what) in rules.chain(tests).filter(|(id, ..)| unmatched.contains(id)) {
        let text = format!("{what} {id} watches nothing at these plants");
        let help = "look at its selectors; `--plants DIR` names other plants";
        warnings.add(&place.source, place.span.clone(), text).help(help);
    }
    warnings
}

fn counted(n: usize, what: &str) -> String {
    match (n, what.split_once(' ')) {
        (1, _) => format!("1 {what}"),
        (_, None) => format!("{n} {what}s"),
        (_, Some((first, rest))) => format!("{n} {first}s {rest}"),
    }
}
