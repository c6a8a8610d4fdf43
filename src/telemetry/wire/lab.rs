//! A laboratory result as text, and back.

use super::decode::{Refusal, bad, refuse, stamp, tag_id};
use super::raw::RawLab;
use super::{Envelope, VALUE_MAX};
use crate::base::ids::{MethodId, SampleId};
use crate::base::lab_result::LabResult;

pub(super) fn write<'a>(envelope: &'a Envelope, result: &'a LabResult) -> RawLab<'a> {
    let time = |at: crate::base::Stamp| at.to_string().into();
    RawLab::new(
        envelope,
        result.sample.as_str().into(),
        result.site.as_str().into(),
        result.point,
        time(result.taken_at),
        time(result.reported_at),
        result.analyte,
        result.sign,
        result.value,
        result.unit.as_str().into(),
        result.method.as_str().into(),
    )
}

pub(super) fn read(raw: &RawLab<'_>) -> Result<LabResult, Refusal> {
    let sample = SampleId::new(&raw.sample).map_err(|e| bad(format!("sample: {e}")))?;
    let method = MethodId::new(&raw.method).map_err(|e| bad(format!("method: {e}")))?;
    let taken_at = stamp("taken_at", &raw.taken_at)?;
    let reported_at = stamp("reported_at", &raw.reported_at)?;
    let (analyte, unit) = (raw.analyte, raw.analyte.unit());
    if reported_at < taken_at {
        return Err(refuse("bad-order", "reported before the sample was taken"));
    }
    if raw.unit != unit {
        return Err(bad(format!("{} is in {unit}, not {}", analyte.name(), raw.unit)));
    }
    if !(0.0..=VALUE_MAX).contains(&raw.value) {
        return Err(bad(format!("no {} can be {:e}", analyte.name(), raw.value)));
    }
    Ok(LabResult {
        sample,
        site: tag_id(&raw.site)?,
        point: raw.point,
        taken_at,
        reported_at,
        analyte,
        sign: raw.sign,
        value: raw.value,
        unit: unit.to_owned(),
        method,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Body, Message, decode};
    use super::*;
    use crate::base::analyte::{Analyte, Sign};
    use crate::base::sampling::SamplingPoint;
    use crate::base::{Span, Stamp, TagId};
    use crate::telemetry::topic::Kind;

    const LAB: &str = concat!(
        r#"{"plant":"sanmen","boot_id":3,"seq":0,"sent_at":"2024-12-06T01:31:00Z","#,
        r#""exercise":null,"sample":"SY-9-20241205-093000","site":"SY-9","point":"tap-water","#,
        r#""taken_at":"2024-12-05T01:30:00Z","reported_at":"2024-12-06T01:30:00Z","#,
        r#""analyte":"e-coli","sign":"=","value":3.1,"unit":"1/100mL","#,
        r#""method":"enzyme-substrate"}"#,
    );

    fn reason(text: &str) -> &'static str {
        decode(Kind::Lab, text.as_bytes()).map_or_else(|refusal| refusal.reason, |_| "accepted")
    }

    #[test]
    fn the_example_of_the_page_is_read_and_written_word_for_word() {
        let page = include_str!("../../docs/wire.md");
        let lines: Vec<&str> = page.lines().map(str::trim_start).collect();
        let whole = lines.concat();
        assert!(whole.contains(&LAB.replace("null", r#""mud""#)), "the page shows another example");
    }

    #[test]
    fn a_result_is_read_back_as_it_was_written_and_nonsense_in_it_is_refused() {
        let message = decode(Kind::Lab, LAB.as_bytes()).expect("a result");
        assert_eq!(String::from_utf8(message.encode()).expect("text"), LAB);
        let with = |from: &str, to: &str| {
            assert!(LAB.contains(from), "{from}");
            reason(&LAB.replacen(from, to, 1))
        };
        for (from, to, word) in [
            ("\"SY-9-2024", "\"SY 9-2024", "bad-value"),
            ("\"site\":\"SY-9\"", "\"site\":\"随阳\"", "bad-value"),
            ("\"site\":\"SY-9\",", "", "wrong-shape"),
            ("tap-water", "rain-water", "wrong-shape"),
            ("2024-12-05T01:30:00Z", "last week", "bad-value"),
            ("\"reported_at\":\"2024-12-06", "\"reported_at\":\"2024-12-04", "bad-order"),
            ("e-coli", "plutonium", "wrong-shape"),
            ("\"sign\":\"=\"", "\"sign\":\"~\"", "wrong-shape"),
            ("\"sign\":\"=\",", "", "wrong-shape"),
            ("3.1", "-3.1", "bad-value"),
            ("3.1", "1e13", "bad-value"),
            ("3.1", "null", "wrong-shape"),
            ("3.1", "\"3.1\"", "wrong-shape"),
            ("3.1", "NaN", "not-json"),
            ("1/100mL", "1/mL", "bad-value"),
            ("enzyme-substrate", "", "bad-value"),
            ("enzyme-substrate", "with\\u0000care", "bad-value"),
            ("enzyme-substrate\"", "m\",\"by\":\"me\"", "wrong-shape"),
        ] {
            assert_eq!(with(from, to), word, "{from} → {to}");
        }
    }

    fn any_result() -> impl Strategy<Value = LabResult> {
        let id = || prop::string::string_regex("[A-Za-z0-9._-]{1,48}").expect("a pattern");
        let which = (0..Analyte::ALL.len(), 0..5_usize, 0..3_usize);
        (id(), id(), id(), which, 0.0..1e12, 0_i64..1_000_000_000).prop_map(
            |(sample, site, method, (analyte, point, sign), value, ms)| {
                let taken_at = Stamp::parse("2024-02-28T23:00:00Z").expect("a time").0;
                let analyte = Analyte::ALL[analyte];
                LabResult {
                    sample: SampleId::new(&sample).expect("an id"),
                    site: TagId::new(&site).expect("an id"),
                    point: SamplingPoint::CHOICES[point].1,
                    taken_at,
                    reported_at: taken_at + Span::ms(ms),
                    analyte,
                    sign: [Sign::Equal, Sign::Below, Sign::Above][sign],
                    value,
                    unit: analyte.unit().to_owned(),
                    method: MethodId::new(&method).expect("an id"),
                }
            },
        )
    }

    proptest! {
        #[test]
        fn every_result_comes_back(result in any_result()) {
            let good = decode(Kind::Lab, LAB.as_bytes()).expect("accepted");
            let message = Message { envelope: good.envelope, body: Body::Lab(result) };
            prop_assert_eq!(decode(Kind::Lab, &message.encode()), Ok(message));
        }

        #[test]
        fn damaged_results_are_read_or_refused_and_never_more(
            places in prop::collection::vec((0_usize..500, any::<u8>(), 0_u8..3), 1..6)
        ) {
            let mut payload = LAB.as_bytes().to_vec();
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
