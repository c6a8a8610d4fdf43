//! Batches cut so that every message stays within `MESSAGE_BYTES_MAX`.

use super::encode::encode_data;
use super::{
    Column, EXERCISE_BYTES_MAX, Envelope, MESSAGE_BYTES_MAX, NUMBER_MAX, READINGS_MAX, TAGS_MAX,
};
use crate::base::ids::ID_BYTES_MAX;
use crate::base::{PlantId, Stamp};
use crate::telemetry::signature::SIGNATURE_BYTES;

/// Cuts a batch into bodies of data messages, each small enough under any envelope. The cut is by
/// time, oldest first, so that a reader sees the plant advance; only readings of one moment are
/// cut by tag. Columns without readings are left out; no reading gives no body.
pub fn split(columns: Vec<Column>) -> Vec<Vec<Column>> {
    let mut bodies = Vec::new();
    let columns: Vec<Column> = columns.into_iter().filter(|c| !c.at.is_empty()).collect();
    if !columns.is_empty() {
        cut(columns, &mut bodies);
    }
    bodies
}

fn cut(columns: Vec<Column>, bodies: &mut Vec<Vec<Column>>) {
    if fits(&columns) {
        return bodies.push(columns);
    }
    let mut times: Vec<Stamp> = columns.iter().flat_map(|c| c.at.iter().copied()).collect();
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied();
    // The first moment that belongs to the newer half; none when all is one moment.
    let border = match (times.first(), middle) {
        (first, Some(middle)) if first < Some(&middle) => Some(middle),
        (_, Some(middle)) => times.iter().copied().find(|at| *at > middle),
        _ => None,
    };
    let (older, newer) = match border {
        Some(border) => cut_by_time(columns, border),
        None => cut_by_tag(columns),
    };
    cut(older, bodies);
    cut(newer, bodies);
}

fn fits(columns: &[Column]) -> bool {
    columns.len() <= TAGS_MAX
        && columns.iter().all(|column| column.at.len() <= READINGS_MAX)
        && (at_most(columns) <= MESSAGE_BYTES_MAX
            || encode_data(&longest_envelope(), columns).len() + SIGNATURE_BYTES
                <= MESSAGE_BYTES_MAX)
}

/// More bytes than these columns can take under any envelope: quick, and enough for most batches.
fn at_most(columns: &[Column]) -> usize {
    let column = |column: &Column| {
        COLUMN_BYTES + column.tag.as_str().len() + READING_BYTES * column.at.len()
    };
    ENVELOPE_BYTES + columns.iter().map(column).sum::<usize>()
}

/// Keys and punctuation of a column.
const COLUMN_BYTES: usize = 48;
/// A time in milliseconds, a value and a flag, with their commas: at most 20, 24 and 1 digits.
const READING_BYTES: usize = 48;
/// A data message without columns: keys, times and signature beside its longest names.
const ENVELOPE_BYTES: usize = 256 + ID_BYTES_MAX + EXERCISE_BYTES_MAX + SIGNATURE_BYTES;

fn longest_envelope() -> Envelope {
    Envelope {
        plant: PlantId::new(&"x".repeat(ID_BYTES_MAX)).expect("letters, and no more than allowed"),
        boot_id: NUMBER_MAX,
        seq: NUMBER_MAX,
        sent_at: Stamp::from_ms(1).expect("1970 is a time"), // its three decimals are the longest
        exercise: Some("x".repeat(EXERCISE_BYTES_MAX)),
    }
}

fn cut_by_time(columns: Vec<Column>, border: Stamp) -> (Vec<Column>, Vec<Column>) {
    let (mut older, mut newer) = (Vec::new(), Vec::new());
    for mut column in columns {
        let place = column.at.iter().position(|at| *at >= border).unwrap_or(column.at.len());
        let rest = column.split_off(place);
        older.extend((!column.at.is_empty()).then_some(column));
        newer.extend((!rest.at.is_empty()).then_some(rest));
    }
    (older, newer)
}

fn cut_by_tag(mut columns: Vec<Column>) -> (Vec<Column>, Vec<Column>) {
    if columns.len() > 1 {
        let newer = columns.split_off(columns.len() / 2);
        return (columns, newer);
    }
    let rest = columns.iter_mut().map(|column| column.split_off(column.at.len() / 2)).collect();
    (columns, rest)
}

impl Column {
    fn split_off(&mut self, place: usize) -> Self {
        Self {
            tag: self.tag.clone(),
            at: self.at.split_off(place),
            value: self.value.split_off(place.min(self.value.len())),
            flag: self.flag.split_off(place.min(self.flag.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Flag, Span, TagId};

    fn column(tag: usize, readings: i64, step: Span) -> Column {
        let start = Stamp::from_ms(1_733_356_800_000).expect("a time");
        let at: Vec<Stamp> = (0..readings).map(|n| start + step * n).collect();
        Column {
            tag: TagId::new(&format!("AIT-{tag}")).expect("an id"),
            value: (0..readings).map(|n| Some(n as f64 / 8.0)).collect(),
            flag: vec![Flag::Good; at.len()],
            at,
        }
    }

    fn sizes(bodies: &[Vec<Column>]) -> Vec<usize> {
        let size = |body: &Vec<Column>| encode_data(&longest_envelope(), body).len();
        bodies.iter().map(|body| size(body) + SIGNATURE_BYTES).collect()
    }

    #[test]
    fn two_hundred_fifty_readings_of_25_instruments_fit_one_message() {
        let columns: Vec<Column> = (0..25).map(|tag| column(tag, 10, Span::MINUTE)).collect();
        assert_eq!(split(columns.clone()), [columns]);
    }

    #[test]
    fn a_large_batch_is_cut_by_time_and_loses_nothing() {
        let columns: Vec<Column> = (0..30).map(|tag| column(tag, 120, Span::MINUTE)).collect();
        let bodies = split(columns.clone());
        assert!(bodies.len() > 1);
        assert!(sizes(&bodies).iter().all(|size| *size <= MESSAGE_BYTES_MAX));
        let mut together: Vec<Column> = (0..30).map(|tag| column(tag, 0, Span::ZERO)).collect();
        let mut newest = Stamp::from_ms(0).expect("a time");
        for body in &bodies {
            let oldest_here = body.iter().filter_map(|c| c.at.first()).min().copied();
            assert!(oldest_here > Some(newest), "bodies follow each other in time");
            newest = body.iter().filter_map(|c| c.at.last()).max().copied().unwrap_or(newest);
            for part in body {
                let whole = together.iter_mut().find(|c| c.tag == part.tag).expect("our tag");
                whole.at.extend(&part.at);
                whole.value.extend(&part.value);
                whole.flag.extend(&part.flag);
            }
        }
        assert_eq!(together, columns);
    }

    #[test]
    fn readings_of_one_moment_are_cut_by_tag() {
        let bodies = split((0..600).map(|tag| column(tag, 1, Span::ZERO)).collect());
        assert!(sizes(&bodies).iter().all(|size| *size <= MESSAGE_BYTES_MAX));
        assert_eq!(bodies.iter().map(Vec::len).sum::<usize>(), 600);
        let bodies = split(vec![column(1, 3_000, Span::ZERO)]);
        assert!(sizes(&bodies).iter().all(|size| *size <= MESSAGE_BYTES_MAX));
        assert_eq!(bodies.iter().flatten().map(|c| c.at.len()).sum::<usize>(), 3_000);
    }

    #[test]
    fn no_message_is_longer_than_the_quick_bound() {
        let mut worst = column(1, 50, Span::ms(77_777_777));
        worst.value = (0..50).map(|n| Some(-1.234_567_890_123_456_7e-300 * f64::from(n))).collect();
        worst.flag = vec![Flag::Suspect; 50];
        for columns in [vec![worst], vec![column(1, 1, Span::ZERO)], Vec::new()] {
            let bytes = encode_data(&longest_envelope(), &columns).len() + SIGNATURE_BYTES;
            assert!(bytes <= at_most(&columns));
        }
    }

    #[test]
    fn nothing_gives_no_message() {
        assert!(split(Vec::new()).is_empty());
        assert!(split(vec![column(1, 0, Span::ZERO)]).is_empty());
    }
}
