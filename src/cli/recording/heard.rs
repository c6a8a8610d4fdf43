//! A message of a recorded MQTT stream: one object a line, as `sanmen record` writes it, and as
//! `mosquitto_sub -F %J` does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value};

use super::moment::no_time;
use super::refused::{Wrong, shown, told};
use crate::base::foreign::moment::TimeFormat;
use crate::base::time::UtcOffset;
use crate::base::{Stamp, Text};

/// When a message came, as we call it, and as `mosquitto_sub -F %J` does.
const RECEIVED: [&str; 2] = ["received_at", "tst"];

/// As `mosquitto_sub` writes it.
const TST: &str = "%Y-%m-%dT%H:%M:%S%.f%z";

/// A message as it came: nothing in it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The wall clock when it came.
    pub received_wall: Stamp,
    /// Its topic.
    pub topic: String,
    /// Its payload, whatever it is.
    pub payload: Vec<u8>,
    /// Had the broker kept it from before anybody listened?
    pub retained: bool,
}

/// Is it a message?
pub fn is_message(object: &Map<String, Value>) -> bool {
    let has = |key: &str| object.contains_key(key);
    has("topic") && (has("payload") || has("payload_base64"))
}

/// Does a monitor say here what stands? Its words are no part of what plants said.
pub fn is_of_monitor(topic: &str) -> bool {
    let levels: Vec<&str> = topic.split('/').collect();
    matches!(levels.as_slice(), ["sanmen", _, _, "alarm", _, _, _])
}

impl Heard {
    /// Reads a message. Errors: why it is none, as a reason for a counter and in words.
    pub fn read(mut object: Map<String, Value>) -> Result<Self, Wrong> {
        let time = RECEIVED.iter().find_map(|key| object.get(*key));
        let received_wall =
            time.map_or(Err(told("there is no received_at", "没有 received_at")), received);
        let received_wall = received_wall.map_err(|text| ("bad-time", text))?;
        let Some(Value::String(topic)) = object.remove("topic") else {
            return Err(("bad-row", told("topic is no text", "topic 不是文本")));
        };
        let payload = match (object.remove("payload_base64"), object.remove("payload")) {
            (Some(Value::String(text)), _) => STANDARD.decode(text.as_bytes()).map_err(|_| {
                let text = shown(&text);
                let zh = format!("不是 base64:{text}");
                ("bad-row", told(format!("no base64: {text}"), zh))
            })?,
            (_, Some(Value::String(text))) => text.into_bytes(),
            (_, Some(Value::Null) | None) => Vec::new(),
            (_, Some(value)) => value.to_string().into_bytes(),
        };
        let retained = match ["retained", "retain"].iter().find_map(|key| object.get(*key)) {
            Some(Value::Bool(is)) => *is,
            Some(Value::Number(number)) => number.as_u64() == Some(1),
            _ => false,
        };
        Ok(Self { received_wall, topic, payload, retained })
    }

    /// Adds the message to `out`, as a line.
    pub fn write(&self, out: &mut Vec<u8>) {
        #[derive(Serialize)]
        struct Line<'m> {
            received_at: Stamp,
            topic: &'m str,
            #[serde(skip_serializing_if = "Option::is_none")]
            payload: Option<&'m str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            payload_base64: Option<String>,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            retained: bool,
        }
        let text = std::str::from_utf8(&self.payload).ok();
        let line = Line {
            received_at: self.received_wall,
            topic: &self.topic,
            payload: text,
            payload_base64: text.is_none().then(|| STANDARD.encode(&self.payload)),
            retained: self.retained,
        };
        serde_json::to_writer(&mut *out, &line).expect("texts and bytes are always JSON");
        out.push(b'\n');
    }
}

fn received(value: &Value) -> Result<Stamp, Text> {
    match value {
        Value::String(text) => {
            let read = TimeFormat::Rfc3339.text(text);
            let read =
                read.or_else(|wrong| Stamp::parse_as(text, TST, UtcOffset::UTC).map_err(|_| wrong));
            read.map_err(|en| no_time(en, &format!("{:?}", shown(text))))
        }
        Value::Number(number) => {
            let read = TimeFormat::Rfc3339.number(number.as_f64().unwrap_or(f64::NAN));
            read.map_err(|en| no_time(en, number))
        }
        other => {
            let found = shown(&other.to_string());
            Err(no_time(format!("{found} is no time"), &found))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_whatever_the_bytes_are() {
        for (payload, retained) in
            [(&b"{\"a\":1}\n"[..], false), (b"", true), (b"\xff\xfe\x00", false), (b"null", true)]
        {
            let heard = Heard {
                received_wall: Stamp::from_ms(1_733_356_800_123).expect("in range"),
                topic: "sanmen/v1/k7/三门/data".to_owned(),
                payload: payload.to_vec(),
                retained,
            };
            let mut line = Vec::new();
            heard.write(&mut line);
            assert_eq!(line.split(|byte| *byte == b'\n').count(), 2, "one line");
            let object: Map<String, Value> = serde_json::from_slice(&line).expect("an object");
            assert!(is_message(&object));
            assert_eq!(Heard::read(object), Ok(heard));
        }
    }

    #[test]
    fn the_words_of_a_monitor_are_told_from_those_of_a_plant_called_alarm() {
        assert!(is_of_monitor("sanmen/v1/k7/alarm/sanmen/gateway-silent/plant"));
        assert!(!is_of_monitor("sanmen/v1/k7/alarm/data"));
        assert!(!is_of_monitor("else/v1/k7/alarm/sanmen/gateway-silent/plant"));
    }
}
