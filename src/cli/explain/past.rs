//! How things stood at a past moment, from what a ledger keeps: readings and records.
//!
//! The monitor's own state is kept for the present only, so the rules are taken once more through
//! the readings before the moment. What people have answered stands in the records.

use std::collections::BTreeMap;

use crate::alarms::event::AlarmEvent;
use crate::base::{Flag, PlantId, QualityTests, RuleId, Span, Stamp, TagId};
use crate::cli::alarms::Scene;
use crate::cli::exit::Failure;
use crate::ingest::Batch;
use crate::ingest::observation::{Observation, PlantIndex};
use crate::ledger::record::{Entry, Record};
use crate::ledger::sqlite::Visitor;
use crate::ledger::store::StoreError;
use crate::monitor::explain::Explanation;
use crate::monitor::{Inspected, Monitor};
use crate::plant::tags::TagIndex;

/// Readings of so long are enough for every window of the rules.
const LOOK_BACK: Span = Span::hours(72);

type Key = (PlantId, RuleId, Option<TagId>);

/// The last record of each alarm.
#[derive(Debug, Default)]
pub(super) struct History(BTreeMap<Key, AlarmEvent>);

impl History {
    /// Of all records up to a moment.
    pub(super) async fn read(scene: &Scene, until: Stamp) -> Result<Self, Failure> {
        let mut last = BTreeMap::new();
        let mut take = |entry: &Entry| {
            if let Record::Alarm(event) = &entry.record
                && event.at <= until
            {
                let id = &event.id;
                let key = (id.plant.clone(), id.rule.clone(), id.tag.clone());
                last.insert(key, event.clone());
            }
        };
        scene.read(&mut take).await?;
        Ok(Self(last))
    }

    /// What was last recorded of the alarm that is explained.
    pub(super) fn of(&self, it: &Explanation) -> Option<&AlarmEvent> {
        self.0.get(&(it.plant.clone(), it.rule.clone(), it.tag.clone()))
    }
}

/// A monitor that has taken what had come by `at`, from the readings of the three days before.
/// Errors: the ledger cannot be read, or keeps no reading of that time.
pub(super) async fn monitor_at(
    scene: &Scene,
    plant: Option<&PlantId>,
    at: Stamp,
) -> Result<Monitor, Failure> {
    let mut monitor = scene.new_monitor();
    let mut visitor = Visitor::open(&scene.folder).await.map_err(Failure::outside)?;
    let mut known = false;
    for (index, of_plant) in scene.plants.iter().enumerate() {
        if plant.is_some_and(|wanted| *wanted != of_plant.id) {
            continue;
        }
        let mut by_time: BTreeMap<Stamp, Vec<Observation>> = BTreeMap::new();
        for (tag, instrument) in of_plant.instruments.iter().enumerate() {
            let (place, times) = ((&of_plant.id, &instrument.tag.id), (at - LOOK_BACK, at));
            let readings = visitor.readings(place, times).await;
            let readings = readings.map_err(|error: StoreError| Failure::outside(error))?;
            for it in readings.into_iter().filter(|it| it.received_at <= at) {
                by_time.entry(it.observed_at).or_default().push(Observation {
                    plant: PlantIndex(index),
                    tag: TagIndex(tag),
                    observed_at: it.observed_at,
                    received_at: it.received_at,
                    value: it.value.unwrap_or(f64::NAN),
                    flag: if it.value.is_some() { it.flag } else { Flag::Missing },
                    tests: QualityTests::NONE,
                });
            }
        }
        known |= !by_time.is_empty();
        let mut inspected = Inspected::default();
        for (frontier, observations) in by_time {
            let plant = PlantIndex(index);
            let (restart, link, late) = (false, None, false);
            let mut batch = Batch { plant, restart, link, frontier, late, observations };
            monitor.inspect(&mut batch, &mut inspected);
        }
    }
    visitor.close().await.map_err(Failure::outside)?;
    if known {
        Ok(monitor)
    } else {
        let text = format!(
            "the ledger in {} keeps no reading of the three days before {at}",
            scene.folder.display()
        );
        Err(Failure::usage(text))
    }
}
