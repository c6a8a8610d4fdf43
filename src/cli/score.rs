#![expect(clippy::disallowed_methods, reason = "edge: writes the pages that are asked for")]
//! `sanmen score`: alerts against what has happened: what was found, how soon, and how often
//! nothing had happened.

mod folder;
mod foreign;
mod play;
mod report;
mod tuned;
mod words;

use std::fs;
use std::io::Write;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::base::Span;
use crate::cli::common::{Language, Shelves};
use crate::cli::cores::threads;
use crate::cli::dataset::{self, SeedList, seeds};
use crate::cli::exit::Failure;
use crate::cli::whole::replace;
use crate::exercise::score::{EPISODE_GAP, Run, measure};
use play::Stage;
use report::Report;
use words::Words;

/// What is scored when nothing is named: failures at sound works, and days without any.
const USUAL: [&str; 26] = [
    "quiet-day",
    "dioxide-quiet",
    "ammonia-event",
    "burst-at-night",
    "burst-by-day",
    "coagulant-off",
    "cross-connection",
    "dead-signal",
    "dioxide-generator-stops",
    "disinfectant-runs-out",
    "dosing-loses-prime",
    "filter-leak",
    "gateway-silent",
    "intrusion",
    "noise-growth",
    "overdose",
    "power-cut-evening",
    "probe-drift",
    "prv-failure",
    "pump-trip",
    "sample-line-loss",
    "source-pollution",
    "stuck-level",
    "tank-runs-dry",
    "turbidity-storm",
    "weak-stock",
];

/// Minutes between episodes.
const GAP_MIN: f64 = EPISODE_GAP.as_ms() as f64 / 60_000.0;

/// Scores alerts against labels.
#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// Scenarios to play, files or names of those that ship; or, with --events, the folder of a
    /// dataset. By default the shipped ones with failures at sound works, and quiet days
    #[arg(value_name = "SCENARIO|FOLDER")]
    what: Vec<PathBuf>,
    /// Alerts of somebody else's detector on that dataset: CSV with the columns plant or part,
    /// start, and perhaps end, tag, detector
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["seeds", "train", "test"])]
    events: Option<PathBuf>,
    /// Seeds to play with, such as `1..10`; each scenario's own by default
    #[arg(long, value_name = "SEEDS", value_parser = seeds, conflicts_with_all = ["train", "test"])]
    seeds: Option<SeedList>,
    /// Choose thresholds of `event` rules on these seeds, to be judged on those of --test
    #[arg(long, value_name = "SEEDS", value_parser = seeds, requires = "test")]
    train: Option<SeedList>,
    /// Seeds to judge on
    #[arg(long, value_name = "SEEDS", value_parser = seeds, requires = "train")]
    test: Option<SeedList>,
    /// Let each works run so many hours before its scenario begins: detectors learn what is usual.
    /// The first day of it does not count
    #[arg(long, value_name = "N", default_value_t = 48.0, value_parser = hours)]
    lead_h: f64,
    /// Alerts with less than so many minutes between them are one episode
    #[arg(long, value_name = "N", default_value_t = GAP_MIN, value_parser = hours)]
    gap_min: f64,
    /// What stdout carries
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Print Markdown instead; with =FILE, put it into that file between the lines
    /// `<!-- sanmen score -->` and `<!-- /sanmen score -->`
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "-")]
    markdown: Option<PathBuf>,
    /// Write the figures as one page, too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// How many scenarios to play at the same time; one for each core by default
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = threads)]
    threads: Option<NonZero<usize>>,
    /// Language of text for people
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
    #[command(flatten)]
    shelves: Shelves,
}

/// What stdout carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON object
    Json,
    /// One table: a row for all alerts, for each rule, for each kind of failure
    Csv,
}

fn hours(text: &str) -> Result<f64, &'static str> {
    let found = text.parse::<f64>().ok().filter(|it| (0.0..=10_000.0).contains(it));
    found.ok_or("must be a number from 0 to 10000")
}

/// Scores and says it. Nothing is written before everything has been played.
pub fn run(args: &ScoreArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let words = Words::of(args.lang.into());
    let gap = Span::from_seconds_f64(args.gap_min * 60.0);
    let report = match (&args.events, &args.train, &args.test) {
        (Some(events), ..) => {
            let [folder] = args.what.as_slice() else {
                let text =
                    "with --events name the folder of one dataset, as `sanmen dataset` wrote it";
                return Err(Failure::usage(text));
            };
            let mut parts = folder::runs(folder)?;
            foreign::read(events, &mut parts)?;
            let runs: Vec<Run> = parts.into_iter().map(|part| part.run).collect();
            Report::new(words, runs.len(), measure(&runs, gap))
        }
        (None, Some(train), Some(test)) => {
            if let Some(seed) = train.common(test) {
                let text = format!(
                    "seed {seed} is in --train and --test: what was tuned on it proves nothing"
                );
                return Err(Failure::usage(text));
            }
            tuned::report(args, [train, test], words, gap)?
        }
        _ => {
            let (stage, parts) = Stage::with_parts(args, args.seeds.as_ref())?;
            let bill = stage.judged(parts)?;
            let runs = stage.play(&bill)?;
            Report::new(words, runs.len(), measure(&runs, gap))
        }
    };
    say(args, &report, out)
}

/// What is to be played.
fn parts(args: &ScoreArgs, seeds: Option<&SeedList>) -> Result<Vec<dataset::part::Part>, Failure> {
    if let Some(folder) = args.what.iter().find(|path| path.is_dir()) {
        let text = format!(
            "{} is a folder: score a dataset with --events FILE.csv, name scenarios one by one",
            folder.display()
        );
        return Err(Failure::usage(text));
    }
    let usual: Vec<PathBuf> = USUAL.iter().map(PathBuf::from).collect();
    let named = if args.what.is_empty() { &usual } else { &args.what };
    dataset::parts(named, seeds, &args.shelves.library())
}

fn say(args: &ScoreArgs, report: &Report, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(path) = &args.html {
        fs::write(path, report.html()).map_err(|error| Failure::file(path, error))?;
    }
    match (&args.markdown, args.format) {
        (Some(path), _) if path.as_os_str() == "-" => write!(out, "{}", report.markdown())?,
        (Some(path), _) => put(path, &report.markdown())?,
        (None, Format::Json) => writeln!(out, "{}", report.json().map_err(Failure::outside)?)?,
        (None, Format::Csv) => report.csv(out).map_err(Failure::from)?,
        (None, Format::Text) => report.text(out)?,
    }
    out.flush()?;
    Ok(())
}

/// Where the figures stand in a file of Markdown.
const MARKS: [&str; 2] = ["<!-- sanmen score -->\n", "<!-- /sanmen score -->"];

/// Puts a text between the marks of a file.
fn put(path: &Path, text: &str) -> Result<(), Failure> {
    let old = fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
    let [begin, end] = MARKS;
    let place = old.find(begin).map(|at| at + begin.len());
    let place = place.and_then(|from| Some((from, from + old.get(from..)?.find(end)?)));
    let Some((from, to)) = place else {
        let (file, begin) = (path.display(), begin.trim_end());
        let text = format!("{file} has no line {begin} with a line {end} after it");
        return Err(Failure::usage(text));
    };
    let (before, after) = (&old[..from], &old[to..]);
    let new = format!("{before}{text}{after}");
    replace(path, new.as_bytes()).map_err(|error| Failure::file(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::library;

    #[test]
    fn what_is_scored_by_default_ships() {
        for name in USUAL {
            assert!(library::scenario_source(Path::new(name)).is_ok(), "{name}");
        }
    }
}
