//! What `run` and `simulate` play live: a plant or a fleet, read, and about to start.

use std::ops::ControlFlow;
use std::sync::Arc;

use indicatif::ProgressBar;

use crate::base::problem::{Listed, Source};
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::base::time::UtcOffset;
use crate::base::{PlantId, Span, Stamp, Text};
use crate::cli::common::Speed;
use crate::cli::cores::{bar, on_all_cores};
use crate::cli::exit::Failure;
use crate::cli::library::{self, FleetScript, Library, Script};
use crate::cli::live;
use crate::cli::settings::Settings;
use crate::exercise::answers::Answers;
use crate::exercise::fleet::cast;
use crate::exercise::live::company::Company;
use crate::exercise::live::pace::Pace;
use crate::exercise::live::stop::Stop;
use crate::exercise::offline::{exercise_name, neutral_name};
use crate::inspection::book::Book;
use crate::plant::Plant;
use crate::plant::fleet::Fleet;
use crate::scenario::Scenario;
use crate::scenario::exercise::Exercise;
use crate::simulator::{Run, Simulator};

/// From so many plants on, people are shown that they are being made.
const MANY: usize = 32;

/// A run about to start.
pub struct Ready {
    /// Each plant and what happens to it; at least one.
    parts: Vec<(Arc<Plant>, Scenario)>,
    /// What people are told of the run.
    pub outline: Outline,
    /// The seed in force.
    pub seed: Seed,
    /// What the plants are together, when they are a fleet.
    pub fleet: Option<Text>,
    /// The settings in force.
    pub settings: Settings,
    /// Which plants of which fleet they are, as flags of `sanmen monitor`; empty for one plant.
    pub watch_flags: String,
    /// By which rules the plants are judged; none: by those in force.
    pub judged_by: Option<Listed>,
    /// The exercise that people play, if it is one.
    pub exercise: Option<Arc<Exercise>>,
}

/// A run in short.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Its name for people.
    pub title: Text,
    /// When it starts.
    pub start: Stamp,
    /// The offset that the start was written in.
    pub utc_offset: UtcOffset,
    /// How long it runs.
    pub duration: Span,
    /// How fast.
    pub pace: Pace,
}

impl Ready {
    /// What people answer and announce at each plant, whose rules are `book`.
    pub fn answers(&self, book: &Book) -> Vec<Answers> {
        let answers =
            |(plant, scenario): &(Arc<Plant>, Scenario)| Answers::of(scenario, plant, book);
        self.parts.iter().map(answers).collect()
    }

    /// Reads everything a live run of a scenario's file needs; every mistake of every file at once.
    /// `seed`: instead of the scenario's.
    pub fn load(
        source: &Arc<Source>,
        speed: Option<Speed>,
        seed: impl FnOnce(Seed) -> Seed,
        library: &Library,
        settings: Settings,
    ) -> Result<Self, Failure> {
        let plants = library.plants()?;
        let pace = |own: Option<f64>| match speed {
            Some(Speed::Max) => Pace::Max,
            Some(Speed::Times(times)) => Pace::Times(times),
            None => Pace::Times(own.unwrap_or(settings.speed)),
        };
        let exercise = library::exercise(source, &plants).transpose()?.map(Arc::new);
        let own_pace = exercise.as_ref().map(|exercise| exercise.pace.fast);
        Ok(match library::script(source, &plants)? {
            Script::Plant(scenario) => {
                let plant = plants.get(scenario.plant.as_str()).cloned();
                let plant = plant.ok_or_else(|| library::no_plant(&scenario.plant))?;
                Self {
                    outline: Outline {
                        title: scenario.title.clone(),
                        start: scenario.start,
                        utc_offset: scenario.utc_offset,
                        duration: scenario.duration,
                        pace: pace(own_pace.or(scenario.speed)),
                    },
                    seed: seed(scenario.seed),
                    fleet: None,
                    judged_by: scenario.judged_by.clone(),
                    parts: vec![(plant, *scenario)],
                    settings,
                    watch_flags: String::new(),
                    exercise,
                }
            }
            Script::Fleet(_) if library.plants.is_some() => {
                return Err(Failure::usage(format!(
                    "--plants holds the plants of scenarios of one plant, but {} is of a fleet, \
                     which draws its own: leave --plants out",
                    source.path
                )));
            }
            Script::Fleet(script) => {
                let FleetScript { fleet, name, scenario } = *script;
                let seed = seed(scenario.seed);
                let count = scenario.plants;
                let works = fleet.pick(seed, count);
                let parts = make_all(works.len(), "plants made", None, |at| {
                    cast(&fleet, &scenario, &works[at], seed).map_err(Failure::usage)
                })?;
                let count = count.map_or(String::new(), |count| format!(" --works {count}"));
                Self {
                    parts,
                    outline: Outline {
                        title: scenario.title,
                        start: scenario.start,
                        utc_offset: scenario.utc_offset,
                        duration: scenario.duration,
                        pace: pace(scenario.speed),
                    },
                    seed,
                    fleet: Some(fleet.title),
                    judged_by: scenario.judged_by,
                    settings,
                    watch_flags: format!(" --fleet {name}{count} --seed {}", seed.0),
                    exercise: None,
                }
            }
        })
    }

    /// The plants, in their order.
    pub fn plants(&self) -> Vec<Arc<Plant>> {
        self.parts.iter().map(|(plant, _)| Arc::clone(plant)).collect()
    }

    /// Their name when it is one, else how many.
    pub fn what(&self, lang: Lang) -> String {
        match (self.parts.as_slice(), lang) {
            ([(plant, _)], Lang::En) => format!("plant {}", plant.id),
            ([(plant, _)], Lang::Zh) => format!("水厂 {}", plant.id),
            (many, Lang::En) => format!("{} plants", many.len()),
            (many, Lang::Zh) => format!("{}座水厂", many.len()),
        }
    }

    /// The plants' half, at the start of the run; none when a stop came before it was ready.
    pub async fn company(self: &Arc<Self>, stop: &Stop) -> Result<Option<Company>, Failure> {
        let (ready, asked) = (Arc::clone(self), stop.clone());
        let made = tokio::task::spawn_blocking(move || ready.start(&asked));
        let made = made.await.map_err(|_| Failure::Bug)?;
        if stop.is_set() { Ok(None) } else { Ok(Some(Company::new(made?))) }
    }

    /// What messages call it.
    fn wire_name(&self) -> Option<String> {
        if self.exercise.is_some() {
            return Some(neutral_name(self.seed));
        }
        exercise_name(&self.parts.first()?.1, self.seed)
    }

    fn start(&self, stop: &Stop) -> Result<Vec<Simulator>, Failure> {
        let boot_id = crate::base::time::wall_now().as_ms().unsigned_abs();
        let one = self.parts.len() == 1;
        let exercise = self.wire_name();
        make_all(self.parts.len(), "plants started", Some(stop), |at| {
            let (plant, scenario) = &self.parts[at];
            let run = Run {
                // The plants of a fleet have a seed each.
                seed: Some(if one { self.seed } else { scenario.seed }),
                boot_id,
                exercise: exercise.clone(),
                batch: live::batch(self.outline.pace, &self.settings),
            };
            Simulator::new(Arc::clone(plant), scenario, run).map_err(Failure::outside)
        })
    }
}

/// The plants of a fleet, or of a sample of it, as somebody who watches them knows them.
pub fn fleet_plants(
    fleet: &Fleet,
    seed: Seed,
    count: Option<usize>,
) -> Result<Vec<Arc<Plant>>, Failure> {
    let works = fleet.pick(seed, count);
    make_all(works.len(), "plants made", None, |at| {
        let plant = fleet.plant(&works[at], seed);
        plant.map(Arc::new).map_err(|problems| {
            let id: &PlantId = &works[at].id;
            Failure::usage(format!("{id} is no sound plant: {problems}"))
        })
    })
}

/// Makes so many things on all cores, in their order; shows how far it is when they are many.
/// After a stop, or an error, the rest is left undone.
fn make_all<T: Send>(
    count: usize,
    what: &'static str,
    stop: Option<&Stop>,
    make: impl Fn(usize) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let bar = if count < MANY { ProgressBar::hidden() } else { bar(count, what) };
    let made = on_all_cores(count, None, |at| {
        let made = make(at);
        bar.inc(1);
        if made.is_err() || stop.is_some_and(Stop::is_set) {
            ControlFlow::Break(made)
        } else {
            ControlFlow::Continue(made)
        }
    });
    bar.finish_and_clear();
    made.into_iter().flatten().collect()
}
