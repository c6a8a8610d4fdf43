//! Messages as JSON text.

use super::lab;
use super::raw::{RawBirth, RawClock, RawColumn, RawData, RawDeath, RawTag, RawTicket};
use super::{Body, Column, Envelope, Message, TagBirth, Ticket};
use crate::base::{Flag, Stamp};

impl Message {
    /// The message as compact JSON; keys in the order of `src/docs/wire.md`.
    ///
    /// Values that are not finite travel as missing. A batch that may be large goes through `split`
    /// first; a birth fits with 75 instruments.
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
            Body::Ticket(ticket) => {
                let Ticket { village, problem, channel, noticed_at, filed_at } = ticket;
                let times = [noticed_at, filed_at].map(|at| at.to_string().into());
                let [noticed_at, filed_at] = times;
                let village = village.as_str().into();
                let raw =
                    RawTicket::new(envelope, village, *problem, *channel, noticed_at, filed_at);
                serde_json::to_vec(&raw)
            }
            Body::Lab(result) => serde_json::to_vec(&lab::write(envelope, result)),
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
            .map(|(value, flag)| value.filter(|v| v.is_finite() && *flag != Flag::Missing))
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
pub(super) fn implied(value: Option<f64>) -> Flag {
    if value.is_some() { Flag::Good } else { Flag::Missing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::Quantity;
    use crate::base::{PlantId, Span, TagId};
    use crate::telemetry::topic::Kind;
    use crate::telemetry::wire::{Birth, Clock, decode};

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
    fn what_is_no_number_travels_as_missing_and_what_cannot_be_meant_as_it_is() {
        let mut message = data();
        if let Body::Data(columns) = &mut message.body {
            columns.truncate(1);
            columns[0].value = vec![Some(f64::NAN), Some(3.4e38)];
            columns[0].flag = vec![Flag::Good, Flag::Fail];
        }
        let back = decode(Kind::Data, &message.encode()).map(|message| message.body);
        let Ok(Body::Data(columns)) = back else { unreachable!("{back:?}") };
        assert_eq!(columns[0].value, [None, Some(3.4e38)]);
        assert_eq!(columns[0].flag, [Flag::Missing, Flag::Fail]);
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
}
