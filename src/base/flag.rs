//! Quality flags of readings, as QARTOD names and numbers them.

use serde::{Deserialize, Serialize};

/// How far a reading can be trusted. This is not a verdict against a limit.
///
/// Source: IOOS QARTOD flag values 1, 2, 3, 4, 9 (`ioos_qc`), `[S45a][S45b]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Flag {
    /// Passed every test that ran.
    Good = 1,
    /// No test ran.
    NotEvaluated = 2,
    /// A test found it odd; a person should look.
    Suspect = 3,
    /// A test found it wrong.
    Fail = 4,
    /// There is no value.
    Missing = 9,
}

impl Flag {
    /// Flags of a value, as rule files write them.
    pub const CHOICES: [(&'static str, Self); 4] = [
        ("good", Self::Good),
        ("not-evaluated", Self::NotEvaluated),
        ("suspect", Self::Suspect),
        ("fail", Self::Fail),
    ];

    /// As rule files write it; `missing` where there is no value.
    pub fn name(self) -> &'static str {
        Self::CHOICES.iter().find(|(_, known)| *known == self).map_or("missing", |(name, _)| name)
    }

    /// The worse of two flags, in QARTOD's roll-up order 9 < 2 < 1 < 3 < 4: any fail wins.
    pub fn worst(self, other: Self) -> Self {
        if self.rank() >= other.rank() { self } else { other }
    }

    /// May a rule use the value?
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Good | Self::NotEvaluated)
    }

    fn rank(self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::NotEvaluated => 1,
            Self::Good => 2,
            Self::Suspect => 3,
            Self::Fail => 4,
        }
    }
}

impl From<Flag> for u8 {
    fn from(flag: Flag) -> Self {
        flag as Self
    }
}

/// A number that is no QARTOD flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no quality flag: QARTOD has 1, 2, 3, 4 and 9")]
pub struct NoSuchFlag(pub u8);

impl TryFrom<u8> for Flag {
    type Error = NoSuchFlag;

    fn try_from(number: u8) -> Result<Self, NoSuchFlag> {
        match number {
            1 => Ok(Self::Good),
            2 => Ok(Self::NotEvaluated),
            3 => Ok(Self::Suspect),
            4 => Ok(Self::Fail),
            9 => Ok(Self::Missing),
            other => Err(NoSuchFlag(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_fail_wins_and_missing_loses() {
        assert_eq!(Flag::Good.worst(Flag::Fail), Flag::Fail);
        assert_eq!(Flag::Missing.worst(Flag::NotEvaluated), Flag::NotEvaluated);
        assert_eq!(Flag::Suspect.worst(Flag::Good), Flag::Suspect);
    }

    #[test]
    fn flags_travel_as_their_qartod_numbers() {
        for flag in [Flag::Good, Flag::NotEvaluated, Flag::Suspect, Flag::Fail, Flag::Missing] {
            assert_eq!(Flag::try_from(u8::from(flag)), Ok(flag));
        }
        assert_eq!(Flag::try_from(5), Err(NoSuchFlag(5)));
    }
}
