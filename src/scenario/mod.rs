//! A scenario: what happens to a plant, when, and what must and must not follow.
//!
//! In: a TOML file, and the plants it may name. Out: timetable, injections, expectations.
//! Must not know: how the world works, which rules there are (the caller checks their ids).

pub mod answer;
pub mod draft;
pub mod exercise;
mod expectation;
mod file;
pub mod fleet;
pub mod injection;
pub mod repair;

use std::sync::Arc;

use crate::base::problem::{Listed, Source};
use crate::base::random::Seed;
use crate::base::time::UtcOffset;
use crate::base::{PlantId, Span, Stamp, Text};
use injection::Injection;
use repair::Repair;

pub use expectation::{
    AlarmName, Count, EnergyExpectation, Expectation, FloodExpectation, LimitExpectation,
    TicketExpectation, Wanted, Window,
};
pub use file::{
    ask_exercise, ask_fault, injection_kinds, load, load_exercise, load_fleet, read_fault,
};

/// A scenario, complete and checked against its plant.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The file it came from.
    pub source: Arc<Source>,
    /// Its name for people.
    pub title: Text,
    /// What it shows, when the file says so.
    pub about: Option<Text>,
    /// The plant it happens to.
    pub plant: PlantId,
    /// The state of wear it starts from: position in `Plant::conditions`.
    pub condition: usize,
    /// When it starts.
    pub start: Stamp,
    /// The offset the start was written in.
    pub utc_offset: UtcOffset,
    /// How long it runs.
    pub duration: Span,
    /// Where every draw comes from.
    pub seed: Seed,
    /// Hydraulic step.
    pub step: Span,
    /// Simulated seconds per second of a live run, when the file asks for a pace.
    pub speed: Option<f64>,
    /// Do residents complain?
    pub residents: bool,
    /// Do people take samples?
    pub laboratory: bool,
    /// Packs of rules, and files or folders of them, by which the plant is judged; none: by those
    /// in force.
    pub judged_by: Option<Listed>,
    /// What happens, in the file's order.
    pub injections: Vec<Injection>,
    /// Who comes to end some of it.
    pub repairs: Vec<Repair>,
    /// What people do about alarms, in the file's order.
    pub answers: Vec<answer::Answer>,
    /// Stops of supply that are announced, in the file's order.
    pub announcements: Vec<answer::Announcement>,
    /// What must and must not follow, in the file's order.
    pub expectations: Vec<Expectation>,
    /// What floods of alarms there must and must not be, in the file's order.
    pub floods: Vec<FloodExpectation>,
    /// What residents must and must not complain about, in the file's order.
    pub tickets: Vec<TicketExpectation>,
    /// What pumps must take for the water they lift, in the file's order.
    pub energy: Vec<EnergyExpectation>,
    /// What must and must not lie outside the range of the model, in the file's order.
    pub limits: Vec<LimitExpectation>,
    /// Alarms that may be raised or not, and as often as they like; any other alarm that no
    /// expectation means fails the scenario.
    pub allowed: Vec<AlarmName>,
}

impl Scenario {
    /// When it ends.
    pub fn end(&self) -> Stamp {
        self.start + self.duration
    }

    /// What happens in a run with `seed`: repairs end when the seed says so.
    pub fn injections_with(&self, seed: Seed) -> Vec<Injection> {
        let mut injections = self.injections.clone();
        repair::end_repaired(&self.repairs, seed, &mut injections);
        injections
    }

    /// Every alarm the file names, with its place: the caller knows which rules exist.
    pub fn alarm_names(&self) -> impl Iterator<Item = &AlarmName> {
        let expected = self.expectations.iter().flat_map(|expectation| {
            let others = match &expectation.wanted {
                Wanted::Seen(window) => [window.before.as_ref(), window.cause.as_ref()],
                Wanted::Counted(_) => [None, None],
            };
            std::iter::once(&expectation.alarm).chain(others.into_iter().flatten())
        });
        let begun = self.floods.iter().filter_map(|expectation| expectation.first_out.as_ref());
        let answered = self.answers.iter().map(|answer| &answer.alarm);
        answered.chain(expected).chain(begun).chain(&self.allowed)
    }
}
