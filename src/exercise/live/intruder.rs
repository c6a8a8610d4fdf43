//! The stranger of an exercise about forged messages, live: a client of his own on the broker, who
//! hears what the plant says and speaks in its name, and who has none of its keys.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::base::Span;
use crate::base::time::wall_now;
use crate::exercise::live::simulate::Progress;
use crate::exercise::live::stop::Stop;
use crate::exercise::stranger::{Said, Stranger};
use crate::telemetry::publisher::{Keep, PublishError, Publisher};
use crate::telemetry::subscriber::Arrival;

/// How long the broker keeps what he has it keep. It runs out by itself: whoever takes it back says
/// an empty message to everybody.
const KEPT: Span = Span::minutes(10);

/// How long his last messages may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Somebody who is in the air and has no key.
pub struct Intruder {
    stranger: Stranger,
    publisher: Publisher,
}

/// What he knows.
pub struct Ears {
    /// What the plant says.
    pub arrivals: mpsc::Receiver<Arrival>,
    /// How far the exercise is.
    pub progress: watch::Receiver<Progress>,
    /// True once everybody has gone where he cannot follow.
    pub lost: watch::Receiver<bool>,
}

impl Intruder {
    /// Who speaks by `publisher`.
    pub fn new(stranger: Stranger, publisher: Publisher) -> Self {
        Self { stranger, publisher }
    }

    /// Listens and speaks until the exercise is over, he has lost it, or a stop.
    pub async fn run(mut self, mut ears: Ears, stop: Stop) {
        loop {
            tokio::select! {
                () = stop.wait() => break,
                () = gone(&mut ears.lost) => break,
                Some(Arrival { topic, payload, ack, .. }) = ears.arrivals.recv() => {
                    let now = ears.progress.borrow().now;
                    self.stranger.overhear(now, &topic, &payload);
                    ack.acknowledge();
                }
                changed = ears.progress.changed() => {
                    let Progress { now, finished, .. } = *ears.progress.borrow_and_update();
                    if changed.is_err() || finished {
                        break;
                    }
                    let said = self.stranger.say(now);
                    if self.publish(said).await.is_err() {
                        break;
                    }
                }
            }
        }
        let _ = self.publisher.drain(LAST_WORDS).await; // what is left is a stranger's
    }

    async fn publish(&self, said: Vec<Said>) -> Result<(), PublishError> {
        for Said { topic, payload, retained } in said {
            let keep = if retained { Keep::Until(wall_now() + KEPT) } else { Keep::No };
            self.publisher.publish_any(keep, topic, payload).await?;
        }
        Ok(())
    }
}

/// Returns when everybody has gone elsewhere, or the exercise is over.
async fn gone(lost: &mut watch::Receiver<bool>) {
    let _ = lost.wait_for(|lost| *lost).await; // an error says that it is over
}
