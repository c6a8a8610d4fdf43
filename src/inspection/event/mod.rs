//! What no limit sees: water that is no longer what it has been.
//!
//! In: readings of the instruments at one place. Out: does their water differ from what it has
//! been, since when, and by which signals. Must not know: what is in the water.
//!
//! The method is the published one of CANARY `[S46a]`: readings become steps of one length
//! ([`resample`]); each step is held against what the steps before it let expect, signal by signal
//! ([`linear`]) or all at once ([`nearest`]), or against the same time of earlier days ([`daily`],
//! ours); what differs too much is an outlier and stays out of the [`history`]; and so many
//! outliers among so many steps are an event ([`discriminator`]). [`compare`] has the methods side
//! by side, [`watch`] puts all together, [`plant`] has all of one plant.

pub mod compare;
pub mod daily;
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
use crate::inspection::event::compare::Member;
use crate::inspection::event::discriminator::Discriminator;
use crate::inspection::event::nearest::Distance;
use crate::inspection::limit::Side;
use crate::inspection::signal::partner::Partners;
use crate::plant::tags::{Tag, TagIndex};

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
    /// The same time of earlier days, all signals at one village; all must change as they are said
    /// to.
    TimeOfDay,
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
    /// Or this share of what is expected, where that is more.
    pub precision_share: f64,
    /// Only a change to this side counts; to either when there is none.
    pub change: Option<Side>,
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
    fn is_of(&self, first: &Tag, other: &Tag, any_point: bool) -> bool {
        let is_there = match &self.tag {
            Some(tag) => *tag == other.id,
            None if any_point => other.village == first.village,
            None => other.point == first.point && other.village == first.village,
        };
        is_there && other.id != first.id && self.quantity == other.quantity
    }
}

impl EventRule {
    /// Can this instrument be the first signal's? A village's day is that of its people.
    pub fn suits(&self, tag: &Tag) -> bool {
        self.method != Method::TimeOfDay || tag.village.is_some()
    }

    /// The instruments that are judged together with `first`, itself before all others.
    pub fn members(&self, first: &Tag, tags: &[Tag]) -> Vec<Member> {
        let any_point = self.method == Method::TimeOfDay;
        let places = tags.iter().enumerate();
        let own = places.clone().filter(|(_, tag)| tag.id == first.id);
        let own = own.filter_map(|place| Some((place, (0, self.signals.first()?))));
        let beside = self.signals.iter().enumerate().flat_map(|signal| {
            let beside = places.clone().filter(|(_, tag)| signal.1.is_of(first, tag, any_point));
            beside.map(move |place| (place, signal))
        });
        let member = |((at, tag), (number, signal)): ((usize, &Tag), (usize, &Signal))| Member {
            id: tag.id.clone(),
            tag: TagIndex(at),
            quantity: tag.quantity,
            signal: number,
            precision: signal.precision,
            precision_share: signal.precision_share,
            change: signal.change,
        };
        own.chain(beside).map(member).collect()
    }
}
