#![expect(clippy::disallowed_methods, reason = "edge: writes the page that is asked for")]
//! `sanmen rules try`: rules on recorded or simulated readings, before they are used.

mod curve;
mod draw;
mod picture;
mod tell;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::check::{beside, idle, rule_files};
use super::list::{Place, places};
use super::review;
use crate::alarms::event::AlarmId;
use crate::base::random::Seed;
use crate::base::{Flag, RuleId};
use crate::cli::common::{Format, Language, Shelves};
use crate::cli::exit::Failure;
use crate::cli::library::{Library, keep};
use crate::cli::live;
use crate::cli::recording::pump::{More, Pump};
use crate::cli::recording::{Recording, Request};
use crate::cli::replay::HowArgs;
use crate::exercise::live::stop::Stop;
use crate::exercise::replay::Replay;
use crate::exercise::replay::tally::{Raised, Tally};
use crate::inspection::book::{Book, InspectionRule};
use crate::monitor::Outcome;
use crate::plant::Plant;
use crate::plant::tags::TagIndex;
use curve::Curve;

/// Arguments of `sanmen rules try`.
#[derive(Debug, Args)]
pub struct TryArgs {
    /// Rule files, or folders of them; they take the place of rules in force with the same ids
    #[arg(value_name = "RULES", required = true)]
    files: Vec<PathBuf>,
    /// A recording, as `sanmen replay` takes it, or a scenario: a file, or the name of one that
    /// ships
    #[arg(long, value_name = "READINGS|SCENARIO")]
    on: PathBuf,
    #[command(flatten)]
    how: HowArgs,
    /// Seed of the scenario, instead of its own
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Show beside each rule what the rule in force with the same id does
    #[arg(long)]
    compare: bool,
    /// Write everything as one page with pictures, too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    shelves: Shelves,
    /// What stdout carries: text for people, or one JSON object for each rule and instrument
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Language of text for people
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
}

/// Tries the rules. Errors: mistakes in them, or beside the plants; a recording that gives nothing.
pub fn run(args: &TryArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let library = args.shelves.library();
    let request = args.how.request(args.on.clone());
    let request = Request { scenario: Some(args.seed.map(Seed)), ..request };
    let Ready { recording, in_force, book, ids } = ready(args, &request, &library)?;
    let beside: Vec<RuleId> =
        ids.iter().filter(|id| in_force.index(id.as_str()).is_some()).cloned().collect();
    let beside = args.compare.then(|| in_force.only(&beside));
    let mut trial = Trial::new(args, recording.plants.clone(), (book, ids), beside);
    live::block_on_in(args.lang.into(), |_, stop| async move {
        let pump = trial.play(args, recording, &stop)?;
        trial.tell(args, pump.recording(), out)
    })
}

/// What is needed to try rules.
struct Ready {
    recording: Recording,
    in_force: Book,
    /// The rules to be tried, and those that inhibit them.
    book: Book,
    ids: Vec<RuleId>,
}

/// Opens the recording, reads the rules and holds them against its plants; where it cannot be
/// opened, against all that it may be of. Says what is worth a second look. Errors: every mistake.
fn ready(args: &TryArgs, request: &Request, library: &Library) -> Result<Ready, Failure> {
    let (files, mut problems) = rule_files(&args.files);
    let opened = Recording::open(request, library);
    let named = opened.as_ref().ok().and_then(|recording| recording.judged_by.as_ref());
    let (part, _, mistakes) = library.read_rules();
    let handling = keep(&mut problems, library.handling()).unwrap_or_default();
    let in_force = part.book.with_handling(handling);
    problems.absorb(mistakes);
    let judging = keep(&mut problems, library.judging(&in_force, named).map(Cow::into_owned));
    let in_force = judging.unwrap_or(in_force);
    let is_whole = problems.is_empty();
    let (book, ids, drafts, mistakes) = in_force.with_files(&files, &beside(&args.files), is_whole);
    problems.absorb(mistakes);
    let book = book.only(&ids);
    let mut plants = library.plants().unwrap_or_default();
    plants.retain(|id, _| match &opened {
        Ok(recording) => recording.plants.iter().any(|plant| plant.id.as_str() == id),
        Err(_) => request.plant.as_ref().is_none_or(|it| it == id),
    });
    let reviewed = review(&book, &drafts, &plants);
    problems.absorb(reviewed.problems);
    let recording = match opened {
        Err(failure) if problems.is_empty() => return Err(failure),
        Err(failure) => {
            failure.join(&args.on.display().to_string(), &mut problems);
            None
        }
        Ok(recording) => Some(recording),
    };
    let recording = problems.into_result(recording)?;
    if ids.is_empty() {
        let text = "there is no rule in these files: only tests of signal quality";
        return Err(Failure::usage(text));
    }
    let mut warnings = idle(&book, &reviewed.unmatched);
    warnings.absorb(reviewed.warnings);
    let warnings = warnings.within(&files);
    if !warnings.is_empty() {
        live::say(&format!("{}\n", warnings.warnings(io::stderr().is_terminal())));
    }
    Ok(Ready { recording, in_force, book, ids })
}

/// Rules at work on a recording, and what has come of them.
struct Trial {
    plants: Vec<Arc<Plant>>,
    book: Book,
    ids: Vec<RuleId>,
    tally: Tally,
    /// The rules in force, when they are compared.
    beside: Option<(Book, Tally)>,
    curves: Vec<BTreeMap<TagIndex, Curve>>,
}

/// What the rule in force has done; none: it was never raised.
#[derive(Clone, Copy)]
struct Beside<'t>(Option<&'t Raised>);

/// A rule at one place.
struct Row<'t> {
    rule: &'t InspectionRule,
    plant: &'t Plant,
    place: Place,
    raised: Option<&'t Raised>,
    /// The rule in force there, and what it has done; none when there is no such rule.
    beside: Option<Beside<'t>>,
    curve: Option<&'t Curve>,
}

impl Trial {
    fn new(
        args: &TryArgs,
        plants: Vec<Arc<Plant>>,
        (book, ids): (Book, Vec<RuleId>),
        beside: Option<Book>,
    ) -> Self {
        let pictures = args.format == Format::Text || args.html.is_some();
        let curves = plants.iter().map(|plant| {
            let tags = plant.instruments.iter().map(|it| &it.tag).enumerate();
            let rules = || book.rules().iter().filter(|rule| ids.contains(&rule.id));
            let watched = tags.filter(|(_, tag)| {
                pictures && rules().any(|rule| rule.watches(&plant.profile, tag))
            });
            watched.map(|(at, _)| (TagIndex(at), Curve::default())).collect()
        });
        let curves = curves.collect();
        let beside = beside.map(|book| (book, Tally::default()));
        Self { plants, book, ids, tally: Tally::default(), beside, curves }
    }

    /// Takes the whole recording through; gives what read it.
    fn play(&mut self, args: &TryArgs, recording: Recording, stop: &Stop) -> Result<Pump, Failure> {
        let replay = |book: &Book, plants: &[Arc<Plant>]| {
            Replay::new(plants.to_vec(), book.clone(), args.how.bounds(), &recording.name)
        };
        let mut tried = replay(&self.book, &self.plants);
        let mut other = self.beside.as_ref().map(|(book, _)| replay(book, &self.plants));
        let mut pump = Pump::new(recording, args.lang.into());
        loop {
            let more = pump.some(stop, &mut |item| {
                if let Some((other, (_, tally))) = other.as_mut().zip(self.beside.as_mut()) {
                    other.take(item.clone(), &mut |at, outcome| tally.count(at, &outcome));
                }
                let (tally, curves) = (&mut self.tally, &mut self.curves);
                tried.take(item, &mut |at, outcome| {
                    tally.count(at, &outcome);
                    see(curves, at, &outcome);
                });
            })?;
            if more == More::No {
                break;
            }
        }
        let (tally, curves) = (&mut self.tally, &mut self.curves);
        tried.finish(&mut |at, outcome| {
            tally.count(at, &outcome);
            see(curves, at, &outcome);
        });
        tally.settle();
        if let Some((other, (_, tally))) = other.as_mut().zip(self.beside.as_mut()) {
            other.finish(&mut |at, outcome| tally.count(at, &outcome));
            tally.settle();
        }
        if self.tally.readings == 0 && self.tally.results == 0 && !pump.is_cut {
            return Err(Failure::usage(pump.recording().why_nothing(&tried.refused())));
        }
        Ok(pump)
    }

    /// Every rule at every place it watches, as far as the recording has it.
    fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for (at, plant) in self.plants.iter().enumerate() {
            if !self.tally.heard.contains_key(&at) && self.plants.len() > 1 {
                continue;
            }
            let unheard: BTreeSet<_> = self.tally.unheard(at, plant).into_iter().collect();
            let rules =
                self.ids.iter().filter_map(|id| self.book.rule(self.book.index(id.as_str())?));
            for rule in rules {
                for place in places(rule, plant) {
                    if place.tag.as_ref().is_some_and(|tag| unheard.contains(tag)) {
                        continue;
                    }
                    rows.push(self.row((at, plant), rule, place));
                }
            }
        }
        rows
    }

    fn row<'t>(
        &'t self,
        (at, plant): (usize, &'t Plant),
        rule: &'t InspectionRule,
        place: Place,
    ) -> Row<'t> {
        let (tag, id) = (place.tag.clone(), rule.id.clone());
        let alarm = AlarmId { plant: plant.id.clone(), rule: id, tag, n: 0 };
        let beside = self.beside.as_ref().and_then(|(book, tally)| {
            book.index(rule.id.as_str())?;
            Some(Beside(tally.alarms.get(&alarm)))
        });
        let index = plant.instruments.iter().position(|it| Some(&it.tag.id) == alarm.tag.as_ref());
        let curve = index.and_then(|tag| self.curves.get(at)?.get(&TagIndex(tag)));
        Row { rule, plant, place, raised: self.tally.alarms.get(&alarm), beside, curve }
    }

    fn tell(
        &self,
        args: &TryArgs,
        recording: &Recording,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let rows = self.rows();
        let telling = tell::Telling::new(recording, &self.tally, &rows, args.lang.into());
        match args.format {
            Format::Json => telling.json(out)?,
            Format::Text => telling.text(out)?,
        }
        if let Some(path) = &args.html {
            std::fs::write(path, telling.page()).map_err(|error| Failure::file(path, error))?;
        }
        out.flush()?;
        Ok(())
    }
}

/// Keeps the values that pictures need.
fn see(curves: &mut [BTreeMap<TagIndex, Curve>], at: Option<usize>, outcome: &Outcome) {
    let Some(curves) = at.and_then(|at| curves.get_mut(at)) else { return };
    for observation in outcome.observations.iter().filter(|it| it.flag != Flag::Missing) {
        if let Some(curve) = curves.get_mut(&observation.tag) {
            curve.see(observation.observed_at, observation.value);
        }
    }
}
