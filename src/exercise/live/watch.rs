//! The monitor, live: arrivals in, ledger written, acknowledged after that, records out.

mod believers;
mod relive;
mod storing;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tracing::{Instrument, info_span};

use crate::alarms::command::{Ask, CommandRefused, Reply};
use crate::base::time::wall_now;
use crate::base::{PlantId, Span, Stamp};
use crate::exercise::live::LiveError;
use crate::exercise::live::clock::{GRACE, TimeBase};
use crate::exercise::live::quarantine::Quarantine;
use crate::exercise::live::stop::Stop;
use crate::ingest::asks::{AskCounts, Waiting};
use crate::ingest::gate::{Gate, Refused};
use crate::ingest::trust::{Belief, Doubt, Trust};
use crate::ledger::record::{Entry, MonitorRecord, Record};
use crate::ledger::store::{Batch, Ledger, Request, Resume, Store};
use crate::monitor::{Input, Monitor, Snapshot};
use crate::telemetry::encoding::{Encoding, Translated};
use crate::telemetry::link::{LinkState, LinkStatus};
use crate::telemetry::mapping::Mapping;
use crate::telemetry::request::Command;
use crate::telemetry::subscriber::Arrival;
use crate::telemetry::topic::{Talk, TalkTopic, Topic};
use crate::telemetry::wire::Read;
use believers::Believers;

pub use believers::Look;
pub use storing::{Obstacle, Unstored};

/// Arrivals taken together into one transaction.
const ARRIVALS_MAX: usize = 256;

/// A snapshot of many plants takes time: the next one comes after so many times as much.
const SNAPSHOT_PAUSE: i64 = 10;

/// So does a checkpoint; and the longest pause.
const CHECKPOINT_PAUSE: i64 = 20;
const CHECKPOINT_PAUSE_MAX: Span = Span::minutes(10);

/// People see no change sooner than this after the last one.
const SNAPSHOTS_APART: Span = Span::ms(50);

/// How often the ledger is looked into for what people ask; a look costs a few microseconds.
const REQUESTS_EVERY: Duration = Duration::from_millis(200);

/// What somebody in this process asks, and where the reply goes.
#[derive(Debug)]
pub struct Asked {
    /// What is asked.
    pub ask: Ask,
    /// Told once it is recorded, or refused.
    pub reply: oneshot::Sender<Reply>,
}

/// How the monitor runs.
#[derive(Debug, Clone)]
pub struct WatchSettings {
    /// Longest time between a reading and its receipt, in plant time.
    pub lateness: Span,
    /// Real time added to it, times the speed.
    pub lateness_wall: Span,
    /// How often timers are looked at.
    pub tick_wall: Span,
    /// Inputs between two checkpoints.
    pub checkpoint_inputs: usize,
    /// How long readings are kept.
    pub retention: Span,
}

/// An input; what its message says, where that has been decoded; the message, if the input is what
/// was made of it.
type Heard = (Input, Option<Read>, Option<Vec<u8>>);

/// Where topic and payload of what an encoding asks go.
pub type Questions = mpsc::Sender<(String, Vec<u8>)>;

/// The monitor and what it writes to.
pub struct Watch {
    monitor: Monitor,
    ledger: Ledger,
    settings: WatchSettings,
    plants: BTreeSet<PlantId>,
    /// What messages of foreign devices say.
    mapping: Option<Mapping>,
    /// Another encoding that is heard, and where what it asks of senders goes.
    encoding: Option<(Box<dyn Encoding>, Questions)>,
    trust: Believers,
    quarantine: Option<Quarantine>,
    /// Who may order something of plants; none: orders are not listened to.
    operators: Option<Gate>,
    base: TimeBase,
    /// When the last turn began.
    turned_at: Stamp,
    since_checkpoint: usize,
    /// From when on (wall) the next one may be taken.
    checkpoint_from: Stamp,
    /// Did the ledger know of an earlier run?
    resumed: bool,
    /// The bound last told to the monitor.
    lateness: Span,
    pruned_at: Stamp,
    records: mpsc::Sender<Vec<Entry>>,
    snapshots: watch::Sender<Snapshot>,
    /// Why the ledger takes nothing, while it does not.
    unstored: watch::Sender<Option<Unstored>>,
    /// What is waited for, for somebody who asks for it; and what comes of that.
    waiting: watch::Sender<Waiting>,
    asks: watch::Sender<AskCounts>,
    /// How many orders were refused, by reason.
    refused_orders: watch::Sender<BTreeMap<&'static str, u64>>,
    /// From when on (wall) the next snapshot may be taken.
    snapshot_from: Stamp,
    /// Has something come since the last one?
    is_newer: bool,
}

impl Watch {
    /// Takes up where the ledger ends: checkpoint, then the inputs after it.
    pub async fn resume(
        mut monitor: Monitor,
        mut ledger: Ledger,
        settings: WatchSettings,
        records: mpsc::Sender<Vec<Entry>>,
        snapshots: watch::Sender<Snapshot>,
    ) -> Result<Self, LiveError> {
        let resume = ledger.resume().await?;
        let resumed = resume.checkpoint.is_some() || !resume.inputs_after.is_empty();
        catch_up(&mut monitor, &resume)?;
        let snapshot = monitor.snapshot();
        let wall = wall_now();
        snapshots.send_replace(snapshot.clone());
        Ok(Self {
            monitor,
            ledger,
            settings,
            base: TimeBase::resume(&snapshot, wall),
            trust: Believers::default(),
            quarantine: None,
            operators: None,
            plants: snapshot.plants.into_iter().map(|plant| plant.id).collect(),
            mapping: None,
            encoding: None,
            turned_at: wall,
            since_checkpoint: resume.inputs_after.len(),
            checkpoint_from: wall,
            resumed,
            lateness: Span::ZERO,
            pruned_at: wall,
            records,
            snapshots,
            unstored: watch::Sender::new(None),
            waiting: watch::Sender::default(),
            asks: watch::Sender::default(),
            refused_orders: watch::Sender::default(),
            snapshot_from: wall,
            is_newer: false,
        })
    }

    /// Hears foreign devices too.
    pub fn with_mapping(mut self, mapping: Option<Mapping>) -> Self {
        self.mapping = mapping;
        self
    }

    /// Hears another encoding too; what it asks of senders goes to `questions`.
    pub fn with_encoding(self, encoding: Box<dyn Encoding>, questions: Questions) -> Self {
        Self { encoding: Some((encoding, questions)), ..self }
    }

    /// The same, that believes whom `trust` names; without this it believes everybody.
    pub fn believing(self, trust: Trust) -> Self {
        Self { trust: Believers { trust, ..self.trust }, ..self }
    }

    /// The same, that looks for a key of the space when it first meets one that it does not know.
    pub fn finding(self, look: Option<Look>) -> Self {
        Self { trust: Believers { look, ..self.trust }, ..self }
    }

    /// The same, that keeps what it refuses.
    pub fn keeping(self, quarantine: Quarantine) -> Self {
        Self { quarantine: Some(quarantine), ..self }
    }

    /// The same, that hears what is ordered of plants, and refuses what none of these has signed.
    pub fn hearing_orders(self, operators: Option<Gate>) -> Self {
        Self { operators, ..self }
    }

    /// Messages that are waited for, because later ones have come; looked at every 200 ms.
    pub fn waiting(&self) -> watch::Receiver<Waiting> {
        self.waiting.subscribe()
    }

    /// Why the ledger takes nothing; none while it does.
    pub fn unstored(&self) -> watch::Receiver<Option<Unstored>> {
        self.unstored.subscribe()
    }

    /// Where whoever asks for them says what has come of it.
    pub fn asks(&self) -> watch::Sender<AskCounts> {
        self.asks.clone()
    }

    /// How many orders to plants were refused, by reason; none where orders are not heard.
    pub fn refused_orders(&self) -> watch::Receiver<BTreeMap<&'static str, u64>> {
        self.refused_orders.subscribe()
    }

    /// Runs until told to stop; everything acknowledged is in the ledger. `link` says whether we
    /// can hear anybody; `asked` brings what people in this process ask.
    pub async fn run(
        mut self,
        mut arrivals: mpsc::Receiver<Arrival>,
        mut link: watch::Receiver<LinkStatus>,
        mut asked: mpsc::Receiver<Asked>,
        stop: Stop,
    ) -> Result<(), LiveError> {
        let change = if self.resumed { "resumed" } else { "started" };
        self.note(change, format!("version {}", env!("CARGO_PKG_VERSION"))).await?;
        let tick = u64::try_from(self.settings.tick_wall.as_ms()).unwrap_or(250);
        let mut ticks = tokio::time::interval(Duration::from_millis(tick));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut requests = tokio::time::interval(REQUESTS_EVERY);
        requests.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(ARRIVALS_MAX);
        link.mark_changed();
        loop {
            tokio::select! {
                biased;
                () = stop.wait() => break,
                Ok(()) = link.changed() => {
                    let listens = link.borrow_and_update().state == LinkState::Connected;
                    if listens { self.base.listen(wall_now()) } else { self.base.deaf() }
                }
                _ = ticks.tick() => self.tick(&stop).instrument(info_span!("tick")).await?,
                () = until(self.snapshot_from), if self.is_newer => self.show(),
                _ = requests.tick() => {
                    self.tell_waiting();
                    self.attend(&stop).await?;
                }
                Some(Asked { ask, reply }) = asked.recv() => {
                    // Whoever asked may have gone; it is done all the same.
                    let _ = reply.send(self.answer(ask, Some(&stop)).await?);
                }
                count = arrivals.recv_many(&mut batch, ARRIVALS_MAX) => {
                    if count == 0 {
                        break;
                    }
                    let span = info_span!("arrivals", messages = count);
                    self.take(&mut batch, &stop).instrument(span).await?;
                }
            }
        }
        self.finish().await
    }

    async fn take(&mut self, batch: &mut Vec<Arrival>, stop: &Stop) -> Result<(), LiveError> {
        let wall = self.turn();
        let mut inputs = Vec::with_capacity(batch.len());
        let mut tokens = Vec::with_capacity(batch.len());
        for Arrival { topic, payload, received_wall, retained, ack } in batch.drain(..) {
            tokens.push(ack);
            let came = (received_wall, wall);
            let otherwise = self.encoding.as_mut().filter(|(it, _)| !retained && it.is_of(&topic));
            if let Some((encoding, questions)) = otherwise {
                let said = encoding.read(&topic, &payload, received_wall);
                if let Some(question) = &said.question {
                    // With so many on their way already, one more would not help.
                    let _ = questions.try_send(question.clone());
                }
                self.translated(said, payload, came, &mut inputs);
                continue;
            }
            let belief = match self.order(&topic, &payload) {
                Some(Ok(())) => continue, // it is the plant's to answer
                Some(Err(belief)) => Some(belief),
                None => None,
            };
            let of_device = self.mapping.as_ref().filter(|it| !retained && it.is_of(&topic));
            if of_device.is_some() {
                self.base.hear_device();
            }
            let received_at = self.received_at(received_wall);
            let foreign = of_device.and_then(|it| it.read(&topic, &payload, received_at));
            inputs.push(if let Some(foreign) = foreign {
                (Input::Foreign(Box::new(foreign)), None, Some(payload))
            } else if retained {
                (Input::Retained { topic, payload, received_at }, None, None)
            } else {
                self.arrival(topic, payload, belief, came)
            });
        }
        self.hear(inputs, stop).await?;
        for token in tokens {
            token.acknowledge();
        }
        Ok(())
    }

    /// Is it an order to a plant, and if so, one to believe? One that comes too late says
    /// nothing about anybody: the broker may have kept it for us.
    fn order(&mut self, topic: &str, payload: &[u8]) -> Option<Result<(), Belief>> {
        let gate = self.operators.as_mut()?;
        let TalkTopic { plant, talk, .. } = TalkTopic::parse(topic).ok()?;
        if talk != Talk::Command {
            return None;
        }
        if !self.plants.contains(&plant) {
            return Some(Ok(())); // others watch it
        }
        let admitted = gate.admit::<Command>(&plant, (topic, payload), wall_now());
        if let Err(Refused { doubt, .. }) = &admitted {
            self.refused_orders.send_modify(|by| *by.entry(doubt.reason()).or_default() += 1);
        }
        Some(match admitted {
            Ok(_) | Err(Refused { doubt: Doubt::Expired, .. }) => Ok(()),
            Err(Refused { doubt, detail }) => Err(Belief::Doubted { doubt, detail }),
        })
    }

    /// A message of our wire, believed or not; time moves with what is believed.
    fn arrival(
        &mut self,
        topic: String,
        payload: Vec<u8>,
        belief: Option<Belief>,
        (came, wall): (Stamp, Stamp),
    ) -> Heard {
        let place = Topic::parse(&topic).ok();
        let belief = match (belief, &place) {
            (Some(belief), _) => belief,
            (None, Some(place)) => self.trust.believe(&place.plant, &topic, &payload),
            (None, None) => Belief::Unsigned, // for intake to refuse
        };
        let is_believed = !matches!(belief, Belief::Doubted { .. });
        let place = place.filter(|place| is_believed && self.plants.contains(&place.plant));
        let read = place.map(|place| Read::new(place, &payload));
        if let Some(read) = &read {
            self.base.hear(read, &self.plants, wall);
        }
        let received_at = self.received_at(came);
        (Input::Arrival { topic, payload, belief, received_at }, read, None)
    }

    /// What a message of another encoding says.
    fn translated(
        &mut self,
        said: Translated,
        payload: Vec<u8>,
        came: (Stamp, Stamp),
        inputs: &mut Vec<Heard>,
    ) {
        for (topic, payload) in said.messages {
            inputs.push(self.arrival(topic, payload, None, came));
        }
        if let Some(mut aside) = said.aside {
            aside.received_at = self.received_at(came.0);
            inputs.push((Input::Foreign(Box::new(aside)), None, Some(payload)));
        }
    }

    /// The monitor's time at a moment of the wall clock. Before any plant has spoken, there are
    /// only strangers' messages to refuse.
    fn received_at(&self, wall: Stamp) -> Stamp {
        self.base.now(wall).unwrap_or(wall)
    }

    async fn tick(&mut self, stop: &Stop) -> Result<(), LiveError> {
        let wall = self.turn();
        let Some(now) = self.base.tick(wall) else {
            self.snapshots.send_modify(|_| {}); // nothing is new, and we are there
            return Ok(());
        };
        self.hear(vec![(Input::Tick { now }, None, None)], stop).await
    }

    fn tell_waiting(&self) {
        let waiting = self.monitor.waiting();
        self.waiting.send_if_modified(|told| {
            let is_news = *told != waiting;
            *told = waiting;
            is_news
        });
    }

    /// Does what waits in the ledger.
    async fn attend(&mut self, stop: &Stop) -> Result<(), LiveError> {
        let requests = self.ledger.requests().await?;
        if requests.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new(self.now());
        for Request { key, ask } in requests {
            let reply = match ask {
                Some(ask) => self.obey(ask, &mut batch)?,
                None => Reply::Refused(CommandRefused::NotUnderstood),
            };
            batch.replies.push((key, reply));
        }
        self.store(batch, Some(stop)).await?;
        self.show();
        Ok(())
    }

    /// Does what one person asks; the reply comes when it is in the ledger.
    pub async fn answer(&mut self, ask: Ask, stop: Option<&Stop>) -> Result<Reply, LiveError> {
        let mut batch = Batch::new(self.now());
        let reply = self.obey(ask, &mut batch)?;
        self.store(batch, stop).await?;
        self.show();
        Ok(reply)
    }

    fn obey(&mut self, ask: Ask, batch: &mut Batch) -> Result<Reply, LiveError> {
        self.since_checkpoint += 1;
        let reply = self.tell((&Input::Command(ask.at(batch.now)), None, None), batch)?;
        Ok(reply.unwrap_or(Reply::Refused(CommandRefused::NotUnderstood)))
    }

    /// The monitor's time.
    fn now(&self) -> Stamp {
        let wall = wall_now();
        self.base.now(wall).unwrap_or(wall)
    }

    /// The wall clock at the start of a turn. After one that took long (the ledger could not
    /// store, the machine slept), what came meanwhile is still to be heard.
    fn turn(&mut self) -> Stamp {
        let wall = wall_now();
        if wall - self.turned_at > self.settings.tick_wall + GRACE {
            self.base.catch_up(wall);
        }
        self.turned_at = wall;
        wall
    }

    /// The monitor hears the inputs; they and what follows from them are stored as one.
    async fn hear(&mut self, inputs: Vec<Heard>, stop: &Stop) -> Result<(), LiveError> {
        let speed = self.base.speed();
        let jitter =
            if speed > 1.0 { self.settings.lateness_wall.as_seconds() * speed } else { 0.0 };
        let lateness = self.settings.lateness + Span::from_seconds_f64(jitter);
        let now = self.now();
        let mut batch = Batch::new(now);
        if lateness != self.lateness {
            self.lateness = lateness;
            self.tell((&Input::Lateness { lateness }, None, None), &mut batch)?;
        }
        self.since_checkpoint += inputs.len();
        for (input, read, raw) in inputs {
            self.tell((&input, read, raw.as_deref()), &mut batch)?;
        }
        let begin = wall_now();
        let is_due = self.since_checkpoint >= self.settings.checkpoint_inputs;
        let saves = is_due && begin >= self.checkpoint_from;
        if saves {
            self.since_checkpoint = 0;
            batch.checkpoint = Some(self.monitor.checkpoint());
        }
        self.store(batch, Some(stop)).await?;
        if saves {
            let end = wall_now();
            self.checkpoint_from =
                end + ((end - begin) * CHECKPOINT_PAUSE).min(CHECKPOINT_PAUSE_MAX);
        }
        self.is_newer = true;
        if wall_now() >= self.snapshot_from {
            self.show();
        }
        self.prune(now).await
    }

    /// Tells how everything stands.
    fn show(&mut self) {
        let begin = wall_now();
        let _ = self.snapshots.send(self.monitor.snapshot());
        let end = wall_now();
        self.snapshot_from = end + ((end - begin) * SNAPSHOT_PAUSE).max(SNAPSHOTS_APART);
        self.is_newer = false;
    }

    /// Once an hour, forgets readings that nobody needs any more.
    async fn prune(&mut self, now: Stamp) -> Result<(), LiveError> {
        if wall_now() - self.pruned_at < Span::HOUR {
            return Ok(());
        }
        self.pruned_at = wall_now();
        match self.ledger.prune(now - self.settings.retention).await {
            Err(error) if Obstacle::of(&error).is_none() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The monitor takes one input; it and what follows from it go into the batch.
    fn tell(
        &mut self,
        (input, read, raw): (&Input, Option<Read>, Option<&[u8]>),
        batch: &mut Batch,
    ) -> Result<Option<Reply>, LiveError> {
        let outcome = self.monitor.accept_read(input, read);
        if let Some(quarantine) = &mut self.quarantine {
            for refusal in &outcome.refused {
                quarantine.take(refusal, (input, raw), wall_now());
            }
        }
        batch.inputs.push(input.encode().map_err(LiveError::Unkept)?);
        batch.observations.extend(outcome.observations);
        batch.records.extend(outcome.outputs.into_iter().map(Record::from));
        Ok(outcome.reply)
    }

    async fn note(&mut self, change: &str, detail: String) -> Result<(), LiveError> {
        let at = self.now();
        let mut batch = Batch::new(at);
        let change = change.to_owned();
        batch.records.push(Record::Monitor(MonitorRecord { at, change, detail }));
        self.store(batch, None).await
    }

    /// Lets go of the ledger: the next monitor takes up from here.
    pub async fn leave(self) -> Result<(), LiveError> {
        Ok(self.ledger.close().await?)
    }

    async fn finish(mut self) -> Result<(), LiveError> {
        if self.is_newer {
            self.show();
        }
        let counts = format!("readings {}", self.monitor.snapshot().readings());
        let now = self.now();
        let mut batch = Batch::new(now);
        if self.base.is_over() && !self.monitor.missing().is_empty() {
            self.tell((&Input::Over { now }, None, None), &mut batch)?;
        }
        batch.checkpoint = Some(self.monitor.checkpoint());
        self.store(batch, None).await?;
        self.note("stopped", counts).await?;
        self.ledger.close().await?;
        Ok(())
    }
}

/// Returns when the wall clock reads `due`.
async fn until(due: Stamp) {
    let left = (due - wall_now()).as_ms().max(0).unsigned_abs();
    tokio::time::sleep(Duration::from_millis(left)).await;
}

/// Brings a monitor to where the ledger ends: checkpoint, then the inputs after it. What it puts
/// out meanwhile stands in the ledger since the same transaction: only the state is new.
pub fn catch_up(monitor: &mut Monitor, resume: &Resume) -> Result<(), LiveError> {
    if let Some(checkpoint) = &resume.checkpoint {
        monitor.restore(checkpoint)?;
    }
    for input in &resume.inputs_after {
        monitor.accept(&Input::decode(input)?);
    }
    Ok(())
}
