//! What the water at a place has been like: the last steps that were no outliers.
//!
//! A value that is missing in a step is taken to be the one before. Outliers are kept beside the
//! others for one purpose: when an event has lasted so long that it counts as usual, the history
//! becomes the last steps, outliers included `[S46a]`.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// The last steps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    rows: VecDeque<Row>,
}

/// One step: a value for each signal, none where it has never had one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Row {
    values: Box<[Option<f64>]>,
    is_outlier: bool,
}

/// Mean and spread of a signal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usual {
    /// Mean of its history.
    pub mean: f64,
    /// Standard deviation of its history, or the floor below it.
    pub sd: f64,
}

impl Usual {
    /// Of these values. A signal that hardly moves is given a spread at which a difference of
    /// `precision` just misses being an outlier: 1.001 · precision / outlier_sd `[S46a]`.
    pub fn of(values: &[f64], precision: f64, outlier_sd: f64) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n.max(1.0);
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let sd = libm::sqrt(squares / (n - 1.0).max(1.0));
        let floor = precision / outlier_sd;
        Self { mean, sd: if sd < floor { 1.001 * floor } else { sd } }
    }

    /// How many standard deviations `value` lies above the mean.
    pub fn score(&self, value: f64) -> f64 {
        (value - self.mean) / self.sd
    }
}

impl History {
    /// Are there so many steps that are no outliers?
    pub fn is_full(&self, wanted: usize) -> bool {
        self.rows.len() >= wanted && self.accepted().take(wanted).count() == wanted
    }

    /// How many steps it has that are no outliers.
    pub fn steps(&self) -> usize {
        self.accepted().count()
    }

    fn accepted(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.is_outlier)
    }

    /// The values of a signal in its last `wanted` steps, oldest first; false when it has not had
    /// one in each.
    pub fn column(&self, signal: usize, wanted: usize, values: &mut Vec<f64>) -> bool {
        let newest_first = self.accepted().rev().take(wanted);
        values.clear();
        values.extend(newest_first.map_while(|row| row.values.get(signal).copied().flatten()));
        values.reverse();
        values.len() == wanted
    }

    /// Adds a step, of which `wanted` are kept that are no outliers.
    pub fn push(&mut self, values: &[Option<f64>], is_outlier: bool, wanted: usize) {
        let before = self.rows.back();
        let values = values.iter().enumerate().map(|(signal, value)| {
            value.or_else(|| before.and_then(|row| row.values.get(signal).copied().flatten()))
        });
        let values = values.collect();
        self.rows.push_back(Row { values, is_outlier });
        while self.rows.len() > wanted && self.rows.front().is_some_and(|it| it.is_outlier)
            || self.accepted().count() > wanted
        {
            self.rows.pop_front();
        }
        // Outliers that come one by one, for ever: the oldest are of no use.
        if self.rows.len() > 2 * wanted
            && let Some(oldest) = self.rows.iter().position(|row| row.is_outlier)
        {
            self.rows.remove(oldest);
        }
    }

    /// What is new counts as usual: the last `wanted` steps become the history, whatever they were.
    pub fn refill(&mut self, wanted: usize) {
        let surplus = self.rows.len().saturating_sub(wanted);
        self.rows.drain(..surplus);
        self.rows.iter_mut().for_each(|row| row.is_outlier = false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One signal.
    fn column(history: &History, wanted: usize) -> Vec<f64> {
        let mut values = Vec::new();
        history.column(0, wanted, &mut values);
        values
    }

    #[test]
    fn outliers_stay_out_until_they_count_as_usual() {
        let mut history = History::default();
        for value in [1.0, 2.0, 3.0] {
            history.push(&[Some(value)], false, 3);
        }
        assert!(history.is_full(3));
        for value in [9.0, 9.5] {
            history.push(&[Some(value)], true, 3);
        }
        assert_eq!(column(&history, 3), [1.0, 2.0, 3.0]);
        history.push(&[Some(4.0)], false, 3);
        assert_eq!(column(&history, 3), [2.0, 3.0, 4.0]);
        history.refill(3);
        assert_eq!(column(&history, 3), [9.0, 9.5, 4.0]);
    }

    #[test]
    fn what_is_missing_is_taken_to_be_as_before_and_nothing_is_made_up() {
        let mut history = History::default();
        history.push(&[Some(1.0), None], false, 3);
        history.push(&[None, Some(7.0)], false, 3);
        assert_eq!(column(&history, 2), [1.0, 1.0]);
        let mut second = Vec::new();
        assert!(!history.column(1, 2, &mut second), "it had no value in the first step");
        history.push(&[None, None], false, 3);
        assert!(history.column(1, 2, &mut second));
        assert_eq!(second, [7.0, 7.0]);
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let mut history = History::default();
        for i in 0..1_000 {
            history.push(&[Some(f64::from(i))], i % 40 != 0, 5);
        }
        assert!(history.rows.len() <= 10);
    }

    #[test]
    fn the_spread_has_a_floor_at_which_the_precision_is_no_outlier() {
        // 1, 2, 3, 4: mean 2.5, squares 2.25 + 0.25 + 0.25 + 2.25 = 5, over 3.
        let usual = Usual::of(&[1.0, 2.0, 3.0, 4.0], 0.1, 0.8);
        assert!((usual.mean - 2.5).abs() < 1e-12);
        assert!((usual.sd - libm::sqrt(5.0 / 3.0)).abs() < 1e-12);
        let quiet = Usual::of(&[2.0, 2.0, 2.0], 0.1, 0.8);
        assert!(quiet.score(2.1) < 0.8);
        assert!(quiet.score(2.1002) > 0.8);
    }
}
