//! How well alerts tell of events: every figure that `sanmen score` shows.
//!
//! In: runs, each with labelled events and with alerts of rules or of somebody else's detector.
//! Out: figures. Must not know: where either comes from, how figures are shown.
//!
//! Events and alerts are intervals of time. An alert is *right* when it is raised while a failure
//! lasts or in its aftermath, *aside* when it is raised while something is under way that is no
//! failure, and *false* otherwise.

pub mod batadal;
mod interval;
mod label;
mod measure;
pub mod nab;
pub mod tune;

pub use label::{Class, class_of};
pub use measure::{Figures, KindFigures, Score, measure};

use crate::base::{Span, Stamp};

/// Alerts with less than this between them are one episode, unless somebody asks otherwise `[D]`.
pub const EPISODE_GAP: Span = Span::minutes(10);

/// Something that happened, as labels have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its kind, as scenarios write it.
    pub kind: String,
    /// From when …
    pub from: Stamp,
    /// … to when, excluded.
    pub until: Stamp,
    /// What it is, which says whether it ought to be found, and for how long it is felt.
    pub class: Class,
}

impl Event {
    /// Of an injection; one without an end lasts to `end`, that of its run.
    pub fn new(kind: &str, from: Stamp, until: Option<Stamp>, end: Stamp) -> Self {
        let until = until.map_or(end, |until| until.min(end)).max(from);
        Self { kind: kind.to_owned(), from, until, class: class_of(kind) }
    }

    /// Does an alert that is raised at `at` come while it lasts or is still felt?
    fn is_told_by(&self, alert: &Alert) -> bool {
        let last = self.until + self.class.aftermath() + alert.late;
        (self.from..=last).contains(&alert.from)
    }
}

/// Somebody says that something is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// The rule or detector.
    pub by: String,
    /// When it is raised …
    pub from: Stamp,
    /// … and when it is over.
    pub until: Stamp,
    /// How much later than what it is about it may come: a laboratory needs days.
    pub late: Span,
}

/// A plant over a time, what happened there, and what was said.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its name, such as `burst-by-day-17`.
    pub name: String,
    /// What counts begins here …
    pub from: Stamp,
    /// … and ends here.
    pub to: Stamp,
    /// What happened.
    pub events: Vec<Event>,
    /// What was said, in any order.
    pub alerts: Vec<Alert>,
}
