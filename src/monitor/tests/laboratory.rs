//! Laboratory results from message to alarm.

use super::*;
use crate::base::analyte::{Analyte, Sign};
use crate::base::ids::{MethodId, SampleId};
use crate::base::lab_result::LabResult;

/// A sample: minutes of taking and of reporting, how much E. coli, seconds on the way.
type Sample = (i64, i64, u32, i64);

fn result((taken, reported, found, _): &Sample) -> LabResult {
    LabResult {
        sample: SampleId::new(&format!("UPPER-{taken}")).expect("an id"),
        site: TagId::new("UPPER").expect("an id"),
        point: SamplingPoint::TapWater,
        taken_at: at(*taken),
        reported_at: at(*reported),
        analyte: Analyte::EColi,
        sign: if *found == 0 { Sign::Below } else { Sign::Equal },
        value: f64::from((*found).max(1)),
        unit: Analyte::EColi.unit().to_owned(),
        method: MethodId::new("m").expect("an id"),
    }
}

/// The samples' results as they arrive; `late`: each with its seconds on the way.
fn reports(plant: &Plant, samples: &[Sample], late: bool) -> Vec<(Stamp, Input)> {
    let message = |(n, sample): (usize, &Sample)| {
        let sent_at = at(sample.1);
        let received_at = sent_at + Span::seconds(if late { sample.3 } else { 0 });
        let body = Body::Lab(result(sample));
        (received_at, arrival(plant, n as u64, sent_at, received_at, body))
    };
    samples.iter().enumerate().map(message).collect()
}

#[test]
fn a_bad_sample_is_an_alarm_a_day_later_that_names_its_time() {
    let (plant, book) = (Arc::new(plant()), book());
    let mut monitor = monitor(&plant, &book);
    let samples = [(10, 200, 3, 0), (100, 250, 0, 0)];
    let mut arrivals = messages(&plant, &Life::default(), &[1], &[0]);
    arrivals.extend(reports(&plant, &samples, false));
    let outcomes = run(&mut monitor, &inputs(arrivals, &[]));
    let (_, events) = apart(&outcomes);
    let wanted = ["small/lab-e-coli/UPPER/1 Raised 200", "small/lab-e-coli/UPPER/1 Cleared 250"];
    assert_eq!(said(&events), wanted);
    assert!(events[0].why.text.ends_with("sample UPPER-10, taken 12-05 08:10"), "{:?}", events[0]);
    let kept = outcomes.iter().flat_map(|it| &it.outputs);
    assert_eq!(kept.filter(|it| matches!(it, Output::Lab(_))).count(), 2);
    let standing = &monitor.snapshot().plants[0].standing;
    let of_sample = standing.iter().find(|event| event.id == events[0].id);
    let state = of_sample.map(|event| event.state);
    assert_eq!(state, Some(AlarmState::ReturnedUnacknowledged), "gone, and nobody has answered");
}

#[test]
fn a_bad_sample_that_is_told_after_a_later_good_one_must_be_answered_all_the_same() {
    let (plant, book) = (Arc::new(plant()), book());
    let mut monitor = monitor(&plant, &book);
    let samples = [(100, 200, 0, 0), (10, 250, 3, 0)];
    let outcomes = run(&mut monitor, &inputs(reports(&plant, &samples, false), &[]));
    let wanted = ["small/lab-e-coli/UPPER/1 Raised 250", "small/lab-e-coli/UPPER/1 Cleared 250"];
    assert_eq!(said(&alarms(&outcomes)), wanted);
}

#[test]
fn an_alarm_of_a_sample_is_answered_like_any_other() {
    let (plant, book) = (Arc::new(plant()), book());
    let mut monitor = monitor(&plant, &book);
    let outcomes = run(&mut monitor, &inputs(reports(&plant, &[(10, 200, 3, 0)], false), &[]));
    let alarm = alarms(&outcomes)[0].id.clone();
    let by = By { name: "Li".to_owned(), reason: "boil".to_owned() };
    let ask = Ask { alarm, action: Action::Acknowledge, by };
    let answered = alarms(&[monitor.accept(&Input::Command(ask.at(at(400))))]);
    assert_eq!(answered[0].state, AlarmState::Acknowledged);
}

#[test]
fn an_alarm_of_samples_that_chatters_calms_at_its_own_moment() {
    let (plant, book) = (Arc::new(plant()), book());
    let mut monitor = monitor(&plant, &book);
    let samples = [(1, 100, 0, 0), (0, 137, 1, 0), (0, 148, 1, 0), (0, 195, 1, 0), (0, 196, 1, 0)];
    let mut arrivals = messages(&plant, &Life::default(), &[1], &[0]);
    arrivals.extend(reports(&plant, &samples, false));
    let (_, events) = apart(&run(&mut monitor, &inputs(arrivals, &[])));
    let last: Vec<String> = said(&events).into_iter().skip(6).collect();
    let of_the_last = |change| format!("small/lab-e-coli/UPPER/4 {change}");
    let wanted = ["Raised 196", "Chattering 196", "Calmed 226", "Cleared 226"].map(of_the_last);
    assert_eq!(last, wanted);
}

/// Alarms of instruments, and those of samples: each in their order.
fn apart(outcomes: &[Outcome]) -> (Vec<AlarmEvent>, Vec<AlarmEvent>) {
    alarms(outcomes).into_iter().partition(|event| !event.id.rule.as_str().starts_with("lab-"))
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let sample = (0_i64..100, 100_i64..END, 0_u32..3, 0_i64..1_100);
    prop::collection::vec(sample, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// The contract of time for samples: whatever the delays within the bound, the ticks, and the
    /// restarts, the alarms of samples and of instruments are those of a run without.
    #[test]
    fn the_order_of_arrival_and_restarts_change_no_alarm_of_a_sample(
        life in life(),
        samples in samples(),
        delays in prop::collection::vec(0_i64..600, 1..12),
        mut ticks in prop::collection::vec(1_i64..END * 60, 0..60),
        restarts in prop::collection::btree_set(0_usize..300, 0..5),
    ) {
        let (plant, book) = (Arc::new(plant()), book());
        let with = |sizes: &[i64], delays: &[i64], late, ticks: &[i64]| {
            let mut arrivals = messages(&plant, &life, sizes, delays);
            arrivals.extend(reports(&plant, &samples, late));
            inputs(arrivals, ticks)
        };
        let expected = run(&mut monitor(&plant, &book), &with(&[1], &[0], false, &[]));
        ticks.sort_unstable();
        let mut running = monitor(&plant, &book);
        let mut found = Vec::new();
        for (n, input) in with(&[3], &delays, true, &ticks).iter().enumerate() {
            if restarts.contains(&n) {
                let checkpoint = running.checkpoint();
                running = monitor(&plant, &book);
                running.restore(&checkpoint).expect("as written");
            }
            found.push(running.accept(input));
            found.push(running.accept(input)); // the broker may say everything twice
        }
        prop_assert_eq!(apart(&found), apart(&expected));
    }
}
