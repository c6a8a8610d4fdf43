//! Announced stops of supply, as a report shows them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::alarms::event::{AlarmChange, AlarmEvent, AlarmId, By, Stop};
use crate::base::{PlantId, Span, Stamp};

/// An announced stop of the period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PastStop {
    /// Whose.
    pub plant: PlantId,
    /// When it began.
    pub from: Stamp,
    /// When it was over, for the last alarm that was told of it; the end of the period for one that
    /// was not.
    pub to: Stamp,
    /// Who announced it, and what for.
    pub by: Option<By>,
    /// Alarms that were told of it.
    pub told: usize,
    /// How many of them would have called somebody, and were suppressed in it.
    pub suppressed: usize,
}

impl PastStop {
    /// How long it lasted within the period.
    pub fn lasted(&self) -> Span {
        self.to - self.from
    }
}

/// A stop, and the alarms that were told of it.
struct Told<'e> {
    by: Option<&'e By>,
    until: Stamp,
    ends: BTreeMap<AlarmId, Stamp>,
    suppressed: BTreeSet<AlarmId>,
}

/// What one announcement tells of is one stop: its beginning, plant and end, and when it was said.
type Key = (Stamp, PlantId, Stamp, Stamp);

/// The stops that began within the period, in the order of time. Events are in the order of time.
pub(super) fn past(events: &[&AlarmEvent], to: Stamp) -> Vec<PastStop> {
    let mut stops: BTreeMap<Key, Told<'_>> = BTreeMap::new();
    let mut present: BTreeMap<AlarmId, Key> = BTreeMap::new();
    for event in events {
        let alarm = event.id.as_such();
        let is_over =
            matches!(event.change, AlarmChange::StopAnnounced | AlarmChange::StopWithdrawn);
        if is_over && let Some(key) = present.remove(&alarm) {
            close(&mut stops, &key, &alarm, event.at);
        }
        match (event.change, event.stop.as_deref()) {
            (AlarmChange::StopAnnounced, Some(Stop { from, until })) => {
                let from = (*from).max(event.at);
                let key = (from, event.id.plant.clone(), *until, event.at);
                let told = stops.entry(key.clone()).or_insert_with(|| Told {
                    by: event.by.as_ref(),
                    until: *until,
                    ends: BTreeMap::new(),
                    suppressed: BTreeSet::new(),
                });
                told.ends.insert(alarm.clone(), *until);
                present.insert(alarm, key);
            }
            (AlarmChange::Suppressed, Some(_)) => {
                let told = present.get(&alarm).filter(|(from, ..)| *from <= event.at);
                let told = told.and_then(|key| stops.get_mut(key));
                if let Some(told) = told.filter(|told| event.at < told.until) {
                    told.suppressed.insert(alarm);
                }
            }
            _ => {}
        }
    }
    let begun = stops.into_iter().filter(|((from, ..), told)| *from < to && !told.ends.is_empty());
    let stops = begun.map(|((from, plant, ..), told)| PastStop {
        plant,
        from,
        to: told.ends.values().max().map_or(from, |end| (*end).min(to)),
        by: told.by.cloned(),
        told: told.ends.len(),
        suppressed: told.suppressed.len(),
    });
    stops.collect()
}

/// The stop is over for an alarm at `at`, or never was when it had not begun.
fn close(stops: &mut BTreeMap<Key, Told<'_>>, key: &Key, alarm: &AlarmId, at: Stamp) {
    let Some(told) = stops.get_mut(key) else { return };
    if at <= key.0 {
        told.ends.remove(alarm);
    } else if let Some(end) = told.ends.get_mut(alarm) {
        *end = (*end).min(at);
    }
}
