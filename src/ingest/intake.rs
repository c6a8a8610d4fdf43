//! One plant's intake: its messages checked against its tags, put in order, counted.

mod foreign;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::base::{Flag, QualityTest, QualityTests, Span, Stamp, TagId};
use crate::ingest::numbers::Numbers;
use crate::ingest::observation::{IngestChange, Observation, PlantIndex};
use crate::ingest::presence::Presence;
use crate::ingest::results::{Results, Sites};
use crate::ingest::sequence::{Place, Sequence, Standing, Step};
use crate::ingest::{Batch, Bounds, Collected, Decoded, LinkChange};
use crate::plant::tags::{Tag, TagIndex};
use crate::telemetry::wire::{Birth, Body, Clock, Column, Envelope, Message, Refusal, TagBirth};
use foreign::Waiting;

/// Event time of a plant not heard of begins at most this long before the first tick: the clock of
/// a simulated one speaks at the end of its first step, and its first readings are a step older.
const BEGINS_BEFORE: Span = Span::minutes(5);

/// An older reading is no backlog: its clock has never been set `[D]`.
const BACKLOG_MAX: Span = Span::hours(31 * 24);

/// What never changes of a plant: how its instruments are described on our side.
#[derive(Debug, Clone)]
pub(super) struct PlantTags {
    index: PlantIndex,
    /// Sorted by id.
    tags: Vec<Described>,
    pub(super) sites: Sites,
}

#[derive(Debug, Clone)]
struct Described {
    id: TagId,
    index: TagIndex,
    quantity: crate::base::units::Quantity,
    range: (f64, f64),
    poll: Span,
}

impl PlantTags {
    pub(super) fn new<'a>(index: PlantIndex, tags: impl Iterator<Item = &'a Tag>) -> Self {
        let describe = |(at, tag): (usize, &Tag)| Described {
            id: tag.id.clone(),
            index: TagIndex(at),
            quantity: tag.quantity,
            range: tag.range,
            poll: tag.poll,
        };
        let mut tags: Vec<Described> = tags.enumerate().map(describe).collect();
        tags.sort_by(|a, b| a.id.cmp(&b.id));
        Self { index, tags, sites: Sites::default() }
    }

    /// The ids, in the order of `TagIndex`.
    pub(super) fn ids(&self) -> Vec<TagId> {
        let mut tags: Vec<&Described> = self.tags.iter().collect();
        tags.sort_by_key(|tag| tag.index);
        tags.into_iter().map(|tag| tag.id.clone()).collect()
    }

    fn out_of_time(&self, tag: TagIndex, observed_at: Stamp, received_at: Stamp) -> Refusal {
        let known = self.tags.iter().find(|known| known.index == tag);
        let unknown = || Refusal { reason: "unknown-tag", detail: String::new() };
        known.map_or_else(unknown, |tag| out_of_time(&tag.id, observed_at, received_at))
    }

    fn find(&self, id: &TagId) -> Option<&Described> {
        let at = self.tags.binary_search_by(|tag| tag.id.cmp(id)).ok()?;
        self.tags.get(at)
    }
}

impl Described {
    /// What a birth says otherwise than our files; and whether its values can still be read.
    fn compare(&self, birth: &TagBirth) -> Option<(String, bool)> {
        let ours = self.quantity.unit();
        if birth.quantity != self.quantity || birth.unit != ours {
            let (theirs, unit, ours_is) = (birth.quantity, &birth.unit, self.quantity);
            let text = format!("sends {theirs:?} in {unit}, our files say {ours_is:?} in {ours}");
            return Some((text, false));
        }
        if birth.range != self.range {
            let ((a, b), (c, d)) = (birth.range, self.range);
            return Some((format!("range is {a} to {b} {ours}, our files say {c} to {d}"), true));
        }
        if birth.poll_ms != self.poll {
            let (theirs, ours) = (birth.poll_ms, self.poll);
            return Some((format!("is read every {theirs}, our files say every {ours}"), true));
        }
        None
    }
}

/// Counters of one plant, since the monitor first started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Messages accepted, duplicates and old boots included.
    pub messages: u64,
    /// Readings released, late ones included.
    pub readings: u64,
    /// Messages seen before.
    pub duplicates: u64,
    /// Messages of a boot that has been replaced.
    pub old_boots: u64,
    /// Messages given up.
    pub lost: u64,
    /// Messages that came after they had been given up.
    pub late: u64,
}

/// What a birth or a data message carries, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Content {
    Birth(Vec<TagBirth>),
    Readings(Vec<Observation>),
}

/// What is remembered of one plant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intake {
    sequence: Sequence<Content>,
    /// Is it there?
    pub presence: Presence,
    /// Event time reached; see `Ingest`.
    pub frontier: Option<Stamp>,
    /// The latest that its gateway's clock has said.
    sent_at: Option<Stamp>,
    /// The tickets that have come.
    #[serde(default)]
    tickets: Numbers,
    #[serde(default)]
    results: Results,
    /// Readings of devices that number nothing.
    #[serde(default)]
    foreign: Waiting,
    /// The exercise that its last message was of.
    #[serde(default)]
    pub plays: Option<String>,
    /// Was its last message signed by a key that we trust?
    #[serde(default)]
    pub signed: bool,
    /// How its simulated time runs, if it said so.
    pub clock: Option<Clock>,
    /// Counters.
    pub counters: Counters,
    /// Per tag: what the last birth said otherwise than our files.
    differs: Vec<Option<Difference>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Difference {
    detail: String,
    readable: bool,
}

impl Intake {
    pub(super) fn new(tags: usize) -> Self {
        Self {
            sequence: Sequence::default(),
            presence: Presence::new(tags),
            frontier: None,
            sent_at: None,
            tickets: Numbers::default(),
            results: Results::default(),
            foreign: Waiting::default(),
            plays: None,
            signed: false,
            clock: None,
            counters: Counters::default(),
            differs: vec![None; tags],
        }
    }

    /// The messages that are waited for: boot, first and last number.
    pub(super) fn missing(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        self.sequence.missing()
    }

    /// Takes in one message of this plant; gives what of it was refused.
    pub(super) fn accept(
        &mut self,
        plant: &PlantTags,
        message: Message,
        received_at: Stamp,
        bounds: Bounds,
        out: &mut Collected,
    ) -> Vec<Refusal> {
        self.counters.messages += 1;
        self.presence.heard_at = self.presence.heard_at.max(Some(received_at));
        let Message { envelope, body } = message;
        let (boot_id, seq) = (envelope.boot_id, envelope.seq);
        let mut refusals = Vec::new();
        let content = match body {
            Body::Death => {
                // A will was written when the connection began, and carries 0.
                let latest = received_at + bounds.skew;
                let at = if seq == 0 { received_at } else { envelope.sent_at.min(latest) };
                if seq > 0 {
                    self.sequence.announce(Place { boot_id, seq, sent_at: at });
                }
                let change = self.presence.died(boot_id, received_at);
                let link = Self::link(plant, change, at, out);
                self.link_alone(plant, link, out);
                return refusals;
            }
            Body::Clock(clock) => {
                if self.sequence.boot_id() <= Some(boot_id) {
                    self.clock = Some(clock);
                }
                return refusals;
            }
            Body::Ticket(ticket) => {
                // The hotline's numbers are its own; the broker may say one twice.
                let standing = self.tickets.take(boot_id, seq);
                if self.is_wanted(standing) {
                    out.tickets.push((plant.index, seq, ticket));
                }
                return refusals;
            }
            Body::Lab(result) => {
                let of = (plant.index, &plant.sites);
                match self.results.accept(of, &envelope, result, received_at, bounds, out) {
                    Ok(standing) => drop(self.is_wanted(standing)),
                    Err(refusal) => refusals.push(refusal),
                }
                return refusals;
            }
            _ if !self.is_welcome(boot_id, seq) => return refusals,
            Body::Birth(birth) => Content::Birth(known_tags(plant, birth, &mut refusals)),
            Body::Data(columns) => {
                let times = times(received_at, bounds);
                Content::Readings(readings(plant, &columns, received_at, times, &mut refusals))
            }
        };
        let Envelope { boot_id, seq, sent_at, exercise, .. } = envelope;
        let place = Place { boot_id, seq, sent_at };
        self.put_in_order(plant, (place, exercise), content, (received_at, bounds), out);
        refusals
    }

    /// Takes in readings that were decoded elsewhere; gives what of them was refused.
    pub(super) fn accept_decoded(
        &mut self,
        plant: &PlantTags,
        decoded: Decoded,
        received_at: Stamp,
        bounds: Bounds,
        out: &mut Collected,
    ) -> Vec<Refusal> {
        let Decoded { mut place, late, mut readings } = decoded;
        self.counters.messages += 1;
        self.presence.heard_at = self.presence.heard_at.max(Some(received_at));
        let mut refusals = Vec::new();
        if !late && !self.is_welcome(place.boot_id, place.seq) {
            return refusals;
        }
        let times = times(received_at, bounds);
        readings.retain(|reading| {
            let is_kept = times.contains(&reading.observed_at);
            if !is_kept {
                refusals.push(plant.out_of_time(reading.tag, reading.observed_at, received_at));
            }
            is_kept
        });
        readings.sort_by_key(|reading| (reading.observed_at, reading.tag));
        let content = Content::Readings(readings);
        if late {
            place.sent_at = place.sent_at.min(received_at + bounds.skew);
            self.take(plant, vec![Step::Late(place, content)], received_at, out);
        } else {
            self.put_in_order(plant, (place, None), content, (received_at, bounds), out);
        }
        refusals
    }

    /// A message that is worth reading takes its place; what has become certain goes on.
    fn put_in_order(
        &mut self,
        plant: &PlantTags,
        (mut place, exercise): (Place, Option<String>),
        content: Content,
        (received_at, bounds): (Stamp, Bounds),
        out: &mut Collected,
    ) {
        // A gateway's clock that runs ahead must not carry event time away with it.
        place.sent_at = place.sent_at.min(received_at + bounds.skew);
        let history = place.sent_at < received_at - bounds.lateness;
        if self.sequence.boot_id() < Some(place.boot_id) {
            self.look_back(plant, (place, exercise.is_some()), received_at, out);
        }
        self.sent_at = self.sent_at.max(Some(place.sent_at));
        self.plays = exercise;
        let mut steps = Vec::new();
        self.sequence.accept(place, history, content, &mut steps);
        self.take(plant, steps, received_at, out);
    }

    /// Time passes: gaps are given up, event time goes on.
    pub(super) fn tick(
        &mut self,
        plant: &PlantTags,
        now: Stamp,
        bounds: Bounds,
        out: &mut Collected,
    ) {
        let bound = now - bounds.lateness;
        let mut steps = Vec::new();
        self.sequence.give_up(bound, &mut steps);
        self.take(plant, steps, now, out);
        self.release_foreign(plant, self.foreign_bound(now, bound), now, out);
        // Of a plant not heard of, no silence counts from long before we listened, however far
        // back the bound of accelerated ones lies.
        let reached = match self.frontier {
            Some(_) => bound,
            None => bound.max(now - BEGINS_BEFORE),
        };
        if !self.sequence.is_holding() && self.frontier < Some(reached) {
            self.frontier = Some(reached);
            out.batches.push(Batch::time(plant.index, reached));
        }
        let certain = self.frontier.map_or(bound, |frontier| frontier.min(bound));
        self.results.release(plant.index, certain, out);
        if !plant.sites.is_empty() {
            out.settled.push((plant.index, certain));
        }
    }

    /// Nothing that is missing can still come.
    pub(super) fn give_up(&mut self, plant: &PlantTags, now: Stamp, out: &mut Collected) {
        let mut steps = Vec::new();
        self.sequence.flush(&mut steps);
        self.take(plant, steps, now, out);
    }

    /// A new boot begins: has its clock gone back? What the old boot still holds goes first.
    fn look_back(
        &mut self,
        plant: &PlantTags,
        (Place { boot_id, sent_at: to, .. }, exercise): (Place, bool),
        received_at: Stamp,
        out: &mut Collected,
    ) {
        let Some(from) = self.sent_at.filter(|from| to < *from) else { return };
        let mut steps = Vec::new();
        self.sequence.flush(&mut steps);
        self.take(plant, steps, received_at, out);
        // Nobody's exercise ends the alarms of a real plant.
        let real = self.plays.is_none() || !exercise;
        out.changes.push((plant.index, IngestChange::ClockBack { boot_id, from, to, real }));
        if !real {
            (self.sent_at, self.frontier) = (None, Some(to));
            self.results.begin_again();
            out.batches.push(Batch { restart: true, ..Batch::time(plant.index, to) });
        }
    }

    /// Is a message at this place worth reading? Counts it when it is not.
    fn is_welcome(&mut self, boot_id: u64, seq: u64) -> bool {
        self.is_wanted(self.sequence.standing(boot_id, seq))
    }

    fn is_wanted(&mut self, standing: Standing) -> bool {
        match standing {
            Standing::New | Standing::Late => return true,
            Standing::Duplicate => self.counters.duplicates += 1,
            Standing::OldBoot => self.counters.old_boots += 1,
        }
        false
    }

    fn take(
        &mut self,
        plant: &PlantTags,
        steps: Vec<Step<Content>>,
        now: Stamp,
        out: &mut Collected,
    ) {
        for step in steps {
            match step {
                Step::Gap { boot_id, from, to } => {
                    self.counters.lost = self.counters.lost.saturating_add(to - from + 1);
                    out.changes.push((plant.index, IngestChange::Gap { boot_id, from, to }));
                }
                Step::Release(place, content) => {
                    self.release(plant, place, content, now, false, out);
                }
                Step::Late(place, content) => {
                    let Place { boot_id, seq, .. } = place;
                    self.counters.late += 1;
                    out.changes.push((plant.index, IngestChange::Late { boot_id, seq }));
                    self.release(plant, place, content, now, true, out);
                }
            }
        }
    }

    fn release(
        &mut self,
        plant: &PlantTags,
        place: Place,
        content: Content,
        now: Stamp,
        late: bool,
        out: &mut Collected,
    ) {
        let Place { boot_id, sent_at, .. } = place;
        match content {
            Content::Birth(_) if late => {} // a newer one may have come since
            Content::Birth(tags) => {
                self.learn(plant, &tags, out);
                let change = self.presence.born(boot_id, now);
                let link = Self::link(plant, change, sent_at, out);
                self.link_alone(plant, link, out);
            }
            Content::Readings(mut observations) => {
                for observation in &mut observations {
                    self.refuse_unit(observation);
                }
                self.counters.readings += observations.len() as u64;
                for observation in &observations {
                    self.presence.saw(observation);
                }
                if late {
                    for observation in &mut observations {
                        observation.flag = observation.flag.worst(Flag::Suspect);
                        observation.tests |= QualityTest::Timing.into();
                    }
                } else {
                    let newest = observations.iter().map(|o| o.observed_at.min(sent_at)).max();
                    self.frontier = self.frontier.max(newest);
                }
                let change = self.presence.spoke(boot_id, sent_at, now);
                let link = Self::link(plant, change, sent_at, out);
                let time = Batch::time(plant.index, self.frontier.unwrap_or(sent_at));
                out.batches.push(Batch { link, late, observations, ..time });
            }
        }
    }

    /// A value of another quantity or unit than our files say is none of ours: it has failed.
    fn refuse_unit(&self, observation: &mut Observation) {
        let differs = self.differs.get(observation.tag.0).and_then(Option::as_ref);
        if differs.is_some_and(|it| !it.readable) && observation.flag != Flag::Missing {
            observation.flag = Flag::Fail;
            observation.tests |= QualityTest::Syntax.into();
        }
    }

    /// Says that the gateway came or went, and passes it on with its event time.
    fn link(
        plant: &PlantTags,
        change: Option<IngestChange>,
        at: Stamp,
        out: &mut Collected,
    ) -> Option<LinkChange> {
        let change = change?;
        let online = matches!(change, IngestChange::Online { .. });
        out.changes.push((plant.index, change));
        Some(LinkChange { at, online })
    }

    /// A change of the link alone: no reading, no time beyond what was reached.
    fn link_alone(&mut self, plant: &PlantTags, link: Option<LinkChange>, out: &mut Collected) {
        let Some(LinkChange { at, .. }) = link else { return };
        let frontier = *self.frontier.get_or_insert(at);
        out.batches.push(Batch { link, ..Batch::time(plant.index, frontier) });
    }

    /// Compares a birth with our files; says what has come to differ since the last one.
    fn learn(&mut self, plant: &PlantTags, tags: &[TagBirth], out: &mut Collected) {
        for birth in tags {
            let Some(tag) = plant.find(&birth.tag) else { continue };
            let Some(differs) = self.differs.get_mut(tag.index.0) else { continue };
            let found = tag.compare(birth);
            let found = found.map(|(detail, readable)| Difference { detail, readable });
            if let Some(Difference { detail, .. }) = found.as_ref().filter(|_| found != *differs) {
                let (tag, detail) = (birth.tag.clone(), detail.clone());
                out.changes.push((plant.index, IngestChange::TagMismatch { tag, detail }));
            }
            *differs = found;
        }
    }
}

/// The tags of a birth that are ours; the others are refused.
fn known_tags(plant: &PlantTags, birth: Birth, refusals: &mut Vec<Refusal>) -> Vec<TagBirth> {
    let (known, unknown): (Vec<_>, Vec<_>) =
        birth.tags.into_iter().partition(|tag| plant.find(&tag.tag).is_some());
    refusals.extend(unknown.iter().map(|tag| unknown_tag(&tag.tag)));
    known
}

fn unknown_tag(tag: &TagId) -> Refusal {
    let detail = format!("our files of this plant name no instrument {tag}");
    Refusal { reason: "unknown-tag", detail }
}

/// When a reading that comes now may have been taken.
fn times(received_at: Stamp, bounds: Bounds) -> RangeInclusive<Stamp> {
    received_at - BACKLOG_MAX..=received_at + bounds.skew
}

fn out_of_time(tag: &TagId, observed_at: Stamp, received_at: Stamp) -> Refusal {
    let away = observed_at - received_at;
    let (reason, away) = if away > Span::ZERO {
        ("future", format!("{away} from now"))
    } else {
        ("past", format!("{} ago", received_at - observed_at))
    };
    Refusal { reason, detail: format!("{tag} says {observed_at}, which is {away}") }
}

/// The readings of a data message, oldest first, then by tag.
fn readings(
    plant: &PlantTags,
    columns: &[Column],
    received_at: Stamp,
    times: RangeInclusive<Stamp>,
    refusals: &mut Vec<Refusal>,
) -> Vec<Observation> {
    let mut readings = Vec::with_capacity(columns.iter().map(|column| column.at.len()).sum());
    for column in columns {
        let Some(tag) = plant.find(&column.tag) else {
            refusals.push(unknown_tag(&column.tag));
            continue;
        };
        let lists = column.at.iter().zip(&column.value).zip(&column.flag);
        for ((&observed_at, value), &flag) in lists {
            if !times.contains(&observed_at) {
                refusals.push(out_of_time(&column.tag, observed_at, received_at));
                continue;
            }
            readings.push(Observation {
                plant: plant.index,
                tag: tag.index,
                observed_at,
                received_at,
                value: value.unwrap_or(0.0),
                flag: if value.is_some() { flag } else { Flag::Missing },
                tests: QualityTests::NONE,
            });
        }
    }
    readings.sort_by_key(|reading| (reading.observed_at, reading.tag));
    readings
}

#[cfg(test)]
mod tests {
    //! What is said of readings that are out of time.

    use super::*;

    #[test]
    fn what_is_out_of_time_is_said_as_ago_or_from_now() {
        let at = |days: i64| Stamp::from_ms(days * Span::DAY.as_ms()).expect("in range");
        let tag = TagId::new("AIT-301").expect("an id");
        let said = |observed: i64| {
            let refusal = out_of_time(&tag, at(observed), at(20_000));
            (refusal.reason, refusal.detail.rsplit(", which is ").next().map(str::to_owned))
        };
        assert_eq!(said(19_960), ("past", Some("40 d ago".to_owned())));
        assert_eq!(said(20_400), ("future", Some("400 d from now".to_owned())));
    }
}
