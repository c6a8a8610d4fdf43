//! Reading recordings: a dataset's folder, CSV, JSON lines, Parquet, a recorded MQTT stream, as
//! files or from standard input; and scenarios, which are played for it. The page for readers is
//! `src/docs/replay.md`.
//!
//! In: a path, and a mapping where names are foreign. Out: items for `exercise::replay`, one after
//! the other, with a bounded memory; what could not be read, counted. Must not know: rules, alarms.

pub mod form;
mod frames;
mod guard;
pub mod heard;
mod layout;
mod map;
mod moment;
#[cfg(feature = "columns")]
mod parquet;
pub mod pump;
mod refused;
mod results;
mod rows;
pub mod stream;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use form::{Form, is_standard_input, named};
pub use guard::Progress;
use heard::is_message;
use layout::Layout;
use map::Mapping;
pub use refused::{Refused, shown};
use results::Results;
use rows::{CsvRows, JsonRows, Next, Rows};
use stream::Stream;

use crate::base::problem::Listed;
use crate::base::random::Seed;
use crate::cli::exit::Failure;
use crate::cli::library::{self, Library, Script};
use crate::exercise::replay::{Item, Staged};
use crate::ingest::Bounds;
use crate::plant::Plant;

/// The plant whose readings they are when nobody says so.
const EXAMPLE: &str = "sanmen";

/// What to read, and how.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// A file, the folder of a part of a dataset, or `-` for standard input.
    pub path: PathBuf,
    /// How it is written, where the name does not say so.
    pub form: Option<Form>,
    /// The mapping file.
    pub map: Option<PathBuf>,
    /// Whose readings they are.
    pub plant: Option<String>,
    /// May the path name a scenario? Its seed, if another than its own is wanted.
    pub scenario: Option<Option<Seed>>,
    /// How far times may lie apart.
    pub bounds: Bounds,
}

/// A recording on its way.
pub struct Recording {
    /// Its name.
    pub name: String,
    /// The plants that items count in.
    pub plants: Vec<Arc<Plant>>,
    /// Bytes of the file, 0 of standard input; for a scenario, steps.
    pub size: u64,
    /// How far it has been read.
    pub progress: Progress,
    /// What could not be read.
    pub refused: Refused,
    /// By which rules the plants of a scenario are judged, where it says so.
    pub judged_by: Option<Listed>,
    /// Rows or messages so far.
    pub rows: u64,
    kind: Kind,
    queue: VecDeque<Item>,
}

enum Kind {
    Table { rows: Box<Rows>, layout: Box<Layout>, results: Option<Box<Results>> },
    Stream(Box<Stream>),
    Staged(Box<Staged>),
}

impl Recording {
    /// Opens a recording. Errors: it cannot be read, it is none, or the mapping does not suit it.
    pub fn open(request: &Request, library: &Library) -> Result<Self, Failure> {
        let plants = library.plants()?;
        let path = &request.path;
        if let Some(seed) = request.scenario {
            let is_file = path.exists() || is_standard_input(path) || request.form.is_some();
            let is_scenario = !is_file || path.extension().is_some_and(|it| it == "toml");
            if is_scenario {
                return Self::staged(path, seed, &plants);
            }
        }
        let said = request.plant.as_deref().map(|name| library.plant(name)).transpose()?;
        if path.is_dir() && !is_standard_input(path) {
            return Self::dataset(request, &plants, said);
        }
        let usual = usual(&plants, said.as_ref());
        let map = match &request.map {
            Some(file) => {
                let source = library::source(file)?;
                Some(Mapping::load(&source, &plants, said.as_ref(), usual.as_ref())?)
            }
            None => None,
        };
        let said = said.or_else(|| map.as_ref().and_then(|map| map.plant.clone()));
        let progress = Progress::default();
        let rows = open((path, request.form), map.as_ref(), &progress)?;
        if let Rows::Json(lines) = &rows
            && lines.first().is_some_and(is_message)
            && let Rows::Json(lines) = rows
        {
            let plants = listed(&plants, said.as_ref());
            let ids = plants.iter().map(|plant| plant.id.clone()).collect();
            let wall = library::settings(None)?.lateness_wall;
            let stream = Stream::new(lines, ids, request.bounds, wall);
            return Ok(Self::new(path, plants, Kind::Stream(Box::new(stream)), progress));
        }
        let plants = match (said, usual) {
            (Some(said), _) => vec![said],
            // Where a column tells the plant, it may be any.
            (None, Some(usual)) => {
                let others = plants.values().filter(|plant| plant.id != usual.id).cloned();
                std::iter::once(Arc::clone(&usual)).chain(others).collect()
            }
            (None, None) => return Err(whose(&plants)),
        };
        Self::table(path, rows, plants, map.as_ref(), progress)
    }

    /// What the recording says next; none at its end. Errors: it cannot be read on.
    pub fn take(&mut self) -> Result<Option<Item>, Failure> {
        while self.queue.is_empty() {
            match &mut self.kind {
                Kind::Stream(stream) => {
                    let item = stream.take(&mut self.refused)?;
                    self.rows += u64::from(matches!(item, Some(Item::Message { .. })));
                    return Ok(item);
                }
                Kind::Staged(staged) => {
                    self.progress.add(1);
                    match staged.step().map_err(Failure::outside)? {
                        None => return Ok(None),
                        Some(items) => self.queue.extend(items),
                    }
                    self.rows += self.queue.len() as u64;
                }
                Kind::Table { rows, layout, results } => {
                    let mut given = Vec::new();
                    let next = rows.advance()?;
                    let is_over = next == Next::End;
                    self.rows += u64::from(!is_over);
                    match next {
                        Next::Bad(line, text) => self.refused.note("bad-row", line, || text),
                        Next::Row(line) => {
                            layout.readings(rows, line, &mut given, &mut self.refused);
                        }
                        Next::End => {}
                    }
                    if let Some(results) = results {
                        let sent = given.first().and_then(|given| given.sent);
                        let before = sent.map(|sent| sent.received_at);
                        while (is_over || before.is_some())
                            && let Some((received_at, result)) =
                                results.take(before, &mut self.refused)?
                        {
                            let result = Box::new(result);
                            self.queue.push_back(Item::Result { plant: 0, received_at, result });
                        }
                    }
                    if is_over && given.is_empty() && self.queue.is_empty() {
                        return Ok(None);
                    }
                    self.queue.extend(given.into_iter().map(Item::Reading));
                }
            }
        }
        Ok(self.queue.pop_front())
    }

    /// Columns of the recording that are nobody's.
    pub fn unused(&self) -> &[String] {
        match &self.kind {
            Kind::Table { layout, .. } => &layout.unused,
            Kind::Stream(_) | Kind::Staged(_) => &[],
        }
    }

    /// Why there was not one reading in it; `intake`: what intake refused, by reason.
    pub fn why_nothing(&self, intake: &BTreeMap<String, u64>) -> String {
        let why = match &self.kind {
            Kind::Table { layout, .. } => layout.why_nothing(),
            Kind::Stream(_) if self.rows > 0 => format!("{} messages, none usable", self.rows),
            Kind::Stream(_) => "no message in it".to_owned(),
            Kind::Staged(_) => "the plant says nothing".to_owned(),
        };
        let refused = self.refused.iter().map(|(reason, it)| {
            let lines: Vec<String> = it.lines.iter().map(u64::to_string).collect();
            format!("{reason} {} (line {}: {})", it.count, lines.join(", "), it.first.en)
        });
        let intake = intake.iter().map(|(reason, count)| format!("{reason} {count}"));
        let refused: Vec<String> = refused.chain(intake).collect();
        let refused = if refused.is_empty() { "no row".to_owned() } else { refused.join("; ") };
        format!("{}: it has no reading; {why}; refused: {refused}", self.name)
    }

    fn new(path: &Path, plants: Vec<Arc<Plant>>, kind: Kind, progress: Progress) -> Self {
        let is_file = !is_standard_input(path);
        let size = if is_file { path.metadata().map_or(0, |about| about.len()) } else { 0 };
        let name = named(path).display().to_string();
        let (refused, queue) = (Refused::default(), VecDeque::new());
        let judged_by = None;
        Self { name, plants, size, progress, refused, judged_by, rows: 0, kind, queue }
    }

    fn table(
        path: &Path,
        mut rows: Rows,
        plants: Vec<Arc<Plant>>,
        map: Option<&Mapping>,
        progress: Progress,
    ) -> Result<Self, Failure> {
        let layout = Layout::find(&mut rows, plants, map)?;
        let plants = layout.plants().to_vec();
        let kind = Kind::Table { rows: Box::new(rows), layout: Box::new(layout), results: None };
        Ok(Self::new(path, plants, kind, progress))
    }

    /// A part of a dataset: its readings, and what its laboratory reports.
    fn dataset(
        request: &Request,
        plants: &BTreeMap<String, Arc<Plant>>,
        said: Option<Arc<Plant>>,
    ) -> Result<Self, Failure> {
        #[derive(Deserialize)]
        struct About {
            plant: String,
        }
        let folder = &request.path;
        if let Some(map) = &request.map {
            let text = "a dataset needs no mapping: it carries our own names";
            return Err(Failure::usage(format!("{}: {text}", map.display())));
        }
        if request.form.is_some() {
            let text = "a dataset needs no --as: its files say what they are";
            return Err(Failure::usage(format!("{}: {text}", folder.display())));
        }
        let about = folder.join("part.json");
        if !about.is_file() {
            return Err(no_part(folder));
        }
        let text = library::source(&about)?;
        let About { plant } = serde_json::from_str(&text.text)
            .map_err(|error| Failure::usage(format!("{}: {error}", about.display())))?;
        let known = plants.get(&plant).cloned().or(said.filter(|said| said.id.as_str() == plant));
        let plant = known.ok_or_else(|| {
            let text = format!("{} is of plant {plant:?}, which is not known", folder.display());
            Failure::usage(format!("{text}: name its folder of plants with --plants"))
        })?;
        let progress = Progress::default();
        let file = |table: &str| {
            let endings = if cfg!(feature = "columns") { ["csv", "parquet"] } else { ["csv"; 2] };
            let mut files = endings.iter().map(|it| folder.join(format!("{table}.{it}")));
            files.find(|path| path.is_file())
        };
        let readings = file("readings").ok_or_else(|| {
            let text = "there is no readings.csv in it; reading Parquet needs a build with the \
                        feature `columns`";
            Failure::usage(format!("{}: {text}", folder.display()))
        })?;
        let rows = open((&readings, None), None, &progress)?;
        let mut recording = Self::table(&readings, rows, vec![plant], None, progress)?;
        recording.name = folder.display().to_string();
        if let Some(path) = file("laboratory")
            && let Kind::Table { results, .. } = &mut recording.kind
        {
            let rows = open((&path, None), None, &Progress::default())?;
            *results = Some(Box::new(Results::new(rows, &mut recording.refused)?));
        }
        Ok(recording)
    }

    fn staged(
        name: &Path,
        seed: Option<Seed>,
        plants: &BTreeMap<String, Arc<Plant>>,
    ) -> Result<Self, Failure> {
        let source = library::scenario_source(name)?;
        let Script::Plant(scenario) = library::script(&source, plants)? else {
            let text = format!("{} is of a fleet: take a scenario of one plant", source.path);
            return Err(Failure::usage(text));
        };
        let plant = plants.get(scenario.plant.as_str()).cloned();
        let plant = plant.ok_or_else(|| library::no_plant(&scenario.plant))?;
        let staged = Staged::new(&plant, &scenario, seed).map_err(Failure::outside)?;
        let kind = Kind::Staged(Box::new(staged));
        let mut recording = Self::new(name, vec![plant], kind, Progress::default());
        recording.judged_by.clone_from(&scenario.judged_by);
        let steps = scenario.duration.as_ms() / scenario.step.as_ms().max(1);
        (recording.name, recording.size) = (source.path.clone(), steps.unsigned_abs());
        Ok(recording)
    }
}

/// Opens a table by what it is said to be, or by what its name ends with.
fn open(
    (path, said): (&Path, Option<Form>),
    map: Option<&Mapping>,
    progress: &Progress,
) -> Result<Rows, Failure> {
    let separator = map.and_then(|map| map.separator);
    match Form::of(path, said)? {
        Form::Csv => Ok(Rows::Csv(CsvRows::open(path, separator, progress)?)),
        Form::Jsonl => Ok(Rows::Json(JsonRows::open(path, progress)?)),
        #[cfg(feature = "columns")]
        Form::Parquet => Ok(Rows::Parquet(parquet::ParquetRows::open(path, progress)?)),
        #[cfg(not(feature = "columns"))]
        Form::Parquet => Err(Failure::usage(
            "this build reads no Parquet: build it with the feature `columns`, or take csv",
        )),
    }
}

/// Whose readings they are when no column says so: the plant that is named, the only one, or the
/// example of those that are compiled in.
fn usual(plants: &BTreeMap<String, Arc<Plant>>, said: Option<&Arc<Plant>>) -> Option<Arc<Plant>> {
    let only = || if plants.len() == 1 { plants.values().next() } else { None };
    said.or_else(only).or_else(|| plants.get(EXAMPLE)).cloned()
}

fn listed(plants: &BTreeMap<String, Arc<Plant>>, said: Option<&Arc<Plant>>) -> Vec<Arc<Plant>> {
    said.map_or_else(|| plants.values().cloned().collect(), |said| vec![Arc::clone(said)])
}

fn whose(plants: &BTreeMap<String, Arc<Plant>>) -> Failure {
    let known: Vec<&str> = plants.keys().map(String::as_str).collect();
    let known = known.join(", ");
    Failure::usage(format!("whose readings are they? Name the plant with --plant, of {known}"))
}

/// A folder that is no part: of a dataset, or of anything.
fn no_part(folder: &Path) -> Failure {
    let entries = library::list(folder).unwrap_or_default();
    let parts = entries.iter().filter(|entry| entry.join("part.json").is_file());
    let parts: Vec<String> = parts.map(|part| part.display().to_string()).collect();
    let names: Vec<&str> = parts.iter().map(String::as_str).collect();
    let folder = folder.display();
    Failure::usage(if names.is_empty() {
        format!("{folder}: this folder is no part of a dataset: it has no part.json")
    } else {
        format!("{folder}: this is a dataset of {}: name one: {}", names.len(), map::some(&names))
    })
}
