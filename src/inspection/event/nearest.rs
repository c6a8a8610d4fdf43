//! The nearest neighbour: how far a step lies from the nearest one of the past, in all signals at
//! once.

/// How differences of several signals become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// The largest of them (L∞).
    Largest,
    /// The root of the sum of their squares (L2).
    Euclidean,
    /// Their sum (L1).
    Sum,
}

impl Distance {
    /// As files write it.
    pub const CHOICES: [(&'static str, Self); 3] =
        [("largest", Self::Largest), ("euclidean", Self::Euclidean), ("sum", Self::Sum)];

    /// Of these differences.
    pub fn of(self, differences: impl Iterator<Item = f64>) -> f64 {
        match self {
            Self::Largest => differences.fold(0.0, |most, it| it.abs().max(most)),
            Self::Euclidean => libm::sqrt(differences.map(|it| it * it).sum()),
            Self::Sum => differences.map(f64::abs).sum(),
        }
    }
}

/// The position of the step that is nearest to `now`; of several, the latest. `columns`: for each
/// signal its past, oldest first, all of one length.
pub fn nearest(now: &[f64], columns: &[Vec<f64>], distance: Distance) -> Option<usize> {
    let steps = columns.first().map_or(0, Vec::len);
    let far = |step: usize| {
        let past = columns.iter().map(|column| column.get(step).copied().unwrap_or(f64::INFINITY));
        distance.of(now.iter().zip(past).map(|(now, past)| now - past))
    };
    let all = (0..steps).map(|step| (far(step), step));
    all.min_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(_, step)| step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_three_by_hand() {
        // From (0, 0): (3, 4) is 4, 5 and 7 away; (4.5, 0) is 4.5 each; (2, 4.2) is 4.2, 4.65, 6.2.
        let columns = [vec![3.0, 4.5, 2.0], vec![4.0, 0.0, 4.2]];
        let found = |distance| nearest(&[0.0, 0.0], &columns, distance);
        assert_eq!(found(Distance::Largest), Some(0));
        assert_eq!(found(Distance::Euclidean), Some(1));
        assert_eq!(found(Distance::Sum), Some(1));
        assert_eq!(Distance::Euclidean.of([3.0, -4.0].into_iter()), 5.0);
        assert_eq!(Distance::Largest.of([3.0, -4.0].into_iter()), 4.0);
        assert_eq!(Distance::Sum.of([3.0, -4.0].into_iter()), 7.0);
    }

    #[test]
    fn values_that_were_seen_apart_but_never_together_are_far() {
        // Two signals that rise together: high and low at once has never been.
        let columns = [vec![0.0, 1.0, 2.0, 3.0], vec![0.0, 1.0, 2.0, 3.0]];
        let step = nearest(&[3.0, 0.0], &columns, Distance::Largest).expect("there are steps");
        assert_eq!(step, 2, "two steps are as near: the later one");
        assert_eq!(nearest(&[1.0], &[], Distance::Sum), None);
    }
}
