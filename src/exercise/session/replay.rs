//! An exercise played again from its log: what people did and directed is input, and all else must
//! come out the same.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use super::log::{Entry, What};
use super::play::{Run, carry_out};
use super::{REASON, Session};
use crate::alarms::command::{Action, Ask};
use crate::alarms::event::{AlarmChange, AlarmEvent, AlarmId, By};
use crate::base::random::Seed;
use crate::base::{RuleId, Span, Stamp, TagId};
use crate::exercise::offline::{Air, PlayError, Stage, begin, neutral_name};
use crate::inspection::book::Book;
use crate::monitor::Input;
use crate::plant::Plant;
use crate::scenario::exercise::Exercise;
use crate::scenario::exercise::attack::{Attack, AttackKind};
use crate::scenario::exercise::deed::Deed;
use crate::simulator::Simulator;

/// Where a replay does not come to its log.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// The log says it, and it did not come again.
    Missing(Entry),
    /// It came, and the log does not say it.
    New(Entry),
    /// Somebody did it, and it could not be done again.
    Refused {
        /// What.
        entry: Entry,
        /// Why, in words.
        why: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = |entry: &Entry| serde_json::to_string(entry).unwrap_or_default();
        match self {
            Self::Missing(entry) => write!(f, "only in the log: {}", json(entry)),
            Self::New(entry) => write!(f, "not in the log: {}", json(entry)),
            Self::Refused { entry, why } => write!(f, "refused ({why}): {}", json(entry)),
        }
    }
}

/// An exercise that was played again.
pub struct Replayed {
    /// As it was played.
    pub run: Run,
    /// The plant as it stands at the end.
    pub simulator: Simulator,
    /// Where it does not come to its log; none when all is as it was.
    pub differences: Vec<Difference>,
    /// What the monitor was given, in order.
    pub inputs: Vec<Input>,
}

/// Plays `exercise` again from its `log`, to its end.
///
/// Deeds and directions are applied at their simulated time. The wall's time is the log's where it
/// says one, and between as the speed has it.
pub fn replay(
    plant: &Arc<Plant>,
    exercise: &Arc<Exercise>,
    book: &Book,
    seed: Seed,
    log: &[Entry],
) -> Result<Replayed, PlayError> {
    replay_until(plant, exercise, book, seed, (log, Stamp::MAX))
}

/// The same up to the first step at or after a moment: the log up to then has been applied.
pub fn replay_until(
    plant: &Arc<Plant>,
    exercise: &Arc<Exercise>,
    book: &Book,
    seed: Seed,
    (log, until): (&[Entry], Stamp),
) -> Result<Replayed, PlayError> {
    let scenario = &exercise.scenario;
    let mut stage = Stage::new(plant, scenario, book, seed).keeping_inputs();
    let named = (scenario, Some(neutral_name(seed)));
    let (simulator, mut air) = begin(plant, named, seed, &mut stage)?;
    if let Some(beset) = log.iter().find(|entry| entry.what == What::Beset) {
        air.beset(&as_heard(&exercise.attacks), beset.moment.at, seed);
    }
    let mut again = Again {
        session: Session::new(Arc::clone(exercise), Arc::clone(plant)).with_hindsight(),
        simulator,
        stage,
        log,
        next: 0,
        known: BTreeMap::new(),
        pending: VecDeque::new(),
        left_s: scenario.step.as_seconds(),
        refused: Vec::new(),
    };
    again.take(false)?;
    while !again.simulator.is_over()
        && !again.session.is_done()
        && again.session.facts.now.at < until
    {
        again.step(&mut air, scenario.step)?;
    }
    again.take(true)?;
    let Again { session, simulator, mut stage, refused, .. } = again;
    stage.sum_up(&simulator);
    let inputs = stage.take_inputs();
    let mut differences = refused;
    differences.extend(compare(log, session.log())?);
    let balked = differences.iter().map(ToString::to_string).collect();
    let run = Run { played: stage.into_played(), session, balked };
    Ok(Replayed { run, simulator, differences, inputs })
}

/// What a stranger says, for those who listen already: the broker tells them of a message that it
/// is to keep as of any other.
fn as_heard(attacks: &[Attack]) -> Vec<Attack> {
    let heard = |attack: &Attack| match attack.kind.clone() {
        AttackKind::Retained { tag, value } => {
            Attack { kind: AttackKind::ForgedReading { tag, value }, ..attack.clone() }
        }
        _ => attack.clone(),
    };
    attacks.iter().map(heard).collect()
}

/// A replay on its way through its log.
struct Again<'a> {
    session: Session,
    simulator: Simulator,
    stage: Stage<'a>,
    log: &'a [Entry],
    /// The entry that comes next.
    next: usize,
    /// The last occurrence of each alarm.
    known: BTreeMap<(RuleId, Option<TagId>), AlarmId>,
    /// What the monitor has said and the exercise is yet to hear: it hears of alarms when the log
    /// says so.
    pending: VecDeque<AlarmEvent>,
    /// Simulated seconds that are left of the step.
    left_s: f64,
    refused: Vec<Difference>,
}

impl Again<'_> {
    fn step(&mut self, air: &mut Air, step: Span) -> Result<(), PlayError> {
        let speed = self.session.speed();
        let heard = self.stage.records();
        air.step(&mut self.simulator, &mut self.stage)?;
        self.learn(heard);
        // A robot's run hears of alarms before the session's step, a live one after it.
        self.take(true)?;
        self.session.facts.now.wall_s = self.wall_of_step(speed);
        self.left_s = step.as_seconds();
        let (truth, at_tags) = (self.simulator.truth(), self.simulator.at_tags());
        self.session.step(truth, at_tags, step);
        self.carry_out()?;
        self.take(false)?;
        if self.session.is_beset() && self.session.has_done("switch-broker") {
            air.leave_stranger();
        }
        Ok(())
    }

    /// When the next step is over on the wall: the log says it, or the speed.
    fn wall_of_step(&self, speed: f64) -> f64 {
        let wall = self.session.facts.now.wall_s;
        let usual = wall + self.left_s / speed;
        let Some(next) = self.log.get(self.next) else { return usual };
        let comes_by_itself =
            matches!(next.what, What::Told { .. } | What::Returned { .. } | What::Happened { .. });
        if comes_by_itself && next.moment.at == self.simulator.now() {
            return next.moment.wall_s;
        }
        usual.min(next.moment.wall_s.max(wall))
    }

    /// Takes in what the monitor has said since the `first`th record.
    fn learn(&mut self, first: usize) {
        for event in self.stage.events_since(first) {
            let key = (event.id.rule.clone(), event.id.tag.clone());
            self.known.insert(key, event.id.clone());
            self.pending.push_back(event.clone());
        }
    }

    /// Applies entries up to now; one that speaks of an alarm that is not raised yet is waited for,
    /// unless it `must` come now.
    fn take(&mut self, must: bool) -> Result<(), PlayError> {
        let log = self.log;
        while let Some(entry) = log.get(self.next) {
            if entry.moment.at > self.session.facts.now.at || self.session.is_done() {
                break;
            }
            if let What::Raised { alarm, .. } = &entry.what
                && !self.pending.iter().any(|event| raises(event, alarm))
                && !must
            {
                break;
            }
            self.next += 1;
            self.pass_to(entry.moment.wall_s);
            self.apply(entry)?;
        }
        self.hear_what_waits_for_nothing();
        Ok(())
    }

    fn pass_to(&mut self, wall_s: f64) {
        let passed = wall_s - self.session.facts.now.wall_s;
        if passed > 0.0 {
            self.left_s = (self.left_s - passed * self.session.speed()).max(0.0);
            if self.left_s < 1e-6 {
                self.left_s = 0.0; // rounding
            }
            self.session.facts.now.wall_s = wall_s;
        }
    }

    fn apply(&mut self, entry: &Entry) -> Result<(), PlayError> {
        let done = match &entry.what {
            What::Raised { alarm, .. } => {
                self.hear_up_to(alarm);
                return Ok(());
            }
            What::Did { deed } => match action(deed) {
                Some(action) => self.answer(&entry.who, deed, action)?,
                None => self.session.act(&entry.who, deed).map_err(|why| why.0),
            },
            What::Directed { direction } => {
                self.session.direct(&entry.who, direction.clone()).map_err(|why| why.0)
            }
            What::Branched { left } => {
                self.session.branch(&entry.who, left.clone());
                Ok(())
            }
            What::Beset => {
                self.session.beset();
                Ok(())
            }
            // These come by themselves.
            What::Failed { .. }
            | What::Returned { .. }
            | What::Told { .. }
            | What::Happened { .. }
            | What::Hint { .. } => return Ok(()),
        };
        if let Err(why) = done {
            self.refused.push(Difference::Refused { entry: entry.clone(), why });
        }
        self.carry_out()
    }

    fn carry_out(&mut self) -> Result<(), PlayError> {
        carry_out(&mut self.session, &mut self.simulator, &mut self.stage)
    }

    /// Somebody answers an alarm, which they had heard of.
    fn answer(
        &mut self,
        who: &str,
        deed: &Deed,
        action: Action,
    ) -> Result<Result<(), String>, PlayError> {
        let tag = TagId::new(deed.arg(1)).ok().filter(|_| deed.arg(1) != "plant");
        let Ok(rule) = RuleId::new(deed.arg(0)) else {
            return Ok(Err("there is no such alarm".to_owned()));
        };
        let known = self.known.get(&(rule.clone(), tag.clone())).cloned();
        // Who sets aside what was never raised speaks of its occurrence 0.
        let plant = self.session.plant().id.clone();
        let alarm = known.unwrap_or(AlarmId { plant, rule, tag, n: 0 });
        self.hear_up_to(&alarm);
        let by = By { name: who.to_owned(), reason: REASON.to_owned() };
        let command = Ask { alarm, action, by }.at(self.session.facts.now.at);
        let heard = self.stage.records();
        self.stage.hear(&Input::Command(command))?;
        let answered: Vec<AlarmEvent> = self.stage.events_since(heard).cloned().collect();
        if answered.is_empty() {
            return Ok(Err("there is nothing to answer".to_owned()));
        }
        for event in &answered {
            self.session.hear(event);
        }
        Ok(Ok(()))
    }

    /// Hears what was said up to the raise of `alarm`; nothing when that has been heard.
    fn hear_up_to(&mut self, alarm: &AlarmId) {
        let Some(at) = self.pending.iter().position(|event| raises(event, alarm)) else { return };
        for event in self.pending.drain(..=at) {
            self.session.hear(&event);
        }
    }

    /// Hears what was said before the next raise of which the log is still to speak.
    fn hear_what_waits_for_nothing(&mut self) {
        let rest = &self.log[self.next..];
        let waits = |event: &AlarmEvent| {
            event.change == AlarmChange::Raised
                && rest.iter().any(
                    |entry| matches!(&entry.what, What::Raised { alarm, .. } if *alarm == event.id),
                )
        };
        while let Some(event) = self.pending.pop_front_if(|event| !waits(event)) {
            self.session.hear(&event);
        }
    }
}

fn raises(event: &AlarmEvent, alarm: &AlarmId) -> bool {
    event.change == AlarmChange::Raised && event.id == *alarm
}

/// What a deed asks of an alarm, if it does.
fn action(deed: &Deed) -> Option<Action> {
    match deed.verb().name {
        "acknowledge" => Some(Action::Acknowledge),
        "shelve" => Some(Action::Shelve(Span::HOUR)),
        "remove-from-service" => Some(Action::RemoveFromService),
        _ => None,
    }
}

/// What one log says and the other does not, wherever the order among lines of one moment.
fn compare(log: &[Entry], again: &[Entry]) -> Result<Vec<Difference>, serde_json::Error> {
    let mut left: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    for entry in log {
        left.entry(key(entry)?).or_default().push(entry);
    }
    let mut new = Vec::new();
    for entry in again {
        match left.get_mut(&key(entry)?) {
            Some(same) if !same.is_empty() => drop(same.pop()),
            _ => new.push(Difference::New(entry.clone())),
        }
    }
    let mut differences: Vec<Difference> =
        left.into_values().flatten().map(|entry| Difference::Missing(entry.clone())).collect();
    differences.extend(new);
    Ok(differences)
}

/// What must be the same of a line. When an alarm or a failure is heard of depends on the way it
/// comes; when it was raised does not.
fn key(entry: &Entry) -> Result<String, serde_json::Error> {
    let at = match entry.what {
        What::Raised { .. } | What::Failed { .. } => None,
        _ => Some(entry.moment.at),
    };
    serde_json::to_string(&(at, &entry.who, &entry.what))
}
