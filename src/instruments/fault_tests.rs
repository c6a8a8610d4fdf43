//! Every fault on a chlorine analyser that is read each minute, against readings worked out by
//! hand. Its display steps by 0.01 mg/L, its range is 0 to 5 mg/L; it has no noise and no lag.

use super::*;
use crate::base::Span;
use crate::base::ids::InjectionId;
use crate::base::units::{Concentration, Length};
use crate::plant::sample;
use crate::scenario::injection::{Ramp, RampShape};
use crate::world::truth::{LinkTruth, NodeTruth, PowerState, WorksTruth};

fn start() -> Stamp {
    Stamp::from_ms(1_733_356_800_000).expect("a time")
}

fn minute(minute: i64) -> Stamp {
    start() + Span::minutes(minute)
}

fn on(tag: &str, from: i64, until: i64, fault: InstrumentFault) -> Injection {
    Injection {
        id: InjectionId::new(&format!("f{from}")).expect("an id"),
        from: minute(from),
        until: Some(minute(until)),
        kind: InjectionKind::Instrument { tag: TagId::new(tag).expect("an id"), fault },
    }
}

/// Chlorine `mg_per_l` in the clear well, pressure `m` at the upper village.
fn truth(mg_per_l: f64, m: f64) -> Truth {
    let mut nodes = vec![NodeTruth::default(); 4];
    nodes[1].water.chlorine = Concentration::mg_per_l(mg_per_l);
    nodes[3].pressure = Length::m(m);
    Truth {
        at: start(),
        nodes,
        links: vec![LinkTruth::default(); 3],
        works: WorksTruth::default(),
        power: PowerState::USUAL,
        stations: Vec::new(),
    }
}

/// All readings while the truth goes through `truths`, a minute each.
fn readings(plant: &Plant, faults: &[Injection], truths: &[f64]) -> Vec<Reading> {
    let mut instruments = Instruments::new(plant, Seed(1), start(), faults);
    let mut out = Vec::new();
    for (now, mg_per_l) in truths.iter().enumerate() {
        let (from, to) = (minute(now as i64), minute(now as i64 + 1));
        instruments.read(&truth(*mg_per_l, 20.0), from, to, &mut out);
    }
    out
}

/// What AIT-1 shows with `fault` in force from minute 1 to minute 3, of four minutes or more.
fn shown(fault: InstrumentFault, truths: &[f64]) -> Vec<Option<f64>> {
    let faults = [on("AIT-1", 1, truths.len() as i64 - 1, fault)];
    let all = readings(&sample::plant(), &faults, truths);
    all.iter().filter(|reading| reading.tag == TagIndex(0)).map(|reading| reading.value).collect()
}

#[test]
fn a_lost_sample_line_lets_the_chlorine_in_the_cell_decay() {
    let decay = Span::minutes(2);
    // 0.60 at the start of the loss, whatever the water does: ·e^(-1/2), ·e^(-1)
    let truths = [0.60, 0.60, 0.90, 0.10, 0.30];
    let values = shown(InstrumentFault::SampleLineLoss { decay }, &truths);
    assert_eq!(values, [0.60, 0.60, 0.36, 0.22, 0.30].map(Some));
}

#[test]
fn a_slow_sensor_follows_with_the_lag_of_its_fault() {
    // a time constant of 1/ln 2 minutes: half of the way is left after each
    let lag = Span::from_seconds_f64(60.0 / std::f64::consts::LN_2);
    let values = shown(InstrumentFault::SlowResponse { lag }, &[1.0, 2.0, 2.0, 2.0, 2.0]);
    // The truth changes at minute 1, when the sensor still shows the old; then 1.5, 1.75.
    assert_eq!(values[1..4], [1.0, 1.5, 1.75].map(Some));
    assert_eq!(values[4], Some(2.0), "sound again, it is there at once");
}

#[test]
fn fouling_steps_back_at_each_cleaning() {
    let fouling = InstrumentFault::Fouling { per_day: -144.0, clean_every: Span::minutes(2) };
    let values = shown(fouling, &[0.5; 6]);
    assert_eq!(values, [0.5, 0.5, 0.4, 0.5, 0.4, 0.5].map(Some));
}

#[test]
fn a_bias_grows_in_along_its_ramp() {
    let over = Span::minutes(4);
    let linear = Ramp { shape: RampShape::Linear, over };
    let values = shown(InstrumentFault::Bias { by: 0.4, ramp: linear }, &[0.5; 8]);
    assert_eq!(values, [0.5, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 0.5].map(Some));
    let smooth = Ramp { shape: RampShape::Smooth, over };
    let values = shown(InstrumentFault::Bias { by: 0.4, ramp: smooth }, &[0.5; 5]);
    // 3/16 - 2/64 = 0.15625 of it after a quarter: 0.5625, in steps of 0.01
    assert_eq!(values, [0.5, 0.5, 0.56, 0.7, 0.5].map(Some));
}

#[test]
fn a_wrong_calibration_has_a_gain_and_a_zero() {
    let wrong = InstrumentFault::Calibration { gain: 0.10, offset: -0.05, ramp: Ramp::STEP };
    // 0.5 · 1.1 - 0.05, 2.0 · 1.1 - 0.05; the range ends at 5
    let values = shown(wrong, &[0.5, 0.5, 2.0, 4.8, 0.5]);
    assert_eq!(values, [0.5, 0.5, 2.15, 5.0, 0.5].map(Some));
}

#[test]
fn noise_spikes_and_bubbles_come_only_while_they_last() {
    let ramp = Ramp::STEP;
    let noise = shown(InstrumentFault::Noise { spread: 0.2, ramp }, &[1.0; 40]);
    let off: Vec<f64> = noise.iter().flatten().map(|value| value - 1.0).collect();
    assert_eq!((off[0], off[39]), (0.0, 0.0));
    let square = off.iter().map(|off| off * off).sum::<f64>() / 38.0;
    assert!((0.1..0.3).contains(&libm::sqrt(square)), "0.2 was asked for");
    let bubbles = InstrumentFault::Bubbles { share: 1.0, up_to: 0.5 };
    let bubbles: Vec<f64> = shown(bubbles, &[1.0; 40]).into_iter().flatten().collect();
    assert!(bubbles[1..39].iter().all(|value| (1.0..=1.5).contains(value)));
    assert!(bubbles[1..39].windows(2).any(|pair| pair[0] != pair[1]));
    assert_eq!((bubbles[0], bubbles[39]), (1.0, 1.0));
    let spikes = InstrumentFault::Spikes { share: 1.0, up_to: 0.5 };
    let spikes: Vec<f64> = shown(spikes, &[1.0; 40]).into_iter().flatten().collect();
    assert!(spikes.iter().any(|value| *value < 1.0) && spikes.iter().any(|value| *value > 1.0));
    assert!(spikes.iter().all(|value| (0.5..=1.5).contains(value)));
}

#[test]
fn a_clipped_signal_stays_within_its_ends() {
    let clip = InstrumentFault::Clip { low: Some(0.2), high: Some(0.8) };
    assert_eq!(shown(clip, &[0.1, 0.1, 0.5, 0.9, 0.9]), [0.1, 0.2, 0.5, 0.8, 0.9].map(Some));
}

#[test]
fn stuck_at_zero_it_shows_zero() {
    let zero = InstrumentFault::StuckAt { value: 0.0 };
    assert_eq!(shown(zero, &[0.5, 0.5, 0.6, 0.7]), [0.5, 0.0, 0.0, 0.7].map(Some));
}

#[test]
fn in_a_wrong_unit_the_number_is_another() {
    // mg/L sent as ug/L: a thousand times
    let wrong = InstrumentFault::WrongUnit { factor: 1_000.0, offset: 0.0 };
    assert_eq!(shown(wrong, &[0.5; 4]), [0.5, 500.0, 500.0, 0.5].map(Some));
}

#[test]
fn losses_in_rows_and_by_battery_leave_no_value() {
    let rows = InstrumentFault::BurstLoss { share: 0.5, mean: 5.0 };
    let values = shown(rows, &[0.5; 402]);
    let lost = values[1..401].iter().filter(|value| value.is_none()).count();
    assert!((100..300).contains(&lost), "half of 400: {lost}");
    let switches = values.windows(2).filter(|pair| pair[0].is_none() != pair[1].is_none()).count();
    assert!(switches < 140, "rows of about five, so 80 changes: {switches}");
    assert!(values[0].is_some() && values[401].is_some());

    let battery = on("AIT-1", 1, 500, InstrumentFault::BatteryLow { lasts: Span::minutes(200) });
    let all = readings(&sample::plant(), &[battery], &[0.5; 400]);
    let ours: Vec<&Reading> = all.iter().filter(|reading| reading.tag == TagIndex(0)).collect();
    assert_eq!((ours[0].flag, ours[0].value), (Flag::Good, Some(0.5)));
    assert!(ours[1..].iter().all(|reading| reading.flag != Flag::Good), "it says that it is low");
    let heard = |part: &[&Reading]| part.iter().filter(|r| r.flag == Flag::Suspect).count();
    let (early, late) = (heard(&ours[1..101]), heard(&ours[101..201]));
    assert!((60..90).contains(&early) && (10..40).contains(&late), "{early}, {late}");
    assert_eq!(heard(&ours[201..]), 0, "empty");
}

#[test]
fn a_clock_that_is_off_stamps_its_readings_wrong_and_no_others() {
    let stamps = |fault| {
        let all = readings(&sample::plant(), &[on("AIT-1", 1, 3, fault)], &[0.5; 4]);
        let of = |tag| {
            let ours = all.iter().filter(move |reading: &&Reading| reading.tag == TagIndex(tag));
            let seconds = ours.map(|r| ((r.at - start()).as_seconds(), r.ready - start()));
            seconds.collect::<Vec<_>>()
        };
        (of(0), of(1))
    };
    let ready = |minute| Span::minutes(minute);
    let (skewed, sound) = stamps(InstrumentFault::ClockSkew { by: Span::seconds(-90) });
    assert_eq!(skewed, [(0.0, ready(0)), (-30.0, ready(1)), (30.0, ready(2)), (180.0, ready(3))]);
    assert_eq!(sound, [0, 1, 2, 3].map(|m| (f64::from(m) * 60.0, ready(i64::from(m)))));
    // An hour a day is 2.5 s a minute.
    let (drifting, _) = stamps(InstrumentFault::ClockDrift { per_day: Span::hours(1) });
    assert_eq!(drifting[2], (122.5, ready(2)));
}

#[test]
fn a_reading_sent_twice_or_late_is_the_same_reading() {
    let all = |fault| readings(&sample::plant(), &[on("AIT-1", 1, 2, fault)], &[0.5; 3]);
    let twice = all(InstrumentFault::Duplicate { share: 1.0 });
    let at: Vec<_> = twice.iter().filter(|r| r.tag == TagIndex(0)).map(|r| r.at).collect();
    assert_eq!(at, [minute(0), minute(1), minute(1), minute(2)]);
    let by = Span::minutes(7);
    let late = all(InstrumentFault::Late { share: 1.0, by });
    let late: Vec<_> = late.iter().filter(|r| r.tag == TagIndex(0)).collect();
    assert_eq!((late[1].at, late[1].ready), (minute(1), minute(8)));
    assert_eq!((late[2].at, late[2].ready), (minute(2), minute(2)));
}

#[test]
fn swapped_instruments_send_under_each_others_name() {
    // Two pressure gauges, of 20 m at the upper village and of 0 m at the lower.
    let mut plant = sample::plant();
    let mut lower = plant.instruments[1].clone();
    lower.place = Place::Node(crate::plant::network::NodeIndex(2));
    plant.instruments.push(lower);
    let mut tag = plant.instruments[2].tag.as_ref().clone();
    tag.id = TagId::new("PT-2").expect("an id");
    plant.instruments[2].tag = tag.into();
    let with = TagId::new("PT-2").expect("an id");
    let swap = on("PT-1", 1, 2, InstrumentFault::Swapped { with });
    let all = readings(&plant, &[swap], &[0.5; 3]);
    let of = |tag| all.iter().filter(move |r| r.tag == TagIndex(tag)).map(|r| r.value);
    assert_eq!(of(0).collect::<Vec<_>>(), [0.5; 3].map(Some));
    let (one, other): (Vec<_>, Vec<_>) = (of(1).collect(), of(2).collect());
    assert_eq!(one, [196.0, 0.0, 196.0].map(Some));
    assert_eq!(other, [0.0, 196.0, 0.0].map(Some));
}

#[test]
fn no_fault_shifts_the_chances_of_another() {
    let noise = || InstrumentFault::Noise { spread: 0.1, ramp: Ramp::STEP };
    let alone = readings(&sample::plant(), &[on("AIT-1", 0, 50, noise())], &[1.0; 50]);
    let lossy = on("AIT-1", 10, 50, InstrumentFault::Dropout { share: 0.5 });
    let both = readings(&sample::plant(), &[on("AIT-1", 0, 50, noise()), lossy], &[1.0; 50]);
    let heard: Vec<_> = both.iter().zip(&alone).filter(|(b, _)| b.value.is_some()).collect();
    assert!(heard.len() > 60, "both tags, most of the time");
    assert!(heard.iter().all(|(both, alone)| both == alone));
}
