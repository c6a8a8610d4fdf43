//! How things stood at a past moment, from what a ledger keeps: readings and records.
//!
//! The monitor's own state is kept for the present only, so the readings before the moment are
//! replayed, and all results of laboratories, which are few and count for long. What people have
//! answered, and what was announced before them, stands in the records.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::alarms::event::{AlarmChange, AlarmEvent, AlarmState};
use crate::alarms::state::Phase;
use crate::base::lab_result::LabResult;
use crate::base::{RuleId, Span, Stamp, TagId};
use crate::cli::alarms::Scene;
use crate::cli::exit::Failure;
use crate::exercise::replay::{Given, Item, Replay};
use crate::ledger::record::{Entry, Record};
use crate::ledger::sqlite::Visitor;
use crate::ledger::store::Reading;
use crate::monitor::Monitor;
use crate::monitor::explain::Explanation;
use crate::plant::Plant;
use crate::plant::tags::TagIndex;

/// Readings of so long are enough for every window of the rules.
const LOOK_BACK: Span = Span::hours(72);

/// Readings of so long are held at a time.
const PART: Span = Span::HOUR;

/// What the records of a plant say up to a moment.
#[derive(Debug, Default)]
pub(super) struct History {
    alarms: BTreeMap<(RuleId, Option<TagId>), Said>,
    /// What laboratories had reported, each with when it came.
    results: Vec<(Stamp, LabResult)>,
}

/// What the records say of an alarm.
#[derive(Debug)]
struct Said {
    last: AlarmEvent,
    raised: Option<AlarmEvent>,
}

impl History {
    /// Of the records of a plant.
    pub(super) async fn read(scene: &Scene, plant: &Plant, until: Stamp) -> Result<Self, Failure> {
        let mut history = Self::default();
        let take = &mut |entry: &Entry| match &entry.record {
            Record::Alarm(event) if event.id.plant == plant.id && event.at <= until => {
                history.take(event);
            }
            Record::Lab(event) if event.plant == plant.id && event.at <= until => {
                history.results.push((event.at, event.result.clone()));
            }
            _ => {}
        };
        scene.read(take).await?;
        Ok(history)
    }

    fn take(&mut self, event: &AlarmEvent) {
        let key = (event.id.rule.clone(), event.id.tag.clone());
        let raised = Some(event).filter(|it| it.change == AlarmChange::Raised).cloned();
        match self.alarms.get_mut(&key) {
            Some(said) => {
                said.last = event.clone();
                said.raised = raised.or(said.raised.take());
            }
            None => {
                self.alarms.insert(key, Said { last: event.clone(), raised });
            }
        }
    }

    fn said(&self, it: &Explanation) -> Option<&Said> {
        self.alarms.get(&(it.rule.clone(), it.tag.clone()))
    }

    /// What was last recorded of the alarm that is explained.
    pub(super) fn of(&self, it: &Explanation) -> Option<&AlarmEvent> {
        self.said(it).map(|said| &said.last)
    }

    /// A replay knows neither people's answers nor what came before its first reading: in both the
    /// records are right.
    pub(super) fn correct(&self, it: &mut Explanation) {
        let said = self.said(it);
        let alarm = &mut it.alarm;
        alarm.state = said.map_or(AlarmState::Normal, |said| said.last.state);
        alarm.unanswered = alarm.state.is_unanswered();
        let raised = said.and_then(|said| said.raised.as_ref());
        alarm.raised_at = raised.map(|raised| raised.at);
        alarm.why = raised.map(|raised| raised.why.clone()).unwrap_or_default();
        let since = said.and_then(|said| said.last.since);
        if let (Phase::Active { since }, Some(recorded)) = (&mut alarm.phase, since) {
            *since = recorded;
        }
    }
}

/// A monitor of one plant as it was at `at`, from what had come by then; `history` is up to then.
/// Errors: the ledger cannot be read, or keeps neither a result nor a reading of the three days
/// before.
pub(super) async fn monitor_at(
    scene: &Scene,
    plant: &Arc<Plant>,
    at: Stamp,
    history: &History,
) -> Result<Monitor, Failure> {
    let mut visitor = Visitor::open(&scene.folder).await.map_err(Failure::outside)?;
    let folder = scene.folder.display().to_string();
    let bounds = scene.settings.monitor().bounds;
    let mut replay = Replay::new(vec![Arc::clone(plant)], scene.book.clone(), bounds, &folder);
    let result = |(received_at, result): &(Stamp, LabResult)| Item::Result {
        plant: 0,
        received_at: *received_at,
        result: Box::new(result.clone()),
    };
    let mut results: VecDeque<_> = history.results.iter().collect();
    let mut from = at - LOOK_BACK;
    while from <= at {
        let to = from + PART;
        let mut by_time: BTreeMap<(Stamp, usize), Reading> = BTreeMap::new();
        for (tag, instrument) in plant.instruments.iter().enumerate() {
            let place = (&plant.id, &instrument.tag.id);
            let readings = visitor.readings(place, (from, to)).await.map_err(Failure::outside)?;
            let known = readings.into_iter().filter(|it| it.received_at <= at);
            by_time.extend(known.map(|it| ((it.observed_at, tag), it)));
        }
        for ((observed_at, tag), Reading { value, flag, .. }) in by_time {
            let given =
                Given { plant: 0, tag: TagIndex(tag), observed_at, value, flag, sent: None };
            while let Some(came) = results.pop_front_if(|(came, _)| *came <= observed_at) {
                replay.take(result(came), &mut |_, _| ());
            }
            replay.take(Item::Reading(given), &mut |_, _| ());
        }
        from = to;
    }
    visitor.close().await.map_err(Failure::outside)?;
    for came in results {
        replay.take(result(came), &mut |_, _| ());
    }
    replay.reach(at);
    replay.finish(&mut |_, _| ());
    replay.into_monitor(0).ok_or_else(|| {
        let at = at.at(plant.profile.utc_offset);
        let text = format!(
            "the ledger in {folder} keeps no reading of {} from the three days before {at}",
            plant.id
        );
        Failure::usage(text)
    })
}
