//! A rule of kind `event` at work: what it finds, and that nothing but event time matters.

use proptest::prelude::*;

use crate::base::ids::VillageId;
use crate::base::problem::Source;
use crate::base::units::Quantity;
use crate::base::{Flag, QualityTests, Span, Stamp};
use crate::ingest::observation::{Observation, PlantIndex};
use crate::inspection::Inspection;
use crate::inspection::book::Book;
use crate::inspection::finding::{Finding, Verdict};
use crate::inspection::testing::{profile, tag};
use crate::plant::profile::Disinfectant;
use crate::plant::tags::{SamplingPoint, Tag, TagIndex};

const RULE: &str = r#"
[[rule]]
id = "event"
title = { en = "An event", zh = "突变" }
source = "a plan [D]"
kind = "event"
point = "finished-water"
method = "linear-prediction"
order = 2
interval_min = 10
history_steps = 12
outlier_sd = 1
window_steps = 4
event_probability = 0.9
timeout_steps = 6
on_delay_min = 0
off_delay_min = 0
priority = "medium"
no_data = "hold"
advice = { en = "Look.", zh = "看。" }

[[rule.signal]]
quantity = "conductivity"
precision_us_per_cm = 5

[[rule.signal]]
quantity = "free-chlorine"
precision_mg_per_l = 0.1

[[rule.operation]]
by_quantity = "state"
change_share = 0.5
hold_min = 60
"#;

/// Hours against those of the last two days; two of three hours are an event: P = 7/8.
const DAILY: &str = r#"
[[rule]]
id = "burst"
title = { en = "A burst", zh = "爆管" }
source = "a plan [D]"
kind = "event"
point = "network"
method = "time-of-day"
interval_min = 60
history_steps = 48
outlier_sd = 2
window_steps = 3
event_probability = 0.8
timeout_steps = 12
on_delay_min = 0
off_delay_min = 0
priority = "medium"
no_data = "hold"
advice = { en = "Look.", zh = "看。" }

[[rule.signal]]
quantity = "flow"
change = "rise"
precision_m3_per_h = 2
precision_percent = 20

[[rule.signal]]
quantity = "pressure"
change = "fall"
precision_kpa = 5
"#;

const PLANT: PlantIndex = PlantIndex(0);
const CONDUCTIVITY: usize = 0;
const CHLORINE: usize = 1;
const PUMP: usize = 2;
const FLOW: usize = 3;
const PRESSURE: usize = 4;

fn tags() -> Vec<Tag> {
    use SamplingPoint::{FinishedWater, Network, Process, TapWater};
    let of_village = |tag| Tag { village: VillageId::new("fengling").ok(), ..tag };
    vec![
        tag("AIT-303", Quantity::Conductivity, FinishedWater, 1),
        tag("AIT-301", Quantity::FreeChlorine, FinishedWater, 5),
        tag("XS-301", Quantity::State, Process, 1),
        of_village(tag("FIT-404", Quantity::Flow, Network, 10)),
        of_village(tag("PIT-404", Quantity::Pressure, TapWater, 10)),
    ]
}

fn at(min: i64) -> Stamp {
    let (midnight, _) = Stamp::parse("2024-12-05T00:00:00+08:00").expect("a time");
    midnight + Span::minutes(min)
}

fn inspection(rule: &str) -> Inspection {
    let book = match Book::load(&[Source::new("event.toml", rule)]) {
        Ok(book) => book,
        Err(problems) => unreachable!("{}", problems.render(false)),
    };
    let profile = profile(2_400.0, 16_000, Disinfectant::FreeChlorine);
    Inspection::new(&book, &[(&profile, &tags())])
}

fn reading(tag: usize, min: i64, value: f64) -> Observation {
    Observation {
        plant: PLANT,
        tag: TagIndex(tag),
        observed_at: at(min),
        received_at: at(min),
        value,
        flag: Flag::Good,
        tests: QualityTests::NONE,
    }
}

const TAGS: [usize; 5] = [CONDUCTIVITY, CHLORINE, PUMP, FLOW, PRESSURE];

/// Is the instrument read in this minute?
fn is_read(tag: usize, min: i64) -> bool {
    match tag {
        CHLORINE => min % 5 == 0,
        FLOW | PRESSURE => min % 10 == 0,
        _ => true,
    }
}

/// Values of a sound day: they ripple a little.
fn sound(tag: usize, min: i64) -> f64 {
    let ripple = ((min * 7 + tag as i64 * 3) % 11) as f64;
    let hour = (min / 60 % 24) as f64; // people's day: more and more is drawn
    match tag {
        FLOW => 10.0 + hour,
        PRESSURE => 300.0 - hour,
        CONDUCTIVITY => 200.0 + 0.1 * ripple,
        CHLORINE => 0.5 + 0.001 * ripple,
        _ => 1.0,
    }
}

/// What is found in so many minutes, each instrument read at its poll; none for no reading.
fn found(rule: &str, minutes: i64, value: impl Fn(usize, i64) -> Option<f64>) -> Vec<Finding> {
    let mut inspection = inspection(rule);
    let mut findings = Vec::new();
    for min in 0..minutes {
        inspection.advance(PLANT, at(min), &mut findings);
        for tag in TAGS.into_iter().filter(|tag| is_read(*tag, min)) {
            if let Some(value) = value(tag, min) {
                inspection.observe(&reading(tag, min, value), &mut findings);
            }
        }
    }
    inspection.advance(PLANT, at(minutes), &mut findings);
    findings
}

fn told(findings: &[Finding]) -> Vec<(i64, Verdict)> {
    findings.iter().map(|it| ((it.at - at(0)).as_ms() / 60_000, it.verdict)).collect()
}

/// A step of `change` at AIT-303 in these minutes.
fn shifted(from: i64, until: i64, change: f64) -> impl Fn(usize, i64) -> Option<f64> {
    move |tag, min| {
        let is_new = tag == CONDUCTIVITY && (from..until).contains(&min);
        Some(sound(tag, min) + if is_new { change } else { 0.0 })
    }
}

#[test]
fn sound_water_is_no_event_and_a_change_below_the_precision_is_none() {
    assert_eq!(told(&found(RULE, 600, |tag, min| Some(sound(tag, min)))), []);
    assert_eq!(told(&found(RULE, 600, shifted(300, 600, 4.0))), []);
}

#[test]
fn a_shift_is_an_event_with_the_third_of_four_steps_and_says_which_signal_shifted() {
    // P(3 of 4) = 15/16 = 0.94: the steps that end at 310, 320 and 330.
    let findings = found(RULE, 400, shifted(300, 340, 20.0));
    // Of 310 to 340 four do not fit, then three and two: P(2 of 4) = 11/16, P(1) = 5/16.
    assert_eq!(told(&findings), [(330, Verdict::Abnormal), (370, Verdict::Normal)]);
    let why = &findings[0].why;
    let text = "3 of the last 4 steps of 10 min do not fit (probability 0.94): conductivity at \
                AIT-303 is 220.6 uS/cm, 4.0 SD above the expected 200.5 uS/cm";
    assert_eq!(why.text.replace('µ', "u"), text);
    assert!(why.value.is_some_and(|value| (value - 220.5).abs() < 0.2), "{:?}", why.value);
    let text = "the water at AIT-303 is as before: 1 of the last 4 steps of 10 min do not fit";
    assert_eq!(findings[1].why.text, text);
}

#[test]
fn the_nearest_neighbour_finds_it_too_and_knows_what_has_been_before() {
    let rule = RULE.replace("\"linear-prediction\"\norder = 2", "\"nearest-neighbour\"");
    let findings = found(&rule, 400, shifted(300, 340, 20.0));
    assert_eq!(told(&findings), [(330, Verdict::Abnormal), (370, Verdict::Normal)]);
    // The same change while the history fills: it has been like that.
    let known = |tag, min| shifted(40, 60, 20.0)(tag, min).zip(shifted(300, 340, 20.0)(tag, min));
    let both = |tag, min| known(tag, min).map(|(a, b)| a.max(b));
    assert_eq!(told(&found(&rule, 130, both)), []);
    let again = |tag, min| both(tag, if min < 120 { min } else { min + 180 });
    assert_eq!(told(&found(&rule, 200, again)), []);
}

#[test]
fn what_lasts_counts_as_usual_and_its_end_is_news_again() {
    let findings = found(RULE, 700, shifted(300, 500, 20.0));
    let text = "what has changed in the water at AIT-303 has lasted for 6 steps of 10 min: from \
                now on it counts as usual";
    assert_eq!(findings[1].why.text, text);
    let first = &told(&findings)[..2];
    assert_eq!(first, [(330, Verdict::Abnormal), (380, Verdict::Normal)]);
}

#[test]
fn nothing_is_judged_for_an_hour_after_a_pump_has_switched() {
    let value = |tag, min| {
        let off = tag == PUMP && min >= 299;
        shifted(300, 340, 20.0)(tag, min).map(|value| if off { 0.0 } else { value })
    };
    assert_eq!(told(&found(RULE, 500, value)), []);
    // Held until 360: what is still there is found then.
    let lasting = |tag, min: i64| value(tag, if min < 500 { min.min(339) } else { min });
    assert_eq!(told(&found(RULE, 420, lasting)), [(390, Verdict::Abnormal)]);
}

#[test]
fn doubtful_and_missing_signals_have_no_say_and_without_any_there_is_no_data() {
    let mut inspection = inspection(RULE);
    let mut findings = Vec::new();
    for min in 0..400 {
        inspection.advance(PLANT, at(min), &mut findings);
        let high = if min >= 300 { 20.0 } else { 0.0 };
        let flag = if min >= 300 { Flag::Suspect } else { Flag::Good };
        let value = sound(CONDUCTIVITY, min) + high;
        let doubted = Observation { flag, ..reading(CONDUCTIVITY, min, value) };
        inspection.observe(&doubted, &mut findings);
        if min % 5 == 0 && min < 350 {
            let value = sound(CHLORINE, min);
            inspection.observe(&reading(CHLORINE, min, value), &mut findings);
        }
    }
    // The last usable reading is of 345, in the step that ends at 350; three steps of patience.
    assert_eq!(told(&findings), [(380, Verdict::NoData)]);
    assert_eq!(findings[0].why.text, "no usable reading of the water at AIT-303 for 30 min");
}

#[test]
fn a_time_without_anything_is_passed_at_once() {
    let mut inspection = inspection(RULE);
    let mut findings = Vec::new();
    inspection.observe(&reading(CONDUCTIVITY, 0, 200.0), &mut findings);
    inspection.advance(PLANT, at(60 * 24 * 365 * 100), &mut findings);
    assert_eq!(told(&findings), [(40, Verdict::NoData)]);
}

/// In these hours of the third day so much more flow and pressure.
fn burst(
    hours: std::ops::Range<i64>,
    flow: f64,
    pressure: f64,
) -> impl Fn(usize, i64) -> Option<f64> {
    move |tag, min| {
        let is_now = hours.contains(&(min / 60 - 48));
        let change = match tag {
            FLOW => flow,
            PRESSURE => pressure,
            _ => return None,
        };
        Some(sound(tag, min) + if is_now { change } else { 0.0 })
    }
}

#[test]
fn a_burst_draws_more_than_at_this_time_of_other_days_and_takes_pressure() {
    assert_eq!(told(&found(DAILY, 5 * 1_440, burst(0..0, 0.0, 0.0))), [], "a day as others");
    let findings = found(DAILY, 4 * 1_440, burst(2..8, 10.0, -20.0));
    // The hours that end at 3 and 4 do not fit, nor those up to 8: the one after has two of three.
    let day = 2 * 1_440;
    let expected = [(day + 240, Verdict::Abnormal), (day + 600, Verdict::Normal)];
    assert_eq!(told(&findings), expected);
    // At 3 o'clock 13 m³/h and 297 kPa are usual. The hours 1 to 5 around it lie 2, 1, 0, 1, 2 from
    // their median: the spread is 1.4826, so that 10 m³/h are 6.7 of it; of the pressure the
    // precision is more, 1.001 · 5 / 2.
    let text = "2 of the last 3 steps of 1 h do not fit (probability 0.88): pressure at PIT-404 is \
                277.0 kPa (28.2 m), 8.0 SD below the expected 297.0 kPa (30.3 m); flow at FIT-404 \
                is 23.0 m³/h, 6.7 SD above the expected 13.0 m³/h";
    assert_eq!(findings[0].why.text, text);
}

#[test]
fn one_signal_alone_and_changes_to_the_other_side_are_no_burst() {
    for (flow, pressure) in [(10.0, 0.0), (0.0, -20.0), (-10.0, 20.0), (-10.0, -20.0)] {
        let findings = found(DAILY, 4 * 1_440, burst(2..8, flow, pressure));
        assert_eq!(told(&findings), [], "{flow} m³/h, {pressure} kPa");
    }
    // Where no gauge speaks the flow decides alone; where the flow does not, nobody judges.
    let without =
        |gone: usize| move |tag, min| burst(2..8, 10.0, -20.0)(tag, min).filter(|_| tag != gone);
    assert_eq!(found(DAILY, 4 * 1_440, without(PRESSURE)).len(), 2);
    assert_eq!(told(&found(DAILY, 4 * 1_440, without(FLOW))), []);
}

/// What a run of so many minutes finds, asked at some of them, the readings of a time in order or
/// backwards, and restarted at one of them.
fn played(
    (rule, minutes): (&str, i64),
    value: &dyn Fn(usize, i64) -> Option<f64>,
    asked: &dyn Fn(i64) -> bool,
    backwards: bool,
    restart: i64,
) -> Vec<Finding> {
    let mut inspection = inspection(rule);
    let mut findings = Vec::new();
    inspection.advance(PLANT, at(0), &mut findings);
    for min in 0..minutes {
        if min == restart {
            let json = serde_json::to_string(&inspection.checkpoint());
            inspection = self::inspection(rule);
            let json = json.expect("plain values");
            inspection.resume(&serde_json::from_str(&json).expect("what was written"));
        }
        // Steps are closed by the advance of event time: at most 32 of them wait.
        if asked(min) || min % 240 == 0 {
            inspection.advance(PLANT, at(min), &mut findings);
        }
        let mut tags = TAGS;
        if backwards {
            tags.reverse();
        }
        for tag in tags.into_iter().filter(|tag| is_read(*tag, min)) {
            if let Some(value) = value(tag, min) {
                inspection.observe(&reading(tag, min, value), &mut findings);
            }
        }
    }
    inspection.advance(PLANT, at(minutes + 100), &mut findings);
    findings
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Random shifts and gaps; the instruments' readings of a time in any order, asked at random
    /// moments, and restarted at one: the findings are those of a run that is asked every minute.
    #[test]
    fn findings_depend_on_event_time_alone(
        shifts in prop::collection::vec((130_i64..480, 1_i64..120, -30.0..30.0_f64), 0..4),
        gaps in prop::collection::vec((0_usize..2, 0_i64..500, 1_i64..90), 0..4),
        asked in prop::collection::btree_set(0_i64..600, 0..60),
        backwards in any::<bool>(),
        restart in 0_i64..600,
        nearest in any::<bool>(),
    ) {
        let rule = if nearest {
            RULE.replace("\"linear-prediction\"\norder = 2", "\"nearest-neighbour\"")
        } else {
            RULE.to_owned()
        };
        let value = |tag: usize, min: i64| {
            let within = |from: i64, long: i64| (from..from + long).contains(&min);
            let gone = gaps.iter().any(|(which, from, long)| *which == tag && within(*from, *long));
            let now = shifts.iter().filter(|(from, long, _)| within(*from, *long));
            let shift: f64 = now.map(|(.., by)| by).sum();
            let shift = if tag == CONDUCTIVITY { shift } else { shift / 100.0 };
            (!gone).then(|| (sound(tag, min) + if tag == PUMP { 0.0 } else { shift }).max(0.0))
        };
        let rule = (rule.as_str(), 600);
        let steady = played(rule, &value, &|_| true, false, -1);
        let rare = played(rule, &value, &|min| asked.contains(&min), backwards, restart);
        prop_assert_eq!(steady, rare);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The same of three days in a village.
    #[test]
    fn findings_about_peoples_days_depend_on_event_time_alone(
        bursts in prop::collection::vec((1_440_i64..4_000, 1_i64..900, 2.0..30.0_f64), 0..4),
        gaps in prop::collection::vec((FLOW..=PRESSURE, 0_i64..4_000, 1_i64..600), 0..4),
        asked in prop::collection::btree_set(0_i64..4_320, 0..60),
        backwards in any::<bool>(),
        restart in 0_i64..4_320,
    ) {
        let value = |tag: usize, min: i64| {
            let within = |from: i64, long: i64| (from..from + long).contains(&min);
            let gone = gaps.iter().any(|(which, from, long)| *which == tag && within(*from, *long));
            let now = bursts.iter().filter(|(from, long, _)| within(*from, *long));
            let drawn: f64 = now.map(|(.., by)| by).sum();
            let change = match tag {
                FLOW => drawn,
                PRESSURE => -drawn,
                _ => return None,
            };
            (!gone).then(|| sound(tag, min) + change)
        };
        let rule = (DAILY, 4_320);
        let steady = played(rule, &value, &|_| true, false, -1);
        let rare = played(rule, &value, &|min| asked.contains(&min), backwards, restart);
        prop_assert_eq!(steady, rare);
    }
}
