//! What monitors, operators and plants ask of each other over MQTT, beside readings and alarms.

use std::path::{Path, PathBuf};

use clap::Args;
use tokio::task::JoinHandle;

use crate::base::Stamp;
use crate::base::ids::{RequestId, Space};
use crate::base::time::wall_now;
use crate::cli::command::may_pass;
use crate::cli::exit::Failure;
use crate::cli::keys::ring::Ring;
use crate::cli::live::{self, Told, say};
use crate::cli::settings::Settings;
use crate::exercise::live::asking::{AskService, Sign};
use crate::exercise::live::company::Voices;
use crate::exercise::live::hearing::Hearing;
use crate::exercise::live::orders::{OrderHand, Orders};
use crate::exercise::live::stop::Stop;
use crate::exercise::live::watch::Watch;
use crate::ingest::gate::Gate;
use crate::ingest::trust::{Trust, Unsigned};
use crate::inspection::book::Book;
use crate::telemetry::access::Access;
use crate::telemetry::signature::{PublicKey, Signer};

/// A name for a request that nobody guesses.
pub fn request_id() -> RequestId {
    RequestId::new(live::random_space().as_str()).expect("a space is an id too")
}

/// Starts what a monitor says and asks beside its ledger in `folder`: what stands, signed by the
/// first key, and for what it has missed, by the second, over a connection made once it has.
pub fn speak(
    place: (&Access, &Space),
    service: &Watch,
    told: (&Told, &Book),
    (folder, settings, (sayer, asker)): (&Path, &Settings, (Option<Signer>, Sign)),
    stop: &Stop,
) -> [JoinHandle<()>; 2] {
    let saying = live::say_alarms(place, told, (folder, settings, sayer), stop.clone());
    let (broker, settings) = (place.0.clone(), settings.clone());
    let connect = move || live::speaker(&broker, &settings);
    let named = (asker, Box::new(request_id) as _);
    let waiting = (service.waiting(), service.asks());
    let asking = AskService::new(connect, place.1.clone(), waiting, named);
    [saying, tokio::spawn(asking.run(stop.clone()))]
}

/// Waits for services that have been told to stop.
pub async fn ended(services: impl IntoIterator<Item = JoinHandle<()>>) -> Result<(), Failure> {
    for service in services {
        service.await.map_err(|_| Failure::Bug)?;
    }
    Ok(())
}

/// Whom plants hear besides each other.
#[derive(Debug, Clone, Args)]
pub struct OrderFlags {
    /// Take commands over this broker too, which is not on this machine
    #[arg(long, value_name = "HOST")]
    allow_commands: Option<String>,
    /// Take commands of whoever holds this key, besides the operators in the folder of keys
    #[arg(long, value_name = "KEY", value_parser = str::parse::<PublicKey>)]
    operator: Vec<PublicKey>,
    /// Write the commands that were carried out to this file, as `[[inject]]`s of a scenario
    #[arg(long, value_name = "FILE")]
    orders: Option<PathBuf>,
}

impl OrderFlags {
    /// Who may order something over a broker; nobody, when it is not on this machine and was not
    /// named.
    pub fn operators(&self, ring: &Ring, broker: &Access) -> Option<Trust> {
        let mut operators = Trust::new(Unsigned::Refuse);
        ring.tell_operators(&mut operators);
        for key in &self.operator {
            operators.add(None, key.clone(), false);
        }
        let anybody = ring.operators().next().is_some() || !self.operator.is_empty();
        let host = &broker.url.host;
        if anybody && !may_pass(&broker.url, self.allow_commands.as_deref()) {
            say(&format!("no commands are taken over {host}: --allow-commands {host} does"));
            return None;
        }
        anybody.then_some(operators)
    }

    /// The way of orders into plants that begin at `start`; the log is at `place`, unless a flag
    /// names another.
    pub fn way(&self, start: Stamp, place: PathBuf) -> (OrderHand, Orders) {
        Orders::new(start, Some(self.orders.clone().unwrap_or(place)))
    }
}

/// Who may ask something of plants.
pub struct Askers {
    /// For what they have missed.
    pub monitors: Trust,
    /// For what they are to do, and where that goes; none: nobody.
    pub operators: Option<(Trust, OrderHand)>,
}

/// Lets plants hear what is asked of them.
pub fn hear_requests(
    (broker, space): (&Access, &Space),
    voices: &Voices,
    askers: Askers,
    settings: &Settings,
    stop: Stop,
) -> JoinHandle<()> {
    let now = wall_now();
    let gate = Gate::new(askers.monitors, now);
    let hearing = Hearing::new(space.clone(), voices.prompters(), gate);
    let mut hearing = hearing.knowing(voices.boots());
    if let Some((operators, hand)) = askers.operators {
        hearing = hearing.obeying(Gate::new(operators, now), hand);
    }
    let (subscriber, arrivals) = live::hearer(broker, hearing.filters(), settings);
    tokio::spawn(async move {
        hearing.run(arrivals, stop).await;
        subscriber.stop().await;
    })
}
