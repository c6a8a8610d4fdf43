#![expect(clippy::disallowed_methods, reason = "edge: reads logs and writes the report asked for")]
//! `sanmen exercise play`: an exercise without people, its marks and its report.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Hall, shown};
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::cli::common::{ConditionFlag, Format, SeedFlag, Shelves, Telling};
use crate::cli::exit::{self, Failure};
use crate::cli::library;
use crate::cli::stderr::say;
use crate::exercise::debrief::form::{Evaluation, FormError, SelfAssessment};
use crate::exercise::debrief::page::html;
use crate::exercise::debrief::{Debrief, Material, csv, debrief};
use crate::exercise::rehearsal::rehearse;
use crate::exercise::session::log::Entry;
use crate::exercise::session::play::{Run, replay};
use crate::scenario::exercise::Exercise;

/// The evaluator's form, as it may lie beside a log.
pub const EVALUATION: &str = "evaluation.json";
/// What trainees thought, as it may lie beside a log.
pub const SELF_ASSESSMENT: &str = "self-assessment.json";

/// Arguments of `sanmen exercise play`.
#[derive(Debug, Args)]
pub struct PlayArgs {
    /// An exercise file, or the name of one that ships
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which robot plays
    #[arg(long, value_enum, default_value_t = Player::Reference)]
    robot: Player,
    /// Play again from the log of a live run (JSON lines) instead: what people did and instructors
    /// directed is done again, and everything else must come out the same
    #[arg(long, value_name = "FILE", conflicts_with = "robot")]
    log: Option<PathBuf>,
    /// Write report.html, report.json, events.csv and, of a robot, exercise.jsonl to this folder
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// The evaluator's form; by default evaluation.json beside the log
    #[arg(long, value_name = "FILE")]
    evaluation: Option<PathBuf>,
    /// What trainees thought of it; by default self-assessment.json beside the log
    #[arg(long, value_name = "FILE")]
    self_assessment: Option<PathBuf>,
    #[command(flatten)]
    shelves: Shelves,
    #[command(flatten)]
    condition: ConditionFlag,
    #[command(flatten)]
    seed: SeedFlag,
    #[command(flatten)]
    telling: Telling,
}

/// Who plays instead of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Player {
    /// Nobody does anything
    Null,
    /// As somebody careless plays
    Careless,
    /// As it ought to be played
    Reference,
}

/// Plays it, says the marks, writes the report.
pub(super) fn run(args: &PlayArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let hall = Hall::open(&args.shelves)?;
    let source = args.condition.of(library::scenario_source(&args.file)?);
    let (exercise, plant) = hall.exercise(&source)?;
    let log = args.log.as_deref().map(read_log).transpose()?;
    let (evaluations, own) = forms(args, &exercise)?;
    let seed: Seed = args.seed.or(exercise.scenario.seed);
    let book = hall.judging(&exercise)?;
    let rehearsal =
        rehearse(plant, &exercise, &book, seed).map_err(|e| Failure::usage(exit::chain(&e)))?;
    let replayed: Run;
    let (run, played_by) = match (&log, args.robot) {
        (Some(log), _) => {
            let again = replay(plant, &exercise, &book, seed, log);
            replayed = again.map_err(|e| Failure::usage(exit::chain(&e)))?.run;
            (&replayed, args.log.as_deref().map_or_else(String::new, file_name))
        }
        (None, Player::Null) => (&rehearsal.null, "robot: null".to_owned()),
        (None, Player::Careless) => (&rehearsal.careless, "robot: careless".to_owned()),
        (None, Player::Reference) => (&rehearsal.reference, "robot: reference".to_owned()),
    };
    for line in &run.balked {
        say(line);
    }
    let material = Material {
        run,
        played_by: &played_by,
        rehearsal: &rehearsal,
        book: &book,
        evaluations: &evaluations,
        self_assessments: &own,
        log: log.as_deref(),
    };
    let debrief = debrief(&material).map_err(Failure::outside)?;
    if let Some(folder) = &args.report {
        write_report(folder, &debrief, args)?;
    }
    if args.telling.format == Some(Format::Json) {
        writeln!(out, "{}", shown::marks_line(&debrief))?;
        return Ok(());
    }
    shown::marks(&debrief, args.telling.lang.into(), out)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The entries of a log. A last line that was cut off when it was written is left out, and said.
pub fn read_log(path: &Path) -> Result<Vec<Entry>, Failure> {
    let bytes = library::bytes(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut entries = Vec::new();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(line) {
            Ok(entry) => entries.push(entry),
            Err(_) if !line.ends_with('\n') => {
                say(&format!("{}:{}: cut off, and left out", path.display(), at + 1));
            }
            Err(error) => {
                let place = format!("{}:{}", path.display(), at + 1);
                let text = format!("{place}: this is no line of an exercise's log: {error}");
                return Err(Failure::usage(text));
            }
        }
    }
    Ok(entries)
}

/// What people wrote about it.
fn forms(
    args: &PlayArgs,
    exercise: &Exercise,
) -> Result<(Vec<Evaluation>, Vec<SelfAssessment>), Failure> {
    let beside = |name: &str| {
        let path = args.log.as_deref()?.with_file_name(name);
        path.is_file().then_some(path)
    };
    let text = |given: &Option<PathBuf>, name: &str| {
        let path = given.clone().or_else(|| beside(name));
        path.map(|path| Ok::<_, Failure>((library::source(&path)?, path))).transpose()
    };
    let wrong = |path: &Path, error: &FormError| {
        Failure::usage(format!("{}: {}", path.display(), exit::chain(error)))
    };
    let evaluation = text(&args.evaluation, EVALUATION)?;
    let evaluation = evaluation.map(|(source, path)| {
        Evaluation::read_all(&source.text, exercise).map_err(|error| wrong(&path, &error))
    });
    let own = text(&args.self_assessment, SELF_ASSESSMENT)?.map(|(source, path)| {
        SelfAssessment::read_all(&source.text).map_err(|error| wrong(&path, &error))
    });
    Ok((evaluation.transpose()?.unwrap_or_default(), own.transpose()?.unwrap_or_default()))
}

fn write_report(folder: &Path, debrief: &Debrief, args: &PlayArgs) -> Result<(), Failure> {
    write_files(folder, debrief, (args.telling.lang.into(), args.log.is_none()))?;
    let page = folder.join("report.html");
    say(&match args.telling.lang.into() {
        Lang::En => format!("the report is {}", page.display()),
        Lang::Zh => format!("报告:{}", page.display()),
    });
    Ok(())
}

/// Writes the report's files, and its log `with_log`.
pub fn write_files(
    folder: &Path,
    debrief: &Debrief,
    (lang, with_log): (Lang, bool),
) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, error))?;
    let json = serde_json::to_string_pretty(debrief).map_err(Failure::outside)?;
    let page = html(debrief, lang).map_err(Failure::outside)?;
    let mut files = vec![
        ("report.html", page),
        ("report.json", json + "\n"),
        ("events.csv", csv(&debrief.log, debrief.head.utc_offset)),
    ];
    if with_log {
        let mut lines = String::new();
        for entry in &debrief.log {
            lines.push_str(&serde_json::to_string(entry).map_err(Failure::outside)?);
            lines.push('\n');
        }
        files.push(("exercise.jsonl", lines));
    }
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| Failure::file(&path, error))?;
    }
    Ok(())
}
