//! A plant, live: simulated time paced by the wall clock, its messages published over MQTT.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::base::ids::Space;
use crate::base::text::Lang;
use crate::base::time::wall_now;
use crate::base::{PlantId, Span, Stamp};
use crate::exercise::live::LiveError;
use crate::exercise::live::stop::Stop;
use crate::simulator::Simulator;
use crate::telemetry::publisher::Publisher;
use crate::telemetry::topic::Topic;
use crate::world::Outside;

/// How fast simulated time runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Simulated seconds per second.
    Times(f64),
    /// As fast as the processor and the broker allow.
    Max,
}

/// How long a run that was stopped waits for the broker to have everything.
const GOODBYE: Duration = Duration::from_secs(5);

/// Speed said in clock messages of an unpaced run: what it can hardly exceed.
const MAX_SPEED: f64 = 20_000.0;

impl Pace {
    /// Simulated seconds per second, as told to listeners.
    pub fn speed(self) -> f64 {
        match self {
            Self::Times(times) => times,
            Self::Max => MAX_SPEED,
        }
    }
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Simulated time.
    pub now: Stamp,
    /// Has the scenario ended?
    pub finished: bool,
}

/// What a running plant tells beside its messages.
#[derive(Debug)]
pub struct Aside {
    /// How far it is.
    pub progress: watch::Sender<Progress>,
    /// What has just come to lie outside the range of the model.
    pub outside: mpsc::Sender<Outside>,
}

/// Who listens to it.
#[derive(Debug)]
pub struct Listener {
    /// How far the plant is.
    pub progress: watch::Receiver<Progress>,
    /// What lies outside the range of the model, when it begins.
    pub outside: mpsc::Receiver<Outside>,
}

/// Lines that may wait for whoever shows them.
const ASIDES_WAITING: usize = 64;

impl Aside {
    /// Of a plant that begins at `start`.
    pub fn new(start: Stamp) -> (Self, Listener) {
        let (progress, seen) = watch::channel(Progress { now: start, finished: false });
        let (outside, heard) = mpsc::channel(ASIDES_WAITING);
        (Self { progress, outside }, Listener { progress: seen, outside: heard })
    }

    /// Says in the log and to whoever listens what has come to lie outside.
    async fn say_outside(&self, plant: &PlantId, new: Vec<Outside>) {
        for outside in new {
            let (limit, detail) = (outside.limit, outside.detail(Lang::En));
            let (id, sentence) = (limit.id(), limit.sentence(Lang::En));
            let at = outside.first;
            tracing::warn!(%plant, %at, "outside the model: {id}, {detail}: {sentence}");
            let _ = self.outside.send(outside).await; // nobody has to listen
        }
    }
}

/// Runs the plant until the scenario's end or a stop; every message is the broker's before it
/// returns. Errors: besides others, `Undelivered` when a stop leaves the broker five seconds only.
pub async fn simulate(
    mut simulator: Simulator,
    space: Space,
    publisher: Publisher,
    pace: Pace,
    aside: Aside,
    stop: Stop,
) -> Result<(), LiveError> {
    let plant = simulator.plant().id.clone();
    let topic = |kind| Topic { space: space.clone(), plant: plant.clone(), kind }.to_string();
    let start = simulator.now();
    let mut anchor = wall_now();
    let mut clock_due = anchor;
    let mut known = 0;
    while !simulator.is_over() && !stop.is_set() {
        let step = simulator.step()?;
        let (now, messages) = (step.now, step.messages);
        if let Pace::Times(times) = pace {
            let due = anchor + Span::from_seconds_f64((now - start).as_seconds() / times);
            // A step cut short by a stop is sent all the same: its messages have their numbers.
            stop.or_until(due).await;
            // A machine that slept, or a broker that was away, does not make time gallop after.
            let behind = wall_now() - due;
            if behind > Span::seconds(5) {
                anchor += behind;
            }
        }
        let wall = wall_now();
        let mut outgoing = Vec::with_capacity(messages.len() + 1);
        // Data tells the time too, by its `sent_at`; the clock tells it when there is none.
        if wall >= clock_due {
            outgoing.push(simulator.clock(wall, pace.speed()));
            clock_due = wall + Span::SECOND;
        }
        outgoing.extend(messages);
        for message in outgoing {
            tokio::select! {
                biased;
                sent = publisher.publish(topic(message.kind), message.payload) => sent?,
                () = enough(&stop) => return Err(publisher.give_up().into()),
            }
        }
        let new = simulator.outside()[known..].to_vec();
        known += new.len();
        aside.say_outside(&plant, new).await;
        let _ = aside.progress.send(Progress { now, finished: simulator.is_over() });
    }
    let soundness = simulator.soundness();
    if !soundness.is_sound() {
        tracing::warn!(%plant, "the plant's numbers cannot be trusted: {soundness}");
    }
    let last = Progress { now: simulator.now(), finished: simulator.is_over() };
    let _ = aside.progress.send(last);
    for message in simulator.close() {
        tokio::select! {
            biased;
            sent = publisher.publish(topic(message.kind), message.payload) => sent?,
            () = enough(&stop) => return Err(publisher.give_up().into()),
        }
    }
    Ok(publisher.drain_until(enough(&stop)).await?)
}

/// Returns some time after a stop: for what waits then, the broker may still answer.
async fn enough(stop: &Stop) {
    stop.wait().await;
    tokio::time::sleep(GOODBYE).await;
}
