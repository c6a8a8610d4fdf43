//! Readings, and inputs, as bytes of one row: what a row of the database costs is shared by all.
//!
//! A reading is: its tag's row in `tags`; `observed_at` less that of the reading before it (ms; of
//! the first, since 1970); `received_at` less that of the reading before it; one byte, which is its
//! flag, plus 128 when a value follows; the value, eight bytes, little-endian. The whole numbers
//! are in groups of seven bits, lowest first, each byte but the last plus 128; differences are
//! doubled, and negative ones are then turned into odd numbers (−1 is 1, 1 is 2, −2 is 3).
//!
//! An input is its length, four bytes, little-endian, and then itself.

use crate::base::{Flag, Stamp};
use crate::ledger::store::Reading;

/// Says that a value follows.
const HAS_VALUE: u8 = 128;

/// Bytes that are no packed row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are damaged")]
pub(super) struct Damaged;

/// Readings of one plant on their way into a row.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Packed {
    pub bytes: Vec<u8>,
    /// The earliest and the latest `observed_at`, ms since 1970; none without a reading.
    pub span: Option<(i64, i64)>,
    /// Readings in it.
    pub count: usize,
    last: (i64, i64),
}

impl Packed {
    /// Adds a reading of the tag with this row in `tags`.
    pub(super) fn push(&mut self, tag: i64, reading: Reading) {
        let Reading { observed_at, received_at, value, flag } = reading;
        let (observed, received) = (observed_at.as_ms(), received_at.as_ms());
        write(&mut self.bytes, tag.cast_unsigned());
        write(&mut self.bytes, zigzag(observed - self.last.0));
        write(&mut self.bytes, zigzag(received - self.last.1));
        match value {
            Some(value) => {
                self.bytes.push(u8::from(flag) | HAS_VALUE);
                self.bytes.extend(value.to_le_bytes());
            }
            None => self.bytes.push(u8::from(flag)),
        }
        self.last = (observed, received);
        self.count += 1;
        let (since, until) = self.span.unwrap_or((observed, observed));
        self.span = Some((since.min(observed), until.max(observed)));
    }
}

/// The readings of a row, each with its tag's row in `tags`, in the order in which they came.
pub(super) struct Unpacked<'a> {
    rest: &'a [u8],
    last: (i64, i64),
}

impl<'a> Unpacked<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, last: (0, 0) }
    }

    fn read(&mut self) -> Option<(i64, Reading)> {
        let tag = read(&mut self.rest)?.cast_signed();
        let observed = self.last.0.checked_add(unzigzag(read(&mut self.rest)?))?;
        let received = self.last.1.checked_add(unzigzag(read(&mut self.rest)?))?;
        self.last = (observed, received);
        let (&flag, rest) = self.rest.split_first()?;
        self.rest = rest;
        let value = if flag & HAS_VALUE == 0 {
            None
        } else {
            let (value, rest) = self.rest.split_first_chunk()?;
            self.rest = rest;
            Some(f64::from_le_bytes(*value))
        };
        let reading = Reading {
            observed_at: Stamp::from_ms(observed).ok()?,
            received_at: Stamp::from_ms(received).ok()?,
            value,
            flag: Flag::try_from(flag & !HAS_VALUE).ok()?,
        };
        Some((tag, reading))
    }
}

impl Iterator for Unpacked<'_> {
    type Item = Result<(i64, Reading), Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_none() {
            self.rest = &[]; // what follows cannot be told apart
        }
        Some(read.ok_or(Damaged))
    }
}

/// Inputs as one row keeps them. Errors: one of 4 GiB.
pub(super) fn pack_inputs(inputs: &[Vec<u8>]) -> Result<Vec<u8>, std::num::TryFromIntError> {
    let mut bytes = Vec::with_capacity(inputs.iter().map(|input| input.len() + 4).sum());
    for input in inputs {
        bytes.extend(u32::try_from(input.len())?.to_le_bytes());
        bytes.extend(input);
    }
    Ok(bytes)
}

/// So many inputs out of a row.
pub(super) fn unpack_inputs(mut bytes: &[u8], count: i64) -> Result<Vec<Vec<u8>>, Damaged> {
    let mut inputs = Vec::new();
    for _ in 0..count {
        let (length, rest) = bytes.split_first_chunk().ok_or(Damaged)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (input, rest) = rest.split_at_checked(length).ok_or(Damaged)?;
        inputs.push(input.to_vec());
        bytes = rest;
    }
    if bytes.is_empty() { Ok(inputs) } else { Err(Damaged) }
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 128 {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_reading() -> impl Strategy<Value = (i64, Reading)> {
        let flags = [Flag::Good, Flag::NotEvaluated, Flag::Suspect, Flag::Fail, Flag::Missing];
        let times = -2_200_000_000_000_i64..220_000_000_000_000;
        let value = prop::option::of(any::<f64>().prop_filter("a number", |it| !it.is_nan()));
        (1_i64..i64::MAX, times.clone(), times, value, 0_usize..5).prop_map(
            move |(tag, observed, received, value, flag)| {
                let at = |ms| Stamp::from_ms(ms).expect("in range");
                let (observed_at, received_at, flag) = (at(observed), at(received), flags[flag]);
                (tag, Reading { observed_at, received_at, value, flag })
            },
        )
    }

    proptest! {
        #[test]
        fn readings_come_back_as_they_were(
            readings in prop::collection::vec(any_reading(), 0..20), cut in 0_usize..400
        ) {
            let mut packed = Packed::default();
            for (tag, reading) in &readings {
                packed.push(*tag, *reading);
            }
            let read: Result<Vec<_>, _> = Unpacked::new(&packed.bytes).collect();
            prop_assert_eq!(read.as_ref(), Ok(&readings));
            let times = || readings.iter().map(|(_, reading)| reading.observed_at.as_ms());
            prop_assert_eq!(packed.span, times().min().zip(times().max()));
            // A row that breaks off gives what stands before the break, and says so.
            let cut = &packed.bytes[..cut.min(packed.bytes.len())];
            let read: Vec<_> = Unpacked::new(cut).collect();
            let whole = read.iter().take_while(|it| it.is_ok()).count();
            prop_assert!(read.len() - whole <= 1);
            prop_assert!(read.iter().zip(&readings).take(whole).all(|(a, b)| a.as_ref() == Ok(b)));
        }

        #[test]
        fn inputs_come_back_as_they_were(
            inputs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..9)
        ) {
            let count = i64::try_from(inputs.len()).expect("few");
            let bytes = pack_inputs(&inputs).expect("short");
            prop_assert_eq!(unpack_inputs(&bytes, count), Ok(inputs));
            prop_assert_eq!(unpack_inputs(&bytes, count + 1), Err(Damaged));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(Unpacked::new(&bytes).count() <= bytes.len());
            prop_assert!(unpack_inputs(&bytes, 9).map_or(true, |inputs| inputs.len() == 9));
        }
    }

    #[test]
    fn a_reading_among_others_of_its_moment_takes_twelve_bytes() {
        let at = Stamp::from_ms(1_733_356_800_000).expect("in range");
        let reading =
            Reading { observed_at: at, received_at: at, value: Some(0.52), flag: Flag::Good };
        let mut packed = Packed::default();
        packed.push(1, reading);
        let first = packed.bytes.len();
        packed.push(2, reading);
        assert_eq!(packed.bytes.len() - first, 12);
    }
}
