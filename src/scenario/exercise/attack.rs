//! What a stranger says on the broker in an exercise: somebody who knows the space, hears
//! everything, and has no key.

use super::deed::Deed;
use crate::base::{Span, Stamp, TagId};

/// Something that a stranger says.
#[derive(Debug, Clone, PartialEq)]
pub struct Attack {
    /// Its name; unique.
    pub id: String,
    /// When he begins.
    pub at: Stamp,
    /// So long he says it again each minute; a replay: so long a stretch is said again.
    pub lasting: Span,
    /// What.
    pub kind: AttackKind,
}

/// What a stranger can say.
#[derive(Debug, Clone, PartialEq)]
pub enum AttackKind {
    /// A reading in the plant's name, without its signature.
    ForgedReading {
        /// Of which tag.
        tag: TagId,
        /// In the tag's unit.
        value: f64,
    },
    /// What the plant said from then on, word by word with its signatures.
    Replay {
        /// From when on it was overheard.
        of: Stamp,
    },
    /// A reading that the broker keeps for whoever comes later.
    Retained {
        /// Of which tag.
        tag: TagId,
        /// In the tag's unit.
        value: f64,
    },
    /// An order to the plant in an operator's name.
    ForgedCommand {
        /// What is ordered.
        order: Deed,
    },
    /// Rubbish: too long, no UTF-8, no JSON.
    Flood {
        /// So many messages each minute.
        messages: u32,
    },
}

impl Attack {
    /// How often it is said after `before` and not after `now`.
    pub fn times(&self, before: Stamp, now: Stamp) -> usize {
        let until = match self.kind {
            AttackKind::Replay { .. } => self.at,
            _ => self.at + self.lasting,
        };
        let mut at = self.at;
        let mut times = 0;
        while at <= now && at <= until {
            times += usize::from(at > before);
            at += Span::MINUTE;
        }
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(min: i64) -> Stamp {
        Stamp::from_ms(1_733_356_800_000).expect("a time") + Span::minutes(min)
    }

    #[test]
    fn it_is_said_each_minute_from_the_first_to_the_last() {
        let kind = AttackKind::Flood { messages: 1 };
        let attack = Attack { id: "f".to_owned(), at: at(10), lasting: Span::minutes(2), kind };
        let times: Vec<usize> = (8..14).map(|min| attack.times(at(min), at(min + 1))).collect();
        assert_eq!(times, [0, 1, 1, 1, 0, 0]);
        assert_eq!(attack.times(at(0), at(60)), 3);
        let once = Attack { lasting: Span::ZERO, ..attack };
        assert_eq!(once.times(at(0), at(60)), 1);
    }
}
