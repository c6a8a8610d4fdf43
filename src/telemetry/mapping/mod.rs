//! Messages of devices that know nothing of our wire, by a file that says where in them what
//! stands: topic pattern, JSON pointers, units, names.
//!
//! In: topic and payload. Out: readings by our names and in our units, and what did not fit. What
//! a mapping makes of a message is kept as such: another mapping later does not change the past.
//! The page for readers is `src/docs/mappings.md`.

mod file;
mod pattern;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::foreign::moment::TimeFormat;
use crate::base::foreign::unit::Conversion;
use crate::base::foreign::words;
use crate::base::units::Quantity;
use crate::base::{Flag, PlantId, Span, Stamp, TagId};
use crate::telemetry::wire::MESSAGE_BYTES_MAX;
use pattern::{Found, Pattern, Template};

/// Most readings of one message.
const READINGS_MAX: usize = 4_096;

/// Longest sample of a message that did not fit, in bytes.
const SAMPLE_BYTES: usize = 480;

/// Longest text of what did not fit, in characters.
const DETAIL_CHARS: usize = 120;

/// The plants and instruments that a mapping may name.
pub type Known = BTreeMap<PlantId, BTreeMap<TagId, Quantity>>;

/// A mapping file, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    topics: Vec<TopicMap>,
    known: Known,
    /// Their names of plants and instruments, and ours.
    plants: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    missing: BTreeSet<String>,
    flags: BTreeMap<String, Flag>,
    lateness: Span,
    /// A group of Sparkplug B that is heard too.
    sparkplug: Option<String>,
}

/// What messages of one kind of topic say.
#[derive(Debug, Clone, PartialEq)]
struct TopicMap {
    pattern: Pattern,
    /// The list whose elements are read one by one.
    each: Option<String>,
    /// Where the time stands; none: it is when the message came.
    time: Option<(String, TimeFormat)>,
    readings: Vec<ReadingMap>,
}

/// One value of such a message.
#[derive(Debug, Clone, PartialEq)]
struct ReadingMap {
    /// Only where these wild cards are so.
    only: Vec<(String, String)>,
    plant: Template,
    tag: Template,
    value: String,
    quality: Option<String>,
    /// Theirs, where it is another than ours.
    unit: Option<String>,
}

/// What a message of a foreign device says, by our names and in our units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Foreign {
    /// Its topic.
    pub topic: String,
    /// When it came, on the monitor's clock.
    pub received_at: Stamp,
    /// How late its readings may be.
    pub lateness: Span,
    /// What it says.
    pub readings: Vec<Reading>,
    /// What of it did not fit.
    pub refused: Vec<Unfit>,
}

/// A reading of a foreign device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The plant.
    pub plant: PlantId,
    /// The instrument.
    pub tag: TagId,
    /// When it was taken.
    pub at: Stamp,
    /// In the tag's unit; none: it should have read, and could not.
    pub value: Option<f64>,
    /// What the device says of its quality.
    pub flag: Flag,
}

/// Something that did not fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unfit {
    /// The plant, where that was known.
    pub plant: Option<PlantId>,
    /// Why.
    pub reason: Misfit,
    /// How many of this kind the message had.
    pub count: u64,
    /// What exactly, of the first.
    pub detail: String,
    /// The beginning of the message.
    pub sample: String,
}

/// Why something did not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Misfit {
    /// The message is longer than ours may be.
    TooLarge,
    /// It has more readings than a message may have.
    TooMany,
    /// It is no JSON.
    NotJson,
    /// It is no payload of Sparkplug B.
    NotSparkplug,
    /// It says something that only a birth explains, and that was not heard.
    Unborn,
    /// Its number in the session is missing, or is none.
    BadSeq,
    /// Nothing stands where a value should be, or a list.
    NoValue,
    /// What stands there is no number.
    BadValue,
    /// There is no time, or one that is not as the mapping says.
    BadTime,
    /// No known word of quality.
    BadFlag,
    /// The instrument measures something that has no such unit.
    BadUnit,
    /// Nobody's instrument.
    UnknownTag,
    /// Nobody's plant.
    UnknownPlant,
}

impl Misfit {
    /// The word of the counter.
    pub fn word(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::TooMany => "too-many",
            Self::NotJson => "not-json",
            Self::NotSparkplug => "not-sparkplug",
            Self::Unborn => "unborn",
            Self::BadSeq => "bad-seq",
            Self::NoValue => "no-value",
            Self::BadValue => "bad-value",
            Self::BadTime => "bad-time",
            Self::BadFlag => "bad-flag",
            Self::BadUnit => "bad-unit",
            Self::UnknownTag => "unknown-tag",
            Self::UnknownPlant => "unknown-plant",
        }
    }
}

/// Why, of which plant, and in words.
type Wrong = (Misfit, Option<PlantId>, String);

impl Mapping {
    /// What to subscribe to.
    pub fn filters(&self) -> Vec<String> {
        let filters: BTreeSet<String> = self.topics.iter().map(|it| it.pattern.filter()).collect();
        filters.into_iter().collect()
    }

    /// The group of Sparkplug B that is to be heard too.
    pub fn sparkplug(&self) -> Option<&str> {
        self.sparkplug.as_deref()
    }

    /// Their names of plants and of instruments, each with ours.
    pub fn names(&self) -> (&BTreeMap<String, String>, &BTreeMap<String, String>) {
        (&self.plants, &self.tags)
    }

    /// Is a topic one of the mapping?
    pub fn is_of(&self, topic: &str) -> bool {
        self.topics.iter().any(|map| map.pattern.find(topic).is_some())
    }

    /// What a message says; none when its topic is not one of the mapping.
    pub fn read(&self, topic: &str, payload: &[u8], received_at: Stamp) -> Option<Foreign> {
        let (map, found) =
            self.topics.iter().find_map(|map| Some((map, map.pattern.find(topic)?)))?;
        let mut foreign = Foreign {
            topic: topic.to_owned(),
            received_at,
            lateness: self.lateness,
            readings: Vec::new(),
            refused: Vec::new(),
        };
        let mut wrong = Vec::new();
        match whole(payload) {
            Ok(json) => self.elements(map, &json, &found, (&mut foreign, &mut wrong)),
            Err(error) => wrong.push(error),
        }
        let sample = payload.get(..SAMPLE_BYTES).unwrap_or(payload);
        for (reason, plant, detail) in wrong {
            let mut same = foreign.refused.iter_mut();
            match same.find(|it| it.reason == reason && it.plant == plant) {
                Some(unfit) => unfit.count += 1,
                None => foreign.refused.push(Unfit {
                    plant,
                    reason,
                    count: 1,
                    detail: detail.chars().take(DETAIL_CHARS).collect(),
                    sample: String::from_utf8_lossy(sample).into_owned(),
                }),
            }
        }
        Some(foreign)
    }

    fn elements(
        &self,
        map: &TopicMap,
        json: &Value,
        found: &Found<'_>,
        (foreign, wrong): (&mut Foreign, &mut Vec<Wrong>),
    ) {
        let Some(each) = &map.each else {
            return self.element(map, json, found, (foreign, wrong));
        };
        let Some(Value::Array(list)) = json.pointer(each) else {
            return wrong.push((Misfit::NoValue, None, format!("there is no list at {each:?}")));
        };
        for element in list {
            self.element(map, element, found, (foreign, wrong));
        }
    }

    /// What one object of a message says.
    fn element(
        &self,
        map: &TopicMap,
        json: &Value,
        found: &Found<'_>,
        (foreign, wrong): (&mut Foreign, &mut Vec<Wrong>),
    ) {
        let at = match &map.time {
            None => Ok(foreign.received_at),
            Some((pointer, format)) => moment(json.pointer(pointer), format),
        };
        let at = match at {
            Ok(at) => at,
            Err(text) => return wrong.push((Misfit::BadTime, None, text)),
        };
        let mut is_somebody = false;
        let mut has_value = false;
        for reading in map.readings.iter().filter(|it| found.is_so(&it.only)) {
            is_somebody = true;
            let Some(value) = json.pointer(&reading.value) else { continue };
            has_value = true;
            if foreign.readings.len() >= READINGS_MAX {
                let text = format!("more than {READINGS_MAX} readings");
                return wrong.push((Misfit::TooMany, None, text));
            }
            match self.reading(reading, json, value, (at, found)) {
                Ok(reading) => foreign.readings.push(reading),
                Err(error) => wrong.push(error),
            }
        }
        if !is_somebody {
            let text = format!("no reading of the mapping is for {found}");
            wrong.push((Misfit::UnknownTag, None, text));
        } else if !has_value {
            let places: Vec<&str> = map.readings.iter().map(|it| it.value.as_str()).collect();
            let text = format!("nothing stands at {}", places.join(", "));
            wrong.push((Misfit::NoValue, None, text));
        }
    }

    fn reading(
        &self,
        map: &ReadingMap,
        json: &Value,
        value: &Value,
        (at, found): (Stamp, &Found<'_>),
    ) -> Result<Reading, Wrong> {
        let ours = |names: &BTreeMap<String, String>, name: String| {
            names.get(&name).cloned().unwrap_or(name)
        };
        let plant = ours(&self.plants, map.plant.fill(found));
        let known = self.known.get_key_value(plant.as_str());
        let (plant, tags) =
            known.ok_or_else(|| (Misfit::UnknownPlant, None, format!("{plant:?} is no plant")))?;
        let wrong = |misfit, text: String| (misfit, Some(plant.clone()), text);
        let tag = ours(&self.tags, map.tag.fill(found));
        let known = tags.get_key_value(tag.as_str());
        let (tag, quantity) =
            known.ok_or_else(|| wrong(Misfit::UnknownTag, format!("{tag:?} is no instrument")))?;
        let value = self.value(value).map_err(|text| wrong(Misfit::BadValue, text))?;
        let convert = match &map.unit {
            None => Conversion::NONE,
            Some(unit) => Conversion::of(*quantity, unit).ok_or_else(|| {
                let text = format!("{tag} is no {unit}: it is {}", quantity.name());
                wrong(Misfit::BadUnit, text)
            })?,
        };
        let quality = map.quality.as_ref().and_then(|pointer| json.pointer(pointer));
        let flag = self.flag(quality).map_err(|text| wrong(Misfit::BadFlag, text))?;
        let value = value.map(|value| convert.apply(value));
        let value = value.filter(|value| value.is_finite() && flag != Flag::Missing);
        let flag = if value.is_some() { flag } else { Flag::Missing };
        Ok(Reading { plant: plant.clone(), tag: tag.clone(), at, value, flag })
    }

    fn value(&self, value: &Value) -> Result<Option<f64>, String> {
        let number = match value {
            Value::Null => return Ok(None),
            Value::Bool(is) => f64::from(u8::from(*is)),
            Value::Number(number) if self.missing.contains(&number.to_string()) => return Ok(None),
            Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
            Value::String(text) if self.missing.contains(text.trim()) => return Ok(None),
            Value::String(text) => text.trim().parse().unwrap_or(f64::NAN),
            Value::Array(_) | Value::Object(_) => f64::NAN,
        };
        number.is_finite().then_some(Some(number)).ok_or_else(|| format!("{value} is no number"))
    }

    fn flag(&self, quality: Option<&Value>) -> Result<Flag, String> {
        let text = match quality {
            None | Some(Value::Null) => return Ok(Flag::Good),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        words::flag(&self.flags, &text).ok_or_else(|| format!("{text:?} is no known quality"))
    }
}

/// The message as JSON; a bare number is JSON too.
fn whole(payload: &[u8]) -> Result<Value, Wrong> {
    if payload.len() > MESSAGE_BYTES_MAX {
        let text = format!("more than {MESSAGE_BYTES_MAX} bytes");
        return Err((Misfit::TooLarge, None, text));
    }
    serde_json::from_slice(payload).map_err(|error| (Misfit::NotJson, None, error.to_string()))
}

fn moment(value: Option<&Value>, format: &TimeFormat) -> Result<Stamp, String> {
    match value {
        Some(Value::String(text)) => format.text(text.trim()),
        Some(Value::Number(number)) => format.number(number.as_f64().unwrap_or(f64::NAN)),
        Some(other) => Err(format!("{other} is no time")),
        None => Err("there is no time".to_owned()),
    }
}
