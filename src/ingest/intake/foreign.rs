//! Readings of devices that number nothing: put in order by their times.
//!
//! They wait until nothing older may come (the mapping says how late readings may be), and count
//! once for each instrument and time. What comes after that is late.

use serde::{Deserialize, Serialize};

use super::{Content, Intake, PlantTags, times, unknown_tag};
use crate::base::{Flag, QualityTests, Span, Stamp};
use crate::ingest::observation::Observation;
use crate::ingest::presence::Link;
use crate::ingest::sequence::{Place, Step};
use crate::ingest::{Bounds, Collected};
use crate::plant::tags::TagIndex;
use crate::telemetry::mapping::Reading;
use crate::telemetry::wire::Refusal;

/// Times that are remembered, so that a message that comes again is known; the oldest go first.
const REMEMBERED: usize = 4_096;

/// What waits of one plant.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// Sorted by time, then tag.
    held: Vec<Observation>,
    /// Sorted.
    seen: Vec<(Stamp, TagIndex)>,
    /// Messages so far.
    messages: u64,
    /// How late its readings may be, as their mapping says.
    #[serde(default)]
    lateness: Option<Span>,
}

impl Waiting {
    /// Is this the first reading of its instrument and time?
    fn is_new(&mut self, reading: &Observation) -> bool {
        let key = (reading.observed_at, reading.tag);
        let Err(at) = self.seen.binary_search(&key) else { return false };
        self.seen.insert(at, key);
        if self.seen.len() > REMEMBERED {
            self.seen.drain(..REMEMBERED / 4);
        }
        true
    }

    /// Keeps a reading until its turn.
    fn hold(&mut self, reading: Observation) {
        let key = (reading.observed_at, reading.tag);
        let at = self.held.partition_point(|held| (held.observed_at, held.tag) <= key);
        self.held.insert(at, reading);
    }

    /// The time of the oldest reading that waits.
    fn oldest(&self) -> Option<Stamp> {
        self.held.first().map(|held| held.observed_at)
    }

    /// Takes out what was observed before `bound`, oldest first.
    fn before(&mut self, bound: Stamp) -> Vec<Observation> {
        let count = self.held.partition_point(|held| held.observed_at < bound);
        self.held.drain(..count).collect()
    }
}

impl PlantTags {
    /// A reading of a foreign device. Errors: our files name no such instrument.
    pub(in crate::ingest) fn foreign(
        &self,
        reading: &Reading,
        received_at: Stamp,
    ) -> Result<Observation, Refusal> {
        let tag = self.find(&reading.tag).ok_or_else(|| unknown_tag(&reading.tag))?;
        Ok(Observation {
            plant: self.index,
            tag: tag.index,
            observed_at: reading.at,
            received_at,
            value: reading.value.unwrap_or(0.0),
            flag: if reading.value.is_some() { reading.flag } else { Flag::Missing },
            tests: QualityTests::NONE,
        })
    }
}

impl Intake {
    /// Takes in readings of a device that numbers nothing; gives what of them was refused. They
    /// wait until nothing older may come.
    pub(in crate::ingest) fn accept_foreign(
        &mut self,
        plant: &PlantTags,
        readings: Vec<Observation>,
        received_at: Stamp,
        bounds: Bounds,
        out: &mut Collected,
    ) -> Vec<Refusal> {
        let (boot_id, seq) = (0, self.foreign.messages);
        self.counters.messages += 1;
        self.foreign.messages += 1;
        self.presence.heard_at = self.presence.heard_at.max(Some(received_at));
        let times = times(received_at, bounds);
        let (mut late, mut refusals) = (Vec::new(), Vec::new());
        for reading in readings {
            if !times.contains(&reading.observed_at) {
                refusals.push(plant.out_of_time(reading.tag, reading.observed_at, received_at));
            } else if !self.foreign.is_new(&reading) {
                self.counters.duplicates += 1;
            } else if Some(reading.observed_at) < self.frontier {
                late.push(reading);
            } else {
                self.foreign.hold(reading);
            }
        }
        if self.presence.link == Link::Unknown {
            let change = self.presence.born(boot_id, received_at);
            let begins = received_at - bounds.lateness;
            let begins = self.foreign.oldest().map_or(begins, |oldest| oldest.min(begins));
            let link = Self::link(plant, change, begins, out);
            self.link_alone(plant, link, out);
        }
        if !late.is_empty() {
            let place = Place { boot_id, seq, sent_at: received_at };
            self.take(plant, vec![Step::Late(place, Content::Readings(late))], received_at, out);
        }
        self.foreign.lateness = Some(bounds.lateness);
        self.release_foreign(plant, received_at - bounds.lateness, received_at, out);
        refusals
    }

    /// Before which moment nothing of its devices can come any more; `bound` if they have said
    /// nothing else.
    pub(super) fn foreign_bound(&self, now: Stamp, bound: Stamp) -> Stamp {
        self.foreign.lateness.map_or(bound, |lateness| bound.max(now - lateness))
    }

    /// Readings that waited, and before which nothing can come any more, go on.
    pub(super) fn release_foreign(
        &mut self,
        plant: &PlantTags,
        bound: Stamp,
        now: Stamp,
        out: &mut Collected,
    ) {
        let readings = self.foreign.before(bound);
        if readings.is_empty() {
            return;
        }
        let place = Place { boot_id: 0, seq: self.foreign.messages, sent_at: bound };
        self.release(plant, place, Content::Readings(readings), now, false, out);
    }
}
