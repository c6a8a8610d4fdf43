//! Holds what a played scenario raised against what must and must not follow.

use std::fmt;

use crate::alarms::event::{AlarmChange, AlarmEvent};
use crate::base::problem::{Problems, nearest};
use crate::base::time::UtcOffset;
use crate::base::{Stamp, TagId};
use crate::exercise::offline::Played;
use crate::inspection::book::Book;
use crate::plant::Plant;
use crate::plant::tags::TagIndex;
use crate::scenario::{
    AlarmName, Change, EnergyExpectation, Expectation, Scenario, TicketExpectation, Wanted, Window,
};

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
    let mut problems = Problems::new();
    let rules = books.iter().flat_map(|book| book.rules());
    let known: Vec<&str> = rules.map(|rule| rule.id.as_str()).collect();
    for name in scenario.alarm_names() {
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
    failing.extend(scenario.tickets.iter().filter_map(|expectation| court.hear(expectation)));
    failing.extend(scenario.energy.iter().filter_map(|expectation| court.measure(expectation)));
    failing.extend(court.uncovered());
    failing.extend(court.unsound());
    failing
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
            Wanted::Never { from, until } => self.hold_never(expectation, *from, *until),
            Wanted::Seen(window) => self.hold_window(expectation, window),
        }
    }

    /// Did people complain as expected?
    fn hear(&self, expectation: &TicketExpectation) -> Option<Failing> {
        let (from, until) = (expectation.from, expectation.until);
        let tickets: Vec<Stamp> = (self.played.tickets().map(|event| &event.ticket))
            .filter(|ticket| ticket.problem == expectation.problem)
            .filter(|ticket| expectation.village.as_ref().is_none_or(|v| *v == ticket.village))
            .map(|ticket| ticket.filed_at)
            .filter(|filed_at| (from..=until).contains(filed_at))
            .collect();
        let count = tickets.len();
        let (least, most) = (expectation.at_least, expectation.at_most);
        if count >= least as usize && most.is_none_or(|most| count <= most as usize) {
            return None;
        }
        let wanted = match (least, most) {
            (_, Some(0)) => "no".to_owned(),
            (0, Some(most)) => format!("at most {most}"),
            (least, Some(most)) => format!("{least} to {most}"),
            (least, None) => format!("at least {least}"),
        };
        let problem = expectation.problem.name();
        let village = match &expectation.village {
            Some(village) => format!(" from {village}"),
            None => String::new(),
        };
        let (from, until) = (self.local(from), self.local(until));
        let first = tickets.first().map(|at| format!(", the first at {}", self.local(*at)));
        Some(Failing {
            place: expectation.place.clone(),
            expected: format!("{wanted} {problem} tickets{village} between {from} and {until}"),
            came: format!("there were {count}{}", first.unwrap_or_default()),
            readings: Vec::new(),
        })
    }

    /// Did a pump take as much as expected for the water it lifted?
    fn measure(&self, expectation: &EnergyExpectation) -> Option<Failing> {
        let series = self.played.pumps.get(&expectation.pump)?;
        let at = |moment: Stamp| {
            let after = series.partition_point(|lifting| lifting.at <= moment);
            series.get(after.saturating_sub(1))
        };
        let (from, until) = (at(expectation.from)?, at(expectation.until)?);
        let (kwh, m3) = (until.kwh - from.kwh, until.m3 - from.m3);
        let (least, most) = (expectation.at_least, expectation.at_most);
        if m3 > 0.0 && (least..=most).contains(&(kwh / m3)) {
            return None;
        }
        let wanted = if most.is_finite() && least > 0.0 {
            format!("{least} to {most}")
        } else if most.is_finite() {
            format!("at most {most}")
        } else {
            format!("at least {least}")
        };
        let (from, until) = (self.local(expectation.from), self.local(expectation.until));
        let came = if m3 > 0.0 {
            format!("it took {:.4} ({kwh:.1} kWh for {m3:.0} m³)", kwh / m3)
        } else {
            "it lifted nothing".to_owned()
        };
        let name = &expectation.name;
        Some(Failing {
            place: expectation.place.clone(),
            expected: format!("{name} to take {wanted} kWh/m³ between {from} and {until}"),
            came,
            readings: Vec::new(),
        })
    }

    fn hold_never(&self, expectation: &Expectation, from: Stamp, until: Stamp) -> Option<Failing> {
        let event = self.first(&expectation.alarm, Change::Raised, from)?;
        if event.at > until {
            return None;
        }
        let (from, until) = (self.local(from), self.local(until));
        Some(Failing {
            place: expectation.place.clone(),
            expected: format!(
                "{} never to be raised between {from} and {until}",
                named(&expectation.alarm)
            ),
            came: format!("it was raised at {}: {}", self.local(event.at), event.why.text),
            readings: self.around_event(event),
        })
    }

    fn hold_window(&self, expectation: &Expectation, window: &Window) -> Option<Failing> {
        let crossed = window.within_rule.and_then(|_| self.crossing(expectation, window));
        let by_truth = crossed.zip(window.within_rule).map(|(at, span)| at + span);
        let latest = by_truth.map_or(window.latest, |at| at.min(window.latest));
        let expected = self.expected(expectation, window, latest, crossed);
        if window.within_rule.is_some() && crossed.is_none() {
            let came = "the truth never crosses the limit at that point".to_owned();
            return Some(self.failing(expectation, expected, came, window.since));
        }
        let Some(event) = self.first(&expectation.alarm, window.change, window.since) else {
            let came =
                format!("it never was, up to the end at {}", self.local(self.scenario.end()));
            return Some(self.failing(expectation, expected, came, latest));
        };
        if event.at < window.earliest || event.at > latest {
            let came = format!("it came at {}: {}", self.local(event.at), event.why.text);
            return Some(self.failing(expectation, expected, came, event.at));
        }
        self.hold_order(expectation, window, event, &expected)
    }

    fn expected(
        &self,
        expectation: &Expectation,
        window: &Window,
        latest: Stamp,
        crossed: Option<Stamp>,
    ) -> String {
        let mut text = format!(
            "{} to be {} between {} and {}",
            named(&expectation.alarm),
            verb(window.change),
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
        let came = match self.first(other, window.change, window.since) {
            Some(later) if later.at > event.at => return None,
            Some(later) => {
                format!("{} came no later, at {}", named(other), self.local(later.at))
            }
            None => format!("{} never was {}", named(other), verb(window.change)),
        };
        let expected = format!("{expected}, before {}", named(other));
        Some(self.failing(expectation, expected, came, event.at))
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
            // Its own sentence tells of it.
            Wanted::Never { from, until } => {
                is_named(&expectation.alarm) && (*from..=*until).contains(&event.at)
            }
            // One expectation is one alarm: a second one chatters, unless the file allows it.
            Wanted::Seen(window) => self
                .first(&expectation.alarm, Change::Raised, window.since)
                .is_some_and(|first| window.change == Change::Raised && first.id == event.id),
        };
        self.scenario.allowed.iter().any(is_named)
            || self.scenario.expectations.iter().any(is_expected)
    }

    fn first(&self, alarm: &AlarmName, change: Change, from: Stamp) -> Option<&AlarmEvent> {
        let change = match change {
            Change::Raised => AlarmChange::Raised,
            Change::Cleared => AlarmChange::Cleared,
        };
        self.played.alarm_events().find(|event| {
            event.change == change
                && event.at >= from
                && alarm.covers(&event.id.rule, event.id.tag.as_ref())
        })
    }

    /// When the truth at the expectation's tag crosses the rule's limit, after the window opens.
    fn crossing(&self, expectation: &Expectation, window: &Window) -> Option<Stamp> {
        let tag = self.index(expectation.alarm.tag.as_ref()?)?;
        let rule = self.book.rules().iter().find(|rule| rule.id == expectation.alarm.rule)?;
        let limit = rule.limit_for(&self.plant.profile, &self.plant.instruments[tag.0].tag)?;
        let truth = self.played.truths.of(tag);
        let crossed = truth.iter().find(|(at, value)| *at >= window.since && limit.breaks(*value));
        crossed.map(|(at, _)| *at)
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
        local(at, self.scenario.utc_offset, self.scenario.start)
    }
}

/// Local time, with the day when it is not the first.
fn local(at: Stamp, offset: UtcOffset, start: Stamp) -> String {
    if at.midnight(offset) == start.midnight(offset) {
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

fn verb(change: Change) -> &'static str {
    match change {
        Change::Raised => "raised",
        Change::Cleared => "cleared",
    }
}
