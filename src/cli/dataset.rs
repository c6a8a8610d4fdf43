#![expect(clippy::disallowed_methods, reason = "edge: keeps the folder of a dataset")]
//! `sanmen dataset`: scenarios, seed by seed, as readings, truth and labels in files.

#[cfg(feature = "columns")]
mod parquet;
pub mod part;
mod table;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::base::problem::Problems;
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::base::{Span, problem::Source};
use crate::cli::common::{Language, PlantShelf};
use crate::cli::cores::{on_all_cores, threads};
use crate::cli::exit::Failure;
use crate::cli::library::{self, Library, Script};
use part::{About, Cast, Part, cannot_write, is_hidden, read_about, write_json};
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
    shelf: PlantShelf,
    /// Language of text for people; that of the files is one: src/docs/dataset.md
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
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
pub struct SeedList(Vec<u64>);

impl SeedList {
    /// A seed that both lists have.
    pub fn common(&self, other: &Self) -> Option<u64> {
        self.0.iter().copied().find(|seed| other.0.contains(seed))
    }
}

/// As the command line names them, as short as can be.
impl fmt::Display for SeedList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pieces: Vec<(u64, u64)> = Vec::new();
        for seed in &self.0 {
            match pieces.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(*seed) => *last = *seed,
                _ => pieces.push((*seed, *seed)),
            }
        }
        let text = |(first, last): &(u64, u64)| {
            if first == last { first.to_string() } else { format!("{first}..{last}") }
        };
        f.write_str(&pieces.iter().map(text).collect::<Vec<_>>().join(","))
    }
}

/// Reads `1..100` or `1,5,7..9`.
pub fn seeds(text: &str) -> Result<SeedList, String> {
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
    let parts = parts(&args.scenarios, args.seeds.as_ref(), &args.shelf.library())?;
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
    let lang = args.lang.into();
    let made = write_all(&missing, (args.threads, lang), folder, formats)?;
    write_json(&folder.join("manifest.json"), &manifest(folder)?)?;
    tell(folder, (&made, &there), lang, out)
}

/// Says what has been written.
fn tell(
    folder: &Path,
    (made, there): (&[About], &[About]),
    lang: Lang,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let (shown, new, old) = (folder.display(), made.len(), there.len());
    match lang {
        Lang::En => writeln!(out, "{shown}: {new} written, {old} were complete already")?,
        Lang::Zh => writeln!(out, "{shown}:新写{new}份,已有{old}份")?,
    }
    let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
    for (table, count) in made.iter().flat_map(|about| &about.rows) {
        *rows.entry(table).or_default() += count;
    }
    for (table, count) in rows {
        match lang {
            Lang::En => writeln!(out, "  {count} rows of {table}")?,
            Lang::Zh => writeln!(out, "  {table} {count}行")?,
        }
    }
    for about in made.iter().chain(there).filter(|about| !about.sound) {
        match lang {
            Lang::En => writeln!(out, "  {} has steps whose truth cannot be trusted", about.part)?,
            Lang::Zh => writeln!(out, "  {}中有真值不可信的步", about.part)?,
        }
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

/// Every scenario with every seed, in the order of the command line; of a fleet, every works.
pub fn parts(
    scenarios: &[PathBuf],
    seeds: Option<&SeedList>,
    library: &Library,
) -> Result<Vec<Part>, Failure> {
    let plants = library.plants()?;
    let mut problems = Problems::new();
    let mut scripts: Vec<(String, Script)> = Vec::new();
    for name in scenarios {
        let source = library::scenario_source(name)?;
        let stem = stem(&source);
        match library::script(&source, &plants) {
            Ok(script) => scripts.push((stem, script)),
            Err(found) => problems.absorb(found),
        }
    }
    problems.into_result(Some(()))?;
    let mut parts = Vec::new();
    for (stem, script) in scripts {
        match script {
            Script::Plant(scenario) => {
                let plant = plants.get(scenario.plant.as_str()).cloned();
                let plant = plant.ok_or_else(|| library::no_plant(&scenario.plant))?;
                let scenario = Arc::new(*scenario);
                for seed in seeds_of(seeds, scenario.seed) {
                    let (plant, scenario) = (Arc::clone(&plant), Arc::clone(&scenario));
                    parts.push(Part::new(&stem, seed, Cast::Plant(plant, scenario)));
                }
            }
            Script::Fleet(script) => {
                let script = Arc::new(*script);
                for seed in seeds_of(seeds, script.scenario.seed) {
                    for works in script.fleet.pick(seed, script.scenario.plants) {
                        parts.push(Part::new(&stem, seed, Cast::Works(Arc::clone(&script), works)));
                    }
                }
            }
        }
        if parts.len() > PARTS_MAX {
            return Err(Failure::usage(format!("more than {PARTS_MAX} parts: take fewer seeds")));
        }
    }
    let mut names = BTreeSet::new();
    match parts.iter().find(|part| !names.insert(part.name.as_str())) {
        None => Ok(parts),
        Some(twice) => Err(Failure::usage(format!(
            "two parts would be called {}: rename one of the scenarios",
            twice.name
        ))),
    }
}

fn seeds_of(seeds: Option<&SeedList>, own: Seed) -> Vec<Seed> {
    match seeds {
        Some(SeedList(list)) => list.iter().copied().map(Seed).collect(),
        None => vec![own],
    }
}

fn stem(source: &Source) -> String {
    let file = source.path.rsplit(['/', '\\']).next().unwrap_or_default();
    file.strip_suffix(".toml").unwrap_or(file).to_owned()
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
    (threads, lang): (Option<NonZero<usize>>, Lang),
    folder: &Path,
    formats: Formats,
) -> Result<Vec<About>, Failure> {
    let progress = progress(parts, lang);
    let tick = |span: Span| progress.inc(span.as_ms().unsigned_abs());
    let made = on_all_cores(parts.len(), threads, |at| {
        let about = parts[at].write(folder, formats, &tick);
        if about.is_err() { ControlFlow::Break(about) } else { ControlFlow::Continue(about) }
    });
    progress.finish_and_clear();
    made.into_iter().flatten().collect()
}

/// Simulated time on a bar, when stderr is a terminal.
fn progress(parts: &[&Part], lang: Lang) -> ProgressBar {
    let spans = parts.iter().map(|part| part.duration().as_ms().unsigned_abs());
    let bar = ProgressBar::new(spans.sum());
    let template = lang.pick(
        "{bar:40} {percent:>3} % of the simulated time, {eta} left",
        "{bar:40} 模拟时间的{percent:>3} %,剩余{eta}",
    );
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
        assert_eq!(SeedList(vec![1, 2, 3, 7, 9, 10]).to_string(), "1..3,7,9..10");
        for bad in ["", "a", "1..", "-1", "1...3"] {
            assert!(seeds(bad).is_err_and(|text| text.contains("write 1..100")), "{bad}");
        }
        assert_eq!(seeds("3..1"), Err("3..1 runs backwards: write 1..3".to_owned()));
        assert!(seeds("0..100000").is_err_and(|text| text.contains("at most")));
    }
}
