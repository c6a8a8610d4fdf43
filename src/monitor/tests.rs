//! The monitor as a whole, from MQTT messages to alarms, by the project's own rules.

use proptest::prelude::*;

use super::*;
use crate::alarms::command::{Action, Ask};
use crate::alarms::event::{AlarmChange, AlarmId, AlarmState, By};
use crate::base::problem::Source;
use crate::base::units::Quantity;
use crate::base::{Flag, RuleId, Span, TagId};
use crate::ingest::observation::IngestChange;
use crate::inspection::finding::Verdict;
use crate::plant::sample;
use crate::plant::tags::{SamplingPoint, TagIndex};
use crate::telemetry::wire::{Birth, Body, Clock, Column, Envelope, Message, TagBirth};

mod laboratory;

/// Chlorine of finished water, and pressure at a tap; both once a minute.
const CHLORINE: usize = 0;

fn book() -> Book {
    let files = [
        ("gb5749-2022.toml", include_str!("../../config/rules/gb5749-2022.toml")),
        ("laboratory.toml", include_str!("../../config/rules/laboratory.toml")),
        ("pressure.toml", include_str!("../../config/rules/pressure.toml")),
        ("tanks.toml", include_str!("../../config/rules/tanks.toml")),
        ("signal-quality.toml", include_str!("../../config/rules/signal-quality.toml")),
        ("plausibility.toml", include_str!("../../config/rules/plausibility.toml")),
        ("rounds.toml", include_str!("../../config/rules/rounds.toml")),
    ];
    let sources: Vec<_> = files.iter().map(|(name, text)| Source::new(*name, *text)).collect();
    Book::load(&sources).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn plant() -> Plant {
    let mut plant = sample::plant();
    for instrument in &mut plant.instruments {
        let tag = Arc::make_mut(&mut instrument.tag);
        tag.point = match tag.quantity {
            Quantity::FreeChlorine => SamplingPoint::FinishedWater,
            _ => SamplingPoint::TapWater,
        };
        tag.storeys = (tag.quantity == Quantity::Pressure).then_some(2);
    }
    plant
}

fn lateness() -> Span {
    Span::minutes(20)
}

fn monitor(plant: &Arc<Plant>, book: &Book) -> Monitor {
    let bounds = Bounds { lateness: lateness(), ..Bounds::default() };
    Monitor::new(vec![Arc::clone(plant)], book.clone(), MonitorSettings { bounds })
}

/// 2024-12-05 08:00 local time, and so many seconds.
fn at_s(s: i64) -> Stamp {
    Stamp::from_ms((1_733_356_800 + s) * 1_000).expect("in range")
}

fn at(min: i64) -> Stamp {
    at_s(min * 60)
}

fn arrival(plant: &Plant, seq: u64, sent_at: Stamp, received_at: Stamp, body: Body) -> Input {
    let kind = body.kind().name();
    let envelope = Envelope { plant: plant.id.clone(), boot_id: 1, seq, sent_at, exercise: None };
    let topic = format!("sanmen/v1/k7/{}/{kind}", plant.id);
    let payload = Message { envelope, body }.encode();
    Input::arrival(topic, &payload, received_at)
}

fn birth(plant: &Plant) -> Input {
    let tag = |tag: &Tag| TagBirth {
        tag: tag.id.clone(),
        quantity: tag.quantity,
        unit: tag.quantity.unit().to_owned(),
        range: tag.range,
        poll_ms: tag.poll,
    };
    let tags = plant.instruments.iter().map(|instrument| tag(&instrument.tag)).collect();
    arrival(plant, 0, at(0), at(0), Body::Birth(Birth { tags }))
}

/// The readings of the minutes `from..to`; no column for a tag that is silent all the time.
fn columns(plant: &Plant, minutes: std::ops::Range<i64>, life: &Life) -> Vec<Column> {
    let mut columns = Vec::new();
    for (tag, instrument) in plant.instruments.iter().enumerate() {
        let read = minutes.clone().filter_map(|min| Some((at(min), life.value(tag, min)?)));
        let (at, value): (Vec<_>, Vec<_>) = read.map(|(at, value)| (at, Some(value))).unzip();
        if !at.is_empty() {
            let flag = vec![Flag::Good; at.len()];
            columns.push(Column { tag: instrument.tag.id.clone(), at, value, flag });
        }
    }
    columns
}

/// What happens to the plant: `(tag, from, minutes)`; tag 2 stands for both.
#[derive(Debug, Clone, Default)]
struct Life {
    lows: Vec<(usize, i64, i64)>,
    silences: Vec<(usize, i64, i64)>,
}

impl Life {
    fn value(&self, tag: usize, min: i64) -> Option<f64> {
        let hit = |list: &[(usize, i64, i64)]| {
            let here = |&(which, from, long): &(usize, i64, i64)| {
                (which == tag || which == 2) && (from..from + long).contains(&min)
            };
            list.iter().any(here)
        };
        let ripple = ((min * 7 + tag as i64) % 11) as f64 / 1_000.0;
        let sound = if tag == CHLORINE { 0.6 } else { 250.0 } * (1.0 + ripple);
        let value = if hit(&self.lows) { sound / 10.0 } else { sound };
        (!hit(&self.silences)).then_some(value)
    }
}

/// One message per batch of so many minutes, each with its delay in seconds on the way.
fn messages(plant: &Plant, life: &Life, sizes: &[i64], delays: &[i64]) -> Vec<(Stamp, Input)> {
    let mut arrivals = vec![(at(0), birth(plant))];
    let mut from = 1;
    for (n, (size, delay)) in sizes.iter().cycle().zip(delays.iter().cycle()).enumerate() {
        let to = (from + size).min(END + 1);
        let sent_at = at(to - 1);
        let received_at = sent_at + Span::seconds(*delay);
        let body = Body::Data(columns(plant, from..to, life));
        arrivals.push((received_at, arrival(plant, n as u64 + 1, sent_at, received_at, body)));
        from = to;
        if from > END {
            break;
        }
    }
    arrivals
}

/// The last minute of every run.
const END: i64 = 300;

/// Everything that a run hears, in the order of its arrival.
fn inputs(mut arrivals: Vec<(Stamp, Input)>, ticks: &[i64]) -> Vec<Input> {
    let ticks = ticks.iter().map(|s| (at_s(*s), Input::Tick { now: at_s(*s) }));
    arrivals.extend(ticks);
    let end = at(END) + lateness() * 2;
    arrivals.push((end, Input::Tick { now: end }));
    arrivals.sort_by_key(|(at, _)| *at);
    arrivals.into_iter().map(|(_, input)| input).collect()
}

fn alarms(outcomes: &[Outcome]) -> Vec<AlarmEvent> {
    let outputs = outcomes.iter().flat_map(|outcome| &outcome.outputs);
    let alarm = |output: &Output| match output {
        Output::Alarm(event) => Some(event.clone()),
        Output::Ingest(_)
        | Output::Ticket(_)
        | Output::Lab(_)
        | Output::Quality(_)
        | Output::Flood(_) => None,
    };
    outputs.filter_map(alarm).collect()
}

fn run(monitor: &mut Monitor, inputs: &[Input]) -> Vec<Outcome> {
    inputs.iter().map(|input| monitor.accept(input)).collect()
}

fn said(events: &[AlarmEvent]) -> Vec<String> {
    let minute = |at: Stamp| (at - self::at(0)).as_ms() as f64 / 60_000.0;
    events.iter().map(|e| format!("{} {:?} {}", e.id, e.change, minute(e.at))).collect()
}

#[test]
fn a_sound_plant_raises_nothing() {
    let (plant, book) = (Arc::new(plant()), book());
    let mut monitor = monitor(&plant, &book);
    let arrivals = messages(&plant, &Life::default(), &[1], &[0]);
    let outcomes: Vec<_> = arrivals.iter().map(|(_, input)| monitor.accept(input)).collect();
    assert_eq!(said(&alarms(&outcomes)), Vec::<String>::new());
    let readings: usize = outcomes.iter().map(|outcome| outcome.observations.len()).sum();
    assert_eq!((readings, monitor.snapshot().readings()), (600, 600));
}

#[test]
fn low_chlorine_is_raised_after_its_on_delay_with_its_source_and_values() {
    let (plant, book) = (Arc::new(plant()), book());
    let mut monitor = monitor(&plant, &book);
    let life = Life { lows: vec![(CHLORINE, 100, 1_000)], ..Life::default() };
    let arrivals = messages(&plant, &life, &[1], &[0]);
    let outcomes: Vec<_> = arrivals.iter().map(|(_, input)| monitor.accept(input)).collect();
    let events = alarms(&outcomes);
    let rule = &book.rules()[book.index("finished-chlorine-low").expect("a rule of ours").0];
    let low = events.iter().find(|event| event.id.rule == rule.id).expect("it is low");
    assert_eq!(low.id.to_string(), "small/finished-chlorine-low/AIT-1/1");
    // The first low reading is a jump that nothing else shows: doubtful, and not judged.
    assert_eq!(low.at, at(101) + rule.on_delay);
    assert_eq!(low.since, Some(at(101)));
    assert!(low.source.contains("GB 5749-2022"), "{}", low.source);
    assert!(low.why.text.starts_with("free chlorine at AIT-1 is 0.06 mg/L"), "{}", low.why.text);
    let snapshot = monitor.snapshot();
    let tag = &snapshot.plants[0].tags[CHLORINE];
    assert_eq!(tag.verdict, Some(Verdict::Abnormal));
    assert_eq!((tag.trend.len(), tag.latest.map(|it| it.observed_at)), (60, Some(at(END))));
    let standing = snapshot.plants[0].standing.iter().filter(|event| event.id.rule == rule.id);
    let states: Vec<AlarmState> = standing.map(|event| event.state).collect();
    assert_eq!(states, [AlarmState::Unacknowledged]);
}

#[test]
fn a_silent_plant_is_one_alarm_and_its_time_goes_on_with_the_ticks() {
    let (plant, book) = (Arc::new(plant()), book());
    let mut monitor = monitor(&plant, &book);
    let life = Life { silences: vec![(2, 100, 1_000)], ..Life::default() };
    let arrivals = messages(&plant, &life, &[1], &[0]);
    for (_, input) in arrivals.iter().take(100) {
        monitor.accept(input);
    }
    let silent = monitor.accept(&Input::Tick { now: at(109) + lateness() });
    assert_eq!(said(&alarms(&[silent])), Vec::<String>::new());
    let silent = monitor.accept(&Input::Tick { now: at(110) + lateness() });
    assert_eq!(said(&alarms(&[silent])), ["small/gateway-silent/plant/1 Raised 109"]);
}

#[test]
fn a_goodbye_raises_the_alarm_at_its_own_time() {
    let (plant, book) = (Arc::new(plant()), book());
    let mut monitor = monitor(&plant, &book);
    run(&mut monitor, &inputs(messages(&plant, &Life::default(), &[1], &[0]), &[])[..50]);
    let goodbye = monitor.accept(&arrival(&plant, 50, at(50), at(50), Body::Death));
    assert!(matches!(
        goodbye.outputs.as_slice(),
        [Output::Ingest(IngestEvent { what: IngestChange::Offline { boot_id: 1 }, .. })]
    ));
    assert_eq!(monitor.snapshot().plants[0].online, Some(false));
    let later = monitor.accept(&Input::Tick { now: at(51) + lateness() });
    assert_eq!(said(&alarms(&[later])), ["small/gateway-silent/plant/1 Raised 50"]);
}

#[test]
fn a_person_answers_and_the_answer_is_recorded() {
    let (plant, book) = (Arc::new(plant()), book());
    let mut monitor = monitor(&plant, &book);
    let life = Life { lows: vec![(CHLORINE, 100, 1_000)], ..Life::default() };
    run(&mut monitor, &inputs(messages(&plant, &life, &[1], &[0]), &[]));
    let alarm = |n| AlarmId {
        plant: plant.id.clone(),
        rule: RuleId::new("finished-chlorine-low").expect("an id"),
        tag: Some(TagId::new("AIT-1").expect("an id")),
        n,
    };
    let by = By { name: "Li".to_owned(), reason: "on my way".to_owned() };
    let command = |n| {
        let (alarm, by) = (alarm(n), by.clone());
        Input::Command(Ask { alarm, action: Action::Acknowledge, by }.at(at(400)))
    };
    let outcome = monitor.accept(&command(1));
    let events = alarms(std::slice::from_ref(&outcome));
    assert_eq!(events[0].change, AlarmChange::Acknowledged);
    assert_eq!(events[0].by.as_ref(), Some(&by));
    let refused = |outcome: Outcome| {
        assert!(outcome.outputs.is_empty());
        outcome.reply.and_then(|reply| reply.refused().map(ToString::to_string))
    };
    assert_eq!(refused(monitor.accept(&command(1))), None, "it is done already");
    let text = "small/finished-chlorine-low/AIT-1/2 is not the present occurrence, which is 1";
    assert_eq!(refused(monitor.accept(&command(2))).as_deref(), Some(text));
    let elsewhere = AlarmId { rule: RuleId::new("tap-chlorine-low").expect("an id"), ..alarm(0) };
    let shelve = Action::Shelve(Span::HOUR);
    let shelve = Ask { alarm: elsewhere, action: shelve, by: by.clone() }.at(at(401));
    let text = "there is no alarm small/tap-chlorine-low/AIT-1";
    assert_eq!(refused(monitor.accept(&Input::Command(shelve))).as_deref(), Some(text));
}

#[test]
fn the_clock_of_an_accelerated_plant_is_shown() {
    let (plant, book) = (Arc::new(plant()), book());
    let mut monitor = monitor(&plant, &book);
    let clock = Clock { sim: at(0), wall: at(9_000), speed: 600.0 };
    monitor.accept(&birth(&plant));
    monitor.accept(&arrival(&plant, 1, at(0), at(0), Body::Clock(clock)));
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.plants[0].clock, Some(clock));
    assert_eq!(snapshot.plants[0].online, Some(true));
}

/// The day of `messages`, as boot `boot_id` of an exercise.
fn exercise_day(plant: &Plant, life: &Life, boot_id: u64) -> Vec<Input> {
    let mark = |(at, input)| match input {
        Input::Arrival { topic, payload, received_at, .. } => {
            let text = String::from_utf8(payload).expect("JSON");
            let text = text.replacen("\"boot_id\":1,", &format!("\"boot_id\":{boot_id},"), 1);
            let payload = text.replacen("\"exercise\":null", "\"exercise\":\"e\"", 1).into_bytes();
            (at, Input::arrival(topic, &payload, received_at))
        }
        other => (at, other),
    };
    inputs(messages(plant, life, &[1], &[0]).into_iter().map(mark).collect(), &[])
}

#[test]
fn an_exercise_that_begins_again_is_watched_afresh() {
    let (plant, book) = (Arc::new(plant()), book());
    let life = Life { lows: vec![(CHLORINE, 100, END)], silences: vec![] };
    let mut monitor = monitor(&plant, &book);
    let first = said(&alarms(&run(&mut monitor, &exercise_day(&plant, &life, 1))));
    let again = run(&mut monitor, &exercise_day(&plant, &life, 2));
    let raised = |said: &[String]| -> Vec<String> {
        let raised = said.iter().filter(|line| line.contains("Raised"));
        raised.map(|line| line.replace("/1 Raised", "/2 Raised")).collect()
    };
    let second = said(&alarms(&again));
    assert!(!raised(&first).is_empty());
    assert_eq!(raised(&second), raised(&first), "the same alarms, as their next occurrences");
    assert!(
        second[0].ends_with("/finished-chlorine-low/AIT-1/1 Cleared 0"),
        "what stood has ended: {second:?}"
    );
    let backs = again.iter().flat_map(|outcome| &outcome.outputs).filter(|output| {
        matches!(
            output,
            Output::Ingest(IngestEvent { what: IngestChange::ClockBack { real: false, .. }, .. })
        )
    });
    assert_eq!(backs.count(), 1);
}

#[test]
fn neither_a_clock_that_went_back_nor_an_exercise_ends_the_alarms_of_a_real_plant() {
    for speaker in ["null", "\"e\""] {
        assert_eq!(cleared_by_going_back(speaker), 0, "{speaker}");
    }
}

/// How many chlorine alarms of a real plant a new boot ends that says an earlier time, as
/// `exercise` says.
fn cleared_by_going_back(exercise: &str) -> usize {
    let (plant, book) = (Arc::new(plant()), book());
    let life = Life { lows: vec![(CHLORINE, 100, END)], silences: vec![] };
    let mut monitor = monitor(&plant, &book);
    run(&mut monitor, &inputs(messages(&plant, &life, &[1], &[0]), &[]));
    let mut back = exercise_day(&plant, &Life::default(), 2);
    back.truncate(20);
    for input in &mut back {
        if let Input::Arrival { payload, received_at, .. } = input {
            let text = String::from_utf8(std::mem::take(payload)).expect("JSON");
            *payload = text
                .replacen("\"exercise\":\"e\"", &format!("\"exercise\":{exercise}"), 1)
                .into_bytes();
            *received_at = at(END + 60);
        }
    }
    let found = run(&mut monitor, &back);
    let is_real = |output: &Output| {
        matches!(
            output,
            Output::Ingest(IngestEvent { what: IngestChange::ClockBack { real: true, .. }, .. })
        )
    };
    let outputs = found.iter().flat_map(|outcome| &outcome.outputs);
    assert_eq!(outputs.filter(|output| is_real(output)).count(), 1, "it is told of whom");
    let events = alarms(&found);
    let chlorine = |e: &&AlarmEvent| e.id.rule.as_str() == "finished-chlorine-low";
    events.iter().filter(chlorine).filter(|e| e.change == AlarmChange::Cleared).count()
}

#[test]
fn what_the_broker_had_kept_is_refused_and_moves_nothing() {
    let (plant, book) = (Arc::new(plant()), book());
    let mut monitor = monitor(&plant, &book);
    let Input::Arrival { topic, payload, .. } = birth(&plant) else { panic!("a message") };
    let week_later = at(7 * 24 * 60);
    let input = Input::Retained { topic, payload, received_at: week_later };
    let json = serde_json::to_string(&input).expect("always JSON");
    assert_eq!(serde_json::from_str::<Input>(&json).expect("as written"), input);
    let found = run(&mut monitor, &[input, Input::Tick { now: week_later + Span::HOUR }]);
    let [Outcome { outputs, .. }, later] = &found[..] else { panic!("two outcomes") };
    let [Output::Ingest(event)] = &outputs[..] else { panic!("one event: {outputs:?}") };
    assert!(matches!(&event.what, IngestChange::Refused { reason, .. } if reason == "retained"));
    assert!(later.outputs.is_empty(), "an old birth starts no watch: {later:?}");
    assert_eq!(monitor.snapshot().plants[0].online, None);
}

#[test]
fn a_damaged_or_foreign_checkpoint_is_refused_and_changes_nothing() {
    let (plant, book) = (Arc::new(plant()), book());
    let mut monitor = monitor(&plant, &book);
    run(&mut monitor, &inputs(messages(&plant, &Life::default(), &[1], &[0]), &[])[..50]);
    let before = monitor.snapshot();
    let refused = [&b"{"[..], b"{}", br#"{"layout":2}"#, br#"{"layout":99}"#]
        .map(|bytes| monitor.restore(bytes).expect_err("it is none").to_string());
    assert_eq!(refused[0], "the checkpoint cannot be read");
    assert_eq!(refused[3], "the checkpoint has layout 99, this version reads layout 5");
    assert_eq!(monitor.snapshot(), before);
}

#[test]
fn an_input_comes_back_from_its_record_whatever_its_payload() {
    for payload in [b"{\"plant\":\"s\"}".to_vec(), vec![0xff, 0, b'"'], Vec::new()] {
        let input = Input::arrival("a/b".to_owned(), &payload, at(0));
        let json = serde_json::to_string(&input).expect("always JSON");
        assert_eq!(serde_json::from_str::<Input>(&json).expect("as written"), input);
    }
    let input = Input::arrival("a".to_owned(), b"{}", at(0));
    let json = serde_json::to_string(&input).expect("always JSON");
    assert!(json.contains(r#""payload":"{}""#), "text stays text: {json}");
}

fn life() -> impl Strategy<Value = Life> {
    let list = |most| prop::collection::vec((0_usize..3, 5_i64..END, 1_i64..120), 0..most);
    (list(4), list(3)).prop_map(|(lows, silences)| Life { lows, silences })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// The contract of time: random batches, delays within the bound (so that messages overtake
    /// each other), and ticks give the alarms of a run that hears each minute at once.
    #[test]
    fn batches_delays_and_ticks_change_no_alarm(
        life in life(),
        sizes in prop::collection::vec(1_i64..8, 1..12),
        delays in prop::collection::vec(0_i64..600, 1..12),
        mut ticks in prop::collection::vec(1_i64..END * 60, 0..60),
    ) {
        let (plant, book) = (Arc::new(plant()), book());
        let plain = inputs(messages(&plant, &life, &[1], &[0]), &[]);
        let expected = run(&mut monitor(&plant, &book), &plain);
        ticks.sort_unstable();
        let other = inputs(messages(&plant, &life, &sizes, &delays), &ticks);
        let found = run(&mut monitor(&plant, &book), &other);
        prop_assert_eq!(alarms(&found), alarms(&expected));
    }

    /// A restart at any input gives the same outputs as none.
    #[test]
    fn a_restart_changes_nothing(
        life in life(),
        sizes in prop::collection::vec(1_i64..8, 1..12),
        delays in prop::collection::vec(0_i64..3_000, 1..12),
        mut ticks in prop::collection::vec(1_i64..END * 60, 0..20),
        restarts in prop::collection::btree_set(0_usize..100, 1..5),
    ) {
        let (plant, book) = (Arc::new(plant()), book());
        ticks.sort_unstable();
        let inputs = inputs(messages(&plant, &life, &sizes, &delays), &ticks);
        let mut steady = monitor(&plant, &book);
        let expected = run(&mut steady, &inputs);
        let mut running = monitor(&plant, &book);
        let mut found = Vec::new();
        for (n, input) in inputs.iter().enumerate() {
            if restarts.contains(&n) {
                let checkpoint = running.checkpoint();
                running = monitor(&plant, &book);
                running.restore(&checkpoint).expect("as written");
            }
            found.push(running.accept(input));
        }
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(running.snapshot(), steady.snapshot());
        prop_assert_eq!(running.checkpoint(), steady.checkpoint());
    }
}

#[test]
fn views_count_tags_as_the_plant_does() {
    let (plant, book) = (Arc::new(plant()), book());
    let mut monitor = monitor(&plant, &book);
    run(&mut monitor, &inputs(messages(&plant, &Life::default(), &[1], &[0]), &[]));
    let tags = &monitor.snapshot().plants[0].tags;
    let index = |at: usize| tags[at].latest.map(|latest| latest.tag);
    assert_eq!((index(0), index(1)), (Some(TagIndex(0)), Some(TagIndex(1))));
}
