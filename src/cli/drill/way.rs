//! The way of orders from an exercise to its plant, and of the answers back.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::base::PlantId;
use crate::base::ids::Space;
use crate::base::time::wall_now;
use crate::cli::live;
use crate::cli::settings::Settings;
use crate::cli::talk;
use crate::exercise::live::drill::Sent;
use crate::exercise::live::orders::OrderHand;
use crate::exercise::live::stop::Stop;
use crate::ingest::trust::{Belief, Trust};
use crate::simulator::orders::{NotDone, Order};
use crate::telemetry::access::Access;
use crate::telemetry::request::{Answer, Command, Done, VALID};
use crate::telemetry::signature::Signer;
use crate::telemetry::subscriber::Arrival;
use crate::telemetry::topic::{Talk, TalkTopic};

/// How long a plant may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The way of orders to the plant: over MQTT, signed, where commands may pass; else by hand.
pub struct OrderWay {
    /// The plant.
    pub plant: PlantId,
    /// By which orders are signed.
    pub signer: Signer,
    /// Whom answers are believed.
    pub trust: Trust,
    /// Where commands may not pass.
    pub by_hand: Option<OrderHand>,
}

/// Brings orders to the plant until a stop, one after the other, and their answers back.
pub async fn bring(
    way: OrderWay,
    (broker, space): (Access, Space),
    settings: Settings,
    mut orders: mpsc::Receiver<Sent>,
    stop: Stop,
) {
    let topic = |talk| {
        let (space, plant) = (space.clone(), way.plant.clone());
        TalkTopic { space, plant, talk }.to_string()
    };
    let (listener, mut answers) = live::hearer(&broker, vec![topic(Talk::Answer)], &settings);
    let speaker = live::speaker(&broker, &settings);
    loop {
        let (order, reply) = tokio::select! {
            sent = orders.recv() => match sent {
                Some(sent) => sent,
                None => break,
            },
            () = stop.wait() => break,
        };
        let done = if let Some(hand) = &way.by_hand {
            hand.order(way.plant.clone(), order).await.map(drop)
        } else {
            let command = command(&way.plant, order);
            let topic = topic(Talk::Command);
            let payload = way.signer.sign(&topic, command.encode());
            match speaker.publish(topic, payload).await {
                Ok(()) => answer_to(&command, &mut answers, &way.trust).await,
                Err(error) => Err(NotDone(error.to_string())),
            }
        };
        let _ = reply.send(done); // the exercise may be over
    }
    let _ = speaker.drain(Duration::from_secs(1)).await;
    listener.stop().await;
}

fn command(plant: &PlantId, order: Order) -> Command {
    let issued_at = wall_now();
    Command {
        plant: plant.clone(),
        id: talk::request_id(),
        issued_at,
        expires_at: issued_at + VALID,
        by: order.by,
        verb: order.verb,
        args: order.args,
    }
}

async fn answer_to(
    command: &Command,
    answers: &mut mpsc::Receiver<Arrival>,
    trust: &Trust,
) -> Result<(), NotDone> {
    let heard = async {
        while let Some(Arrival { topic, payload, ack, .. }) = answers.recv().await {
            ack.acknowledge();
            let belief = trust.believe(&command.plant, &topic, &payload);
            let answer = Answer::read(&payload).filter(|it| it.id == command.id);
            if let Some(answer) = answer.filter(|_| !matches!(belief, Belief::Doubted { .. })) {
                return Some(answer);
            }
        }
        None
    };
    match tokio::time::timeout(PATIENCE, heard).await {
        Ok(Some(Answer { state: Done::Done, .. })) => Ok(()),
        Ok(Some(Answer { detail, .. })) => Err(NotDone(detail)),
        Ok(None) | Err(_) => Err(NotDone("the plant does not answer".to_owned())),
    }
}
