//! Intake as a whole, from topic and payload.

use proptest::prelude::*;

use super::observation::IngestChange;
use super::presence::Link;
use super::trust::Doubt;
use super::*;
use crate::base::units::Quantity;
use crate::base::{Flag, QualityTest, QualityTests, TagId, Text};
use crate::plant::tags::SamplingPoint;
use crate::telemetry::mapping::Reading;
use crate::telemetry::wire::{Birth, Body, Clock, Column, Envelope, TagBirth};

fn at(s: i64) -> Stamp {
    Stamp::from_ms(1_733_356_800_000 + s * 1_000).expect("in range")
}

fn tag(id: &str) -> Tag {
    Tag {
        id: TagId::new(id).expect("an id"),
        title: Text::default(),
        quantity: Quantity::Turbidity,
        point: SamplingPoint::FinishedWater,
        range: (0.0, 10.0),
        poll: Span::MINUTE,
        village: None,
        storeys: None,
        rise_m: 0.0,
        night_flow: None,
    }
}

fn plant(id: &str) -> PlantId {
    PlantId::new(id).expect("an id")
}

fn ingest() -> Ingest {
    let tags = [tag("AIT-302"), tag("AIT-301")];
    let bounds = Bounds { lateness: Span::seconds(10), skew: Span::MINUTE };
    Ingest::new([(plant("sanmen"), tags.iter())], bounds)
}

fn message(boot_id: u64, seq: u64, sent_s: i64, body: Body) -> Message {
    let envelope =
        Envelope { plant: plant("sanmen"), boot_id, seq, sent_at: at(sent_s), exercise: None };
    Message { envelope, body }
}

/// A data message with one reading per given second, of `AIT-301`.
fn data(boot_id: u64, seq: u64, sent_s: i64, read_s: &[i64]) -> Message {
    let column = Column {
        tag: TagId::new("AIT-301").expect("an id"),
        at: read_s.iter().map(|s| at(*s)).collect(),
        value: read_s.iter().map(|s| Some(*s as f64)).collect(),
        flag: vec![Flag::Good; read_s.len()],
    };
    message(boot_id, seq, sent_s, Body::Data(vec![column]))
}

fn birth(boot_id: u64, seq: u64, sent_s: i64, quantity: Quantity, range: (f64, f64)) -> Message {
    let (tag, unit) = (TagId::new("AIT-301").expect("an id"), quantity.unit().to_owned());
    let tag = TagBirth { tag, quantity, unit, range, poll_ms: Span::MINUTE };
    message(boot_id, seq, sent_s, Body::Birth(Birth { tags: vec![tag] }))
}

fn topic(message: &Message) -> String {
    let kind = message.body.kind().name();
    format!("sanmen/v1/k7/{}/{kind}", message.envelope.plant)
}

fn send(ingest: &mut Ingest, message: &Message, received_s: i64) -> Taken {
    ingest.accept((&topic(message), &message.encode()), None, &Belief::Unsigned, at(received_s))
}

fn values(taken: &Taken) -> Vec<f64> {
    taken.batches.iter().flat_map(|b| &b.observations).map(|o| o.value).collect()
}

fn refusal(taken: &Taken) -> Option<(String, Option<PlantId>)> {
    taken.events.iter().find_map(|event| match &event.what {
        IngestChange::Refused { reason, .. } => Some((reason.clone(), event.plant.clone())),
        _ => None,
    })
}

#[test]
fn a_birth_and_readings_in_order_come_out_at_once() {
    let mut ingest = ingest();
    let born = send(&mut ingest, &birth(1, 0, 0, Quantity::Turbidity, (0.0, 10.0)), 0);
    assert_eq!(born.events[0].what, IngestChange::Online { boot_id: 1 });
    let taken = send(&mut ingest, &data(1, 1, 60, &[30, 60]), 61);
    assert_eq!(values(&taken), [30.0, 60.0]);
    assert_eq!(taken.batches[0].frontier, at(60));
    let seen = taken.batches[0].observations[0];
    assert_eq!((seen.tag.0, seen.received_at), (1, at(61)));
}

#[test]
fn a_gap_is_said_once_the_bound_has_passed_and_its_late_message_is_marked() {
    let mut ingest = ingest();
    send(&mut ingest, &data(1, 0, 0, &[0]), 0);
    assert!(values(&send(&mut ingest, &data(1, 2, 20, &[20]), 20)).is_empty());
    let waiting = ingest.tick(at(30));
    assert!(waiting.events.is_empty() && waiting.batches.is_empty(), "30 − 10 is not past 20");
    let given_up = ingest.tick(at(31));
    assert_eq!(given_up.events[0].what, IngestChange::Gap { boot_id: 1, from: 1, to: 1 });
    assert_eq!(values(&given_up), [20.0]);
    let late = send(&mut ingest, &data(1, 1, 10, &[10]), 40);
    assert_eq!(late.events[0].what, IngestChange::Late { boot_id: 1, seq: 1 });
    assert!(late.batches[0].late);
    assert_eq!(late.batches[0].observations[0].flag, Flag::Suspect);
    assert_eq!(late.batches[0].frontier, at(21), "event time does not go back");
    let counters = ingest.intake(PlantIndex(0)).expect("ours").counters;
    assert_eq!((counters.lost, counters.late, counters.readings), (1, 1, 3));
}

#[test]
fn the_frontier_of_a_silent_plant_follows_the_ticks_behind_the_bound() {
    let mut ingest = ingest();
    assert_eq!(ingest.tick(at(0)).batches[0].frontier, at(-10));
    send(&mut ingest, &data(1, 0, 5, &[5]), 5);
    assert!(ingest.tick(at(12)).batches.is_empty(), "the readings are further already");
    assert_eq!(ingest.tick(at(100)).batches[0].frontier, at(90));
}

#[test]
fn what_a_device_says_waits_as_long_as_its_mapping_says_though_nothing_more_comes() {
    let mut ingest = ingest();
    ingest.set_lateness(Span::HOUR);
    let tag = TagId::new("AIT-301").expect("an id");
    let (plant, value, flag) = (plant("sanmen"), Some(1.5), Flag::Good);
    let foreign = Foreign {
        topic: "meters/1".to_owned(),
        received_at: at(0),
        lateness: Span::seconds(10),
        readings: vec![Reading { plant, tag, at: at(0), value, flag }],
        refused: Vec::new(),
    };
    assert!(values(&ingest.accept_foreign(&foreign)).is_empty());
    assert!(values(&ingest.tick(at(10))).is_empty());
    assert_eq!(values(&ingest.tick(at(11))), [1.5]);
}

#[test]
fn the_event_time_of_a_plant_not_heard_of_begins_shortly_before_the_first_tick() {
    let mut ingest = ingest();
    ingest.set_lateness(Span::HOUR);
    let frontier = |taken: Taken| taken.batches.last().map(|batch| batch.frontier);
    assert_eq!(frontier(ingest.tick(at(0))), Some(at(-300)));
    assert_eq!(frontier(ingest.tick(at(600))), None, "the bound lies further back");
    assert_eq!(frontier(ingest.tick(at(3_900))), Some(at(300)));
}

#[test]
fn two_bodies_cut_from_one_batch_share_a_time_and_lose_no_event_time() {
    let mut ingest = ingest();
    assert_eq!(send(&mut ingest, &data(1, 0, 60, &[10, 20]), 60).batches[0].frontier, at(20));
    assert_eq!(send(&mut ingest, &data(1, 1, 60, &[30, 60]), 60).batches[0].frontier, at(60));
}

#[test]
fn an_instrument_whose_clock_runs_ahead_does_not_carry_event_time_away() {
    let mut ingest = ingest();
    let taken = send(&mut ingest, &data(1, 0, 10, &[10, 50]), 10);
    assert_eq!(taken.batches[0].frontier, at(10));
    let taken = send(&mut ingest, &data(1, 1, 20, &[20, 500]), 20);
    assert_eq!(values(&taken), [20.0], "beyond the skew bound it is refused");
    assert_eq!(refusal(&taken), Some(("future".to_owned(), Some(plant("sanmen")))));
}

#[test]
fn a_clock_that_was_never_set_is_refused_and_a_backlog_of_weeks_is_not() {
    let mut ingest = ingest();
    let day = 86_400;
    let taken = send(&mut ingest, &data(1, 0, 40 * day, &[8 * day, 10 * day]), 40 * day);
    assert_eq!(values(&taken), [(10 * day) as f64]);
    assert_eq!(refusal(&taken), Some(("past".to_owned(), Some(plant("sanmen")))));
}

#[test]
fn strangers_are_refused_and_leave_no_trace_in_memory() {
    let mut ingest = ingest();
    for n in 0..1_000 {
        let topic = format!("sanmen/v1/k7/plant-{n}/data");
        let taken = ingest.accept((&topic, b"{}"), None, &Belief::Unsigned, at(n / 100));
        let expected = (n == 0).then(|| ("unknown-plant".to_owned(), None));
        assert_eq!(refusal(&taken), expected);
    }
    assert_eq!(ingest.refused()["unknown-plant"], 1_000);
    let kept = serde_json::to_string(&ingest.state()).expect("plain values");
    assert!(kept.len() < 2_000, "{kept}");
}

#[test]
fn what_is_no_message_of_ours_is_refused_with_its_reason() {
    let mut foreign = data(1, 0, 0, &[0]);
    foreign.envelope.plant = plant("other");
    let unknown_tag = {
        let mut message = data(1, 0, 0, &[0]);
        if let Body::Data(columns) = &mut message.body {
            columns[0].tag = TagId::new("AIT-999").expect("an id");
        }
        message
    };
    for (topic, payload, reason) in [
        ("elsewhere/x", b"{}".to_vec(), "foreign-topic"),
        ("sanmen/v1/k7/sanmen/data", b"\xff\xfe".to_vec(), "not-utf8"),
        ("sanmen/v1/k7/sanmen/data", b"[[[[[[".to_vec(), "too-deep"),
        ("sanmen/v1/k7/sanmen/data", vec![b' '; 9_000], "too-large"),
        ("sanmen/v1/k7/sanmen/data", foreign.encode(), "wrong-topic"),
        ("sanmen/v1/k7/sanmen/data", unknown_tag.encode(), "unknown-tag"),
    ] {
        let taken = ingest().accept((topic, &payload), None, &Belief::Unsigned, at(0));
        assert_eq!(refusal(&taken).map(|found| found.0), Some(reason.to_owned()));
        assert!(values(&taken).is_empty());
    }
}

#[test]
fn a_birth_that_differs_is_said_once_and_values_of_a_wrong_quantity_have_failed() {
    let mut ingest = ingest();
    let mismatches = |taken: &Taken| {
        let is = |event: &&IngestEvent| matches!(event.what, IngestChange::TagMismatch { .. });
        taken.events.iter().filter(is).count()
    };
    assert_eq!(
        mismatches(&send(&mut ingest, &birth(1, 0, 0, Quantity::Turbidity, (0.0, 99.0)), 0)),
        1
    );
    assert_eq!(values(&send(&mut ingest, &data(1, 1, 10, &[10]), 10)), [10.0]);
    assert_eq!(
        mismatches(&send(&mut ingest, &birth(1, 2, 20, Quantity::Turbidity, (0.0, 99.0)), 20)),
        0
    );
    let chlorine = birth(1, 3, 30, Quantity::FreeChlorine, (0.0, 10.0));
    assert_eq!(mismatches(&send(&mut ingest, &chlorine, 30)), 1);
    let taken = send(&mut ingest, &data(1, 4, 40, &[40]), 40);
    let failed = taken.batches[0].observations[0];
    let syntax = QualityTests::of(QualityTest::Syntax);
    assert_eq!((failed.value, failed.flag, failed.tests), (40.0, Flag::Fail, syntax));
    send(&mut ingest, &birth(1, 5, 50, Quantity::Turbidity, (0.0, 10.0)), 50);
    let taken = send(&mut ingest, &data(1, 6, 60, &[60]), 60);
    assert_eq!(values(&taken), [60.0]);
    assert_eq!(taken.batches[0].observations[0].flag, Flag::Good);
}

#[test]
fn a_will_takes_a_gateway_offline_and_an_old_will_does_not() {
    let mut ingest = ingest();
    send(&mut ingest, &data(2, 0, 0, &[0]), 0);
    assert!(send(&mut ingest, &message(1, 0, 0, Body::Death), 1).events.is_empty());
    let will = send(&mut ingest, &message(2, 0, 0, Body::Death), 2);
    assert_eq!(will.events[0].what, IngestChange::Offline { boot_id: 2 });
    assert_eq!(ingest.intake(PlantIndex(0)).expect("ours").presence.link, Link::Offline);
    let back = send(&mut ingest, &birth(3, 0, 9, Quantity::Turbidity, (0.0, 10.0)), 9);
    assert_eq!(back.events[0].what, IngestChange::Online { boot_id: 3 });
}

#[test]
fn the_clock_of_a_simulated_plant_is_kept_and_an_old_boots_is_not() {
    let mut ingest = ingest();
    send(&mut ingest, &data(2, 0, 0, &[0]), 0);
    let clock = |speed| Body::Clock(Clock { sim: at(0), wall: at(0), speed });
    send(&mut ingest, &message(2, 1, 0, clock(60.0)), 0);
    send(&mut ingest, &message(1, 1, 0, clock(1.0)), 0);
    let kept = ingest.intake(PlantIndex(0)).and_then(|intake| intake.clock);
    assert_eq!(kept.map(|clock| clock.speed), Some(60.0));
}

proptest! {
    /// The promise of the module: whatever the batches, delays within the bound and ticks, the
    /// same readings leave in the same order, and event time never runs past what is to come.
    #[test]
    fn batches_delays_and_ticks_within_the_bound_change_nothing(
        sizes in prop::collection::vec(1_usize..5, 8..16),
        delays in prop::collection::vec(0_i64..6, 16),
        ticks in prop::collection::vec(0_i64..70, 0..30),
    ) {
        // One reading a second; a message when its batch is full; each takes its own time to come.
        let mut arrivals = Vec::new();
        let (mut second, mut total) = (0, Vec::new());
        for (seq, (size, delay)) in sizes.iter().zip(&delays).enumerate() {
            let read: Vec<i64> = (second..second + *size as i64).collect();
            second += *size as i64;
            total.extend(read.iter().map(|s| *s as f64));
            arrivals.push((second - 1 + delay, data(1, seq as u64, second - 1, &read)));
        }
        arrivals.sort_by_key(|(received_s, _)| *received_s);
        let mut ingest = ingest();
        let (mut seen, mut reached, mut ticks) = (Vec::new(), at(-100), ticks.clone());
        ticks.sort_unstable();
        let mut ticks = ticks.into_iter().peekable();
        let mut steps = Vec::new();
        for (received_s, message) in &arrivals {
            while let Some(s) = ticks.next_if(|s| s < received_s) {
                steps.push(ingest.tick(at(s)));
            }
            steps.push(send(&mut ingest, message, *received_s));
        }
        for batch in steps.iter().flat_map(|taken| &taken.batches) {
            prop_assert!(!batch.late);
            for observation in &batch.observations {
                prop_assert!(observation.observed_at >= reached, "event time ran ahead");
                seen.push(observation.value);
            }
            reached = reached.max(batch.frontier);
        }
        prop_assert_eq!(seen, total);
        let losses = steps.iter().flat_map(|taken| &taken.events)
            .filter(|event| matches!(event.what, IngestChange::Gap { .. })).count();
        prop_assert_eq!(losses, 0);
    }
}

proptest! {
    /// Messages that were lost and are said again, in any order and some of them twice, change
    /// nothing when they come within the bound: readings, event time and alarms are those of a day
    /// without loss; and nothing is asked for that is there.
    #[test]
    fn what_is_said_again_in_time_was_never_lost(
        lost in prop::collection::btree_set(1_u64..19, 0..12),
        answers in prop::collection::vec(any::<prop::sample::Index>(), 0..24),
        seconds in 1_i64..10,
    ) {
        let whole: Vec<Message> =
            (0..20).map(|seq| data(1, seq, seq as i64, &[seq as i64])).collect();
        let (mut ingest, mut steps) = (ingest(), Vec::new());
        for message in whole.iter().filter(|it| !lost.contains(&it.envelope.seq)) {
            steps.push(send(&mut ingest, message, message.envelope.seq as i64));
        }
        let missing = |ingest: &Ingest| -> Vec<u64> {
            ingest.missing().into_iter().flat_map(|gap| gap.from..=gap.to).collect()
        };
        prop_assert_eq!(missing(&ingest), lost.iter().copied().collect::<Vec<_>>());
        let mut left: Vec<u64> = lost.iter().copied().collect();
        let mut said = Vec::new();
        for answer in &answers {
            let all: Vec<u64> = lost.iter().copied().collect();
            if !all.is_empty() {
                said.push(*answer.get(&all));
            }
        }
        said.append(&mut left); // at last every one
        for seq in said {
            steps.push(send(&mut ingest, &whole[seq as usize], 19));
        }
        prop_assert!(missing(&ingest).is_empty());
        steps.push(ingest.tick(at(19 + seconds)));
        let seen: Vec<f64> = steps.iter().flat_map(values).collect();
        prop_assert_eq!(seen, (0..20).map(f64::from).collect::<Vec<_>>());
        prop_assert!(steps.iter().flat_map(|it| &it.batches).all(|batch| !batch.late));
        let counters = ingest.intake(PlantIndex(0)).expect("ours").counters;
        prop_assert_eq!((counters.lost, counters.late, counters.readings), (0, 0, 20));
    }
}

#[test]
fn a_ticket_comes_out_once_whatever_readings_do() {
    use crate::base::complaint::{Channel, Problem};
    use crate::base::ids::VillageId;
    use crate::telemetry::wire::Ticket;
    let ticket = |boot_id, seq| {
        let ticket = Ticket {
            village: VillageId::new("upper").expect("an id"),
            problem: Problem::NoWater,
            channel: Channel::App,
            noticed_at: at(0),
            filed_at: at(60),
        };
        message(boot_id, seq, 60, Body::Ticket(ticket))
    };
    let mut ingest = ingest();
    for (boot_id, seq, new) in [(1, 0, 1), (1, 1, 1), (1, 1, 0), (1, 0, 0), (2, 0, 1)] {
        let taken = send(&mut ingest, &ticket(boot_id, seq), 61);
        assert_eq!(taken.tickets.len(), new, "{boot_id}/{seq}");
        assert!(taken.tickets.iter().all(|event| event.n == seq && event.at == at(61)));
        assert!(taken.batches.is_empty() && taken.events.is_empty());
    }
    let intake = ingest.intake(PlantIndex(0)).expect("the plant");
    assert_eq!(intake.counters.duplicates, 2);
}

mod results {
    use super::*;
    use crate::base::analyte::{Analyte, Sign};
    use crate::base::ids::{MethodId, SampleId};
    use crate::base::lab_result::LabResult;
    use crate::base::sampling::SamplingPoint;
    use crate::plant::tags::Site;

    fn site(id: &str, point: SamplingPoint) -> Site {
        let id = TagId::new(id).expect("an id");
        Site { id, title: Text::default(), point, village: None }
    }

    fn sampled() -> Ingest {
        let sites = [site("RAW", SamplingPoint::RawWater), site("TAP", SamplingPoint::TapWater)];
        ingest().with_sites([sites.as_slice()])
    }

    fn result(taken_s: i64, reported_s: i64) -> LabResult {
        LabResult {
            sample: SampleId::new(&format!("TAP-{taken_s}")).expect("an id"),
            site: TagId::new("TAP").expect("an id"),
            point: SamplingPoint::TapWater,
            taken_at: at(taken_s),
            reported_at: at(reported_s),
            analyte: Analyte::EColi,
            sign: Sign::Equal,
            value: 3.1,
            unit: Analyte::EColi.unit().to_owned(),
            method: MethodId::new("enzyme-substrate").expect("an id"),
        }
    }

    fn lab(boot_id: u64, seq: u64, result: LabResult) -> Message {
        message(boot_id, seq, 0, Body::Lab(result))
    }

    /// Seconds at which the results were taken that the rules may see now.
    fn certain(taken: &Taken) -> Vec<i64> {
        taken.certain.iter().map(|it| (it.result.taken_at - at(0)).as_ms() / 1_000).collect()
    }

    #[test]
    fn a_result_is_kept_at_once_and_judged_when_nothing_can_come_before_it() {
        let mut ingest = sampled();
        ingest.tick(at(5_000));
        let taken = send(&mut ingest, &lab(1, 0, result(0, 5_000)), 5_001);
        let kept = &taken.results[0];
        assert_eq!((kept.n, kept.at, kept.late), (0, at(5_001), false));
        assert!(taken.certain.is_empty() && taken.batches.is_empty());
        assert!(certain(&ingest.tick(at(5_010))).is_empty(), "5,010 − 10 is not past 5,000");
        let released = ingest.tick(at(5_011));
        assert_eq!(certain(&released), [0]);
        assert_eq!(released.certain[0].site.0, 1);
        assert!(certain(&ingest.tick(at(5_012))).is_empty(), "once");
    }

    #[test]
    fn results_are_judged_in_the_order_of_their_reports_whatever_that_of_their_arrival() {
        let results = [(0, 5_000), (60, 5_003), (30, 5_003), (90, 5_007)];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let mut ingest = sampled();
            for (seconds, number) in order.into_iter().enumerate() {
                let (taken, reported) = results[number];
                let lab = lab(1, number as u64, result(taken, reported));
                send(&mut ingest, &lab, 5_008 + seconds as i64);
            }
            let mut seen = Vec::new();
            for second in 5_011..5_040 {
                seen.extend(certain(&ingest.tick(at(second))));
            }
            assert_eq!(seen, [0, 30, 60, 90], "{order:?}");
        }
    }

    #[test]
    fn a_result_waits_for_the_readings_of_its_time() {
        let mut ingest = sampled();
        send(&mut ingest, &data(1, 0, 4_990, &[4_990]), 4_990);
        send(&mut ingest, &data(1, 2, 5_020, &[5_020]), 5_020); // number 1 is missing
        send(&mut ingest, &lab(1, 0, result(0, 5_000)), 5_001);
        assert!(certain(&ingest.tick(at(5_029))).is_empty(), "event time stands at 4,990");
        assert_eq!(certain(&ingest.tick(at(5_031))), [0], "number 1 has been given up");
    }

    #[test]
    fn a_result_counts_once_and_one_that_was_overtaken_counts_too() {
        let mut ingest = sampled();
        let mut kept = 0;
        for (boot_id, seq) in [(1, 0), (1, 2), (1, 2), (1, 1), (1, 0), (2, 0), (1, 3)] {
            let taken = send(&mut ingest, &lab(boot_id, seq, result(0, 10)), 10);
            kept += taken.results.len();
        }
        assert_eq!(kept, 4, "1/0, 1/2, 1/1, 2/0");
        let counters = ingest.intake(PlantIndex(0)).expect("ours").counters;
        assert_eq!((counters.duplicates, counters.old_boots), (2, 1));
    }

    #[test]
    fn what_comes_a_week_late_is_kept_and_not_judged() {
        let mut ingest = sampled();
        let week = 7 * 86_400;
        let in_time = send(&mut ingest, &lab(1, 0, result(0, 10)), 10 + week);
        assert!(!in_time.results[0].late);
        let late = send(&mut ingest, &lab(1, 1, result(0, 9)), 10 + week);
        assert!(late.results[0].late);
        assert_eq!(certain(&ingest.tick(at(30 + week))).len(), 1);
    }

    #[test]
    fn strange_results_are_refused_with_their_reason_and_stop_nothing() {
        let other = LabResult { site: TagId::new("TAB").expect("an id"), ..result(0, 10) };
        let wrong = LabResult { point: SamplingPoint::RawWater, ..result(0, 10) };
        let early = result(0, 10 + 61);
        let mut ingest = sampled();
        for (seq, (strange, reason)) in
            [(other, "unknown-site"), (wrong, "wrong-point"), (early, "future")]
                .into_iter()
                .enumerate()
        {
            let taken = send(&mut ingest, &lab(1, seq as u64, strange), 10);
            assert_eq!(refusal(&taken), Some((reason.to_owned(), Some(plant("sanmen")))));
            assert!(taken.results.is_empty() && taken.certain.is_empty());
        }
        assert_eq!(send(&mut ingest, &lab(1, 3, result(0, 10)), 10).results.len(), 1);
        assert!(certain(&ingest.tick(at(100))).len() == 1);
    }

    #[test]
    fn a_flood_of_results_does_not_fill_the_memory() {
        let mut ingest = sampled();
        let mut released = 0;
        for seq in 0..3_000 {
            let taken = send(&mut ingest, &lab(1, seq, result(0, 10)), 10);
            released += taken.certain.len();
        }
        assert_eq!(released, 3_000 - 1_024);
        assert_eq!(certain(&ingest.tick(at(100))).len(), 1_024);
    }

    #[test]
    fn waiting_results_survive_a_restart() {
        let mut ingest = sampled();
        send(&mut ingest, &lab(1, 0, result(0, 10)), 10);
        let json = serde_json::to_string(&ingest.state()).expect("plain values");
        let mut again = sampled();
        again.resume(serde_json::from_str(&json).expect("what was written"));
        assert!(send(&mut again, &lab(1, 0, result(0, 10)), 11).results.is_empty());
        assert_eq!(certain(&again.tick(at(100))), [0]);
    }
}

#[test]
fn what_is_not_believed_is_refused_and_moves_nothing() {
    let mut ingest = ingest();
    let message = data(1, 0, 0, &[0]);
    let (topic, payload) = (topic(&message), message.encode());
    for doubt in [Doubt::Unsigned, Doubt::UnknownKey, Doubt::RevokedKey, Doubt::Forged] {
        let belief = Belief::Doubted { doubt, detail: "as the test says".to_owned() };
        let taken = ingest.accept((&topic, &payload), None, &belief, at(2));
        assert_eq!(taken.refused.len(), 1);
        assert_eq!(taken.refused[0].1.reason, doubt.reason());
        assert!(taken.batches.is_empty(), "{doubt:?}");
    }
    assert_eq!(ingest.intake(PlantIndex(0)).map(|it| it.presence.heard_at), Some(None));
    // Its number is still free: the genuine message is no duplicate.
    let taken = ingest.accept((&topic, &payload), None, &Belief::Signed, at(3));
    assert!(taken.refused.is_empty());
    assert_eq!(ingest.intake(PlantIndex(0)).map(|it| it.signed), Some(true));
}
