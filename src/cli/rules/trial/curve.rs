//! A signal over time with a small memory, however long it is: the least and the most of each
//! stretch.

use crate::base::{Span, Stamp};

/// Stretches kept; when there would be more, two become one.
const STRETCHES: usize = 2_048;

/// The least and the most of a stretch; none without a value.
pub type Range = Option<(f64, f64)>;

/// A signal.
#[derive(Debug, Clone)]
pub struct Curve {
    from: Option<Stamp>,
    stretch: Span,
    ranges: Vec<Range>,
}

impl Default for Curve {
    fn default() -> Self {
        Self { from: None, stretch: Span::SECOND, ranges: Vec::new() }
    }
}

impl Curve {
    /// Takes a value; what is older than the first of all is left out.
    pub fn see(&mut self, at: Stamp, value: f64) {
        let from = *self.from.get_or_insert(at);
        if at < from || !value.is_finite() {
            return;
        }
        let mut place = self.place(at - from);
        while place >= STRETCHES {
            let halved = self.ranges.chunks(2).map(|two| two.iter().fold(None, |a, b| join(a, *b)));
            self.ranges = halved.collect();
            self.stretch = self.stretch * 2;
            place = self.place(at - from);
        }
        if self.ranges.len() <= place {
            self.ranges.resize(place + 1, None);
        }
        self.ranges[place] = join(self.ranges[place], Some((value, value)));
    }

    /// The signal from `from` to `to` in so many columns. A value holds on until the next one, but
    /// not over a gap.
    pub fn columns(&self, (from, to): (Stamp, Stamp), count: usize) -> Vec<Range> {
        let mut columns = vec![None; count];
        let (Some(first), length) = (self.from, (to - from).as_ms().max(1)) else { return columns };
        let mut seen = 0;
        for (n, range) in self.ranges.iter().enumerate().filter(|(_, range)| range.is_some()) {
            let at = first + self.stretch * n as i64;
            let share = (at - from).as_ms() as f64 / length as f64;
            let column = ((share * count as f64) as usize).min(count.saturating_sub(1));
            if let Some(place) = columns.get_mut(column) {
                *place = join(*place, *range);
            }
            seen += 1;
        }
        let hold = count.div_ceil(seen.max(1)) * 3;
        let mut last: (Range, usize) = (None, 0);
        for (n, column) in columns.iter_mut().enumerate() {
            match column {
                Some(_) => last = (*column, n),
                None if n - last.1 <= hold => *column = last.0,
                None => {}
            }
        }
        columns
    }

    fn place(&self, since: Span) -> usize {
        usize::try_from(since.as_ms() / self.stretch.as_ms().max(1)).unwrap_or(usize::MAX)
    }
}

fn join(one: Range, other: Range) -> Range {
    match (one, other) {
        (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
        (one, other) => one.or(other),
    }
}

/// The least and the most of all.
pub fn extent(columns: &[Range]) -> Range {
    columns.iter().fold(None, |all, range| join(all, *range))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(1_733_356_800_000 + s * 1_000).expect("a time")
    }

    #[test]
    fn a_long_signal_keeps_its_peaks_in_a_small_memory() {
        let mut curve = Curve::default();
        for s in 0..100_000 {
            curve.see(at(s), if s == 77_777 { 9.0 } else { f64::from((s % 3) as u8) });
        }
        assert!(curve.ranges.len() <= STRETCHES);
        let columns = curve.columns((at(0), at(99_999)), 100);
        assert_eq!(columns[77], Some((0.0, 9.0)));
        assert_eq!(columns[3], Some((0.0, 2.0)));
        assert_eq!(extent(&columns), Some((0.0, 9.0)));
    }

    #[test]
    fn a_value_holds_on_until_the_next_but_not_over_a_gap() {
        let mut curve = Curve::default();
        for s in (0..100).step_by(10).chain([900, 910]) {
            curve.see(at(s), 1.0);
        }
        let columns = curve.columns((at(0), at(1_000)), 100);
        assert!(columns[..10].iter().all(Option::is_some));
        assert!(columns[60].is_none() && columns[90].is_some());
    }
}
