//! What no limit sees: water that is no longer what it has been.
//!
//! In: readings of the instruments at one place. Out: does their water differ from what it has
//! been, since when, and by which signals. Must not know: what is in the water.
//!
//! The method is the published one of CANARY `[S46a]`: readings become steps of one length
//! ([`resample`]); each step is held against what the steps before it let expect, signal by signal
//! ([`linear`]) or all at once ([`nearest`]); what differs too much is an outlier and stays out of
//! the [`history`]; and so many outliers among so many steps are an event ([`discriminator`]).
//! [`watch`] puts these together, [`plant`] all of one plant.

pub mod discriminator;
pub mod history;
pub mod linear;
pub mod nearest;
pub mod plant;
pub mod resample;
pub mod spec_file;
#[cfg(test)]
mod tests;
pub mod watch;

use crate::base::units::Quantity;
use crate::base::{Span, TagId};
use crate::inspection::event::discriminator::Discriminator;
use crate::inspection::event::nearest::Distance;
use crate::inspection::signal::partner::Partners;
use crate::plant::tags::Tag;

/// What a rule of kind `event` looks for.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRule {
    /// What a step is held against.
    pub method: Method,
    /// Length of a step.
    pub interval: Span,
    /// So many steps are remembered.
    pub history_steps: usize,
    /// A step that differs by at least so many standard deviations is an outlier.
    pub outlier_sd: f64,
    /// Which outliers are an event.
    pub discriminator: Discriminator,
    /// The signals; the first one's instrument stands for the place.
    pub signals: Vec<Signal>,
    /// What a works does that changes its water for a while, and is no event.
    pub operations: Vec<Operation>,
}

/// What a step is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// Each signal's own past, by linear prediction (LPCF).
    LinearPrediction {
        /// From so many values before it.
        order: usize,
    },
    /// The step of the past that is nearest to it in all signals (MVNN).
    NearestNeighbour(Distance),
}

/// A signal that is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// What it measures.
    pub quantity: Quantity,
    /// Its instrument; else those beside the first signal's: of the same water and village.
    pub tag: Option<TagId>,
    /// The smallest change that means anything, in its unit.
    pub precision: f64,
}

/// A signal that says that something is done on purpose.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Which instruments show it.
    pub by: Partners,
    /// They change by at least so much, in their unit …
    pub change: f64,
    /// … and for so long nothing is judged.
    pub hold: Span,
}

impl Signal {
    /// Is `other` the instrument of this signal, beside `first`, that of the first one?
    fn is_of(&self, first: &Tag, other: &Tag) -> bool {
        let is_there = match &self.tag {
            Some(tag) => *tag == other.id,
            None => other.point == first.point && other.village == first.village,
        };
        is_there && other.id != first.id && self.quantity == other.quantity
    }
}

impl EventRule {
    /// The instruments that are judged together with `first`, itself before all others, each with
    /// its position in `tags` and its precision.
    pub fn members<'a>(&self, first: &Tag, tags: &'a [Tag]) -> Vec<(usize, &'a Tag, f64)> {
        let own = self.signals.first().map(|signal| signal.precision);
        let places = tags.iter().enumerate();
        let mut members: Vec<_> = places
            .clone()
            .filter(|(_, tag)| tag.id == first.id)
            .filter_map(|(at, tag)| Some((at, tag, own?)))
            .collect();
        for signal in &self.signals {
            let beside = places.clone().filter(|(_, tag)| signal.is_of(first, tag));
            members.extend(beside.map(|(at, tag)| (at, tag, signal.precision)));
        }
        members
    }
}
