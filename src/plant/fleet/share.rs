//! Whole people shared out so that nobody is lost.

/// Shares `total` by `weights` (not negative, not all 0): each gets its exact share rounded down,
/// what is left goes to the largest remainders, the first of equal ones first.
pub(super) fn apportion(total: u64, weights: &[f64]) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights.iter().map(|weight| total as f64 * weight / sum).collect();
    let mut shares: Vec<u64> = exact.iter().map(|share| libm::floor(*share) as u64).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    let rest = |at: &usize| exact[*at] - libm::floor(exact[*at]);
    order.sort_by(|a, b| rest(b).total_cmp(&rest(a)));
    let left = total.saturating_sub(shares.iter().sum());
    for at in order.into_iter().take(left as usize) {
        shares[at] += 1;
    }
    shares
}

/// Sizes in proportion to `drawn`, but within `low` and `high`, that add up to `total`.
///
/// Gives none when they cannot: `total` lies outside `drawn.len()` times the bounds.
pub(super) fn fit(total: u64, drawn: &[f64], low: u64, high: u64) -> Option<Vec<u64>> {
    let count = drawn.len() as u64;
    if total < count * low || total > count * high {
        return None;
    }
    let sized = |factor: f64| -> Vec<u64> {
        let size = |draw: &f64| (libm::floor(draw * factor) as u64).clamp(low, high);
        drawn.iter().map(size).collect()
    };
    let (mut under, mut over) = (0.0, 1.0);
    while sized(over).iter().sum::<u64>() < total && over < 1e12 {
        over *= 2.0;
    }
    for _ in 0..80 {
        let middle = f64::midpoint(under, over);
        if sized(middle).iter().sum::<u64>() <= total {
            under = middle;
        } else {
            over = middle;
        }
    }
    let mut sizes = sized(under);
    let mut left = total - sizes.iter().sum::<u64>();
    while left > 0 {
        for size in sizes.iter_mut().filter(|size| **size < high) {
            if left == 0 {
                break;
            }
            *size += 1;
            left -= 1;
        }
    }
    Some(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_the_largest_remainders_round_up() {
        assert_eq!(apportion(10, &[1.0, 1.0, 1.0]), [4, 3, 3]);
        assert_eq!(apportion(100, &[33.4, 33.3, 33.3]), [34, 33, 33]);
        assert_eq!(apportion(7, &[0.0, 2.0]), [0, 7]);
        assert_eq!(apportion(0, &[1.0, 2.0]), [0, 0]);
    }

    #[test]
    fn sizes_keep_their_bounds_and_their_sum() {
        assert_eq!(fit(100, &[1.0, 3.0], 10, 90), Some(vec![25, 75]));
        assert_eq!(fit(100, &[1.0, 30.0], 10, 90), Some(vec![10, 90]));
        let sizes = fit(101, &[1.0, 1.0, 1.0], 10, 90).expect("they fit");
        assert_eq!(sizes.iter().sum::<u64>(), 101);
        assert_eq!(fit(19, &[1.0, 1.0], 10, 90), None);
        assert_eq!(fit(181, &[1.0, 1.0], 10, 90), None);
        assert_eq!(fit(180, &[1.0, 1.0], 10, 90), Some(vec![90, 90]));
    }
}
