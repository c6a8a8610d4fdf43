//! What a view needs to know of the monitor, at one moment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Monitor;
use crate::alarms::event::{AlarmEvent, AlarmId};
use crate::alarms::flood::Flood;
use crate::base::{Flag, PlantId, Stamp, TagId};
use crate::ingest::Counters;
use crate::ingest::observation::{Observation, PlantIndex};
use crate::ingest::presence::Link;
use crate::inspection::finding::Verdict;
use crate::inspection::signal::notice::Doubt;
use crate::plant::Plant;
use crate::plant::tags::TagIndex;
use crate::telemetry::wire::Clock;

/// Values kept per tag for a small curve.
pub const TREND_MAX: usize = 60;

/// The monitor at one moment.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Snapshot {
    /// Plants, in the monitor's order.
    pub plants: Vec<PlantSnapshot>,
    /// Messages, or parts of them, that were refused, by reason; strangers' included.
    pub refused: BTreeMap<String, u64>,
}

impl Snapshot {
    /// Readings accepted so far, of all plants.
    pub fn readings(&self) -> u64 {
        self.plants.iter().map(|plant| plant.counters.readings).sum()
    }
}

/// One plant at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlantSnapshot {
    /// The plant.
    pub id: PlantId,
    /// Is its gateway there? None when nothing has been heard of it.
    pub online: Option<bool>,
    /// When its last message came, on the monitor's clock.
    pub heard_at: Option<Stamp>,
    /// Event time reached.
    pub frontier: Option<Stamp>,
    /// How its simulated time runs, if it said so.
    pub clock: Option<Clock>,
    /// The exercise it plays; none: it is real, or has not been heard.
    pub exercise: Option<String>,
    /// Is what it says signed by a key that we trust? Otherwise anybody may have said it.
    pub signed: bool,
    /// Its instruments, in the order of `Plant::instruments`.
    pub tags: Vec<TagSnapshot>,
    /// Alarms that a person should see, each as an event at the moment it was raised, with its
    /// present state.
    pub standing: Vec<AlarmEvent>,
    /// Those on the shelf, and until when.
    pub shelves: Vec<(AlarmId, Stamp)>,
    /// The flood of alarms that goes on.
    pub flood: Option<Flood>,
    /// What came of it.
    pub counters: Counters,
    /// Messages in its name, or parts of them, that were refused.
    pub refused: u64,
}

/// One instrument at one moment.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct TagSnapshot {
    /// Its last reading.
    pub latest: Option<Observation>,
    /// What the rules say of it, the worst first: abnormal, no data, normal; none before they have
    /// said anything.
    pub verdict: Option<Verdict>,
    /// Its last values, oldest first, at most `TREND_MAX`; those that have failed are left out.
    pub trend: Vec<f64>,
    /// Readings that the tests of signal quality have doubted; one that two of them doubt at
    /// different moments counts twice.
    pub doubtful: u64,
}

/// What is remembered of a plant for views.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PlantView {
    /// Event time the rules have reached.
    pub reached: Option<Stamp>,
    tags: Vec<TagView>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct TagView {
    latest: Option<Observation>,
    trend: Trend,
    doubtful: u64,
}

/// The last values; adding one to a full trend allocates nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Trend {
    values: Vec<f64>,
    /// Where the oldest of a full trend stands.
    oldest: usize,
}

/// A view with the names it belongs to, in a checkpoint.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Remembered {
    plant: PlantId,
    tags: Vec<TagId>,
    pub view: PlantView,
}

impl Remembered {
    pub fn new(plant: &Plant, view: &PlantView) -> Self {
        let tags = plant.instruments.iter().map(|instrument| instrument.tag.id.clone());
        Self { plant: plant.id.clone(), tags: tags.collect(), view: view.clone() }
    }

    pub fn is_of(&self, plant: &Plant) -> bool {
        let tags = plant.instruments.iter().map(|instrument| &instrument.tag.id);
        self.plant == plant.id && tags.eq(&self.tags)
    }
}

impl PlantView {
    /// The last reading of an instrument.
    pub(super) fn latest(&self, tag: Option<TagIndex>) -> Option<Observation> {
        self.tags.get(tag?.0)?.latest
    }

    pub fn new(tags: usize) -> Self {
        Self { reached: None, tags: vec![TagView::default(); tags] }
    }

    pub fn see(&mut self, observation: &Observation) {
        let Some(tag) = self.tags.get_mut(observation.tag.0) else { return };
        if tag.latest.is_some_and(|latest| latest.observed_at > observation.observed_at) {
            return;
        }
        tag.latest = Some(*observation);
        if !matches!(observation.flag, Flag::Missing | Flag::Fail) {
            tag.trend.push(observation.value);
        }
    }

    /// A test doubts a reading: counted, and marked if it is the latest.
    pub fn doubt(&mut self, doubt: &Doubt) {
        let Some(tag) = self.tags.get_mut(doubt.tag.0) else { return };
        tag.doubtful += 1;
        let latest = tag.latest.as_mut().filter(|it| it.observed_at == doubt.observed_at);
        if let Some(latest) = latest.filter(|_| doubt.later) {
            latest.flag = latest.flag.worst(doubt.flag);
            latest.tests |= doubt.tests;
        }
    }
}

impl Trend {
    fn push(&mut self, value: f64) {
        if self.values.len() < TREND_MAX {
            self.values.push(value);
        } else if let Some(oldest) = self.values.get_mut(self.oldest) {
            *oldest = value;
            self.oldest = (self.oldest + 1) % TREND_MAX;
        }
    }

    fn to_vec(&self) -> Vec<f64> {
        let (newer, older) = self.values.split_at(self.oldest.min(self.values.len()));
        older.iter().chain(newer).copied().collect()
    }
}

pub(super) fn take(monitor: &Monitor) -> Snapshot {
    let mut plants: Vec<PlantSnapshot> = monitor
        .plants
        .iter()
        .zip(&monitor.views)
        .enumerate()
        .map(|(at, (plant, view))| plant_snapshot(monitor, PlantIndex(at), &plant.id, view))
        .collect();
    for (watch, verdict) in monitor.inspection.watches() {
        let tag =
            watch.tag.and_then(|TagIndex(tag)| plants.get_mut(watch.plant.0)?.tags.get_mut(tag));
        if let Some(tag) = tag {
            tag.verdict = worse(tag.verdict, verdict);
        }
    }
    Snapshot { plants, refused: monitor.ingest.refused() }
}

fn plant_snapshot(
    monitor: &Monitor,
    index: PlantIndex,
    id: &PlantId,
    view: &PlantView,
) -> PlantSnapshot {
    let intake = monitor.ingest.intake(index);
    let tags = view.tags.iter().map(|tag| TagSnapshot {
        latest: tag.latest,
        verdict: None,
        trend: tag.trend.to_vec(),
        doubtful: tag.doubtful,
    });
    PlantSnapshot {
        id: id.clone(),
        online: intake.and_then(|intake| match intake.presence.link {
            Link::Unknown => None,
            Link::Online => Some(true),
            Link::Offline => Some(false),
        }),
        heard_at: intake.and_then(|intake| intake.presence.heard_at),
        frontier: intake.and_then(|intake| intake.frontier),
        clock: intake.and_then(|intake| intake.clock),
        exercise: intake.and_then(|intake| intake.plays.clone()),
        signed: intake.is_some_and(|intake| intake.signed),
        tags: tags.collect(),
        standing: monitor.alarms.standing(index),
        shelves: monitor.alarms.shelves(index),
        flood: monitor.alarms.flood(index).cloned(),
        counters: intake.map(|intake| intake.counters).unwrap_or_default(),
        refused: monitor.ingest.refused_of(id),
    }
}

/// The worse of two verdicts.
fn worse(one: Option<Verdict>, other: Option<Verdict>) -> Option<Verdict> {
    let rank = |verdict| match verdict {
        None => 0,
        Some(Verdict::Normal) => 1,
        Some(Verdict::NoData) => 2,
        Some(Verdict::Abnormal) => 3,
    };
    if rank(other) > rank(one) { other } else { one }
}
