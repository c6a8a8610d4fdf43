//! Messages → observations: decoded, in order, once; losses counted and said.
//!
//! In: topic, payload, time of receipt. Out: `Observation`s and `IngestEvent`s.
//! Must not know: scenario, world, instruments.
//!
//! # Event time
//!
//! Every plant has a *frontier*: the moment up to which its past is known. Readings move it (their
//! own times, never beyond the message's `sent_at`); while nothing is held back by a gap, a tick
//! moves it to `now − lateness`. The `lateness` bound promises that a reading comes at most that
//! long after it was observed, batching, transport and reordering included. So:
//!
//! * what was observed **before** the frontier has come; what was observed at it may still come;
//! * a deadline may fire once the frontier has gone **past** it, and is stamped with its own time;
//! * readings leave here in the order of their times, whatever the batches and the ticks were.
//!
//! A laboratory result waits for its place in that order; see `results`.
//!
//! A reading that breaks the promise (its message came after its gap was given up) is marked late
//! and suspect; it is kept, but the rules do not go back for it.

pub mod asks;
pub mod gate;
mod intake;
mod numbers;
pub mod observation;
pub mod presence;
pub mod refusal;
pub mod results;
pub mod sequence;
#[cfg(test)]
mod tests;
pub mod trust;

pub use intake::{Counters, Intake};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::lab_result::LabResult;
use crate::base::{PlantId, Span, Stamp, TagId};
use crate::plant::tags::{Site, Tag};
use crate::telemetry::mapping::Foreign;
use crate::telemetry::topic::{TalkTopic, Topic};
use crate::telemetry::wire::{self, Message, Read, Refusal, Ticket};
use asks::{Missing, Waiting};
use intake::PlantTags;
use observation::{
    IngestChange, IngestEvent, LabEvent, Observation, PlantIndex, SiteResult, TicketEvent,
};
use refusal::Refusals;
use results::Sites;
use sequence::Place;
use trust::Belief;

/// How far times may lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Longest time between a reading and its receipt, on the monitor's clock.
    pub lateness: Span,
    /// How far a plant's clock may run ahead of the monitor's.
    pub skew: Span,
}

impl Default for Bounds {
    /// Two minutes for readings on their way (one poll of a minute in the gateway, and time to
    /// travel), one minute of skew.
    fn default() -> Self {
        Self { lateness: Span::minutes(2), skew: Span::MINUTE }
    }
}

/// A gateway came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkChange {
    /// Event time: when the message was sent; of a will, when it came.
    pub at: Stamp,
    /// Is it there now?
    pub online: bool,
}

/// What has become certain of one plant: first whether it begins again, then its link, then its
/// readings, then the time reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The plant.
    pub plant: PlantIndex,
    /// An exercise has begun again: all that was known of the plant's past is void.
    pub restart: bool,
    /// Its gateway came or went.
    pub link: Option<LinkChange>,
    /// Event time reached after these readings; it never goes back.
    pub frontier: Stamp,
    /// They came after they had been given up: for the store, not for the rules.
    pub late: bool,
    /// Oldest first, then by tag.
    pub observations: Vec<Observation>,
}

impl Batch {
    /// Nothing but time.
    fn time(plant: PlantIndex, frontier: Stamp) -> Self {
        Self { plant, restart: false, link: None, frontier, late: false, observations: Vec::new() }
    }
}

/// Readings of one message of a plant that were decoded elsewhere: a recording keeps them so.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// Where the message stands in the order.
    pub place: Place,
    /// They come after they had been given up: marked, kept, and not judged.
    pub late: bool,
    /// In any order; none for a message that only shows that its sender is there.
    pub readings: Vec<Observation>,
}

/// What an arrival or a tick gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Taken {
    /// Readings and progress of event time, in order per plant.
    pub batches: Vec<Batch>,
    /// What there is to say about the messages themselves.
    pub events: Vec<IngestEvent>,
    /// Complaints, as they came.
    pub tickets: Vec<TicketEvent>,
    /// Laboratory results, as they came.
    pub results: Vec<LabEvent>,
    /// Results for the rules, in the order of their reports; after the batches.
    pub certain: Vec<SiteResult>,
    /// Plants with sampling sites: every result that was reported before this moment is there.
    pub settled: Vec<(PlantIndex, Stamp)>,
    /// Why messages, or parts of them, were refused, and the plant that they speak for, if it is
    /// one of ours.
    pub refused: Vec<(Option<PlantIndex>, Refusal)>,
}

/// Collects what the intakes give; changes become events once the time is known.
#[derive(Default)]
pub(crate) struct Collected {
    batches: Vec<Batch>,
    changes: Vec<(PlantIndex, IngestChange)>,
    tickets: Vec<(PlantIndex, u64, Ticket)>,
    results: Vec<(PlantIndex, u64, bool, LabResult)>,
    certain: Vec<SiteResult>,
    settled: Vec<(PlantIndex, Stamp)>,
}

/// The intake of all plants of a monitor.
#[derive(Debug, Clone)]
pub struct Ingest {
    ids: Vec<PlantId>,
    by_id: BTreeMap<PlantId, usize>,
    tags: Vec<PlantTags>,
    intakes: Vec<Intake>,
    bounds: Bounds,
    refusals: Refusals,
}

/// Everything that `Ingest` remembers, by the names of plants and tags, for a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IngestState {
    bounds: Bounds,
    plants: Vec<(PlantId, Vec<TagId>, Intake)>,
    refusals: Refusals,
}

impl Ingest {
    /// An intake for these plants, each with its tags in the order of its file; plants and tags are
    /// numbered in the order given.
    pub fn new<'a, T>(plants: impl IntoIterator<Item = (PlantId, T)>, bounds: Bounds) -> Self
    where
        T: IntoIterator<Item = &'a Tag>,
    {
        let (mut ids, mut tags, mut intakes) = (Vec::new(), Vec::new(), Vec::new());
        for (at, (id, plant_tags)) in plants.into_iter().enumerate() {
            let plant_tags: Vec<&Tag> = plant_tags.into_iter().collect();
            intakes.push(Intake::new(plant_tags.len()));
            tags.push(PlantTags::new(PlantIndex(at), plant_tags.into_iter()));
            ids.push(id);
        }
        let by_id = ids.iter().cloned().enumerate().map(|(at, id)| (id, at)).collect();
        Self { ids, by_id, tags, intakes, bounds, refusals: Refusals::default() }
    }

    /// The sampling sites of each plant, in the order of the plants; without this there are none.
    pub fn with_sites<'a>(mut self, sites: impl IntoIterator<Item = &'a [Site]>) -> Self {
        for (tags, sites) in self.tags.iter_mut().zip(sites) {
            tags.sites = Sites::new(sites);
        }
        self
    }

    /// Sets the lateness bound; accelerated plants need a larger one, for their seconds are short.
    pub fn set_lateness(&mut self, lateness: Span) {
        self.bounds.lateness = lateness;
    }

    /// Takes in what came over MQTT. What is no message of ours, or not believed, is refused and
    /// counted. `read`: what it says, where somebody has decoded it before.
    pub fn accept(
        &mut self,
        (topic, payload): (&str, &[u8]),
        read: Option<Read>,
        belief: &Belief,
        received_at: Stamp,
    ) -> Taken {
        match self.decode((topic, payload), read, belief) {
            Ok((at, message)) => self.accept_message(at, message, (topic, payload), received_at),
            Err((at, refusal)) => {
                let mut taken = Taken::default();
                self.refuse(at, refusal, (topic, payload), received_at, &mut taken);
                taken
            }
        }
    }

    /// Takes in readings that were decoded elsewhere, as if their message had come; `source` names
    /// where they are from, for what is refused of them.
    pub fn accept_decoded(
        &mut self,
        plant: PlantIndex,
        decoded: Decoded,
        source: &str,
        received_at: Stamp,
    ) -> Taken {
        let mut out = Collected::default();
        let mut refused = Vec::new();
        if let Some((tags, intake)) = self.tags.get(plant.0).zip(self.intakes.get_mut(plant.0)) {
            refused = intake.accept_decoded(tags, decoded, received_at, self.bounds, &mut out);
        }
        let mut taken = self.finish(out, received_at);
        for refusal in refused {
            let sample = refusal.detail.clone();
            let raw = (source, sample.as_bytes());
            self.refuse(Some(plant.0), refusal, raw, received_at, &mut taken);
        }
        taken
    }

    /// Takes in what a mapping has made of a message; what of it did not fit is counted.
    pub fn accept_foreign(&mut self, foreign: &Foreign) -> Taken {
        let received_at = foreign.received_at;
        let mut refused: Vec<(Option<usize>, Refusal)> = Vec::new();
        let mut by_plant: BTreeMap<usize, Vec<Observation>> = BTreeMap::new();
        for reading in &foreign.readings {
            let Some(&at) = self.by_id.get(&reading.plant) else {
                let detail = format!("{} is no plant of ours", reading.plant);
                refused.push((None, Refusal { reason: "unknown-plant", detail }));
                continue;
            };
            let observations = by_plant.entry(at).or_default();
            match self.tags.get(at).map(|tags| tags.foreign(reading, received_at)) {
                Some(Ok(observation)) => observations.push(observation),
                Some(Err(refusal)) => refused.push((Some(at), refusal)),
                None => {}
            }
        }
        let (mut out, bounds) = (Collected::default(), self.bounds);
        let lateness = foreign.lateness.min(bounds.lateness);
        let bounds = Bounds { lateness, ..bounds };
        for (at, readings) in by_plant {
            if let (Some(tags), Some(intake)) = (self.tags.get(at), self.intakes.get_mut(at)) {
                let more = intake.accept_foreign(tags, readings, received_at, bounds, &mut out);
                refused.extend(more.into_iter().map(|refusal| (Some(at), refusal)));
            }
        }
        let mut taken = self.finish(out, received_at);
        for (at, refusal) in refused {
            let sample = refusal.detail.clone();
            let raw = (foreign.topic.as_str(), sample.as_bytes());
            self.refuse(at, refusal, raw, received_at, &mut taken);
        }
        for unfit in &foreign.refused {
            let refusal = Refusal { reason: unfit.reason.word(), detail: unfit.detail.clone() };
            let raw = (foreign.topic.as_str(), unfit.sample.as_bytes());
            let plant = unfit.plant.as_ref();
            for _ in 0..unfit.count {
                self.refusals.note(plant, &refusal, raw, received_at, &mut taken.events);
            }
            let at = plant.and_then(|plant| self.by_id.get(plant)).copied().map(PlantIndex);
            taken.refused.push((at, refusal));
        }
        taken
    }

    /// Refuses what the broker had kept from before we listened, and counts it.
    pub fn refuse_retained(&mut self, topic: &str, payload: &[u8], received_at: Stamp) -> Taken {
        let at = Topic::parse(topic).ok().and_then(|topic| self.by_id.get(&topic.plant).copied());
        let detail = "the broker kept it from before we listened".to_owned();
        let refusal = Refusal { reason: "retained", detail };
        let mut taken = Taken::default();
        self.refuse(at, refusal, (topic, payload), received_at, &mut taken);
        taken
    }

    /// Counts and tells what is refused; `at`: the plant of ours that it speaks for, if any.
    fn refuse(
        &mut self,
        at: Option<usize>,
        refusal: Refusal,
        raw: (&str, &[u8]),
        received_at: Stamp,
        taken: &mut Taken,
    ) {
        let plant = at.and_then(|at| self.ids.get(at));
        self.refusals.note(plant, &refusal, raw, received_at, &mut taken.events);
        taken.refused.push((at.map(PlantIndex), refusal));
    }

    /// Time passes on the monitor's clock: gaps are given up, event time goes on, reports are due.
    pub fn tick(&mut self, now: Stamp) -> Taken {
        let mut out = Collected::default();
        for (tags, intake) in self.tags.iter().zip(&mut self.intakes) {
            intake.tick(tags, now, self.bounds, &mut out);
        }
        let mut taken = self.finish(out, now);
        self.refusals.tick(now, &mut taken.events);
        taken
    }

    /// Nothing that is missing can still come: every gap is given up.
    pub fn give_up(&mut self, now: Stamp) -> Taken {
        let mut out = Collected::default();
        for (tags, intake) in self.tags.iter().zip(&mut self.intakes) {
            intake.give_up(tags, now, &mut out);
        }
        self.finish(out, now)
    }

    /// What is remembered of a plant.
    pub fn intake(&self, plant: PlantIndex) -> Option<&Intake> {
        self.intakes.get(plant.0)
    }

    /// The exercise that a plant's last message was of; none: it is real, or has not been heard.
    pub fn plays(&self, plant: &PlantId) -> Option<&str> {
        self.intakes.get(*self.by_id.get(plant)?)?.plays.as_deref()
    }

    /// Messages that are waited for, because later ones have come.
    pub fn missing(&self) -> Vec<Missing> {
        let of = |(plant, intake): (&PlantId, &Intake)| {
            let missing = intake.missing().map(|(boot_id, from, to)| Missing {
                plant: plant.clone(),
                boot_id,
                from,
                to,
            });
            missing.collect::<Vec<_>>()
        };
        self.ids.iter().zip(&self.intakes).flat_map(of).collect()
    }

    /// The same, and how many messages have been given up.
    pub fn waiting(&self) -> Waiting {
        let lost = self.ids.iter().zip(&self.intakes).map(|(id, it)| (id, it.counters.lost));
        let lost = lost.filter(|(_, lost)| *lost > 0).map(|(id, lost)| (id.clone(), lost));
        Waiting { missing: self.missing(), lost: lost.collect() }
    }

    /// How many messages or parts of them were refused, by reason.
    pub fn refused(&self) -> BTreeMap<String, u64> {
        self.refusals.totals()
    }

    /// How many messages in the name of a plant, or parts of them, were refused.
    pub fn refused_of(&self, plant: &PlantId) -> u64 {
        self.refusals.total_of(plant)
    }

    /// Everything remembered.
    pub fn state(&self) -> IngestState {
        let plants = self.ids.iter().zip(&self.tags).zip(&self.intakes);
        let plants = plants.map(|((id, tags), intake)| (id.clone(), tags.ids(), intake.clone()));
        let (bounds, refusals) = (self.bounds, self.refusals.clone());
        IngestState { bounds, plants: plants.collect(), refusals }
    }

    /// Goes on from what was remembered. A plant that it does not name, or whose instruments have
    /// changed since, starts afresh.
    pub fn resume(&mut self, state: IngestState) {
        self.bounds = state.bounds;
        self.refusals = state.refusals;
        for (id, tags, remembered) in state.plants {
            let known = self
                .by_id
                .get(&id)
                .filter(|at| self.tags.get(**at).is_some_and(|ours| ours.ids() == tags));
            if let Some(intake) = known.and_then(|at| self.intakes.get_mut(*at)) {
                *intake = remembered;
            }
        }
    }

    fn decode(
        &self,
        (topic, payload): (&str, &[u8]),
        read: Option<Read>,
        belief: &Belief,
    ) -> Result<(usize, Heard), NotOurs> {
        let foreign = |reason, detail| (None, Refusal { reason, detail });
        if let (Belief::Doubted { doubt, detail }, Ok(TalkTopic { plant, .. })) =
            (belief, TalkTopic::parse(topic))
        {
            // Somebody orders in the name of an operator: it is about the plant.
            let refusal = Refusal { reason: doubt.reason(), detail: detail.clone() };
            return Err((self.by_id.get(&plant).copied(), refusal));
        }
        let (topic, read) = match read {
            Some(Read { topic, message }) => (topic, Some(message)),
            None => (Topic::parse(topic).map_err(|e| foreign(e.reason(), e.to_string()))?, None),
        };
        let plant = &topic.plant;
        let Some(&at) = self.by_id.get(plant) else {
            return Err(foreign("unknown-plant", format!("{plant} is no plant of ours")));
        };
        let ours = |refusal| (Some(at), refusal);
        let message = read.unwrap_or_else(|| wire::decode(topic.kind, payload)).map_err(ours)?;
        let speaker = &message.envelope.plant;
        if speaker != plant {
            let detail = format!("the message says it is from {speaker}, its topic says {plant}");
            return Err(ours(Refusal { reason: "wrong-topic", detail }));
        }
        if let Belief::Doubted { doubt, detail } = belief {
            return Err(ours(Refusal { reason: doubt.reason(), detail: detail.clone() }));
        }
        Ok((at, Heard { message, signed: *belief == Belief::Signed }))
    }

    fn accept_message(
        &mut self,
        at: usize,
        Heard { message, signed }: Heard,
        raw: (&str, &[u8]),
        received_at: Stamp,
    ) -> Taken {
        let mut out = Collected::default();
        let bounds = self.bounds;
        let mut refused = Vec::new();
        if let (Some(tags), Some(intake)) = (self.tags.get(at), self.intakes.get_mut(at)) {
            intake.signed = signed;
            refused = intake.accept(tags, message, received_at, bounds, &mut out);
        }
        let mut taken = self.finish(out, received_at);
        for refusal in refused {
            self.refuse(Some(at), refusal, raw, received_at, &mut taken);
        }
        taken
    }

    fn finish(&self, out: Collected, at: Stamp) -> Taken {
        let event = |(plant, what): (PlantIndex, IngestChange)| {
            let plant = self.ids.get(plant.0).cloned();
            IngestEvent { at, plant, what }
        };
        let events = out.changes.into_iter().map(event).collect();
        let ticket = |(plant, n, ticket): (PlantIndex, u64, Ticket)| {
            let plant = self.ids.get(plant.0)?.clone();
            Some(TicketEvent { at, plant, n, ticket })
        };
        let tickets = out.tickets.into_iter().filter_map(ticket).collect();
        let result = |(plant, n, late, result): (PlantIndex, u64, bool, LabResult)| {
            let plant = self.ids.get(plant.0)?.clone();
            Some(LabEvent { at, plant, n, late, result })
        };
        let results = out.results.into_iter().filter_map(result).collect();
        let Collected { batches, certain, settled, .. } = out;
        Taken { batches, events, tickets, results, certain, settled, refused: Vec::new() }
    }
}

/// A message that is believed.
struct Heard {
    message: Message,
    /// By a key that we trust, and not only because nobody has to sign.
    signed: bool,
}

/// Why something is no message of ours, and the plant of ours it pretends to come from, if any.
type NotOurs = (Option<usize>, Refusal);
