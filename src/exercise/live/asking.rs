//! Asks plants, beside a running monitor, to say again what has not come; when it asks is in
//! `ingest::asks`.

use std::time::Duration;

use tokio::sync::watch;

use crate::base::ids::{RequestId, Space};
use crate::base::time::wall_now;
use crate::exercise::live::stop::Stop;
use crate::ingest::asks::{AskCounts, Asks, Missing, Waiting};
use crate::telemetry::link::LinkState;
use crate::telemetry::publisher::Publisher;
use crate::telemetry::request::{Resend, VALID};
use crate::telemetry::signature::Signer;
use crate::telemetry::topic::{Talk, TalkTopic};

/// How often it looks whether something is to be asked.
const LOOK: Duration = Duration::from_millis(200);

/// Gives what requests are signed by: the key may come after the monitor has begun.
pub type Sign = Box<dyn FnMut() -> Option<Signer> + Send>;

/// Asks until it is told to stop, or the monitor ends.
pub struct AskService<C> {
    /// Makes its connection, once something is to be asked.
    connect: C,
    publisher: Option<Publisher>,
    space: Space,
    waiting: watch::Receiver<Waiting>,
    asks: Asks,
    counts: watch::Sender<AskCounts>,
    /// What its requests are signed by, if by anything.
    signer: Sign,
    /// Names of requests.
    name: Box<dyn FnMut() -> RequestId + Send>,
}

impl<C: FnMut() -> Publisher> AskService<C> {
    /// Asks in `space` for what the monitor says is missing, and counts what comes of it; `name`
    /// gives a name that nobody guesses at each call.
    pub fn new(
        connect: C,
        space: Space,
        (waiting, counts): (watch::Receiver<Waiting>, watch::Sender<AskCounts>),
        (signer, name): (Sign, Box<dyn FnMut() -> RequestId + Send>),
    ) -> Self {
        let (publisher, asks) = (None, Asks::default());
        Self { connect, publisher, space, waiting, asks, counts, signer, name }
    }

    /// Runs until told to stop.
    pub async fn run(mut self, stop: Stop) {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.wait() => break,
                _ = looks.tick() => {}
            }
            if self.waiting.has_changed().is_err() {
                break; // the monitor has ended
            }
            let waiting = self.waiting.borrow_and_update().clone();
            let due = if self.can_ask(&waiting) {
                self.asks.due(&waiting, wall_now())
            } else {
                self.asks.look(&waiting, wall_now());
                Vec::new()
            };
            for missing in due {
                if self.ask(missing).await.is_err() {
                    return;
                }
            }
            self.counts.send_replace(self.asks.counts());
        }
    }

    /// A question that waits for a connection would be old.
    fn can_ask(&mut self, waiting: &Waiting) -> bool {
        if waiting.missing.is_empty() && self.publisher.is_none() {
            return false;
        }
        let publisher = self.publisher.get_or_insert_with(&mut self.connect);
        publisher.status().borrow().state == LinkState::Connected
    }

    async fn ask(&mut self, missing: Missing) -> Result<(), ()> {
        let Missing { plant, boot_id, from, to } = missing;
        tracing::info!(%plant, boot_id, from, to, "asks for messages that have not come");
        let topic =
            TalkTopic { space: self.space.clone(), plant: plant.clone(), talk: Talk::Resend };
        let topic = topic.to_string();
        let issued_at = wall_now();
        let (id, expires_at) = ((self.name)(), issued_at + VALID);
        let request = Resend { plant, id, issued_at, expires_at, boot_id, from, to }.encode();
        let payload = match (self.signer)() {
            Some(signer) => signer.sign(&topic, request),
            None => request,
        };
        let Some(publisher) = &self.publisher else { return Ok(()) };
        publisher.publish(topic, payload).await.map_err(|_| ())
    }
}
