//! The monitor's state as pages get it: whole once, and after that only what has changed.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::alarms::event::AlarmEvent;
use crate::alarms::flood::Flood;
use crate::base::{Flag, PlantId, Stamp};
use crate::monitor::Snapshot;

/// All plants at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shown(Vec<PlantState>);

#[derive(Debug, Clone, PartialEq)]
struct PlantState {
    head: Head,
    tags: Vec<Cell>,
    alarms: Vec<AlarmEvent>,
    shelves: BTreeMap<String, i64>,
}

/// What there is one of at each plant. Times are ms since 1970.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Head {
    online: Option<bool>,
    heard_at: Option<i64>,
    reached: Option<i64>,
    speed: Option<f64>,
    exercise: Option<String>,
    signed: bool,
    messages: u64,
    readings: u64,
    lost: u64,
    refused: u64,
    calls: usize,
    flood: Option<Flood>,
}

/// Of an instrument: when, what, how far it can be trusted, what the rules say, how often it was
/// doubted.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Cell(Option<i64>, Option<f64>, Option<Flag>, Value, u64);

impl Shown {
    /// What pages get of a snapshot. `calls`: how many alarms have called a person lately.
    pub fn of(snapshot: &Snapshot, calls: impl Fn(&PlantId, Option<Stamp>) -> usize) -> Self {
        let plants = snapshot.plants.iter().map(|plant| {
            let tags = plant.tags.iter().map(|tag| {
                let latest = tag.latest.as_ref();
                let value = latest.map(|it| it.value).filter(|value| value.is_finite());
                let verdict = serde_json::to_value(tag.verdict).unwrap_or_default();
                let at = latest.map(|it| it.observed_at.as_ms());
                Cell(at, value, latest.map(|it| it.flag), verdict, tag.doubtful)
            });
            let shelves = plant.shelves.iter().map(|(id, until)| (id.to_string(), until.as_ms()));
            PlantState {
                head: Head {
                    online: plant.online,
                    heard_at: plant.heard_at.map(Stamp::as_ms),
                    reached: plant.frontier.map(Stamp::as_ms),
                    speed: plant.clock.map(|clock| clock.speed),
                    exercise: plant.exercise.clone(),
                    signed: plant.signed,
                    messages: plant.counters.messages,
                    readings: plant.counters.readings,
                    lost: plant.counters.lost,
                    refused: plant.refused,
                    calls: calls(&plant.id, plant.frontier),
                    flood: plant.flood.clone(),
                },
                tags: tags.collect(),
                alarms: plant.standing.clone(),
                shelves: shelves.collect(),
            }
        });
        Self(plants.collect())
    }

    /// Of each plant, what there is one of.
    pub fn heads(&self) -> Vec<Value> {
        self.0.iter().map(|plant| json!(plant.head)).collect()
    }

    /// All of it.
    pub fn whole(&self) -> Value {
        let plants = self.0.iter().map(|plant| {
            json!({
                "head": plant.head, "tags": plant.tags, "alarms": plant.alarms,
                "shelves": plant.shelves,
            })
        });
        plants.collect()
    }

    /// What is otherwise than in `before`, plant by plant, by position; empty: nothing is.
    pub fn changes(&self, before: &Self) -> Map<String, Value> {
        let mut changes = Map::new();
        for (at, plant) in self.0.iter().enumerate() {
            let change = match before.0.get(at) {
                Some(before) => plant.changes(before),
                None => plant.changes(&PlantState::nothing(plant)),
            };
            if !change.is_empty() {
                changes.insert(at.to_string(), Value::Object(change));
            }
        }
        changes
    }
}

impl PlantState {
    /// Before anything was known of it.
    fn nothing(like: &Self) -> Self {
        let cell = Cell(None, None, None, Value::Null, 0);
        let head = Head { messages: u64::MAX, ..like.head.clone() };
        let (alarms, shelves) = (Vec::new(), BTreeMap::new());
        Self { head, tags: vec![cell; like.tags.len()], alarms, shelves }
    }

    fn changes(&self, before: &Self) -> Map<String, Value> {
        let mut change = Map::new();
        if self.head != before.head {
            change.insert("head".to_owned(), json!(self.head));
        }
        let cells = self.tags.iter().zip(&before.tags).enumerate();
        let tags: Map<String, Value> = cells
            .filter(|(_, (now, before))| now != before)
            .map(|(at, (now, _))| (at.to_string(), json!(now)))
            .collect();
        if !tags.is_empty() {
            change.insert("tags".to_owned(), Value::Object(tags));
        }
        if self.alarms != before.alarms {
            change.insert("alarms".to_owned(), json!(self.alarms));
        }
        if self.shelves != before.shelves {
            change.insert("shelves".to_owned(), json!(self.shelves));
        }
        change
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(readings: u64, value: f64) -> Shown {
        let head = Head {
            online: Some(true),
            heard_at: Some(1),
            reached: Some(1),
            speed: None,
            exercise: None,
            signed: true,
            messages: 1,
            readings,
            lost: 0,
            refused: 0,
            calls: 0,
            flood: None,
        };
        let cell = |value| Cell(Some(1), Some(value), Some(Flag::Good), Value::Null, 0);
        let (alarms, shelves) = (Vec::new(), BTreeMap::new());
        Shown(vec![PlantState { head, tags: vec![cell(1.0), cell(value)], alarms, shelves }])
    }

    #[test]
    fn only_what_has_changed_is_said_again() {
        let (before, now) = (shown(1, 2.0), shown(1, 3.0));
        assert!(before.changes(&before).is_empty());
        let said = json!({ "0": { "tags": { "1": [1, 3.0, 1, null, 0] } } });
        assert_eq!(Value::Object(now.changes(&before)), said);
        let counted = shown(2, 3.0).changes(&now);
        assert_eq!(counted["0"]["head"]["readings"], 2);
        assert!(counted["0"].get("tags").is_none());
    }

    #[test]
    fn what_was_never_said_is_said_whole() {
        let first = shown(1, 2.0).changes(&Shown::default());
        assert_eq!(first["0"]["tags"].as_object().map(Map::len), Some(2));
        assert_eq!(first["0"]["head"]["online"], true);
    }
}
