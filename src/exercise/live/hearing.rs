//! What running plants hear: who has missed messages gets them again, and what operators order is
//! carried out.

use std::collections::BTreeMap;

use tokio::sync::mpsc;

use crate::base::PlantId;
use crate::base::ids::Space;
use crate::base::time::wall_now;
use crate::exercise::live::orders::OrderHand;
use crate::exercise::live::stop::Stop;
use crate::ingest::gate::{Gate, Refused};
use crate::simulator::orders::Order;
use crate::telemetry::publisher::{Prompter, Wanted};
use crate::telemetry::request::{Command, Resend};
use crate::telemetry::subscriber::Arrival;
use crate::telemetry::topic::{Talk, TalkTopic, Topic};

/// Hears what is asked of plants.
pub struct Hearing {
    space: Space,
    /// Which plants speak here, and what says their messages again.
    plants: BTreeMap<PlantId, Prompter>,
    /// For requests of those who have missed something.
    resends: Gate,
    /// For those who may order something, and where their orders go; none: nobody may.
    orders: Option<(Gate, OrderHand)>,
    /// Requests that were refused, by reason.
    refused: BTreeMap<&'static str, u64>,
}

impl Hearing {
    /// For these plants of `space`.
    pub fn new(space: Space, plants: BTreeMap<PlantId, Prompter>, resends: Gate) -> Self {
        Self { space, plants, resends, orders: None, refused: BTreeMap::new() }
    }

    /// The same, that lets orders through too.
    pub fn obeying(self, operators: Gate, hand: OrderHand) -> Self {
        Self { orders: Some((operators, hand)), ..self }
    }

    /// The topics that it is to hear.
    pub fn filters(&self) -> Vec<String> {
        let orders = self.orders.as_ref().map(|_| Talk::Command.filter(&self.space));
        std::iter::once(Talk::Resend.filter(&self.space)).chain(orders).collect()
    }

    /// Hears until told to stop, or nothing more can come.
    pub async fn run(mut self, mut arrivals: mpsc::Receiver<Arrival>, stop: Stop) {
        loop {
            let arrival = tokio::select! {
                () = stop.wait() => break,
                arrival = arrivals.recv() => arrival,
            };
            let Some(Arrival { topic, payload, retained, ack, .. }) = arrival else { break };
            if !retained {
                self.hear(&topic, &payload);
            }
            ack.acknowledge();
        }
    }

    fn hear(&mut self, topic: &str, payload: &[u8]) {
        let Ok(TalkTopic { plant, talk, .. }) = TalkTopic::parse(topic) else { return };
        let Some(prompter) = self.plants.get(&plant) else { return }; // others' plants
        let (message, now) = ((topic, payload), wall_now());
        match (talk, &mut self.orders) {
            (Talk::Resend, _) => match self.resends.admit::<Resend>(&plant, message, now) {
                Ok(Resend { boot_id, from, to, .. }) => {
                    let head = Topic::head(&self.space, &plant);
                    prompter.ask(Wanted { head, boot_id, from, to });
                }
                Err(refused) => self.refuse(&plant, &refused),
            },
            (Talk::Command, Some((operators, hand))) => {
                match operators.admit::<Command>(&plant, message, now) {
                    Ok(Command { id, by, verb, args, .. }) => {
                        if let Err(why) = hand.pass(plant, Order { by, verb, args }, id) {
                            tracing::warn!("an order is not carried out: {why}");
                        }
                    }
                    Err(refused) => self.refuse(&plant, &refused),
                }
            }
            (Talk::Command | Talk::Answer, _) => {}
        }
    }

    /// Counts it; says it the first, second, fourth … time, however many there are.
    fn refuse(&mut self, plant: &PlantId, refused: &Refused) {
        let count = self.refused.entry(refused.doubt.reason()).or_default();
        *count += 1;
        if count.is_power_of_two() {
            tracing::warn!(%plant, count, "a request is refused: {refused}");
        }
    }
}
