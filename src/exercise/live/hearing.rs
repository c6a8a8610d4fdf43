//! What running plants hear: who has missed messages gets them again, and what operators order is
//! carried out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
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
use crate::telemetry::topic::{Kind, Talk, TalkTopic, Topic};

/// Others who speak as one of ours are looked for at so many plants.
const WATCHED_MAX: usize = 16;

/// Who speaks.
#[derive(Deserialize)]
struct Speaker {
    boot_id: u64,
}

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
    /// Our starts, this one and those whose messages are said again: who speaks in another is
    /// somebody else. None: nobody is looked for.
    boots: BTreeSet<u64>,
    /// Plants as which others have been heard to speak.
    others: BTreeSet<PlantId>,
}

impl Hearing {
    /// For these plants of `space`.
    pub fn new(space: Space, plants: BTreeMap<PlantId, Prompter>, resends: Gate) -> Self {
        let (refused, others) = (BTreeMap::new(), BTreeSet::new());
        Self { space, plants, resends, orders: None, refused, boots: BTreeSet::new(), others }
    }

    /// The same, that notices who else speaks as one of ours: in another start than these.
    pub fn knowing(self, boots: BTreeSet<u64>) -> Self {
        Self { boots, ..self }
    }

    /// The same, that lets orders through too.
    pub fn obeying(self, operators: Gate, hand: OrderHand) -> Self {
        Self { orders: Some((operators, hand)), ..self }
    }

    /// The topics that it is to hear.
    pub fn filters(&self) -> Vec<String> {
        let orders = self.orders.as_ref().map(|_| Talk::Command.filter(&self.space));
        let watched = self.plants.keys().take(WATCHED_MAX).filter(|_| !self.boots.is_empty());
        // A clock tells of those who began before us, a birth of those who begin after us.
        let spoken = watched.flat_map(|plant| {
            [Kind::Birth, Kind::Clock].map(|kind| {
                let (space, plant) = (self.space.clone(), plant.clone());
                Topic { space, plant, kind }.to_string()
            })
        });
        std::iter::once(Talk::Resend.filter(&self.space)).chain(orders).chain(spoken).collect()
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
        if let Ok(Topic { plant, kind: Kind::Birth | Kind::Clock, .. }) = Topic::parse(topic) {
            return self.see(plant, payload);
        }
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

    /// Somebody speaks as `plant`: it may be us. Who else it is nobody can say, so this one
    /// goes on; monitors take the later start for the plant.
    fn see(&mut self, plant: PlantId, payload: &[u8]) {
        let Ok(Speaker { boot_id }) = serde_json::from_slice(payload) else { return };
        if !self.boots.contains(&boot_id) && self.others.insert(plant.clone()) {
            let space = &self.space;
            tracing::warn!(
                "the space {space} is in use: somebody else speaks as {plant} in it; end one of \
                 the two, or take another --space"
            );
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
