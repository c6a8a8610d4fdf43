//! What happened side by side in time: to the plant, among alarms, by people; and what the
//! reference did.

use serde::Serialize;

use super::Material;
use crate::alarms::event::Priority;
use crate::alarms::load::{Episode, Load};
use crate::base::{Stamp, Text};
use crate::exercise::session::Session;
use crate::exercise::session::log::{Branch, Direction, Entry, What};
use crate::inspection::book::Book;
use crate::scenario::exercise::Exercise;
use crate::scenario::exercise::cause::cause;
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

pub(super) fn lanes(material: &Material<'_>, load: &Load) -> Lanes {
    let session = &material.run.session;
    let log = material.log.unwrap_or_else(|| session.log());
    let mut happened = injections(session);
    happened.extend(said(log));
    happened.sort_by_key(|item| item.at);
    let episodes = load.episodes.iter();
    Lanes {
        happened,
        alarms: episodes.map(|episode| alarm(episode, material.book)).collect(),
        people: deeds(session.exercise(), log),
        reference: deeds(session.exercise(), material.rehearsal.reference.session.log()),
    }
}

/// What befell the plant as the file says, and as it came to pass.
fn injections(session: &Session) -> Vec<Item> {
    let exercise = session.exercise();
    let now = session.facts().now.at;
    let item = |id: &str, at: Stamp, until: Option<Stamp>, log_line| {
        let until = ended(session, id).into_iter().chain(until).min();
        let kind = kind_in_file(exercise, id).unwrap_or_default();
        let text = if kind.is_empty() { id.to_owned() } else { format!("{id} ({kind})") };
        let until = Some(until.unwrap_or(now).min(now));
        let text = Text { en: text.clone(), zh: text };
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
    let table: toml::Table = toml::from_str(&exercise.scenario.source.text).ok()?;
    let lists =
        ["inject", "contingency"].into_iter().filter_map(|name| table.get(name)?.as_array());
    let mut all = lists.flatten();
    let found = all.find(|it| it.get("id").and_then(|it| it.as_str()) == Some(id))?;
    found.get("kind")?.as_str().map(str::to_owned)
}

fn said(log: &[Entry]) -> Vec<Item> {
    let item = |(at, entry): (usize, &Entry)| {
        let (kind, text) = match &entry.what {
            What::Told { from, text, .. } => {
                let from = from.name();
                let (en, zh) = (format!("{from}: {}", text.en), format!("{from}:{}", text.zh));
                (Kind::Message, Text { en, zh })
            }
            What::Directed { direction } => (Kind::Direction, direction_text(direction)),
            What::Branched { left } => (Kind::Direction, branch_text(left)),
            What::Hint { text, .. } => (Kind::Hint, text.clone()),
            _ => return None,
        };
        Some(Item { at: entry.moment.at, until: None, kind, text, log_line: Some(at + 1) })
    };
    log.iter().enumerate().filter_map(item).collect()
}

fn direction_text(direction: &Direction) -> Text {
    let (en, zh) = match direction {
        Direction::Freeze => ("frozen".to_owned(), "冻结".to_owned()),
        Direction::Run => ("runs on".to_owned(), "继续".to_owned()),
        Direction::Speed { fast } => (format!("speed {fast}×"), format!("速度{fast}×")),
        Direction::Fire { id } => (format!("{id} now"), format!("立即触发{id}")),
        Direction::Skip { id } => (format!("{id} skipped"), format!("跳过{id}")),
        Direction::Say { .. } => ("says".to_owned(), "发言".to_owned()),
        Direction::Inject { .. } => ("injects".to_owned(), "临时注入".to_owned()),
        Direction::Mark { name } => (format!("mark {name}"), format!("标记{name}")),
        Direction::Back { .. } | Direction::BackToMark { .. } => {
            ("goes back".to_owned(), "回溯".to_owned())
        }
        Direction::End => ("ended".to_owned(), "结束".to_owned()),
    };
    Text { en, zh }
}

fn branch_text(left: &[Branch]) -> Text {
    let n = left.len() + 1;
    Text { en: format!("branch {n} begins"), zh: format!("分支{n}开始") }
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

fn deeds(exercise: &Exercise, log: &[Entry]) -> Vec<Item> {
    let item = |(line, entry): (usize, &Entry)| {
        let (kind, until, text) = match &entry.what {
            What::Did { deed } if matches!(deed.verb().reach, Reach::Field(_)) => {
                let back = back(&log[line..], deed);
                (Kind::Errand, back, deed_text(exercise, deed))
            }
            What::Did { deed } => (Kind::Deed, None, deed_text(exercise, deed)),
            What::Failed { deed, why } => {
                let text = deed_text(exercise, deed);
                let (en, zh) = (format!("{} ({why})", text.en), format!("{}({why})", text.zh));
                (Kind::Failed, None, Text { en, zh })
            }
            _ => return None,
        };
        Some(Item { at: entry.moment.at, until, kind, text, log_line: Some(line + 1) })
    };
    log.iter().enumerate().filter_map(item).collect()
}

/// When whoever was sent for a deed was done.
pub(super) fn back(later: &[Entry], sent: &Deed) -> Option<Stamp> {
    let is_it = |entry: &&Entry| matches!(&entry.what, What::Returned { deed, .. } if deed == sent);
    later.iter().find(is_it).map(|entry| entry.moment.at)
}

/// A deed as people call it, where the exercise has a name for it.
pub(super) fn deed_text(exercise: &Exercise, deed: &Deed) -> Text {
    let same = || Text { en: deed.to_string(), zh: deed.to_string() };
    let word = deed.arg(0);
    match deed.verb().name {
        "check" => {
            let check = exercise.checks.iter().find(|check| check.id == word);
            check.map_or_else(same, |check| check.title.clone())
        }
        "send-crew" => {
            let job = exercise.jobs.iter().find(|job| job.id == word);
            job.map_or_else(same, |job| job.title.clone())
        }
        "diagnose" => cause(word).map_or_else(same, |(_, en, zh)| Text {
            en: format!("diagnose: {en}"),
            zh: format!("判断:{zh}"),
        }),
        _ => same(),
    }
}
