//! The same time of earlier days: what a value that follows people's day lets expect.
//!
//! Expected is the median of what was seen around this time of the days before; how far values of
//! the hours around it lie from theirs, by the median too, is the spread: at the weekend people get
//! up later. Neither minds a single odd day. As in [`super::history`], outliers are kept beside the
//! others until they count as usual.
//!
//! A step takes four bytes of each signal: a week of five minutes is 8 KiB an instrument.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::base::Span;

/// So long before and after the same time counts for what is expected `[D]`.
const NEAR: Span = Span::minutes(10);

/// So long before and after it counts for the spread `[D]`.
const WIDE: Span = Span::hours(2);

/// Values are remembered to this share of their signal's precision.
const GRAIN: f64 = 0.01;

/// Stands for a step without a value.
const NOTHING: i32 = i32::MIN;

/// The median distance from the median of a normal distribution, times this, is its standard
/// deviation.
const NORMAL: f64 = 1.4826;

/// Steps of the last days, without a gap.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Daily {
    /// The first of them, counted from 1970 in steps.
    first: i64,
    /// The one after the last.
    next: i64,
    /// Those that were outliers.
    outliers: BTreeSet<i64>,
    /// For each signal its values, in grains.
    columns: Vec<VecDeque<i32>>,
}

/// What is expected of a signal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// The value.
    pub value: f64,
    /// How far values lie from it, as a standard deviation; 0 where they never moved.
    pub spread: f64,
}

impl Daily {
    /// What is expected of a signal of that precision in step `number`; none while no day before
    /// has shown this time.
    pub fn expected(
        &self,
        (signal, precision): (usize, f64),
        number: i64,
        step: Span,
    ) -> Option<Expected> {
        let column = self.columns.get(signal)?;
        let value = median(self.around(column, number, step, NEAR))?;
        let wide = self.around(column, number, step, WIDE);
        let middle = median(wide.clone())?;
        let spread = median(wide.iter().map(|it| (it - middle).abs()).collect())?;
        let grain = precision * GRAIN;
        Some(Expected { value: value * grain, spread: NORMAL * spread * grain })
    }

    /// Values around the same time of earlier days that were no outliers, in grains.
    fn around(&self, column: &VecDeque<i32>, number: i64, step: Span, reach: Span) -> Vec<f64> {
        let steps = |span: Span| span.as_ms() / step.as_ms().max(1);
        let (day, reach) = (steps(Span::DAY).max(1), steps(reach));
        let mut values = Vec::new();
        let mut middle = number - self.first - day; // a position in the column
        while middle + reach >= 0 {
            for at in (middle - reach).max(0)..=middle + reach {
                let value = usize::try_from(at).ok().and_then(|at| column.get(at));
                let usual = !self.outliers.contains(&(self.first + at));
                let value = value.filter(|value| usual && **value != NOTHING);
                values.extend(value.map(|value| f64::from(*value)));
            }
            middle -= day;
        }
        values
    }

    /// Adds a step, behind all before it: a value and the precision of each signal. `wanted` steps
    /// are kept.
    pub fn push(
        &mut self,
        number: i64,
        values: impl Iterator<Item = (Option<f64>, f64)>,
        is_outlier: bool,
        wanted: usize,
    ) {
        let kept = i64::try_from(wanted).unwrap_or(i64::MAX);
        if self.steps() == 0 || number - self.next >= kept {
            self.outliers.clear();
            self.columns.iter_mut().for_each(VecDeque::clear);
            self.first = number;
        }
        let missed = usize::try_from(number - self.first).unwrap_or(0);
        for (signal, (value, precision)) in values.enumerate() {
            if self.columns.len() <= signal {
                self.columns.push(VecDeque::new());
            }
            let column = &mut self.columns[signal];
            column.resize(missed, NOTHING);
            // Saturates: a value of ten million precisions is no pressure and no flow.
            let grains = value.map(|it| libm::round(it / (precision * GRAIN)) as i32);
            column.push_back(grains.map_or(NOTHING, |it| it.max(NOTHING + 1)));
            while column.len() > wanted {
                column.pop_front();
            }
        }
        if is_outlier {
            self.outliers.insert(number);
        }
        self.next = number + 1;
        self.first = self.first.max(self.next - kept);
        self.outliers = self.outliers.split_off(&self.first);
    }

    /// How many steps it has.
    pub fn steps(&self) -> usize {
        usize::try_from(self.next - self.first).unwrap_or(0)
    }

    /// What is new counts as usual.
    pub fn accept(&mut self) {
        self.outliers.clear();
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (upper, lower) = (values.get(values.len() / 2)?, values.get((values.len() - 1) / 2)?);
    Some(f64::midpoint(*upper, *lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Span = Span::minutes(5);
    const SIGNAL: (usize, f64) = (0, 1.0);
    const DAY: i64 = 288;

    /// One signal, a value for each step from the first on.
    fn daily(values: impl IntoIterator<Item = f64>) -> Daily {
        let mut daily = Daily::default();
        for (number, value) in values.into_iter().enumerate() {
            daily.push(number as i64, [(Some(value), 1.0)].into_iter(), false, 3 * 288);
        }
        daily
    }

    #[test]
    fn the_same_time_of_the_days_before_by_hand() {
        // Three days that count steps, the second a hundred higher: of step 144 the steps 142 to
        // 146 of each: the median of 142 … 146 twice and 242 … 246 is the eighth, 145.
        let steps = |day: f64| (0..288).map(move |step| f64::from(step) + day);
        let three = daily(steps(0.0).chain(steps(100.0)).chain(steps(0.0)));
        let expected = three.expected(SIGNAL, 3 * DAY + 144, STEP).expect("three days are known");
        assert_eq!(expected.value, 145.0);
        // One day: of the steps 120 to 168 around it the median is 144, and they lie 0, 1, 1, …
        // 24, 24 from it: the median of these 49 is 12.
        let one = daily(steps(0.0)).expected(SIGNAL, DAY + 144, STEP).expect("a day is known");
        assert_eq!((one.value, one.spread), (144.0, 12.0 * NORMAL));
    }

    #[test]
    fn nothing_is_expected_before_a_day_has_passed_and_nothing_of_an_unknown_signal() {
        let one = daily((0..280).map(f64::from));
        assert_eq!(one.expected(SIGNAL, 280, STEP), None);
        assert_eq!(one.steps(), 280);
        assert!(one.expected(SIGNAL, DAY, STEP).is_some());
        assert_eq!(one.expected((1, 1.0), DAY, STEP), None);
    }

    #[test]
    fn outliers_have_no_say_until_they_are_accepted() {
        let mut daily = Daily::default();
        for number in 0..2 * DAY {
            let value = if number < DAY { 1.0 } else { 9.0 };
            daily.push(number, [(Some(value), 0.1)].into_iter(), number >= DAY, 1_000);
        }
        let value =
            |daily: &Daily| daily.expected((0, 0.1), 2 * DAY + 100, STEP).map(|it| it.value);
        assert_eq!(value(&daily), Some(1.0));
        daily.accept();
        assert_eq!(value(&daily), Some(5.0));
    }

    #[test]
    fn steps_that_were_not_there_are_gaps_and_memory_is_bounded() {
        let mut daily = daily((0..100).map(f64::from));
        let push = |daily: &mut Daily, number, value| {
            daily.push(number, [(value, 1.0)].into_iter(), false, 864);
        };
        push(&mut daily, 150, None);
        push(&mut daily, 151, Some(1e300));
        assert_eq!(daily.steps(), 152);
        // Of steps 98 to 102 two are there.
        assert_eq!(daily.expected(SIGNAL, DAY + 100, STEP).map(|it| it.value), Some(98.5));
        for number in 152..3_000 {
            push(&mut daily, number, Some(2.0));
        }
        assert_eq!((daily.steps(), daily.columns[0].len()), (864, 864));
        push(&mut daily, 10_000, Some(3.0));
        assert_eq!((daily.steps(), daily.columns[0].len()), (1, 1));
        assert_eq!(daily.expected(SIGNAL, 10_000 + DAY, STEP).map(|it| it.value), Some(3.0));
    }
}
