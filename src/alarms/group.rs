//! Which alarms belong together: those of one cause, and the first of them that was raised.
//!
//! An alarm belongs to that of a rule it is inhibited by or follows, to those of its own rule, and
//! to those of rules that follow it, when it is raised soon after them; to a parent also for as
//! long as that stands. What it belongs to once, it keeps until it is raised again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::state::Change;
use super::{Alarms, Key, PlantAlarms};
use crate::alarms::event::{AlarmChange, AlarmEvent, AlarmId};
use crate::base::{RuleId, Span, Stamp};
use crate::inspection::finding::{RuleIndex, Watch};

/// The alarms that an alarm belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grouped {
    /// The first of them that was raised.
    pub first_out: AlarmId,
    /// The one that the others come from, as their rules say; none while that is not known.
    pub cause: Option<AlarmId>,
}

/// Alarms of a list that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Fold<'a> {
    /// What speaks for all: their cause where it is listed, else the first out, else the first of
    /// the list.
    pub lead: &'a AlarmEvent,
    /// All of them, this one too, in the order of the list.
    pub all: Vec<&'a AlarmEvent>,
}

impl<'a> Fold<'a> {
    /// A list that is not folded.
    pub fn each(events: &'a [AlarmEvent]) -> Vec<Self> {
        events.iter().map(|lead| Self { lead, all: vec![lead] }).collect()
    }
}

/// Folds a list; each group stands where the first of it stood.
pub fn fold(events: &[AlarmEvent]) -> Vec<Fold<'_>> {
    let mut folds: Vec<Fold<'_>> = Vec::new();
    let mut known: BTreeMap<&AlarmId, usize> = BTreeMap::new();
    for event in events {
        let group = event.group.as_deref();
        let at = *known.entry(event.belongs_to()).or_insert(folds.len());
        let leads = |id: &AlarmId, lead: &AlarmEvent| {
            let of = group.or(lead.group.as_deref());
            let cause = of.and_then(|of| of.cause.as_ref());
            (cause.is_some_and(|cause| cause.is_of(id)), event.belongs_to().is_of(id))
        };
        match folds.get_mut(at) {
            Some(fold) => {
                if leads(&event.id, fold.lead) > leads(&fold.lead.id, fold.lead) {
                    fold.lead = event;
                }
                fold.all.push(event);
            }
            None => folds.push(Fold { lead: event, all: vec![event] }),
        }
    }
    folds
}

/// Alarms of a plant that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Group {
    #[serde(flatten)]
    of: Grouped,
    /// How many alarms there have been.
    alarms: u32,
    /// How many have not joined another one since; follows from the alarms.
    #[serde(skip)]
    held: u32,
}

/// The groups of a plant, by a number that none of them shares.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Groups {
    next: u64,
    open: BTreeMap<u64, Group>,
    /// Of each rule, the alarm that was raised last; follows from the alarms.
    #[serde(skip)]
    latest: BTreeMap<RuleIndex, (Stamp, Key)>,
}

impl Groups {
    /// Is there none?
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// An alarm of a group was raised. Of several at one moment the last by its tag counts, in
    /// whatever order they came.
    pub(super) fn note(&mut self, at: Stamp, key: Key) {
        let latest = self.latest.entry(key.0).or_insert((at, key));
        *latest = (*latest).max((at, key));
    }

    /// Of this rule, the alarm that was raised last, if that was lately.
    fn lately(&self, rule: RuleIndex, at: Stamp, within: Span) -> Option<Key> {
        self.latest.get(&rule).filter(|(last, _)| at - *last <= within).map(|(_, key)| *key)
    }

    fn begin(&mut self, first_out: AlarmId) -> u64 {
        let number = self.next;
        self.next += 1;
        let of = Grouped { first_out, cause: None };
        self.open.insert(number, Group { of, alarms: 0, held: 0 });
        number
    }

    /// An alarm that was in group `old` is in group `new`.
    fn pass(&mut self, old: Option<u64>, new: u64) {
        if old == Some(new) {
            return;
        }
        if let Some(group) = self.open.get_mut(&new) {
            group.alarms += 1;
            group.held += 1;
        }
        let Some(old) = old else { return };
        if let Some(group) = self.open.get_mut(&old) {
            group.held -= 1;
            if group.held == 0 {
                self.open.remove(&old);
            }
        }
    }
}

/// How an alarm has found its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tie {
    /// It comes from this one.
    Parent(Key),
    /// Another of its rule is there.
    Same,
    /// One that comes from it is there.
    Child,
}

impl PlantAlarms {
    /// An alarm of a parent rule that was raised lately, or stands.
    fn parent(&self, rule: RuleIndex, at: Stamp, within: Span) -> Option<Key> {
        let standing = || {
            let mut of_rule = self.alarms.range((rule, None)..).take_while(|it| it.0.0 == rule);
            let stands = |alarm: &super::Alarm| alarm.state.announced && alarm.state.stands();
            of_rule.find(|(_, alarm)| stands(alarm) && alarm.group.is_some()).map(|(key, _)| *key)
        };
        self.groups.lately(rule, at, within).or_else(standing)
    }

    /// Goes on from a checkpoint, once the alarms are there.
    pub(super) fn resume_groups(&mut self, groups: Groups) {
        self.groups = groups;
        for (key, alarm) in &mut self.alarms {
            let group = alarm.group.and_then(|number| self.groups.open.get_mut(&number));
            match group.zip(alarm.raised_at) {
                Some((group, at)) => {
                    group.held += 1;
                    self.groups.note(at, *key);
                }
                None => alarm.group = None,
            }
        }
        self.groups.open.retain(|_, group| group.held > 0);
    }

    fn group_of(&self, key: Key) -> Option<&Group> {
        self.groups.open.get(&self.alarms.get(&key)?.group?)
    }
}

impl Alarms {
    /// An alarm has been raised, or a parent has begun to speak for it: it finds the others it
    /// belongs to.
    pub(super) fn join(&mut self, watch: Watch, change: &Change) {
        let key = (watch.rule, watch.tag);
        let is_raised = change.change == AlarmChange::Raised;
        let found = self.tie(watch, change.at, is_raised);
        let cause = match found {
            Some((_, Tie::Parent(parent))) => self.occurrence(watch, parent),
            _ => self.id(watch, change.occurrence),
        };
        let Some((cause, plant)) = cause.zip(self.plants.get_mut(watch.plant.0)) else { return };
        let old = plant.alarms.get(&key).and_then(|alarm| alarm.group);
        let new = match found {
            Some((number, tie)) => {
                if let Some(group) = plant.groups.open.get_mut(&number) {
                    let known = group.of.cause.as_ref().map(|known| &known.rule);
                    let comes_from_it = |rule: &RuleId| {
                        let followers = self.followers.get(watch.rule.0).into_iter().flatten();
                        let mut rules = followers.filter_map(|it| self.rules.get(it.0));
                        rules.any(|known| known.id == *rule)
                    };
                    let is_news = match tie {
                        Tie::Parent(_) => known.is_none(),
                        Tie::Same => false,
                        Tie::Child => known.is_none_or(comes_from_it),
                    };
                    if is_news {
                        group.of.cause = Some(cause);
                    }
                }
                number
            }
            None if is_raised => plant.groups.begin(cause),
            None => return,
        };
        plant.groups.pass(old, new);
        if is_raised {
            plant.groups.note(change.at, key);
        }
        if let Some(alarm) = plant.alarms.get_mut(&key) {
            alarm.group = Some(new);
        }
    }

    /// The group that an alarm belongs to at `at`; when it is not being raised, that of a parent,
    /// unless it has company already.
    fn tie(&self, watch: Watch, at: Stamp, is_raised: bool) -> Option<(u64, Tie)> {
        let plant = self.plants.get(watch.plant.0)?;
        let rule = self.rules.get(watch.rule.0)?;
        let within = self.handling.load.group_within;
        let number = |key: Key| plant.alarms.get(&key)?.group;
        let mine = (watch.rule, watch.tag);
        if !is_raised && plant.group_of(mine).is_none_or(|group| group.alarms > 1) {
            return None;
        }
        let mut parents = rule.inhibited_by.iter().chain(&rule.follows);
        let parent = parents.find_map(|parent| {
            let key = plant.parent(*parent, at, within).filter(|key| *key != mine)?;
            Some((number(key)?, Tie::Parent(key)))
        });
        if parent.is_some() || !is_raised {
            return parent;
        }
        let lately = |rule| number(plant.groups.lately(rule, at, within)?);
        let mut followers = self.followers.get(watch.rule.0).into_iter().flatten();
        let same = lately(watch.rule).map(|number| (number, Tie::Same));
        same.or_else(|| followers.find_map(|rule| Some((lately(*rule)?, Tie::Child))))
    }

    /// The last occurrence of an alarm of the same plant.
    fn occurrence(&self, Watch { plant, .. }: Watch, (rule, tag): Key) -> Option<AlarmId> {
        let watch = Watch { rule, plant, tag };
        self.id(watch, self.state(watch).occurrence)
    }

    /// What an alarm belongs to; none when it is alone. One that was never raised, as a parent
    /// speaks for it, belongs to that.
    pub(super) fn grouped(&self, watch: Watch) -> Option<Grouped> {
        let plant = self.plants.get(watch.plant.0)?;
        let own = plant.group_of((watch.rule, watch.tag));
        if let Some(group) = own.filter(|group| group.alarms > 1) {
            return Some(group.of.clone());
        }
        if own.is_some() || !self.state(watch).suppressed {
            return None;
        }
        let parents = &self.rules.get(watch.rule.0)?.inhibited_by;
        let holds = |key: &Key| plant.alarms.get(key).is_some_and(|it| it.state.holds());
        let of_parent = |rule: &RuleIndex| {
            let keys = plant.alarms.range((*rule, None)..).map(|(key, _)| *key);
            let mut keys = keys.take_while(|key| key.0 == *rule).filter(holds);
            keys.find_map(|key| Some((key, plant.group_of(key)?)))
        };
        let (parent, group) = parents.iter().find_map(of_parent)?;
        let cause = group.of.cause.clone().or_else(|| self.occurrence(watch, parent));
        Some(Grouped { cause, ..group.of.clone() })
    }
}
