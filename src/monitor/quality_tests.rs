//! Signal quality through the monitor as a whole: the flags of a stream are those of the whole
//! series, whatever the order of arrival; and what is wrong with readings is seen, counted, kept.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::base::problem::Source;
use crate::base::units::Quantity;
use crate::base::{Flag, QualityTest, QualityTests, Span, TagId};
use crate::inspection::signal::batch::{self, Series};
use crate::plant::sample;
use crate::plant::tags::SamplingPoint;
use crate::telemetry::wire::{Body, Column, Envelope, Message};

/// Every test, with windows that some minutes fill.
const TESTS: &str = r#"
[[quality-test]]
id = "pace"
test = "timing"
source = "a plan [D]"
gap_polls = 4
early_polls = 0.5

[[quality-test]]
id = "range"
test = "gross-range"
source = "a plan [D]"
quantity = "free-chlorine"
operator_mg_per_l = [0.1, 2.0]

[[quality-test]]
id = "season"
test = "climatology"
source = "a plan [D]"
quantity = "pressure"
[[quality-test.season]]
months = [11, 12, 1]
operator_kpa = [50, 900]

[[quality-test]]
id = "spike"
test = "spike"
source = "a plan [D]"
quantity = "free-chlorine"
suspect_mg_per_l = 0.2
fail_mg_per_l = 1.0
percent = 30

[[quality-test]]
id = "rate"
test = "rate-of-change"
source = "a plan [D]"
quantity = "free-chlorine"
suspect_mg_per_l = 0.3
fail_mg_per_l = 1.5
per_min = 2

[[quality-test]]
id = "deviations"
test = "rate-of-change"
source = "a plan [D]"
quantity = "pressure"
deviations = 3
window_min = 15
readings = 6
least_kpa = 5

[[quality-test]]
id = "flat"
test = "flat-line"
source = "a plan [D]"
quantity = "free-chlorine"
tolerance_mg_per_l = 0.01
suspect_readings = 5
suspect_min = 4
fail_readings = 9
fail_min = 8

[[quality-test]]
id = "attenuated"
test = "attenuated-signal"
source = "a plan [D]"
quantity = "pressure"
measure = "deviation"
suspect_kpa = 0.7
fail_kpa = 0.2
window_min = 12
readings = 5

[[quality-test]]
id = "attenuated-chlorine"
test = "attenuated-signal"
source = "a plan [D]"
quantity = "free-chlorine"
measure = "range"
suspect_mg_per_l = 0.02
window_min = 9
readings = 4

[[quality-test]]
id = "jump"
test = "multivariate"
source = "a plan [D]"
quantity = "pressure"
suspect_kpa = 20
per_min = 1
within_min = 3
[[quality-test.confirm]]
by_quantity = "free-chlorine"
change_mg_per_l = 0.1
[[quality-test.confirm]]
by_tag = "AIT-2"
by_quantity = "free-chlorine"
change_mg_per_l = 0.05

[[quality-test]]
id = "beside"
test = "neighbour"
source = "a plan [D]"
quantity = "free-chlorine"
tolerance_mg_per_l = 0.1
within_min = 2
"#;

fn book(text: &str) -> Book {
    let sources = [Source::new("tests.toml", text)];
    Book::load(&sources).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// Chlorine, pressure, and chlorine beside the first; each once a minute.
fn plant() -> Plant {
    let mut plant = sample::plant();
    let mut beside = plant.instruments[0].clone();
    Arc::make_mut(&mut beside.tag).id = TagId::new("AIT-2").expect("an id");
    plant.instruments.push(beside);
    for instrument in &mut plant.instruments {
        Arc::make_mut(&mut instrument.tag).point = SamplingPoint::TapWater;
    }
    plant
}

/// 2024-12-05 08:00 local time, and so many seconds.
fn at_s(s: i64) -> Stamp {
    Stamp::from_ms((1_733_356_800 + s) * 1_000).expect("in range")
}

fn monitor(plant: &Arc<Plant>, book: &Book) -> Monitor {
    let bounds = Bounds { lateness: Span::minutes(20), ..Bounds::default() };
    Monitor::new(vec![Arc::clone(plant)], book.clone(), MonitorSettings { bounds })
}

/// Readings of an instrument by second: none where it could not read.
type Readings = BTreeMap<i64, Option<f64>>;

fn data(plant: &Plant, seq: u64, sent_s: i64, readings: &[Readings]) -> (String, Vec<u8>) {
    let column = |(instrument, readings): (&crate::plant::tags::Instrument, &Readings)| {
        let at: Vec<Stamp> = readings.keys().map(|s| at_s(*s)).collect();
        let value: Vec<Option<f64>> = readings.values().copied().collect();
        let flag = value.iter().map(|it| if it.is_some() { Flag::Good } else { Flag::Missing });
        let (flag, tag) = (flag.collect(), instrument.tag.id.clone());
        (!at.is_empty()).then_some(Column { tag, at, value, flag })
    };
    let columns = plant.instruments.iter().zip(readings).filter_map(column).collect();
    let envelope = Envelope {
        plant: plant.id.clone(),
        boot_id: 1,
        seq,
        sent_at: at_s(sent_s),
        exercise: None,
    };
    let payload = Message { envelope, body: Body::Data(columns) }.encode();
    (format!("sanmen/v1/k7/{}/data", plant.id), payload)
}

/// The last minute of a run.
const END: i64 = 150;

/// What an instrument does for a while.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Spike(f64),
    Step(f64),
    Stuck,
    Silent,
    NoValue,
    Shift(i64),
}

/// `(instrument, from, minutes, what)`.
type Life = Vec<(usize, i64, i64, Deed)>;

fn life() -> impl Strategy<Value = Life> {
    let deed = prop_oneof![
        (-2.0..6.0).prop_map(Deed::Spike),
        (-0.5..0.9).prop_map(Deed::Step),
        Just(Deed::Stuck),
        Just(Deed::Silent),
        Just(Deed::NoValue),
        (-25_i64..25).prop_map(Deed::Shift),
    ];
    prop::collection::vec((0_usize..3, 2..END, 1_i64..25, deed), 0..14)
}

/// The readings of each instrument in `minutes`, by their seconds.
fn readings(life: &Life, minutes: std::ops::Range<i64>) -> Vec<Readings> {
    let one = |tag: usize| {
        let mut readings = Readings::new();
        for min in minutes.clone() {
            let (mut second, mut value, mut there) = (min * 60, 0.0, true);
            let mut scale = 1.0;
            let ripple = |min: i64| ((min * 7 + tag as i64) % 11) as f64 / 500.0;
            let mut ripples = ripple(min);
            let mut no_value = false;
            let acting = life.iter().filter(|(which, from, long, deed)| {
                let long = if matches!(deed, Deed::Spike(_)) { 1 } else { *long };
                *which == tag && (*from..from + long).contains(&min)
            });
            for (_, from, _, deed) in acting {
                match deed {
                    Deed::Spike(height) => value += height,
                    Deed::Step(share) => scale *= 1.0 + share,
                    Deed::Stuck => ripples = ripple(*from),
                    Deed::Silent => there = false,
                    Deed::NoValue => no_value = true,
                    Deed::Shift(s) => second = min * 60 + s,
                }
            }
            let usual = if tag == 1 { 250.0 } else { 0.6 };
            let whole = usual * (1.0 + ripples) * scale + value * usual;
            if there {
                let shown = (whole * 1_000.0).round() / 1_000.0;
                readings.insert(second, (!no_value).then_some(shown));
            }
        }
        readings
    };
    (0..3).map(one).collect()
}

/// Flag and tests of each reading, by instrument and time.
type Flags = BTreeMap<(usize, Stamp), (Flag, QualityTests)>;

/// What a monitor says in the end of every reading that came.
fn flags(outcomes: &[Outcome]) -> Flags {
    let mut flags = Flags::new();
    for outcome in outcomes {
        for it in &outcome.observations {
            flags.insert((it.tag.0, it.observed_at), (it.flag, it.tests));
        }
        for doubt in &outcome.amended {
            let known = flags.get_mut(&(doubt.tag.0, doubt.observed_at)).expect("it has come");
            known.0 = known.0.worst(doubt.flag);
            known.1 |= doubt.tests;
        }
    }
    flags
}

/// What the whole series comes to.
fn expected(plant: &Plant, book: &Book, came: &[Readings]) -> Flags {
    let tags: Vec<Tag> = plant.instruments.iter().map(|it| Tag::clone(&it.tag)).collect();
    let series: Vec<Series> = came
        .iter()
        .map(|readings| readings.iter().filter_map(|(s, it)| Some((at_s(*s), (*it)?))).collect())
        .collect();
    let judged = batch::judge(book.tests(), &plant.profile, &tags, &series);
    let mut flags = Flags::new();
    for (tag, readings) in came.iter().enumerate() {
        for (s, value) in readings {
            let said = if value.is_none() {
                (Flag::Missing, QualityTests::NONE)
            } else {
                let judged = judged[tag][&at_s(*s)];
                (Flag::Good.worst(judged.flag()), judged.found())
            };
            flags.insert((tag, at_s(*s)), said);
        }
    }
    flags
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Random lives of instruments; messages of any size that overtake each other, come twice or
    /// not at all; restarts at any point: every reading has the flag of the whole series.
    #[test]
    fn the_stream_says_what_the_whole_series_says(
        life in life(),
        sizes in prop::collection::vec(1_i64..8, 1..12),
        delays in prop::collection::vec(0_i64..600, 1..12),
        again in prop::collection::vec(any::<bool>(), 1..9),
        lost in prop::collection::btree_set(1_usize..60, 0..4),
        mut ticks in prop::collection::vec(1_i64..END * 60, 0..20),
        restarts in prop::collection::btree_set(0_usize..80, 0..3),
    ) {
        let (plant, book) = (Arc::new(plant()), book(TESTS));
        let (mut inputs, mut came) = (Vec::new(), vec![Readings::new(); 3]);
        let ways = sizes.iter().cycle().zip(delays.iter().cycle()).zip(again.iter().cycle());
        let mut from = 0;
        for (n, ((size, delay), again)) in ways.enumerate() {
            if from >= END {
                break;
            }
            let to = (from + size).min(END);
            let part = readings(&life, from..to);
            let sent_s = to * 60; // a shifted reading may be a little ahead of its minute
            let (topic, payload) = data(&plant, n as u64, sent_s, &part);
            from = to;
            if lost.contains(&n) {
                continue;
            }
            for (all, part) in came.iter_mut().zip(part) {
                all.extend(part);
            }
            for late in [0, 70].into_iter().take(if *again { 2 } else { 1 }) {
                let received_at = at_s(sent_s + delay + late);
                inputs.push((received_at, Input::arrival(topic.clone(), &payload, received_at)));
            }
        }
        ticks.sort_unstable();
        inputs.extend(ticks.iter().map(|s| (at_s(*s), Input::Tick { now: at_s(*s) })));
        let end = at_s(END * 60 + 7_200);
        inputs.push((end, Input::Tick { now: end }));
        inputs.sort_by_key(|(at, _)| *at);
        let mut running = monitor(&plant, &book);
        let mut outcomes = Vec::new();
        for (n, (_, input)) in inputs.iter().enumerate() {
            if restarts.contains(&n) {
                let checkpoint = running.checkpoint();
                running = monitor(&plant, &book);
                running.restore(&checkpoint).expect("as written");
            }
            outcomes.push(running.accept(input));
        }
        let (found, wanted) = (flags(&outcomes), expected(&plant, &book, &came));
        for (key, wanted) in &wanted {
            prop_assert_eq!(found.get(key), Some(wanted), "{:?}", key);
        }
        prop_assert_eq!(found.len(), wanted.len());
    }
}

#[test]
fn every_test_finds_something_in_the_lives_that_are_drawn() {
    let life = vec![
        (0, 20, 1, Deed::Spike(3.0)),
        (0, 40, 20, Deed::Stuck),
        (1, 30, 20, Deed::Stuck),
        (1, 60, 10, Deed::Step(-0.9)),
        (0, 70, 9, Deed::Step(0.8)),
        (0, 90, 9, Deed::Silent),
        (0, 110, 1, Deed::Spike(20.0)),
    ];
    let (plant, book) = (Arc::new(plant()), book(TESTS));
    let came = readings(&life, 0..END);
    let found = expected(&plant, &book, &came);
    let tests = found.values().fold(QualityTests::NONE, |all, (_, tests)| all | *tests);
    let missing: Vec<_> = QualityTest::ALL.into_iter().filter(|it| !tests.contains(*it)).collect();
    assert_eq!(missing, [QualityTest::Syntax], "what cannot be meant has tests of its own");
    assert_eq!(plant.instruments[1].tag.quantity, Quantity::Pressure);
}

/// The rules and tests of signals that ship.
fn shipped() -> Book {
    book(include_str!("../../config/rules/signal-quality.toml"))
}

/// A monitor that has heard `readings(minute)` of the first instrument, and usual ones of the
/// others.
fn heard(readings: impl Fn(i64) -> Vec<(i64, f64)>) -> (Monitor, Vec<Outcome>) {
    let (plant, book) = (Arc::new(plant()), shipped());
    let mut monitor = monitor(&plant, &book);
    let life = Life::new();
    let minutes = 1..40;
    let outcomes = minutes.map(|min| {
        let mut usual = self::readings(&life, min..min + 1);
        usual[0] = readings(min).into_iter().map(|(s, value)| (s, Some(value))).collect();
        let (topic, payload) = data(&plant, min as u64 - 1, min * 60 + 30, &usual);
        monitor.accept(&Input::arrival(topic, &payload, at_s(min * 60 + 31)))
    });
    let outcomes: Vec<Outcome> = outcomes.collect();
    (monitor, outcomes)
}

/// What was told of the first instrument: `test flag count`, and alarms raised.
fn told(outcomes: &[Outcome]) -> Vec<String> {
    let outputs = outcomes.iter().flat_map(|outcome| &outcome.outputs);
    let said = outputs.filter_map(|output| match output {
        Output::Quality(it) if it.tag.as_str() == "AIT-1" => {
            Some(format!("{} {} {}", it.test.name(), u8::from(it.flag), it.count))
        }
        Output::Alarm(event) if event.id.tag.as_ref()?.as_str() == "AIT-1" => {
            Some(format!("{} {:?}", event.id.rule, event.change))
        }
        _ => None,
    });
    said.collect()
}

#[test]
fn a_number_that_cannot_be_meant_costs_nobody_else_a_reading_and_is_told() {
    let (monitor, outcomes) = heard(|min| {
        let usual = 0.6 + (min % 7) as f64 / 1_000.0;
        vec![(min * 60, if min >= 10 { 3.4e38 } else { usual })]
    });
    assert_eq!(told(&outcomes), ["syntax 4 1", "gross-range 4 1", "signal-out-of-range Raised"]);
    let readings: usize = outcomes.iter().map(|outcome| outcome.observations.len()).sum();
    assert_eq!(readings, 3 * 39, "all are kept");
    let last = outcomes[38].observations[0];
    let tests = QualityTests::of(QualityTest::Syntax) | QualityTest::GrossRange.into();
    assert_eq!((last.value, last.flag, last.tests), (3.4e38, Flag::Fail, tests));
    let tag = &monitor.snapshot().plants[0].tags[0];
    assert_eq!((tag.doubtful, tag.trend.len()), (30, 9), "counted, and no part of the curve");
}

#[test]
fn a_clock_that_jumps_back_is_told_and_its_readings_are_kept() {
    let (_, outcomes) = heard(|min| {
        let back = if (20..30).contains(&min) { 900 } else { 0 };
        vec![(min * 60 - back, 0.6 + (min % 7) as f64 / 1_000.0)]
    });
    assert_eq!(told(&outcomes), ["timing 3 1", "signal-out-of-order Raised"]);
    let flags: Vec<Flag> = outcomes.iter().map(|it| it.observations[0].flag).collect();
    assert_eq!(flags.iter().filter(|flag| **flag == Flag::Suspect).count(), 10);
}

#[test]
fn a_reading_that_comes_in_two_messages_is_doubted_never() {
    let (plant, book) = (Arc::new(plant()), shipped());
    let mut monitor = monitor(&plant, &book);
    let life = Life::new();
    let mut outcomes = Vec::new();
    for n in 0..80 {
        let min = n / 2;
        let usual = readings(&life, min..min + 1);
        let (topic, payload) = data(&plant, n as u64, min * 60 + 30, &usual);
        outcomes.push(monitor.accept(&Input::arrival(topic, &payload, at_s(min * 60 + 31))));
    }
    assert_eq!(told(&outcomes), Vec::<String>::new());
    assert_eq!(monitor.snapshot().plants[0].tags[0].doubtful, 0);
}

#[test]
fn a_spike_is_set_on_its_reading_with_the_next_one_and_no_rule_waits_for_it() {
    let (monitor, outcomes) = heard(|min| {
        vec![(min * 60, if min == 38 { 3.0 } else { 0.6 + (min % 7) as f64 / 1_000.0 })]
    });
    let at_once = outcomes[37].observations[0];
    assert_eq!((at_once.flag, at_once.tests), (Flag::Good, QualityTests::NONE));
    let amended: Vec<_> = outcomes[38].amended.iter().map(|it| (it.observed_at, it.flag)).collect();
    assert_eq!(amended, [(at_s(38 * 60), Flag::Fail)]);
    assert_eq!(monitor.snapshot().plants[0].tags[0].doubtful, 1);
}
