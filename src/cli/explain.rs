//! `sanmen explain`: why the alarm of a rule is raised, or is not, at any moment.

mod past;
mod words;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;

use super::alarms::{Scene, WhereArgs};
use crate::base::problem::nearest;
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::base::{PlantId, Stamp};
use crate::cli::common::{Format, moment};
use crate::cli::exit::{Failure, chain};
use crate::cli::library::{self, Script};
use crate::cli::live;
use crate::cli::settings::Settings;
use crate::desk::api::{Explain, Unexplained};
use crate::exercise::{judge, offline};
use crate::ingest::observation::PlantIndex;
use crate::inspection::book::{Book, InspectionRule};
use crate::inspection::finding::{RuleIndex, Watch};
use crate::monitor::Monitor;
use crate::monitor::explain::Explanation;
use crate::plant::Plant;
use crate::plant::tags::TagIndex;

/// Arguments of `sanmen explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The rule, such as finished-chlorine-low
    #[arg(value_name = "RULE")]
    rule: String,
    /// The instrument or the sampling site, such as AIT-301; all that the rule watches by default
    #[arg(value_name = "TAG")]
    tag: Option<String>,
    /// A scenario to play, a file or the name of one that ships; a ledger by default
    #[arg(long, value_name = "SCENARIO", conflicts_with_all = ["data", "space"])]
    scenario: Option<PathBuf>,
    /// Seed of every random draw, instead of the scenario's
    #[arg(long, value_name = "N", requires = "scenario")]
    seed: Option<u64>,
    /// The plant; may be left out while there is only one
    #[arg(long, value_name = "PLANT", value_parser = PlantId::new)]
    plant: Option<PlantId>,
    /// As it was known at this moment, such as 2024-12-05T12:00:00+08:00; at the end by default
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Stamp>,
    #[command(flatten)]
    place: WhereArgs,
}

/// A monitor at the moment that is asked about, and what is needed to understand it.
struct Moment {
    monitor: Monitor,
    book: Book,
    plant: Arc<Plant>,
    /// Where the plant stands among those of the monitor.
    index: PlantIndex,
    /// What the ledger says of alarms by then; of a scenario, nothing.
    history: past::History,
    /// The monitor was replayed: in what a replay cannot know, the ledger is right.
    is_replayed: bool,
}

/// Says why.
pub fn run(args: &ExplainArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let moment = match &args.scenario {
        Some(path) => of_scenario(path, args)?,
        None => of_ledger(args)?,
    };
    let (position, rule) = rule_of(&moment.book, &args.rule)?;
    let plant = moment.plant.as_ref();
    let places = match &args.tag {
        Some(tag) => vec![Some(tag_of(plant, tag)?)],
        None => moment.monitor.places_of(moment.index, position),
    };
    let places = if places.is_empty() { vec![None] } else { places };
    let explained: Vec<Explanation> =
        places.into_iter().map(|tag| moment.explain(position, tag)).collect::<Result<_, _>>()?;
    let lang: Lang = args.place.lang.into();
    let page = words::Page { rule, plant, lang };
    match (args.place.format, explained.as_slice()) {
        (Format::Json, all) => {
            for it in all {
                let because = page.headline(it);
                let said = moment.history.of(it);
                let line = json!({
                    "because": because, "condition": rule.condition(lang), "source": rule.source.en,
                    "source_zh": rule.source.other_zh(),
                    "on_delay_s": rule.on_delay.as_seconds(),
                    "off_delay_s": rule.off_delay.as_seconds(),
                    "ledger": said, "explanation": it,
                });
                writeln!(out, "{line}")?;
            }
        }
        (Format::Text, [one]) => page.write(one, moment.history.of(one), out)?,
        (Format::Text, many) => page.write_list(many, out)?,
    }
    out.flush()?;
    Ok(())
}

impl Moment {
    fn explain(&self, rule: RuleIndex, tag: Option<TagIndex>) -> Result<Explanation, Failure> {
        let watch = Watch { rule, plant: self.index, tag };
        let mut it = self.monitor.explain(&self.book, watch).ok_or(Failure::Bug)?;
        if self.is_replayed {
            self.history.correct(&mut it);
        }
        Ok(it)
    }
}

/// The plant that is asked about, and where it stands among those there are.
fn plant_of(
    plants: &[Arc<Plant>],
    wanted: Option<&PlantId>,
) -> Result<(PlantIndex, Arc<Plant>), Failure> {
    let at = match wanted {
        Some(wanted) => plants.iter().position(|plant| plant.id == *wanted),
        None => Some(0).filter(|_| plants.len() == 1),
    };
    let found = at.and_then(|at| Some((PlantIndex(at), Arc::clone(plants.get(at)?))));
    found.ok_or_else(|| {
        let known: Vec<&str> = plants.iter().map(|plant| plant.id.as_str()).collect();
        let known = known.join(", ");
        Failure::usage(match wanted {
            Some(wanted) => format!("nothing is known of plant {wanted}; known: {known}"),
            None => format!("there are several plants: choose one with --plant, of {known}"),
        })
    })
}

/// The rule of this id, and its position. Errors: there is none; with the nearest one.
pub(super) fn rule_of<'b>(
    book: &'b Book,
    wanted: &str,
) -> Result<(RuleIndex, &'b InspectionRule), Failure> {
    let found = book.index(wanted).and_then(|at| Some((at, book.rule(at)?)));
    found.ok_or_else(|| {
        let known: Vec<&str> = book.rules().iter().map(|rule| rule.id.as_str()).collect();
        let help = nearest(wanted, &known).map_or_else(
            || "`sanmen rules list` shows them all".to_owned(),
            |it| format!("did you mean {it}?"),
        );
        Failure::usage(format!("there is no rule {wanted:?}: {help}"))
    })
}

/// Where an instrument or a sampling site stands among the places of a plant.
fn tag_of(plant: &Plant, wanted: &str) -> Result<TagIndex, Failure> {
    let instruments = plant.instruments.iter().map(|it| it.tag.id.as_str());
    let known: Vec<&str> =
        instruments.chain(plant.profile.sites.iter().map(|site| site.id.as_str())).collect();
    known.iter().position(|tag| *tag == wanted).map(TagIndex).ok_or_else(|| {
        let help = nearest(wanted, &known).map_or_else(
            || format!("`sanmen plant show {}` shows them all", plant.id),
            |it| format!("did you mean {it}?"),
        );
        Failure::usage(format!("plant {} has no instrument or site {wanted:?}: {help}", plant.id))
    })
}

fn of_scenario(path: &std::path::Path, args: &ExplainArgs) -> Result<Moment, Failure> {
    let library = args.place.shelves.library();
    let (plants, book) = library.plants_and_book()?;
    let source = library::scenario_source(path)?;
    let Script::Plant(scenario) = library::script(&source, &plants)? else {
        let text = "a fleet is not played for one alarm: name a scenario of one plant";
        return Err(Failure::usage(text));
    };
    let plant = plants.get(scenario.plant.as_str()).ok_or(Failure::Bug)?;
    let book = library.judging(&book, scenario.judged_by.as_ref())?.into_owned();
    judge::unknown_rules(&scenario, &[&book]).into_result(Some(()))?;
    let (first, last) = (scenario.start, scenario.end());
    if let Some(at) = args.at.filter(|at| *at < first || *at > last) {
        let offset = plant.profile.utc_offset;
        let [at, first, last] = [at, first, last].map(|it| it.at(offset));
        let text = format!("{at} is outside the scenario, which runs from {first} to {last}");
        return Err(Failure::usage(text));
    }
    let lang: Lang = args.place.lang.into();
    let playing = format!("{}{}", lang.pick("playing ", "运行情景:"), path.display());
    let spinner = ProgressBar::new_spinner().with_message(playing);
    spinner.enable_steady_tick(Duration::from_millis(120));
    let until = args.at.unwrap_or(Stamp::MAX);
    let played = offline::play_until(plant, &scenario, &book, args.seed.map(Seed), until);
    spinner.finish_and_clear();
    let (_, monitor) = played.map_err(|error| Failure::usage(chain(&error)))?;
    let (index, plant) = plant_of(std::slice::from_ref(plant), args.plant.as_ref())?;
    let history = past::History::default();
    Ok(Moment { monitor, book, plant, index, history, is_replayed: false })
}

fn of_ledger(args: &ExplainArgs) -> Result<Moment, Failure> {
    live::block_on(|_, _| async {
        let scene = Scene::open(&args.place).await?;
        let (among, plant) = plant_of(&scene.plants, args.plant.as_ref())?;
        let until = args.at.unwrap_or(Stamp::MAX);
        let history = past::History::read(&scene, &plant, until).await?;
        let (monitor, index) = match args.at {
            // A replayed monitor has this plant alone.
            Some(at) => (past::monitor_at(&scene, &plant, at, &history).await?, PlantIndex(0)),
            None => (scene.monitor().await?, among),
        };
        let (book, is_replayed) = (scene.book.clone(), args.at.is_some());
        Ok(Moment { monitor, book, plant, index, history, is_replayed })
    })
}

/// Says for the desk why an alarm is raised or is not, as the monitor that writes the ledger in
/// `folder` would a moment ago.
pub(super) fn for_desk(
    plants: Vec<Arc<Plant>>,
    book: Book,
    settings: Settings,
    folder: PathBuf,
) -> Explain {
    let scene = Arc::new(Scene { folder, settings, book, plants });
    Arc::new(move |question| {
        let scene = Arc::clone(&scene);
        Box::pin(async move {
            let said = |failure: Failure| match failure {
                Failure::Usage(cause) => Unexplained::NotThere(chain(&*cause)),
                failure => Unexplained::Failed(failure.message(false)),
            };
            let (rule_at, rule) = rule_of(&scene.book, question.rule.as_str()).map_err(said)?;
            let found = plant_of(&scene.plants, Some(&question.plant)).map_err(said)?;
            let (index, plant): (PlantIndex, Arc<Plant>) = found;
            let tag = question.tag.map(|tag| tag_of(&plant, tag.as_str()));
            let tag = tag.transpose().map_err(said)?;
            let until = question.at.unwrap_or(Stamp::MAX);
            let history = past::History::read(&scene, &plant, until).await.map_err(said)?;
            let (monitor, index) = match question.at {
                Some(at) => {
                    let monitor = past::monitor_at(&scene, &plant, at, &history).await;
                    (monitor.map_err(said)?, PlantIndex(0))
                }
                None => (scene.monitor().await.map_err(said)?, index),
            };
            let (book, here) = (scene.book.clone(), Arc::clone(&plant));
            let is_replayed = question.at.is_some();
            let moment = Moment { monitor, book, plant: here, index, history, is_replayed };
            let it = moment.explain(rule_at, tag).map_err(said)?;
            let page = words::Page { rule, plant: &plant, lang: question.lang };
            let mut text = Vec::new();
            page.write(&it, moment.history.of(&it), &mut text).map_err(said)?;
            Ok(String::from_utf8_lossy(&text).into_owned())
        })
    })
}
