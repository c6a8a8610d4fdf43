//! Text into messages. What comes in is refused when it is anything but a message of ours: with a
//! stable word, never with a panic, never with a guess.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::encode::implied;
use super::lab;
use super::raw::{
    RawBirth, RawClock, RawColumn, RawData, RawDeath, RawEnvelope, RawLab, RawTag, RawTicket,
};
use super::{Birth, Body, Clock, Column, Envelope, Message, TagBirth, Ticket};
use super::{
    EXERCISE_BYTES_MAX, MESSAGE_BYTES_MAX, NUMBER_MAX, POLL_MAX, READINGS_MAX, SPEED_MAX, TAGS_MAX,
    VALUE_MAX,
};
use crate::base::ids::VillageId;
use crate::base::{Flag, PlantId, Span, Stamp, TagId, text};
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

/// Reads a payload that came on a topic of this kind. Errors: it is no such message.
pub fn decode(kind: Kind, payload: &[u8]) -> Result<Message, Refusal> {
    if payload.len() > MESSAGE_BYTES_MAX {
        let detail = format!("more than {MESSAGE_BYTES_MAX} bytes");
        return Err(refuse("too-large", detail));
    }
    let text = std::str::from_utf8(payload).map_err(|error| refuse("not-utf8", error))?;
    check_depth(text)?;
    match kind {
        Kind::Birth => {
            let raw: RawBirth<'_> = parse(text)?;
            let body = Body::Birth(Birth { tags: tags(&raw.tags)? });
            Ok(Message { envelope: envelope(&raw.head())?, body })
        }
        Kind::Data => {
            let raw: RawData<'_> = parse(text)?;
            let envelope = envelope(&raw.head())?;
            let from = stamp("from", &raw.from)?;
            limit("columns", raw.readings.len(), TAGS_MAX)?;
            let columns = raw.readings.into_iter().map(|column| checked_column(column, from));
            Ok(Message { envelope, body: Body::Data(columns.collect::<Result<_, _>>()?) })
        }
        Kind::Death => {
            let raw: RawDeath<'_> = parse(text)?;
            Ok(Message { envelope: envelope(&raw.head())?, body: Body::Death })
        }
        Kind::Clock => {
            let raw: RawClock<'_> = parse(text)?;
            if !(0.0..=SPEED_MAX).contains(&raw.speed) {
                return Err(refuse("bad-value", format!("speed {}", raw.speed)));
            }
            let (sim, wall) = (stamp("sim", &raw.sim)?, stamp("wall", &raw.wall)?);
            let body = Body::Clock(Clock { sim, wall, speed: raw.speed });
            Ok(Message { envelope: envelope(&raw.head())?, body })
        }
        Kind::Ticket => {
            let raw: RawTicket<'_> = parse(text)?;
            Ok(Message { envelope: envelope(&raw.head())?, body: Body::Ticket(ticket(&raw)?) })
        }
        Kind::Lab => {
            let raw: RawLab<'_> = parse(text)?;
            Ok(Message { envelope: envelope(&raw.head())?, body: Body::Lab(lab::read(&raw)?) })
        }
    }
}

fn ticket(raw: &RawTicket<'_>) -> Result<Ticket, Refusal> {
    let village = VillageId::new(&raw.village).map_err(|e| bad(format!("village: {e}")))?;
    let noticed_at = stamp("noticed_at", &raw.noticed_at)?;
    let filed_at = stamp("filed_at", &raw.filed_at)?;
    if filed_at < noticed_at {
        return Err(refuse("bad-order", "filed before it was noticed"));
    }
    let (problem, channel) = (raw.problem, raw.channel);
    Ok(Ticket { village, problem, channel, noticed_at, filed_at })
}

pub(super) fn refuse(reason: &'static str, detail: impl ToString) -> Refusal {
    let detail = detail.to_string().chars().take(DETAIL_CHARS_MAX).map(text::shown).collect();
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

/// Where a message that we have written stands in its plant's order, `(boot_id, seq)`, without
/// reading all of it; none for other bytes.
pub fn place(payload: &[u8]) -> Option<(u64, u64)> {
    let rest = payload.strip_prefix(br#"{"plant":""#)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    let rest = rest[end..].strip_prefix(br#"","boot_id":"#)?;
    let (boot_id, rest) = number(rest)?;
    let (seq, _) = number(rest.strip_prefix(br#","seq":"#)?)?;
    Some((boot_id, seq))
}

/// The number at the beginning, and what follows it.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = text.split_at(end);
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

pub(super) fn bad(error: impl ToString) -> Refusal {
    refuse("bad-value", error)
}

pub(super) fn stamp(key: &str, text: &str) -> Result<Stamp, Refusal> {
    Stamp::parse(text).map(|(stamp, _)| stamp).map_err(|error| bad(format!("{key}: {error}")))
}

/// May an exercise be called so: 1 to 64 printable ASCII characters without `"` and `\`?
pub fn is_exercise(name: &str) -> bool {
    let plain = |b: u8| (b.is_ascii_graphic() || b == b' ') && !matches!(b, b'"' | b'\\');
    (1..=EXERCISE_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain)
}

fn envelope(raw: &RawEnvelope<'_>) -> Result<Envelope, Refusal> {
    for (key, number) in [("boot_id", raw.boot_id), ("seq", raw.seq)] {
        if number > NUMBER_MAX {
            return Err(bad(format!("{key} {number} is above {NUMBER_MAX}")));
        }
    }
    if raw.exercise.is_some_and(|name| !is_exercise(name)) {
        let most = EXERCISE_BYTES_MAX;
        return Err(bad(format!("exercise is not 1 to {most} plain ASCII characters")));
    }
    Ok(Envelope {
        plant: PlantId::new(raw.plant).map_err(|error| bad(format!("plant: {error}")))?,
        boot_id: raw.boot_id,
        seq: raw.seq,
        sent_at: stamp("sent_at", raw.sent_at)?,
        exercise: raw.exercise.map(str::to_owned),
    })
}

pub(super) fn tag_id(text: &str) -> Result<TagId, Refusal> {
    TagId::new(text).map_err(|error| bad(format!("tag: {error}")))
}

fn tags(raw: &[RawTag<'_>]) -> Result<Vec<TagBirth>, Refusal> {
    limit("tags", raw.len(), TAGS_MAX)?;
    let mut tags = Vec::with_capacity(raw.len());
    let mut seen = BTreeSet::new();
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

    const GOOD: &str = concat!(
        r#"{"plant":"sanmen","boot_id":3,"seq":17,"sent_at":"2024-12-05T00:02:00Z","#,
        r#""exercise":"prime","from":"2024-12-05T00:00:00Z","readings":["#,
        r#"{"tag":"AIT-301","ms":[0,60250],"value":[0.52,null]},"#,
        r#"{"tag":"PIT-1","ms":[90000],"value":[-3.0],"flag":[3]}]}"#,
    );

    const TICKET: &str = concat!(
        r#"{"plant":"sanmen","boot_id":3,"seq":0,"sent_at":"2024-12-05T22:31:00Z","#,
        r#""exercise":null,"village":"yunding","problem":"low-pressure","channel":"hotline","#,
        r#""noticed_at":"2024-12-05T22:05:00Z","filed_at":"2024-12-05T22:30:40Z"}"#,
    );

    #[test]
    fn a_ticket_is_read_back_as_it_was_written_and_nonsense_in_it_is_refused() {
        let message = decode(Kind::Ticket, TICKET.as_bytes()).expect("a ticket");
        assert_eq!(String::from_utf8(message.encode()).expect("text"), TICKET);
        let with = |from: &str, to: &str| {
            assert!(TICKET.contains(from), "{from}");
            reason(Kind::Ticket, &TICKET.replacen(from, to, 1))
        };
        assert_eq!(with("low-pressure", "too-expensive"), "wrong-shape");
        assert_eq!(with("hotline", "pigeon"), "wrong-shape");
        assert_eq!(with("yunding", "云顶"), "bad-value");
        assert_eq!(with("22:30:40", "22:04:59"), "bad-order");
        assert_eq!(with("\"village\":\"yunding\",", ""), "wrong-shape");
        assert_eq!(with("2024-12-05T22:05:00Z", "yesterday"), "bad-value");
    }

    fn reason(kind: Kind, payload: &str) -> &'static str {
        decode(kind, payload.as_bytes()).map_or_else(|refusal| refusal.reason, |_| "accepted")
    }

    #[test]
    fn each_kind_of_nonsense_has_its_word() {
        let good = GOOD;
        let with = |from: &str, to: &str| {
            assert!(good.contains(from), "{from}");
            reason(Kind::Data, &good.replacen(from, to, 1))
        };
        assert_eq!(reason(Kind::Data, good), "accepted");
        for (said, expected) in [
            (reason(Kind::Data, &format!("{good}{}", " ".repeat(8_192))), "too-large"),
            (reason(Kind::Data, ""), "not-json"),
            (reason(Kind::Data, &good[..good.len() - 1]), "not-json"),
            (reason(Kind::Data, &format!("{good}x")), "not-json"),
            (reason(Kind::Data, &"[".repeat(8_000)), "too-deep"),
            (reason(Kind::Data, "[]"), "wrong-shape"),
            (reason(Kind::Birth, good), "wrong-shape"),
            (with("\"seq\":17", "\"seq\":-1"), "wrong-shape"),
            (with("\"seq\":17", "\"seq\":17,\"seq\":18"), "wrong-shape"),
            (with("\"seq\":17", "\"seq\":17,\"hello\":1"), "wrong-shape"),
            (with("\"exercise\":\"prime\",", ""), "wrong-shape"),
            (with("\"flag\":[3]", "\"flag\":null"), "wrong-shape"),
            (with("0.52", "\"0.52\""), "wrong-shape"),
            (with("0.52", "NaN"), "not-json"),
            (with("0.52", "1e999"), "not-json"),
            (with("0.52", "3.4e38"), "accepted"),
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
            let start = Stamp::parse("2024-02-28T23:00:00Z").expect("a time").0;
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
            let good = decode(Kind::Data, GOOD.as_bytes()).expect("accepted");
            let message = Message { envelope: good.envelope, body: Body::Data(columns) };
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
            let mut payload = GOOD.as_bytes().to_vec();
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
