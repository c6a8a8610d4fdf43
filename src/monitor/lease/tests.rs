//! What a listener knows who hears everything that is said.

use proptest::prelude::*;

use super::*;
use crate::alarms::event::AlarmChange;
use crate::base::problem::Source;
use crate::monitor::PlantSnapshot;

fn book() -> Book {
    let pressure = include_str!("../../../config/rules/pressure.toml");
    let tanks = include_str!("../../../config/rules/tanks.toml");
    Book::load(&[Source::new("pressure.toml", pressure), Source::new("tanks.toml", tanks)])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn at(s: i64) -> Stamp {
    Stamp::from_ms(1_733_356_800_000 + s * 1_000).expect("in range")
}

fn settings() -> LeaseSettings {
    LeaseSettings { valid: Span::seconds(90), per_second: 20, stuck_after: Span::seconds(45) }
}

fn leases(left: &[usize]) -> Leases {
    Leases::new(settings(), "run".to_owned(), left.iter().map(|tag| id(*tag)), at(0))
}

fn id(tag: usize) -> AlarmId {
    AlarmId::parse(&format!("sanmen/static-pressure-high/T-{tag}")).expect("an alarm")
}

/// An alarm that stands.
fn event(tag: usize, n: u64, state: AlarmState) -> AlarmEvent {
    AlarmEvent {
        id: AlarmId { n, ..id(tag) },
        at: at(0),
        change: AlarmChange::Raised,
        state,
        priority: Priority::Low,
        since: Some(at(0)),
        title: "Low".to_owned(),
        source: "a plan [D]".to_owned(),
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

fn snapshot(standing: Vec<AlarmEvent>) -> Snapshot {
    let plant = PlantSnapshot {
        id: PlantId::new("sanmen").expect("an id"),
        online: Some(true),
        heard_at: None,
        frontier: None,
        clock: None,
        exercise: Some("prime".to_owned()),
        signed: true,
        tags: Vec::new(),
        standing,
        shelves: Vec::new(),
        flood: None,
        counters: crate::ingest::Counters::default(),
        refused: 0,
    };
    Snapshot { plants: vec![plant], ..Snapshot::default() }
}

fn open(tags: impl IntoIterator<Item = usize>) -> Snapshot {
    snapshot(tags.into_iter().map(|tag| event(tag, 1, AlarmState::Unacknowledged)).collect())
}

fn tag(tag: Option<&TagId>) -> &str {
    tag.map_or("plant", TagId::as_str)
}

fn said(says: &[Say]) -> Vec<String> {
    let word = |say: &Say| match say {
        Say::Stands(lease) => format!("{} {}", tag(lease.alarm.tag.as_ref()), lease.alarm.state),
        Say::Ended(id) => format!("{} ended", tag(id.tag.as_ref())),
    };
    says.iter().map(word).collect()
}

#[test]
fn an_alarm_is_said_once_again_after_a_third_of_its_lease_and_ended_once() {
    let (mut leases, book) = (leases(&[]), book());
    leases.see(&open([1]), &book, at(0));
    let says = leases.turn(at(0));
    let [Say::Stands(lease)] = &says[..] else { panic!("one lease: {says:?}") };
    assert_eq!((lease.sent_at, lease.valid_until), (at(0), at(90)));
    assert_eq!((lease.alarm.title.zh.as_str(), lease.monitor.as_str()), ("末梢静水头过高", "run"));
    assert_eq!(lease.alarm.exercise.as_deref(), Some("prime"));
    let json = serde_json::to_string(lease).expect("JSON");
    assert_eq!(serde_json::from_str::<Lease>(&json).expect("as written"), **lease);
    leases.see(&open([1]), &book, at(29));
    assert_eq!(said(&leases.turn(at(29))), [""; 0]);
    assert_eq!(said(&leases.turn(at(30))), ["T-1 unacknowledged"]);
    leases.see(&open([]), &book, at(31));
    assert_eq!(said(&leases.turn(at(31))), ["T-1 ended"]);
    assert_eq!(leases.held().count(), 1, "a broker may hold it until it would have run out");
    assert_eq!(said(&leases.turn(at(120))), [""; 0]);
    assert_eq!(leases.held().count(), 0);
}

#[test]
fn an_answer_is_said_at_once_and_what_is_set_aside_is_taken_back() {
    let (mut leases, book) = (leases(&[]), book());
    let mut see = |n, state, s| {
        leases.see(&snapshot(vec![event(1, n, state)]), &book, at(s));
        said(&leases.turn(at(s)))
    };
    assert_eq!(see(1, AlarmState::Unacknowledged, 0), ["T-1 unacknowledged"]);
    assert_eq!(see(1, AlarmState::Acknowledged, 1), ["T-1 acknowledged"]);
    assert_eq!(see(1, AlarmState::Shelved, 2), ["T-1 ended"]);
    assert_eq!(see(1, AlarmState::Shelved, 3), [""; 0]);
    assert_eq!(see(1, AlarmState::Acknowledged, 4), ["T-1 acknowledged"]);
    assert_eq!(see(2, AlarmState::Acknowledged, 5), ["T-1 acknowledged"]);
}

#[test]
fn a_monitor_that_is_stuck_is_not_believed_for_ever() {
    let (mut leases, book) = (leases(&[]), book());
    leases.see(&open([1]), &book, at(0));
    leases.turn(at(0));
    assert_eq!(leases.turn(at(45)).len(), 1);
    assert_eq!(leases.turn(at(80)), []);
    leases.see(&open([1]), &book, at(200));
    assert_eq!(leases.turn(at(200)).len(), 1, "it works again");
}

#[test]
fn on_a_new_connection_everything_is_said_again_and_what_has_ended_too() {
    let (mut leases, book) = (leases(&[]), book());
    leases.see(&open([1, 2]), &book, at(0));
    leases.turn(at(0));
    leases.see(&open([2]), &book, at(1));
    leases.turn(at(1));
    leases.again();
    let again = ["T-1 ended", "T-2 unacknowledged"];
    assert_eq!(said(&leases.turn(at(2))), again);
    assert_eq!(leases.turn(at(3)), []);
}

#[test]
fn what_an_earlier_run_has_left_is_taken_back_unless_it_stands() {
    let (mut leases, book) = (leases(&[1, 2]), book());
    assert_eq!(leases.held().count(), 2);
    leases.see(&open([2, 3]), &book, at(0));
    let mut words = said(&leases.turn(at(0)));
    words.sort();
    let wanted = ["T-1 ended", "T-2 unacknowledged", "T-3 unacknowledged"];
    assert_eq!(words, wanted);
    assert_eq!(leases.turn(at(1)), []);
}

#[test]
fn the_example_of_the_page_is_a_lease_word_for_word() {
    let page = include_str!("../../docs/wire.md");
    let begin = page.find(r#"{"plant":"sanmen","rule""#).expect("an example");
    let example = page[begin..].split("```").next().expect("it ends");
    let example: String = example.lines().map(str::trim).collect();
    let lease: Lease = serde_json::from_str(&example).expect("a lease");
    assert_eq!(serde_json::to_string(&lease).expect("JSON"), example);
}

#[test]
fn the_urgent_come_first() {
    let (mut leases, book) = (leases(&[]), book());
    let mut standing: Vec<AlarmEvent> =
        (0..100).map(|tag| event(tag, 1, AlarmState::Unacknowledged)).collect();
    standing[70].priority = Priority::High;
    leases.see(&snapshot(standing), &book, at(0));
    let says = leases.turn(at(0));
    assert_eq!(says.len(), 20, "no more than is polite");
    assert_eq!(said(&says)[0], "T-70 unacknowledged");
}

/// What somebody knows who hears everything: when each lease runs out.
#[derive(Default)]
struct Listener(BTreeMap<AlarmId, Stamp>);

impl Listener {
    fn hear(&mut self, says: &[Say], now: Stamp) {
        self.0.retain(|_, until| *until > now);
        for say in says {
            match say {
                Say::Stands(lease) => self.0.insert(lease.alarm.id(), lease.valid_until),
                Say::Ended(id) => self.0.remove(id),
            };
        }
    }
}

#[test]
fn of_more_alarms_than_can_be_said_in_a_lease_none_runs_out_while_it_stands() {
    let (mut leases, book) = (leases(&[]), book());
    let mut listener = Listener::default();
    for s in 0..600 {
        if s % 5 == 0 {
            leases.see(&open(0..(s as usize * 20).clamp(100, 2_500)), &book, at(s));
        }
        let known = listener.0.len();
        listener.hear(&leases.turn(at(s)), at(s));
        assert!(listener.0.len() >= known, "one ran out at {s} s");
    }
    assert_eq!(listener.0.len(), 2_500);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever comes and goes, a listener knows what stands a moment later, nothing is said more
    /// often than is polite, and nothing outlives the monitor by more than a lease.
    #[test]
    fn a_listener_knows_what_stands(
        left in prop::collection::vec(0_usize..12, 0..4),
        steps in prop::collection::vec(
            (prop::collection::btree_set(0_usize..12, 0..8), 1_i64..60, any::<bool>()), 1..40),
    ) {
        let (mut leases, book) = (leases(&left), book());
        let known = left.iter().map(|tag| (id(*tag), at(60))).collect();
        let (mut listener, mut now) = (Listener(known), 0);
        for (tags, long, lost) in steps {
            if lost {
                leases.again();
            }
            let mut spoken = 0;
            for second in 0..long {
                leases.see(&open(tags.iter().copied()), &book, at(now + second));
                let says = leases.turn(at(now + second));
                spoken += says.len();
                listener.hear(&says, at(now + second));
                let stand: Vec<AlarmId> = tags.iter().map(|tag| id(*tag)).collect();
                let mut known: Vec<AlarmId> = listener.0.keys().cloned().collect();
                known.sort_by_key(|id| stand.iter().position(|it| it == id));
                prop_assert_eq!(known, stand);
            }
            prop_assert!(spoken as i64 <= 20 + 20 * long);
            now += long;
        }
        listener.hear(&[], at(now + 90));
        prop_assert!(listener.0.is_empty());
    }
}
