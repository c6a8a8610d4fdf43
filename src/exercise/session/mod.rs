//! An exercise as it is played: who has been told and has done what, what waits for what, who is on
//! the way, and what it costs the people served.
//!
//! In: the exercise, step by step the truth and the changes of alarms, and what people do. Out:
//! what is to happen to the plant and to be asked of alarms, and the log. Must not know: clocks,
//! MQTT, where people sit. Played again with its log it comes to the same state.

pub mod branch;
pub mod facts;
mod field;
pub mod hindsight;
pub mod log;
pub mod play;
mod replay;
pub mod robot;
pub mod toll;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::alarms::command::{Action, Ask, Command};
use crate::alarms::event::{AlarmChange, AlarmEvent, AlarmId, AlarmState, By, Priority};
use crate::base::ids::{InjectionId, OperatorId};
use crate::base::random::fnv1a_64;
use crate::base::{RuleId, Span, Stamp, TagId, Text};
use crate::exercise::improvised::{name, one_substance};
use crate::plant::Plant;
use crate::scenario::exercise::deed::{Deed, Reach};
use crate::scenario::exercise::words::word_list;
use crate::scenario::exercise::{Exercise, Message, Trigger};
use crate::scenario::injection::Injection;
use crate::simulator::orders::Order;
use crate::world::truth::Truth;
use branch::Back;
use facts::{Facts, Waiting};
use field::Errand;
use hindsight::Hindsight;
use log::{Direction, Entry, Moment, What};
use toll::{Relief, Toll};

/// What is to be done outside because of the exercise.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The plant is ordered something; the deed is said to have failed when it cannot be done.
    Order(Ordered),
    /// Something befalls the plant from now on.
    Happen(Injection),
    /// Something that befell the plant ends now.
    End(InjectionId),
    /// A person answers an alarm.
    Answer(Command),
}

/// What somebody orders of the plant by a deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    /// Who, as people call them.
    pub who: String,
    /// The deed.
    pub deed: Deed,
    /// The order.
    pub order: Order,
}

impl Ordered {
    fn new(who: &str, deed: &Deed) -> Self {
        let (verb, args) = (deed.verb().name.to_owned(), deed.args().to_vec());
        let order = Order { by: operator(who), verb, args };
        Self { who: who.to_owned(), deed: deed.clone(), order }
    }
}

/// Somebody as the plant's orders name them. What an id cannot have becomes a hyphen; then a
/// number tells people apart who would look alike.
fn operator(name: &str) -> OperatorId {
    if let Ok(id) = OperatorId::new(name) {
        return id;
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let start: String = name.chars().take(30).map(plain).collect();
    let number = fnv1a_64(name.as_bytes()) & 0xffff_ffff;
    OperatorId::new(&format!("{start}-{number:08x}")).expect("39 letters, digits and hyphens")
}

/// A deed that the exercise does not take, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotNow(pub String);

/// An alarm as the exercise knows it.
#[derive(Debug, Clone)]
struct Standing {
    id: AlarmId,
    state: AlarmState,
    priority: Priority,
}

/// An exercise that is being played.
#[derive(Debug, Clone)]
pub struct Session {
    exercise: Arc<Exercise>,
    plant: Arc<Plant>,
    facts: Facts,
    log: Vec<Entry>,
    /// The last known state of each alarm.
    alarms: BTreeMap<(RuleId, Option<TagId>), Standing>,
    /// Triggers of messages, contingencies and tasks, in the exercise's order.
    messages: Vec<Waiting>,
    contingencies: Vec<Waiting>,
    tasks: Vec<Waiting>,
    skipped: BTreeSet<String>,
    /// Questions that nobody has answered.
    questions: BTreeSet<String>,
    errands: Vec<Errand>,
    relief: Relief,
    toll: Toll,
    hints: usize,
    fast: f64,
    frozen: bool,
    ended: bool,
    /// Where the instructor wants to go back to.
    back: Option<Back>,
    /// What is still to be done outside.
    effects: Vec<Effect>,
    /// What was injected ad hoc, counted.
    injected: usize,
    /// When somebody set an urgent alarm aside.
    urgent_shelved: Vec<Moment>,
    /// What was true when, where somebody may want to know.
    hindsight: Option<Arc<Hindsight>>,
}

impl Session {
    /// At the start of `exercise`, at `plant`.
    pub fn new(exercise: Arc<Exercise>, plant: Arc<Plant>) -> Self {
        let facts = Facts::new(exercise.scenario.start, exercise.tasks.len());
        Self {
            facts,
            log: Vec::new(),
            alarms: BTreeMap::new(),
            messages: exercise.messages.iter().map(|it| Waiting::new(&it.when)).collect(),
            contingencies: exercise.contingencies.iter().map(|it| Waiting::new(&it.when)).collect(),
            tasks: exercise.tasks.iter().map(|it| Waiting::new(&it.since)).collect(),
            skipped: BTreeSet::new(),
            questions: BTreeSet::new(),
            errands: Vec::new(),
            relief: Relief::default(),
            toll: Toll::default(),
            hints: 0,
            fast: exercise.pace.fast,
            frozen: false,
            ended: false,
            back: None,
            effects: Vec::new(),
            injected: 0,
            urgent_shelved: Vec::new(),
            hindsight: None,
            exercise,
            plant,
        }
    }

    /// The exercise.
    pub fn exercise(&self) -> &Arc<Exercise> {
        &self.exercise
    }

    /// The plant.
    pub fn plant(&self) -> &Plant {
        &self.plant
    }

    /// Hints that have not been given.
    pub fn hints_left(&self) -> usize {
        self.exercise.hints.len() - self.hints
    }

    /// The cause that was named last.
    pub fn named_cause(&self) -> Option<&str> {
        self.log.iter().rev().find_map(|entry| match &entry.what {
            What::Did { deed } if deed.verb().name == "diagnose" => Some(deed.arg(0)),
            _ => None,
        })
    }

    /// Has anybody done something with this verb?
    pub fn has_done(&self, verb: &str) -> bool {
        let is_it = |entry: &Entry| match &entry.what {
            What::Did { deed } => deed.verb().name == verb,
            _ => false,
        };
        self.log.iter().any(is_it)
    }

    /// What has come to pass so far.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The log.
    pub fn log(&self) -> &[Entry] {
        &self.log
    }

    /// What it has cost so far.
    pub fn toll(&self) -> &Toll {
        &self.toll
    }

    /// When each task began to count.
    pub fn begun(&self) -> impl Iterator<Item = Option<Moment>> {
        self.tasks.iter().map(Waiting::met)
    }

    /// Who is on the way: the deed, and when it will be done.
    pub fn errands(&self) -> impl Iterator<Item = (&Deed, Stamp)> {
        self.errands.iter().map(|errand| (&errand.deed, errand.due))
    }

    /// When somebody set an urgent alarm aside.
    pub fn urgent_shelved(&self) -> &[Moment] {
        &self.urgent_shelved
    }

    /// Messages that were asked and not answered.
    pub fn questions(&self) -> impl Iterator<Item = &Message> {
        self.questions.iter().filter_map(|id| self.exercise.message(id))
    }

    /// Messages and contingencies that may still come: name, trigger, and what is said.
    pub fn waiting(&self) -> Vec<(&str, &Trigger, Option<&Text>)> {
        let exercise = &self.exercise;
        let messages = exercise.messages.iter().zip(&self.messages);
        let messages =
            messages.map(|(it, waits)| ((it.id.as_str(), &it.when, Some(&it.text)), waits));
        let rest = exercise.contingencies.iter().zip(&self.contingencies);
        let rest = rest.map(|(it, waits)| ((it.injection.id.as_str(), &it.when, None), waits));
        let all = messages.chain(rest).filter(|(_, waits)| waits.met().is_none());
        all.map(|(it, _)| it).filter(|(id, ..)| !self.skipped.contains(*id)).collect()
    }

    /// Is it over, or has the instructor ended it?
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Does simulated time stand?
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// Does something ask for attention: an urgent alarm that nobody has acknowledged, or a
    /// question?
    pub fn wants_attention(&self) -> bool {
        let urgent = |alarm: &Standing| {
            alarm.priority >= Priority::Medium && alarm.state == AlarmState::Unacknowledged
        };
        !self.questions.is_empty() || self.alarms.values().any(urgent)
    }

    /// Simulated seconds a second.
    pub fn speed(&self) -> f64 {
        if self.wants_attention() { self.exercise.pace.attend.min(self.fast) } else { self.fast }
    }

    /// An alarm has changed. What a person did with it is a deed of theirs.
    pub fn hear(&mut self, event: &AlarmEvent) {
        let key = (event.id.rule.clone(), event.id.tag.clone());
        let known = Standing { id: event.id.clone(), state: event.state, priority: event.priority };
        self.alarms.insert(key, known);
        if event.change == AlarmChange::Raised {
            self.facts.raise(&event.id.rule, event.id.tag.as_ref(), event.at);
            let (alarm, raised_at) = (event.id.clone(), event.at);
            self.note("", What::Raised { alarm, raised_at });
        }
        if event.change == AlarmChange::Shelved && event.priority == Priority::High {
            self.urgent_shelved.push(self.facts.now);
        }
        let verb = match event.change {
            AlarmChange::Acknowledged => "acknowledge",
            AlarmChange::Shelved => "shelve",
            AlarmChange::RemovedFromService => "remove-from-service",
            _ => return,
        };
        let Some(by) = &event.by else { return };
        let tag = event.id.tag.as_ref().map_or("plant", TagId::as_str);
        let deed = Deed::parse(&format!("{verb} {} {tag}", event.id.rule));
        let deed = deed.expect("two words behind a verb that takes them");
        self.note_deed(&by.name, deed);
    }

    /// A trainee does something. Errors, in words: it cannot be done, and nothing is.
    pub fn act(&mut self, who: &str, deed: &Deed) -> Result<(), NotNow> {
        if self.is_done() {
            return Err(NotNow("the exercise is over".to_owned()));
        }
        self.check_words(deed)?;
        match deed.verb().name {
            "acknowledge" | "shelve" | "remove-from-service" => return self.answer(who, deed),
            "answer" => self.answer_question(deed)?,
            "publish-notice" => {
                self.relief.publish(deed.arg(0), &deed.args()[1..], self.facts.now.at);
            }
            "withdraw-notice" if !self.relief.withdraw(deed.arg(0)) => {
                return Err(NotNow(format!("no notice {} is in force", deed.arg(0))));
            }
            "take-hint" => return self.give_hint(who, deed),
            _ => {}
        }
        match (deed.verb().reach, deed.verb().is_order) {
            (Reach::Desk, true) => self.effects.push(Effect::Order(Ordered::new(who, deed))),
            (Reach::Desk, false) => {}
            (Reach::Field(usual), _) => {
                let errand = Errand::new(deed, who, (self.facts.now.at, usual), self)?;
                self.errands.push(errand);
            }
        }
        self.note_deed(who, deed.clone());
        Ok(())
    }

    /// Do the words behind the verb name something?
    fn check_words(&self, deed: &Deed) -> Result<(), NotNow> {
        let verb = deed.verb().name;
        for (at, word) in deed.args().iter().enumerate() {
            let known = word_list(&self.plant, &self.exercise, verb, at);
            if let Some(known) = known.filter(|known| !known.contains(word)) {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let nearest = crate::base::problem::nearest(word, &known);
                let hint = nearest.map_or(String::new(), |it| format!("; did you mean {it}?"));
                return Err(NotNow(format!("{verb}: there is no {word}{hint}")));
            }
        }
        if deed.verb().is_order {
            let order = Ordered::new("", deed).order;
            order.meaning(&self.plant).map_err(|why| NotNow(why.0))?;
        }
        Ok(())
    }

    /// The plant cannot do what was ordered.
    pub fn fail(&mut self, who: &str, deed: &Deed, why: &str) {
        let is_it = |entry: &&Entry| match &entry.what {
            What::Did { deed: done } => entry.who == who && done == deed,
            _ => false,
        };
        // What the plant does not do, nobody has done.
        let given = self.log.iter().rev().find(is_it).map(|entry| entry.moment);
        for (done, task) in self.facts.done.iter_mut().zip(&self.exercise.tasks) {
            if *done == given && task.by.iter().any(|pattern| pattern.means(deed)) {
                *done = None;
            }
        }
        let (deed, why) = (deed.clone(), why.to_owned());
        self.note(who, What::Failed { deed, why });
    }

    /// What an instructor does. Errors, in words: there is no such thing any more.
    pub fn direct(&mut self, who: &str, direction: Direction) -> Result<(), NotNow> {
        match &direction {
            Direction::Freeze => self.frozen = true,
            Direction::Run => self.frozen = false,
            Direction::Speed { fast } if (1.0..=600.0).contains(fast) => self.fast = *fast,
            Direction::Speed { fast } => {
                return Err(NotNow(format!("{fast} is no speed from 1 to 600")));
            }
            Direction::Fire { id } | Direction::Skip { id } => {
                if !self.waiting().iter().any(|(known, ..)| known == id) {
                    return Err(NotNow(format!("nothing called {id} is still to come")));
                }
            }
            Direction::Inject { injection, .. } if !injection.kind.may_come_midway() => {
                let why = "what befalls samples, and foreign water, cannot come in midway";
                return Err(NotNow(why.to_owned()));
            }
            Direction::Inject { injection, .. } => {
                one_substance(&self.exercise, &self.log, injection).map_err(NotNow)?;
            }
            Direction::Say { .. } => {}
            Direction::Mark { name } => self.check_mark(name)?,
            Direction::Back { to } => self.go_back(Back::To(*to))?,
            Direction::BackToMark { mark } => self.go_back(Back::ToMark(mark.clone()))?,
            Direction::End => self.ended = true,
        }
        self.note(who, What::Directed { direction: direction.clone() });
        match direction {
            Direction::Skip { id } => {
                self.skipped.insert(id);
            }
            Direction::Fire { id } => self.fire(&id),
            Direction::Say { from, text } => {
                self.note("", What::Told { message: None, from, text });
            }
            Direction::Inject { injection, .. } => self.inject(injection),
            _ => {}
        }
        Ok(())
    }

    fn inject(&mut self, mut injection: Injection) {
        self.injected += 1;
        let id = name(self.injected);
        injection.id = InjectionId::new(&id).expect("letters and digits are an id");
        self.happen(injection);
    }

    fn happen(&mut self, mut injection: Injection) {
        let lasts = injection.until.map(|until| until - injection.from);
        injection.from = self.facts.now.at;
        injection.until = lasts.map(|lasts| injection.from + lasts);
        self.note("", What::Happened { injection: injection.id.clone() });
        self.effects.push(Effect::Happen(injection));
    }

    /// Lets what waits come now; it does not come again.
    fn fire(&mut self, id: &str) {
        let exercise = Arc::clone(&self.exercise);
        self.skipped.insert(id.to_owned());
        if let Some(message) = exercise.message(id) {
            self.tell(message);
        }
        let waits = exercise.contingencies.iter().find(|it| it.injection.id.as_str() == id);
        if let Some(contingency) = waits {
            self.happen(contingency.injection.clone());
        }
    }

    /// It has come to its end.
    pub fn finish(&mut self) {
        self.ended = true;
    }

    /// So many seconds have passed on the wall, in which it did not stand frozen.
    pub fn pass(&mut self, wall_s: f64) {
        self.facts.now.wall_s += wall_s;
    }

    /// The plant has gone a step of length `step` on to `truth`.
    pub fn step(&mut self, truth: &Truth, at_tags: &[Option<f64>], step: Span) {
        self.facts.now.at = truth.at;
        self.facts.see(&self.plant, at_tags);
        let counts = (&self.relief, &self.exercise.consequence);
        self.toll.add(&self.plant, truth, step, counts);
        self.keep_in_mind(truth, at_tags);
        self.come_back(truth);
        self.look();
    }

    /// What happens because of what has come to pass.
    fn look(&mut self) {
        let exercise = Arc::clone(&self.exercise);
        for task in &mut self.tasks {
            task.look(&self.facts);
        }
        for (at, message) in exercise.messages.iter().enumerate() {
            let comes = self.messages[at].look(&self.facts).is_some();
            if comes && !self.skipped.contains(&message.id) {
                self.tell(message);
            }
        }
        for (at, contingency) in exercise.contingencies.iter().enumerate() {
            let comes = self.contingencies[at].look(&self.facts).is_some();
            if comes && !self.skipped.contains(contingency.injection.id.as_str()) {
                self.happen(contingency.injection.clone());
            }
        }
    }

    fn tell(&mut self, message: &Message) {
        self.facts.tell(&message.id);
        if !message.choices.is_empty() {
            self.questions.insert(message.id.clone());
        }
        let (id, from, text) = (Some(message.id.clone()), message.from, message.text.clone());
        self.note("", What::Told { message: id, from, text });
    }

    /// What is to be done outside since the last call.
    pub fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    fn answer_question(&mut self, deed: &Deed) -> Result<(), NotNow> {
        let (id, choice) = (deed.arg(0), deed.arg(1));
        let message = self.exercise.message(id).filter(|_| self.questions.contains(id));
        let Some(message) = message else {
            return Err(NotNow(format!("{id} asks nothing, or is answered already")));
        };
        if !message.choices.iter().any(|known| known.id == choice) {
            return Err(NotNow(format!("{choice} is no answer to {id}")));
        }
        self.questions.remove(id);
        Ok(())
    }

    fn give_hint(&mut self, who: &str, deed: &Deed) -> Result<(), NotNow> {
        let Some(text) = self.exercise.hints.get(self.hints).cloned() else {
            return Err(NotNow("there is no further hint".to_owned()));
        };
        self.note_deed(who, deed.clone());
        self.note("", What::Hint { n: self.hints, text });
        self.hints += 1;
        Ok(())
    }

    /// Answers every alarm of that name that stands.
    fn answer(&mut self, who: &str, deed: &Deed) -> Result<(), NotNow> {
        let rule = RuleId::new(deed.arg(0)).map_err(|error| NotNow(error.to_string()))?;
        let tag = Some(deed.arg(1)).filter(|tag| !tag.is_empty());
        let name = deed.verb().name;
        let action = match name {
            "acknowledge" => Action::Acknowledge,
            "shelve" => Action::Shelve(Span::HOUR),
            _ => Action::RemoveFromService,
        };
        let is_meant = |alarm: &&Standing| {
            let own = alarm.id.tag.as_ref().map_or("plant", TagId::as_str);
            let is_open = match action {
                Action::Acknowledge => matches!(
                    alarm.state,
                    AlarmState::Unacknowledged
                        | AlarmState::ReturnedUnacknowledged
                        | AlarmState::LatchedUnacknowledged
                ),
                _ => !AlarmState::SET_ASIDE.contains(&alarm.state),
            };
            alarm.id.rule == rule && tag.is_none_or(|tag| tag == own) && is_open
        };
        let meant: Vec<AlarmId> =
            self.alarms.values().filter(is_meant).map(|alarm| alarm.id.clone()).collect();
        if meant.is_empty() {
            return Err(NotNow(format!("there is nothing to {name} of {rule}")));
        }
        let by = By { name: who.to_owned(), reason: REASON.to_owned() };
        let at = self.facts.now.at;
        let ask = |alarm| Ask { alarm, action, by: by.clone() }.at(at);
        self.effects.extend(meant.into_iter().map(|alarm| Effect::Answer(ask(alarm))));
        Ok(())
    }

    /// Notes a deed, and the tasks that it does.
    fn note_deed(&mut self, who: &str, deed: Deed) {
        let exercise = Arc::clone(&self.exercise);
        for (at, task) in exercise.tasks.iter().enumerate() {
            let counts =
                self.tasks[at].met().is_some() || self.tasks[at].look(&self.facts).is_some();
            let is_it = task.by.iter().any(|pattern| pattern.means(&deed));
            if counts && is_it && self.facts.done[at].is_none() {
                self.facts.done[at] = Some(self.facts.now);
            }
        }
        self.note(who, What::Did { deed });
    }

    fn note(&mut self, who: &str, what: What) {
        self.log.push(Entry { moment: self.facts.now, who: who.to_owned(), what });
    }
}

/// Why somebody in an exercise sets an alarm aside: one of the reasons that `alarms.toml` knows.
const REASON: &str = "exercise";

/// A text of an errand.
fn text(en: impl Into<String>, zh: impl Into<String>) -> Text {
    Text { en: en.into(), zh: zh.into() }
}

#[cfg(test)]
mod tests {
    //! How people are called where only ids may stand.

    use super::*;

    #[test]
    fn people_whose_names_are_no_ids_are_told_apart_in_orders() {
        assert_eq!(operator("Li.2").as_str(), "Li.2");
        let alike = ["李明", "王芳", "Li Ming", "Li-Ming", &"x".repeat(60), &"x".repeat(59)];
        let ids: BTreeSet<OperatorId> = alike.iter().map(|name| operator(name)).collect();
        assert_eq!(ids.len(), alike.len(), "{ids:?}");
        assert_eq!(operator("李明"), operator("李明"));
    }
}
