//! The mapping that ships, wrong ones, and messages of every kind.

use proptest::prelude::*;

use super::*;
use crate::base::problem::Source;

const EXAMPLE: &str = include_str!("../../../config/mappings/example.toml");

fn known() -> Known {
    let tags = [
        ("AIT-301", Quantity::FreeChlorine),
        ("AIT-302", Quantity::Turbidity),
        ("PIT-401", Quantity::Pressure),
        ("PIT-407", Quantity::Pressure),
        ("XS-301", Quantity::State),
    ];
    let tags = tags.map(|(tag, quantity)| (TagId::new(tag).expect("an id"), quantity));
    BTreeMap::from([(PlantId::new("sanmen").expect("an id"), BTreeMap::from(tags))])
}

fn mapping() -> Mapping {
    Mapping::load(&Source::new("example.toml", EXAMPLE), known()).expect("it ships")
}

fn at(ms: i64) -> Stamp {
    Stamp::from_ms(ms).expect("in range")
}

/// What a message says, in short.
fn said(topic: &str, payload: &str) -> String {
    let Some(foreign) = mapping().read(topic, payload.as_bytes(), at(1_733_356_801_000)) else {
        return "none of ours".to_owned();
    };
    let reading = |it: &Reading| {
        let value = it.value.map_or("none".to_owned(), |value| format!("{value:.3}"));
        format!("{} {} {} {value} {}", it.plant, it.tag, it.at, it.flag.name())
    };
    let unfit = |it: &Unfit| {
        let plant = it.plant.as_ref().map_or("?", PlantId::as_str);
        format!("{plant}: {} × {}: {}", it.count, it.reason.word(), it.detail)
    };
    let readings = foreign.readings.iter().map(reading);
    readings.chain(foreign.refused.iter().map(unfit)).collect::<Vec<_>>().join("\n")
}

#[test]
fn readings_come_out_by_our_names_in_our_units_and_what_does_not_fit_is_told() {
    let gauge = "factory/site-3/yunding-p/telemetry";
    let all = [
        (gauge, r#"{"ts":1733356800000,"data":{"p":0.21},"q":"OK"}"#),
        (gauge, r#"{"ts":"1733356800000","data":{"p":"0.21","more":[1]}}"#),
        (gauge, r#"{"ts":1733356800000,"data":{"p":-9999}}"#),
        (gauge, r#"{"ts":1733356800000,"data":{"p":null}}"#),
        (gauge, r#"{"ts":1733356800000,"data":{"p":0.2},"q":"fault"}"#),
        (gauge, r#"{"ts":1733356800000,"data":{"p":0.2},"q":"fine"}"#),
        (gauge, r#"{"ts":1733356800000,"data":{"p":"high"}}"#),
        (gauge, r#"{"ts":1733356800000,"data":{"p":1e400}}"#),
        (gauge, r#"{"ts":1733356800000,"data":{"t":7}}"#),
        (gauge, r#"{"data":{"p":0.21}}"#),
        (gauge, r#"{"ts":1e300,"data":{"p":0.21}}"#),
        (gauge, "0.21"),
        (gauge, ""),
        ("factory/site-3/other/telemetry", r#"{"ts":1733356800000,"data":{"p":0.21}}"#),
        ("factory/site-4/yunding-p/telemetry", r#"{"ts":1733356800000,"data":{"p":0.21}}"#),
        (
            "factory/site-3/analyser",
            r#"{"samples":[{"at":"2024-12-05T08:00:00+08:00","cl":0.55,"ntu":0.31},
                {"at":"2024-12-05T08:01:00+08:00","cl":0.56},{"at":"then","cl":1},{}]}"#,
        ),
        ("factory/site-3/analyser", r#"{"samples":7}"#),
        ("pumphouse/p1/run", "1"),
        ("pumphouse/p1/run", " true "),
        ("pumphouse/p2/run", "1"),
        ("pumphouse/p1/run/x", "1"),
        ("sanmen/v1/k7/sanmen/data", "{}"),
    ];
    let all = all.map(|(topic, payload)| format!("{topic} {payload}\n{}", said(topic, payload)));
    insta::assert_snapshot!(all.join("\n\n"));
}

#[test]
fn a_monitor_subscribes_to_what_the_mapping_names_and_to_nothing_else() {
    assert_eq!(
        mapping().filters(),
        ["factory/+/+/telemetry", "factory/+/analyser", "pumphouse/+/run"]
    );
}

#[test]
fn a_message_that_is_too_long_is_not_looked_at() {
    let long = "1".repeat(MESSAGE_BYTES_MAX + 1);
    let wanted = "?: 1 × too-large: more than 8192 bytes";
    assert_eq!(said("pumphouse/p1/run", &long), wanted);
}

#[test]
fn every_mistake_of_a_mapping_comes_in_one_run() {
    let text = r#"
lateness_min = 3
[plants]
"site-3" = "sanmn"
[tags]
"p" = "PIT-47"
[flags]
good = ["ok"]
fail = ["OK"]
[[topic]]
pattern = "{site}/telemetry"
[[topic.reading]]
plant = "sanmen"
tag = "PIT-407"
value = "/p"
[[topic]]
pattern = "factory/#"
[[topic.reading]]
plant = "sanmen"
tag = "PIT-407"
value = "data.p"
[[topic]]
pattern = "sanmen/v1/k7/sanmen/data"
time_format = "epoch-ms"
[[topic.reading]]
plant = "sanmem"
tag = "PIT-407"
value = "/p"
[[topic]]
pattern = "factory/{site}/{device}"
time = "/ts"
time_format = "%H:%M"
[[topic.reading]]
plant = "{sit}"
tag = "{device"
value = "/p"
where = { devic = "x" }
[[topic.reading]]
plant = "sanmen"
tag = "PIT-407"
unit = "NTU"
value = "/p"
[[topic.reading]]
plant = "sanmen"
tag = "PIT-47"
[[topic]]
pattern = "factory/{site}"
"#;
    let source = Source::new("wrong.toml", text);
    let problems = Mapping::load(&source, known()).expect_err("nothing in it is right");
    insta::assert_snapshot!(problems.render(false));
    let empty = Mapping::load(&Source::new("empty.toml", "missing = []\n"), known());
    assert!(empty.expect_err("no topic").render(false).contains("there is no [[topic]]"));
}

proptest! {
    #[test]
    fn no_message_makes_the_reader_panic(
        topic in "(factory|pumphouse|x)/(site-3|[a-z/+#]{0,9})/(yunding-p/telemetry|analyser|run)",
        payload in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            r#"\{"(ts|samples|data)":(\[.{0,20}\]|\{"p":[-0-9e.]{0,9}\}|[0-9e.]{1,12})\}"#
                .prop_map(String::into_bytes),
        ],
    ) {
        if let Some(foreign) = mapping().read(&topic, &payload, at(0)) {
            prop_assert!(foreign.readings.iter().all(|it| it.value.is_none_or(f64::is_finite)));
            prop_assert!(!foreign.readings.is_empty() || !foreign.refused.is_empty()
                || payload.windows(2).any(|it| it == b"[]"));
        }
    }
}
