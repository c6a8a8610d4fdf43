//! The table of transitions, and what holds for every life.

use proptest::prelude::*;

use super::*;
use crate::alarms::policy::LevelPolicy;
use crate::inspection::book::NoData;

const POLICY: Policy = Policy {
    priority: Priority::High,
    on_delay: Span::seconds(60),
    off_delay: Span::seconds(30),
    latched: false,
    re_alarm: None,
    escalate: None,
    levels: [None; 2],
    rise_asks_again: true,
    calm: Span::seconds(300),
    no_data: NoData::Hold,
};

const fn verdict(verdict: Verdict, level: u8) -> Input {
    Input::Verdict { verdict, level }
}

const ABNORMAL: Input = verdict(Verdict::Abnormal, 0);
const NORMAL: Input = verdict(Verdict::Normal, 0);
const NO_DATA: Input = verdict(Verdict::NoData, 0);

fn at(s: i64) -> Stamp {
    Stamp::from_ms(s * 1_000).expect("in range")
}

/// The letter of a state in the diagram of ISA-18.2.
fn letter(state: AlarmState) -> char {
    match state {
        AlarmState::Normal => 'A',
        AlarmState::Unacknowledged => 'B',
        AlarmState::Acknowledged => 'C',
        AlarmState::ReturnedUnacknowledged => 'D',
        AlarmState::LatchedUnacknowledged => 'E',
        AlarmState::LatchedAcknowledged => 'F',
        AlarmState::Shelved => 'G',
        AlarmState::SuppressedByDesign => 'H',
        AlarmState::OutOfService => 'I',
    }
}

/// Lives through `inputs`, time first.
fn run(policy: &Policy, inputs: &[(i64, Input)]) -> (State, Vec<Change>) {
    let mut state = State::default();
    let mut all = Vec::new();
    for (s, input) in inputs {
        for input in [Input::Time, *input] {
            let (next, changes) = transition(state, input, policy, at(*s));
            state = next;
            all.extend(changes);
        }
    }
    (state, all)
}

/// Lives through `inputs`; says each change as `Raised@60→B`.
fn live(policy: Policy, inputs: &[(i64, Input)]) -> String {
    let say = |c: &Change| format!("{:?}@{}→{}", c.change, c.at.as_ms() / 1_000, letter(c.state));
    let said: Vec<String> = run(&policy, inputs).1.iter().map(say).collect();
    said.join(" ")
}

#[test]
fn an_alarm_is_raised_after_its_on_delay_and_stamped_with_that_moment() {
    assert_eq!(live(POLICY, &[(0, ABNORMAL), (60, Input::Time)]), "", "not yet past");
    assert_eq!(live(POLICY, &[(0, ABNORMAL), (61, Input::Time)]), "Raised@60→B");
    assert_eq!(live(POLICY, &[(0, ABNORMAL), (9_000, Input::Time)]), "Raised@60→B");
    assert_eq!(live(POLICY, &[(0, ABNORMAL), (60, NORMAL), (999, Input::Time)]), "");
}

#[test]
fn without_delays_it_is_raised_and_cleared_at_once() {
    let policy = Policy { on_delay: Span::ZERO, off_delay: Span::ZERO, ..POLICY };
    assert_eq!(live(policy, &[(5, ABNORMAL), (7, NORMAL)]), "Raised@5→B Cleared@7→D");
}

#[test]
fn it_clears_after_the_off_delay_and_not_when_the_condition_returns_before() {
    let up = [(0, ABNORMAL), (100, NORMAL)];
    let said = live(POLICY, &[up[0], up[1], (200, Input::Time)]);
    assert_eq!(said, "Raised@60→B Cleared@130→D");
    let said = live(POLICY, &[up[0], up[1], (129, ABNORMAL), (900, Input::Time)]);
    assert_eq!(said, "Raised@60→B");
}

#[test]
fn a_new_occurrence_must_be_acknowledged_anew() {
    let inputs = [
        (0, ABNORMAL),
        (70, Input::Acknowledge),
        (100, NORMAL),
        (200, ABNORMAL),
        (300, Input::Time),
    ];
    let said = "Raised@60→B Acknowledged@70→C Cleared@130→A Raised@260→B";
    assert_eq!(live(POLICY, &inputs), said);
}

#[test]
fn a_latched_alarm_waits_for_its_reset_and_asks_again_meanwhile() {
    let policy = Policy { latched: true, ..POLICY };
    let inputs = [
        (0, ABNORMAL),
        (100, NORMAL),
        (200, Input::Acknowledge),
        (210, ABNORMAL),
        (300, NORMAL),
        (400, Input::Acknowledge),
        (500, Input::Reset),
        (600, Input::Reset),
    ];
    let said = "Raised@60→B Cleared@130→E Acknowledged@200→F ReAlarmed@270→B Cleared@330→E \
                Acknowledged@400→F Reset@500→A";
    assert_eq!(live(policy, &inputs), said);
}

#[test]
fn what_nobody_answers_becomes_more_urgent_and_steps_down_when_somebody_does() {
    let policy = Policy { priority: Priority::Low, escalate: Some(Span::seconds(100)), ..POLICY };
    let up = [(0, ABNORMAL), (261, Input::Time), (999, Input::Time)];
    assert_eq!(live(policy, &up), "Raised@60→B Escalated@160→B Escalated@260→B");
    let levels = |inputs: &[(i64, Input)]| -> Vec<Priority> {
        let changes = run(&policy, inputs).1;
        changes.iter().map(|it| policy.priority.raised_by(it.steps)).collect()
    };
    assert_eq!(levels(&up), [Priority::Low, Priority::Medium, Priority::High]);
    let answered = [(0, ABNORMAL), (200, Input::Acknowledge), (999, Input::Time)];
    let said = live(policy, &answered);
    assert_eq!(said, "Raised@60→B Escalated@160→B Acknowledged@200→C SteppedDown@200→C");
    assert_eq!(levels(&answered).last(), Some(&Priority::Low));
    let gone = [(0, ABNORMAL), (100, NORMAL), (999, Input::Time)];
    assert_eq!(live(policy, &gone), "Raised@60→B Cleared@130→D", "it stands no longer");
    let shelf = Input::Shelve { until: at(500) };
    let aside = live(policy, &[(0, ABNORMAL), (70, shelf), (601, Input::Time)]);
    let wanted = "Raised@60→B Shelved@70→G ShelfExpired@500→B Escalated@600→B";
    assert_eq!(aside, wanted, "on the shelf nobody waits");
    let high = Policy { priority: Priority::High, ..policy };
    assert_eq!(live(high, &up), "Raised@60→B", "nothing is more urgent");
}

/// Low; medium after 20 s, until 10 s clear; high at once, until 30 s clear.
const LEVELS: Policy = Policy {
    priority: Priority::Low,
    levels: [
        Some(LevelPolicy {
            priority: Priority::Medium,
            on_delay: Span::seconds(20),
            off_delay: Span::seconds(10),
        }),
        Some(LevelPolicy {
            priority: Priority::High,
            on_delay: Span::ZERO,
            off_delay: Span::seconds(30),
        }),
    ],
    ..POLICY
};

fn level(level: u8) -> Input {
    verdict(Verdict::Abnormal, level)
}

/// As `live`, with the priority of each change: `Raised@60→B low`.
fn urgent(policy: Policy, inputs: &[(i64, Input)]) -> String {
    let say = |c: &Change| {
        let priority = policy.priority.raised_by(c.steps);
        format!("{:?}@{}→{} {priority}", c.change, c.at.as_ms() / 1_000, letter(c.state))
    };
    let said: Vec<String> = run(&policy, inputs).1.iter().map(say).collect();
    said.join(", ")
}

#[test]
fn an_alarm_rises_and_falls_between_its_levels_each_with_its_own_delays() {
    let inputs = [
        (0, ABNORMAL),
        (100, level(1)),
        (200, level(2)),
        (300, level(1)),
        (400, ABNORMAL),
        (500, NORMAL),
        (600, Input::Time),
    ];
    let wanted = "Raised@60→B low, Risen@120→B medium, Risen@200→B high, Fallen@330→B medium, \
                  Fallen@410→B low, Cleared@530→D low";
    assert_eq!(urgent(LEVELS, &inputs), wanted);
    let brief = [(0, ABNORMAL), (100, level(1)), (119, ABNORMAL), (300, Input::Time)];
    assert_eq!(urgent(LEVELS, &brief), "Raised@60→B low");
    let back = [(0, level(2)), (10, ABNORMAL), (39, level(2)), (300, Input::Time)];
    assert_eq!(urgent(LEVELS, &back), "Raised@0→B high", "the fall had not lasted");
}

#[test]
fn a_further_level_raises_the_alarm_though_its_own_on_delay_still_runs() {
    assert_eq!(urgent(LEVELS, &[(0, level(1)), (21, Input::Time)]), "Raised@20→B medium");
    let jump = [(0, ABNORMAL), (30, level(2)), (31, NORMAL), (99, Input::Time)];
    assert_eq!(urgent(LEVELS, &jump), "Raised@30→B high, Cleared@61→D high");
}

#[test]
fn a_rise_undoes_the_answer_to_less_and_a_fall_undoes_nothing() {
    let inputs = [
        (0, ABNORMAL),
        (70, Input::Acknowledge),
        (100, level(2)),
        (110, Input::Acknowledge),
        (120, ABNORMAL),
        (200, Input::Time),
    ];
    let wanted = "Raised@60→B low, Acknowledged@70→C low, Risen@100→B high, \
                  Acknowledged@110→C high, Fallen@150→C low";
    assert_eq!(urgent(LEVELS, &inputs), wanted);
    let silent = Policy { rise_asks_again: false, ..LEVELS };
    let said = urgent(silent, &inputs[..3]);
    assert_eq!(said, "Raised@60→B low, Acknowledged@70→C low, Risen@100→C high");
    let shelf = Input::Shelve { until: at(900) };
    let said = urgent(LEVELS, &[(0, ABNORMAL), (70, shelf), (100, level(2))]);
    assert_eq!(said, "Raised@60→B low, Shelved@70→G low, Risen@100→B high");
    let said = urgent(silent, &[(0, ABNORMAL), (70, shelf), (100, level(2))]);
    assert_eq!(said, "Raised@60→B low, Shelved@70→G low, Risen@100→G high");
}

#[test]
fn what_waiting_has_made_urgent_and_what_the_value_asks_for_compose() {
    let policy = Policy { escalate: Some(Span::seconds(100)), ..LEVELS };
    let inputs = [(0, ABNORMAL), (170, level(1)), (400, Input::Acknowledge)];
    let wanted = "Raised@60→B low, Escalated@160→B medium, Risen@190→B medium, \
                  Escalated@290→B high, Acknowledged@400→C high, SteppedDown@400→C medium";
    assert_eq!(urgent(policy, &inputs), wanted);
}

#[test]
fn without_data_a_level_holds_and_none_is_reached() {
    let inputs = [(0, level(2)), (10, NO_DATA), (500, NORMAL), (600, Input::Time)];
    let wanted = "Raised@0→B high, NoData@10→B high, DataBack@500→B high, Cleared@530→D high";
    assert_eq!(urgent(LEVELS, &inputs), wanted);
    let rising = [(0, ABNORMAL), (70, level(1)), (80, NO_DATA), (200, Input::Time)];
    assert_eq!(urgent(LEVELS, &rising), "Raised@60→B low, NoData@80→B low");
}

#[test]
fn a_chattering_alarm_says_nothing_more_until_it_is_calm() {
    let chatters = Input::Chatters { since: at(0), times: 4 };
    let begins = [(0, ABNORMAL), (70, chatters)];
    let often = [(80, NORMAL), (200, ABNORMAL), (210, NORMAL), (900, Input::Time)];
    let (_, changes) = run(&POLICY, &[&begins[..], &often].concat());
    let said = live(POLICY, &[&begins[..], &often].concat());
    assert_eq!(said, "Raised@60→B Chattering@70→B Calmed@510→B Cleared@510→D");
    let times = changes.iter().filter_map(|it| it.chatter).map(|it| it.times);
    assert_eq!(times.collect::<Vec<_>>(), [4, 5], "it came once more, unsaid");
    let stays = live(POLICY, &[&begins[..], &[(900, Input::Time)]].concat());
    assert_eq!(stays, "Raised@60→B Chattering@70→B Calmed@370→B", "it stands, and is calm");
}

#[test]
fn a_standing_alarm_asks_again_after_the_re_alarm_time() {
    let policy = Policy { re_alarm: Some(Span::seconds(100)), ..POLICY };
    let inputs = [(0, ABNORMAL), (200, Input::Acknowledge), (250, Input::Time), (301, NORMAL)];
    let said = "Raised@60→B ReAlarmed@160→B Acknowledged@200→C ReAlarmed@300→B";
    assert_eq!(live(policy, &inputs), said);
    let gone = live(policy, &[inputs[0], (90, NORMAL), (999, Input::Time)]);
    assert_eq!(gone, "Raised@60→B Cleared@120→D", "what has gone does not ask again");
}

#[test]
fn without_data_an_alarm_does_what_its_rule_says() {
    let inputs = [(0, ABNORMAL), (100, NO_DATA), (200, Input::Time), (300, NORMAL), (400, NORMAL)];
    let with = |no_data| live(Policy { no_data, ..POLICY }, &inputs);
    assert_eq!(with(NoData::Hold), "Raised@60→B NoData@100→B DataBack@300→B Cleared@330→D");
    assert_eq!(with(NoData::Alarm), "Raised@60→B Cleared@330→D");
    assert_eq!(with(NoData::Clear), "Raised@60→B Cleared@130→D");
    let never_up = [(0, NO_DATA), (500, NORMAL)];
    assert_eq!(live(POLICY, &never_up), "", "nothing stands, nothing is said");
    let policy = Policy { no_data: NoData::Alarm, ..POLICY };
    assert_eq!(live(policy, &never_up), "Raised@60→B");
}

#[test]
fn a_delay_does_not_run_on_while_there_is_nothing_to_judge_by() {
    let inputs = [(0, ABNORMAL), (30, NO_DATA), (100, ABNORMAL), (161, Input::Time)];
    assert_eq!(live(POLICY, &inputs), "Raised@160→B");
    let clearing = [(0, ABNORMAL), (100, NORMAL), (110, NO_DATA), (500, Input::Time)];
    assert_eq!(live(POLICY, &clearing), "Raised@60→B NoData@110→B");
}

#[test]
fn a_person_acts_on_what_is_seen_and_moves_no_time() {
    let (pending, _) = transition(State::default(), ABNORMAL, &POLICY, at(0));
    let (_, changes) = transition(pending, Input::Acknowledge, &POLICY, at(500));
    assert!(changes.is_empty(), "a reading of before 60 s may still come");
}

#[test]
fn what_begins_on_the_shelf_is_announced_when_it_comes_back() {
    let shelve = Input::Shelve { until: at(500) };
    let said = live(POLICY, &[(0, shelve), (10, ABNORMAL), (501, Input::Time)]);
    assert_eq!(said, "Shelved@0→G ShelfExpired@500→B Raised@500→B");
    let gone = live(POLICY, &[(0, shelve), (10, ABNORMAL), (200, NORMAL), (501, Input::Time)]);
    assert_eq!(gone, "Shelved@0→G ShelfExpired@500→A");
    let by_hand = live(POLICY, &[(0, ABNORMAL), (70, shelve), (90, Input::Unshelve)]);
    assert_eq!(by_hand, "Raised@60→B Shelved@70→G Unshelved@90→B");
    let ends = live(POLICY, &[(0, ABNORMAL), (70, shelve), (90, NORMAL), (501, Input::Time)]);
    assert_eq!(ends, "Raised@60→B Shelved@70→G Cleared@120→G ShelfExpired@500→D");
}

#[test]
fn a_parent_silences_its_children_and_gives_them_time_when_it_goes() {
    let during = [(0, Input::Suppress), (10, ABNORMAL), (500, Input::Unsuppress)];
    assert_eq!(live(POLICY, &[during[0], during[1], during[2], (520, NORMAL)]), "");
    let said = live(POLICY, &[during[0], during[1], during[2], (600, Input::Time)]);
    assert_eq!(said, "Raised@560→B");
    let inputs = [(0, ABNORMAL), (70, Input::Suppress), (80, Input::Unsuppress)];
    assert_eq!(live(POLICY, &inputs), "Raised@60→B Suppressed@70→H Unsuppressed@80→B");
}

#[test]
fn out_of_service_is_silent_until_it_returns() {
    let inputs = [(0, Input::RemoveFromService), (10, ABNORMAL), (500, Input::ReturnToService)];
    let said = "RemovedFromService@0→I ReturnedToService@500→B Raised@500→B";
    assert_eq!(live(POLICY, &inputs), said);
}

/// Every kind of state, by the way that leads there, at 1000 s.
fn states(policy: Policy) -> Vec<(&'static str, State)> {
    let shelve = Input::Shelve { until: at(5_000) };
    let ways: [(&'static str, Vec<(i64, Input)>); 12] = [
        ("A normal", vec![]),
        ("A pending", vec![(990, ABNORMAL)]),
        ("B raised", vec![(0, ABNORMAL)]),
        ("B clearing", vec![(0, ABNORMAL), (990, NORMAL)]),
        ("C acked", vec![(0, ABNORMAL), (100, Input::Acknowledge)]),
        ("D/E gone", vec![(0, ABNORMAL), (100, NORMAL)]),
        ("A/F gone acked", vec![(0, ABNORMAL), (100, NORMAL), (200, Input::Acknowledge)]),
        ("G normal", vec![(0, shelve)]),
        ("G raised", vec![(0, ABNORMAL), (100, shelve)]),
        ("G unsaid", vec![(0, shelve), (10, ABNORMAL)]),
        ("H raised", vec![(0, ABNORMAL), (100, Input::Suppress)]),
        ("I raised", vec![(0, ABNORMAL), (100, Input::RemoveFromService)]),
    ];
    let arrive = |mut way: Vec<(i64, Input)>| {
        way.push((1_000, Input::Time));
        run(&policy, &way).0
    };
    ways.into_iter().map(|(name, way)| (name, arrive(way))).collect()
}

/// One row per state, one column per input: the changes, and the state shown after 100 s more.
fn table(policy: Policy) -> String {
    let inputs = [
        ("abnormal", ABNORMAL),
        ("normal", NORMAL),
        ("no data", NO_DATA),
        ("ack", Input::Acknowledge),
        ("shelve", Input::Shelve { until: at(9_000) }),
        ("unshelve", Input::Unshelve),
        ("suppress", Input::Suppress),
        ("unsuppress", Input::Unsuppress),
        ("remove", Input::RemoveFromService),
        ("return", Input::ReturnToService),
        ("reset", Input::Reset),
    ];
    let mut rows = Vec::new();
    for (name, state) in states(policy) {
        for (said, input) in inputs {
            let (next, mut changes) = transition(state, input, &policy, at(1_000));
            let (last, more) = transition(next, Input::Time, &policy, at(1_100));
            changes.extend(more);
            let changes: Vec<String> = changes.iter().map(|c| format!("{:?}", c.change)).collect();
            if next == state {
                continue; // does not apply
            }
            let shown = (letter(state.shown()), letter(last.shown()));
            let changes = changes.join(", ");
            rows.push(format!("{name:15} + {said:10} {}→{} {changes}\n", shown.0, shown.1));
        }
    }
    rows.concat()
}

#[test]
fn the_table_of_transitions_is_this() {
    insta::assert_snapshot!("plain", table(POLICY));
}

#[test]
fn the_table_of_transitions_of_a_latched_alarm_is_this() {
    insta::assert_snapshot!("latched", table(Policy { latched: true, ..POLICY }));
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        4 => (0_u8..3).prop_map(|level| verdict(Verdict::Abnormal, level)),
        4 => Just(NORMAL),
        1 => Just(NO_DATA),
        2 => Just(Input::Time),
        2 => Just(Input::Acknowledge),
        1 => (0_i64..4_000).prop_map(|s| Input::Shelve { until: at(s) }),
        1 => Just(Input::Unshelve),
        1 => Just(Input::Chatters { since: at(0), times: 4 }),
        1 => Just(Input::Suppress),
        1 => Just(Input::Unsuppress),
        1 => Just(Input::RemoveFromService),
        1 => Just(Input::ReturnToService),
        1 => Just(Input::Reset),
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    let no_data = prop_oneof![Just(NoData::Hold), Just(NoData::Alarm), Just(NoData::Clear)];
    let re_alarm = prop::option::of((50_i64..500).prop_map(Span::seconds));
    let escalate = prop::option::of((50_i64..500).prop_map(Span::seconds));
    let priority = prop_oneof![Just(Priority::Low), Just(Priority::Medium), Just(Priority::High)];
    let delays = (0_i64..90, 0_i64..90);
    let flags = any::<(bool, bool, bool)>();
    let levels = prop::collection::vec((0_i64..90, 0_i64..90), 0..3);
    (delays, flags, re_alarm, escalate, priority, no_data, levels).prop_map(
        |((on, off), flags, re_alarm, escalate, priority, no_data, further)| {
            let (latched, rise_asks_again, _) = flags;
            let (on_delay, off_delay) = (Span::seconds(on), Span::seconds(off));
            let mut levels = [None; 2];
            for (n, (on, level_off)) in further.into_iter().enumerate() {
                let priority = [Priority::Medium, Priority::High][n];
                let (on_delay, off_delay) = (Span::seconds(on), Span::seconds(level_off.min(off)));
                levels[n] = Some(LevelPolicy { priority, on_delay, off_delay });
            }
            Policy {
                priority,
                levels,
                rise_asks_again,
                on_delay,
                off_delay,
                latched,
                re_alarm,
                escalate,
                calm: Span::seconds(100),
                no_data,
            }
        },
    )
}

proptest! {
    #[test]
    fn every_life_is_legal(
        policy in policy(),
        steps in prop::collection::vec((0_i64..80, input()), 1..60),
    ) {
        let mut now = 0;
        let inputs: Vec<_> = steps.iter().map(|(s, input)| { now += s; (now, *input) }).collect();
        let (state, changes) = run(&policy, &inputs);
        let mut stands = false;
        let mut raised = 0;
        for (i, change) in changes.iter().enumerate() {
            let silent = matches!(letter(change.state), 'G' | 'H' | 'I');
            match change.change {
                AlarmChange::Raised => {
                    prop_assert!(!stands, "raised twice without an end between");
                    prop_assert_eq!(letter(change.state), 'B');
                    stands = true;
                    raised += 1;
                }
                AlarmChange::Cleared => {
                    prop_assert!(stands, "cleared what did not stand");
                    let wanted: &[char] = if policy.latched { &['E', 'F'] } else { &['A', 'D'] };
                    prop_assert!(silent || wanted.contains(&letter(change.state)));
                    stands = false;
                }
                AlarmChange::ReAlarmed => {
                    prop_assert!(stands || policy.latched, "asked again without a reason");
                    prop_assert!(silent || letter(change.state) == 'B');
                    stands = true;
                }
                AlarmChange::Acknowledged => {
                    prop_assert!(matches!(letter(change.state), 'A' | 'C' | 'F'));
                }
                AlarmChange::Risen => {
                    prop_assert!(stands, "rose without standing");
                    let asks = policy.rise_asks_again;
                    prop_assert!(!asks || matches!(letter(change.state), 'B' | 'H' | 'I'));
                    prop_assert!(change.steps >= changes[i - 1].steps, "a rise to less");
                }
                AlarmChange::Fallen => prop_assert!(stands, "fell without standing"),
                AlarmChange::Reset => {
                    prop_assert!(policy.latched && matches!(letter(change.state), 'A' | 'D'));
                }
                AlarmChange::Shelved => prop_assert!(silent),
                AlarmChange::RemovedFromService => prop_assert_eq!(letter(change.state), 'I'),
                _ => {}
            }
            prop_assert!(i == 0 || changes[i - 1].at <= change.at, "time went back");
        }
        prop_assert_eq!(state.occurrence, raised);
        prop_assert!(policy.latched || stands == state.announced);
    }

    #[test]
    fn asking_more_often_changes_nothing(
        policy in policy(),
        steps in prop::collection::vec((0_i64..200, input()), 1..40),
        extra in prop::collection::vec(0_i64..8_000, 0..40),
    ) {
        let mut now = 0;
        let mut inputs: Vec<_> =
            steps.iter().map(|(s, input)| { now += s; (now, *input) }).collect();
        inputs.push((9_000, Input::Time));
        let plain = run(&policy, &inputs);
        inputs.extend(extra.iter().map(|s| (*s, Input::Time)));
        inputs.sort_by_key(|(s, _)| *s); // stable: real inputs stay before the extra ones
        prop_assert_eq!(run(&policy, &inputs), plain);
    }
}

/// A stop of supply, in seconds.
fn stop(from: i64, until: i64) -> Input {
    Input::Announce(Stop { from: at(from), until: at(until) })
}

#[test]
fn an_announced_stop_keeps_an_alarm_silent_and_what_lasts_longer_is_raised() {
    let announced = (0, stop(100, 500));
    let said = live(POLICY, &[announced, (120, ABNORMAL), (490, NORMAL), (900, Input::Time)]);
    let silent = "StopAnnounced@0→A Suppressed@180→H";
    assert_eq!(said, format!("{silent} Unsuppressed@500→A"), "the water is back in time");
    let said = live(POLICY, &[announced, (120, ABNORMAL), (300, NORMAL), (900, Input::Time)]);
    assert_eq!(said, format!("{silent} Unsuppressed@330→H"), "long before the end");
    let short = live(POLICY, &[announced, (120, ABNORMAL), (170, NORMAL), (900, Input::Time)]);
    assert_eq!(short, "StopAnnounced@0→A", "nobody would have been called");
    let said = live(POLICY, &[announced, (120, ABNORMAL), (900, Input::Time)]);
    let wanted = format!("{silent} Unsuppressed@500→A Raised@560→B");
    assert_eq!(said, wanted, "with its on-delay, from the end on");
    let early = live(POLICY, &[announced, (10, ABNORMAL), (99, Input::Time)]);
    assert_eq!(early, "StopAnnounced@0→A Raised@70→B", "it came before the stop");
    let later = live(POLICY, &[announced, (501, ABNORMAL), (900, Input::Time)]);
    assert_eq!(later, "StopAnnounced@0→A Raised@561→B");
}

#[test]
fn what_stands_is_suppressed_when_the_stop_begins_and_is_there_again_when_it_ends() {
    let standing = [(0, ABNORMAL), (70, stop(100, 500))];
    let said = live(POLICY, &[standing[0], standing[1], (501, Input::Time)]);
    assert_eq!(said, "Raised@60→B StopAnnounced@70→B Suppressed@100→H Unsuppressed@500→B");
    // Announced while the water is gone already, and taken back.
    let said = live(POLICY, &[(0, ABNORMAL), (70, stop(10, 500)), (90, Input::Withdraw)]);
    let wanted = "Raised@60→B StopAnnounced@70→B Suppressed@70→H StopWithdrawn@90→B \
                  Unsuppressed@90→B";
    assert_eq!(said, wanted);
}

#[test]
fn a_stop_that_is_over_or_turned_round_announces_nothing() {
    assert_eq!(live(POLICY, &[(100, stop(0, 100))]), "");
    assert_eq!(live(POLICY, &[(100, stop(300, 200))]), "");
    assert_eq!(live(POLICY, &[(100, Input::Withdraw)]), "");
}

#[test]
fn a_parent_alarm_that_ends_within_a_stop_lets_nothing_out() {
    let inputs = [
        (0, stop(10, 500)),
        (20, Input::Suppress),
        (30, ABNORMAL),
        (200, Input::Unsuppress),
        (499, Input::Time),
    ];
    assert_eq!(live(POLICY, &inputs), "StopAnnounced@0→A");
}
