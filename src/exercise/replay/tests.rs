//! What a recording gives, however it comes.

use super::order::{Order, Ready};
use super::*;
use crate::exercise::replay::tally::Tally;
use crate::plant::sample;

const LATENESS: Span = Span::minutes(2);

fn at(s: i64) -> Stamp {
    let (midnight, _) = Stamp::parse("2024-12-05T00:00:00+08:00").expect("a time");
    midnight + Span::seconds(s)
}

fn observation(s: i64, tag: usize, value: f64) -> Observation {
    Observation {
        plant: PLANT,
        tag: TagIndex(tag),
        observed_at: at(s),
        received_at: at(s),
        value,
        flag: Flag::Good,
        tests: QualityTests::NONE,
    }
}

/// What comes out of order: `seconds` of those in order, and of those that are late.
fn ordered(seconds: &[i64]) -> (Vec<i64>, Vec<i64>) {
    let mut order = Order::new(LATENESS);
    let (mut in_order, mut late) = (Vec::new(), Vec::new());
    let mut drain = |order: &mut Order| {
        while let Some(ready) = order.ready() {
            let (readings, to) = match ready {
                Ready::InOrder(readings, _) => (readings, &mut in_order),
                Ready::Late(readings, _) => (readings, &mut late),
            };
            let second = |it: &Observation| (it.observed_at - at(0)).as_ms() / 1_000;
            to.extend(readings.iter().map(second));
        }
    };
    for (n, s) in seconds.iter().enumerate() {
        order.take(observation(*s, 0, n as f64));
        drain(&mut order);
    }
    order.finish();
    drain(&mut order);
    (in_order, late)
}

#[test]
fn what_is_within_the_bound_is_put_in_order_and_what_is_later_is_late() {
    let (in_order, late) = ordered(&[0, 60, 30, 180, 120, 61, 300, 170, 360, 400]);
    assert_eq!(in_order, [0, 30, 60, 61, 120, 180, 300, 360, 400]);
    assert_eq!(late, [170], "130 s behind 300");
}

#[test]
fn a_wrong_clock_carries_nobody_away_and_a_gap_in_the_recording_is_gone_over() {
    let month = 32 * 86_400;
    let (in_order, late) = ordered(&[0, month, 60, 120]);
    assert_eq!((in_order, late), (vec![0, 60, 120], vec![month]), "it is refused by intake");
    let goes_on: Vec<i64> = [0, 60].into_iter().chain((0..20).map(|n| month + n * 60)).collect();
    assert_eq!(ordered(&goes_on), (goes_on.clone(), Vec::new()));
    let first_is_wrong: Vec<i64> = std::iter::once(month).chain((0..20).map(|n| n * 60)).collect();
    assert_eq!(ordered(&first_is_wrong), (first_is_wrong[1..].to_vec(), vec![month]));
}

#[test]
fn what_is_written_twice_counts_once_and_another_value_is_another_reading() {
    let mut order = Order::new(LATENESS);
    for value in [1.0, 1.0, 2.0] {
        order.take(observation(0, 0, value));
    }
    order.finish();
    let ready = std::iter::from_fn(|| order.ready());
    let counts = ready.map(|it| match it {
        Ready::InOrder(readings, _) | Ready::Late(readings, _) => readings.len(),
    });
    assert_eq!(counts.sum::<usize>(), 2);
}

const RULE: &str = r#"
[[rule]]
id = "low"
title = { en = "Low", zh = "低" }
source = "a plan [D]"
kind = "limit"
quantity = "pressure"
below_kpa = 100
on_delay_min = 5
off_delay_min = 0
priority = "high"
no_data = "hold"
advice = { en = "Look.", zh = "看。" }
"#;

fn replay() -> (Replay, usize) {
    let plant = Arc::new(sample::plant());
    let book = Book::load(&[crate::base::problem::Source::new("r.toml", RULE)]);
    let book = book.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let tags = plant.instruments.iter();
    let pressure = tags.map(|it| it.tag.quantity).position(|it| it.unit() == "kPa");
    let replay = Replay::new(vec![plant], book, Bounds::default(), "a test");
    (replay, pressure.expect("the sample has a gauge"))
}

/// A pressure that is low from minute 20 to 40, read each minute for two hours.
fn readings(tag: usize) -> impl Iterator<Item = (i64, Given)> {
    (0..120).map(move |min| {
        let value = if (20..40).contains(&min) { 50.0 } else { 300.0 };
        let given = Given {
            plant: 0,
            tag: TagIndex(tag),
            observed_at: at(min * 60),
            value: Some(value + min as f64 / 100.0),
            flag: Flag::Good,
            sent: None,
        };
        (min, given)
    })
}

fn told(replay: &mut Replay, items: impl Iterator<Item = Item>) -> Tally {
    let mut tally = Tally::default();
    for item in items {
        replay.take(item, &mut |at, outcome| tally.count(at, &outcome));
    }
    replay.finish(&mut |at, outcome| tally.count(at, &outcome));
    tally.settle();
    assert!(tally.readings == 0 || tally.unheard(0, &sample::plant()).len() == 1);
    tally
}

#[test]
fn readings_raise_what_their_messages_raise_in_any_order_within_the_bound() {
    let mut all = Vec::new();
    for way in 0..4 {
        let (mut replay, tag) = replay();
        let mut items: Vec<(i64, Given)> = readings(tag).collect();
        match way {
            // In pairs, the later one first.
            1 => items.chunks_mut(2).for_each(<[_]>::reverse),
            // Each twice.
            2 => items = items.into_iter().flat_map(|it| [it, it]).collect(),
            // As messages with numbers, one lost.
            3 => {
                for (min, given) in &mut items {
                    let received_at = given.observed_at + Span::seconds(61);
                    let sent_at = received_at - Span::SECOND;
                    let seq = 1 + min.unsigned_abs() + u64::from(*min >= 60);
                    given.sent = Some(Sent { seq, sent_at, received_at });
                }
            }
            _ => {}
        }
        let items = items.into_iter().map(|(_, given)| Item::Reading(given));
        let tally = told(&mut replay, items);
        assert_eq!((tally.readings, tally.late), (120, 0), "way {way}");
        assert_eq!(tally.lost, u64::from(way == 3));
        all.push(tally.alarms.into_values().collect::<Vec<_>>());
    }
    let raised = &all[0][0];
    assert_eq!((raised.times, raised.total, raised.stands()), (1, Span::minutes(15), false));
    assert_eq!(raised.first(), Some(at(25 * 60)));
    assert!(all.iter().all(|alarms| *alarms == all[0]), "{all:?}");
}

#[test]
fn late_readings_are_kept_flagged_and_not_judged() {
    let (mut replay, tag) = replay();
    let mut items: Vec<Given> = readings(tag).map(|(_, given)| given).collect();
    let moved: Vec<Given> = items.drain(15..45).collect();
    items.extend(moved);
    let tally = told(&mut replay, items.into_iter().map(Item::Reading));
    assert_eq!((tally.readings, tally.late, tally.alarms.len()), (120, 30, 0));
    let timing = crate::base::QualityTest::Timing;
    assert_eq!(tally.flagged.get(&timing), Some(&30));
}

#[test]
fn strangers_messages_are_refused_and_counted() {
    let (mut replay, _) = replay();
    let message = |topic: &str, payload: &[u8]| Item::Message {
        topic: topic.to_owned(),
        payload: payload.to_vec(),
        received_at: at(0),
        retained: false,
    };
    let items = [
        message("sanmen/v1/k7/elsewhere/data", b"{}"),
        message("something/else", b"\xff"),
        message("sanmen/v1/k7/small/data", b"{"),
    ];
    let tally = told(&mut replay, items.into_iter());
    assert_eq!(tally.readings, 0);
    let refused: Vec<(String, u64)> = replay.refused().into_iter().collect();
    let wanted = ["foreign-topic", "not-json", "unknown-plant"].map(|it| (it.to_owned(), 1));
    assert_eq!(refused, wanted);
}
