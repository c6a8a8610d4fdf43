//! What stands, for others to read: each alarm said as a lease, which runs out by itself when
//! nobody says it any more. A monitor that has died leaves no alarm behind.
//!
//! In: snapshots, the wall clock. Out: what is to be said now, politely. Must not know: brokers.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alarms::event::{AlarmEvent, AlarmId, AlarmState, Chattering, Priority};
use crate::base::text::Lang;
use crate::base::{PlantId, RuleId, Span, Stamp, TagId, Text};
use crate::inspection::book::Book;
use crate::inspection::finding::Why;
use crate::monitor::Snapshot;

/// A lease is renewed once this share of it has passed, so that two renewals may be lost.
const RENEWED_AFTER: i64 = 3;

/// The longest lease, however many alarms stand.
pub const VALID_MAX: Span = Span::hours(24);

/// How alarms are said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeaseSettings {
    /// How long a lease lasts; longer when more alarms stand than can be renewed in a third of it.
    pub valid: Span,
    /// Most messages in a second.
    pub per_second: u32,
    /// A monitor that has shown nothing for so long is stuck: its leases are not renewed.
    pub stuck_after: Span,
}

/// An alarm that stands, and until when that may be believed; as JSON, the payload on the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    /// The alarm.
    #[serde(flatten)]
    pub alarm: Standing,
    /// Which run of which monitor says so; drawn at its start.
    pub monitor: String,
    /// When it was said, by the wall clock of the monitor.
    pub sent_at: Stamp,
    /// Nobody should believe it after this, by the same clock.
    pub valid_until: Stamp,
}

/// An alarm that stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The plant.
    pub plant: PlantId,
    /// The rule.
    pub rule: RuleId,
    /// The instrument or sampling site; none when the rule watches the plant.
    pub tag: Option<TagId>,
    /// Which occurrence, from 1.
    pub n: u64,
    /// The exercise it belongs to; none for a real plant.
    pub exercise: Option<String>,
    /// Its state.
    pub state: AlarmState,
    /// How urgent it is.
    pub priority: Priority,
    /// When it was raised, in event time.
    pub raised_at: Stamp,
    /// Since when its condition holds, in event time; none when it has gone.
    pub since: Option<Stamp>,
    /// What people call it.
    pub title: Text,
    /// Where the rule comes from, with its mark.
    pub source: String,
    /// The same in Chinese, where that reads otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_zh: Option<String>,
    /// Values, limit, window, and a sentence.
    pub why: Why,
    /// How it chatters, while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chattering: Option<Box<Chattering>>,
}

impl Standing {
    fn of(event: AlarmEvent, exercise: Option<&String>, book: &Book) -> Self {
        let rule = book.index(event.id.rule.as_str()).and_then(|index| book.rule(index));
        let said = rule.map(|rule| &rule.source).filter(|source| source.en == event.source);
        let source_zh = said.and_then(Text::other_zh).map(str::to_owned);
        let title = |lang| event.title_in(rule, lang).to_owned();
        Self {
            title: Text { en: title(Lang::En), zh: title(Lang::Zh) },
            plant: event.id.plant,
            rule: event.id.rule,
            tag: event.id.tag,
            n: event.id.n,
            exercise: exercise.cloned(),
            state: event.state,
            priority: event.priority,
            raised_at: event.at,
            since: event.since,
            source: event.source,
            source_zh,
            why: event.why,
            chattering: event.chattering,
        }
    }

    /// Which alarm, whichever occurrence.
    pub fn id(&self) -> AlarmId {
        let (plant, rule, tag) = (self.plant.clone(), self.rule.clone(), self.tag.clone());
        AlarmId { plant, rule, tag, n: 0 }
    }

    /// Is it worth saying at once, to somebody who was told `other`?
    fn is_news_to(&self, other: &Self) -> bool {
        let core = |it: &Self| (it.n, it.state, it.priority, it.raised_at, it.since.is_some());
        let chatters = |it: &Self| it.chattering.is_some();
        core(self) != core(other)
            || chatters(self) != chatters(other)
            || self.exercise != other.exercise
    }
}

/// Something to be said.
#[derive(Debug, Clone, PartialEq)]
pub enum Say {
    /// An alarm stands.
    Stands(Box<Lease>),
    /// It has ended, or somebody has set it aside. The occurrence is 0.
    Ended(AlarmId),
}

/// What listeners were told of an alarm.
#[derive(Debug, Clone, PartialEq)]
enum Told {
    /// Nothing.
    Nothing,
    /// An earlier run, or an earlier connection, may have told something.
    Unknown,
    Stands(Box<Standing>),
    Ended,
}

#[derive(Debug, Clone, PartialEq)]
struct Held {
    stands: Option<Standing>,
    told: Told,
    renew_at: Stamp,
    until: Stamp,
}

/// How soon something is to be said: first leases that have almost run out, then news, then
/// renewals; news by urgency.
type Order = (u8, Reverse<Priority>, Stamp);

/// Every lease of one monitor.
#[derive(Debug, Clone)]
pub struct Leases {
    settings: LeaseSettings,
    monitor: String,
    held: BTreeMap<AlarmId, Held>,
    /// When the monitor last showed how things stand.
    seen_at: Stamp,
    /// Messages that may be said, and when that was counted.
    allowance: (f64, Stamp),
}

impl Leases {
    /// No leases yet but those that an earlier run may have `left`; `monitor` names this run.
    pub fn new(
        settings: LeaseSettings,
        monitor: String,
        left: impl IntoIterator<Item = AlarmId>,
        now: Stamp,
    ) -> Self {
        let until = now + settings.valid;
        let held = Held { stands: None, told: Told::Unknown, renew_at: now, until };
        Self {
            held: left.into_iter().map(|id| (id.as_such(), held.clone())).collect(),
            allowance: (f64::from(settings.per_second), now),
            settings,
            monitor,
            seen_at: now,
        }
    }

    /// The monitor has shown at `now` how things stand.
    pub fn see(&mut self, snapshot: &Snapshot, book: &Book, now: Stamp) {
        self.seen_at = now;
        self.held.values_mut().for_each(|held| held.stands = None);
        for plant in &snapshot.plants {
            let standing = plant.standing.iter().filter(|event| !event.state.is_set_aside());
            for event in standing {
                let stands = Standing::of(event.clone(), plant.exercise.as_ref(), book);
                let held = self.held.entry(stands.id()).or_insert_with(|| Held {
                    stands: None,
                    told: Told::Nothing,
                    renew_at: now,
                    until: now,
                });
                held.stands = Some(stands);
            }
        }
    }

    /// Listeners may have lost what they were told: all of it is to be said again.
    pub fn again(&mut self) {
        let told = self.held.values_mut().filter(|held| held.told != Told::Nothing);
        told.for_each(|held| held.told = Told::Unknown);
    }

    /// What is to be said at `now`, the most urgent first, and no more than is polite.
    pub fn turn(&mut self, now: Stamp) -> Vec<Say> {
        let gone = |held: &Held| held.stands.is_none() && held.until <= now;
        self.held.retain(|_, held| held.told == Told::Unknown || !gone(held));
        let works = now - self.seen_at <= self.settings.stuck_after;
        let due = |(id, held): (&AlarmId, &Held)| Some((held.due(now, works)?, id.clone()));
        let mut due: Vec<(Order, AlarmId)> = self.held.iter().filter_map(due).collect();
        due.sort();
        due.truncate(self.allow(now));
        self.allowance.0 -= due.len() as f64;
        let valid = self.valid();
        due.into_iter().filter_map(|(_, id)| self.say(id, now, valid)).collect()
    }

    /// The alarms that a broker may still hold something of.
    pub fn held(&self) -> impl Iterator<Item = &AlarmId> {
        self.held.iter().filter(|(_, held)| held.told != Told::Nothing).map(|(id, _)| id)
    }

    /// How many messages may be said at `now`: those of a second may come at once.
    fn allow(&mut self, now: Stamp) -> usize {
        let (left, counted_at) = self.allowance;
        let most = f64::from(self.settings.per_second);
        let passed = (now - counted_at).as_seconds().max(0.0);
        self.allowance = ((left + passed * most).min(most), now);
        self.allowance.0 as usize
    }

    /// How long a lease lasts: long enough for all to be renewed politely.
    fn valid(&self) -> Span {
        let stand = self.held.values().filter(|held| held.stands.is_some()).count() as f64;
        let round = stand / f64::from(self.settings.per_second.max(1));
        let needed = Span::from_seconds_f64(round * RENEWED_AFTER as f64);
        self.settings.valid.max(needed.min(VALID_MAX))
    }

    fn say(&mut self, id: AlarmId, now: Stamp, valid: Span) -> Option<Say> {
        let held = self.held.get_mut(&id)?;
        let Some(alarm) = held.stands.clone() else {
            held.told = Told::Ended;
            return Some(Say::Ended(id));
        };
        held.told = Told::Stands(Box::new(alarm.clone()));
        held.renew_at = now + Span::ms(valid.as_ms() / RENEWED_AFTER);
        held.until = now + valid;
        let (monitor, valid_until) = (self.monitor.clone(), held.until);
        Some(Say::Stands(Box::new(Lease { alarm, monitor, sent_at: now, valid_until })))
    }
}

impl Held {
    /// Is something to be said, and how soon?
    fn due(&self, now: Stamp, works: bool) -> Option<Order> {
        match (&self.stands, &self.told) {
            (None, Told::Ended | Told::Nothing) => None,
            (None, _) => Some((1, Reverse(Priority::High), now)),
            (Some(stands), Told::Stands(told)) if !stands.is_news_to(told) => {
                let left = self.until - self.renew_at;
                let almost_out = now >= self.renew_at + Span::ms(left.as_ms() / 2);
                let class = if almost_out { 0 } else { 2 };
                let order = (class, Reverse(Priority::High), self.until);
                (works && now >= self.renew_at).then_some(order)
            }
            (Some(stands), _) => Some((1, Reverse(stands.priority), stands.raised_at)),
        }
    }
}

#[cfg(test)]
mod tests;
