//! Holds what a played scenario raised against what must and must not follow.

mod beside;

use std::fmt;

use crate::alarms::event::{AlarmChange, AlarmEvent};
use crate::base::problem::{Problems, nearest};
use crate::base::{Stamp, TagId};
use crate::exercise::answers::Unanswered;
use crate::exercise::offline::Played;
use crate::inspection::book::Book;
use crate::plant::Plant;
use crate::plant::tags::TagIndex;
use crate::scenario::exercise::Exercise;
use crate::scenario::{AlarmName, Count, Expectation, Scenario, Wanted, Window};
use crate::world::Outside;

/// An expectation that was not met, or an alarm that nobody expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// `file:line` of the expectation, or of the scenario.
    pub place: String,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub came: String,
    /// Readings around it: tag, and local time and value of each.
    pub readings: Vec<String>,
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}; {}", self.place, self.expected, self.came)?;
        for line in &self.readings {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

/// Rules that the scenario names and none of the books has.
pub fn unknown_rules(scenario: &Scenario, books: &[&Book]) -> Problems {
    unknown(scenario, scenario.alarm_names(), books)
}

/// Rules that the exercise names, in its scenario or beyond, and none of the books has.
pub fn unknown_rules_of(exercise: &Exercise, books: &[&Book]) -> Problems {
    let scenario = &exercise.scenario;
    unknown(scenario, scenario.alarm_names().chain(exercise.alarm_names()), books)
}

fn unknown<'n>(
    scenario: &Scenario,
    names: impl Iterator<Item = &'n AlarmName>,
    books: &[&Book],
) -> Problems {
    let mut problems = Problems::new();
    let rules = books.iter().flat_map(|book| book.rules());
    let known: Vec<&str> = rules.map(|rule| rule.id.as_str()).collect();
    for name in names {
        let rule = name.rule.as_str();
        if !known.contains(&rule) {
            let text = format!("there is no rule {rule:?}");
            let problem = problems.add(&scenario.source, name.rule_span.clone(), text);
            if let Some(name) = nearest(rule, &known) {
                problem.help(format!("did you mean {name:?}?"));
            }
        }
    }
    problems
}

/// Every expectation that was not met, every alarm that none covers, and a truth that cannot
/// be trusted.
pub fn judge(scenario: &Scenario, plant: &Plant, book: &Book, played: &Played) -> Vec<Failing> {
    let court = Court { scenario, plant, book, played };
    let mut failing: Vec<Failing> =
        scenario.expectations.iter().filter_map(|e| court.hold(e)).collect();
    failing.extend(scenario.floods.iter().filter_map(|expectation| court.count(expectation)));
    failing.extend(scenario.tickets.iter().filter_map(|expectation| court.hear(expectation)));
    failing.extend(scenario.energy.iter().filter_map(|expectation| court.measure(expectation)));
    failing.extend(scenario.limits.iter().filter_map(|expectation| court.bound(expectation)));
    failing.extend(court.unanswered());
    failing.extend(court.uncovered());
    failing.extend(court.unsound());
    failing
}

/// Times outside the range of the model of which no expectation speaks.
pub fn unexpected<'p>(scenario: &Scenario, played: &'p Played) -> Vec<&'p Outside> {
    let is_expected = |outside: &Outside| {
        let means = |expectation| beside::means(expectation, outside);
        scenario.limits.iter().any(means)
    };
    played.outside.iter().filter(|outside| !is_expected(outside)).collect()
}

struct Court<'a> {
    scenario: &'a Scenario,
    plant: &'a Plant,
    book: &'a Book,
    played: &'a Played,
}

impl Court<'_> {
    fn hold(&self, expectation: &Expectation) -> Option<Failing> {
        match &expectation.wanted {
            Wanted::Counted(count) => self.hold_count(expectation, count),
            Wanted::Seen(window) => self.hold_window(expectation, window),
        }
    }

    fn hold_count(&self, expectation: &Expectation, count: &Count) -> Option<Failing> {
        let (from, until) = (count.from, count.until);
        let events = self.changes(&expectation.alarm, count.change, from);
        let events: Vec<&AlarmEvent> = events.into_iter().filter(|e| e.at <= until).collect();
        let least = events.len() >= count.at_least as usize;
        if least && count.at_most.is_none_or(|most| events.len() <= most as usize) {
            return None;
        }
        let (name, verb) = (named(&expectation.alarm), count.change.name());
        let wanted = match count.at_most {
            Some(0) => format!("{name} never to be {verb}"),
            most => format!("{name} to be {verb} {} times", beside::number(count.at_least, most)),
        };
        let expected = format!("{wanted} between {} and {}", self.local(from), self.local(until));
        let times: Vec<String> = events.iter().take(8).map(|e| self.local(e.at)).collect();
        let dots = if events.len() > times.len() { ", …" } else { "" };
        let came = match events.as_slice() {
            [] => format!("it never was {verb}"),
            [event] => format!("it was {verb} at {}: {}", times[0], event.why.text),
            _ => format!("it was {verb} {} times: at {}{dots}", events.len(), times.join(", ")),
        };
        let mut failing = self.failing(expectation, expected, came, until);
        if let Some(event) = events.first() {
            failing.readings = self.around_event(event);
        }
        Some(failing)
    }

    fn hold_window(&self, expectation: &Expectation, window: &Window) -> Option<Failing> {
        let events = self.changes(&expectation.alarm, window.change, window.since);
        let event = events.get(window.occurrence - 1).copied();
        // What came before this one broke the limit by itself.
        let broken_by = events.get(window.occurrence.wrapping_sub(2)).map(|event| event.at);
        let crossed =
            window.within_rule.and_then(|_| self.crossing(expectation, window, broken_by));
        let by_truth = crossed.zip(window.within_rule).map(|(at, span)| at + span);
        let latest = by_truth.map_or(window.latest, |at| at.min(window.latest));
        let expected = self.expected(expectation, window, latest, crossed);
        if window.within_rule.is_some() && crossed.is_none() {
            let came = "the truth never crosses the limit at that point".to_owned();
            return Some(self.failing(expectation, expected, came, window.since));
        }
        let Some(event) = event else {
            let end = self.local(self.scenario.end());
            let came = match events.as_slice() {
                [] => format!("it never was, up to the end at {end}"),
                [.., last] => {
                    let (count, last) = (events.len(), self.local(last.at));
                    format!("up to the end at {end} there were {count}, the last at {last}")
                }
            };
            return Some(self.failing(expectation, expected, came, latest));
        };
        if event.at < window.earliest || event.at > latest {
            let came = format!("it came at {}: {}", self.local(event.at), event.why.text);
            return Some(self.failing(expectation, expected, came, event.at));
        }
        self.hold_cause(expectation, window, event, &expected)
            .or_else(|| self.hold_order(expectation, window, event, &expected))
    }

    /// This alarm must come from another.
    fn hold_cause(
        &self,
        expectation: &Expectation,
        window: &Window,
        event: &AlarmEvent,
        expected: &str,
    ) -> Option<Failing> {
        let wanted = window.cause.as_ref()?;
        let cause = event.group.as_deref().and_then(|group| group.cause.as_ref());
        if cause.is_some_and(|it| wanted.covers(&it.rule, it.tag.as_ref())) {
            return None;
        }
        let expected = format!("{expected}, caused by {}", named(wanted));
        let at = self.local(event.at);
        let came = match cause {
            Some(cause) => format!("it came at {at}, caused by {cause}"),
            None => format!("it came at {at}, without a cause"),
        };
        Some(self.failing(expectation, expected, came, event.at))
    }

    fn expected(
        &self,
        expectation: &Expectation,
        window: &Window,
        latest: Stamp,
        crossed: Option<Stamp>,
    ) -> String {
        let mut text = format!(
            "{} to be {}{} between {} and {}",
            named(&expectation.alarm),
            window.change.name(),
            which(window.occurrence),
            self.local(window.earliest),
            self.local(latest),
        );
        if let Some(crossed) = crossed {
            let crossed = self.local(crossed);
            text.push_str(&format!(" (the truth crosses the limit at {crossed})"));
        }
        text
    }

    /// This alarm must come before another.
    fn hold_order(
        &self,
        expectation: &Expectation,
        window: &Window,
        event: &AlarmEvent,
        expected: &str,
    ) -> Option<Failing> {
        let other = window.before.as_ref()?;
        let others = self.changes(other, window.change, window.since);
        let came = match others.get(window.occurrence - 1) {
            Some(later) if later.at > event.at => return None,
            Some(later) => {
                format!("{} came no later, at {}", named(other), self.local(later.at))
            }
            None => {
                let (verb, which) = (window.change.name(), which(window.occurrence));
                format!("{} never was {verb}{which}", named(other))
            }
        };
        let expected = format!("{expected}, before {}", named(other));
        Some(self.failing(expectation, expected, came, event.at))
    }

    /// Answers that could not be given.
    fn unanswered(&self) -> Vec<Failing> {
        let failing = |found: &Unanswered| {
            let Some(answer) = self.scenario.answers.get(found.answer) else {
                return self.unannounced(found);
            };
            let (what, alarm) = (answer.what, named(&answer.alarm));
            Some(Failing {
                place: answer.place.clone(),
                expected: format!("{} to {what} {alarm}", answer.by),
                came: format!("at {} {}", self.local(found.at), found.why),
                readings: Vec::new(),
            })
        };
        self.played.unanswered.iter().filter_map(failing).collect()
    }

    /// A stop that could not be announced: announcements count on after the answers.
    fn unannounced(&self, found: &Unanswered) -> Option<Failing> {
        let at = found.answer.checked_sub(self.scenario.answers.len())?;
        let announcement = self.scenario.announcements.get(at)?;
        Some(Failing {
            place: announcement.place.clone(),
            expected: format!("{} to announce a stop of supply", announcement.by),
            came: format!("at {} {}", self.local(found.at), found.why),
            readings: Vec::new(),
        })
    }

    fn uncovered(&self) -> Vec<Failing> {
        let raised = self.played.alarm_events().filter(|e| e.change == AlarmChange::Raised);
        raised.filter(|event| !self.is_covered(event)).map(|event| self.stray(event)).collect()
    }

    fn stray(&self, event: &AlarmEvent) -> Failing {
        let again = if event.id.n > 1 { "again " } else { "" };
        let (at, why) = (self.local(event.at), &event.why.text);
        Failing {
            place: self.scenario.source.place(0),
            expected: "no alarm beyond those it lists".to_owned(),
            came: format!("{} was raised {again}at {at}: {why}", event.id),
            readings: self.around_event(event),
        }
    }

    /// A truth that cannot be trusted proves nothing.
    fn unsound(&self) -> Option<Failing> {
        let soundness = self.played.soundness;
        (!soundness.is_sound()).then(|| Failing {
            place: self.scenario.source.place(0),
            expected: "a plant that can be simulated".to_owned(),
            came: format!("its numbers cannot be trusted: {soundness}"),
            readings: Vec::new(),
        })
    }

    fn is_covered(&self, event: &AlarmEvent) -> bool {
        let is_named = |alarm: &AlarmName| alarm.covers(&event.id.rule, event.id.tag.as_ref());
        let is_expected = |expectation: &Expectation| match &expectation.wanted {
            // Its own sentence tells of one too many.
            Wanted::Counted(count) => {
                count.change == AlarmChange::Raised
                    && is_named(&expectation.alarm)
                    && (count.from..=count.until).contains(&event.at)
            }
            // One expectation is one alarm: a second one chatters, unless the file allows it.
            Wanted::Seen(window) => {
                let raised = self.changes(&expectation.alarm, AlarmChange::Raised, window.since);
                window.change == AlarmChange::Raised
                    && raised.get(window.occurrence - 1).is_some_and(|it| it.id == event.id)
            }
        };
        self.scenario.allowed.iter().any(is_named)
            || self.scenario.expectations.iter().any(is_expected)
    }

    /// Every such change from `from` on, by time.
    fn changes(&self, alarm: &AlarmName, change: AlarmChange, from: Stamp) -> Vec<&AlarmEvent> {
        let is_meant = |event: &&AlarmEvent| {
            event.change == change
                && event.at >= from
                && alarm.covers(&event.id.rule, event.id.tag.as_ref())
        };
        let mut events: Vec<&AlarmEvent> = self.played.alarm_events().filter(is_meant).collect();
        events.sort_by_key(|event| event.at); // readings may come behind their time
        events
    }

    /// When the truth at the expectation's tag crosses the rule's limit, after the window opens;
    /// once more, after it has done so before `again`.
    fn crossing(
        &self,
        expectation: &Expectation,
        window: &Window,
        again: Option<Stamp>,
    ) -> Option<Stamp> {
        let tag = self.index(expectation.alarm.tag.as_ref()?)?;
        let rule = self.book.rules().iter().find(|rule| rule.id == expectation.alarm.rule)?;
        let limit = rule.limit_for(&self.plant.profile, &self.plant.instruments[tag.0].tag)?;
        let truth = self.played.truths.of(tag);
        let since = again.unwrap_or(window.since);
        let mut truth = truth.iter().skip_while(|(at, _)| *at < since).peekable();
        while again.is_some() && truth.next_if(|(_, value)| limit.breaks(*value)).is_some() {}
        truth.find(|(_, value)| limit.breaks(*value)).map(|(at, _)| *at)
    }

    fn index(&self, tag: &TagId) -> Option<TagIndex> {
        let found = self.plant.instruments.iter().position(|i| i.tag.id == *tag);
        found.map(TagIndex)
    }

    fn failing(
        &self,
        expectation: &Expectation,
        expected: String,
        came: String,
        around: Stamp,
    ) -> Failing {
        let readings = expectation.alarm.tag.as_ref().map(|tag| self.around(tag, around));
        let readings = readings.unwrap_or_default();
        Failing { place: expectation.place.clone(), expected, came, readings }
    }

    fn around_event(&self, event: &AlarmEvent) -> Vec<String> {
        event.id.tag.as_ref().map(|tag| self.around(tag, event.at)).unwrap_or_default()
    }

    /// What the tag showed around a moment, and what was true.
    fn around(&self, tag: &TagId, moment: Stamp) -> Vec<String> {
        let Some(index) = self.index(tag) else { return Vec::new() };
        let unit = self.plant.instruments[index.0].tag.quantity.unit();
        let line = |what: &str, series: &[(Stamp, f64)]| {
            let middle = series.partition_point(|(at, _)| *at < moment);
            let near = &series[middle.saturating_sub(4)..(middle + 4).min(series.len())];
            let values: Vec<String> = near
                .iter()
                .map(|(at, value)| format!("{} {value:.3}", at.hh_mm(self.scenario.utc_offset)))
                .collect();
            format!("{tag} {what} [{unit}]: {}", values.join(" · "))
        };
        vec![
            line("showed", self.played.shown.of(index)),
            line("truth ", self.played.truths.of(index)),
        ]
    }

    fn local(&self, at: Stamp) -> String {
        local(self.scenario, at)
    }
}

/// Local time, with the day when it is not the first.
pub fn local(scenario: &Scenario, at: Stamp) -> String {
    let offset = scenario.utc_offset;
    if at.midnight(offset) == scenario.start.midnight(offset) {
        at.hh_mm(offset)
    } else {
        at.month_day_time(offset)
    }
}

fn named(alarm: &AlarmName) -> String {
    match &alarm.tag {
        Some(tag) => format!("{} on {tag}", alarm.rule),
        None => alarm.rule.to_string(),
    }
}

/// The number of a change, unless it is the first.
fn which(occurrence: usize) -> String {
    if occurrence == 1 { String::new() } else { format!(" (occurrence {occurrence})") }
}
