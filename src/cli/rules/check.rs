//! `sanmen rules check`: every mistake of rule files, and what is worth a second look.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::base::RuleId;
use crate::base::problem::{Problems, Source};
use crate::cli::common::Shelves;
use crate::cli::config::found::Found;
use crate::cli::exit::Failure;
use crate::cli::library::{self, Library, keep};
use crate::inspection::book::{Book, Drafts, Part};

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
    let (part, drafts, mistakes) = read(&args.paths, &library);
    problems.absorb(mistakes);
    let mut warnings = Problems::new();
    if let Some(plants) = plants {
        let book = part.own();
        let review = super::review(&book, &drafts, &plants);
        warnings = idle(&book, &review.unmatched);
        warnings.absorb(review.warnings);
        problems.absorb(review.problems);
    }
    if !warnings.is_empty() {
        writeln!(out, "{}\n", warnings.warnings(io::stdout().is_terminal()))?;
    }
    let part = problems.into_result(Some(part))?;
    let own = part.book.rules().len() - part.lent.len();
    let counts = [(own, "rule"), (part.own_tests, "test of signal quality")];
    let [rules, tests] = counts.map(|(n, what)| counted(n, what));
    writeln!(out, "{rules}, {tests}: no mistake, {}", counted(warnings.len(), "warning"))?;
    if !part.lent.is_empty() {
        let lent: Vec<&str> = part.lent.iter().map(RuleId::as_str).collect();
        writeln!(out, "note: of other files: {}", lent.join(", "))?;
    }
    if args.strict && !warnings.is_empty() {
        return Err(Failure::Unmet);
    }
    Ok(())
}

/// The rules in force; of the rule files at some paths, when any are named. A folder is a book. A
/// file is part of one: what it names stands in its folder, or in force. Errors: every mistake of
/// every file.
pub(super) fn named(paths: &[PathBuf], library: &Library) -> Result<Part, Problems> {
    let (part, _, problems) = read(paths, library);
    problems.into_result(Some(part))
}

/// The same as far as they can be read, drafts of others, and every mistake.
fn read(paths: &[PathBuf], library: &Library) -> (Part, Drafts, Problems) {
    if paths.is_empty() {
        let (part, drafts, mut problems) = library.read_rules();
        let handling = keep(&mut problems, library.handling()).unwrap_or_default();
        let book = part.book.with_handling(handling);
        return (Part { book, ..part }, drafts, problems);
    }
    let (sources, mut problems) = rule_files(paths);
    let is_whole = problems.is_empty();
    let mut places = beside(paths);
    if paths.iter().any(|path| !path.is_dir()) {
        places.extend(keep(&mut problems, library.rule_sources()));
    }
    let (part, drafts, mistakes) = Book::read_part(&sources, &places, is_whole);
    problems.absorb(mistakes);
    (part, drafts, problems)
}

/// The files that stand beside those among some paths, folder by folder.
pub(super) fn beside(paths: &[PathBuf]) -> Vec<Vec<Arc<Source>>> {
    let files = paths.iter().filter(|path| path.is_file());
    let folders: BTreeSet<&Path> = files.filter_map(|path| path.parent()).collect();
    let here = |folder: &Path| {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let listed = library::list(folder).unwrap_or_default();
        let rules = listed.iter().filter(|it| it.extension().is_some_and(|end| end == "toml"));
        rules.filter_map(|path| library::source(path).ok()).collect()
    };
    folders.into_iter().map(here).collect()
}

/// The rule files at some paths, and what is wrong: a path that is none, a folder without any, a
/// file that cannot be read.
pub(super) fn rule_files(paths: &[PathBuf]) -> (Vec<Arc<Source>>, Problems) {
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
    (sources, problems)
}

/// A warning for each rule and test that watches nothing.
pub(super) fn idle(book: &Book, unmatched: &[RuleId]) -> Problems {
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
