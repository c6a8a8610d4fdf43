//! Every figure on alarms that can be counted by hand.

use super::*;
use crate::alarms::event::{By, Stop};
use crate::alarms::flood::{Flood, FloodChange, FloodMeter};
use crate::alarms::group::Grouped;
use crate::base::{PlantId, RuleId, TagId};
use crate::inspection::finding::Why;
use AlarmChange::{Acknowledged, Cleared, Raised, ReAlarmed};

fn min(min: i64) -> Stamp {
    Stamp::from_ms(min * 60_000).expect("in range")
}

fn event(tag: &str, n: u64, at_min: i64, change: AlarmChange) -> AlarmEvent {
    AlarmEvent {
        id: AlarmId {
            plant: PlantId::new("sanmen").expect("an id"),
            rule: RuleId::new("low").expect("an id"),
            tag: Some(TagId::new(tag).expect("an id")),
            n,
        },
        at: min(at_min),
        change,
        state: match change {
            Raised | ReAlarmed => AlarmState::Unacknowledged,
            Acknowledged => AlarmState::Acknowledged,
            _ => AlarmState::Normal,
        },
        priority: if tag == "H" { Priority::High } else { Priority::Low },
        since: None,
        title: "low".to_owned(),
        source: "[D]".to_owned(),
        why: Why::default(),
        by: None,
        chattering: None,
        stop: None,
        group: None,
        labels: None,
        texts: None,
        exercise: None,
    }
}

fn measure(events: &[AlarmEvent], to_min: i64) -> Load {
    let marks = LoadMarks::default();
    let to = min(to_min);
    let mut floods = Vec::new();
    let mut meter = FloodMeter::default();
    let mut say = |at, change, flood| {
        let plant = PlantId::new("sanmen").expect("an id");
        floods.push(FloodEvent { at, plant, change, flood });
    };
    for event in events.iter().filter(|event| event.calls() && event.at <= to) {
        if let Some((at, flood)) = meter.end_by(event.at, &marks) {
            say(at, FloodChange::Ended, flood);
        }
        if let Some(flood) = meter.count(event.at, &event.id, &marks).cloned() {
            say(event.at, FloodChange::Begun, flood);
        }
    }
    if let Some((at, flood)) = meter.end_by(to, &marks) {
        say(at, FloodChange::Ended, flood);
    }
    Load::measure(events, &floods, (min(0), to), &marks)
}

#[test]
fn nothing_that_happened_gives_zeros_and_no_division_by_zero() {
    for to in [0, 60] {
        let load = measure(&[], to);
        assert_eq!((load.raised, load.rate.most, load.floods.len()), (0, 0, 0));
        assert_eq!((load.rate.mean, load.flood_share, load.top_share), (0.0, 0.0, 0.0));
        assert_eq!(load.answers, Answers::default());
    }
}

#[test]
fn alarms_are_counted_in_windows_of_ten_minutes() {
    let events: Vec<_> = [0, 9, 10, 35].iter().map(|at| event("A", 1, *at, Raised)).collect();
    let rate = measure(&events, 40).rate;
    assert_eq!(rate.counts, [2, 1, 0, 1]);
    assert_eq!((rate.mean, rate.most), (1.0, 2));
    assert_eq!((rate.above_acceptable, rate.above_manageable), (0.25, 0.0));
}

#[test]
fn a_flood_begins_above_ten_in_ten_minutes_and_ends_below_five() {
    let alarms = |n: i64| {
        (0..n).map(|i| event(&format!("T{i}"), 1, 100 + i / 2, Raised)).collect::<Vec<_>>()
    };
    assert!(measure(&alarms(10), 300).floods.is_empty(), "ten are none");
    let floods = measure(&alarms(11), 300).floods;
    let [PastFlood { to, flood, .. }] = floods.as_slice() else {
        panic!("one flood, not {floods:?}")
    };
    assert_eq!((flood.from, flood.alarms, flood.peak), (min(100), 11, 11));
    assert_eq!(flood.first_out.tag.as_ref().map(TagId::as_str), Some("T0"));
    // Of the alarms at 100, 100, 101, … 105, the fifth last, at 103, leaves the window at 113;
    // with one more at 112, the fifth last is the other one at 103.
    assert_eq!(*to, min(113));
    let mut later = alarms(11);
    later.push(event("Z", 1, 112, Raised));
    let load = measure(&later, 300);
    assert_eq!((load.floods[0].flood.alarms, load.floods[0].to), (12, min(113)));
    assert!((load.flood_share - 13.0 / 300.0).abs() < 1e-12);
    let mut later = alarms(11);
    later.push(event("Z", 1, 106, Raised));
    let open = &measure(&later, 106).floods[0];
    assert_eq!((open.to, open.flood.alarms), (min(106), 12), "it had not ended");
}

#[test]
fn alarms_of_one_cause_are_counted_together_and_floods_of_two_plants_only_once() {
    let first = event("A", 1, 0, Raised);
    let cause = event("B", 1, 3, Raised);
    let of = |event: AlarmEvent, cause: Option<&AlarmEvent>| {
        let (first_out, cause) = (first.id.clone(), cause.map(|it| it.id.clone()));
        AlarmEvent { group: Some(Box::new(Grouped { first_out, cause })), ..event }
    };
    let events = [
        first.clone(),
        of(cause.clone(), None),
        of(event("A", 1, 20, Cleared), Some(&cause)),
        of(event("B", 1, 30, ReAlarmed), Some(&cause)),
        event("C", 1, 5, Raised),
    ];
    let load = measure(&events, 60);
    let [company] = load.groups.as_slice() else { panic!("one, not {:?}", load.groups) };
    assert_eq!((company.alarms, company.raised, company.lead()), (2, 3, &cause.id));
    assert_eq!((company.from, company.to), (min(0), min(30)));
    assert!((load.group_share - 0.75).abs() < 1e-12);
    let flood = |plant: &str, from, at, change| FloodEvent {
        at: min(at),
        plant: PlantId::new(plant).expect("an id"),
        change,
        flood: Flood { from: min(from), alarms: 11, peak: 11, first_out: first.id.clone() },
    };
    let floods = [
        flood("one", 10, 12, FloodChange::Begun),
        flood("two", 15, 16, FloodChange::Begun),
        flood("one", 10, 25, FloodChange::Ended),
        flood("two", 15, 20, FloodChange::Ended),
    ];
    let load = Load::measure(&[], &floods, (min(0), min(60)), &LoadMarks::default());
    assert_eq!(load.floods.len(), 2);
    assert!((load.flood_share - 0.25).abs() < 1e-12);
}

#[test]
fn an_alarm_chatters_that_comes_and_goes_three_times_within_the_hour() {
    let coming = |starts: &[i64]| -> Vec<AlarmEvent> {
        let both = |(n, at): (usize, &i64)| {
            let n = n as u64 + 1;
            [event("A", n, *at, Raised), event("A", n, at + 5, Cleared)]
        };
        starts.iter().enumerate().flat_map(both).collect()
    };
    assert!(measure(&coming(&[0, 30]), 600).chattering.is_empty());
    assert!(measure(&coming(&[0, 30, 56]), 600).chattering.is_empty(), "61 min");
    let found = measure(&coming(&[0, 100, 130, 155, 300]), 600).chattering;
    assert_eq!((found[0].times, found[0].first), (5, min(100)));
    assert_eq!(found[0].alarm.n, 0, "the alarm, not one occurrence");
}

#[test]
fn what_is_gone_at_once_was_fleeting_and_what_stands_a_day_is_stale() {
    let events = [
        event("A", 1, 0, Raised),
        event("A", 1, 1, Cleared),
        event("B", 1, 0, Raised),
        event("B", 1, 1_441, Cleared),
        event("C", 1, 100, Raised),
        event("D", 1, 2_000, Raised),
    ];
    let load = measure(&events, 3_000);
    assert_eq!((load.raised, load.fleeting, load.standing), (4, 1, 2));
    let stale: Vec<_> =
        load.stale.iter().map(|it| (it.alarm.to_string(), it.stood.as_ms() / 60_000)).collect();
    let wanted = [("sanmen/low/C/1".to_owned(), 2_900), ("sanmen/low/B/1".to_owned(), 1_441)];
    assert_eq!(stale, wanted);
}

#[test]
fn answers_are_timed_from_the_call_they_answer() {
    let events = [
        event("A", 1, 0, Raised),
        event("A", 1, 4, Acknowledged),
        event("A", 1, 60, ReAlarmed),
        event("A", 1, 70, Acknowledged),
        event("B", 1, 0, Raised),
        event("B", 1, 100, Acknowledged),
        event("H", 1, 0, Raised),
    ];
    let load = measure(&events, 200);
    let Answers { acknowledged, waiting, median, ninety_percent, longest } = load.answers;
    assert_eq!((acknowledged, waiting), (3, 1));
    assert_eq!(median, Some(Span::minutes(10)));
    assert_eq!((ninety_percent, longest), (Some(Span::minutes(100)), Some(Span::minutes(100))));
    assert_eq!(load.priorities[2].raised, 1);
    assert!((load.priorities[2].share - 0.25).abs() < 1e-12);
    assert_eq!((load.top[0].raised, load.top_share), (2, 1.0));
}

/// An alarm is told of a stop, or something happens to it in one; in minutes.
fn of_stop(tag: &str, at_min: i64, change: AlarmChange, (from, until): (i64, i64)) -> AlarmEvent {
    let by = By { name: "Li".to_owned(), reason: "a new valve".to_owned() };
    let stop = Some(Box::new(Stop { from: min(from), until: min(until) }));
    AlarmEvent { stop, by: Some(by), ..event(tag, 0, at_min, change) }
}

#[test]
fn announced_stops_are_counted_with_what_they_keep_silent_and_as_long_as_they_last() {
    use AlarmChange::{StopAnnounced, StopWithdrawn, Suppressed};
    let (first, second, never) = ((60, 300), (400, 460), (500, 560));
    let events = [
        of_stop("A", 0, StopAnnounced, first),
        of_stop("B", 0, StopAnnounced, first),
        of_stop("A", 100, Suppressed, first),
        of_stop("A", 150, Suppressed, first), // again within the same stop
        event("C", 1, 120, Suppressed),       // by its parent
        AlarmEvent { stop: None, ..of_stop("A", 200, StopWithdrawn, first) },
        of_stop("C", 350, StopAnnounced, second),
        of_stop("C", 360, Suppressed, second), // by its parent, before the stop
        of_stop("C", 470, StopAnnounced, never),
        AlarmEvent { stop: None, ..of_stop("C", 490, StopWithdrawn, never) },
        of_stop("C", 495, StopAnnounced, (700, 800)),
    ];
    let stops = measure(&events, 600).stops;
    let shown = |it: &PastStop| (it.from, it.to, it.told, it.suppressed);
    let shown: Vec<_> = stops.iter().map(shown).collect();
    // B goes on until the end of the first; what was taken back before it began never was.
    assert_eq!(shown, [(min(60), min(300), 2, 1), (min(400), min(460), 1, 0)]);
    assert_eq!(stops[0].by.as_ref().map(|by| by.name.as_str()), Some("Li"));
    let cut = measure(&events, 180).stops;
    assert_eq!(cut.iter().map(PastStop::lasted).collect::<Vec<_>>(), [Span::hours(2)]);
    let early = [&events[..1], &events[5..6]].concat();
    let early = measure(&early, 600).stops;
    assert_eq!((early[0].to, early[0].told), (min(200), 1));
}
