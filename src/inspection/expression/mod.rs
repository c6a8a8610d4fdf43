//! Rules over several instruments and windows of time, written as expressions in CEL.
//!
//! ```text
//! when  ─parser─▶ CEL tree ─check─▶ Cond over Terms ─┐
//! readings ─▶ History (buckets of event time) ────────┴─watch, each step─▶ verdict
//! ```
//!
//! A crate reads the text; what it means is ours: which input each name is, whether the units of
//! both sides agree, how long a window must be. Whatever has no data makes the whole unknown,
//! unless the rest decides (`false && unknown` is false), as in Kleene's logic.

pub mod check;
pub mod file;
pub mod history;
pub mod plant;
pub mod tree;
pub mod unit;
pub mod watch;

#[cfg(test)]
mod tests;

use crate::base::Span;
use crate::base::ids::VillageId;
use crate::inspection::expression::tree::{Cond, Term};
use crate::inspection::select::Selector;
use crate::plant::profile::Profile;
use crate::plant::tags::{Tag, TagIndex};

/// A checked expression rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// What its names stand for, in the order of their names.
    pub inputs: Vec<Input>,
    /// What both conditions look at.
    pub terms: Vec<Term>,
    /// The condition holds when this is true …
    pub when: Cond,
    /// … until this is true; none: until `when` is false.
    pub clear: Option<Cond>,
    /// `when`, as it was written.
    pub text: String,
    /// It is judged at each multiple of this.
    pub every: Span,
}

/// What a name in an expression stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// The name.
    pub name: String,
    /// Which instruments it asks for; the quantity is always there.
    pub select: Selector,
    /// How many of them it takes.
    pub arity: Arity,
    /// Which villages' instruments it takes.
    pub villages: Villages,
}

/// Which villages' instruments an input takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Villages {
    /// Whatever village, or none.
    Any,
    /// One that stands for a village.
    Some,
    /// That of the instrument that is judged.
    Same,
}

/// How many instruments an input takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// Exactly one.
    One,
    /// All there are, at least one: a set.
    Every,
    /// One after the other: the rule judges each, and its alarm names it.
    Each,
}

/// The instruments of one plant that serve the inputs of one rule, once for each alarm it can have.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The instrument that the alarm is about; none: the plant.
    pub about: Option<TagIndex>,
    /// For each input its instruments.
    pub tags: Vec<Vec<TagIndex>>,
}

/// Why a rule cannot be bound to a plant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguous {
    /// The input that takes one instrument.
    pub input: String,
    /// Those that it could be.
    pub tags: Vec<String>,
}

impl Input {
    fn wants(&self, profile: &Profile, tag: &Tag, village: Option<&VillageId>) -> bool {
        let of_village = match self.villages {
            Villages::Any => true,
            Villages::Some => tag.village.is_some(),
            Villages::Same => village.is_some() && tag.village.as_ref() == village,
        };
        of_village && self.select.wants_plant(profile) && self.select.wants_tag(tag)
    }
}

impl Expression {
    /// Every binding to the instruments of a plant; none when an input finds nothing there.
    /// Errors: an input for one instrument finds several.
    pub fn bind(&self, profile: &Profile, tags: &[Tag]) -> Result<Vec<Binding>, Ambiguous> {
        let each = self.inputs.iter().find(|input| input.arity == Arity::Each);
        let Some(each) = each else {
            return Ok(self.bind_about(None, profile, tags)?.into_iter().collect());
        };
        let mut bindings = Vec::new();
        for (i, tag) in tags.iter().enumerate() {
            if each.wants(profile, tag, None) {
                bindings.extend(self.bind_about(Some(TagIndex(i)), profile, tags)?);
            }
        }
        Ok(bindings)
    }

    fn bind_about(
        &self,
        about: Option<TagIndex>,
        profile: &Profile,
        tags: &[Tag],
    ) -> Result<Option<Binding>, Ambiguous> {
        let village = about.and_then(|i| tags.get(i.0)).and_then(|tag| tag.village.as_ref());
        let mut bound = Vec::new();
        for input in &self.inputs {
            let serves = |(i, tag): &(usize, &Tag)| match input.arity {
                Arity::Each => about == Some(TagIndex(*i)),
                _ => input.wants(profile, tag, village),
            };
            let found: Vec<TagIndex> =
                tags.iter().enumerate().filter(serves).map(|(i, _)| TagIndex(i)).collect();
            if found.is_empty() {
                return Ok(None);
            }
            if input.arity == Arity::One && found.len() > 1 {
                let names = found.iter().filter_map(|i| tags.get(i.0));
                let names = names.map(|tag| tag.id.to_string()).collect();
                return Err(Ambiguous { input: input.name.clone(), tags: names });
            }
            bound.push(found);
        }
        Ok(Some(Binding { about, tags: bound }))
    }

    /// Does it ask how large the clear well is, or how well it keeps the water?
    pub fn asks_for_the_well(&self) -> bool {
        self.when.asks() || self.clear.as_ref().is_some_and(Cond::asks)
    }

    /// The same at a plant: its figures are numbers.
    pub fn at(&self, profile: &Profile) -> Self {
        let clear = self.clear.as_ref().map(|clear| clear.at(profile));
        Self { when: self.when.at(profile), clear, ..self.clone() }
    }

    /// The longest time back that it looks at `input`.
    pub fn longest(&self, input: usize) -> Span {
        let windows = self.terms.iter().filter(|term| term.input == input).map(|term| term.window);
        windows.max().unwrap_or(Span::ZERO)
    }
}
