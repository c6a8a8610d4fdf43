//! `sanmen test`: scenario files against their expectations, offline, on all cores.

mod exercise;
mod fleet;

use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::base::Stamp;
use crate::base::limit::Limit;
use crate::base::problem::{Problems, Source};
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::cli::common::{Format, SeedFlag, Shelves, Telling};
use crate::cli::cores::{on_all_cores, threads};
use crate::cli::exit::Failure;
use crate::cli::library::{self, FleetScript, Library, Script};
use crate::exercise::fleet::WorksPlayed;
use crate::exercise::judge::{self, Failing};
use crate::exercise::offline::{self, Played};
use crate::exercise::rehearsal::Rehearsal;
use crate::inspection::book::Book;
use crate::ledger::record::Entry;
use crate::plant::Plant;
use crate::scenario::Scenario;
use crate::scenario::exercise::Exercise;
use crate::scenario::fleet::FleetScenario;

/// Plays scenario files and checks what must and must not follow.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Scenario files, or folders of them; those that ship with Sanmen by default
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write a JUnit report to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// How many files to play at the same time; one for each core by default
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = threads)]
    threads: Option<NonZero<usize>>,
    #[command(flatten)]
    shelves: Shelves,
    #[command(flatten)]
    seed: SeedFlag,
    #[command(flatten)]
    telling: Telling,
}

/// One file that was played, and what came of it.
struct Case {
    source: Arc<Source>,
    outcome: Outcome,
}

/// What came of one file.
enum Outcome {
    /// It does not read: mistakes.
    Mistakes(Problems),
    /// It could not be played to the end.
    Broken(String),
    /// It was played.
    Played(Box<(Scenario, Played, Vec<Failing>)>),
    /// All works of a fleet were.
    Fleet(Box<(FleetScenario, Seed, Vec<WorksPlayed>, Vec<Failing>)>),
    /// Robots have rehearsed it.
    Exercise(Box<(Arc<Exercise>, Rehearsal, Vec<Failing>)>),
}

/// Plays every file. Fails as unusable when one has mistakes, as unmet when one fails otherwise.
pub fn run(args: &TestArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let library = args.shelves.library();
    let (plants, book) = library.plants_and_book()?;
    let sources = scenario_sources(&args.paths)?;
    if sources.is_empty() {
        return Err(Failure::usage("there is no scenario file to test"));
    }
    let started = crate::base::time::wall_now();
    let rules = (&library, &book);
    let play = |source: &Arc<Source>| play_source(source, &plants, rules, args);
    let outcomes =
        on_all_cores(sources.len(), args.threads, |at| ControlFlow::Continue(play(&sources[at])));
    let cases: Option<Vec<Case>> = sources
        .into_iter()
        .zip(outcomes)
        .map(|(source, outcome)| Some(Case { source, outcome: outcome? }))
        .collect();
    let cases = cases.ok_or(Failure::Bug)?;
    let json = args.telling.format == Some(Format::Json);
    let (mut failed, mut unusable) = (0, false);
    for case in &cases {
        let outcome = &case.outcome;
        failed += usize::from(!outcome.is_good());
        unusable |= matches!(outcome, Outcome::Mistakes(_));
        if json {
            records(outcome, out)?;
        }
        report(case, args, out)?;
    }
    if let Some(path) = &args.junit {
        junit(&cases, path)?;
    }
    let took = crate::base::time::wall_now() - started;
    let passed = cases.len() - failed;
    let closing = match args.telling.lang.into() {
        Lang::En => format!("played in {took}\n{passed} passed, {failed} failed"),
        Lang::Zh => format!("用时{took}\n通过{passed}个,未通过{failed}个"),
    };
    if json {
        to_stderr(&format!("{closing}\n"));
    } else {
        writeln!(out, "{closing}")?;
    }
    match failed {
        0 => Ok(()),
        _ if unusable => Err(Failure::Unusable),
        _ => Err(Failure::Unmet),
    }
}

fn play_source(
    source: &Arc<Source>,
    plants: &BTreeMap<String, Arc<Plant>>,
    (library, book): (&Library, &Book),
    args: &TestArgs,
) -> Outcome {
    if let Some(exercise) = library::exercise(source, plants) {
        return match exercise {
            Ok(exercise) => {
                let seed = args.seed.or(exercise.scenario.seed);
                match library.judging(book, exercise.scenario.judged_by.as_ref()) {
                    Ok(book) => exercise::play(exercise, plants, &book, seed),
                    Err(problems) => Outcome::Mistakes(problems),
                }
            }
            Err(problems) => Outcome::Mistakes(problems),
        };
    }
    match library::script(source, plants) {
        Err(problems) => Outcome::Mistakes(problems),
        Ok(Script::Plant(scenario)) => {
            let seed = args.seed.or(scenario.seed);
            match library.judging(book, scenario.judged_by.as_ref()) {
                Ok(book) => play(*scenario, plants, &book, seed),
                Err(problems) => Outcome::Mistakes(problems),
            }
        }
        Ok(Script::Fleet(found)) => {
            let FleetScript { fleet, scenario, .. } = *found;
            let seed = args.seed.or(scenario.seed);
            match library.judging(book, scenario.judged_by.as_ref()) {
                Ok(book) => fleet::play(&fleet, scenario, &book, seed, args.threads),
                Err(problems) => Outcome::Mistakes(problems),
            }
        }
    }
}

/// The scenario files at some paths; those compiled in when there is no path.
pub(super) fn scenario_sources(paths: &[PathBuf]) -> Result<Vec<Arc<Source>>, Failure> {
    if paths.is_empty() {
        return Ok(library::built_in_scenarios());
    }
    let mut sources = Vec::new();
    for path in paths {
        if path.is_dir() {
            sources.extend(library::folder_sources(path, "toml")?);
        } else {
            sources.push(library::scenario_source(path)?);
        }
    }
    Ok(sources)
}

fn play(
    scenario: Scenario,
    plants: &BTreeMap<String, Arc<Plant>>,
    book: &Book,
    seed: Seed,
) -> Outcome {
    let Some(plant) = plants.get(scenario.plant.as_str()) else {
        return Outcome::Broken(format!("there is no plant {}", scenario.plant));
    };
    let unknown = judge::unknown_rules(&scenario, &[book]);
    if !unknown.is_empty() {
        return Outcome::Mistakes(unknown);
    }
    match offline::play(plant, &scenario, book, Some(seed)) {
        Err(error) => Outcome::Broken(crate::cli::exit::chain(&error)),
        Ok(played) => {
            let failing = judge::judge(&scenario, plant, book, &played);
            Outcome::Played(Box::new((scenario, played, failing)))
        }
    }
}

impl Outcome {
    /// What was played, in a line.
    fn summary(&self, lang: Lang) -> Option<String> {
        match self {
            Self::Played(played) => {
                let (scenario, played, _) = played.as_ref();
                let (title, raised) = (scenario.title.get(lang), played.alarms_raised());
                let (span, readings, seed) = (scenario.duration, played.readings, played.seed.0);
                let energy = played.kwh_per_m3;
                let energy = energy.map_or(String::new(), |kwh| format!("{kwh:.3} kWh/m³, "));
                Some(match lang {
                    Lang::En => format!(
                        "{title} ({span}, {readings} readings, {raised} alarms, {energy}seed \
                         {seed})"
                    ),
                    Lang::Zh => format!(
                        "{title} ({span}, 读数{readings}个, 报警{raised}条, {energy}种子{seed})"
                    ),
                })
            }
            Self::Fleet(played) => Some(fleet::summary(&played.0, played.1, &played.2, lang)),
            Self::Exercise(played) => Some(exercise::summary(&played.0, &played.1, lang)),
            Self::Mistakes(_) | Self::Broken(_) => None,
        }
    }

    /// The seed it was played with.
    fn seed(&self) -> Option<Seed> {
        match self {
            Self::Played(played) => Some(played.1.seed),
            Self::Fleet(played) => Some(played.1),
            Self::Exercise(played) => Some(played.1.null.played.seed),
            Self::Mistakes(_) | Self::Broken(_) => None,
        }
    }

    fn is_good(&self) -> bool {
        match self {
            Self::Played(played) => played.2.is_empty(),
            Self::Fleet(played) => played.3.is_empty(),
            Self::Exercise(played) => played.2.is_empty(),
            Self::Mistakes(_) | Self::Broken(_) => false,
        }
    }

    /// What lay outside the model though nobody expected it, as lines.
    fn notes(&self, lang: Lang) -> Vec<String> {
        match self {
            Self::Played(played) => outside_notes(&played.0, &played.1, lang),
            Self::Fleet(played) => fleet::notes(&played.2, lang),
            Self::Exercise(played) => {
                outside_notes(&played.0.scenario, &played.1.null.played, lang)
            }
            Self::Mistakes(_) | Self::Broken(_) => Vec::new(),
        }
    }

    /// What failed, as sentences.
    fn sentences(&self) -> Vec<String> {
        match self {
            Self::Mistakes(problems) => vec![problems.render(false)],
            Self::Broken(error) => vec![error.clone()],
            Self::Played(played) => played.2.iter().map(ToString::to_string).collect(),
            Self::Fleet(played) => played.3.iter().map(ToString::to_string).collect(),
            Self::Exercise(played) => played.2.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A line for the first time of each limit; how often it came again stands behind it.
fn outside_notes(scenario: &Scenario, played: &Played, lang: Lang) -> Vec<String> {
    let local = |at: Stamp| judge::local(scenario, at);
    let all = judge::unexpected(scenario, played);
    let note = |(_, limit): &(&str, Limit)| {
        let mut times = all.iter().filter(|outside| outside.limit == *limit);
        let outside = times.next()?;
        let (first, last) = (local(outside.first), local(outside.last));
        let to = lang.pick(" to ", "至");
        let time = if first == last { first } else { format!("{first}{to}{last}") };
        let detail = outside.detail(lang);
        let detail = if detail.is_empty() { detail } else { format!(", {detail}") };
        let last = times.clone().next_back().map(|outside| local(outside.last));
        let count = times.count();
        let again = last.map_or(String::new(), |last| match lang {
            Lang::En => format!(", {count} more until {last}"),
            Lang::Zh => format!(", 至{last}另有{count}次"),
        });
        let (id, sentence) = (limit.id(), limit.sentence(lang));
        let head = lang.pick("outside the model", "超出模型范围");
        Some(format!("{head}: {id}, {time}{detail}{again}: {sentence}"))
    };
    Limit::CHOICES.iter().filter_map(note).collect()
}

fn report(case: &Case, args: &TestArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let mut text = String::new();
    let (path, outcome) = (&case.source.path, &case.outcome);
    let lang = args.telling.lang.into();
    if let Some(summary) = outcome.summary(lang).filter(|_| outcome.is_good()) {
        text = format!("ok      {path}  {summary}\n");
    } else {
        text.push_str(&format!("FAILED  {path}\n"));
        for sentence in outcome.sentences() {
            for line in sentence.lines() {
                text.push_str(format!("        {line}").trim_end());
                text.push('\n');
            }
        }
        if let Some(seed) = outcome.seed() {
            text.push_str(&format!("        again: {}\n", again(path, seed, args)));
        }
    }
    for note in outcome.notes(lang) {
        text.push_str(&format!("        {note}\n"));
    }
    if args.telling.format == Some(Format::Json) {
        to_stderr(&text);
    } else {
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// The command that shows the same failure: same file, seed, plants and rules.
fn again(path: &str, seed: Seed, args: &TestArgs) -> String {
    let mut command = format!("sanmen test {} --seed {}", quoted(path), seed.0);
    let library = args.shelves.library();
    for (flag, folder) in [("plants", library.plants), ("rules", library.rules)] {
        if let Some(folder) = folder {
            let folder = folder.display().to_string();
            command.push_str(&format!(" --{flag} {}", quoted(&folder)));
        }
    }
    command
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn records(outcome: &Outcome, out: &mut dyn Write) -> Result<(), Failure> {
    match outcome {
        Outcome::Played(played) => {
            played.1.entries.iter().try_for_each(|entry| write_entry(entry, out))
        }
        Outcome::Exercise(played) => {
            let entries = &played.1.reference.played.entries;
            entries.iter().try_for_each(|entry| write_entry(entry, out))
        }
        Outcome::Fleet(played) => {
            let entries = played.2.iter().flat_map(|works| &works.entries);
            entries.into_iter().try_for_each(|entry| write_entry(entry, out))
        }
        Outcome::Mistakes(_) | Outcome::Broken(_) => Ok(()),
    }
}

/// One ledger entry as a line of JSON.
pub fn write_entry(entry: &Entry, out: &mut dyn Write) -> Result<(), Failure> {
    let line = serde_json::to_string(entry).map_err(Failure::outside)?;
    writeln!(out, "{line}")?;
    Ok(())
}

#[expect(clippy::print_stderr, reason = "text for people, while stdout carries data")]
fn to_stderr(text: &str) {
    eprint!("{text}");
}

#[expect(clippy::disallowed_methods, reason = "edge: writes the report")]
fn junit(cases: &[Case], path: &Path) -> Result<(), Failure> {
    let mut report = Report::new("sanmen test");
    let mut suite = TestSuite::new("scenarios");
    for case in cases {
        let outcome = &case.outcome;
        let status = if outcome.is_good() {
            TestCaseStatus::success()
        } else {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            // Readers of XML join the lines of a message, which is an attribute.
            let sentences = outcome.sentences().join("\n");
            status.set_message(sentences.lines().next().unwrap_or_default());
            status.set_description(sentences.as_str());
            status
        };
        suite.add_test_case(TestCase::new(case.source.path.as_str(), status));
    }
    report.add_test_suite(suite);
    let text = report.to_string().map_err(Failure::outside)?;
    std::fs::write(path, text).map_err(|error| Failure::file(path, error))
}
