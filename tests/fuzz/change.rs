//! One change of an input.

use proptest::prelude::*;

/// Longest input: above every limit of what reads it.
const BYTES_MAX: usize = 80_000;

/// A change; places count modulo the length of the input.
#[derive(Debug, Clone)]
pub enum Change {
    /// One bit is the other.
    Flip { at: usize, bit: u8 },
    /// One byte is another.
    Set { at: usize, byte: u8 },
    /// Bytes go.
    Cut { at: usize, count: usize },
    /// Bytes come.
    Add { at: usize, bytes: Vec<u8> },
    /// Bytes come again elsewhere, several times.
    Again { from: usize, count: usize, to: usize, times: usize },
    /// A word of the language comes.
    Word { at: usize, which: usize },
    /// From here on it is another input of the corpus.
    Cross { at: usize, which: usize, from: usize },
    /// A number is another.
    Number { at: usize, is: i64 },
}

impl Change {
    pub fn any() -> impl Strategy<Value = Self> {
        let at = any::<usize>;
        prop_oneof![
            (at(), 0_u8..8).prop_map(|(at, bit)| Self::Flip { at, bit }),
            (at(), any::<u8>()).prop_map(|(at, byte)| Self::Set { at, byte }),
            (at(), 1_usize..64).prop_map(|(at, count)| Self::Cut { at, count }),
            (at(), prop::collection::vec(any::<u8>(), 1..8))
                .prop_map(|(at, bytes)| Self::Add { at, bytes }),
            (at(), 1_usize..200, at(), 1_usize..40)
                .prop_map(|(from, count, to, times)| Self::Again { from, count, to, times }),
            (at(), at()).prop_map(|(at, which)| Self::Word { at, which }),
            (at(), at(), at()).prop_map(|(at, which, from)| Self::Cross { at, which, from }),
            (at(), prop_oneof![any::<i64>(), -2_i64..300])
                .prop_map(|(at, is)| Self::Number { at, is }),
        ]
    }

    /// Makes it, with words of the language and the corpus at hand.
    pub fn make(&self, input: &mut Vec<u8>, kept: &[(String, Vec<u8>)], words: &[&str]) {
        let length = input.len();
        let place = |at: usize| at % (length + 1);
        match self {
            Self::Flip { at, bit } if length > 0 => input[at % length] ^= 1 << bit,
            Self::Set { at, byte } if length > 0 => input[at % length] = *byte,
            Self::Flip { .. } | Self::Set { .. } => {}
            Self::Cut { at, count } => {
                let begin = place(*at);
                input.drain(begin..length.min(begin + count));
            }
            Self::Add { at, bytes } => {
                let begin = place(*at);
                input.splice(begin..begin, bytes.iter().copied());
            }
            Self::Again { from, count, to, times } => {
                let begin = place(*from);
                let piece = input[begin..length.min(begin + count)].repeat(*times);
                let to = place(*to);
                input.splice(to..to, piece);
            }
            Self::Word { at, which } => {
                let begin = place(*at);
                input.splice(begin..begin, words[which % words.len()].bytes());
            }
            Self::Cross { at, which, from } => {
                let other = &kept[which % kept.len()].1;
                input.truncate(place(*at));
                input.extend_from_slice(&other[from % (other.len() + 1)..]);
            }
            Self::Number { at, is } => {
                let begin = place(*at);
                let digit = |byte: &u8| byte.is_ascii_digit();
                let Some(first) = input[begin..].iter().position(digit) else { return };
                let first = begin + first;
                let count = input[first..].iter().take_while(|byte| digit(byte)).count();
                input.splice(first..first + count, is.to_string().into_bytes());
            }
        }
        input.truncate(BYTES_MAX);
    }
}
