//! What happened side by side in time: to the plant, among alarms, by people; and what the
//! reference did.

use serde::Serialize;

use super::Material;
use crate::alarms::event::Priority;
use crate::alarms::load::{Episode, Load};
use crate::base::{Stamp, Text};
use crate::exercise::names::{Names, in_file};
use crate::exercise::session::Session;
use crate::exercise::session::log::{Entry, What};
use crate::inspection::book::Book;
use crate::scenario::exercise::Exercise;
use crate::scenario::exercise::deed::{Deed, Reach};

/// Lanes of one time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lanes {
    /// What befell the plant, what was said, what instructors directed.
    pub happened: Vec<Item>,
    /// Alarms.
    pub alarms: Vec<Item>,
    /// What people did.
    pub people: Vec<Item>,
    /// What the reference robot did.
    pub reference: Vec<Item>,
}

/// Something in a lane.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// When it began.
    pub at: Stamp,
    /// When it was over, of what lasts.
    pub until: Option<Stamp>,
    /// What it is.
    pub kind: Kind,
    /// For people.
    pub text: Text,
    /// Line of the log, from 1.
    pub log_line: Option<usize>,
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Something befell the plant.
    Injection,
    /// Somebody said something.
    Message,
    /// An instructor directed something.
    Direction,
    /// An alarm of high priority.
    HighAlarm,
    /// An alarm of medium priority.
    MediumAlarm,
    /// An alarm of low priority.
    LowAlarm,
    /// Somebody did something at the desk.
    Deed,
    /// Somebody was away in the field.
    Errand,
    /// It could not be done.
    Failed,
    /// A hint was given.
    Hint,
}

pub(super) fn lanes(material: &Material<'_>, load: &Load, names: &Names<'_>) -> Lanes {
    let session = &material.run.session;
    let log = material.log.unwrap_or_else(|| session.log());
    let mut happened = injections(session, names);
    happened.extend(said(log, names));
    happened.sort_by_key(|item| item.at);
    let episodes = load.episodes.iter();
    Lanes {
        happened,
        alarms: episodes.map(|episode| alarm(episode, material.book)).collect(),
        people: deeds(log, names),
        reference: deeds(material.rehearsal.reference.session.log(), names),
    }
}

/// What befell the plant as the file says, and as it came to pass.
fn injections(session: &Session, names: &Names<'_>) -> Vec<Item> {
    let exercise = session.exercise();
    let now = session.facts().now.at;
    let item = |id: &str, at: Stamp, until: Option<Stamp>, log_line| {
        let until = ended(session, id).into_iter().chain(until).min();
        let until = Some(until.unwrap_or(now).min(now));
        let text = names.injection(id);
        Item { at, until, kind: Kind::Injection, text, log_line }
    };
    let scripted = exercise.scenario.injections.iter().filter(|it| it.from <= now);
    let scripted = scripted.map(|it| item(it.id.as_str(), it.from, it.until, None));
    let came = session.log().iter().enumerate().filter_map(|(at, entry)| match &entry.what {
        What::Happened { injection } => {
            Some(item(injection.as_str(), entry.moment.at, None, Some(at + 1)))
        }
        _ => None,
    });
    scripted.chain(came).collect()
}

/// When a crew has ended an injection.
pub(super) fn ended(session: &Session, id: &str) -> Option<Stamp> {
    let jobs = &session.exercise().jobs;
    session.log().iter().find_map(|entry| match &entry.what {
        What::Returned { deed, .. } if deed.verb().name == "send-crew" => {
            let job = jobs.iter().find(|job| job.id == deed.arg(0))?;
            job.ends.iter().any(|ended| ended.as_str() == id).then_some(entry.moment.at)
        }
        _ => None,
    })
}

/// The kind of an injection, as the file writes it.
pub(super) fn kind_in_file(exercise: &Exercise, id: &str) -> Option<String> {
    in_file(exercise, id)?.get("kind")?.as_str().map(str::to_owned)
}

fn said(log: &[Entry], names: &Names<'_>) -> Vec<Item> {
    let item = |(at, entry): (usize, &Entry)| {
        let kind = match &entry.what {
            What::Told { .. } => Kind::Message,
            What::Directed { .. } | What::Branched { .. } => Kind::Direction,
            What::Hint { .. } => Kind::Hint,
            _ => return None,
        };
        let text = names.entry(entry);
        Some(Item { at: entry.moment.at, until: None, kind, text, log_line: Some(at + 1) })
    };
    log.iter().enumerate().filter_map(item).collect()
}

fn alarm(episode: &Episode, book: &Book) -> Item {
    let kind = match episode.priority {
        Priority::High => Kind::HighAlarm,
        Priority::Medium => Kind::MediumAlarm,
        Priority::Low => Kind::LowAlarm,
    };
    let text = alarm_text(&episode.alarm.rule, episode.alarm.tag.as_ref(), book);
    Item { at: episode.raised, until: episode.cleared, kind, text, log_line: None }
}

/// The title of a rule and where it looks; the rule's id while the book does not know it.
pub(super) fn alarm_text(
    rule: &crate::base::RuleId,
    tag: Option<&crate::base::TagId>,
    book: &Book,
) -> Text {
    let known = book.rules().iter().find(|known| known.id == *rule);
    let same = Text { en: rule.to_string(), zh: rule.to_string() };
    let title = known.map_or(&same, |known| &known.title);
    match tag {
        Some(tag) => Text { en: format!("{} {tag}", title.en), zh: format!("{} {tag}", title.zh) },
        None => title.clone(),
    }
}

fn deeds(log: &[Entry], names: &Names<'_>) -> Vec<Item> {
    let item = |(line, entry): (usize, &Entry)| {
        let (kind, until) = match &entry.what {
            What::Did { deed } if matches!(deed.verb().reach, Reach::Field(_)) => {
                (Kind::Errand, back(&log[line..], deed))
            }
            What::Did { .. } => (Kind::Deed, None),
            What::Failed { .. } => (Kind::Failed, None),
            _ => return None,
        };
        let text = names.entry(entry);
        Some(Item { at: entry.moment.at, until, kind, text, log_line: Some(line + 1) })
    };
    log.iter().enumerate().filter_map(item).collect()
}

/// When whoever was sent for a deed was done.
pub(super) fn back(later: &[Entry], sent: &Deed) -> Option<Stamp> {
    let is_it = |entry: &&Entry| matches!(&entry.what, What::Returned { deed, .. } if deed == sent);
    later.iter().find(is_it).map(|entry| entry.moment.at)
}
