#![expect(clippy::disallowed_methods, reason = "edge: writes a part of a dataset")]
//! One part of a dataset: one scenario with one seed, in a folder of its own.
//!
//! It is written under a hidden name and renamed when it is complete: a folder with a part's name
//! is always a whole one.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::table::{Cell, LABELS, OUTSIDE, READINGS, TABLES, TRUTH, VILLAGES};
use super::write::{Formats, TableFile};
use crate::base::Span;
use crate::base::random::Seed;
use crate::cli::exit::Failure;
use crate::exercise::dataset::{ReadingRow, Recording, Rows};
use crate::exercise::labels::{Label, Lack, Service};
use crate::plant::Plant;
use crate::scenario::Scenario;
use crate::world::Outside;

/// What a part's own file says about it, and the manifest about all.
pub const ABOUT: &str = "part.json";

/// One scenario with one seed.
#[derive(Debug)]
pub struct Part {
    /// Name of its folder.
    pub name: String,
    /// The scenario's name.
    pub stem: String,
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The plant it happens to.
    pub plant: Arc<Plant>,
    /// The seed.
    pub seed: Seed,
    /// Digest of everything it depends on.
    pub inputs: String,
}

/// What a finished part says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its folder.
    pub part: String,
    /// The scenario.
    pub scenario: String,
    /// The plant.
    pub plant: String,
    /// The seed.
    pub seed: u64,
    /// SHA-256 of scenario, plant, seed and version of the program: what the rows depend on.
    pub inputs: String,
    /// Endings of its files.
    pub formats: Vec<String>,
    /// Could every step be solved and did the books close?
    pub sound: bool,
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
}

impl Formats {
    /// The endings of the files.
    pub fn endings(self) -> Vec<String> {
        let endings = [(self.csv, "csv"), (self.parquet, "parquet")];
        endings.iter().filter(|(is, _)| *is).map(|(_, name)| (*name).to_owned()).collect()
    }
}

impl Part {
    /// What stands in `folder` of this part: nothing, or a whole part of the same inputs.
    ///
    /// Errors: something else is there.
    pub fn found(&self, folder: &Path, formats: Formats) -> Result<Option<About>, Failure> {
        let path = folder.join(&self.name);
        if !path.exists() {
            return Ok(None);
        }
        let about = read_about(&path)?;
        let differs = if about.inputs != self.inputs {
            "another version of its scenario, of the plant or of sanmen"
        } else if about.formats != formats.endings() {
            "another --format"
        } else {
            return Ok(Some(about));
        };
        let path = path.display();
        Err(Failure::usage(format!(
            "{path} was written from {differs}: remove it, or choose another folder"
        )))
    }

    /// Plays the part and writes it into `folder`. `tick` hears how much time has been played.
    pub fn write(
        &self,
        folder: &Path,
        formats: Formats,
        tick: &dyn Fn(Span),
    ) -> Result<About, Failure> {
        let hidden = folder.join(hidden(&self.name));
        let wrong = |error| cannot_write(&hidden, error);
        fs::create_dir_all(&hidden).map_err(wrong)?;
        let mut writer = Writer::create(self, &hidden, formats).map_err(wrong)?;
        let mut recording =
            Recording::new(&self.plant, &self.scenario, self.seed).map_err(Failure::outside)?;
        while let Some(rows) = recording.step().map_err(Failure::outside)? {
            writer.step(&rows).map_err(wrong)?;
            tick(self.scenario.step);
        }
        let sound = recording.soundness().is_sound();
        writer.outside(recording.outside()).map_err(wrong)?;
        let (rest, labels) = recording.finish();
        writer.readings(&rest).map_err(wrong)?;
        writer.labels(&labels).map_err(wrong)?;
        let about = About {
            part: self.name.clone(),
            scenario: self.stem.clone(),
            plant: self.plant.id.to_string(),
            seed: self.seed.0,
            inputs: self.inputs.clone(),
            formats: formats.endings(),
            sound,
            rows: writer.finish().map_err(wrong)?,
        };
        write_json(&hidden.join(ABOUT), &about)?;
        fs::rename(&hidden, folder.join(&self.name)).map_err(wrong)?;
        Ok(about)
    }
}

/// The name of a part in work.
fn hidden(name: &str) -> String {
    format!(".{name}.in-work")
}

/// Is it the name of a part in work?
pub fn is_hidden(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".in-work")
}

/// What a part in `path` says about itself.
pub fn read_about(path: &Path) -> Result<About, Failure> {
    let file = path.join(ABOUT);
    let bytes = fs::read(&file).map_err(|error| Failure::file(&file, error))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))
}

/// Writes a value as JSON, whole or not at all.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(Failure::outside)?;
    text.push('\n');
    let new = path.with_extension("new");
    let written = fs::write(&new, text).and_then(|()| fs::File::open(&new)?.sync_all());
    written.and_then(|()| fs::rename(&new, path)).map_err(|error| cannot_write(path, error))
}

/// The disk does not take it.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
struct CannotWrite {
    path: PathBuf,
    #[source]
    cause: io::Error,
}

/// A failure to write below `path`.
pub fn cannot_write(path: &Path, cause: io::Error) -> Failure {
    Failure::outside(CannotWrite { path: path.to_owned(), cause })
}

/// What the author of a scenario wrote of one injection.
struct Written {
    kind: String,
    target: Option<String>,
    /// Everything else, as JSON.
    settings: String,
}

/// The `[[inject]]` tables of a scenario, in its order.
fn written(scenario: &Scenario) -> Vec<Written> {
    let table: toml::Table = toml::from_str(&scenario.source.text).unwrap_or_default();
    let list = table.get("inject").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let read = |value: toml::Value| {
        let mut table = value.as_table().cloned().unwrap_or_default();
        let mut take = |key: &str| match table.remove(key) {
            Some(toml::Value::String(text)) => Some(text),
            _ => None,
        };
        let (kind, target) = (take("kind").unwrap_or_default(), take("target"));
        for key in ["id", "at_min", "until_min"] {
            table.remove(key);
        }
        let settings = serde_json::to_string(&table).unwrap_or_default();
        Written { kind, target, settings }
    };
    list.into_iter().map(read).collect()
}

/// The tables of a part on their way to its files.
struct Writer<'p> {
    part: &'p Part,
    readings: TableFile,
    truth: TableFile,
    villages: TableFile,
    labels: TableFile,
    outside: TableFile,
}

impl<'p> Writer<'p> {
    fn create(part: &'p Part, folder: &Path, formats: Formats) -> io::Result<Self> {
        let table = |table| TableFile::create(folder, table, formats);
        Ok(Self {
            part,
            readings: table(&READINGS)?,
            truth: table(&TRUTH)?,
            villages: table(&VILLAGES)?,
            labels: table(&LABELS)?,
            outside: table(&OUTSIDE)?,
        })
    }

    fn head(&self) -> [Cell<'p>; 2] {
        [Cell::Text(&self.part.stem), Cell::Count(self.part.seed.0)]
    }

    fn step(&mut self, rows: &Rows<'_>) -> io::Result<()> {
        let [scenario, seed] = self.head();
        self.readings(rows.readings)?;
        for (instrument, value) in self.part.plant.instruments.iter().zip(rows.at_tags) {
            let tag = &instrument.tag;
            self.truth.row(&[
                scenario,
                seed,
                Cell::Time(rows.now),
                Cell::Text(tag.id.as_str()),
                Cell::Text(tag.quantity.name()),
                Cell::Text(tag.quantity.unit()),
                (*value).into(),
            ])?;
        }
        for (village, service) in self.part.plant.profile.villages.iter().zip(rows.services) {
            let Service { pressure, water, demand, delivered, lacks } = service;
            self.villages.row(&[
                scenario,
                seed,
                Cell::Time(rows.now),
                Cell::Text(village.id.as_str()),
                Cell::Count(u64::from(village.people)),
                Cell::Number(demand.as_m3_per_h()),
                Cell::Number(delivered.as_m3_per_h()),
                Cell::Number(service.served_share()),
                Cell::Number(pressure.as_kpa()),
                Cell::Number(water.chlorine.as_mg_per_l()),
                Cell::Number(water.turbidity.as_ntu()),
                Cell::Number(water.age_h),
                Cell::Text(&joined(lacks)),
            ])?;
        }
        Ok(())
    }

    fn readings(&mut self, rows: &[ReadingRow]) -> io::Result<()> {
        let [scenario, seed] = self.head();
        for row in rows {
            let tag = &self.part.plant.instruments[row.tag.0].tag;
            self.readings.row(&[
                scenario,
                seed,
                Cell::Text(tag.id.as_str()),
                Cell::Text(tag.quantity.name()),
                Cell::Text(tag.quantity.unit()),
                Cell::Time(row.observed_at),
                Cell::Time(row.received_at),
                row.value.into(),
                Cell::Count(u64::from(u8::from(row.flag))),
            ])?;
        }
        Ok(())
    }

    fn labels(&mut self, labels: &[Label]) -> io::Result<()> {
        let [scenario, seed] = self.head();
        let profile = &self.part.plant.profile;
        let injections = self.part.scenario.injections_with(self.part.seed);
        for (label, written) in labels.iter().zip(written(&self.part.scenario)) {
            let injection = &injections[label.injection];
            let villages: Vec<&str> =
                label.villages.keys().map(|at| profile.villages[*at].id.as_str()).collect();
            self.labels.row(&[
                scenario,
                seed,
                Cell::Text(injection.id.as_str()),
                Cell::Text(&written.kind),
                written.target.as_deref().map_or(Cell::Empty, Cell::Text),
                Cell::Text(&written.settings),
                Cell::Time(injection.from),
                injection.until.into(),
                Cell::Text(&joined(&label.lacks())),
                label.first.into(),
                label.last.into(),
                Cell::Text(&villages.join(";")),
                Cell::Count(label.people(profile)),
            ])?;
        }
        Ok(())
    }

    fn outside(&mut self, times: &[Outside]) -> io::Result<()> {
        let [scenario, seed] = self.head();
        for outside in times {
            let has_value = !outside.unit.is_empty();
            self.outside.row(&[
                scenario,
                seed,
                Cell::Text(outside.limit.id()),
                Cell::Time(outside.first),
                Cell::Time(outside.last),
                Cell::Number(outside.lasted.as_seconds() / 60.0),
                outside.place.as_deref().map_or(Cell::Empty, Cell::Text),
                Cell::Count(outside.places as u64),
                has_value.then_some(outside.value).into(),
                if has_value { Cell::Text(outside.unit) } else { Cell::Empty },
            ])?;
        }
        Ok(())
    }

    /// Completes every file; gives the rows of each table.
    fn finish(self) -> io::Result<BTreeMap<String, u64>> {
        let files = [self.readings, self.truth, self.villages, self.labels, self.outside];
        let tables = TABLES.iter().map(|table| table.name.to_owned());
        tables.zip(files).map(|(name, file)| Ok((name, file.finish()?))).collect()
    }
}

/// `pressure;supply`; empty when nothing is lacking.
fn joined(lacks: &std::collections::BTreeSet<Lack>) -> String {
    lacks.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}
