//! Findings → alarms with a full life (ISA-18.2).
//!
//! In: `Finding`s, people's answers, time. Out: `AlarmEvent`s. Must not know: readings.
//!
//! Everything happens in event time, plant by plant: `apply` and `advance` fire what was due before
//! the moment they are given, each thing stamped with its own moment. So the same findings give the
//! same events, however often anybody asks.

mod chatter;
pub mod command;
pub mod event;
pub mod flood;
pub mod group;
pub mod level;
pub mod load;
pub mod policy;
pub mod standing;
pub mod state;
pub mod stop;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::base::text::Lang;
use crate::base::time::UtcOffset;
use crate::base::{PlantId, RuleId, Span, Stamp, TagId, Text};
use crate::ingest::observation::PlantIndex;
use crate::inspection::finding::{Finding, RuleIndex, Watch, Why};
use crate::inspection::handling::Handling;
use crate::inspection::template::{self, Facts};
use crate::plant::tags::TagIndex;
use chatter::Announced;
use command::{Action, Command, CommandRefused, Reply};
use event::{AlarmChange, AlarmEvent, AlarmId, By, Chattering, Texts};
use flood::{Flood, FloodChange, FloodEvent, FloodMeter};
use group::Groups;
use policy::{AlarmRule, Clock};
use state::{Change, Chatter, Input, State, transition};

/// Every alarm of every plant.
#[derive(Debug, Clone)]
pub struct Alarms {
    rules: Vec<AlarmRule>,
    /// Per rule: the rules whose alarms it suppresses while its condition holds.
    children: Vec<Vec<RuleIndex>>,
    /// Per rule: the rules whose alarms come from its own, suppressed or not.
    followers: Vec<Vec<RuleIndex>>,
    names: Vec<Names>,
    plants: Vec<PlantAlarms>,
    handling: Handling,
    /// Floods that have begun or ended, until somebody asks for them.
    floods: Vec<FloodEvent>,
}

#[derive(Debug, Clone)]
struct Names {
    plant: PlantId,
    tags: Vec<TagId>,
    /// What texts of rules may name; none unless a rule has such texts.
    words: Option<PlantWords>,
}

/// What texts of rules may name of a plant.
#[derive(Debug, Clone)]
pub struct PlantWords {
    /// What a person calls it.
    pub title: Text,
    /// Its local time.
    pub utc_offset: UtcOffset,
    /// Of each tag: the village it stands for, and the unit of its values.
    pub tags: Vec<(Option<Text>, &'static str)>,
}

/// Which alarm of a plant.
type Key = (RuleIndex, Option<TagIndex>);

/// One plant's alarms.
#[derive(Debug, Clone, Default)]
struct PlantAlarms {
    /// Only alarms that something has happened to.
    alarms: BTreeMap<Key, Alarm>,
    /// The next moment of each alarm that waits for one; a parent before its children.
    due: BTreeSet<(Stamp, bool, Key)>,
    /// The same of alarms that live by the time of results.
    due_by_results: BTreeSet<(Stamp, bool, Key)>,
    /// The same of alarms that live by the time of arrivals.
    due_by_arrivals: BTreeSet<(Stamp, bool, Key)>,
    /// Its alarms against what one operator can answer.
    meter: FloodMeter,
    /// Which of them belong together.
    groups: Groups,
}

impl PlantAlarms {
    fn due_mut(&mut self, clock: Clock) -> &mut BTreeSet<(Stamp, bool, Key)> {
        match clock {
            Clock::Readings => &mut self.due,
            Clock::Results => &mut self.due_by_results,
            Clock::Arrivals => &mut self.due_by_arrivals,
        }
    }
}

/// What is remembered of one alarm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    state: State,
    /// When the last occurrence was announced.
    raised_at: Option<Stamp>,
    #[serde(default, skip_serializing_if = "Announced::is_empty")]
    announced: Announced,
    /// The group it belongs to since it was last raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<u64>,
    /// Who announced the stop of supply in its state, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop_by: Option<By>,
    why: Why,
}

/// Everything remembered of the alarms, by the names of plants, rules and tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    alarms: Vec<(PlantId, RuleId, Option<TagId>, Alarm)>,
    floods: Vec<(PlantId, FloodMeter)>,
    #[serde(default)]
    groups: Vec<(PlantId, Groups)>,
}

impl Alarms {
    /// Alarms by these rules, in the order of the book, for these plants with their tags, in the
    /// order in which findings count them.
    pub fn new(rules: Vec<AlarmRule>, plants: Vec<(PlantId, Vec<TagId>)>) -> Self {
        let of_parents = |parents: &dyn Fn(&AlarmRule) -> Vec<RuleIndex>| {
            let mut children = vec![Vec::new(); rules.len()];
            for (at, rule) in rules.iter().enumerate() {
                for parent in parents(rule) {
                    if let Some(children) = children.get_mut(parent.0) {
                        children.push(RuleIndex(at));
                    }
                }
            }
            children
        };
        let children = of_parents(&|rule| rule.inhibited_by.clone());
        let followers =
            of_parents(&|rule| rule.inhibited_by.iter().chain(&rule.follows).copied().collect());
        let names: Vec<Names> =
            plants.into_iter().map(|(plant, tags)| Names { plant, tags, words: None }).collect();
        let plants = vec![PlantAlarms::default(); names.len()];
        let (handling, floods) = (Handling::default(), Vec::new());
        Self { rules, children, followers, names, plants, handling, floods }
    }

    /// Has a rule texts with places to fill?
    pub fn needs_words(&self) -> bool {
        let mut cards = self.rules.iter().filter_map(|rule| rule.card.as_ref());
        cards.any(|card| card.texts.is_some())
    }

    /// The same, with words for the places in texts of rules, plant by plant.
    pub fn with_words(mut self, words: impl Iterator<Item = PlantWords>) -> Self {
        for (names, words) in self.names.iter_mut().zip(words) {
            names.words = Some(words);
        }
        self
    }

    /// The same, with limits to what people may set aside.
    pub fn with_handling(self, handling: Handling) -> Self {
        Self { handling, ..self }
    }

    /// Takes findings of one plant; they are put in the order of time, parents first, and drained.
    pub fn apply(&mut self, findings: &mut Vec<Finding>, events: &mut Vec<AlarmEvent>) {
        findings.sort_by_key(|it| (it.at, self.is_child(it.watch.rule)));
        for finding in findings.drain(..) {
            let Finding { watch, at, verdict, level, why } = finding;
            self.advance(watch.plant, self.clock_of(watch.rule), at, events);
            let input = Input::Verdict { verdict, level };
            self.tell(watch, input, at, (Some(why), None), events);
        }
    }

    /// Event time of a plant has reached `to` by a clock: what was due before by it fires.
    pub fn advance(
        &mut self,
        plant: PlantIndex,
        clock: Clock,
        to: Stamp,
        events: &mut Vec<AlarmEvent>,
    ) {
        let due = |it: &Self| it.next_due(plant, clock).filter(|(at, _)| *at < to);
        while let Some((at, (rule, tag))) = due(self) {
            let watch = Watch { rule, plant, tag };
            let fire = at + Span::ms(1); // a deadline fires once time is past it
            self.tell(watch, Input::Time, fire, (None, None), events);
        }
        self.end_flood(plant, to - Span::ms(1));
    }

    /// Ends the flood of a plant that is over by `now`.
    fn end_flood(&mut self, plant: PlantIndex, now: Stamp) {
        let Some(of_plant) = self.plants.get_mut(plant.0) else { return };
        let over = of_plant.meter.end_by(now, &self.handling.load);
        if let Some((at, flood)) = over {
            self.note_flood(plant, FloodChange::Ended, at, flood);
        }
    }

    fn note_flood(&mut self, plant: PlantIndex, change: FloodChange, at: Stamp, flood: Flood) {
        if let Some(names) = self.names.get(plant.0) {
            let plant = names.plant.clone();
            self.floods.push(FloodEvent { at, plant, change, flood });
        }
    }

    /// Somebody is called: one more for the operator of this plant.
    fn count_call(&mut self, plant: PlantIndex, call: &AlarmEvent) {
        self.end_flood(plant, call.at);
        let Some(of_plant) = self.plants.get_mut(plant.0) else { return };
        let begun = of_plant.meter.count(call.at, &call.id, &self.handling.load).cloned();
        if let Some(flood) = begun {
            self.note_flood(plant, FloodChange::Begun, call.at, flood);
        }
    }

    /// Takes the floods that have begun or ended since it was last asked.
    pub fn told_floods(&mut self) -> std::vec::Drain<'_, FloodEvent> {
        self.floods.drain(..)
    }

    /// The flood of this plant that goes on.
    pub fn flood(&self, plant: PlantIndex) -> Option<&Flood> {
        self.plants.get(plant.0)?.meter.flood()
    }

    /// A plant's time begins again at `now`: what stood has ended; occurrences count on.
    pub fn begin_again(&mut self, plant: PlantIndex, now: Stamp, events: &mut Vec<AlarmEvent>) {
        let keys: Option<Vec<Key>> =
            self.plants.get(plant.0).map(|plant| plant.alarms.keys().copied().collect());
        for (rule, tag) in keys.unwrap_or_default() {
            let watch = Watch { rule, plant, tag };
            self.change(watch, Input::BeginAgain, now, (None, None), events);
        }
        let Some(of_plant) = self.plants.get_mut(plant.0) else { return };
        of_plant.groups = Groups::default();
        of_plant.alarms.values_mut().for_each(|alarm| alarm.group = None);
        let meter = std::mem::take(&mut of_plant.meter);
        if let Some(flood) = meter.flood() {
            self.note_flood(plant, FloodChange::Ended, now, flood.clone());
        }
    }

    /// When something of this plant will fire by itself, and what.
    fn next_due(&self, plant: PlantIndex, clock: Clock) -> Option<(Stamp, Key)> {
        let plant = self.plants.get(plant.0)?;
        let due = match clock {
            Clock::Readings => &plant.due,
            Clock::Results => &plant.due_by_results,
            Clock::Arrivals => &plant.due_by_arrivals,
        };
        let (at, _, key) = due.first()?;
        Some((*at, *key))
    }

    fn clock_of(&self, rule: RuleIndex) -> Clock {
        self.rules.get(rule.0).map_or(Clock::Readings, |rule| rule.clock)
    }

    /// Does what a person asks; unless that is `Reply::Done`, nothing has changed.
    pub fn command(&mut self, command: &Command) -> (Reply, Vec<AlarmEvent>) {
        let mut events = Vec::new();
        let reply = self.answer(command, &mut events).unwrap_or_else(Reply::Refused);
        (reply, events)
    }

    fn answer(
        &mut self,
        Command { at, ask }: &Command,
        events: &mut Vec<AlarmEvent>,
    ) -> Result<Reply, CommandRefused> {
        let alarm = || ask.alarm.clone();
        let watch = self
            .watch_of(&ask.alarm)
            .ok_or_else(|| CommandRefused::NoSuchAlarm { alarm: alarm() })?;
        let state = self.state(watch);
        match state.occurrence {
            _ if !ask.action.answers() => {}
            0 => return Err(CommandRefused::NeverRaised { alarm: alarm() }),
            last if last == ask.alarm.n => {}
            last => return Err(CommandRefused::OtherOccurrence { alarm: alarm(), last }),
        }
        if command::is_done(ask.action, &state) {
            return Ok(Reply::Already { state: state.shown() });
        }
        command::check(ask, &self.handling)?;
        match ask.action {
            Action::Shelve(_) if state.shelved_until.is_none() => self.has_room(watch.plant)?,
            Action::Announce(stop) => self.may_stop(watch, stop, *at)?,
            _ => {}
        }
        self.tell(watch, command::input(ask.action, *at), *at, (None, Some(&ask.by)), events);
        if events.is_empty() {
            return Err(CommandRefused::NotNow { alarm: alarm(), state: state.shown() });
        }
        Ok(Reply::Done { state: self.state(watch).shown() })
    }

    /// Is there room on the shelf of this plant?
    fn has_room(&self, plant: PlantIndex) -> Result<(), CommandRefused> {
        let at_most = self.handling.shelving.at_most;
        let alarms = self.plants.get(plant.0).map(|plant| plant.alarms.values());
        let shelved = alarms.into_iter().flatten().filter(|it| it.state.shelved_until.is_some());
        match self.names.get(plant.0) {
            Some(names) if shelved.count() >= at_most => {
                Err(CommandRefused::ShelfFull { plant: names.plant.clone(), at_most })
            }
            _ => Ok(()),
        }
    }

    /// Every alarm that a person should see: standing, unanswered, latched, or kept silent; each as
    /// an event at the moment it was raised, with its present state.
    pub fn standing(&self, plant: PlantIndex) -> Vec<AlarmEvent> {
        let Some(of_plant) = self.plants.get(plant.0) else { return Vec::new() };
        of_plant.alarms.keys().filter_map(|key| self.listed(plant, *key)).collect()
    }

    /// Everything a restart must not forget.
    pub fn checkpoint(&self) -> Checkpoint {
        let mut alarms = Vec::new();
        for (plant, names) in self.plants.iter().zip(&self.names) {
            for ((rule, tag), alarm) in &plant.alarms {
                let tag = tag.and_then(|tag| names.tags.get(tag.0)).cloned();
                if let Some(rule) = self.rules.get(rule.0) {
                    alarms.push((names.plant.clone(), rule.id.clone(), tag, alarm.clone()));
                }
            }
        }
        let meters = self.names.iter().zip(&self.plants).filter(|(_, it)| !it.meter.is_idle());
        let floods = meters.map(|(names, it)| (names.plant.clone(), it.meter.clone())).collect();
        let groups = self.names.iter().zip(&self.plants).filter(|(_, it)| !it.groups.is_empty());
        let groups = groups.map(|(names, it)| (names.plant.clone(), it.groups.clone())).collect();
        Checkpoint { alarms, floods, groups }
    }

    /// Goes on from a checkpoint. What no longer exists is forgotten.
    pub fn resume(&mut self, checkpoint: Checkpoint) {
        self.plants = vec![PlantAlarms::default(); self.names.len()];
        for (plant, rule, tag, alarm) in checkpoint.alarms {
            let Some(watch) = self.watch_of(&AlarmId { plant, rule, tag, n: 0 }) else { continue };
            let is_child = self.is_child(watch.rule);
            let Some(rule) = self.rules.get(watch.rule.0) else { continue };
            let Some(plant) = self.plants.get_mut(watch.plant.0) else { continue };
            let key = (watch.rule, watch.tag);
            let due = alarm.state.deadline(&rule.policy).map(|at| (at, is_child, key));
            plant.due_mut(rule.clock).extend(due);
            plant.alarms.insert(key, alarm);
        }
        for (id, meter) in checkpoint.floods {
            if let Some(plant) = self.plant_mut(&id) {
                plant.meter = meter;
            }
        }
        for (id, groups) in checkpoint.groups {
            if let Some(plant) = self.plant_mut(&id) {
                plant.resume_groups(groups);
            }
        }
    }

    fn plant_mut(&mut self, id: &PlantId) -> Option<&mut PlantAlarms> {
        let at = self.names.iter().position(|names| names.plant == *id)?;
        self.plants.get_mut(at)
    }

    fn is_child(&self, rule: RuleIndex) -> bool {
        self.rules.get(rule.0).is_some_and(|rule| !rule.inhibited_by.is_empty())
    }

    fn state(&self, watch: Watch) -> State {
        let plant = self.plants.get(watch.plant.0);
        let alarm = plant.and_then(|plant| plant.alarms.get(&(watch.rule, watch.tag)));
        alarm.map(|alarm| alarm.state).unwrap_or_default()
    }

    /// Tells one alarm one thing; then, when it begins or ceases to speak for others, those.
    fn tell(
        &mut self,
        watch: Watch,
        input: Input,
        now: Stamp,
        (why, by): (Option<Why>, Option<&By>),
        events: &mut Vec<AlarmEvent>,
    ) {
        let held = self.state(watch).holds();
        let changed_at = self.change(watch, input, now, (why, by), events);
        let holds = self.state(watch).holds();
        if held != holds {
            self.tell_children(watch, changed_at, events);
        }
    }

    /// Lets every child of this plant know whether a parent speaks for it.
    fn tell_children(&mut self, parent: Watch, now: Stamp, events: &mut Vec<AlarmEvent>) {
        let plant = parent.plant;
        for child in self.children.get(parent.rule.0).cloned().unwrap_or_default() {
            let speaks = self.is_inhibited(plant, child);
            let input = if speaks { Input::Suppress } else { Input::Unsuppress };
            for tag in self.tags_with_alarms(plant, child) {
                let watch = Watch { rule: child, plant, tag };
                if self.state(watch).suppressed != speaks {
                    self.change(watch, input, now, (None, None), events);
                }
            }
        }
    }

    fn is_inhibited(&self, plant: PlantIndex, rule: RuleIndex) -> bool {
        let parents = self.rules.get(rule.0).map(|rule| rule.inhibited_by.as_slice());
        parents.unwrap_or_default().iter().any(|&parent| {
            self.tags_with_alarms(plant, parent)
                .into_iter()
                .any(|tag| self.state(Watch { rule: parent, plant, tag }).holds())
        })
    }

    fn tags_with_alarms(&self, plant: PlantIndex, rule: RuleIndex) -> Vec<Option<TagIndex>> {
        let Some(plant) = self.plants.get(plant.0) else { return Vec::new() };
        let keys = plant.alarms.range((rule, None)..).map(|(key, _)| *key);
        keys.take_while(|key| key.0 == rule).map(|key| key.1).collect()
    }

    /// Changes one alarm; gives the moment of its last change, or `now`.
    fn change(
        &mut self,
        watch: Watch,
        input: Input,
        now: Stamp,
        (why, by): (Option<Why>, Option<&By>),
        events: &mut Vec<AlarmEvent>,
    ) -> Stamp {
        let key = (watch.rule, watch.tag);
        let before = self.state(watch);
        let inhibited = before == State::default() && self.is_inhibited(watch.plant, watch.rule);
        let Some(rule) = self.rules.get(watch.rule.0) else { return now };
        let before = State { suppressed: before.suppressed || inhibited, ..before };
        let (mut after, mut changes) = transition(before, input, &rule.policy, now);
        let is_child = self.is_child(watch.rule);
        let Some(plant) = self.plants.get_mut(watch.plant.0) else { return now };
        if after == State::default() && !plant.alarms.contains_key(&key) {
            return now; // nothing worth remembering has happened
        }
        let alarm = plant.alarms.entry(key).or_default();
        if let Some((at, chatters)) = alarm.announced.count(&changes, &self.handling.load) {
            let (next, more) = transition(after, chatters, &rule.policy, at);
            after = next;
            changes.extend(more);
        }
        let deadline = |state: &State| state.deadline(&rule.policy);
        let (was_due, is_due) = (deadline(&before), deadline(&after));
        if input == Input::BeginAgain {
            alarm.announced.forget();
        }
        alarm.state = after;
        if matches!(input, Input::Announce(_)) {
            alarm.stop_by = by.cloned();
        }
        if let Some(why) = why {
            alarm.why = why;
        }
        let raised = changes.iter().rfind(|change| change.change == AlarmChange::Raised);
        alarm.raised_at = raised.map(|change| change.at).or(alarm.raised_at);
        let why = alarm.why.clone();
        let due = plant.due_mut(rule.clock);
        if let Some(at) = was_due {
            due.remove(&(at, is_child, key));
        }
        if let Some(at) = is_due {
            due.insert((at, is_child, key));
        }
        let last = changes.last().map_or(now, |change| change.at);
        for (n, change) in changes.iter().enumerate() {
            if matches!(change.change, AlarmChange::Raised | AlarmChange::Suppressed) {
                self.join(watch, change);
            }
            let by = by.filter(|_| n == 0).cloned(); // what follows from it is not the person's
            let Some(event) = self.event(watch, change, why.clone(), by) else { continue };
            if event.calls() {
                self.count_call(watch.plant, &event);
            }
            events.push(event);
        }
        last
    }

    fn event(&self, watch: Watch, change: &Change, why: Why, by: Option<By>) -> Option<AlarmEvent> {
        let rule = self.rules.get(watch.rule.0)?;
        let card = rule.card.as_deref();
        let texts = card.and_then(|card| card.texts.as_ref()).map(|texts| {
            let facts = self.facts(watch, rule, change, &why);
            let [title, advice] =
                [&texts.title, &texts.advice].map(|text| template::fill(text, &facts));
            let runbook = texts.runbook.as_ref();
            let runbook = runbook.map(|text| template::fill_in(text, &facts, Lang::En));
            Box::new(Texts { title, advice, runbook })
        });
        let title = texts.as_ref().map_or(&rule.title, |texts| &texts.title.en).clone();
        Some(AlarmEvent {
            id: self.id(watch, change.occurrence)?,
            at: change.at,
            change: change.change,
            state: change.state,
            priority: rule.policy.priority.raised_by(change.steps),
            since: change.since,
            title,
            source: rule.source.clone(),
            why,
            by,
            chattering: change
                .chatter
                .map(|Chatter { times, since, .. }| Box::new(Chattering { times, since })),
            group: self.grouped(watch).map(Box::new),
            stop: change.stop.map(Box::new),
            labels: card.and_then(|card| card.labels.clone()),
            texts,
            exercise: None,
        })
    }

    /// What the texts of a rule may say about a change.
    fn facts(&self, watch: Watch, rule: &AlarmRule, change: &Change, why: &Why) -> Facts {
        let unit = rule.card.as_ref().and_then(|card| card.unit);
        let names = self.names.get(watch.plant.0);
        let words = names.and_then(|names| names.words.as_ref());
        let here = watch.tag.and_then(|tag| words?.tags.get(tag.0));
        let tag = watch.tag.and_then(|tag| names?.tags.get(tag.0));
        Facts {
            value: why.value,
            limit: why.limit,
            unit: unit.or(here.map(|(_, unit)| *unit)).unwrap_or_default(),
            tag: tag.map(TagId::to_string),
            plant: words.map(|words| words.title.clone()).unwrap_or_default(),
            village: here.and_then(|(village, _)| village.clone()),
            since: change.since.and_then(|since| Some(since.month_day_time(words?.utc_offset))),
        }
    }

    fn id(&self, watch: Watch, n: u64) -> Option<AlarmId> {
        let names = self.names.get(watch.plant.0)?;
        let tag = match watch.tag {
            Some(tag) => Some(names.tags.get(tag.0)?.clone()),
            None => None,
        };
        let rule = self.rules.get(watch.rule.0)?.id.clone();
        Some(AlarmId { plant: names.plant.clone(), rule, tag, n })
    }

    /// What an alarm's id names: a rule and a place that there are, whether or not it looks there.
    pub fn watch_of(&self, id: &AlarmId) -> Option<Watch> {
        let plant = self.names.iter().position(|names| names.plant == id.plant)?;
        let rule = self.rules.iter().position(|rule| rule.id == id.rule)?;
        let tag = match &id.tag {
            Some(id) => {
                Some(TagIndex(self.names.get(plant)?.tags.iter().position(|tag| tag == id)?))
            }
            None => None,
        };
        Some(Watch { rule: RuleIndex(rule), plant: PlantIndex(plant), tag })
    }
}
