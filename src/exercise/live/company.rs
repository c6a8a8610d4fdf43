//! Plants that share one clock: stepped together on all cores, heard over a few connections.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::base::ids::{InjectionId, PlantId, Space};
use crate::base::{Span, Stamp};
use crate::exercise::live::LiveError;
use crate::plant::Plant;
use crate::scenario::injection::Injection;
use crate::simulator::orders::{NotDone, Order};
use crate::simulator::{Outgoing, Simulator, SimulatorError};
use crate::telemetry::publisher::{Prompter, Publisher, Tally, Undelivered};
use crate::telemetry::request::Answer;
use crate::telemetry::signature::Keychain;
#[cfg(feature = "sparkplug")]
use crate::telemetry::sparkplug::node::EdgeNode;
use crate::telemetry::topic::{Talk, TalkTopic, Topic};
#[cfg(feature = "sparkplug")]
use crate::telemetry::{publisher::PublishError, topic::Kind, wire};
use crate::world::truth::Truth;
use crate::world::{Outside, Soundness};

/// So few plants are stepped on one thread: they take less time than waking the others.
const FEW: usize = 8;

/// A message, and whose it is: position in the company.
pub type Said = (usize, Outgoing);

/// Plants on their way through one run.
pub struct Company {
    ids: Vec<PlantId>,
    plants: Vec<Simulator>,
    /// How much of what lay outside the model has been told, per plant.
    told: Vec<usize>,
}

impl Company {
    /// At least one plant, all at the same time and with steps of the same length.
    pub fn new(plants: Vec<Simulator>) -> Self {
        let ids = plants.iter().map(|plant| plant.plant().id.clone()).collect();
        Self { ids, told: vec![0; plants.len()], plants }
    }

    /// The plants, in their order.
    pub fn ids(&self) -> &[PlantId] {
        &self.ids
    }

    /// Which start of their gateways this is; they start together.
    pub fn boot_id(&self) -> Option<u64> {
        self.plants.first().map(Simulator::boot_id)
    }

    /// What the broker is to say should this plant vanish.
    pub fn will(&self, plant: usize) -> Option<Outgoing> {
        self.plants.get(plant).map(Simulator::will)
    }

    /// Simulated time.
    pub fn now(&self) -> Stamp {
        self.plants.first().map_or(Stamp::MAX, Simulator::now)
    }

    /// Has the run come to its end?
    pub fn is_over(&self) -> bool {
        self.plants.iter().all(Simulator::is_over)
    }

    /// Says how simulated time runs, for all: it is `wall` on the wall.
    pub fn clock(&self, wall: Stamp, speed: f64) -> Option<Said> {
        self.plants.first().map(|plant| (0, plant.clock(wall, speed)))
    }

    /// Goes one step on; gives what was said during it. Not to be given up half-way.
    pub async fn step(&mut self) -> Result<Vec<Said>, SimulatorError> {
        let mut plants = std::mem::take(&mut self.plants);
        if plants.len() <= FEW {
            let said = step_some(&mut plants, 0);
            self.plants = plants;
            return said;
        }
        let work = move || {
            let said = step_on_all_cores(&mut plants);
            (plants, said)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok((plants, said)) => {
                self.plants = plants;
                said
            }
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Carries out an order, the `n`th of the run, from now on; gives the plant and what happens to
    /// it. Errors, in words: the plant cannot do it.
    pub fn obey(
        &mut self,
        plant: &PlantId,
        order: &Order,
        n: usize,
    ) -> Result<(Arc<Plant>, Injection), NotDone> {
        let found = self.ids.iter().zip(&mut self.plants).find(|(id, _)| *id == plant);
        let Some((_, simulator)) = found else {
            return Err(NotDone(format!("{plant} does not run here")));
        };
        let injection = simulator.obey(order, n)?;
        Ok((simulator.shared_plant(), injection))
    }

    /// How long a step is; that of the first plant.
    pub fn step_length(&self) -> Span {
        self.plants.first().map_or(Span::MINUTE, Simulator::step_length)
    }

    /// The truth of the first plant, and at its tags.
    pub fn truth(&self) -> Option<(&Truth, &[Option<f64>])> {
        self.plants.first().map(|plant| (plant.truth(), plant.at_tags()))
    }

    /// Lets something befall the first plant. Errors, in words: it cannot.
    pub fn happen(&mut self, injection: Injection) -> Result<(), NotDone> {
        let Some(plant) = self.plants.first_mut() else { return Ok(()) };
        plant.happen(injection).map_err(|error| NotDone(error.to_string()))
    }

    /// Ends what has befallen the first plant.
    pub fn end(&mut self, id: &InjectionId) {
        if let Some(plant) = self.plants.first_mut() {
            plant.end(id);
        }
    }

    /// What lies or lay outside the range of the first plant's model.
    pub fn outside(&self) -> &[Outside] {
        self.plants.first().map_or(&[], Simulator::outside)
    }

    /// What has come to lie outside the range of a plant's model since the last call.
    pub fn new_outside(&mut self) -> Vec<(PlantId, Outside)> {
        let mut all = Vec::new();
        for ((id, plant), told) in self.ids.iter().zip(&self.plants).zip(&mut self.told) {
            let new = &plant.outside()[*told..];
            all.extend(new.iter().map(|outside| (id.clone(), outside.clone())));
            *told += new.len();
        }
        all
    }

    /// Plants whose truth cannot be trusted, and why.
    pub fn unsound(&self) -> impl Iterator<Item = (&PlantId, Soundness)> {
        let all = self.ids.iter().zip(&self.plants).map(|(id, plant)| (id, plant.soundness()));
        all.filter(|(_, soundness)| !soundness.is_sound())
    }

    /// What they say when they are shut down now.
    pub fn close(self) -> Vec<Said> {
        let close = |(at, plant): (usize, Simulator)| {
            plant.close().into_iter().map(move |message| (at, message))
        };
        self.plants.into_iter().enumerate().flat_map(close).collect()
    }
}

fn step_some(plants: &mut [Simulator], first: usize) -> Result<Vec<Said>, SimulatorError> {
    let mut said = Vec::new();
    for (at, plant) in plants.iter_mut().enumerate() {
        let messages = plant.step()?.messages;
        said.extend(messages.into_iter().map(|message| (first + at, message)));
    }
    Ok(said)
}

fn step_on_all_cores(plants: &mut [Simulator]) -> Result<Vec<Said>, SimulatorError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = plants.len().div_ceil(threads);
    let parts: Vec<Result<Vec<Said>, SimulatorError>> = std::thread::scope(|scope| {
        let parts = plants.chunks_mut(share).enumerate();
        let parts: Vec<_> =
            parts.map(|(at, part)| scope.spawn(move || step_some(part, at * share))).collect();
        let joined = parts.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.map(|part| part.unwrap_or_else(|cause| std::panic::resume_unwind(cause))).collect()
    });
    let parts: Vec<Vec<Said>> = parts.into_iter().collect::<Result<_, _>>()?;
    Ok(parts.into_iter().flatten().collect())
}

/// The connections of a company: each plant keeps to one of them, so that its messages keep their
/// order.
pub struct Voices {
    space: Space,
    ids: Vec<PlantId>,
    boot_id: Option<u64>,
    publishers: Vec<Publisher>,
    keys: Keychain,
    /// One for each plant, or none: what Sparkplug has a place for goes there.
    #[cfg(feature = "sparkplug")]
    nodes: Vec<EdgeNode>,
}

impl Voices {
    /// The plants of `company` over at least one connection, with what they sign by.
    pub fn new(
        space: Space,
        company: &Company,
        publishers: Vec<Publisher>,
        keys: Keychain,
    ) -> Self {
        let (ids, boot_id) = (company.ids().to_vec(), company.boot_id());
        Self {
            space,
            ids,
            boot_id,
            publishers,
            keys,
            #[cfg(feature = "sparkplug")]
            nodes: Vec::new(),
        }
    }

    /// Starts of the plants' gateways by which these speak: this one, and those whose messages an
    /// earlier run has left for them to say again. None: no plant speaks.
    pub fn boots(&self) -> BTreeSet<u64> {
        let left = self.publishers.iter().flat_map(|it| it.boots().iter().copied());
        self.boot_id.map_or_else(BTreeSet::new, |own| left.chain([own]).collect())
    }

    /// The same, where each plant is an edge node.
    #[cfg(feature = "sparkplug")]
    pub fn with_nodes(self, nodes: Vec<EdgeNode>) -> Self {
        Self { nodes, ..self }
    }

    /// What has each plant's messages said again.
    pub fn prompters(&self) -> BTreeMap<PlantId, Prompter> {
        let of = |(plant, id): (usize, &PlantId)| {
            let publisher = self.publishers.get(plant % self.publishers.len().max(1))?;
            Some((id.clone(), publisher.prompter()))
        };
        self.ids.iter().enumerate().filter_map(of).collect()
    }

    /// Counts the messages that the broker does not have yet, whoever owns these voices; none once
    /// they have all gone.
    pub fn waiting(&self) -> impl Fn() -> Option<u64> + Send + use<> {
        let tallies: Vec<Tally> = self.publishers.iter().map(Publisher::tally).collect();
        #[cfg(feature = "sparkplug")]
        let nodes: Vec<_> = self.nodes.iter().map(EdgeNode::open).collect();
        move || {
            let of_publishers = tallies.iter().filter_map(Tally::waiting);
            #[cfg(feature = "sparkplug")]
            let of_publishers = of_publishers.chain(nodes.iter().filter_map(|it| {
                it.upgrade().map(|open| open.load(std::sync::atomic::Ordering::Relaxed))
            }));
            of_publishers.reduce(|all, some| all + some)
        }
    }

    /// Says what came of a command; waits while its connection is behind.
    pub async fn answer(&self, answer: Answer) -> Result<(), LiveError> {
        let Some(plant) = self.ids.iter().position(|id| *id == answer.plant) else {
            return Ok(()); // none of ours was asked
        };
        let (space, id) = (self.space.clone(), answer.plant.clone());
        let topic = TalkTopic { space, plant: id.clone(), talk: Talk::Answer }.to_string();
        let payload = self.keys.sign(&id, &topic, answer.encode());
        if let Some(publisher) = self.publishers.get(plant % self.publishers.len().max(1)) {
            publisher.publish(topic, payload).await?;
        }
        Ok(())
    }

    /// Hands a message over; waits while its connection is behind.
    pub async fn say(&self, (plant, message): Said) -> Result<(), LiveError> {
        #[cfg(feature = "sparkplug")]
        if let Some(node) = self.nodes.get(plant)
            && !matches!(message.kind, Kind::Ticket | Kind::Lab)
            && let Ok(message) = wire::decode(message.kind, &message.payload)
        {
            return if node.say(message).await { Ok(()) } else { Err(PublishError::Ended.into()) };
        }
        let connection = plant % self.publishers.len().max(1);
        if let (Some(publisher), Some(id)) = (self.publishers.get(connection), self.ids.get(plant))
        {
            let topic = Topic { space: self.space.clone(), plant: id.clone(), kind: message.kind };
            let topic = topic.to_string();
            let payload = self.keys.sign(id, &topic, message.payload);
            publisher.publish(topic, payload).await?;
        }
        Ok(())
    }

    /// Cuts the connections; gives how much the broker never acknowledged.
    pub fn give_up(self) -> Undelivered {
        let left = self.publishers.into_iter().map(|publisher| publisher.give_up().messages);
        let messages: u64 = left.sum();
        #[cfg(feature = "sparkplug")]
        let messages =
            messages + self.nodes.into_iter().map(|node| node.give_up().messages).sum::<u64>();
        Undelivered { messages }
    }

    /// Waits until the broker has everything, then says goodbye. Errors: `enough` came before.
    pub async fn drain_until<F>(self, enough: impl Fn() -> F) -> Result<(), Undelivered>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut drains = JoinSet::new();
        for publisher in self.publishers {
            drains.spawn(publisher.drain_until(enough()));
        }
        #[cfg(feature = "sparkplug")]
        for node in self.nodes {
            drains.spawn(node.drain_until(enough()));
        }
        let left = drains.join_all().await.into_iter().filter_map(Result::err);
        let messages = left.map(|left| left.messages).sum();
        if messages == 0 { Ok(()) } else { Err(Undelivered { messages }) }
    }
}
