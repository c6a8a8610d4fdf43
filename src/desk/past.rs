//! How plants stood at a past moment, folded from the ledger's records up to it.
//!
//! Records say of every change what stands after it, so nothing is computed again: the alarms of a
//! moment are what the last record of each says.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::alarms::event::{AlarmChange, AlarmEvent, AlarmId, AlarmState, Priority};
use crate::alarms::flood::{Flood, FloodChange};
use crate::base::{Flag, PlantId, Span, Stamp, TagId};
use crate::ingest::observation::{IngestChange, LabEvent, TicketEvent};
use crate::ledger::record::{Entry, Record};
use crate::ledger::store::{Page, Reading};

/// The window in which alarms that call are counted.
const WINDOW: Span = Span::minutes(10);

/// Records that come with a moment.
const RECORDS: usize = 300;

/// Marks of a scrub bar are thinned to so many moments.
const COLUMNS: i64 = 600;

/// The records of a ledger, as far as they have been read.
#[derive(Debug, Default)]
pub struct Chronicle {
    /// Of plants, in the order of the ledger. Of a plant whose clock went back (an exercise that
    /// has begun again) only what came since: two times of one name cannot both be shown.
    entries: Vec<Known>,
    last: u64,
}

/// A record, and when it was known: a verdict about the past comes after what it is about.
#[derive(Debug)]
struct Known {
    entry: Entry,
    at: Stamp,
}

/// How a plant stood.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlantPast {
    /// Was its gateway there? None: nobody had heard of it.
    pub online: Option<bool>,
    /// Alarms that a person should have seen, each as an event at the moment it was raised, with
    /// the state it had.
    pub standing: Vec<AlarmEvent>,
    /// The flood of alarms that went on.
    pub flood: Option<Flood>,
    /// Alarms that had called a person in the ten minutes before.
    pub calls: usize,
    /// By instrument: readings that had been doubted, and the last of them.
    pub doubts: BTreeMap<TagId, Doubted>,
}

/// Readings of an instrument that signal tests have doubted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Doubted {
    /// How many.
    pub count: u64,
    /// When the last of them was taken.
    pub observed_at: Stamp,
    /// What was said of it.
    pub flag: Flag,
}

/// What happened at a moment, for a scrub bar: when (ms since 1970), what, how urgent, to what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark(i64, &'static str, Option<&'static str>, String);

/// A plant being folded.
#[derive(Debug, Default)]
struct Folded {
    plant: PlantPast,
    alarms: BTreeMap<AlarmId, Alarm>,
    calls: VecDeque<Stamp>,
}

#[derive(Debug)]
struct Alarm {
    last: AlarmEvent,
    /// The moment it was raised, while it has not been cleared and answered.
    raised: Option<Stamp>,
    /// It has been raised, and has neither returned nor been answered since.
    is_open: bool,
}

impl Chronicle {
    /// The row after which it has read nothing.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Takes the page that was read behind row `after`; one that was read meanwhile is left.
    pub fn add(&mut self, after: u64, page: Page) {
        if after != self.last {
            return;
        }
        let kept = page.kept.into_iter().map(Some).chain(std::iter::repeat(None));
        for (entry, kept) in page.entries.into_iter().zip(kept) {
            if entry.plant.is_none() {
                continue;
            }
            if is_clock_back(&entry) {
                self.entries.retain(|it| it.entry.plant != entry.plant);
            }
            // Where nobody knows when it was kept: not before what was kept before it.
            let of_plant = self.entries.iter().rev().find(|it| it.entry.plant == entry.plant);
            let (own, before) = (moment(&entry), of_plant.map(|it| it.at));
            let at = own.max(kept.or(before).unwrap_or(own));
            self.entries.push(Known { entry, at });
        }
        self.last = page.last;
    }

    fn known(&self, at: Stamp) -> impl Iterator<Item = &Known> {
        self.entries.iter().filter(move |it| it.at <= at)
    }

    /// What was known of plants at a moment, in the order of the ledger.
    fn until(&self, at: Stamp) -> impl Iterator<Item = &Entry> {
        self.known(at).map(|it| &it.entry)
    }

    /// How the plants stood at a moment; one of which nothing had been heard is not among them.
    pub fn at(&self, at: Stamp) -> BTreeMap<PlantId, PlantPast> {
        let mut plants: BTreeMap<PlantId, Folded> = BTreeMap::new();
        for entry in self.until(at) {
            if let Some(plant) = &entry.plant {
                plants.entry(plant.clone()).or_default().take(&entry.record);
            }
        }
        plants.into_iter().map(|(id, folded)| (id, folded.standing_at(at))).collect()
    }

    /// The newest records of a moment, oldest first.
    pub fn newest(&self, at: Stamp) -> Vec<&Entry> {
        let mut newest: Vec<&Entry> = self.until(at).collect();
        newest.drain(..newest.len().saturating_sub(RECORDS));
        newest
    }

    /// The moments of the first and the last record of plants.
    pub fn span(&self) -> Option<(Stamp, Stamp)> {
        let first = self.entries.iter().map(|it| moment(&it.entry)).min();
        Some((first?, self.entries.iter().map(|it| it.at).max()?))
    }

    /// What a scrub bar over `from..=to` shows, by time: of what falls together, the most urgent.
    pub fn marks(&self, (from, to): (Stamp, Stamp)) -> Vec<Mark> {
        let width = ((to - from).as_ms() / COLUMNS).max(1);
        let mut marks: BTreeMap<(i64, &str), (u8, Mark)> = BTreeMap::new();
        for Known { entry, at } in self.known(to) {
            let Some((what, urgency, about)) = mark(&entry.record) else { continue };
            let at = (*at).max(from).as_ms();
            let rank = ["low", "medium", "high"].iter().position(|it| Some(*it) == urgency);
            let rank = rank.map_or(0, |rank| rank as u8 + 1);
            let column = (at - from.as_ms()) / width;
            let known = marks.get(&(column, what)).map(|(rank, _)| *rank);
            if known.is_none_or(|known| rank > known) {
                marks.insert((column, what), (rank, Mark(at, what, urgency, about)));
            }
        }
        marks.into_values().map(|(_, mark)| mark).collect()
    }

    /// Complaints known at a moment, in the order of the ledger.
    pub fn tickets(&self, at: Stamp) -> impl Iterator<Item = &TicketEvent> {
        self.until(at).filter_map(|entry| match &entry.record {
            Record::Ticket(event) => Some(event),
            _ => None,
        })
    }

    /// Changes of alarms known at a moment, in the order of the ledger.
    pub fn alarms(&self, at: Stamp) -> impl Iterator<Item = &AlarmEvent> {
        self.until(at).filter_map(|entry| match &entry.record {
            Record::Alarm(event) => Some(event),
            _ => None,
        })
    }

    /// Laboratory results of a plant known at a moment, in the order of the ledger.
    pub fn results(&self, plant: &PlantId, at: Stamp) -> impl Iterator<Item = &LabEvent> {
        self.until(at).filter_map(move |entry| match &entry.record {
            Record::Lab(event) if event.plant == *plant => Some(event),
            _ => None,
        })
    }
}

fn is_clock_back(entry: &Entry) -> bool {
    let Record::Ingest(event) = &entry.record else { return false };
    entry.plant.is_some() && matches!(event.what, IngestChange::ClockBack { real: false, .. })
}

/// When a record became true.
fn moment(entry: &Entry) -> Stamp {
    match &entry.record {
        Record::Alarm(event) => event.at,
        Record::Ingest(event) => match event.what {
            IngestChange::ClockBack { to, real: false, .. } => to,
            _ => event.at,
        },
        Record::Ticket(event) => event.at,
        Record::Lab(event) => event.at,
        Record::Quality(event) => event.at,
        Record::Flood(event) => event.at,
        Record::Monitor(event) => event.at,
    }
}

/// A priority as records write it.
pub(super) fn word(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "low",
        Priority::Medium => "medium",
        Priority::High => "high",
    }
}

fn mark(record: &Record) -> Option<(&'static str, Option<&'static str>, String)> {
    match record {
        Record::Alarm(event) => {
            let what = match event.change {
                AlarmChange::Raised
                | AlarmChange::ReAlarmed
                | AlarmChange::Escalated
                | AlarmChange::Risen => "raised",
                AlarmChange::Cleared => "cleared",
                AlarmChange::Acknowledged => "acknowledged",
                AlarmChange::Shelved | AlarmChange::RemovedFromService => "set-aside",
                _ => return None,
            };
            Some((what, Some(word(event.priority)), event.id.to_string()))
        }
        Record::Ticket(event) => Some(("complaint", None, event.plant.to_string())),
        Record::Flood(event) if event.change == FloodChange::Begun => {
            Some(("flood", None, event.plant.to_string()))
        }
        Record::Ingest(event) => match event.what {
            IngestChange::Offline { .. } => Some(("offline", None, String::new())),
            _ => None,
        },
        _ => None,
    }
}

impl Folded {
    fn take(&mut self, record: &Record) {
        match record {
            Record::Alarm(event) => self.alarm(event),
            Record::Flood(event) => {
                let goes_on = event.change == FloodChange::Begun;
                self.plant.flood = goes_on.then(|| event.flood.clone());
            }
            Record::Ingest(event) => match event.what {
                IngestChange::Online { .. } => self.plant.online = Some(true),
                IngestChange::Offline { .. } => self.plant.online = Some(false),
                _ => {}
            },
            Record::Quality(event) => {
                let (observed_at, flag) = (event.observed_at, event.flag);
                let fresh = Doubted { count: 0, observed_at, flag };
                let known = self.plant.doubts.entry(event.tag.clone()).or_insert(fresh);
                *known = Doubted { count: known.count + event.count, ..fresh };
            }
            Record::Ticket(_) | Record::Lab(_) | Record::Monitor(_) => {}
        }
    }

    fn alarm(&mut self, event: &AlarmEvent) {
        if event.calls() {
            self.calls.push_back(event.at);
        }
        let key = event.id.as_such();
        let known = self.alarms.entry(key).or_insert_with(|| Alarm {
            last: event.clone(),
            raised: None,
            is_open: false,
        });
        match event.change {
            AlarmChange::Raised => {
                known.raised = Some(event.at);
                known.is_open = true;
            }
            AlarmChange::Cleared if event.state == AlarmState::Normal => known.is_open = false,
            _ => {}
        }
        if event.state == AlarmState::Normal {
            (known.raised, known.is_open) = (None, false);
        }
        known.last = event.clone();
    }

    fn standing_at(mut self, at: Stamp) -> PlantPast {
        self.plant.calls = self.calls.iter().filter(|called| **called > at - WINDOW).count();
        self.plant.standing = self.alarms.into_values().filter_map(Alarm::listed).collect();
        self.plant
    }
}

impl Alarm {
    /// As a list shows it: none when it is normal, or suppressed without having been raised.
    fn listed(self) -> Option<AlarmEvent> {
        let Self { last, raised, is_open } = self;
        match last.state {
            AlarmState::Normal => return None,
            AlarmState::SuppressedByDesign if !is_open && last.since.is_none() => return None,
            _ => {}
        }
        let at = raised.or(last.since).unwrap_or(last.at);
        Some(AlarmEvent { at, change: AlarmChange::Raised, by: None, ..last })
    }
}

/// The same as the monitor's state of now, for pages, of a plant whose instruments had shown
/// `readings` (newest first, of each instrument in the order of its card).
pub fn shown(past: &PlantPast, now: &Value, at: Stamp, tags: &[(&TagId, Vec<Reading>)]) -> Value {
    let mut head: Map<String, Value> = now.as_object().cloned().unwrap_or_default();
    let newest = tags.iter().filter_map(|(_, readings)| readings.first());
    let heard = newest.map(|reading| reading.received_at.as_ms()).max();
    for (key, value) in [
        ("online", json!(past.online)),
        ("heard_at", json!(heard)),
        ("reached", json!(at.as_ms())),
        ("speed", Value::Null),
        ("calls", json!(past.calls)),
        ("flood", json!(past.flood)),
        // What the records do not say of that moment.
        ("messages", Value::Null),
        ("readings", Value::Null),
        ("lost", Value::Null),
        ("refused", json!(0)),
    ] {
        head.insert(key.to_owned(), value);
    }
    let cells: Vec<Value> = tags.iter().map(|(tag, readings)| cell(past, tag, readings)).collect();
    let trends: Vec<Vec<f64>> = tags.iter().map(|(_, readings)| trend(readings)).collect();
    json!({
        "head": head, "tags": cells, "alarms": past.standing, "shelves": {}, "trends": trends,
    })
}

fn cell(past: &PlantPast, tag: &TagId, readings: &[Reading]) -> Value {
    let doubted = past.doubts.get(tag);
    let count = doubted.map_or(0, |doubted| doubted.count);
    let Some(latest) = readings.first() else { return json!([null, null, null, null, count]) };
    let of_it = doubted.filter(|doubted| doubted.observed_at == latest.observed_at);
    let flag = of_it.map_or(latest.flag, |doubted| latest.flag.worst(doubted.flag));
    let value = latest.value.filter(|value| value.is_finite());
    json!([latest.observed_at.as_ms(), value, flag, null, count])
}

/// Oldest first, without what has failed.
fn trend(readings: &[Reading]) -> Vec<f64> {
    let usable = |it: &&Reading| !matches!(it.flag, Flag::Missing | Flag::Fail);
    let values = readings.iter().rev().filter(usable).filter_map(|it| it.value);
    values.filter(|value| value.is_finite()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLANT: &str = "sanmen";

    fn at(text: &str) -> Stamp {
        Stamp::parse(&format!("2024-12-{text}Z")).expect("a time").0
    }

    fn entry(n: u64, record: Value) -> Entry {
        let hash = "0".repeat(64);
        let whole = json!({
            "plant": PLANT, "n": n, "record": record, "previous": hash, "hash": hash,
        });
        serde_json::from_value(whole).expect("an entry")
    }

    fn alarm(n: u64, time: &str, change: &str, state: &str, priority: &str) -> Entry {
        let id = json!({ "plant": PLANT, "rule": "tap-low", "tag": "AIT-401", "n": 1 });
        let why = json!({ "value": 0.01, "limit": 0.05, "window": [], "text": "low" });
        let record = json!({
            "kind": "alarm", "id": id, "at": format!("2024-12-{time}Z"), "change": change,
            "state": state, "priority": priority, "since": null, "title": "low", "source": "",
            "why": why, "by": null,
        });
        entry(n, record)
    }

    fn chronicle(entries: Vec<Entry>) -> Chronicle {
        let mut chronicle = Chronicle::default();
        let last = entries.len() as u64;
        chronicle.add(0, Page { entries, last, ..Page::default() });
        chronicle
    }

    fn morning() -> Vec<Entry> {
        let online = json!({
            "kind": "ingest", "at": "2024-12-05T00:00:00Z", "plant": PLANT, "what": "online",
            "boot_id": 1,
        });
        vec![
            entry(1, online),
            alarm(2, "05T01:00:00", "raised", "unacknowledged", "medium"),
            alarm(3, "05T01:04:00", "acknowledged", "acknowledged", "medium"),
            alarm(4, "05T02:00:00", "cleared", "normal", "medium"),
            alarm(5, "05T03:00:00", "raised", "unacknowledged", "high"),
        ]
    }

    #[test]
    fn an_alarm_is_what_its_last_record_by_then_says() {
        let chronicle = chronicle(morning());
        let state = |time: &str| {
            let plant = chronicle.at(at(time)).remove(PLANT).unwrap_or_default();
            (plant.online, plant.standing.first().map(|it| (it.state, it.at)), plant.calls)
        };
        let raised = at("05T01:00:00");
        assert_eq!(state("04T23:59:59"), (None, None, 0));
        assert_eq!(state("05T00:59:59"), (Some(true), None, 0));
        let waits = Some((AlarmState::Unacknowledged, raised));
        assert_eq!(state("05T01:00:00"), (Some(true), waits, 1));
        let answered = Some((AlarmState::Acknowledged, raised));
        assert_eq!(state("05T01:30:00"), (Some(true), answered, 0), "it has called long ago");
        assert_eq!(state("05T02:00:00"), (Some(true), None, 0));
        let again = Some((AlarmState::Unacknowledged, at("05T03:00:00")));
        assert_eq!(state("06T00:00:00"), (Some(true), again, 0));
    }

    #[test]
    fn an_exercise_that_has_begun_again_has_no_past_before_that() {
        let mut entries = morning();
        let back = json!({
            "kind": "ingest", "at": "2024-12-05T03:30:00Z", "plant": PLANT, "what": "clock-back",
            "boot_id": 2, "from": "2024-12-05T03:30:00Z", "to": "2024-12-05T00:00:00Z",
        });
        entries.push(entry(6, back));
        entries.push(alarm(7, "05T00:30:00", "raised", "unacknowledged", "low"));
        let chronicle = chronicle(entries);
        let span = (at("05T00:00:00"), at("05T00:30:00"));
        assert_eq!(chronicle.span(), Some(span));
        assert_eq!(chronicle.newest(Stamp::MAX).len(), 2);
    }

    #[test]
    fn what_was_found_later_is_not_known_before_that() {
        let state = |chronicle: &Chronicle, time: &str| {
            let plant = chronicle.at(at(time)).remove(PLANT).unwrap_or_default();
            plant.standing.first().map(|it| it.at)
        };
        // The gateway comes back at 01:00 and sends what it has kept since 00:30.
        let mut late = morning();
        late[0] = entry(
            1,
            json!({
                "kind": "ingest", "at": "2024-12-05T01:00:00Z", "plant": PLANT, "what": "online",
                "boot_id": 1,
            }),
        );
        late[1] = alarm(2, "05T00:30:00", "raised", "unacknowledged", "medium");
        late.truncate(2);
        let raised = Some(at("05T00:30:00"));
        let ordered = chronicle(late.clone());
        assert_eq!(state(&ordered, "05T00:59:59"), None, "the order of the chain says so");
        assert_eq!(state(&ordered, "05T01:00:00"), raised);
        let mut kept = Chronicle::default();
        let times = vec![at("05T01:00:00"), at("05T01:02:00")];
        kept.add(0, Page { entries: late, kept: times, last: 2 });
        assert_eq!(state(&kept, "05T01:01:59"), None, "it was kept two minutes later");
        assert_eq!(state(&kept, "05T01:02:00"), raised);
    }

    #[test]
    fn a_page_that_was_read_twice_is_taken_once() {
        let mut chronicle = chronicle(morning());
        chronicle.add(0, Page { entries: morning(), last: 5, ..Page::default() });
        assert_eq!(chronicle.newest(Stamp::MAX).len(), 5);
        chronicle.add(5, Page { last: 5, ..Page::default() });
        assert_eq!(chronicle.last(), 5);
    }

    #[test]
    fn of_what_falls_together_on_a_scrub_bar_the_most_urgent_is_shown() {
        let chronicle = chronicle(morning());
        let days = (at("01T00:00:00"), at("30T00:00:00"));
        let marks = chronicle.marks(days);
        let about = "sanmen/tap-low/AIT-401/1".to_owned();
        let second = at("05T03:00:00").as_ms();
        assert!(marks.contains(&Mark(second, "raised", Some("high"), about)), "{marks:?}");
        let hours = (at("05T00:00:00"), at("05T04:00:00"));
        let raised = chronicle.marks(hours).into_iter().filter(|mark| mark.1 == "raised").count();
        assert_eq!(raised, 2, "two hours apart they are two");
    }

    #[test]
    fn a_doubt_of_the_last_reading_is_shown_with_it() {
        let tag = TagId::new("AIT-302").expect("a tag");
        let doubt = json!({
            "kind": "quality", "at": "2024-12-05T01:16:00Z", "plant": PLANT, "tag": "AIT-302",
            "test": "spike", "flag": 3, "observed_at": "2024-12-05T01:15:00Z", "value": 6.5,
            "count": 4,
        });
        let chronicle = chronicle(vec![entry(1, doubt)]);
        let now = at("05T01:20:00");
        let past = chronicle.at(now).remove(PLANT).expect("it has a past");
        let reading = |time: &str, value| Reading {
            observed_at: at(time),
            received_at: at(time),
            value,
            flag: Flag::Good,
        };
        let newest = |readings| shown(&past, &json!({ "exercise": "e" }), now, &[(&tag, readings)]);
        let first = reading("05T01:14:00", Some(0.5));
        let doubted = newest(vec![reading("05T01:15:00", Some(6.5)), first]);
        let doubted_at = at("05T01:15:00").as_ms();
        assert_eq!(doubted["tags"][0], json!([doubted_at, 6.5, 3, null, 4]));
        assert_eq!(doubted["trends"][0], json!([0.5, 6.5]), "oldest first");
        assert_eq!(doubted["head"]["exercise"], "e");
        assert_eq!(doubted["head"]["reached"], now.as_ms());
        let other = newest(vec![reading("05T01:17:00", None), first]);
        let missing_at = at("05T01:17:00").as_ms();
        assert_eq!(other["tags"][0], json!([missing_at, null, 1, null, 4]));
        assert_eq!(newest(vec![])["tags"][0], json!([null, null, null, null, 4]));
    }
}
