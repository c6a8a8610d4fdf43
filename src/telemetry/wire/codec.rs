//! Messages as JSON text and back. What comes in is refused when it is anything but a message of
//! ours: with a stable word, never with a panic, never with a guess.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};

use super::{Birth, Body, Clock, Column, Envelope, Message, TagBirth};
use super::{
    EXERCISE_BYTES_MAX, MESSAGE_BYTES_MAX, NUMBER_MAX, POLL_MAX, READINGS_MAX, SPEED_MAX, TAGS_MAX,
    VALUE_MAX,
};
use crate::base::units::Quantity;
use crate::base::{Flag, PlantId, Span, Stamp, TagId};
use crate::telemetry::topic::Kind;

/// Deepest nesting: the message, its list, a column, the column's lists.
const DEPTH_MAX: usize = 4;
/// Longest detail of a refusal, in characters.
const DETAIL_CHARS_MAX: usize = 200;

/// Why a payload is no message of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Refusal {
    /// A stable word: `too-large`, `not-utf8`, `too-deep`, `not-json`, `wrong-shape` (keys or
    /// types), `too-many`, `unequal-lists`, `bad-order` (times go back) or `bad-value`.
    pub reason: &'static str,
    /// What exactly, for a person: printable, at most 200 characters.
    pub detail: String,
}

/// Two types per message: `Raw…` mirrors the text, `Body` cannot hold a wrong value.
macro_rules! raw {
    ($name:ident { $($(#[$serde:meta])? $key:ident: $type:ty,)* }) => {
        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name<'a> {
            #[serde(borrow)]
            plant: Cow<'a, str>,
            boot_id: u64,
            seq: u64,
            #[serde(borrow)]
            sent_at: Cow<'a, str>,
            #[serde(borrow, deserialize_with = "text_or_null")]
            exercise: Option<Cow<'a, str>>,
            $($(#[$serde])? $key: $type,)*
        }

        impl<'a> $name<'a> {
            fn new(envelope: &'a Envelope, $($key: $type,)*) -> Self {
                Self {
                    plant: envelope.plant.as_str().into(),
                    boot_id: envelope.boot_id,
                    seq: envelope.seq,
                    sent_at: envelope.sent_at.to_string().into(),
                    exercise: envelope.exercise.as_deref().map(Cow::from),
                    $($key,)*
                }
            }

            fn envelope(&self) -> Result<Envelope, Refusal> {
                envelope(&self.plant, (self.boot_id, self.seq), &self.sent_at, self.exercise.as_deref())
            }
        }
    };
}

raw!(RawBirth {
    #[serde(borrow)]
    tags: Vec<RawTag<'a>>,
});
raw!(RawData {
    #[serde(borrow)]
    from: Cow<'a, str>,
    #[serde(borrow)]
    readings: Vec<RawColumn<'a>>,
});
raw!(RawDeath {});
raw!(RawClock {
    #[serde(borrow)]
    sim: Cow<'a, str>,
    #[serde(borrow)]
    wall: Cow<'a, str>,
    speed: f64,
});

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTag<'a> {
    #[serde(borrow)]
    tag: Cow<'a, str>,
    quantity: Quantity,
    #[serde(borrow)]
    unit: Cow<'a, str>,
    range: [f64; 2],
    poll_ms: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawColumn<'a> {
    #[serde(borrow)]
    tag: Cow<'a, str>,
    ms: Vec<i64>,
    value: Vec<Option<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_list")]
    flag: Option<Vec<u8>>,
}

/// The key must be there, even if it says null.
fn text_or_null<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'a, str>>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    Option::<Text<'a>>::deserialize(deserializer).map(|text| text.map(|text| text.0))
}

/// The key may be left out, but not be null.
fn some_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    Vec::deserialize(deserializer).map(Some)
}

impl Message {
    /// The message as compact JSON; keys in the order of `src/docs/wire.md`.
    ///
    /// Values that no reader would accept (not finite, beyond `VALUE_MAX`) travel as missing. A
    /// batch that may be large goes through `split` first; a birth fits with 75 instruments.
    pub fn encode(&self) -> Vec<u8> {
        let envelope = &self.envelope;
        let text = match &self.body {
            Body::Birth(birth) => {
                let tags = birth.tags.iter().map(RawTag::new).collect();
                serde_json::to_vec(&RawBirth::new(envelope, tags))
            }
            Body::Data(columns) => return encode_data(envelope, columns),
            Body::Death => serde_json::to_vec(&RawDeath::new(envelope)),
            Body::Clock(clock) => {
                let (sim, wall) = (clock.sim.to_string().into(), clock.wall.to_string().into());
                serde_json::to_vec(&RawClock::new(envelope, sim, wall, clock.speed))
            }
        };
        text.expect(PLAIN)
    }
}

const PLAIN: &str = "plain structs with text keys always become JSON";

/// A data message; times count from the oldest reading.
pub(super) fn encode_data(envelope: &Envelope, columns: &[Column]) -> Vec<u8> {
    let oldest = columns.iter().filter_map(|column| column.at.first()).min();
    let from = oldest.copied().unwrap_or(envelope.sent_at);
    let readings = columns.iter().map(|column| RawColumn::new(column, from)).collect();
    serde_json::to_vec(&RawData::new(envelope, from.to_string().into(), readings)).expect(PLAIN)
}

impl<'a> RawTag<'a> {
    fn new(tag: &'a TagBirth) -> Self {
        Self {
            tag: tag.tag.as_str().into(),
            quantity: tag.quantity,
            unit: tag.unit.as_str().into(),
            range: [tag.range.0, tag.range.1],
            poll_ms: tag.poll_ms.as_ms(),
        }
    }
}

impl<'a> RawColumn<'a> {
    fn new(column: &'a Column, from: Stamp) -> Self {
        let value: Vec<Option<f64>> = column
            .value
            .iter()
            .zip(&column.flag)
            .map(|(value, flag)| value.filter(|v| v.abs() <= VALUE_MAX && *flag != Flag::Missing))
            .collect();
        let flags: Vec<Flag> = value
            .iter()
            .zip(&column.flag)
            .map(|(value, flag)| if value.is_some() { *flag } else { Flag::Missing })
            .collect();
        let all_good = value.iter().zip(&flags).all(|(value, flag)| *flag == implied(*value));
        Self {
            tag: column.tag.as_str().into(),
            ms: column.at.iter().map(|at| (*at - from).as_ms()).collect(),
            value,
            flag: (!all_good).then(|| flags.into_iter().map(u8::from).collect()),
        }
    }
}

/// The flag of a value without one.
fn implied(value: Option<f64>) -> Flag {
    if value.is_some() { Flag::Good } else { Flag::Missing }
}

/// Reads a payload that came on a topic of this kind. Errors: it is no such message.
pub fn decode(kind: Kind, payload: &[u8]) -> Result<Message, Refusal> {
    if payload.len() > MESSAGE_BYTES_MAX {
        let detail = format!("{} bytes, at most {MESSAGE_BYTES_MAX} are read", payload.len());
        return Err(refuse("too-large", detail));
    }
    let text = std::str::from_utf8(payload).map_err(|error| refuse("not-utf8", error))?;
    check_depth(text)?;
    match kind {
        Kind::Birth => {
            let raw: RawBirth<'_> = parse(text)?;
            let body = Body::Birth(Birth { tags: tags(&raw.tags)? });
            Ok(Message { envelope: raw.envelope()?, body })
        }
        Kind::Data => {
            let raw: RawData<'_> = parse(text)?;
            let envelope = raw.envelope()?;
            let from = stamp("from", &raw.from)?;
            limit("columns", raw.readings.len(), TAGS_MAX)?;
            let columns = raw.readings.into_iter().map(|column| checked_column(column, from));
            Ok(Message { envelope, body: Body::Data(columns.collect::<Result<_, _>>()?) })
        }
        Kind::Death => {
            let raw: RawDeath<'_> = parse(text)?;
            Ok(Message { envelope: raw.envelope()?, body: Body::Death })
        }
        Kind::Clock => {
            let raw: RawClock<'_> = parse(text)?;
            if !(0.0..=SPEED_MAX).contains(&raw.speed) {
                return Err(refuse("bad-value", format!("speed {}", raw.speed)));
            }
            let (sim, wall) = (stamp("sim", &raw.sim)?, stamp("wall", &raw.wall)?);
            let body = Body::Clock(Clock { sim, wall, speed: raw.speed });
            Ok(Message { envelope: raw.envelope()?, body })
        }
    }
}

fn refuse(reason: &'static str, detail: impl ToString) -> Refusal {
    let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let detail = detail.to_string().chars().take(DETAIL_CHARS_MAX).map(printable).collect();
    Refusal { reason, detail }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    serde_json::from_str(text)
        .map_err(|error| refuse(if error.is_data() { "wrong-shape" } else { "not-json" }, error))
}

/// Counts brackets outside strings, so that depth is refused before anything is built.
fn check_depth(text: &str) -> Result<(), Refusal> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(refuse("too-deep", format!("more than {DEPTH_MAX} levels of brackets")));
        }
    }
    Ok(())
}

fn limit(what: &str, count: usize, most: usize) -> Result<(), Refusal> {
    if count > most {
        return Err(refuse("too-many", format!("{count} {what}, at most {most} are read")));
    }
    Ok(())
}

fn bad(error: impl ToString) -> Refusal {
    refuse("bad-value", error)
}

fn stamp(key: &str, text: &str) -> Result<Stamp, Refusal> {
    Stamp::parse(text).map(|(stamp, _)| stamp).map_err(|error| bad(format!("{key}: {error}")))
}

fn envelope(
    plant: &str,
    (boot_id, seq): (u64, u64),
    sent_at: &str,
    exercise: Option<&str>,
) -> Result<Envelope, Refusal> {
    for (key, number) in [("boot_id", boot_id), ("seq", seq)] {
        if number > NUMBER_MAX {
            return Err(bad(format!("{key} {number} is above {NUMBER_MAX}")));
        }
    }
    if let Some(name) = exercise {
        let plain = |b: u8| (b.is_ascii_graphic() || b == b' ') && !matches!(b, b'"' | b'\\');
        if name.is_empty() || name.len() > EXERCISE_BYTES_MAX || !name.bytes().all(plain) {
            let most = EXERCISE_BYTES_MAX;
            return Err(bad(format!("exercise is not 1 to {most} plain ASCII characters")));
        }
    }
    Ok(Envelope {
        plant: PlantId::new(plant).map_err(|error| bad(format!("plant: {error}")))?,
        boot_id,
        seq,
        sent_at: stamp("sent_at", sent_at)?,
        exercise: exercise.map(str::to_owned),
    })
}

fn tag_id(text: &str) -> Result<TagId, Refusal> {
    TagId::new(text).map_err(|error| bad(format!("tag: {error}")))
}

fn tags(raw: &[RawTag<'_>]) -> Result<Vec<TagBirth>, Refusal> {
    limit("tags", raw.len(), TAGS_MAX)?;
    let mut tags = Vec::with_capacity(raw.len());
    let mut seen = std::collections::BTreeSet::new();
    for one in raw {
        let tag = tag_id(&one.tag)?;
        let (low, high) = (one.range[0], one.range[1]);
        if one.unit != one.quantity.unit() {
            let (quantity, unit) = (one.quantity.name(), one.quantity.unit());
            return Err(bad(format!("{tag}: {quantity} is in {unit}, not {}", one.unit)));
        }
        if !(low < high && low >= -VALUE_MAX && high <= VALUE_MAX) {
            return Err(bad(format!("{tag}: {low} to {high} is no range")));
        }
        if !(1..=POLL_MAX.as_ms()).contains(&one.poll_ms) {
            return Err(bad(format!("{tag}: poll_ms {}", one.poll_ms)));
        }
        if !seen.insert(tag.clone()) {
            return Err(bad(format!("{tag} is there twice")));
        }
        tags.push(TagBirth {
            tag,
            quantity: one.quantity,
            unit: one.unit.clone().into_owned(),
            range: (low, high),
            poll_ms: Span::ms(one.poll_ms),
        });
    }
    Ok(tags)
}

fn checked_column(raw: RawColumn<'_>, from: Stamp) -> Result<Column, Refusal> {
    let tag = tag_id(&raw.tag)?;
    let (count, values) = (raw.ms.len(), raw.value.len());
    limit("readings", count.max(values), READINGS_MAX)?;
    let flags = raw.flag.as_ref().map_or(count, Vec::len);
    if count != values || count != flags || count == 0 {
        let detail = format!("{tag}: {count} times, {values} values, {flags} flags");
        return Err(refuse("unequal-lists", detail));
    }
    let mut at = Vec::with_capacity(count);
    for ms in raw.ms {
        let moment = from.as_ms().checked_add(ms).and_then(|ms| Stamp::from_ms(ms).ok());
        let moment = moment.ok_or_else(|| bad(format!("{tag}: {ms} ms leads out of time")))?;
        if at.last().is_some_and(|last| moment < *last) {
            return Err(refuse("bad-order", format!("{tag}: {moment} after a later time")));
        }
        at.push(moment);
    }
    if let Some(value) = raw.value.iter().flatten().find(|value| value.abs() > VALUE_MAX) {
        return Err(bad(format!("{tag}: {value:e} is beyond {VALUE_MAX:e}")));
    }
    let flag = match raw.flag {
        None => raw.value.iter().map(|value| implied(*value)).collect(),
        Some(numbers) => checked_flags(&tag, &numbers, &raw.value)?,
    };
    Ok(Column { tag, at, value: raw.value, flag })
}

fn checked_flags(
    tag: &TagId,
    numbers: &[u8],
    values: &[Option<f64>],
) -> Result<Vec<Flag>, Refusal> {
    let mut flags = Vec::with_capacity(numbers.len());
    for (number, value) in numbers.iter().zip(values) {
        let flag = Flag::try_from(*number).map_err(|error| bad(format!("{tag}: {error}")))?;
        if (flag == Flag::Missing) != value.is_none() {
            return Err(bad(format!("{tag}: flag {number} does not go with {value:?}")));
        }
        flags.push(flag);
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Stamp {
        Stamp::parse(text).expect("a time").0
    }

    fn data() -> Message {
        let tag = |text| TagId::new(text).expect("an id");
        Message {
            envelope: Envelope {
                plant: PlantId::new("sanmen").expect("an id"),
                boot_id: 3,
                seq: 17,
                sent_at: at("2024-12-05T00:02:00Z"),
                exercise: Some("prime".to_owned()),
            },
            body: Body::Data(vec![
                Column {
                    tag: tag("AIT-301"),
                    at: vec![at("2024-12-05T00:00:00Z"), at("2024-12-05T00:01:00.250Z")],
                    value: vec![Some(0.52), None],
                    flag: vec![Flag::Good, Flag::Missing],
                },
                Column {
                    tag: tag("PIT-1"),
                    at: vec![at("2024-12-05T00:01:30Z")],
                    value: vec![Some(-3.0)],
                    flag: vec![Flag::Suspect],
                },
            ]),
        }
    }

    fn text(message: &Message) -> String {
        String::from_utf8(message.encode()).expect("JSON is UTF-8")
    }

    fn reason(kind: Kind, payload: &str) -> &'static str {
        decode(kind, payload.as_bytes()).map_or_else(|refusal| refusal.reason, |_| "accepted")
    }

    #[test]
    fn a_data_message_reads_well_and_comes_back() {
        let message = data();
        assert_eq!(
            text(&message),
            concat!(
                r#"{"plant":"sanmen","boot_id":3,"seq":17,"sent_at":"2024-12-05T00:02:00Z","#,
                r#""exercise":"prime","from":"2024-12-05T00:00:00Z","readings":["#,
                r#"{"tag":"AIT-301","ms":[0,60250],"value":[0.52,null]},"#,
                r#"{"tag":"PIT-1","ms":[90000],"value":[-3.0],"flag":[3]}]}"#,
            )
        );
        assert_eq!(decode(Kind::Data, &message.encode()), Ok(message));
    }

    #[test]
    fn birth_death_and_clock_come_back() {
        let envelope = Envelope { exercise: None, ..data().envelope };
        let birth = Birth {
            tags: vec![TagBirth {
                tag: TagId::new("PIT-1").expect("an id"),
                quantity: Quantity::Pressure,
                unit: "kPa".to_owned(),
                range: (0.0, 1_000.0),
                poll_ms: Span::MINUTE,
            }],
        };
        let (sim, wall) = (at("2024-12-05T00:02:00Z"), at("2026-11-22T08:00:00Z"));
        let clock = Clock { sim, wall, speed: 60.0 };
        for (kind, body, keys) in [
            (
                Kind::Birth,
                Body::Birth(birth),
                concat!(
                    r#","tags":[{"tag":"PIT-1","quantity":"pressure","unit":"kPa","#,
                    r#""range":[0.0,1000.0],"poll_ms":60000}]"#
                ),
            ),
            (Kind::Death, Body::Death, ""),
            (
                Kind::Clock,
                Body::Clock(clock),
                r#","sim":"2024-12-05T00:02:00Z","wall":"2026-11-22T08:00:00Z","speed":60.0"#,
            ),
        ] {
            let message = Message { envelope: envelope.clone(), body };
            let head = r#"{"plant":"sanmen","boot_id":3,"seq":17,"sent_at":"2024-12-05T00:02:00Z""#;
            assert_eq!(text(&message), format!(r#"{head},"exercise":null{keys}}}"#));
            assert_eq!(decode(kind, &message.encode()), Ok(message));
        }
    }

    #[test]
    fn what_no_reader_would_accept_travels_as_missing() {
        let mut message = data();
        if let Body::Data(columns) = &mut message.body {
            columns.truncate(1);
            columns[0].value = vec![Some(f64::NAN), Some(1e13)];
            columns[0].flag = vec![Flag::Good, Flag::Fail];
        }
        let back = decode(Kind::Data, &message.encode()).map(|message| message.body);
        let Ok(Body::Data(columns)) = back else { unreachable!("{back:?}") };
        assert_eq!(columns[0].value, [None, None]);
        assert_eq!(columns[0].flag, [Flag::Missing, Flag::Missing]);
    }

    #[test]
    fn seventy_five_instruments_with_long_tags_fit_a_birth() {
        let tag = |n| TagBirth {
            tag: TagId::new(&format!("VILLAGE-AIT-{n}")).expect("an id"),
            quantity: Quantity::FreeChlorine,
            unit: "mg/L".to_owned(),
            range: (0.0, 10.0),
            poll_ms: Span::MINUTE * 15,
        };
        let body = Body::Birth(Birth { tags: (0..75).map(tag).collect() });
        let message = Message { envelope: data().envelope, body };
        assert_eq!(decode(Kind::Birth, &message.encode()), Ok(message));
    }

    #[test]
    fn each_kind_of_nonsense_has_its_word() {
        let good = text(&data());
        let with = |from: &str, to: &str| {
            assert!(good.contains(from), "{from}");
            reason(Kind::Data, &good.replacen(from, to, 1))
        };
        assert_eq!(reason(Kind::Data, &good), "accepted");
        for (said, expected) in [
            (reason(Kind::Data, &format!("{good}{}", " ".repeat(8_192))), "too-large"),
            (reason(Kind::Data, ""), "not-json"),
            (reason(Kind::Data, &good[..good.len() - 1]), "not-json"),
            (reason(Kind::Data, &format!("{good}x")), "not-json"),
            (reason(Kind::Data, &"[".repeat(8_000)), "too-deep"),
            (reason(Kind::Data, "[]"), "wrong-shape"),
            (reason(Kind::Birth, &good), "wrong-shape"),
            (with("\"seq\":17", "\"seq\":-1"), "wrong-shape"),
            (with("\"seq\":17", "\"seq\":17,\"seq\":18"), "wrong-shape"),
            (with("\"seq\":17", "\"seq\":17,\"hello\":1"), "wrong-shape"),
            (with("\"exercise\":\"prime\",", ""), "wrong-shape"),
            (with("\"flag\":[3]", "\"flag\":null"), "wrong-shape"),
            (with("0.52", "\"0.52\""), "wrong-shape"),
            (with("0.52", "NaN"), "not-json"),
            (with("0.52", "1e999"), "not-json"),
            (with("0.52", "1e13"), "bad-value"),
            (with("\"seq\":17", "\"seq\":9007199254740992"), "bad-value"),
            (with("\"sanmen\"", "\"san/men\""), "bad-value"),
            (with("\"prime\"", "\"\""), "bad-value"),
            (with("\"prime\"", "\"a\\u0000b\""), "bad-value"),
            (with("AIT-301", "AIT 301"), "bad-value"),
            (with("2024-12-05T00:02", "2024-13-05T00:02"), "bad-value"),
            (with("60250", "9223372036854775807"), "bad-value"),
            (with("[3]", "[5]"), "bad-value"),
            (with("[3]", "[9]"), "bad-value"),
            (with("[3]", "[3,3]"), "unequal-lists"),
            (with("[0,60250]", "[0]"), "unequal-lists"),
            (with("[90000],\"value\":[-3.0],\"flag\":[3]", "[],\"value\":[]"), "unequal-lists"),
            (with("[0,60250]", "[0,-1]"), "bad-order"),
        ] {
            assert_eq!(said, expected);
        }
        let not_utf8 = decode(Kind::Data, &[b'"', 0xff, b'"']);
        assert_eq!(not_utf8.map_err(|refusal| refusal.reason), Err("not-utf8"));
    }

    #[test]
    fn lists_beyond_the_limits_are_refused_as_too_many() {
        let many = vec!["0"; READINGS_MAX + 1].join(",");
        let column = format!(r#"{{"tag":"A","ms":[{many}],"value":[{many}]}}"#);
        let head = r#"{"plant":"p","boot_id":1,"seq":0,"sent_at":"2024-12-05T00:00:00Z","#;
        let head = format!(r#"{head}"exercise":null,"from":"2024-12-05T00:00:00Z","readings":["#);
        assert_eq!(reason(Kind::Data, &format!("{head}{column}]}}")), "too-many");
        let column = r#"{"tag":"","ms":[],"value":[]}"#;
        let columns = vec![column; TAGS_MAX + 1].join(",");
        assert_eq!(reason(Kind::Data, &format!("{head}{columns}]}}")), "too-many");
    }

    #[test]
    fn a_refusal_shows_only_printable_text_of_bounded_length() {
        let key = "k\\u001b".repeat(900);
        let refusal = decode(Kind::Death, format!(r#"{{"{key}":1}}"#).as_bytes());
        let detail = refusal.expect_err("an unknown key").detail;
        assert!(detail.chars().count() <= DETAIL_CHARS_MAX, "{detail}");
        assert!(!detail.contains(char::is_control), "{detail}");
    }

    fn any_column() -> impl Strategy<Value = Column> {
        let reading = (0_i64..90_000_000, prop::option::of(-1e6..1e6), 0_usize..4);
        let tag = prop::string::string_regex("[A-Za-z0-9._-]{1,48}").expect("a pattern");
        (tag, prop::collection::vec(reading, 1..20)).prop_map(|(tag, mut readings)| {
            readings.sort_by_key(|reading| reading.0);
            let start = at("2024-02-28T23:00:00Z");
            let flags = [Flag::Good, Flag::NotEvaluated, Flag::Suspect, Flag::Fail];
            let flag = |(_, value, n): &(i64, Option<f64>, usize)| {
                if value.is_some() { flags[*n] } else { Flag::Missing }
            };
            Column {
                tag: TagId::new(&tag).expect("an id"),
                at: readings.iter().map(|reading| start + Span::ms(reading.0)).collect(),
                value: readings.iter().map(|reading| reading.1).collect(),
                flag: readings.iter().map(flag).collect(),
            }
        })
    }

    proptest! {
        #[test]
        fn every_data_message_comes_back(columns in prop::collection::vec(any_column(), 0..8)) {
            let message = Message { envelope: data().envelope, body: Body::Data(columns) };
            let payload = message.encode();
            prop_assume!(payload.len() <= MESSAGE_BYTES_MAX);
            prop_assert_eq!(decode(Kind::Data, &payload), Ok(message));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for kind in Kind::ALL {
                prop_assert!(decode(kind, &bytes).is_err());
            }
        }

        #[test]
        fn damaged_messages_are_read_or_refused_and_never_more(
            places in prop::collection::vec((0_usize..400, any::<u8>(), 0_u8..3), 1..6)
        ) {
            let mut payload = data().encode();
            for (place, byte, how) in places {
                let place = place % payload.len();
                match how {
                    0 => payload[place] = byte,
                    1 => payload.insert(place, byte),
                    _ => { payload.remove(place); }
                }
            }
            for kind in Kind::ALL {
                if let Ok(message) = decode(kind, &payload) {
                    prop_assert_eq!(decode(kind, &message.encode()), Ok(message));
                }
            }
        }
    }
}
