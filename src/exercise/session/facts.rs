//! What triggers ask for, and when each was met.

use std::collections::BTreeMap;

use super::log::Moment;
use crate::base::{RuleId, Span, Stamp, TagId};
use crate::plant::Plant;
use crate::scenario::exercise::Trigger;

/// What has come to pass so far.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Now.
    pub now: Moment,
    /// First time that each alarm was raised.
    raised: BTreeMap<(RuleId, Option<TagId>), Moment>,
    /// When each task was done first, after it had begun to count.
    pub done: Vec<Option<Moment>>,
    /// When each message was shown.
    told: BTreeMap<String, Moment>,
    /// The truth at each tag.
    truths: BTreeMap<TagId, f64>,
}

impl Facts {
    /// Nothing yet, of an exercise with so many tasks that begins at `start`.
    pub fn new(start: Stamp, tasks: usize) -> Self {
        Self {
            now: Moment { at: start, wall_s: 0.0 },
            raised: BTreeMap::new(),
            done: vec![None; tasks],
            told: BTreeMap::new(),
            truths: BTreeMap::new(),
        }
    }

    /// An alarm was raised at `at` and is heard of now.
    pub fn raise(&mut self, rule: &RuleId, tag: Option<&TagId>, at: Stamp) {
        let moment = Moment { at, wall_s: self.now.wall_s };
        self.raised.entry((rule.clone(), tag.cloned())).or_insert(moment);
    }

    /// A message was shown.
    pub fn tell(&mut self, message: &str) {
        self.told.insert(message.to_owned(), self.now);
    }

    /// When a message was shown.
    pub fn told(&self, message: &str) -> Option<Moment> {
        self.told.get(message).copied()
    }

    /// The truth at the plant's tags now.
    pub fn see(&mut self, plant: &Plant, at_tags: &[Option<f64>]) {
        for (instrument, value) in plant.instruments.iter().zip(at_tags) {
            if let Some(value) = value {
                self.truths.insert(instrument.tag.id.clone(), *value);
            }
        }
    }

    /// When the first alarm of that name was raised.
    fn raised(&self, alarm: &crate::scenario::AlarmName) -> Option<Moment> {
        let meant = self.raised.iter().filter(|((rule, tag), _)| alarm.covers(rule, tag.as_ref()));
        meant.map(|(_, moment)| *moment).min_by_key(|moment| moment.at)
    }
}

/// A trigger that is waited for.
#[derive(Debug, Clone)]
pub struct Waiting {
    trigger: Trigger,
    /// Since when the truth has been beyond its bound.
    beyond: Option<Stamp>,
    met: Option<Moment>,
}

impl Waiting {
    /// Waits for `trigger`.
    pub fn new(trigger: &Trigger) -> Self {
        Self { trigger: trigger.clone(), beyond: None, met: None }
    }

    /// When it was met.
    pub fn met(&self) -> Option<Moment> {
        self.met
    }

    /// Looks again; gives the moment when it has just been met.
    pub fn look(&mut self, facts: &Facts) -> Option<Moment> {
        if self.met.is_some() || !self.is_met(facts) {
            return None;
        }
        self.met = Some(match &self.trigger {
            // The wall's clock runs from when people could know of it.
            Trigger::Raised { alarm, .. } => Moment {
                at: facts.raised(alarm).map_or(facts.now.at, |moment| moment.at),
                wall_s: facts.now.wall_s,
            },
            _ => facts.now,
        });
        self.met
    }

    fn is_met(&mut self, facts: &Facts) -> bool {
        let now = facts.now.at;
        let passed = |since: Option<Moment>, wait: Span| since.is_some_and(|m| now >= m.at + wait);
        match &self.trigger {
            Trigger::At(at) => now >= *at,
            Trigger::Truth { tag, below, bound, lasting } => {
                let value = facts.truths.get(tag);
                let is_beyond = value.is_some_and(|v| if *below { v < bound } else { v > bound });
                self.beyond = is_beyond.then(|| self.beyond.unwrap_or(now));
                self.beyond.is_some_and(|since| now >= since + *lasting)
            }
            Trigger::Undone { task, by } => now >= *by && facts.done[*task].is_none(),
            Trigger::Done { task, wait } => passed(facts.done[*task], *wait),
            Trigger::Raised { alarm, wait } => passed(facts.raised(alarm), *wait),
            Trigger::Told { message, wait } => passed(facts.told(message), *wait),
        }
    }
}
