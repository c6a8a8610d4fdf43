//! Published test vectors: those of `ioos_qc` (Apache-2.0), `tests/test_qartod.py` at c91d50c3
//! `[S45b]`, whose limits and series these are. Where our flags differ, the reason stands there;
//! it is always a defect that the library inherits from the formulas.

use super::flat_line::{FlatLineTest, Run, Stretch};
use super::range::{Climatology, GrossRange};
use super::rate::{Change, RateState};
use super::spike::{SpikeState, SpikeTest};
use super::spread::{Attenuation, Measure, Spread};
use super::{TwoLimits, timing::Pace};
use crate::base::time::UtcOffset;
use crate::base::{Flag, Span, Stamp};

const STEP: Span = Span::minutes(15);

fn at(i: usize) -> Stamp {
    Stamp::parse("2015-01-01T00:00:00Z").expect("a time").0 + STEP * i as i64
}

fn limits(suspect: f64, fail: f64) -> TwoLimits {
    TwoLimits { suspect, fail: Some(fail) }
}

/// Flags of a series by a test that knows at once; what has no value is missing.
fn flags<const N: usize>(
    values: [Option<f64>; N],
    mut judge: impl FnMut(Stamp, f64) -> Flag,
) -> [u8; N] {
    let mut i = 0;
    values.map(|value| {
        i += 1;
        u8::from(value.map_or(Flag::Missing, |value| judge(at(i - 1), value)))
    })
}

fn all<const N: usize>(values: [f64; N]) -> [Option<f64>; N] {
    values.map(Some)
}

#[test]
fn gross_range() {
    let range = GrossRange { operator: Some((20.0, 40.0)) };
    let values = [5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 51.0];
    let found = flags(all(values), |_, value| range.judge((10.0, 50.0), value));
    assert_eq!(found, [4, 3, 3, 1, 1, 1, 1, 1, 3, 4]);
}

#[test]
fn climatology() {
    // (10, 20) in the first half of the year; nothing is said of the second.
    let mut months = [None; 12];
    months[..6].fill(Some((10.0, 20.0)));
    let climatology = Climatology { months };
    let mut today = None;
    let mut judge = |time: &str, value| {
        let at = Stamp::parse(time).expect("a time").0;
        u8::from(climatology.judge(&mut today, UtcOffset::UTC, at, value))
    };
    let january = "2011-01-02T00:00:00Z";
    let found = [judge(january, 9.0), judge(january, 11.0), judge(january, 21.0)];
    assert_eq!(found, [3, 1, 3]);
    assert_eq!(judge("2015-08-02T00:00:00Z", 21.0), 2);
}

/// Spike flags of a series; those the test never comes to say are not evaluated.
fn spikes<const N: usize>(values: [Option<f64>; N], limits: TwoLimits) -> [u8; N] {
    let test = SpikeTest { limits, share: 0.0, within_polls: 3.0 };
    let mut state = SpikeState::default();
    let mut found = values.map(|value| if value.is_some() { 2 } else { 9 });
    for (i, value) in values.iter().enumerate() {
        let Some(value) = value else { continue };
        if let Some((middle, _, flag)) = test.judge(&mut state, STEP, at(i), *value) {
            found[((middle - at(0)).as_ms() / STEP.as_ms()) as usize] = u8::from(flag);
        }
    }
    found
}

#[test]
fn spike() {
    let values = [10.0, 12.0, 999.99, 13.0, 15.0, 40.0, 9.0, 9.0];
    // ioos_qc: 2 4 4 4 1 3 1 2. The neighbours of 999.99 are no spikes.
    assert_eq!(spikes(all(values), limits(25.0, 50.0)), [2, 1, 4, 1, 1, 3, 1, 2]);
    let negative = values.map(|value| -value);
    assert_eq!(spikes(all(negative), limits(25.0, 50.0)), [2, 1, 4, 1, 1, 3, 1, 2]);
    let values = [-100.0, -99.0, -99.0, -98.0];
    assert_eq!(spikes(all(values), limits(25.0, 50.0)), [2, 1, 1, 2]);
}

#[test]
fn spike_beside_missing_values() {
    let one = Some;
    let values = [
        one(10.0),
        one(12.0),
        one(999.99),
        one(13.0),
        one(15.0),
        one(40.0),
        one(9.0),
        one(9.0),
        None,
        one(10.0),
        one(10.0),
        one(999.99),
        one(10.0),
        None,
    ];
    // ioos_qc: 2 4 4 4 1 3 1 1 9 9 4 4 4 9. Besides the neighbours: the 10 after the missing value
    // is there, and is judged by the nearest values there are.
    let expected = [2, 1, 4, 1, 1, 3, 1, 1, 9, 1, 1, 4, 2, 9];
    assert_eq!(spikes(values, limits(25.0, 50.0)), expected);
}

#[test]
fn spike_in_real_data() {
    let values = [
        -0.189, -0.0792, -0.0122, 0.0457, 0.0671, 0.0213, -0.0488, -0.1463, -0.2438, -0.3261,
        -0.3871, -0.4054, -0.3932, -0.3383, -0.2804, -0.2347, -0.2134, -0.2347, -0.2926, -0.3597,
        -0.442, -0.509, 0.0, -0.5944, -0.57, -0.4267, -0.2926, -0.1585, -0.0945, -0.0762,
    ];
    let mut expected = [1; 30];
    (expected[0], expected[22], expected[29]) = (2, 3, 2);
    assert_eq!(spikes(all(values), limits(0.5, 1.0)), expected);
}

#[test]
fn spike_by_either_method() {
    let mut values = all([
        3.0, 4.99, 5.0, 6.0, 8.0, 6.0, 6.0, 6.75, 6.0, 6.0, 5.3, 6.0, 6.0, 9.0, 5.0, 0.0, 4.0, 4.0,
    ]);
    values[15] = None;
    // ioos_qc by the average: 2 3 1 1 4 3 1 3 1 1 3 1 4 4 4 9 9 2; by differences:
    // 2 1 1 1 4 1 1 3 1 1 3 1 1 4 9 9 9 2. Ours is as the second, and what stands beside the
    // missing value is judged.
    let expected = [2, 1, 1, 1, 4, 1, 1, 3, 1, 1, 3, 1, 1, 4, 1, 9, 1, 2];
    assert_eq!(spikes(values, limits(0.5, 1.0)), expected);
}

/// 5 units in 15 minutes.
fn changes<const N: usize>(values: [Option<f64>; N]) -> [u8; N] {
    let limits = TwoLimits { suspect: 5.0, fail: None };
    let (change, mut state) = (Change { limits, per: STEP }, RateState::default());
    flags(values, |at, value| change.judge(&mut state, at, value))
}

#[test]
fn rate_of_change() {
    let values = [
        2.0, 10.0, 2.1, 3.0, 4.0, 5.0, 7.0, 10.0, 0.0, 2.0, 2.2, 2.0, 1.0, 2.0, 3.0, 90.0, 91.0,
        92.0, 93.0, 1.0, 2.0, 3.0, 4.0, 5.0,
    ];
    // ioos_qc flags the first as good, though nothing came before it, and the way back from the
    // spike of 10 to 2.1 as suspect.
    let mut expected = [1; 24];
    (expected[0], expected[1], expected[8], expected[15], expected[19]) = (2, 3, 3, 3, 3);
    assert_eq!(changes(all(values)), expected);
    let missing = [Some(2.0), Some(10.0), Some(2.0), Some(3.0), None, None, Some(7.0), Some(10.0)];
    assert_eq!(changes(missing), [2, 3, 1, 1, 9, 9, 1, 1]);
    assert_eq!(changes(all([-2.0, -10.0, -2.0, -3.0])), [2, 3, 1, 1]);
}

/// `suspect` and `fail` readings in a row, this one included.
fn flat<const N: usize>(
    values: [Option<f64>; N],
    tolerance: f64,
    (suspect, fail): (u32, u32),
) -> [u8; N] {
    let stretch = |readings| Stretch { readings, over: STEP * i64::from(readings - 1) };
    let (suspect, fail) = (stretch(suspect), Some(stretch(fail)));
    let test = FlatLineTest { tolerance, suspect, fail, may_rest: false };
    let mut run = Run::default();
    flags(values, |at, value| test.judge(&mut run, (-1e3, 1e3), at, value))
}

#[test]
fn flat_line() {
    // There, 3 and 5 readings before this one: 4 and 6 with it.
    let values =
        [1.0, 2.0, 2.0001, 2.0, 2.0001, 2.0, 2.0001, 2.0, 4.0, 5.0, 3.0, 3.0001, 3.0005, 3.00001];
    let expected = [1, 1, 1, 1, 3, 3, 4, 4, 1, 1, 1, 1, 1, 3];
    assert_eq!(flat(all(values), 0.01, (4, 6)), expected);
    assert_eq!(flat(all(values.map(|value| -value)), 0.01, (4, 6)), expected);
    let values = [2.0, 2.0001, 2.0, 2.0001, 2.0, 2.0001, 2.0, 4.0, 5.0, 3.0, 3.0001, 3.0005];
    assert_eq!(flat(all(values), 0.01, (4, 6)), [1, 1, 1, 3, 3, 4, 4, 1, 1, 1, 1, 1]);
    assert_eq!(flat(all([5.0; 6]), 0.1, (4, 6)), [1, 1, 1, 3, 3, 4]);
    // A range of less than 4, there; of at most 3 here.
    let values = [1.0, 1.0, 1.0, 1.0, 1.0, 6.0, 5.0, 4.0, 3.0, 2.0];
    assert_eq!(flat(all(values), 3.0, (4, 7)), [1, 1, 1, 3, 3, 1, 1, 1, 3, 3]);
}

/// Range over (t − 2 days, t], one value a day.
fn attenuated<const N: usize>(
    values: [Option<f64>; N],
    measure: Measure,
    (suspect, fail): (f64, f64),
    readings: u32,
) -> [u8; N] {
    let window = STEP * 2;
    let test = Attenuation { measure, limits: limits(suspect, fail), window, readings };
    let mut spread = Spread::default();
    flags(values, |at, value| test.judge(&mut spread, at, value))
}

#[test]
fn attenuated_signal() {
    let values = all([1.0, 2.0, 3.0, 100.0, 1_000.0]);
    let range = |readings| attenuated(values, Measure::Range, (100.0, 10.0), readings);
    assert_eq!(range(1), [4, 4, 4, 3, 1]);
    assert_eq!(range(2), [2, 4, 4, 3, 1]);
    let values = [Some(1.0), None, Some(10.0), Some(100.0), Some(1_000.0)];
    assert_eq!(attenuated(values, Measure::Range, (100.0, 50.0), 2), [2, 9, 2, 3, 1]);
    // ioos_qc takes 150 and 40 here, by pandas' deviation of the population: 45 and 450.
    assert_eq!(attenuated(values, Measure::Deviation, (150.0, 40.0), 2), [2, 9, 2, 3, 1]);
}

#[test]
fn timing_gap() {
    // 50 minutes within a window of an hour; two hours are not.
    let pace = Pace { gap_polls: Some(1.0), early_polls: None };
    let judge = |min| pace.judge(Some(at(0)), Span::HOUR, at(0) + Span::minutes(min));
    assert_eq!(judge(50), Flag::Good);
    // There it fails: our gap is no fault of the reading that ends it.
    assert_eq!(judge(120), Flag::Suspect);
}

#[test]
fn flags_roll_up_in_the_order_of_qartod() {
    // ioos_qc, test_qartod_compare.
    let range = [1, 1, 1, 9, 1, 1, 9, 9];
    let spike = [2, 1, 1, 1, 1, 1, 9, 9];
    let gradient = [1, 3, 3, 4, 3, 1, 2, 9];
    let flag = |number: u8| Flag::try_from(number).expect("a flag");
    let rolled = |i: usize| flag(range[i]).worst(flag(spike[i])).worst(flag(gradient[i]));
    let found: Vec<u8> = (0..8).map(|i| u8::from(rolled(i))).collect();
    assert_eq!(found, [1, 3, 3, 4, 3, 1, 2, 9]);
}
