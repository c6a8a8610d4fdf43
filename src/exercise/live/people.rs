//! The people of a run before a live monitor: they answer alarms as `[[answer]]`s say.

use tokio::sync::{mpsc, oneshot, watch};

use crate::exercise::answers::{Answers, objection};
use crate::exercise::live::watch::Asked;
use crate::monitor::Snapshot;

/// Plays the answers of each plant's scenario by the event time of that plant, until the monitor
/// has ended. What cannot be done is logged: `sanmen test` says it as a failure.
pub async fn play(
    mut scripts: Vec<Answers>,
    mut snapshots: watch::Receiver<Snapshot>,
    hand: mpsc::Sender<Asked>,
) {
    scripts.retain(|answers| !answers.is_empty());
    while !scripts.is_empty() && snapshots.changed().await.is_ok() {
        let due = {
            let snapshot = snapshots.borrow_and_update();
            let due = |answers: &mut Answers| {
                let plant = snapshot.plants.iter().find(|plant| plant.id == *answers.plant());
                let Some((plant, now)) = plant.and_then(|it| Some((it, it.frontier?))) else {
                    return Vec::new();
                };
                plant.standing.iter().for_each(|event| answers.see(event));
                answers.due(now)
            };
            scripts.iter_mut().flat_map(due).collect::<Vec<_>>()
        };
        for (position, command) in due {
            let (reply, told) = oneshot::channel();
            if hand.send(Asked { ask: command.ask, reply }).await.is_err() {
                return;
            }
            if let Some(found) = objection(position, command.at, told.await.ok().as_ref()) {
                tracing::warn!(at = %found.at, why = %found.why, "an answer cannot be given");
            }
        }
    }
}
