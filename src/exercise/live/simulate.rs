//! A plant, live: simulated time paced by the wall clock, its messages published over MQTT.

use std::time::Duration;

use tokio::sync::watch;

use crate::base::ids::Space;
use crate::base::time::wall_now;
use crate::base::{Span, Stamp};
use crate::exercise::live::LiveError;
use crate::exercise::live::stop::Stop;
use crate::simulator::Simulator;
use crate::telemetry::publisher::Publisher;
use crate::telemetry::topic::Topic;

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

/// Runs the plant until the scenario's end or a stop; every message is the broker's before it
/// returns. Errors: besides others, `Undelivered` when a stop leaves the broker five seconds only.
pub async fn simulate(
    mut simulator: Simulator,
    space: Space,
    publisher: Publisher,
    pace: Pace,
    progress: watch::Sender<Progress>,
    stop: Stop,
) -> Result<(), LiveError> {
    let plant = simulator.plant().id.clone();
    let topic = |kind| Topic { space: space.clone(), plant: plant.clone(), kind }.to_string();
    let start = simulator.now();
    let mut anchor = wall_now();
    let mut clock_due = anchor;
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
        let _ = progress.send(Progress { now, finished: simulator.is_over() });
    }
    let soundness = simulator.soundness();
    if !soundness.is_sound() {
        tracing::warn!(%plant, "the plant's numbers cannot be trusted: {soundness}");
    }
    let last = Progress { now: simulator.now(), finished: simulator.is_over() };
    let _ = progress.send(last);
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
