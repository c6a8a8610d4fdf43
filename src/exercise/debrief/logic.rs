//! How the alarms did: which were expected and which came, how soon, how much they asked of people.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Material;
use super::lane::{alarm_text, ended, kind_in_file};
use crate::alarms::event::AlarmChange;
use crate::alarms::load::Load;
use crate::base::{RuleId, Span, Stamp, TagId, Text};
use crate::exercise::offline::Played;
use crate::exercise::score::{Alert, EPISODE_GAP, Event, Figures, Run as Scored, measure};
use crate::exercise::session::log::{Entry, What};
use crate::exercise::session::play::Run;
use crate::scenario::Wanted;

/// How the alarms did.
#[derive(Debug, Clone, Serialize)]
pub struct AlarmLogic {
    /// Every alarm that was expected or came.
    pub rows: Vec<Row>,
    /// What was found, how soon, and how often falsely, with BATADAL's and NAB's scores.
    pub figures: Figures,
    /// What alarms asked of people.
    pub load: Load,
    /// Times an alarm was set aside.
    pub shelved: usize,
    /// Share of the time that lay in floods.
    pub flood_share: f64,
    /// Things done for each alarm acknowledged; none where none was.
    pub deeds_per_acknowledgement: Option<f64>,
}

/// An alarm: what was expected of it, and what came.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The rule.
    pub rule: RuleId,
    /// Where; none: anywhere, or the plant as a whole.
    pub tag: Option<TagId>,
    /// For people.
    pub title: Text,
    /// What it was to do when nobody does anything.
    pub expected: Expected,
    /// What it did then.
    pub nobody: Came,
    /// What it did in this run.
    pub run: Came,
    /// What it did in the reference run.
    pub reference: Came,
    /// From the onset to the alarm, in this run.
    pub delay: Option<Span>,
    /// What to think of it.
    pub verdict: Verdict,
}

/// How often an alarm came, and when first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Came {
    /// How often.
    pub times: usize,
    /// When first.
    pub first: Option<Stamp>,
}

/// What an alarm was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// It must be raised.
    Raised,
    /// It must not.
    Never,
    /// It may or may not.
    Allowed,
    /// Nobody spoke of it.
    Unnamed,
}

/// What to think of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It was to come, and came.
    Right,
    /// It comes when nobody does anything, and somebody did.
    Prevented,
    /// It was to come, and came in no run.
    Missed,
    /// It was not to come, and came.
    False,
    /// It was not to come, and did not.
    Silent,
    /// It may come or not.
    Either,
}

pub(super) fn logic(material: &Material<'_>, load: Load) -> AlarmLogic {
    let run = material.run;
    let shelved = run.played.alarm_events().filter(|it| it.change == AlarmChange::Shelved).count();
    AlarmLogic {
        rows: rows(material),
        figures: figures(run, &load),
        shelved,
        flood_share: load.flood_share,
        deeds_per_acknowledgement: deeds_per_acknowledgement(run.session.log()),
        load,
    }
}

fn rows(material: &Material<'_>) -> Vec<Row> {
    let scenario = &material.run.session.exercise().scenario;
    let mut rows: Vec<Row> = Vec::new();
    let mut named: BTreeSet<(RuleId, Option<TagId>)> = BTreeSet::new();
    let mut add = |rule: &RuleId, tag: Option<&TagId>, expected: Expected, since: Stamp| {
        let key = (rule.clone(), tag.cloned());
        if named.insert(key) {
            rows.push(row(material, (rule, tag), expected, since));
        }
    };
    for expectation in &scenario.expectations {
        let alarm = &expectation.alarm;
        let (expected, since) = match &expectation.wanted {
            Wanted::Seen(window) if window.change == AlarmChange::Raised => {
                (Expected::Raised, window.since)
            }
            Wanted::Counted(count) if count.change == AlarmChange::Raised => {
                let never = count.at_most == Some(0);
                let must = if count.at_least > 0 { Expected::Raised } else { Expected::Allowed };
                (if never { Expected::Never } else { must }, count.from)
            }
            _ => continue,
        };
        add(&alarm.rule, alarm.tag.as_ref(), expected, since);
    }
    for alarm in &scenario.allowed {
        add(&alarm.rule, alarm.tag.as_ref(), Expected::Allowed, scenario.start);
    }
    let raised = raised(&material.run.played).chain(raised(&material.rehearsal.null.played));
    let unnamed: BTreeSet<(RuleId, Option<TagId>)> = raised
        .filter(|(rule, tag, _)| {
            let expected = scenario.expectations.iter().map(|it| &it.alarm);
            let mut named = expected.chain(&scenario.allowed);
            !named.any(|name| name.covers(rule, tag.as_ref()))
        })
        .map(|(rule, tag, _)| (rule, tag))
        .collect();
    for (rule, tag) in &unnamed {
        add(rule, tag.as_ref(), Expected::Unnamed, scenario.start);
    }
    rows
}

fn row(
    material: &Material<'_>,
    (rule, tag): (&RuleId, Option<&TagId>),
    expected: Expected,
    since: Stamp,
) -> Row {
    let came = |run: &Run| came(&run.played, rule, tag);
    let (run, nobody) = (came(material.run), came(&material.rehearsal.null));
    let delay = run.first.map(|first| first - since).filter(|delay| *delay >= Span::ZERO);
    let verdict = match (expected, run.times > 0, nobody.times > 0) {
        (Expected::Raised, true, _) => Verdict::Right,
        (Expected::Raised, false, true) => Verdict::Prevented,
        (Expected::Raised, false, false) => Verdict::Missed,
        (Expected::Never | Expected::Unnamed, true, _) => Verdict::False,
        (Expected::Never | Expected::Unnamed, false, _) => Verdict::Silent,
        (Expected::Allowed, ..) => Verdict::Either,
    };
    Row {
        rule: rule.clone(),
        tag: tag.cloned(),
        title: alarm_text(rule, tag, material.book),
        expected,
        nobody,
        run,
        reference: came(&material.rehearsal.reference),
        delay: delay.filter(|_| expected == Expected::Raised),
        verdict,
    }
}

fn raised(played: &Played) -> impl Iterator<Item = (RuleId, Option<TagId>, Stamp)> {
    let raised = played.alarm_events().filter(|event| event.change == AlarmChange::Raised);
    raised.map(|event| (event.id.rule.clone(), event.id.tag.clone(), event.at))
}

fn came(played: &Played, rule: &RuleId, tag: Option<&TagId>) -> Came {
    let all = raised(played).filter(|it| it.0 == *rule && (tag.is_none() || it.1.as_ref() == tag));
    let times: Vec<Stamp> = all.map(|(.., at)| at).collect();
    Came { times: times.len(), first: times.iter().min().copied() }
}

/// The scores of detectors, of this run.
fn figures(run: &Run, load: &Load) -> Figures {
    let session = &run.session;
    let exercise = session.exercise();
    let (from, to) = (exercise.scenario.start, session.facts().now.at);
    let event = |id: &str, at: Stamp, until: Option<Stamp>| {
        let until = ended(session, id).into_iter().chain(until).min();
        Event::new(&kind_in_file(exercise, id).unwrap_or_default(), at, until, to)
    };
    let scripted = exercise.scenario.injections_with(run.played.seed);
    let scripted: Vec<Event> = scripted
        .iter()
        .filter(|it| it.from < to)
        .map(|it| event(it.id.as_str(), it.from, it.until))
        .collect();
    let came = session.log().iter().filter_map(|entry| match &entry.what {
        What::Happened { injection } => Some(event(injection.as_str(), entry.moment.at, None)),
        _ => None,
    });
    let alerts = load.episodes.iter().map(|episode| Alert {
        by: episode.alarm.rule.to_string(),
        from: episode.raised,
        until: episode.cleared.unwrap_or(to),
        late: Span::ZERO,
    });
    let name = exercise.scenario.source.path.clone();
    let events = scripted.into_iter().chain(came).collect();
    let scored = Scored { name, from, to, events, alerts: alerts.collect() };
    measure(&[scored], EPISODE_GAP).all
}

/// How much people did for each alarm that they only acknowledged.
fn deeds_per_acknowledgement(log: &[Entry]) -> Option<f64> {
    let (mut acknowledged, mut done) = (0_usize, 0_usize);
    for entry in log {
        if let What::Did { deed } = &entry.what {
            match deed.verb().name {
                "acknowledge" => acknowledged += 1,
                "open-alarm" | "open-trend" | "open-quarantine" | "take-hint" => {}
                _ => done += 1,
            }
        }
    }
    (acknowledged > 0).then(|| done as f64 / acknowledged as f64)
}
