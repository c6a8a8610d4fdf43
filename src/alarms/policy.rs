//! How an alarm behaves: its delays, whether it latches, what it does without data.

use std::sync::Arc;

use crate::alarms::event::{Labels, Priority, Texts};
use crate::base::{RuleId, Span};
use crate::inspection::book::{Book, InspectionRule, Kind, NoData};
use crate::inspection::finding::RuleIndex;
use crate::inspection::level::{LEVELS_MAX, Level};
use crate::inspection::template::is_template;

/// How the alarms of one rule behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How urgent.
    pub priority: Priority,
    /// Levels beyond the rule's own limit, from the least urgent one.
    pub levels: [Option<LevelPolicy>; LEVELS_MAX],
    /// A rise to one of them undoes what people answered to less: acknowledgement and shelf.
    pub rise_asks_again: bool,
    /// The condition must hold this long before the alarm is raised.
    pub on_delay: Span,
    /// The condition must be gone this long before the alarm clears.
    pub off_delay: Span,
    /// It stays after its condition has gone, until a person resets it.
    pub latched: bool,
    /// It asks again when it has stood this long since somebody was last called or answered.
    pub re_alarm: Option<Span>,
    /// While it stands and nobody answers, it becomes one priority more urgent each time this has
    /// passed; an answer gives it its own priority back.
    pub escalate: Option<Span>,
    /// While it chatters, what has gone is held until nothing has moved for so long.
    pub calm: Span,
    /// What it does while there is nothing to judge by.
    pub no_data: NoData,
}

/// How an alarm behaves at a level beyond its rule's own limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelPolicy {
    /// How urgent.
    pub priority: Priority,
    /// The limit must be broken this long before the alarm rises.
    pub on_delay: Span,
    /// It must be clear this long before the alarm falls.
    pub off_delay: Span,
}

impl LevelPolicy {
    fn of(level: &Level) -> Self {
        let Level { priority, on_delay, off_delay, .. } = *level;
        Self { priority: priority.into(), on_delay, off_delay }
    }
}

impl Policy {
    /// By how many priorities it is more urgent than its own at a level; 0: none.
    pub fn steps_at(&self, level: u8) -> u8 {
        let at = usize::from(level).checked_sub(1);
        let level = at.and_then(|at| self.levels.get(at).copied().flatten());
        level.map_or(0, |level| self.priority.below(level.priority))
    }
}

/// What the alarms of a rule carry besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its labels, when it has any.
    pub labels: Option<Box<Labels>>,
    /// Its texts, when it names a runbook or one of them has places to fill.
    pub texts: Option<Texts>,
    /// The unit of a laboratory's results; that of an instrument is its own.
    pub unit: Option<&'static str>,
}

impl Card {
    fn of(rule: &InspectionRule) -> Option<Arc<Self>> {
        let both = [&rule.title, &rule.advice];
        let filled = both.iter().any(|text| is_template(&text.en) || is_template(&text.zh));
        let texts = (filled || rule.runbook.is_some()).then(|| Texts {
            title: rule.title.clone(),
            advice: rule.advice.clone(),
            runbook: rule.runbook.clone(),
        });
        let labels = (!rule.labels.is_empty()).then(|| Box::new(Labels(rule.labels.clone())));
        let unit = match rule.kind {
            Kind::LabLimit(analyte, ..) => Some(analyte.measured_in().symbol),
            _ => None,
        };
        let says = texts.is_some() || labels.is_some();
        says.then(|| Arc::new(Self { labels, texts, unit }))
    }
}

/// Whose event time the alarms of a rule live by. Readings are certain as soon as their message has
/// its place; results of a laboratory only once nothing earlier can still come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// That of readings.
    Readings,
    /// That of results, which follows behind.
    Results,
    /// That of what is no reading: it counts at the moment it comes.
    Arrivals,
}

/// What the alarms need to know of a rule.
#[derive(Debug, Clone)]
pub struct AlarmRule {
    /// Its id.
    pub id: RuleId,
    /// Its title in English.
    pub title: String,
    /// Its source and mark.
    pub source: String,
    /// What its alarms carry for people and programs, when there is anything.
    pub card: Option<Arc<Card>>,
    /// How its alarms behave.
    pub policy: Policy,
    /// When its alarms' delays and deadlines are over.
    pub clock: Clock,
    /// While the condition of one of these holds at a plant, this rule's alarms there are
    /// suppressed by design.
    pub inhibited_by: Vec<RuleIndex>,
    /// The alarms of these rules bring this rule's alarms about.
    pub follows: Vec<RuleIndex>,
    /// Its alarms are suppressed by design in stops of supply that are announced.
    pub silent_in_stops: bool,
}

impl AlarmRule {
    /// The rules of a book, in its order.
    pub fn of_book(book: &Book) -> Vec<Self> {
        book.rules().iter().map(|rule| Self::of(rule, book)).collect()
    }

    fn of(rule: &InspectionRule, book: &Book) -> Self {
        let indices =
            |ids: &[RuleId]| ids.iter().filter_map(|id| book.index(id.as_str())).collect();
        let mut levels = [None; LEVELS_MAX];
        for (policy, level) in levels.iter_mut().zip(rule.levels.further.iter()) {
            *policy = Some(LevelPolicy::of(level));
        }
        let policy = Policy {
            priority: rule.priority.into(),
            levels,
            rise_asks_again: rule.levels.rise_asks_again,
            on_delay: rule.on_delay,
            off_delay: rule.off_delay,
            latched: rule.latched,
            re_alarm: rule.re_alarm,
            escalate: rule.escalate,
            calm: book.handling().load.chattering_calm,
            no_data: rule.no_data,
        };
        let clock = match rule.kind {
            Kind::Refusal(_) => Clock::Arrivals,
            ref kind if kind.is_of_results() => Clock::Results,
            _ => Clock::Readings,
        };
        Self {
            id: rule.id.clone(),
            title: rule.title.en.clone(),
            source: rule.source.en.clone(),
            card: Card::of(rule),
            policy,
            clock,
            inhibited_by: indices(&rule.inhibited_by),
            follows: indices(&rule.follows),
            silent_in_stops: rule.silent_in_stops,
        }
    }
}
