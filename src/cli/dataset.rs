#![expect(clippy::disallowed_methods, reason = "edge: keeps the folder of a dataset")]
//! `sanmen dataset`: scenarios, seed by seed, as readings, truth and labels in files.

#[cfg(feature = "columns")]
mod parquet;
mod part;
mod table;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::base::problem::Problems;
use crate::base::random::Seed;
use crate::base::{Span, problem::Source};
use crate::cli::common::Shelves;
use crate::cli::exit::Failure;
use crate::cli::library;
use crate::plant::Plant;
use crate::scenario::Scenario;
use part::{About, Part, cannot_write, is_hidden, read_about, write_json};
use write::Formats;

/// Most parts of one call.
const PARTS_MAX: usize = 100_000;

/// Writes what scenarios give: readings, truth and labels.
#[derive(Debug, Args)]
pub struct DatasetArgs {
    /// Scenario files, or names of those that ship with Sanmen
    #[arg(value_name = "SCENARIO", required = true)]
    scenarios: Vec<PathBuf>,
    /// Seeds, such as `1..100` (both ends included) or `1,5,7..9`; each scenario's own by default
    #[arg(long, value_name = "SEEDS", value_parser = seeds)]
    seeds: Option<SeedList>,
    /// The folder to write into; what is complete there already is left as it is
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Which files to write
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// How many parts to play at the same time; one for each core by default
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = threads)]
    threads: Option<NonZero<usize>>,
    #[command(flatten)]
    shelves: Shelves,
}

/// Which files to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text that everything reads
    Csv,
    /// Columns, compressed (builds with the feature `columns`)
    Parquet,
    /// Both
    Both,
}

/// Seeds as the command line names them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SeedList(Vec<u64>);

fn seeds(text: &str) -> Result<SeedList, String> {
    let wrong = || format!("{text:?} is no list of seeds: write 1..100 or 1,5,7..9");
    let mut list = BTreeSet::new();
    for piece in text.split(',') {
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
        let (first, last) = match piece.split_once("..") {
            Some((first, last)) => (number(first)?, number(last.trim_start_matches('='))?),
            None => (number(piece)?, number(piece)?),
        };
        if last < first {
            return Err(format!("{piece} runs backwards: write {last}..{first}"));
        }
        if last - first >= PARTS_MAX as u64 {
            return Err(format!("at most {PARTS_MAX} seeds at a time"));
        }
        list.extend(first..=last);
    }
    Ok(SeedList(list.into_iter().collect()))
}

fn threads(text: &str) -> Result<NonZero<usize>, &'static str> {
    text.parse().map_err(|_| "must be a whole number, at least 1")
}

/// What the folder holds.
#[derive(Debug, Serialize)]
struct Manifest {
    /// Of the program that wrote this file.
    sanmen: &'static str,
    /// Sorted by name.
    parts: Vec<About>,
}

/// Writes every part that is not there yet, then the manifest.
pub fn run(args: &DatasetArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let formats = formats(args.format)?;
    let parts = parts(args)?;
    let folder = &args.out;
    fs::create_dir_all(folder).map_err(|error| cannot_write(folder, error))?;
    let _held = hold(folder)?;
    remove_unfinished(folder)?;
    let mut there = Vec::new();
    let mut missing = Vec::new();
    for part in &parts {
        match part.found(folder, formats)? {
            Some(about) => there.push(about),
            None => missing.push(part),
        }
    }
    let made = write_all(&missing, args.threads, folder, formats)?;
    write_json(&folder.join("manifest.json"), &manifest(folder)?)?;
    let shown = folder.display();
    writeln!(out, "{}: {} written, {} were complete already", shown, made.len(), there.len())?;
    let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
    for (table, count) in made.iter().flat_map(|about| &about.rows) {
        *rows.entry(table).or_default() += count;
    }
    for (table, count) in rows {
        writeln!(out, "  {count} rows of {table}")?;
    }
    for about in made.iter().chain(&there).filter(|about| !about.sound) {
        writeln!(out, "  {} has steps whose truth cannot be trusted", about.part)?;
    }
    Ok(())
}

fn formats(format: Format) -> Result<Formats, Failure> {
    let formats = Formats { csv: format != Format::Parquet, parquet: format != Format::Csv };
    if formats.parquet && !cfg!(feature = "columns") {
        let text = "this build writes no Parquet: build it with the feature `columns`, or take csv";
        return Err(Failure::usage(text));
    }
    Ok(formats)
}

/// Every scenario with every seed, in the order of the command line.
fn parts(args: &DatasetArgs) -> Result<Vec<Part>, Failure> {
    let plants = args.shelves.library().plants()?;
    let mut problems = Problems::new();
    let mut scenarios: Vec<(String, Arc<Scenario>)> = Vec::new();
    for name in &args.scenarios {
        let source = library::scenario_source(name)?;
        let stem = stem(&source);
        if scenarios.iter().any(|(other, _)| *other == stem) {
            let text = format!("two scenarios are called {stem}: their parts would be too");
            return Err(Failure::usage(text));
        }
        match library::scenario(&source, &plants) {
            Ok(scenario) => scenarios.push((stem, Arc::new(scenario))),
            Err(found) => problems.absorb(found),
        }
    }
    problems.into_result(Some(()))?;
    let mut parts = Vec::new();
    for (stem, scenario) in scenarios {
        let Some(plant) = plants.get(scenario.plant.as_str()) else {
            return Err(Failure::usage(format!("there is no plant {}", scenario.plant)));
        };
        let own = [scenario.seed.0];
        for seed in args.seeds.as_ref().map_or(&own[..], |list| &list.0) {
            parts.push(part(&stem, &scenario, plant, Seed(*seed)));
        }
    }
    if parts.len() > PARTS_MAX {
        return Err(Failure::usage(format!("{} parts; at most {PARTS_MAX}", parts.len())));
    }
    Ok(parts)
}

fn stem(source: &Source) -> String {
    let file = source.path.rsplit(['/', '\\']).next().unwrap_or_default();
    file.strip_suffix(".toml").unwrap_or(file).to_owned()
}

fn part(stem: &str, scenario: &Arc<Scenario>, plant: &Arc<Plant>, seed: Seed) -> Part {
    // What a checked plant prints is all there is to know of it, and the same in the same version.
    let mut digest = Sha256::new();
    for input in [env!("CARGO_PKG_VERSION"), &scenario.source.text, &format!("{plant:?}")] {
        digest.update((input.len() as u64).to_be_bytes());
        digest.update(input);
    }
    digest.update(seed.0.to_be_bytes());
    let mut inputs = String::new();
    for byte in digest.finalize() {
        inputs.push_str(&format!("{byte:02x}"));
    }
    Part {
        name: format!("{stem}-{}", seed.0),
        stem: stem.to_owned(),
        scenario: Arc::clone(scenario),
        plant: Arc::clone(plant),
        seed,
        inputs,
    }
}

/// Keeps other calls out of the folder; the system lets go of it even after a kill.
fn hold(folder: &Path) -> Result<File, Failure> {
    let path = folder.join(".lock");
    let file = File::create(&path).map_err(|error| cannot_write(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let folder = folder.display();
            Err(Failure::usage(format!("another sanmen is writing into {folder}")))
        }
        Err(TryLockError::Error(error)) => Err(cannot_write(&path, error)),
    }
}

/// Removes what a call that was cut off has left half done.
fn remove_unfinished(folder: &Path) -> Result<(), Failure> {
    for path in entries(folder)? {
        if path.file_name().is_some_and(|name| is_hidden(&name.to_string_lossy())) {
            fs::remove_dir_all(&path).map_err(|error| cannot_write(&path, error))?;
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let read = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    };
    let mut entries = read().map_err(|error| Failure::file(folder, error))?;
    entries.sort();
    Ok(entries)
}

/// Every whole part of the folder, of this call or of others.
fn manifest(folder: &Path) -> Result<Manifest, Failure> {
    let folders = entries(folder)?.into_iter().filter(|path| path.join(part::ABOUT).is_file());
    let folders = folders
        .filter(|path| path.file_name().is_some_and(|name| !is_hidden(&name.to_string_lossy())));
    let parts = folders.map(|path| read_about(&path)).collect::<Result<_, _>>()?;
    Ok(Manifest { sanmen: env!("CARGO_PKG_VERSION"), parts })
}

/// Writes the parts on several threads; gives what they say, in the order of `parts`.
fn write_all(
    parts: &[&Part],
    threads: Option<NonZero<usize>>,
    folder: &Path,
    formats: Formats,
) -> Result<Vec<About>, Failure> {
    let cores = threads.or_else(|| std::thread::available_parallelism().ok());
    let threads = cores.map_or(1, NonZero::get).min(parts.len());
    let progress = progress(parts);
    let tick = |span: Span| progress.inc(span.as_ms().unsigned_abs());
    let next = AtomicUsize::new(0);
    let made: Mutex<Vec<(usize, Result<About, Failure>)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(part) = parts.get(at) else { break };
                    let about = part.write(folder, formats, &tick);
                    if about.is_err() {
                        next.store(parts.len(), Ordering::Relaxed); // nobody begins another
                    }
                    if let Ok(mut made) = made.lock() {
                        made.push((at, about));
                    }
                }
            });
        }
    });
    progress.finish_and_clear();
    let mut made = made.into_inner().map_err(|_| Failure::Bug)?;
    made.sort_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, about)| about).collect()
}

/// Simulated time on a bar, when stderr is a terminal.
fn progress(parts: &[&Part]) -> ProgressBar {
    let spans = parts.iter().map(|part| part.scenario.duration.as_ms().unsigned_abs());
    let bar = ProgressBar::new(spans.sum());
    let template = "{bar:40} {percent:>3} % of the simulated time, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_list_of_numbers_and_ranges() {
        assert_eq!(seeds("1..3"), Ok(SeedList(vec![1, 2, 3])));
        assert_eq!(seeds("9,1..=2,2"), Ok(SeedList(vec![1, 2, 9])));
        for bad in ["", "a", "1..", "-1", "1...3"] {
            assert!(seeds(bad).is_err_and(|text| text.contains("write 1..100")), "{bad}");
        }
        assert_eq!(seeds("3..1"), Err("3..1 runs backwards: write 1..3".to_owned()));
        assert!(seeds("0..100000").is_err_and(|text| text.contains("at most")));
    }
}
