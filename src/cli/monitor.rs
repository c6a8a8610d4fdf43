//! `sanmen monitor`: the monitor only, for simulated or real plants on any MQTT broker.

use std::io::Write;

use clap::Args;

use crate::base::ids::Space;
use crate::base::time::wall_now;
use crate::cli::common::{BROKER, Common};
use crate::cli::exit::Failure;
use crate::cli::library;
use crate::cli::live::{self, say};
use crate::cli::show::{self, Screen, Subject};
use crate::telemetry::url::BrokerUrl;

/// Watches a space: rules, alarms, ledger.
#[derive(Debug, Args)]
pub struct MonitorArgs {
    /// Address of the broker
    #[arg(long, value_name = "URL", default_value = BROKER, value_parser = BrokerUrl::parse)]
    broker: BrokerUrl,
    /// The run's private name in every topic, as `sanmen simulate` says it
    #[arg(long, value_name = "NAME", value_parser = Space::new)]
    space: Space,
    /// Where ledgers live; each run has a folder of its own in it
    #[arg(long, value_name = "DIR", default_value = "sanmen-data")]
    data: std::path::PathBuf,
    /// A plant to watch; may be given several times; all known ones by default
    #[arg(long, value_name = "PLANT")]
    plant: Vec<String>,
    #[command(flatten)]
    common: Common,
}

/// Watches until Ctrl-C.
pub fn run(args: &MonitorArgs, _out: &mut dyn Write) -> Result<(), Failure> {
    let settings = library::settings(args.common.settings.as_deref())?;
    let library = args.common.library();
    let book = library.book()?;
    let mut plants = Vec::new();
    if args.plant.is_empty() {
        plants.extend(library.plants()?.into_values());
    }
    for name in &args.plant {
        plants.push(library.plant(name)?);
    }
    let folder = args.data.join(args.space.as_str());
    say(&format!("space {} on {} · ledger in {}", args.space, args.broker, folder.display()));
    let screen = Screen::choose(&args.common);
    let Some(plant) = plants.first().cloned() else {
        return Err(Failure::usage("there is no plant to watch"));
    };
    live::block_on(|stopper, stopped| async move {
        let started = wall_now();
        let (service, told) = live::watch_service(plants, book.clone(), &folder, &settings).await?;
        let client = live::own_client_id(&folder)?;
        let (subscriber, arrivals) =
            live::subscriber(&args.broker, &args.space, &client, &settings);
        let link = subscriber.status();
        // The view shows the connection itself.
        let outage = (!matches!(screen, Screen::Terminal(_)))
            .then(|| tokio::spawn(live::report_link(link.clone(), args.broker.clone())));
        let subject = Subject { plant, book, run: None, link: link.clone() };
        let watching = tokio::spawn(service.run(arrivals, link, stopped.clone()));
        let summary = show::until(told, screen, subject, move || stopper.set(), stopped).await?;
        if let Some(outage) = outage {
            outage.abort();
        }
        let watched = watching.await.map_err(|_| Failure::Bug)?;
        subscriber.stop().await;
        summary.say(wall_now() - started, &folder.display().to_string());
        watched.map_err(Failure::outside)
    })
}
