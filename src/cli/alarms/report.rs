#![expect(clippy::disallowed_methods, reason = "edge: writes the page that is asked for")]
//! `sanmen alarms report`: what alarms asked of people, from a ledger or from a scenario.

mod page;
mod picture;
mod text;
mod words;

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::{Scene, WhereArgs};
use crate::alarms::event::AlarmEvent;
use crate::alarms::flood::FloodEvent;
use crate::alarms::load::Load;
use crate::base::random::Seed;
use crate::base::time::UtcOffset;
use crate::base::{PlantId, Stamp};
use crate::cli::common::Format;
use crate::cli::cores::on_all_cores;
use crate::cli::exit::{self, Failure};
use crate::cli::library::{self, FleetScript, Script};
use crate::cli::live;
use crate::exercise::{fleet, judge, offline};
use crate::ingest::observation::IngestChange;
use crate::inspection::book::Book;
use crate::inspection::handling::LoadMarks;
use crate::ledger::record::{Entry, Record};
use crate::plant::Plant;
use crate::scenario::Scenario;
use words::Words;

/// Arguments of `sanmen alarms report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A scenario to play, a file or the name of one that ships; a ledger by default
    #[arg(value_name = "SCENARIO", conflicts_with_all = ["data", "space"])]
    scenario: Option<PathBuf>,
    /// Seed of every random draw, instead of the scenario's
    #[arg(long, value_name = "N", requires = "scenario")]
    seed: Option<u64>,
    /// Only the alarms of this plant; may be given several times
    #[arg(long, value_name = "PLANT", value_parser = PlantId::new)]
    plant: Vec<PlantId>,
    /// Write the report as one page with its pictures, too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    place: WhereArgs,
}

/// What is said of a period.
struct Report {
    /// The scenario's title, or where the ledger is.
    title: String,
    plants: Vec<PlantId>,
    utc_offset: UtcOffset,
    book: Book,
    marks: LoadMarks,
    load: Load,
}

/// Measures and says it.
pub fn run(args: &ReportArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let found = match &args.scenario {
        Some(path) => of_scenario(path, args)?,
        None => of_ledger(args)?,
    };
    let report = found.measured(&args.plant)?;
    let words = Words::of(args.place.lang.into());
    match args.place.format {
        Format::Json => {
            let line = serde_json::to_string(&report.load).map_err(Failure::outside)?;
            writeln!(out, "{line}")?;
        }
        Format::Text => text::write(&report, words, out)?,
    }
    if let Some(path) = &args.html {
        let page = page::page(&report, words);
        std::fs::write(path, page).map_err(|error| Failure::file(path, error))?;
    }
    out.flush()?;
    Ok(())
}

/// What a period is made of, before it is measured.
struct Found {
    title: String,
    utc_offset: UtcOffset,
    book: Book,
    /// Of each plant: from when to when, and what happened.
    plants: BTreeMap<PlantId, PlantFound>,
}

#[derive(Default)]
struct PlantFound {
    seen: Option<(Stamp, Stamp)>,
    events: Vec<AlarmEvent>,
    floods: Vec<FloodEvent>,
}

impl PlantFound {
    fn reach(&mut self, at: Stamp) {
        self.seen = Some(self.seen.map_or((at, at), |(from, to)| (from.min(at), to.max(at))));
    }
}

impl Found {
    fn new(title: String, plants: &[Arc<Plant>], book: &Book) -> Self {
        let utc_offset = plants.first().map_or(UtcOffset::UTC, |plant| plant.profile.utc_offset);
        Self { title, utc_offset, book: book.clone(), plants: BTreeMap::new() }
    }

    /// Takes in what a ledger keeps. Where an exercise began again, what was before is another one.
    fn take(&mut self, entry: &Entry) {
        let Some(plant) = &entry.plant else { return };
        let found = self.plants.entry(plant.clone()).or_default();
        match &entry.record {
            Record::Alarm(event) => {
                found.reach(event.at);
                found.events.push(event.clone());
            }
            Record::Ingest(event) => {
                if let IngestChange::ClockBack { to, real: false, .. } = event.what {
                    *found = PlantFound::default();
                    found.reach(to);
                } else {
                    found.reach(event.at);
                }
            }
            Record::Ticket(event) => found.reach(event.at),
            Record::Lab(event) => found.reach(event.at),
            Record::Quality(event) => found.reach(event.at),
            Record::Flood(event) => {
                found.reach(event.at);
                found.floods.push(event.clone());
            }
            Record::Monitor(_) => {}
        }
    }

    /// Only of `wanted` plants, or of all.
    fn measured(mut self, wanted: &[PlantId]) -> Result<Report, Failure> {
        if let Some(unknown) = wanted.iter().find(|id| !self.plants.contains_key(*id)) {
            let known: Vec<&str> = self.plants.keys().map(PlantId::as_str).collect();
            let known = known.join(", ");
            return Err(Failure::usage(format!("nothing is known of {unknown}; known: {known}")));
        }
        self.plants.retain(|id, _| wanted.is_empty() || wanted.contains(id));
        let (mut events, mut floods) = (Vec::new(), Vec::new());
        let mut period: Option<(Stamp, Stamp)> = None;
        for plant in self.plants.values_mut() {
            events.append(&mut plant.events);
            floods.append(&mut plant.floods);
            period = match (period, plant.seen) {
                (Some((from, to)), Some((first, last))) => Some((from.min(first), to.max(last))),
                (period, seen) => period.or(seen),
            };
        }
        let Some(period) = period else {
            let title = self.title;
            return Err(Failure::usage(format!("nothing has happened yet: {title}")));
        };
        let marks = self.book.handling().load;
        let load = Load::measure(&events, &floods, period, &marks);
        let plants = self.plants.into_keys().collect();
        let Self { title, utc_offset, book, .. } = self;
        Ok(Report { title, plants, utc_offset, book, marks, load })
    }
}

fn of_ledger(args: &ReportArgs) -> Result<Found, Failure> {
    live::block_on(|_, _| async {
        let scene = Scene::open(&args.place).await?;
        let title = scene.folder.display().to_string();
        let mut found = Found::new(title, &scene.plants, &scene.book);
        scene.read(&mut |entry| found.take(entry)).await?;
        for plant in scene.snapshot().await?.plants {
            if let Some(to) = plant.frontier {
                found.plants.entry(plant.id).or_default().reach(to);
            }
        }
        Ok(found)
    })
}

fn of_scenario(path: &Path, args: &ReportArgs) -> Result<Found, Failure> {
    let library = args.place.shelves.library();
    let (plants, book) = library.plants_and_book()?;
    let source = library::scenario_source(path)?;
    match library::script(&source, &plants)? {
        Script::Plant(scenario) => {
            let plant = plants.get(scenario.plant.as_str()).ok_or(Failure::Bug)?;
            let book = library.judging(&book, scenario.judged_by.as_ref())?;
            of_plant(&scenario, plant, &book, args)
        }
        Script::Fleet(script) => {
            let book = library.judging(&book, script.scenario.judged_by.as_ref())?;
            of_fleet(&script, &book, args)
        }
    }
}

fn of_plant(
    scenario: &Scenario,
    plant: &Arc<Plant>,
    book: &Book,
    args: &ReportArgs,
) -> Result<Found, Failure> {
    judge::unknown_rules(scenario, &[book]).into_result(Some(()))?;
    let seed = args.seed.map(Seed);
    let played = offline::play(plant, scenario, book, seed);
    let played = played.map_err(|error| Failure::usage(exit::chain(&error)))?;
    let title = scenario.title.get(args.place.lang.into()).to_owned();
    let mut found = Found::new(title, std::slice::from_ref(plant), book);
    let seen = Some((scenario.start, scenario.end()));
    let (events, floods) = (played.alarm_events().cloned(), played.floods().cloned());
    let found_there = PlantFound { seen, events: events.collect(), floods: floods.collect() };
    found.plants.insert(plant.id.clone(), found_there);
    Ok(found)
}

fn of_fleet(script: &FleetScript, book: &Book, args: &ReportArgs) -> Result<Found, Failure> {
    let FleetScript { fleet, scenario, .. } = script;
    fleet::unknown_rules(scenario, &[book]).into_result(Some(()))?;
    let seed = args.seed.map_or(scenario.seed, Seed);
    let works = fleet.pick(seed, scenario.plants);
    let played = on_all_cores(works.len(), None, |at| {
        let played = fleet::play_works(fleet, scenario, &works[at], book, seed);
        ControlFlow::Continue(played)
    });
    let title = scenario.title.get(args.place.lang.into()).to_owned();
    let mut found = Found::new(title, &[], book);
    found.utc_offset = scenario.utc_offset;
    for played in played {
        let played = played.ok_or(Failure::Bug)?;
        let played = played.map_err(|error| Failure::usage(exit::chain(&error)))?;
        let of_works = found.plants.entry(played.id.clone()).or_default();
        of_works.seen = Some((scenario.start, scenario.start + scenario.duration));
        played.entries.iter().for_each(|entry| found.take(entry));
    }
    Ok(found)
}
