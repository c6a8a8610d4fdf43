//! Alarms of a whole plant: parents and children, commands, lists, checkpoints.

mod crowd;

use proptest::prelude::*;

use super::command::{Action, Ask, CommandRefused, Reply};
use super::event::{AlarmState, Priority};
use super::policy::Policy;
use super::*;
use crate::inspection::book::NoData;
use crate::inspection::finding::Verdict;
use crate::inspection::handling::{Permit, Shelving};

const GATEWAY: RuleIndex = RuleIndex(0);
const SILENT: RuleIndex = RuleIndex(1);
const LOW: RuleIndex = RuleIndex(2);
const PLANT: PlantIndex = PlantIndex(0);

fn at(s: i64) -> Stamp {
    Stamp::from_ms(s * 1_000).expect("in range")
}

fn rule(id: &str, on_s: i64, off_s: i64, inhibited_by: Vec<RuleIndex>) -> AlarmRule {
    AlarmRule {
        id: RuleId::new(id).expect("an id"),
        title: format!("title of {id}"),
        card: None,
        source: "a source [D]".to_owned(),
        policy: Policy {
            levels: [None; 2],
            rise_asks_again: true,
            calm: Span::minutes(30),
            priority: Priority::Medium,
            on_delay: Span::seconds(on_s),
            off_delay: Span::seconds(off_s),
            latched: false,
            re_alarm: None,
            escalate: None,
            no_data: NoData::Hold,
        },
        clock: Clock::Readings,
        inhibited_by,
        follows: vec![],
        silent_in_stops: id == "chlorine-low",
    }
}

fn alarms() -> Alarms {
    let rules = vec![
        rule("gateway-silent", 0, 60, vec![]),
        rule("tag-silent", 120, 0, vec![GATEWAY]),
        rule("chlorine-low", 300, 60, vec![]),
    ];
    let id = |text| TagId::new(text).expect("an id");
    let plant = PlantId::new("sanmen").expect("an id");
    Alarms::new(rules, vec![(plant, vec![id("AIT-301"), id("PIT-401")])])
}

fn finding(rule: RuleIndex, tag: Option<usize>, s: i64, verdict: Verdict) -> Finding {
    let watch = Watch { rule, plant: PLANT, tag: tag.map(TagIndex) };
    let why = Why { text: format!("{verdict:?} at {s} s"), ..Why::default() };
    Finding { watch, at: at(s), verdict, level: 0, why }
}

/// Applies findings in one go and lets time pass; says each event as `id Change@s`.
fn said(alarms: &mut Alarms, findings: Vec<Finding>, to_s: i64) -> Vec<String> {
    crowd::events_of(alarms, findings, to_s).iter().map(say).collect()
}

fn say(event: &AlarmEvent) -> String {
    format!("{} {:?}@{}", event.id, event.change, event.at.as_ms() / 1_000)
}

/// The same, with what each belongs to.
fn said_in_full(alarms: &mut Alarms, findings: Vec<Finding>, to_s: i64) -> Vec<String> {
    let events = crowd::events_of(alarms, findings, to_s);
    events.iter().map(|event| format!("{} {:?}", say(event), event.group)).collect()
}

fn command(id: &str, n: u64, s: i64, action: Action) -> Command {
    let (rule, tag) = id.split_once('/').expect("rule/tag");
    let alarm = AlarmId {
        plant: PlantId::new("sanmen").expect("an id"),
        rule: RuleId::new(rule).expect("an id"),
        tag: (tag != "plant").then(|| TagId::new(tag).expect("an id")),
        n,
    };
    let by = By { name: "Li".to_owned(), reason: "seen".to_owned() };
    Ask { alarm, action, by }.at(at(s))
}

use Verdict::{Abnormal, Normal};

#[test]
fn who_shelves_for_how_long_how_many_and_why_is_limited() {
    let permit = |by: &[&str], reasons: &[&str]| Permit {
        by: by.iter().map(ToString::to_string).collect(),
        reasons: reasons.iter().map(ToString::to_string).collect(),
    };
    let refused = |handling: Handling, action, reason: &str| {
        let mut alarms = alarms().with_handling(handling);
        let mut first = command("chlorine-low/PIT-401", 0, 0, Action::Shelve(Span::MINUTE));
        first.ask.by.name = "Wang".to_owned();
        alarms.command(&first);
        let mut command = command("chlorine-low/AIT-301", 0, 1, action);
        reason.clone_into(&mut command.ask.by.reason);
        let (reply, events) = alarms.command(&command);
        assert_eq!(events.is_empty(), reply.refused().is_some());
        reply.refused().map(ToString::to_string)
    };
    let shelving =
        Shelving { longest: Span::HOUR, at_most: 2, permit: permit(&["Li", "Wang"], &[]) };
    let usual = || Handling { shelving: shelving.clone(), ..Handling::default() };
    let hour = Action::Shelve(Span::HOUR);
    assert_eq!(refused(usual(), hour, "noise"), None);
    let said = refused(usual(), Action::Shelve(Span::minutes(61)), "noise");
    assert_eq!(said.as_deref(), Some("alarms are shelved for 1 h at most"));
    let said = refused(usual(), hour, " ");
    assert_eq!(
        said.as_deref(),
        Some("sanmen/chlorine-low/AIT-301 is set aside with a reason only")
    );
    let with = |shelving| Handling { shelving, ..Handling::default() };
    let full = with(Shelving { at_most: 1, ..shelving.clone() });
    let text = "1 alarms of sanmen are shelved, which is as many as may be";
    assert_eq!(refused(full, hour, "noise").as_deref(), Some(text));
    let other = with(Shelving { permit: permit(&["Wang"], &[]), ..shelving.clone() });
    let text = "Li may not do this; Wang may";
    assert_eq!(refused(other, hour, "noise").as_deref(), Some(text));
    let listed = permit(&[], &["maintenance", "known fault"]);
    let out = Handling { out_of_service: listed, ..Handling::default() };
    assert_eq!(refused(out.clone(), Action::RemoveFromService, "known fault: a wire"), None);
    let text = "\"noise\" is no reason here; say one of: maintenance, known fault";
    assert_eq!(refused(out.clone(), Action::RemoveFromService, "noise").as_deref(), Some(text));
    assert_eq!(refused(out, hour, "noise"), None, "the shelf has a list of its own");
}

#[test]
fn an_event_says_what_where_when_and_why() {
    let mut alarms = alarms();
    let mut events = Vec::new();
    alarms.apply(&mut vec![finding(LOW, Some(0), 100, Abnormal)], &mut events);
    alarms.advance(PLANT, Clock::Readings, at(1_000), &mut events);
    let [event] = events.as_slice() else { panic!("one event, not {events:?}") };
    assert_eq!(event.id.to_string(), "sanmen/chlorine-low/AIT-301/1");
    assert_eq!((event.at, event.since), (at(400), Some(at(100))));
    assert_eq!((event.change, event.state), (AlarmChange::Raised, AlarmState::Unacknowledged));
    assert_eq!(
        (event.title.as_str(), event.source.as_str()),
        ("title of chlorine-low", "a source [D]")
    );
    assert_eq!(event.why.text, "Abnormal at 100 s");
}

#[test]
fn a_silent_gateway_speaks_for_its_instruments() {
    let findings = vec![
        finding(SILENT, Some(0), 590, Abnormal),
        finding(SILENT, Some(1), 600, Abnormal),
        finding(GATEWAY, None, 600, Abnormal),
    ];
    let mut alarms = alarms();
    assert_eq!(said(&mut alarms, findings, 5_000), ["sanmen/gateway-silent/plant/1 Raised@600"]);
    assert_eq!(alarms.standing(PLANT).len(), 3, "the silent ones are listed as suppressed");
    let back = vec![finding(GATEWAY, None, 5_000, Normal), finding(SILENT, Some(0), 5_000, Normal)];
    // AIT-301 is back; PIT-401 stays silent, and says so its own on-delay after the parent went.
    let wanted =
        ["sanmen/gateway-silent/plant/1 Cleared@5060", "sanmen/tag-silent/PIT-401/1 Raised@5180"];
    assert_eq!(said(&mut alarms, back, 9_000), wanted);
}

#[test]
fn an_instrument_that_stood_silent_before_is_suppressed_and_comes_back() {
    let findings =
        vec![finding(SILENT, Some(0), 0, Abnormal), finding(GATEWAY, None, 200, Abnormal)];
    let wanted = [
        "sanmen/tag-silent/AIT-301/1 Raised@120",
        "sanmen/gateway-silent/plant/1 Raised@200",
        "sanmen/tag-silent/AIT-301/1 Suppressed@200",
    ];
    let mut alarms = alarms();
    assert_eq!(said(&mut alarms, findings, 300), wanted);
    let wanted = [
        "sanmen/gateway-silent/plant/1 Cleared@460",
        "sanmen/tag-silent/AIT-301/1 Unsuppressed@460",
    ];
    assert_eq!(said(&mut alarms, vec![finding(GATEWAY, None, 400, Normal)], 999), wanted);
}

#[test]
fn other_rules_are_not_suppressed() {
    let findings = vec![finding(GATEWAY, None, 0, Abnormal), finding(LOW, Some(0), 10, Abnormal)];
    let said = said(&mut alarms(), findings, 999);
    assert_eq!(said.last().map(String::as_str), Some("sanmen/chlorine-low/AIT-301/1 Raised@310"));
}

#[test]
fn an_acknowledgement_answers_its_own_occurrence_only() {
    let mut alarms = alarms();
    said(&mut alarms, vec![finding(LOW, Some(0), 0, Abnormal)], 999);
    let ack = |n, s| command("chlorine-low/AIT-301", n, s, Action::Acknowledge);
    let (reply, events) = alarms.command(&ack(1, 1_000));
    assert_eq!(reply, Reply::Done { state: AlarmState::Acknowledged });
    assert_eq!(say(&events[0]), "sanmen/chlorine-low/AIT-301/1 Acknowledged@1000");
    assert_eq!(events[0].by.as_ref().map(|by| by.name.as_str()), Some("Li"));
    let again = alarms.command(&ack(1, 1_001));
    assert_eq!(again, (Reply::Already { state: AlarmState::Acknowledged }, vec![]));
    let findings =
        vec![finding(LOW, Some(0), 1_100, Normal), finding(LOW, Some(0), 1_200, Abnormal)];
    said(&mut alarms, findings, 2_000);
    let text = "sanmen/chlorine-low/AIT-301/1 is not the present occurrence, which is 2";
    assert_eq!(refusal(&mut alarms, &ack(1, 2_000)), text);
    assert!(matches!(alarms.command(&ack(2, 2_000)).0, Reply::Done { .. }));
}

/// Why a command is refused; it changes nothing.
fn refusal(alarms: &mut Alarms, command: &Command) -> String {
    let before = alarms.checkpoint();
    let (reply, events) = alarms.command(command);
    assert!(events.is_empty() && alarms.checkpoint() == before, "{command:?}");
    reply.refused().map_or_else(|| format!("{reply:?}"), ToString::to_string)
}

#[test]
fn a_command_that_cannot_be_is_refused_with_its_reason() {
    let mut alarms = alarms();
    for id in ["chlorine-low/AIT-999", "no-such-rule/AIT-301"] {
        let refused = alarms.command(&command(id, 1, 0, Action::Acknowledge)).0;
        assert!(matches!(refused, Reply::Refused(CommandRefused::NoSuchAlarm { .. })), "{id}");
    }
    let never = command("chlorine-low/AIT-301", 1, 0, Action::Acknowledge);
    let text = "sanmen/chlorine-low/AIT-301/1 has never been raised";
    assert_eq!(refusal(&mut alarms, &never), text);
    said(&mut alarms, vec![finding(LOW, Some(0), 0, Abnormal)], 999);
    let reset = command("chlorine-low/AIT-301", 1, 999, Action::Reset);
    let text = "sanmen/chlorine-low/AIT-301/1 is unacknowledged, which does not allow this";
    assert_eq!(refusal(&mut alarms, &reset), text);
}

#[test]
fn asking_twice_for_the_same_does_it_once() {
    for action in [Action::Unshelve, Action::ReturnToService] {
        let (reply, events) = alarms().command(&command("chlorine-low/AIT-301", 0, 0, action));
        assert_eq!(reply, Reply::Already { state: AlarmState::Normal });
        assert_eq!(events, []);
    }
    let mut alarms = alarms();
    let remove = command("chlorine-low/AIT-301", 0, 0, Action::RemoveFromService);
    assert_eq!(alarms.command(&remove).1.len(), 1);
    let again = alarms.command(&remove);
    assert_eq!(again, (Reply::Already { state: AlarmState::OutOfService }, vec![]));
    // What warns of nothing any more is to be seen, however normal it was.
    let listed: Vec<_> = alarms.standing(PLANT).iter().map(|it| it.state).collect();
    assert_eq!(listed, [AlarmState::OutOfService]);
}

#[test]
fn an_alarm_is_named_as_the_list_names_it() {
    let id = AlarmId::parse("sanmen/chlorine-low/AIT-301/3").expect("a name");
    assert_eq!(id.to_string(), "sanmen/chlorine-low/AIT-301/3");
    let plant = AlarmId::parse("sanmen/gateway-silent/plant").expect("a name");
    assert_eq!((plant.tag, plant.n), (None, 0));
    for bad in ["", "sanmen", "a/b", "a/b/c/0", "a/b/c/x", "a/b/c/1/2", "水/b/c"] {
        assert!(AlarmId::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_is_on_the_shelf_is_listed_and_comes_back_by_itself() {
    let mut alarms = alarms();
    let shelve = command("chlorine-low/AIT-301", 0, 0, Action::Shelve(Span::seconds(600)));
    assert!(matches!(alarms.command(&shelve).0, Reply::Done { .. }), "a normal one may be shelved");
    let listed: Vec<_> =
        alarms.standing(PLANT).iter().map(|it| (it.state, it.change, it.at)).collect();
    assert_eq!(listed, [(AlarmState::Shelved, AlarmChange::Shelved, at(0))], "never raised");
    let wanted = [
        "sanmen/chlorine-low/AIT-301 ShelfExpired@600",
        "sanmen/chlorine-low/AIT-301/1 Raised@600",
    ];
    let found = said(&mut alarms, vec![finding(LOW, Some(0), 10, Abnormal)], 999);
    assert_eq!(found, wanted);
}

#[test]
fn what_is_found_behind_event_time_is_said_no_earlier_than_what_was_said_before() {
    let mut alarms = alarms();
    let findings =
        vec![finding(SILENT, Some(0), 0, Abnormal), finding(GATEWAY, None, 200, Abnormal)];
    assert_eq!(said(&mut alarms, findings, 400).last().map(String::as_str), Some(SUPPRESSED));
    // AIT-301 has a slow clock: what it says now was so before the gateway fell silent.
    let found = said(&mut alarms, vec![finding(SILENT, Some(0), 150, Normal)], 400);
    assert_eq!(found, ["sanmen/tag-silent/AIT-301/1 Cleared@200"]);
    let found = said(&mut alarms, vec![finding(SILENT, Some(0), 160, Abnormal)], 500);
    assert_eq!(found, Vec::<String>::new(), "the gateway still speaks for it");
}

const SUPPRESSED: &str = "sanmen/tag-silent/AIT-301/1 Suppressed@200";

fn any_finding() -> impl Strategy<Value = (usize, Verdict)> {
    let verdict = prop_oneof![Just(Abnormal), Just(Normal), Just(Verdict::NoData)];
    (0_usize..5, verdict)
}

fn one_of_five(which: usize, s: i64, verdict: Verdict) -> Finding {
    let all =
        [(GATEWAY, None), (SILENT, Some(0)), (SILENT, Some(1)), (LOW, Some(0)), (LOW, Some(1))];
    let (rule, tag) = all[which];
    finding(rule, tag, s, verdict)
}

proptest! {
    /// Findings that come up to five minutes behind their time.
    #[test]
    fn stamps_of_one_alarm_never_go_back(
        steps in prop::collection::vec((1_i64..200, 0_i64..300, any_finding()), 1..60),
    ) {
        let mut alarms = alarms();
        let (mut now, mut events) = (300, Vec::new());
        for (s, behind, (which, verdict)) in steps {
            now += s;
            let mut found = vec![one_of_five(which, now - behind, verdict)];
            alarms.apply(&mut found, &mut events);
            alarms.advance(PLANT, Clock::Readings, at(now), &mut events);
        }
        let mut last: BTreeMap<_, Stamp> = BTreeMap::new();
        let all = events.iter().map(say).collect::<Vec<_>>().join(", ");
        for event in &events {
            let before = last.insert((event.id.rule.clone(), event.id.tag.clone()), event.at);
            prop_assert!(before <= Some(event.at), "{all}");
        }
    }

    /// Random lives of the gateway and four instruments' rules.
    #[test]
    fn asking_more_often_or_restarting_changes_nothing(
        steps in prop::collection::vec((1_i64..200, any_finding()), 1..40),
        asked in prop::collection::vec(0_i64..8_000, 0..40),
        restart in 0_usize..40,
    ) {
        let mut now = 0;
        let findings: Vec<Finding> = steps.iter().map(|(s, (which, verdict))| {
            now += s;
            one_of_five(*which, now, *verdict)
        }).collect();
        let mut plain = crowd::alarms();
        let mut expected = said_in_full(&mut plain, findings.clone(), 9_000);
        let mut other = crowd::alarms();
        let (mut found, mut floods) = (Vec::new(), Vec::new());
        let (mut asked, mut done) = (asked.clone(), 0);
        asked.sort_unstable();
        for (n, finding) in findings.into_iter().enumerate() {
            while let Some(s) = asked.get(done).filter(|s| at(**s) <= finding.at) {
                found.extend(said_in_full(&mut other, Vec::new(), *s));
                done += 1;
            }
            let to = finding.at.as_ms() / 1_000;
            found.extend(said_in_full(&mut other, vec![finding], to));
            if n == restart {
                let json = serde_json::to_string(&other.checkpoint()).expect("plain values");
                floods.extend(other.told_floods());
                other = crowd::alarms();
                other.resume(serde_json::from_str(&json).expect("as written"));
            }
        }
        found.extend(said_in_full(&mut other, Vec::new(), 9_000));
        floods.extend(other.told_floods());
        expected.extend(plain.told_floods().map(|it| format!("{it:?}")));
        found.extend(floods.iter().map(|it| format!("{it:?}")));
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn a_stop_is_announced_to_alarms_that_it_explains_with_a_reason_and_outlives_a_restart() {
    let mut alarms = alarms();
    let stop = stop::Stop { from: at(100), until: at(5_000) };
    let (reply, _) = alarms.command(&command("tag-silent/AIT-301", 0, 0, Action::Announce(stop)));
    assert!(matches!(reply, Reply::Refused(CommandRefused::NoMatterOfStops { .. })), "{reply:?}");
    let announce = |stop| command("chlorine-low/AIT-301", 0, 0, Action::Announce(stop));
    let turned = stop::Stop { from: at(200), until: at(100) };
    let (reply, _) = alarms.command(&announce(turned));
    assert!(matches!(reply, Reply::Refused(CommandRefused::NoStop { .. })), "{reply:?}");
    let mut without = announce(stop);
    without.ask.by.reason.clear();
    let (reply, _) = alarms.command(&without);
    assert!(matches!(reply, Reply::Refused(CommandRefused::NoReason { .. })), "{reply:?}");
    let (reply, events) = alarms.command(&announce(stop));
    assert!(matches!(reply, Reply::Done { .. }), "{reply:?}");
    assert_eq!(events[0].stop.as_deref(), Some(&stop));
    assert!(matches!(alarms.command(&announce(stop)).0, Reply::Already { .. }));

    let json = serde_json::to_string(&alarms.checkpoint()).expect("plain");
    let mut again = self::alarms();
    again.resume(serde_json::from_str(&json).expect("ours"));
    let [(alarm, announced)] = &again.announced(PLANT)[..] else { panic!("one") };
    assert_eq!((alarm.to_string().as_str(), announced.stop), ("sanmen/chlorine-low/AIT-301", stop));
    assert_eq!((announced.by.reason.as_str(), announced.has_begun), ("seen", false));
    let low = vec![finding(LOW, Some(0), 200, Abnormal)];
    let hushed = ["sanmen/chlorine-low/AIT-301 Suppressed@500"];
    assert_eq!(said(&mut again, low, 4_999), hushed, "it is on record, and nobody is called");
    let after = [
        "sanmen/chlorine-low/AIT-301 Unsuppressed@5000",
        "sanmen/chlorine-low/AIT-301/1 Raised@5300",
    ];
    assert_eq!(said(&mut again, vec![], 6_000), after);
    assert_eq!(again.announced(PLANT), []);
}
