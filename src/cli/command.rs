//! `sanmen command`: orders something of a running plant, and says what came of it.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use tokio::sync::mpsc;

use crate::base::PlantId;
use crate::base::ids::{OperatorId, Space};
use crate::base::text::Lang;
use crate::base::time::wall_now;
use crate::cli::access::AccessArgs;
use crate::cli::common::{BROKER, SettingsFile};
use crate::cli::exit::Failure;
use crate::cli::guest::GuestArgs;
use crate::cli::keys::KeysFolder;
use crate::cli::keys::ring::Ring;
use crate::cli::live;
use crate::cli::stderr::say;
use crate::cli::talk;
use crate::ingest::trust::{Belief, Trust, Unsigned};
use crate::simulator::orders::{self, VERBS};
use crate::telemetry::request::{Answer, Command, Done, VALID};
use crate::telemetry::signature::Signer;
use crate::telemetry::subscriber::Arrival;
use crate::telemetry::topic::{Talk, TalkTopic};
use crate::telemetry::url::BrokerUrl;

/// What follows the verbs.
const WORDS: &str = "\
start-pump PUMP, stop-pump PUMP, pump-auto PUMP: by hand, or as the controls say
close-valve NAME, open-valve NAME: a pipe or valve of the network
cut-intake, resume-intake: nothing more is produced, or as the controls say
set-dose N, set-coagulant N: mg/L, 0 to 20 and 0 to 200
reset-dosing: the dosing pump, after a cut of the mains
start-generator: it carries the plant while the mains are off

They are explained in src/docs/commands.md.";

/// Orders something of a plant that runs (`sanmen simulate`, `sanmen run`).
#[derive(Debug, Args)]
#[command(after_help = WORDS)]
pub struct CommandArgs {
    /// The plant
    #[arg(value_parser = PlantId::new)]
    plant: PlantId,
    /// What it is to do
    #[arg(value_parser = PossibleValuesParser::new(VERBS.map(|verb| verb.name)))]
    verb: String,
    /// Of what, or how much
    #[arg(allow_negative_numbers = true)]
    args: Vec<String>,
    /// Address of the broker
    #[arg(long, value_name = "URL", default_value = BROKER, value_parser = BrokerUrl::parse)]
    broker: BrokerUrl,
    /// The run's private name in every topic
    #[arg(long, value_name = "NAME", value_parser = Space::new)]
    space: Space,
    /// Who orders it: whose key is used; may be left out where there is only one
    #[arg(long, value_name = "NAME", value_parser = OperatorId::new)]
    by: Option<OperatorId>,
    /// Commands may go over this broker, which is not on this machine
    #[arg(long, value_name = "HOST")]
    allow_commands: Option<String>,
    /// How long to wait for the answer, in seconds
    #[arg(long, value_name = "S", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=300))]
    wait_s: u64,
    #[command(flatten)]
    keys: KeysFolder,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    guest: GuestArgs,
    #[command(flatten)]
    settings: SettingsFile,
}

/// Sends one command, and waits for its answer. Fails as unmet when the plant refuses it, and as
/// outside when nobody answers.
pub fn run(args: &CommandArgs, out: &mut dyn Write) -> Result<(), Failure> {
    // Before anybody is asked: a plant would refuse it only after a signature and a journey.
    orders::check(&args.verb, &args.args).map_err(Failure::usage)?;
    let mut settings = args.settings.load()?;
    let ring = args.keys.open()?;
    let (by, signer) = operator(&ring, args.by.as_ref())?;
    if !may_pass(&args.broker, args.allow_commands.as_deref()) {
        let host = &args.broker.host;
        return Err(Failure::usage(format!(
            "commands do not go over {host} unless you say so: --allow-commands {host}; the plant \
             must have been started with the same"
        )));
    }
    let mut broker = args.access.access(args.broker.clone(), &settings)?;
    args.guest.enter((&mut broker, Lang::En), &args.space, None, &mut settings)?;
    let mut plants = Trust::new(Unsigned::Accept);
    ring.tell(&mut plants);
    if let Some(space) = ring.of_space(&args.space)? {
        plants.add(None, space.public(), false);
    }
    let topic = |talk| {
        let (space, plant) = (args.space.clone(), args.plant.clone());
        TalkTopic { space, plant, talk }.to_string()
    };
    let filters = vec![topic(Talk::Answer)];
    let wait = Duration::from_secs(args.wait_s);
    let answer = live::block_on(|_, stopped| async move {
        let (listener, mut answers) = live::hearer(&broker, filters, &settings);
        live::connected(listener.status(), &broker, &stopped).await?;
        let speaker = live::speaker(&broker, &settings);
        let issued_at = wall_now();
        let command = Command {
            plant: args.plant.clone(),
            id: talk::request_id(),
            issued_at,
            expires_at: issued_at + VALID,
            by,
            verb: args.verb.clone(),
            args: args.args.clone(),
        };
        let topic = topic(Talk::Command);
        let payload = signer.sign(&topic, command.encode());
        speaker.publish(topic, payload).await.map_err(Failure::outside)?;
        let answer = tokio::select! {
            answer = answer_to(&command, &mut answers, &plants) => Some(answer),
            () = tokio::time::sleep(wait) => None,
            () = stopped.wait() => None,
        };
        let _ = speaker.drain(Duration::from_secs(1)).await; // what was not taken by then is late
        listener.stop().await;
        Ok(answer)
    })?;
    let Some((Answer { plant, at, state, detail, .. }, belief)) = answer else {
        return Err(Failure::outside(format!(
            "{} does not answer: it does not run in this space, does not know this key (`sanmen \
             keys trust operator:NAME KEY` where it runs), or takes no commands over this broker",
            args.plant
        )));
    };
    if belief == Belief::Unsigned && !args.broker.is_loopback() {
        say(&format!("no key of {plant} is known here: anybody may have given this answer"));
    }
    match state {
        Done::Done => Ok(writeln!(out, "done: {detail}, at {at} in the plant")?),
        Done::Refused => {
            writeln!(out, "refused: {detail}")?;
            Err(Failure::Unmet)
        }
    }
}

/// May commands pass over this broker: one on this machine, or the one that somebody has `named`?
pub fn may_pass(broker: &BrokerUrl, named: Option<&str>) -> bool {
    broker.is_loopback() || named == Some(broker.host.as_str())
}

/// Who orders, and the key for it.
fn operator(ring: &Ring, by: Option<&OperatorId>) -> Result<(OperatorId, Signer), Failure> {
    let none = |name: &OperatorId| {
        Failure::usage(format!("{name} has no key here: `sanmen keys new --operator {name}`"))
    };
    if let Some(name) = by {
        let signer = ring.of_operator(name)?.ok_or_else(|| none(name))?;
        return Ok((name.clone(), signer));
    }
    let mut own = Vec::new();
    for name in ring.operators() {
        own.extend(ring.of_operator(name)?.map(|signer| (name.clone(), signer)));
    }
    own.dedup_by(|a, b| a.0 == b.0);
    match (own.pop(), own.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(Failure::usage(
            "a command needs an operator's key: `sanmen keys new --operator NAME` draws one",
        )),
        (Some(_), false) => Err(Failure::usage(
            "there are keys of several operators here: say whose with --by NAME",
        )),
    }
}

/// The answer of the plant itself, as far as we know its key; what others say is passed over.
async fn answer_to(
    command: &Command,
    answers: &mut mpsc::Receiver<Arrival>,
    plants: &Trust,
) -> (Answer, Belief) {
    while let Some(Arrival { topic, payload, ack, .. }) = answers.recv().await {
        ack.acknowledge();
        let belief = plants.believe(&command.plant, &topic, &payload);
        let answer = Answer::read(&payload).filter(|it| it.id == command.id);
        if let Some(answer) = answer.filter(|_| !matches!(belief, Belief::Doubted { .. })) {
            return (answer, belief);
        }
    }
    std::future::pending().await // the connection is gone; whoever waits gives up
}
