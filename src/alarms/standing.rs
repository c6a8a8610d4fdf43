//! How one alarm stands, whether or not anybody has been told of it.

use serde::Serialize;

use crate::alarms::event::{AlarmChange, AlarmEvent, AlarmId, AlarmState};
use crate::alarms::state::{Change, Chatter, Phase};
use crate::alarms::stop::Announced;
use crate::alarms::{Alarm, Alarms, Key};
use crate::base::{RuleId, Stamp, TagId};
use crate::ingest::observation::PlantIndex;
use crate::inspection::finding::{Watch, Why};

/// How one alarm stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// What a person sees.
    pub state: AlarmState,
    /// The condition with its delays.
    pub phase: Phase,
    /// When the last occurrence was announced; none when there was none.
    pub raised_at: Option<Stamp>,
    /// Must somebody answer?
    pub unanswered: bool,
    /// It comes and goes: since when, and how often.
    pub chatter: Option<Chatter>,
    /// When it is calm, unless it moves before.
    pub calm_at: Option<Stamp>,
    /// On the shelf until.
    pub shelved_until: Option<Stamp>,
    /// What the last occurrence was raised for.
    pub why: Why,
    /// Alarms whose conditions hold and that speak for this one.
    pub spoken_for_by: Vec<(RuleId, Option<TagId>)>,
    /// The announced stop of supply that keeps it silent, or will.
    pub stop: Option<Announced>,
}

impl Alarms {
    /// The alarms on the shelf of a plant, and until when each lies there.
    pub fn shelves(&self, plant: PlantIndex) -> Vec<(AlarmId, Stamp)> {
        let alarms = self.plants.get(plant.0).into_iter().flat_map(|plant| &plant.alarms);
        let shelved = alarms.filter_map(|((rule, tag), alarm)| {
            let watch = Watch { rule: *rule, plant, tag: *tag };
            Some((self.id(watch, alarm.state.occurrence)?, alarm.state.shelved_until?))
        });
        shelved.collect()
    }

    /// How the alarm of a rule at a place stands.
    pub fn standing_at(&self, watch: Watch) -> Standing {
        let state = self.state(watch);
        let of_plant = self.plants.get(watch.plant.0);
        let alarm = of_plant.and_then(|plant| plant.alarms.get(&(watch.rule, watch.tag)));
        let rule = self.rules.get(watch.rule.0);
        let parents = rule.map(|rule| rule.inhibited_by.as_slice()).unwrap_or_default();
        let holding = of_plant.into_iter().flat_map(|plant| &plant.alarms);
        let holding = holding.filter(|((rule, _), it)| parents.contains(rule) && it.state.holds());
        let spoken_for_by = holding.filter_map(|((rule, tag), _)| {
            let id = self.id(Watch { rule: *rule, tag: *tag, ..watch }, 0)?;
            Some((id.rule, id.tag))
        });
        Standing {
            state: state.shown(),
            phase: state.phase,
            raised_at: alarm.and_then(|alarm| alarm.raised_at),
            unanswered: state.unanswered,
            chatter: state.chatter,
            calm_at: rule.and_then(|rule| state.calm_at(&rule.policy)),
            shelved_until: state.shelved_until,
            why: alarm.map(|alarm| alarm.why.clone()).unwrap_or_default(),
            spoken_for_by: spoken_for_by.collect(),
            stop: self.announced_at(watch),
        }
    }

    /// An alarm as lists show it; none where nothing stands, waits, or is set aside.
    pub(super) fn listed(&self, plant: PlantIndex, (rule, tag): Key) -> Option<AlarmEvent> {
        let watch = Watch { rule, plant, tag };
        let policy = &self.rules.get(rule.0)?.policy;
        let alarm = self.plants.get(plant.0)?.alarms.get(&(rule, tag))?;
        let Alarm { state, raised_at, ref why, .. } = *alarm;
        let idle = !state.announced && !state.unanswered && !state.stands();
        match state.shown() {
            AlarmState::Normal => return None,
            AlarmState::SuppressedByDesign if idle => return None,
            _ => {}
        }
        let aside = match state.shown() {
            AlarmState::Shelved => AlarmChange::Shelved,
            AlarmState::OutOfService => AlarmChange::RemovedFromService,
            _ => AlarmChange::Raised,
        };
        let change = Change {
            at: raised_at.or(state.since()).or(state.said_at).or(state.shelved_until)?,
            // What has never been raised is there for what was done with it.
            change: if raised_at.is_some() { AlarmChange::Raised } else { aside },
            state: state.shown(),
            since: state.since(),
            steps: state.steps(policy),
            chatter: state.chatter,
            stop: state.stop,
            occurrence: state.occurrence,
        };
        self.event(watch, &change, why.clone(), None)
    }
}
