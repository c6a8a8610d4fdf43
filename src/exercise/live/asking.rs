//! Asks plants, beside a running monitor, to say again what has not come; when it asks is in
//! `ingest::asks`.

use std::time::Duration;

use tokio::sync::watch;

use crate::base::ids::{RequestId, Space};
use crate::base::time::wall_now;
use crate::exercise::live::stop::Stop;
use crate::ingest::asks::{Asks, Missing};
use crate::telemetry::link::LinkState;
use crate::telemetry::publisher::Publisher;
use crate::telemetry::request::{Resend, VALID};
use crate::telemetry::signature::Signer;
use crate::telemetry::topic::{Talk, TalkTopic};

/// How often it looks whether something is to be asked.
const LOOK: Duration = Duration::from_millis(200);

/// Asks until it is told to stop, or the monitor ends.
pub struct AskService<C> {
    /// Makes its connection, once something is to be asked.
    connect: C,
    publisher: Option<Publisher>,
    space: Space,
    missing: watch::Receiver<Vec<Missing>>,
    asks: Asks,
    /// What its requests are signed by, if by anything.
    signer: Option<Signer>,
    /// Names of requests.
    name: Box<dyn FnMut() -> RequestId + Send>,
}

impl<C: FnMut() -> Publisher> AskService<C> {
    /// Asks in `space` for what the monitor says is `missing`; `name` gives a name that nobody
    /// guesses at each call.
    pub fn new(
        connect: C,
        space: Space,
        missing: watch::Receiver<Vec<Missing>>,
        (signer, name): (Option<Signer>, Box<dyn FnMut() -> RequestId + Send>),
    ) -> Self {
        Self { connect, publisher: None, space, missing, asks: Asks::default(), signer, name }
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
            if self.missing.has_changed().is_err() {
                break; // the monitor has ended
            }
            if self.missing.borrow().is_empty() && self.publisher.is_none() {
                continue;
            }
            let publisher = self.publisher.get_or_insert_with(&mut self.connect);
            if publisher.status().borrow().state != LinkState::Connected {
                continue; // a question that waits would be old
            }
            let missing = self.missing.borrow_and_update().clone();
            for missing in self.asks.due(missing, wall_now()) {
                if self.ask(missing).await.is_err() {
                    return;
                }
            }
        }
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
        let payload = match &self.signer {
            Some(signer) => signer.sign(&topic, request),
            None => request,
        };
        let Some(publisher) = &self.publisher else { return Ok(()) };
        publisher.publish(topic, payload).await.map_err(|_| ())
    }
}
