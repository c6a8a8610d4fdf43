#![expect(
    clippy::disallowed_methods,
    reason = "edge: keeps its name and space beside the recording"
)]

//! `sanmen record`: what is said in a space, as it comes, into a file that `sanmen replay` reads.

mod tape;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use tokio::sync::{mpsc, watch};

use crate::base::ids::Space;
use crate::base::text::Lang;
use crate::base::{PlantId, Span, Stamp};
use crate::cli::access::AccessArgs;
use crate::cli::common::{BROKER, SettingsFile};
use crate::cli::exit::Failure;
use crate::cli::live::{self, say};
use crate::cli::recording::heard::Heard;
use crate::cli::view::cells::grouped;
use crate::exercise::live::stop::Stop;
use crate::telemetry::link::LinkStatus;
use crate::telemetry::subscriber::Arrival;
use crate::telemetry::topic::{Kind, Topic};
use crate::telemetry::url::BrokerUrl;
use crate::telemetry::wire;
use tape::Tape;

/// Messages taken together into one write.
const ARRIVALS_MAX: usize = 256;

/// Plants whose coming and going is told; beyond them only the count grows.
const PLANTS_TOLD: usize = 20;

/// First and longest pause before a full disk is tried again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// Records everything that is said in a space.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// Address of the broker
    #[arg(long, value_name = "URL", default_value = BROKER, value_parser = BrokerUrl::parse)]
    broker: BrokerUrl,
    /// The run's private name in every topic, as `sanmen simulate` says it
    #[arg(long, value_name = "NAME", value_parser = Space::new)]
    space: Space,
    /// Where to write; a recording that is there already goes on. The space's name by default
    #[arg(long, value_name = "FILE.jsonl", value_parser = jsonl)]
    out: Option<PathBuf>,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    settings: SettingsFile,
}

/// A name by which `sanmen replay` knows what is in the file.
fn jsonl(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let is_known = path.extension().is_some_and(|ending| ending == "jsonl" || ending == "ndjson");
    if is_known { Ok(path) } else { Err("must end with .jsonl, so that replay knows it".into()) }
}

/// Records until Ctrl-C.
pub fn run(args: &RecordArgs, _out: &mut dyn Write) -> Result<(), Failure> {
    let settings = args.settings.load()?;
    let broker = args.access.access(args.broker.clone(), &settings)?;
    let path = args.out.clone().unwrap_or_else(|| format!("{}.jsonl", args.space).into());
    let tape = Tape::open(&path)?;
    let path = path.display().to_string();
    let goes_on = if tape.bytes() > 0 { ", which goes on" } else { "" };
    say(&format!("space {} on {} · into {path}{goes_on}", args.space, broker));
    if tape.torn > 0 {
        let bytes = tape.torn;
        say(&format!("{path} ended within a message: {bytes} bytes of it are dropped"));
    }
    live::block_on(|stopper, stop| async move {
        let client = client_of(&path, &args.space)?;
        let filters = vec![format!("sanmen/v1/{}/#", args.space)];
        let (subscriber, arrivals) = live::listener(&broker, filters, &client, &settings);
        let link = subscriber.status();
        let quitters = live::Quitters::watch(vec![link.clone()], &broker, (&stopper, &stop));
        let outage = tokio::spawn(live::report_link(link.clone(), broker, Lang::En));
        let recorder = Recorder::new(tape, path);
        let recorder = recorder.run(arrivals, link, stop).await?;
        outage.abort();
        let dropped = subscriber.dropped();
        subscriber.stop().await;
        quitters.verdict().await?;
        recorder.finish(dropped)
    })
}

/// The name by which the broker keeps what is missed of `space` while nobody records into `path`.
/// Errors: the file is a recording of another space, whose messages its session would still get.
fn client_of(path: &str, space: &Space) -> Result<String, Failure> {
    let file = PathBuf::from(format!("{path}.client"));
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let mut words = kept.split_whitespace();
    let client = words.next().and_then(|word| Space::new(word).ok());
    match words.next() {
        Some(of) if of != space.as_str() => {
            let way = "name another file with --out";
            let text = format!("{path} is a recording of space {of}, not of {space}: {way}");
            Err(Failure::usage(text))
        }
        Some(_) if let Some(client) = client => Ok(client.as_str().to_owned()),
        _ => {
            let drawn = live::drawn_client_id();
            std::fs::write(&file, format!("{drawn} {space}\n"))
                .map_err(|error| Failure::file(&file, error))?;
            Ok(drawn)
        }
    }
}

/// Writes what comes.
struct Recorder {
    tape: Tape,
    path: String,
    bar: ProgressBar,
    messages: u64,
    plants: BTreeSet<PlantId>,
    /// When the first and the last message came.
    span: Option<(Stamp, Stamp)>,
    losses: u64,
}

impl Recorder {
    fn new(tape: Tape, path: String) -> Self {
        let bar = ProgressBar::new_spinner().with_message("no message yet; Ctrl-C ends");
        bar.enable_steady_tick(Duration::from_millis(200));
        let (plants, span) = (BTreeSet::new(), None);
        Self { tape, path, bar, messages: 0, plants, span, losses: 0 }
    }

    async fn run(
        mut self,
        mut arrivals: mpsc::Receiver<Arrival>,
        link: watch::Receiver<LinkStatus>,
        stop: Stop,
    ) -> Result<Self, Failure> {
        let mut batch = Vec::with_capacity(ARRIVALS_MAX);
        loop {
            let count = tokio::select! {
                biased;
                count = arrivals.recv_many(&mut batch, ARRIVALS_MAX) => count,
                () = stop.wait() => 0,
            };
            if count == 0 || !self.take(&mut batch, &stop).await? || stop.is_set() {
                break;
            }
        }
        self.losses = link.borrow().losses;
        Ok(self)
    }

    /// Writes some messages, then acknowledges them. False: stopped before there was room.
    async fn take(&mut self, batch: &mut Vec<Arrival>, stop: &Stop) -> Result<bool, Failure> {
        let mut lines = Vec::new();
        let mut written = Vec::with_capacity(batch.len());
        for Arrival { topic, payload, received_wall, retained, ack } in batch.drain(..) {
            let heard = Heard { received_wall, topic, payload, retained };
            heard.write(&mut lines);
            written.push((heard, ack));
        }
        if !self.write(&lines, stop).await? {
            return Ok(false);
        }
        for (heard, token) in written {
            token.acknowledge();
            self.note(&heard);
        }
        self.bar.set_message(format!("{}; Ctrl-C ends", self.count()));
        Ok(true)
    }

    /// Writes lines; while the disk is full it says so and tries again: nothing is acknowledged
    /// meanwhile, so the broker keeps what comes.
    async fn write(&mut self, lines: &[u8], stop: &Stop) -> Result<bool, Failure> {
        let (mut pause, longest) = PAUSES;
        let mut said = false;
        loop {
            match self.tape.add(lines) {
                Ok(()) => {
                    if said {
                        self.say(&format!("{} takes messages again", self.path));
                    }
                    return Ok(true);
                }
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => {
                    if !std::mem::replace(&mut said, true) {
                        let text = "no space left; nothing is acknowledged until there is";
                        self.say(&format!("{}: {text}", self.path));
                    }
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = stop.wait() => return Ok(false),
                    }
                    pause = (pause * 2).min(longest);
                }
                Err(error) => return Err(Failure::outside(format!("{}: {error}", self.path))),
            }
        }
    }

    fn note(&mut self, heard: &Heard) {
        self.messages += 1;
        let at = heard.received_wall;
        self.span = Some(self.span.map_or((at, at), |(from, _)| (from, at)));
        let Ok(topic) = Topic::parse(&heard.topic) else { return };
        let plant = &topic.plant;
        let is_told = self.plants.len() < PLANTS_TOLD;
        if self.plants.insert(plant.clone()) && is_told {
            self.say(&format!("{plant} speaks"));
        }
        let is_goodbye = topic.kind == Kind::Death
            && !heard.retained
            && wire::decode(Kind::Death, &heard.payload).is_ok();
        if is_goodbye && self.plants.len() <= PLANTS_TOLD {
            self.say(&format!("{plant} is gone · {}", self.count()));
        }
    }

    fn count(&self) -> String {
        let bytes = indicatif::HumanBytes(self.tape.bytes());
        let (messages, plants) = (grouped(self.messages), self.plants.len());
        format!("{messages} messages of {plants} plants · {bytes}")
    }

    /// Says something above the line that tells how far it is.
    fn say(&self, text: &str) {
        self.bar.suspend(|| say(text));
    }

    /// Lets go of the file and tells what is in it. Errors: the disk has not everything.
    fn finish(self, dropped: u64) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        say(&format!("{} · {}", self.path, self.count()));
        if let Some((from, to)) = self.span {
            let took = Span::seconds((to - from).as_ms() / 1_000);
            say(&format!("from {from} to {to}, {took}"));
        }
        if self.losses + dropped > 0 {
            let text = "the broker keeps messages for 10 minutes, if it can";
            let (losses, dropped) = (self.losses, grouped(dropped));
            say(&format!("connection lost {losses} times ({text}); {dropped} messages dropped"));
        }
        self.tape.close()?;
        say(&format!("play it: sanmen replay {}", self.path));
        Ok(())
    }
}
