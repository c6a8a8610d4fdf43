//! Sets of moments as intervals: begin included, end not; sorted, apart from each other.

use crate::base::{Span, Stamp};

/// From when to when.
pub type Interval = (Stamp, Stamp);

/// All moments of any of them; those with less than `gap` between them become one.
pub fn union(all: impl IntoIterator<Item = Interval>, gap: Span) -> Vec<Interval> {
    let mut sorted: Vec<Interval> = all.into_iter().collect();
    sorted.sort();
    let mut joined: Vec<Interval> = Vec::new();
    for (from, to) in sorted {
        match joined.last_mut() {
            Some((_, end)) if from <= *end || from - *end < gap => *end = (*end).max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// The part of an interval within another; none where they have no moment in common.
pub fn within((from, to): Interval, (first, last): Interval) -> Option<Interval> {
    let both = (from.max(first), to.min(last));
    (both.0 < both.1).then_some(both)
}

/// How long a set lasts, seconds.
pub fn length(all: &[Interval]) -> f64 {
    all.iter().map(|(from, to)| (*to - *from).as_seconds()).sum()
}

/// How long two sets last together, seconds.
pub fn common(one: &[Interval], other: &[Interval]) -> f64 {
    let pairs = one.iter().flat_map(|a| other.iter().filter_map(|b| within(*a, *b)));
    pairs.map(|(from, to)| (to - from).as_seconds()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Stamp {
        Stamp::from_ms(0).expect("a time") + Span::minutes(minute)
    }

    fn sets(pairs: &[(i64, i64)], gap: i64) -> Vec<(i64, i64)> {
        let all = pairs.iter().map(|(from, to)| (at(*from), at(*to)));
        let minute = |it: Stamp| it.as_ms() / 60_000;
        let joined = union(all, Span::minutes(gap));
        joined.into_iter().map(|(from, to)| (minute(from), minute(to))).collect()
    }

    #[test]
    fn what_overlaps_touches_or_lies_close_is_one() {
        assert_eq!(sets(&[(5, 9), (0, 5), (2, 3)], 0), [(0, 9)]);
        assert_eq!(sets(&[(0, 5), (14, 20)], 10), [(0, 20)], "nine minutes apart");
        assert_eq!(sets(&[(0, 5), (15, 20)], 10), [(0, 5), (15, 20)], "ten");
    }

    #[test]
    fn what_two_sets_share_is_counted_once() {
        let one = [(at(0), at(10)), (at(20), at(30))];
        let other = [(at(5), at(25))];
        assert_eq!(common(&one, &other), 10.0 * 60.0);
        assert_eq!(length(&one), 20.0 * 60.0);
        assert_eq!(within(one[0], one[1]), None);
    }
}
