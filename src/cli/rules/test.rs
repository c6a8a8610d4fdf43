//! `sanmen rules test`: the tests that stand in rule files.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::check::named;
use crate::cli::common::{Format, Shelves};
use crate::cli::exit::Failure;
use crate::cli::explain::rule_of;
use crate::cli::library::Library;
use crate::exercise::rule_test::{self, Tried};
use crate::inspection::book::InspectionRule;
use crate::inspection::rule_test::{Expected, RuleTest};

/// Arguments of `sanmen rules test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Rule files, or folders of them, that make one book; the rules in force by default
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only the tests of this rule
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    #[command(flatten)]
    shelves: Shelves,
    /// What stdout carries: text for people, or one JSON object a test
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Plays every test. Fails as unmet when one fails.
pub fn run(args: &TestArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let library = args.shelves.library();
    let part = named(&args.paths, &library)?;
    let book = &part.book;
    let plants = Library::default().plants()?;
    let frame = plants.values().next().ok_or(Failure::Bug)?;
    let rules: Vec<&InspectionRule> = match &args.rule {
        Some(wanted) => vec![rule_of(book, wanted)?.1],
        None => book.rules().iter().filter(|rule| !part.lent.contains(&rule.id)).collect(),
    };
    let (mut passed, mut failed) = (0, 0);
    for rule in &rules {
        for test in rule.tests.iter() {
            let tried = rule_test::play(book, rule, test, frame);
            let is_good = tried.failing.is_none();
            passed += usize::from(is_good);
            failed += usize::from(!is_good);
            match args.format {
                Format::Json => writeln!(out, "{}", object(rule, test, &tried))?,
                Format::Text => write_failure(rule, test, &tried, out)?,
            }
        }
    }
    if args.format == Format::Text {
        let bare: Vec<&str> =
            rules.iter().filter(|it| it.tests.is_empty()).map(|it| it.id.as_str()).collect();
        if !bare.is_empty() {
            writeln!(out, "note: without a test: {}", bare.join(", "))?;
        }
        writeln!(out, "{passed} passed, {failed} failed")?;
    }
    if failed > 0 { Err(Failure::Unmet) } else { Ok(()) }
}

/// `file:line` of a test.
fn place(test: &RuleTest) -> String {
    test.place.source.place(test.place.span.start)
}

fn write_failure(
    rule: &InspectionRule,
    test: &RuleTest,
    tried: &Tried,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let Some(failing) = &tried.failing else { return Ok(()) };
    let title = test.title.as_ref().map_or(String::new(), |title| format!(": {title}"));
    writeln!(out, "FAILED  {}  {}{title}", place(test), rule.id)?;
    for line in failing.lines() {
        writeln!(out, "        {line}")?;
    }
    Ok(())
}

fn object(rule: &InspectionRule, test: &RuleTest, tried: &Tried) -> Value {
    let changes = |list: &[Expected]| -> Vec<Value> {
        let minutes = |it: &Expected| it.at.as_seconds() / 60.0;
        let each = |it: &Expected| {
            let mut each = json!({ "at_min": minutes(it), "state": it.change.name() });
            if let Some(priority) = it.priority {
                each["priority"] = priority.name().into();
            }
            each
        };
        list.iter().map(each).collect()
    };
    json!({
        "place": place(test),
        "rule": rule.id,
        "title": test.title,
        "passed": tried.failing.is_none(),
        "expect": changes(&test.expect),
        "came": changes(&tried.came),
    })
}
