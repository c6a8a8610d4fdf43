//! `sanmen simulate`: the plants only, on any MQTT broker.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::base::ids::Space;
use crate::base::random::Seed;
use crate::cli::common::{BROKER, Common, Speed, speed};
use crate::cli::exit::Failure;
use crate::cli::library;
use crate::cli::live::{self, say};
use crate::cli::settings::Settings;
use crate::exercise::live::simulate::{Aside, Pace, Progress, simulate};
use crate::exercise::live::stop::Stop;
use crate::exercise::offline::exercise_name;
use crate::plant::Plant;
use crate::scenario::Scenario;
use crate::simulator::{Run, Simulator};
use crate::telemetry::url::BrokerUrl;

/// Plays a scenario's plant live and publishes its readings.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// A scenario file, or the name of one that ships with Sanmen
    scenario: PathBuf,
    /// Address of the broker
    #[arg(long, value_name = "URL", default_value = BROKER, value_parser = BrokerUrl::parse)]
    broker: BrokerUrl,
    /// The run's private name in every topic; drawn at random by default
    #[arg(long, value_name = "NAME", value_parser = Space::new)]
    space: Option<Space>,
    /// Simulated seconds per second, or `max`; the scenario's own by default
    #[arg(long, value_name = "N|max", allow_negative_numbers = true, value_parser = speed)]
    speed: Option<Speed>,
    #[command(flatten)]
    common: Common,
}

/// A scenario ready to be played live.
pub struct Ready {
    /// The plant.
    pub plant: Arc<Plant>,
    /// The scenario.
    pub scenario: Scenario,
    /// The seed in force.
    pub seed: Seed,
    /// How fast.
    pub pace: Pace,
    /// The settings in force.
    pub settings: Settings,
}

impl Ready {
    /// Reads everything a live run needs; every mistake of every file at once.
    pub fn load(
        name: &std::path::Path,
        speed: Option<Speed>,
        common: &Common,
    ) -> Result<Self, Failure> {
        let settings = library::settings(common.settings.as_deref())?;
        let plants = common.library().plants()?;
        let source = library::scenario_source(name)?;
        let scenario = library::scenario(&source, &plants)?;
        let plant = plants
            .get(scenario.plant.as_str())
            .cloned()
            .ok_or_else(|| Failure::usage(format!("there is no plant {}", scenario.plant)))?;
        let pace = match speed {
            Some(Speed::Max) => Pace::Max,
            Some(Speed::Times(times)) => Pace::Times(times),
            None => Pace::Times(scenario.speed.unwrap_or(settings.speed)),
        };
        let seed = common.seed.map_or(scenario.seed, Seed);
        Ok(Self { plant, scenario, seed, pace, settings })
    }

    /// The plant's half, about to start.
    pub fn simulator(&self) -> Result<Simulator, Failure> {
        let boot_id = crate::base::time::wall_now().as_ms().unsigned_abs();
        let run = Run {
            seed: Some(self.seed),
            boot_id,
            exercise: exercise_name(&self.scenario, self.seed),
            batch: live::batch(self.pace, &self.settings),
        };
        Simulator::new(Arc::clone(&self.plant), &self.scenario, run).map_err(Failure::outside)
    }
}

/// Runs the plant to the scenario's end, or to Ctrl-C.
pub fn run(args: &SimulateArgs, _out: &mut dyn Write) -> Result<(), Failure> {
    let ready = Ready::load(&args.scenario, args.speed, &args.common)?;
    let space = args.space.clone().unwrap_or_else(live::random_space);
    say(&format!(
        "{} · plant {} · seed {} · {}× · space {space}",
        ready.scenario.title.get(args.common.lang.into()),
        ready.plant.id,
        ready.seed.0,
        ready.pace.speed(),
    ));
    say(&format!("watch it: sanmen monitor --broker {} --space {space}", args.broker));
    live::block_on(|_, stop| play(ready, args.broker.clone(), space, stop))
}

async fn play(ready: Ready, broker: BrokerUrl, space: Space, stop: Stop) -> Result<(), Failure> {
    let simulator = ready.simulator()?;
    let publisher = live::publisher(&broker, &space, &simulator, &ready.settings);
    let start = Progress { now: ready.scenario.start, finished: false };
    let (aside, listener) = Aside::new(start.now);
    let link = publisher.status();
    let outage = tokio::spawn(live::report_link(link, broker));
    let bar = live::progress_bar(&ready.scenario, listener.progress);
    let done = simulate(simulator, space, publisher, ready.pace, aside, stop).await;
    let last = bar.await.unwrap_or(start);
    outage.abort();
    done.map_err(Failure::outside)?;
    let how = if last.finished { "the scenario has ended" } else { "stopped" };
    say(&format!("{how} at {}", last.now.at(ready.scenario.utc_offset)));
    Ok(())
}
