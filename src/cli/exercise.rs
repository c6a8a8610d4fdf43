//! `sanmen exercise`: exercises for people: which there are, whether they hold, and played by a
//! robot or again from the log of a live run, with the report after it.

pub mod cards;
mod edit;
mod keep;
pub mod play;
mod rehearsing;
mod shown;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::base::problem::{Problems, Source};
use crate::cli::common::{Format, SeedFlag, Shelves, Telling};
use crate::cli::exit::Failure;
use crate::cli::library::{self, Library, scenario_source};
use crate::exercise::debrief::form::Evaluation;
use crate::exercise::judge;
use crate::exercise::rehearsal::rehearse;
use crate::inspection::book::Book;
use crate::plant::Plant;
use crate::scenario::exercise::Exercise;

/// Arguments of `sanmen exercise`.
#[derive(Debug, Args)]
pub struct ExerciseArgs {
    #[command(subcommand)]
    command: Ask,
}

#[derive(Debug, Subcommand)]
enum Ask {
    /// List the exercises that ship: name, length, what is learnt; never the cause
    List(ListArgs),
    /// Check exercise files: mistakes with their places, and whether robots tell good from bad
    Check(CheckArgs),
    /// Play an exercise without people: by a robot, or again from the log of a live run
    Play(play::PlayArgs),
    /// Write or change an exercise in a browser: forms, mistakes beside their fields, a rehearsal
    Edit(edit::EditArgs),
    /// Write a small exercise to begin with, as a new file
    New(edit::NewArgs),
    /// Print an empty evaluator's form of an exercise, as JSON
    Form(FormArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    shelves: Shelves,
    #[command(flatten)]
    telling: Telling,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Exercise files, or names of those that ship
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    shelves: Shelves,
    #[command(flatten)]
    seed: SeedFlag,
    #[command(flatten)]
    telling: Telling,
}

#[derive(Debug, Args)]
struct FormArgs {
    /// An exercise file, or the name of one that ships
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    shelves: Shelves,
}

/// Does what is asked.
pub fn run(args: &ExerciseArgs, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.command {
        Ask::List(args) => list(args, out),
        Ask::Check(args) => check(args, out),
        Ask::Play(args) => play::run(args, out),
        Ask::Edit(args) => edit::run(args),
        Ask::New(args) => edit::new(args, out),
        Ask::Form(args) => form(args, out),
    }
}

/// Plants and rules, and exercises at them.
struct Hall {
    plants: BTreeMap<String, Arc<Plant>>,
    book: Book,
    library: Library,
}

impl Hall {
    fn open(shelves: &Shelves) -> Result<Self, Failure> {
        let library = shelves.library();
        let (plants, book) = library.plants_and_book()?;
        Ok(Self { plants, book, library })
    }

    /// The rules that an exercise is judged by. Errors: every mistake of those that it names.
    fn judging(&self, exercise: &Exercise) -> Result<Cow<'_, Book>, Problems> {
        self.library.judging(&self.book, exercise.scenario.judged_by.as_ref())
    }

    /// An exercise and its plant. Errors: every mistake of the file; a scenario without people.
    fn exercise(&self, source: &Arc<Source>) -> Result<(Arc<Exercise>, &Arc<Plant>), Failure> {
        let path = &source.path;
        let exercise = library::exercise(source, &self.plants).ok_or_else(|| {
            let way = "it has no [exercise]; `sanmen test` plays scenarios without people";
            Failure::usage(format!("{path} is no exercise: {way}"))
        })??;
        let book = self.judging(&exercise)?;
        judge::unknown_rules_of(&exercise, &[&book]).into_result(Some(()))?;
        let id = &exercise.scenario.plant;
        let plant = self.plants.get(id.as_str()).ok_or_else(|| library::no_plant(id))?;
        Ok((Arc::new(exercise), plant))
    }
}

/// The exercises that ship.
fn shipped() -> Vec<Arc<Source>> {
    let mut all = library::built_in_scenarios();
    all.retain(|source| source.path.starts_with(SHIPPED));
    all
}

const SHIPPED: &str = "scenarios/exercises/";

/// An exercise's name: that of its file, without folders and ending.
pub fn short_name(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_suffix(".toml").unwrap_or(file)
}

fn list(args: &ListArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let hall = Hall::open(&args.shelves)?;
    let mut found = Vec::new();
    for source in shipped() {
        let (exercise, _) = hall.exercise(&source)?;
        found.push((short_name(&source.path).to_owned(), exercise));
    }
    if args.telling.format == Some(Format::Json) {
        for (name, exercise) in &found {
            writeln!(out, "{}", shown::line(name, exercise))?;
        }
        return Ok(());
    }
    shown::list(&found, args.telling.lang.into(), out)
}

fn check(args: &CheckArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let hall = Hall::open(&args.shelves)?;
    let mut worst: Option<Failure> = None;
    for file in &args.files {
        let source = scenario_source(file)?;
        let (exercise, plant) = match hall.exercise(&source) {
            Ok(found) => found,
            Err(failure) => {
                failure.say();
                worst = Some(Failure::Unusable);
                continue;
            }
        };
        let seed = args.seed.or(exercise.scenario.seed);
        let book = hall.judging(&exercise)?;
        let rehearsal = rehearse(plant, &exercise, &book, seed);
        let rehearsal = rehearsal.map_err(Failure::usage)?;
        let failing = rehearsal.failing(&exercise, plant, &book);
        if args.telling.format == Some(Format::Json) {
            writeln!(out, "{}", shown::checked_line(&source.path, &rehearsal, &failing))?;
        } else {
            let lang = args.telling.lang.into();
            shown::checked(&source.path, &exercise, &rehearsal, (&failing, lang), out)?;
        }
        if !failing.is_empty() {
            worst = worst.or(Some(Failure::Unmet));
        }
    }
    worst.map_or(Ok(()), Err)
}

fn form(args: &FormArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let hall = Hall::open(&args.shelves)?;
    let source = scenario_source(&args.file)?;
    let (exercise, _) = hall.exercise(&source)?;
    let json = serde_json::to_string_pretty(&Evaluation::blank(&exercise));
    writeln!(out, "{}", json.map_err(Failure::outside)?)?;
    Ok(())
}
