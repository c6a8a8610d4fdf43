//! Every expression rule at work at one plant.

use std::sync::Arc;

use crate::base::{Flag, Stamp};
use crate::ingest::observation::PlantIndex;
use crate::inspection::book::{Book, Kind};
use crate::inspection::expression::watch::{ExpressionState, ExpressionWatch};
use crate::inspection::finding::{Finding, RuleIndex, Verdict, Watch};
use crate::inspection::sight::Sight;
use crate::plant::profile::Profile;
use crate::plant::tags::{Tag, TagIndex};

/// The expression rules of a plant, and who looks at which instrument.
#[derive(Debug, Clone)]
pub struct Expressions {
    watches: Vec<ExpressionWatch>,
    /// For each instrument the expressions that look at it, each with the places it has there.
    looked_at: Vec<Vec<(usize, usize)>>,
}

impl Expressions {
    /// Binds every expression rule of `book` to the instruments of a plant.
    pub fn new(book: &Book, plant: PlantIndex, profile: &Profile, tags: &[Tag]) -> Self {
        let mut watches = Vec::new();
        for (i, rule) in book.rules().iter().enumerate() {
            let Kind::Expression(expression) = &rule.kind else { continue };
            if !rule.is_chosen(profile) {
                continue;
            }
            let expression = Arc::new(expression.at(profile));
            // `Book::check_against` has told of those that cannot be bound.
            for binding in expression.bind(profile, tags).unwrap_or_default() {
                let watch = Watch { rule: RuleIndex(i), plant, tag: binding.about };
                watches.push(ExpressionWatch::new(rule, &expression, watch, &binding, tags));
            }
        }
        let mut looked_at = vec![Vec::new(); tags.len()];
        for (i, watch) in watches.iter().enumerate() {
            for (place, tag) in watch.tags().enumerate() {
                let by_tag: Option<&mut Vec<_>> = looked_at.get_mut(tag.0);
                if let Some(by_tag) = by_tag {
                    by_tag.push((i, place));
                }
            }
        }
        Self { watches, looked_at }
    }

    /// The watch begins.
    pub fn start(&mut self, now: Stamp) {
        self.watches.iter_mut().for_each(|watch| watch.start(now));
    }

    /// Takes a reading, newer than all before it of its instrument.
    pub fn observe(&mut self, tag: TagIndex, at: Stamp, value: f64, flag: Flag) {
        for &(i, place) in self.looked_at.get(tag.0).into_iter().flatten() {
            if let Some(watch) = self.watches.get_mut(i) {
                watch.observe(place, at, value, flag);
            }
        }
    }

    /// Event time has reached `to`.
    pub fn advance(&mut self, to: Stamp, findings: &mut Vec<Finding>) {
        self.watches.iter_mut().for_each(|watch| watch.advance(to, findings));
    }

    /// Before this moment `advance` has nothing to find.
    pub fn deadline(&self) -> Stamp {
        self.watches.iter().map(ExpressionWatch::deadline).min().unwrap_or(Stamp::MAX)
    }

    /// Each with its verdict.
    pub fn watches(&self) -> impl Iterator<Item = (Watch, Option<Verdict>)> + '_ {
        self.watches.iter().map(|watch| (watch.watch(), watch.verdict()))
    }

    /// What a rule sees; none when it does not watch there.
    pub fn sight(&self, watch: Watch) -> Option<Sight> {
        self.watches.iter().find(|it| it.watch() == watch).map(ExpressionWatch::sight)
    }

    /// Forgets all that was seen.
    pub fn begin_again(&mut self) {
        self.watches.iter_mut().for_each(ExpressionWatch::begin_again);
    }

    /// For a checkpoint.
    pub fn states(&self) -> Vec<ExpressionState> {
        self.watches.iter().map(ExpressionWatch::state).collect()
    }

    /// Continues from a checkpoint.
    pub fn resume(&mut self, states: &[ExpressionState]) {
        self.watches.iter_mut().for_each(|watch| watch.resume(states));
    }
}
