//! Values of the published schema, and what they are to us.
//!
//! `srad_types::Quality` has good and bad the wrong way round: the numbers here are those of the
//! specification.

use srad_types::payload::metric::Value;
use srad_types::payload::property_value::Value as Property;
use srad_types::payload::{DataType, Metric, Payload, PropertySet, PropertyValue};

use crate::base::{Flag, Stamp};

pub(super) const UNIT: &str = "engUnit";
pub(super) const LOW: &str = "engLow";
pub(super) const HIGH: &str = "engHigh";
/// Ours: what is measured, as `Quantity::name` says it.
pub(super) const QUANTITY: &str = "quantity";
/// Ours: how often it is read.
pub(super) const POLL_MS: &str = "pollMs";
/// Ours: the flag that the three numbers of Sparkplug cannot tell.
const QARTOD: &str = "qartod";
const QUALITY: &str = "Quality";

const GOOD: i32 = 192;
const BAD: i32 = 0;
const STALE: i32 = 500;

/// Milliseconds since 1970, which the schema keeps without a sign.
pub(super) fn millis(at: Stamp) -> u64 {
    u64::try_from(at.as_ms()).unwrap_or(0)
}

/// The moment that a number of milliseconds says, if it is one.
pub(super) fn moment(ms: Option<u64>) -> Option<Stamp> {
    Stamp::from_ms(i64::try_from(ms?).ok()?).ok()
}

/// A metric of a birth: with its name and, if it has one, its alias.
pub(super) fn born(name: &str, alias: Option<u64>, at: Stamp, kind: DataType) -> Metric {
    let mut metric = Metric::new();
    metric.set_name(name.to_owned()).set_timestamp(millis(at)).set_datatype(kind).set_null();
    metric.alias = alias;
    metric
}

/// A metric of data: by its alias.
pub(super) fn told(alias: u64, at: Stamp, kind: DataType) -> Metric {
    let mut metric = Metric::new();
    metric.set_alias(alias).set_timestamp(millis(at)).set_datatype(kind).set_null();
    metric
}

/// A payload with these metrics.
pub(super) fn payload(at: Stamp, seq: Option<u8>, metrics: Vec<Metric>) -> Payload {
    let seq = seq.map(u64::from);
    Payload { timestamp: Some(millis(at)), metrics, seq, uuid: None, body: None }
}

pub(super) fn text(text: &str) -> PropertyValue {
    property(DataType::String, Property::StringValue(text.to_owned()))
}

pub(super) fn double(value: f64) -> PropertyValue {
    property(DataType::Double, Property::DoubleValue(value))
}

pub(super) fn long(value: i64) -> PropertyValue {
    property(DataType::Int64, Property::LongValue(value as u64))
}

fn int(value: i32) -> PropertyValue {
    property(DataType::Int32, Property::IntValue(value as u32))
}

fn property(kind: DataType, value: Property) -> PropertyValue {
    PropertyValue { r#type: Some(kind as u32), is_null: None, value: Some(value) }
}

/// How a flag is written; nothing for good: that is what is meant without a word.
pub(super) fn of_flag(flag: Flag) -> Vec<(&'static str, PropertyValue)> {
    let quality = match flag {
        Flag::Good => return Vec::new(),
        Flag::NotEvaluated => GOOD,
        Flag::Suspect => STALE,
        Flag::Fail | Flag::Missing => BAD,
    };
    vec![(QUALITY, int(quality)), (QARTOD, int(u8::from(flag).into()))]
}

/// Good, said.
pub(super) fn good() -> (&'static str, PropertyValue) {
    (QUALITY, int(GOOD))
}

pub(super) fn properties(all: Vec<(&'static str, PropertyValue)>) -> Option<PropertySet> {
    if all.is_empty() {
        return None;
    }
    let (keys, values): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    Some(PropertySet { keys: keys.into_iter().map(str::to_owned).collect(), values })
}

fn find<'m>(metric: &'m Metric, key: &str) -> Option<&'m Property> {
    let set = metric.properties.as_ref()?;
    let at = set.keys.iter().position(|known| known == key)?;
    set.values.get(at)?.value.as_ref()
}

/// A property that is a text.
pub(super) fn text_of<'m>(metric: &'m Metric, key: &str) -> Option<&'m str> {
    match find(metric, key)? {
        Property::StringValue(text) => Some(text.trim()),
        _ => None,
    }
}

/// A property that is a number.
pub(super) fn number_of(metric: &Metric, key: &str) -> Option<f64> {
    let number = match find(metric, key)? {
        Property::IntValue(value) => f64::from(*value as i32),
        Property::LongValue(value) => *value as i64 as f64,
        Property::FloatValue(value) => f64::from(*value),
        Property::DoubleValue(value) => *value,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// What a metric says of its quality. Errors: it says something that is no quality.
pub(super) fn flag(metric: &Metric) -> Result<Flag, String> {
    let Some(value) = find(metric, QUALITY) else { return Ok(Flag::Good) };
    let code = match value {
        Property::IntValue(value) => i64::from(*value as i32),
        Property::LongValue(value) => *value as i64,
        other => return Err(format!("{other:?} is no quality")),
    };
    let flag = match code {
        0..=63 => Flag::Fail,
        // OPC knows an uncertain between good and bad.
        64..=191 | 500 => Flag::Suspect,
        192..=255 => Flag::Good,
        _ => return Err(format!("{code} is no quality: it is 192, 0 or 500")),
    };
    // Ours says it finer; it never makes a reading better than it is.
    let ours = number_of(metric, QARTOD).filter(|number| (0.0..256.0).contains(number));
    let ours = ours.and_then(|number| Flag::try_from(number as u8).ok());
    Ok(match (flag, ours) {
        (Flag::Good, Some(Flag::NotEvaluated)) => Flag::NotEvaluated,
        (Flag::Fail, Some(Flag::Missing)) => Flag::Missing,
        _ => flag,
    })
}

/// The number that a metric says, of the type `declared` at its birth; none: it says that there is
/// none. Errors: it is no number.
pub(super) fn number(metric: &Metric, declared: Option<u32>) -> Result<Option<f64>, String> {
    let Some(value) = &metric.value else {
        return match metric.is_null {
            Some(true) => Ok(None),
            _ => Err("a metric without a value".to_owned()),
        };
    };
    let kind = metric.datatype.or(declared).and_then(|kind| DataType::try_from(kind).ok());
    let number = match (value, kind) {
        (Value::IntValue(value), Some(DataType::Int8)) => f64::from(*value as i8),
        (Value::IntValue(value), Some(DataType::Int16)) => f64::from(*value as i16),
        (Value::IntValue(value), Some(DataType::Int32)) => f64::from(*value as i32),
        (Value::LongValue(value), Some(DataType::Int64)) => *value as i64 as f64,
        (Value::IntValue(value), _) => f64::from(*value),
        (Value::LongValue(value), _) => *value as f64,
        (Value::FloatValue(value), _) => f64::from(*value),
        (Value::DoubleValue(value), _) => *value,
        (Value::BooleanValue(is), _) => f64::from(u8::from(*is)),
        _ => return Err("the value is no number".to_owned()),
    };
    Ok(number.is_finite().then_some(number))
}

/// The text that a metric says.
pub(super) fn words(metric: &Metric) -> Option<&str> {
    match metric.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// The moment that a metric says.
pub(super) fn time(metric: &Metric) -> Option<Stamp> {
    match metric.value.as_ref()? {
        Value::LongValue(ms) => moment(Some(*ms)),
        _ => None,
    }
}

/// The whole number that a metric says.
pub(super) fn whole(metric: &Metric) -> Option<u64> {
    match metric.value.as_ref()? {
        Value::LongValue(number) => Some(*number),
        Value::IntValue(number) => Some(u64::from(*number)),
        _ => None,
    }
}
