//! Too many alarms: one that comes and goes, and many at once.

use super::super::group::{Grouped, fold};
use super::*;
use crate::inspection::handling::LoadMarks;

/// Three announcements in an hour are chatter, three alarms in ten minutes are a flood.
pub(super) fn alarms() -> Alarms {
    let load = LoadMarks {
        flood_begins_above: 2,
        flood_ends_below: 2,
        chattering_times: 2,
        chattering_calm: Span::minutes(10),
        ..LoadMarks::default()
    };
    let mut alarms = super::alarms().with_handling(Handling { load, ..Handling::default() });
    for rule in &mut alarms.rules {
        rule.policy.calm = load.chattering_calm;
    }
    alarms.rules[LOW.0].follows = vec![SILENT];
    alarms.followers[SILENT.0] = vec![LOW];
    alarms
}

/// The gateway falls silent for a minute, every five minutes, so often.
fn flickers(times: i64) -> Vec<Finding> {
    let flicker = |n| {
        let at = n * 300;
        [finding(GATEWAY, None, at, Abnormal), finding(GATEWAY, None, at + 60, Normal)]
    };
    (0..times).flat_map(flicker).collect()
}

fn floods(alarms: &mut Alarms) -> Vec<String> {
    let say = |it: FloodEvent| {
        let Flood { from, alarms, peak, first_out } = it.flood;
        let [at, from] = [it.at, from].map(|at| at.as_ms() / 1_000);
        format!("{:?}@{at}: {alarms} since {from}, at most {peak}, first {first_out}", it.change)
    };
    alarms.told_floods().map(say).collect()
}

const GATEWAY_IS: &str = "sanmen/gateway-silent/plant";

#[test]
fn an_alarm_that_chatters_is_announced_once_and_says_no_more_until_it_is_calm() {
    let mut alarms = alarms();
    let found = said(&mut alarms, flickers(7), 1_900).join(", ");
    let wanted = "/1 Raised@0, /1 Cleared@120, /2 Raised@300, /2 Cleared@420, \
                  /3 Raised@600, /3 Chattering@600";
    assert_eq!(found.replace(GATEWAY_IS, ""), wanted);
    let listed = alarms.standing(PLANT);
    let [event] = listed.as_slice() else { panic!("one, not {listed:?}") };
    let chattering = event.chattering.as_deref().expect("it chatters");
    assert_eq!((chattering.times, chattering.since), (7, at(0)), "unsaid, but counted");
    // It last went at 1860 s; ten minutes later it is calm, and gone.
    let found = said(&mut alarms, vec![], 9_000).join(", ");
    assert_eq!(found.replace(GATEWAY_IS, ""), "/3 Calmed@2460, /3 Cleared@2460");
    let again = vec![finding(GATEWAY, None, 9_000, Abnormal)];
    let found = said(&mut alarms, again, 9_001).join(", ");
    assert_eq!(found.replace(GATEWAY_IS, ""), "/4 Raised@9000", "once is no chatter");
}

#[test]
fn a_latched_alarm_that_comes_again_and_again_chatters_too() {
    let mut alarms = alarms();
    alarms.rules[GATEWAY.0].policy.latched = true;
    let found = said(&mut alarms, flickers(5), 9_000).join(", ");
    let wanted = "Raised@0, Cleared@120, ReAlarmed@300, Cleared@420, ReAlarmed@600, \
                  Chattering@600, Calmed@1860, Cleared@1860";
    assert_eq!(found.replace(&format!("{GATEWAY_IS}/1 "), ""), wanted);
}

#[test]
fn a_slow_one_does_not_chatter_and_without_a_calm_nothing_is_held_back() {
    let slow = (0..5).flat_map(|n| {
        let at = n * 1_801;
        [finding(GATEWAY, None, at, Abnormal), finding(GATEWAY, None, at + 60, Normal)]
    });
    let found = said(&mut alarms(), slow.collect(), 19_000);
    assert_eq!(found.len(), 10, "{found:?}");
    let mut never = alarms();
    never.handling.load.chattering_calm = Span::ZERO;
    let found = said(&mut never, flickers(7), 9_000);
    assert_eq!(found.len(), 14, "{found:?}");
}

#[test]
fn a_flood_is_told_when_it_begins_and_when_it_ends() {
    let mut alarms = alarms();
    let many = [(LOW, 0, 0), (LOW, 1, 60), (SILENT, 0, 500), (SILENT, 1, 560)];
    let many = many.map(|(rule, tag, s)| finding(rule, Some(tag), s, Abnormal));
    // Raised at 300, 360, 620 and 680 s.
    said(&mut alarms, many.to_vec(), 1_200);
    let first = "first sanmen/chlorine-low/AIT-301/1";
    assert_eq!(floods(&mut alarms), [format!("Begun@620: 3 since 300, at most 3, {first}")]);
    let flood = alarms.flood(PLANT).expect("it goes on");
    assert_eq!((flood.alarms, flood.peak), (4, 4));
    // The last but one leaves the window of ten minutes at 1220 s; then one is left.
    said(&mut alarms, vec![], 1_220);
    assert!(floods(&mut alarms).is_empty());
    said(&mut alarms, vec![], 1_500);
    assert_eq!(floods(&mut alarms), [format!("Ended@1220: 4 since 300, at most 4, {first}")]);
    assert_eq!(alarms.flood(PLANT), None);
}

#[test]
fn a_restart_at_any_event_changes_neither_chatter_nor_floods() {
    let mut findings = flickers(7);
    findings.extend([(0, 100), (1, 130)].map(|(tag, s)| finding(LOW, Some(tag), s, Abnormal)));
    findings.extend([(0, 700), (1, 900)].map(|(tag, s)| finding(LOW, Some(tag), s, Normal)));
    findings.sort_by_key(|it| it.at);
    let play = |restart: Option<usize>| {
        let (mut alarms, mut events, mut told) = (alarms(), Vec::new(), Vec::new());
        for (n, finding) in findings.iter().enumerate() {
            alarms.apply(&mut vec![finding.clone()], &mut events);
            told.extend(alarms.told_floods());
            if restart == Some(n) {
                let json = serde_json::to_string(&alarms.checkpoint()).expect("plain values");
                alarms = self::alarms();
                alarms.resume(serde_json::from_str(&json).expect("as written"));
            }
        }
        alarms.advance(PLANT, Clock::Readings, at(9_000), &mut events);
        told.extend(alarms.told_floods());
        (events, told)
    };
    let expected = play(None);
    let changes = expected.0.iter().map(|it| it.change);
    assert_eq!(changes.filter(|it| *it == AlarmChange::Chattering).count(), 1);
    assert_eq!(expected.1.len(), 2, "a flood begins and ends");
    for n in 0..findings.len() {
        assert_eq!(play(Some(n)), expected, "restart after finding {n}");
    }
}

#[test]
fn when_a_plants_time_begins_again_its_flood_is_over_and_nothing_chatters() {
    let mut alarms = alarms();
    let mut findings = flickers(2);
    findings.extend([(0, 0), (1, 0)].map(|(tag, s)| finding(LOW, Some(tag), s, Abnormal)));
    said(&mut alarms, findings, 500);
    assert_eq!(floods(&mut alarms).len(), 1);
    alarms.begin_again(PLANT, at(0), &mut Vec::new());
    assert_eq!(floods(&mut alarms).len(), 1, "it has ended");
    let found = said(&mut alarms, vec![finding(GATEWAY, None, 10, Abnormal)], 20);
    assert_eq!(found, [format!("{GATEWAY_IS}/3 Raised@10")]);
}

/// What each event says, and what it belongs to as `first out < cause`.
fn belonging(events: &[AlarmEvent]) -> Vec<String> {
    let short = |id: &AlarmId| id.to_string().replace("sanmen/", "");
    let of = |event: &AlarmEvent| match event.group.as_deref() {
        Some(Grouped { first_out, cause: Some(cause) }) => {
            format!("{} < {}", short(first_out), short(cause))
        }
        Some(Grouped { first_out, cause: None }) => short(first_out),
        None => "alone".to_owned(),
    };
    events.iter().map(|it| format!("{} {:?}: {}", short(&it.id), it.change, of(it))).collect()
}

pub(super) fn events_of(
    alarms: &mut Alarms,
    mut findings: Vec<Finding>,
    to_s: i64,
) -> Vec<AlarmEvent> {
    let mut events = Vec::new();
    alarms.apply(&mut findings, &mut events);
    alarms.advance(PLANT, Clock::Readings, at(to_s), &mut events);
    events
}

#[test]
fn alarms_of_one_rule_belong_together_when_one_is_raised_soon_after_the_other() {
    let mut alarms = alarms();
    let soon = vec![
        finding(LOW, Some(0), 0, Abnormal),
        finding(LOW, Some(1), 1_800, Abnormal),
        finding(LOW, Some(0), 4_000, Normal),
    ];
    let wanted = [
        "chlorine-low/AIT-301/1 Raised: alone",
        "chlorine-low/PIT-401/1 Raised: chlorine-low/AIT-301/1",
        "chlorine-low/AIT-301/1 Cleared: chlorine-low/AIT-301/1",
    ];
    assert_eq!(belonging(&events_of(&mut alarms, soon, 5_000)), wanted);
    let later = vec![finding(LOW, Some(0), 6_000, Abnormal)];
    let wanted = ["chlorine-low/AIT-301/2 Raised: alone"];
    assert_eq!(belonging(&events_of(&mut alarms, later, 7_000)), wanted, "more than half an hour");
}

#[test]
fn an_alarm_comes_from_a_parent_that_stands_however_long_ago_it_was_raised() {
    let mut alarms = alarms();
    let findings =
        vec![finding(SILENT, Some(1), 0, Abnormal), finding(LOW, Some(0), 80_000, Abnormal)];
    let wanted = [
        "tag-silent/PIT-401/1 Raised: alone",
        "chlorine-low/AIT-301/1 Raised: tag-silent/PIT-401/1 < tag-silent/PIT-401/1",
    ];
    assert_eq!(belonging(&events_of(&mut alarms, findings, 90_000)), wanted);
    let listed = alarms.standing(PLANT);
    let folds = fold(&listed);
    assert_eq!(folds.len(), 1, "{folds:?}");
    assert_eq!(folds[0].lead.id.to_string(), "sanmen/tag-silent/PIT-401/1");
}

#[test]
fn a_parent_that_is_raised_after_its_children_is_their_cause_and_not_the_first_out() {
    let findings =
        vec![finding(LOW, Some(0), 0, Abnormal), finding(SILENT, Some(1), 400, Abnormal)];
    let cleared = finding(LOW, Some(0), 600, Normal);
    let events = events_of(&mut alarms(), [findings, vec![cleared]].concat(), 5_000);
    let wanted = [
        "chlorine-low/AIT-301/1 Raised: alone",
        "tag-silent/PIT-401/1 Raised: chlorine-low/AIT-301/1 < tag-silent/PIT-401/1",
        "chlorine-low/AIT-301/1 Cleared: chlorine-low/AIT-301/1 < tag-silent/PIT-401/1",
    ];
    assert_eq!(belonging(&events), wanted);
}

#[test]
fn the_silence_of_a_whole_plant_is_one_alarm_and_one_line() {
    let mut alarms = alarms();
    let findings = vec![
        finding(SILENT, Some(0), 0, Abnormal), // it fell silent before the others
        finding(GATEWAY, None, 9_000, Abnormal),
        finding(SILENT, Some(1), 9_000, Abnormal),
    ];
    let wanted = [
        "tag-silent/AIT-301/1 Raised: alone",
        "gateway-silent/plant/1 Raised: alone",
        "tag-silent/AIT-301/1 Suppressed: gateway-silent/plant/1 < gateway-silent/plant/1",
    ];
    assert_eq!(belonging(&events_of(&mut alarms, findings, 12_000)), wanted);
    let listed = alarms.standing(PLANT);
    assert_eq!(listed.len(), 3, "the silent ones are listed as suppressed");
    let folds = fold(&listed);
    let [one] = folds.as_slice() else { panic!("one line, not {folds:?}") };
    assert_eq!(one.lead.id.to_string(), format!("{GATEWAY_IS}/1"));
}
