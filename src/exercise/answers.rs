//! Plays the `[[answer]]`s of a scenario: what people do about alarms, at their time.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::alarms::command::{Action, Ask, Command, CommandRefused, Reply};
use crate::alarms::event::{AlarmEvent, AlarmId, By};
use crate::base::ids::VillageId;
use crate::base::{PlantId, RuleId, Stamp, TagId};
use crate::ingest::observation::PlantIndex;
use crate::inspection::book::Book;
use crate::monitor::{Monitor, MonitorSettings};
use crate::plant::Plant;
use crate::scenario::answer::{Announcement, Answer, When};
use crate::scenario::{AlarmName, Scenario};

/// The answers that are still to be given.
#[derive(Debug, Clone)]
pub struct Answers {
    plant: PlantId,
    script: Vec<Answer>,
    /// The last occurrence of each alarm that was raised.
    raised: BTreeMap<(RuleId, Option<TagId>), u64>,
    /// By time: the position of the answer, and the occurrence that it is for.
    waiting: BTreeMap<(Stamp, usize), Vec<AlarmId>>,
}

/// An answer that could not be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// Its position in `Scenario::answers`.
    pub answer: usize,
    /// When it was tried.
    pub at: Stamp,
    /// Why not.
    pub why: CommandRefused,
}

impl Answers {
    /// The answers of a scenario.
    fn new(scenario: &Scenario) -> Self {
        let mut waiting = BTreeMap::new();
        for (position, answer) in scenario.answers.iter().enumerate() {
            if let When::At(at) = answer.when {
                waiting.insert((at, position), Vec::new());
            }
        }
        let (plant, script) = (scenario.plant.clone(), scenario.answers.clone());
        Self { plant, script, raised: BTreeMap::new(), waiting }
    }

    /// The same, with the stops of supply that the scenario announces. `alarms` gives those that a
    /// stop in these villages explains.
    fn with_stops(
        mut self,
        scenario: &Scenario,
        alarms: impl Fn(&[VillageId]) -> Vec<AlarmId>,
    ) -> Self {
        for announcement in &scenario.announcements {
            let Announcement { place, at, stop, village, by, reason } = announcement.clone();
            let concerned = alarms(village.as_slice());
            // Where it explains nothing, nothing is asked.
            let Some(first) = concerned.first() else { continue };
            let alarm = AlarmName { rule: first.rule.clone(), rule_span: 0..0, tag: None };
            self.waiting.insert((at, self.script.len()), concerned);
            let (when, what) = (When::At(at), Action::Announce(stop));
            self.script.push(Answer { place, alarm, when, what, by, reason });
        }
        self
    }

    /// What people answer and announce in a scenario of `plant`, whose rules are `book`.
    pub fn of(scenario: &Scenario, plant: &Arc<Plant>, book: &Book) -> Self {
        let answers = Self::new(scenario);
        if scenario.announcements.is_empty() {
            return answers;
        }
        let (plants, settings) = (vec![Arc::clone(plant)], MonitorSettings::default());
        let monitor = Monitor::new(plants, book.clone(), settings);
        answers.with_stops(scenario, |villages| monitor.alarms_of_stops(PlantIndex(0), villages))
    }

    /// The plant whose alarms are answered.
    pub fn plant(&self) -> &PlantId {
        &self.plant
    }

    /// Is there nothing that people ever do?
    pub fn is_empty(&self) -> bool {
        self.script.is_empty()
    }

    /// An alarm stands; the first time that an occurrence is seen counts as raised.
    pub fn see(&mut self, event: &AlarmEvent) {
        let key = (event.id.rule.clone(), event.id.tag.clone());
        let known = self.raised.entry(key).or_default();
        if *known >= event.id.n {
            return;
        }
        *known = event.id.n;
        for (position, answer) in self.script.iter().enumerate() {
            if let When::AfterRaised(span) = answer.when
                && answer.alarm.covers(&event.id.rule, event.id.tag.as_ref())
            {
                let due = (event.at + span, position);
                self.waiting.entry(due).or_default().push(event.id.clone());
            }
        }
    }

    /// What people do up to `now`, each at its own time, with the answer's position.
    pub fn due(&mut self, now: Stamp) -> Vec<(usize, Command)> {
        let mut commands = Vec::new();
        while let Some(entry) = self.waiting.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((at, position), alarms) = entry.remove_entry();
            let Some(answer) = self.script.get(position) else { continue };
            let alarms = if alarms.is_empty() { self.meant(answer) } else { alarms };
            let by = By { name: answer.by.clone(), reason: answer.reason.clone() };
            let action = answer.what;
            let ask = |alarm| Ask { alarm, action, by: by.clone() }.at(at);
            commands.extend(alarms.into_iter().map(|alarm| (position, ask(alarm))));
        }
        commands
    }

    /// The alarms that an answer at a fixed time is for: the present occurrences.
    fn meant(&self, answer: &Answer) -> Vec<AlarmId> {
        let name = &answer.alarm;
        let id = |(rule, tag): (&RuleId, Option<&TagId>), n| AlarmId {
            plant: self.plant.clone(),
            rule: rule.clone(),
            tag: tag.cloned(),
            n,
        };
        let raised = self.raised.iter().filter(|((rule, tag), _)| name.covers(rule, tag.as_ref()));
        let found: Vec<AlarmId> =
            raised.map(|((rule, tag), n)| id((rule, tag.as_ref()), *n)).collect();
        if found.is_empty() { vec![id((&name.rule, name.tag.as_ref()), 0)] } else { found }
    }
}

/// What a reply says against the answer, if it does. An occurrence that is over when its answer
/// comes needs none.
pub fn objection(answer: usize, at: Stamp, reply: Option<&Reply>) -> Option<Unanswered> {
    match reply?.refused()? {
        CommandRefused::OtherOccurrence { .. } => None,
        why => Some(Unanswered { answer, at, why: why.clone() }),
    }
}
