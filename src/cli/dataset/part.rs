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
use sha2::{Digest, Sha256};

use super::table::{Cell, LABELS, LABORATORY, OUTSIDE, READINGS, TABLES, TRUTH, VILLAGES, WORKS};
use super::write::{Formats, TableFile};
use crate::base::hex::hex;
use crate::base::problem::Listed;
use crate::base::random::Seed;
use crate::base::{Span, Stamp};
use crate::cli::exit::Failure;
use crate::cli::library::FleetScript;
use crate::cli::whole::replace;
use crate::exercise::dataset::{Arrived, LabRow, ReadingRow, Recording, Rows};
use crate::exercise::fleet::{WorksError, cast};
use crate::exercise::labels::{Label, Lack, Service};
use crate::plant::Plant;
use crate::plant::fleet::Works;
use crate::scenario::Scenario;
use crate::scenario::fleet::size;
use crate::scenario::injection::{Injection, InjectionKind, NetworkEvent};
use crate::world::Outside;

/// What a part's own file says about it, and the manifest about all.
pub const ABOUT: &str = "part.json";

/// One scenario with one seed, at one plant.
pub struct Part {
    /// Name of its folder.
    pub name: String,
    /// The scenario's name.
    stem: String,
    /// The seed of the run.
    seed: Seed,
    cast: Cast,
    /// Digest of everything it depends on.
    inputs: String,
}

/// Whom what happens to.
pub enum Cast {
    /// A plant, by a scenario of its own.
    Plant(Arc<Plant>, Arc<Scenario>),
    /// One works of a fleet; its plant is made when it is played, and gone afterwards.
    Works(Arc<FleetScript>, Works),
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
    /// From when …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Stamp>,
    /// … to when it was played; none in parts that an older Sanmen has written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Stamp>,
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
    /// The part of a run of the scenario called `stem`.
    pub fn new(stem: &str, seed: Seed, cast: Cast) -> Self {
        // What checked values print is all there is to know of them, and the same in the same
        // version.
        let (name, text, whom) = match &cast {
            Cast::Plant(plant, scenario) => {
                (format!("{stem}-{}", seed.0), &scenario.source.text, format!("{plant:?}"))
            }
            Cast::Works(script, works) => {
                let name = format!("{stem}-{}-{}", seed.0, works.id);
                let whom = format!("{:?} {works:?}", script.fleet);
                (name, &script.scenario.source.text, whom)
            }
        };
        let mut digest = Sha256::new();
        for input in [env!("CARGO_PKG_VERSION"), text, &whom] {
            digest.update((input.len() as u64).to_be_bytes());
            digest.update(input);
        }
        digest.update(seed.0.to_be_bytes());
        let inputs = hex(&digest.finalize());
        Self { name, stem: stem.to_owned(), seed, cast, inputs }
    }

    /// By which rules it is judged, where its scenario or its fleet says so.
    pub fn judged_by(&self) -> Option<&Listed> {
        match &self.cast {
            Cast::Plant(_, scenario) => scenario.judged_by.as_ref(),
            Cast::Works(script, _) => script.scenario.judged_by.as_ref(),
        }
    }

    /// How much time is played.
    pub fn duration(&self) -> Span {
        match &self.cast {
            Cast::Plant(_, scenario) => scenario.duration,
            Cast::Works(script, _) => script.scenario.duration,
        }
    }

    /// The plant, what happens to it, and the seed of its own draws.
    pub fn play(&self) -> Result<(Arc<Plant>, Arc<Scenario>, Seed), WorksError> {
        match &self.cast {
            Cast::Plant(plant, scenario) => {
                Ok((Arc::clone(plant), Arc::clone(scenario), self.seed))
            }
            Cast::Works(script, works) => {
                let (plant, own) = cast(&script.fleet, &script.scenario, works, self.seed)?;
                let seed = own.seed;
                Ok((plant, Arc::new(own), seed))
            }
        }
    }

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
        let (plant, scenario, seed) = self.play().map_err(Failure::outside)?;
        let mut writer = Writer::create(self, &plant, &hidden, formats).map_err(wrong)?;
        let mut recording = Recording::new(&plant, &scenario, seed).map_err(Failure::outside)?;
        while let Some(rows) = recording.step().map_err(Failure::outside)? {
            writer.step(&rows).map_err(wrong)?;
            tick(scenario.step);
        }
        let sound = recording.soundness().is_sound();
        writer.outside(recording.outside()).map_err(wrong)?;
        let (rest, labels) = recording.finish();
        writer.arrived(&rest).map_err(wrong)?;
        let injections = scenario.injections_with(seed);
        writer.labels(&labels, &injections, &self.written(&plant, &scenario)).map_err(wrong)?;
        let about = About {
            part: self.name.clone(),
            scenario: self.stem.clone(),
            plant: plant.id.to_string(),
            seed: self.seed.0,
            inputs: self.inputs.clone(),
            formats: formats.endings(),
            from: Some(scenario.start),
            until: Some(scenario.end()),
            sound,
            rows: writer.finish().map_err(wrong)?,
        };
        write_json(&hidden.join(ABOUT), &about)?;
        fs::rename(&hidden, folder.join(&self.name)).map_err(wrong)?;
        Ok(about)
    }

    /// What the author of the scenario wrote of each injection, in the order of
    /// `Scenario::injections`; at a works of a fleet, as it comes to that works.
    pub fn written(&self, plant: &Plant, scenario: &Scenario) -> Vec<Written> {
        let table: toml::Table = toml::from_str(&scenario.source.text).unwrap_or_default();
        let list = table.get("inject").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        let of = |injection: &Injection| {
            let id = injection.id.as_str();
            let named =
                |value: &&toml::Value| value.get("id").and_then(|id| id.as_str()) == Some(id);
            let found = list.iter().find(named).and_then(toml::Value::as_table).cloned();
            let mut written = found.unwrap_or_default();
            if matches!(self.cast, Cast::Works(..)) {
                as_it_comes(&mut written, injection, plant);
            }
            Written::new(written)
        };
        scenario.injections.iter().map(of).collect()
    }
}

/// Puts this works' own size and pump in place of what the fleet's scenario says of all.
fn as_it_comes(written: &mut toml::Table, injection: &Injection, plant: &Plant) {
    for key in ["counties", "lag_min", "size_percent"] {
        written.remove(key);
    }
    if let Some((key, size)) = size(&injection.kind) {
        written.insert(key.to_owned(), size.into());
    }
    if let InjectionKind::Network(NetworkEvent::PumpTrip { pump }) = injection.kind {
        let id = plant.network.links[pump.0].id.clone();
        written.insert("target".to_owned(), id.into());
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
    replace(path, text.as_bytes()).map_err(|error| cannot_write(path, error))
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
pub struct Written {
    /// Its kind.
    pub kind: String,
    target: Option<String>,
    /// Everything else, as JSON.
    settings: String,
}

impl Written {
    fn new(mut table: toml::Table) -> Self {
        let mut take = |key: &str| match table.remove(key) {
            Some(toml::Value::String(text)) => Some(text),
            _ => None,
        };
        let (kind, target) = (take("kind").unwrap_or_default(), take("target"));
        for key in ["id", "at_min", "until_min"] {
            table.remove(key);
        }
        let settings = serde_json::to_string(&table).unwrap_or_default();
        Self { kind, target, settings }
    }
}

/// The tables of a part on their way to its files.
struct Writer<'p> {
    part: &'p Part,
    plant: &'p Plant,
    readings: TableFile,
    truth: TableFile,
    villages: TableFile,
    works: TableFile,
    laboratory: TableFile,
    labels: TableFile,
    outside: TableFile,
}

impl<'p> Writer<'p> {
    fn create(
        part: &'p Part,
        plant: &'p Plant,
        folder: &Path,
        formats: Formats,
    ) -> io::Result<Self> {
        let table = |table| TableFile::create(folder, table, formats);
        Ok(Self {
            part,
            plant,
            readings: table(&READINGS)?,
            truth: table(&TRUTH)?,
            villages: table(&VILLAGES)?,
            works: table(&WORKS)?,
            laboratory: table(&LABORATORY)?,
            labels: table(&LABELS)?,
            outside: table(&OUTSIDE)?,
        })
    }

    fn head(&self) -> [Cell<'p>; 3] {
        let plant = Cell::Text(self.plant.id.as_str());
        [Cell::Text(&self.part.stem), Cell::Count(self.part.seed.0), plant]
    }

    fn step(&mut self, rows: &Rows<'_>) -> io::Result<()> {
        let [scenario, seed, plant] = self.head();
        self.arrived(rows.arrived)?;
        for (instrument, value) in self.plant.instruments.iter().zip(rows.at_tags) {
            let tag = &instrument.tag;
            self.truth.row(&[
                scenario,
                seed,
                plant,
                Cell::Time(rows.now),
                Cell::Text(tag.id.as_str()),
                Cell::Text(tag.quantity.name()),
                Cell::Text(tag.quantity.unit()),
                (*value).into(),
            ])?;
        }
        for (village, service) in self.plant.profile.villages.iter().zip(rows.services) {
            let Service { pressure, water, demand, delivered, lacks } = service;
            self.villages.row(&[
                scenario,
                seed,
                plant,
                Cell::Time(rows.now),
                Cell::Text(village.id.as_str()),
                Cell::Count(u64::from(village.people)),
                Cell::Number(demand.as_m3_per_h()),
                Cell::Number(delivered.as_m3_per_h()),
                Cell::Number(service.served_share()),
                Cell::Number(pressure.as_kpa()),
                Cell::Number(water.disinfectant().as_mg_per_l()),
                Cell::Number(water.turbidity.as_ntu()),
                Cell::Number(water.age_h),
                Cell::Text(&joined(lacks)),
            ])?;
        }
        self.works(rows)
    }

    fn works(&mut self, rows: &Rows<'_>) -> io::Result<()> {
        let [scenario, seed, plant] = self.head();
        let works = &rows.works;
        self.works.row(&[
            scenario,
            seed,
            plant,
            Cell::Time(rows.now),
            Cell::Number(works.production.as_m3_per_h()),
            Cell::Number(works.raw_turbidity.as_ntu()),
            Cell::Number(works.coagulant.as_mg_per_l()),
            Cell::Number(works.settled_turbidity.as_ntu()),
            Cell::Number(works.filtered_turbidity.as_ntu()),
            Cell::Number(works.dosed.as_mg_per_l()),
            Cell::Number(works.contact_min),
            Cell::Number(works.ct),
            Cell::Number(works.giardia_log),
        ])
    }

    fn arrived(&mut self, rows: &Arrived) -> io::Result<()> {
        self.readings(&rows.readings)?;
        self.results(&rows.results)
    }

    fn results(&mut self, rows: &[LabRow]) -> io::Result<()> {
        let [scenario, seed, plant] = self.head();
        for LabRow { received_at, result } in rows {
            self.laboratory.row(&[
                scenario,
                seed,
                plant,
                Cell::Text(result.sample.as_str()),
                Cell::Text(result.site.as_str()),
                Cell::Text(result.point.name()),
                Cell::Time(result.taken_at),
                Cell::Time(result.reported_at),
                Cell::Time(*received_at),
                Cell::Text(result.analyte.name()),
                Cell::Text(result.sign.name()),
                Cell::Number(result.value),
                Cell::Text(&result.unit),
                Cell::Text(result.method.as_str()),
            ])?;
        }
        Ok(())
    }

    fn readings(&mut self, rows: &[ReadingRow]) -> io::Result<()> {
        let [scenario, seed, plant] = self.head();
        for row in rows {
            let tag = &self.plant.instruments[row.tag.0].tag;
            self.readings.row(&[
                scenario,
                seed,
                plant,
                Cell::Text(tag.id.as_str()),
                Cell::Text(tag.quantity.name()),
                Cell::Text(tag.quantity.unit()),
                Cell::Time(row.observed_at),
                Cell::Time(row.received_at),
                row.value.into(),
                Cell::Count(u64::from(u8::from(row.flag))),
                Cell::Count(row.seq),
                Cell::Time(row.sent_at),
            ])?;
        }
        Ok(())
    }

    fn labels(
        &mut self,
        labels: &[Label],
        injections: &[Injection],
        written: &[Written],
    ) -> io::Result<()> {
        let [scenario, seed, plant] = self.head();
        let profile = &self.plant.profile;
        for (label, written) in labels.iter().zip(written) {
            let injection = &injections[label.injection];
            let villages: Vec<&str> =
                label.villages.keys().map(|at| profile.villages[*at].id.as_str()).collect();
            self.labels.row(&[
                scenario,
                seed,
                plant,
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
        let [scenario, seed, plant] = self.head();
        for outside in times {
            let has_value = !outside.unit.is_empty();
            self.outside.row(&[
                scenario,
                seed,
                plant,
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
        let files = [
            self.readings,
            self.truth,
            self.villages,
            self.works,
            self.laboratory,
            self.labels,
            self.outside,
        ];
        let tables = TABLES.iter().map(|table| table.name.to_owned());
        tables.zip(files).map(|(name, file)| Ok((name, file.finish()?))).collect()
    }
}

/// `pressure;supply`; empty when nothing is lacking.
fn joined(lacks: &std::collections::BTreeSet<Lack>) -> String {
    lacks.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}
