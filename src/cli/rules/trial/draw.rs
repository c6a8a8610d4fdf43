//! A signal on a terminal, in dots of Braille, with its limit and the times of its alarm.

use super::curve::{Range, extent};
use crate::base::{Span, Stamp};
use crate::exercise::replay::tally::Raised;

/// Characters of a picture, across and down.
pub const WIDE: usize = 72;
const HIGH: usize = 5;

/// The dots of a character: bits by column and row.
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// Columns of dots.
pub const COLUMNS: usize = WIDE * 2;

/// The lines of a picture from top to bottom, and the values at its top and bottom; none without a
/// value. The limit is a dotted line.
pub fn signal(columns: &[Range], limit: Option<f64>) -> Option<(Vec<String>, f64, f64)> {
    let (mut low, mut high) = extent(columns)?;
    if let Some(limit) = limit {
        (low, high) = (low.min(limit), high.max(limit));
    }
    let span = if high > low { high - low } else { 1.0 };
    let rows = HIGH * 4;
    let row = |value: f64| {
        let from_top = (high - value) / span * (rows - 1) as f64;
        (from_top.round() as usize).min(rows - 1)
    };
    let mut cells = vec![[0_u8; WIDE]; HIGH];
    let mut dot = |column: usize, row: usize| {
        if let Some(cell) = cells.get_mut(row / 4).and_then(|line| line.get_mut(column / 2)) {
            *cell |= DOTS[column % 2][row % 4];
        }
    };
    let mut last: Option<(usize, usize)> = None;
    for (n, range) in columns.iter().enumerate() {
        let Some((least, most)) = range else {
            last = None;
            continue;
        };
        let (top, bottom) = (row(*most), row(*least));
        // A jump is drawn as a line, so that the eye can follow it.
        let (from, to) =
            last.map_or((top, bottom), |(above, below)| (top.min(below), bottom.max(above)));
        (from..=to).for_each(|row| dot(n, row));
        last = Some((top, bottom));
    }
    if let Some(limit) = limit {
        (0..COLUMNS).step_by(3).for_each(|column| dot(column, row(limit)));
    }
    let line = |line: &[u8; WIDE]| {
        let braille = |dots: &u8| char::from_u32(0x2800 + u32::from(*dots)).unwrap_or(' ');
        let text: String = line.iter().map(braille).collect();
        text.trim_end_matches('\u{2800}').to_owned()
    };
    Some((cells.iter().map(line).collect(), high, low))
}

/// When it was raised, in one line.
pub fn times(raised: Option<&Raised>, (from, to): (Stamp, Stamp)) -> String {
    let length = (to - from).as_ms().max(1);
    let moment = |n: usize| from + Span::ms(length * n as i64 / WIDE as i64);
    let is_raised = |n: usize| {
        let episodes = raised.map_or(&[][..], |raised| raised.episodes.as_slice());
        let (begin, end) = (moment(n), moment(n + 1));
        episodes.iter().any(|it| it.raised < end && it.cleared.is_none_or(|to| to > begin))
    };
    let line: String = (0..WIDE).map(|n| if is_raised(n) { '█' } else { '·' }).collect();
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_rises_from_corner_to_corner_over_its_limit() {
        let ramp: Vec<Range> = (0..COLUMNS).map(|n| Some((n as f64, n as f64))).collect();
        let (lines, high, low) = signal(&ramp, Some(72.0)).expect("it has values");
        assert_eq!((high, low), (143.0, 0.0));
        insta::assert_snapshot!(lines.join("\n"));
        assert_eq!(signal(&[None; COLUMNS], Some(1.0)), None);
    }
}
