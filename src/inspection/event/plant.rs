//! Every event rule at work at one plant.

use crate::base::{Flag, RuleId, Stamp};
use crate::ingest::observation::PlantIndex;
use crate::inspection::book::Book;
use crate::inspection::event::watch::{EventState, EventWatch};
use crate::inspection::finding::{Finding, RuleIndex, Verdict, Watch};
use crate::inspection::sight::Sight;
use crate::plant::profile::Profile;
use crate::plant::tags::{Tag, TagIndex};

/// The event rules of a plant, and who takes which instrument's readings.
#[derive(Debug, Clone)]
pub struct Events {
    watches: Vec<EventWatch>,
    /// For each instrument: which of the watches take its readings, as which of their channels.
    feeds: Vec<Vec<(usize, usize)>>,
}

impl Events {
    /// Sets every event rule of `book` to work on the instruments of a plant.
    pub fn new(book: &Book, plant: PlantIndex, profile: &Profile, tags: &[Tag]) -> Self {
        let rules = book.rules().iter().enumerate();
        let watches: Vec<EventWatch> = rules
            .flat_map(|(i, rule)| {
                let watch = Watch { rule: RuleIndex(i), plant, tag: None };
                EventWatch::of_plant(rule, watch, profile, tags)
            })
            .collect();
        let mut feeds = vec![Vec::new(); tags.len()];
        for (event, watch) in watches.iter().enumerate() {
            for (channel, tag) in watch.channels().enumerate() {
                let of_tag: Option<&mut Vec<(usize, usize)>> = feeds.get_mut(tag.0);
                if let Some(of_tag) = of_tag {
                    of_tag.push((event, channel));
                }
            }
        }
        Self { watches, feeds }
    }

    /// The watch begins.
    pub fn start(&mut self, now: Stamp) {
        self.watches.iter_mut().for_each(|watch| watch.start(now));
    }

    /// Takes a reading, newer than all before it of its instrument.
    pub fn observe(&mut self, tag: TagIndex, at: Stamp, value: f64, flag: Flag) {
        for &(event, channel) in self.feeds.get(tag.0).into_iter().flatten() {
            if let Some(watch) = self.watches.get_mut(event) {
                watch.observe(channel, at, value, flag);
            }
        }
    }

    /// Event time has reached `to`.
    pub fn advance(&mut self, to: Stamp, findings: &mut Vec<Finding>) {
        self.watches.iter_mut().for_each(|watch| watch.advance(to, findings));
    }

    /// Before this moment `advance` has nothing to find.
    pub fn deadline(&self) -> Stamp {
        self.watches.iter().map(EventWatch::deadline).min().unwrap_or(Stamp::MAX)
    }

    /// Each with its verdict.
    pub fn watches(&self) -> impl Iterator<Item = (Watch, Option<Verdict>)> + '_ {
        self.watches.iter().map(|watch| (watch.watch(), watch.verdict()))
    }

    /// What a rule sees; none when it does not watch there.
    pub fn sight(&self, watch: Watch) -> Option<Sight> {
        self.watches.iter().find(|it| it.watch() == watch).map(EventWatch::sight)
    }

    /// Forgets all that was seen.
    pub fn begin_again(&mut self) {
        self.watches.iter_mut().for_each(EventWatch::begin_again);
    }

    /// For a checkpoint; `rules` are the ids of all rules.
    pub fn states(&self, rules: &[RuleId]) -> Vec<(RuleId, EventState)> {
        let id = |watch: &EventWatch| rules.get(watch.watch().rule.0).cloned();
        self.watches.iter().filter_map(|watch| Some((id(watch)?, watch.state()))).collect()
    }

    /// Continues from a checkpoint.
    pub fn resume(&mut self, rules: &[RuleId], states: &[(RuleId, EventState)]) {
        for watch in &mut self.watches {
            let id = rules.get(watch.watch().rule.0);
            let then = states.iter().filter(|(rule, _)| Some(rule) == id);
            then.for_each(|(_, state)| watch.resume(state));
        }
    }
}
