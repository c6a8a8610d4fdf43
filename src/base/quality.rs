//! Tests of signal quality, as QARTOD names them, and sets of them.

use std::ops::{BitOr, BitOrAssign, Sub};

use serde::{Deserialize, Serialize};

/// A test of one instrument's signal.
///
/// Names and order: IOOS QARTOD, tests 1 to 11 without the location test `[S45a][S45b]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QualityTest {
    /// Do readings come in order, neither too late nor too often (时序)?
    Timing,
    /// Is it a number that can be meant (格式)?
    Syntax,
    /// Within what the sensor can show, and what its operator expects (量程)?
    GrossRange,
    /// Within what the season allows (季节范围)?
    Climatology,
    /// Does a single reading stand out from its neighbours (尖峰)?
    Spike,
    /// Does it change faster than it can (变化率)?
    RateOfChange,
    /// Does it stand still (平直)?
    FlatLine,
    /// Does it move less than it should (信号衰减)?
    AttenuatedSignal,
    /// Does a jump show at another instrument too (多变量)?
    Multivariate,
    /// Does it agree with an instrument beside it (邻近站)?
    Neighbour,
}

impl QualityTest {
    /// Every test.
    pub const ALL: [Self; 10] = [
        Self::Timing,
        Self::Syntax,
        Self::GrossRange,
        Self::Climatology,
        Self::Spike,
        Self::RateOfChange,
        Self::FlatLine,
        Self::AttenuatedSignal,
        Self::Multivariate,
        Self::Neighbour,
    ];

    /// As files and records write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Timing => "timing",
            Self::Syntax => "syntax",
            Self::GrossRange => "gross-range",
            Self::Climatology => "climatology",
            Self::Spike => "spike",
            Self::RateOfChange => "rate-of-change",
            Self::FlatLine => "flat-line",
            Self::AttenuatedSignal => "attenuated-signal",
            Self::Multivariate => "multivariate",
            Self::Neighbour => "neighbour",
        }
    }
}

/// A set of tests; in JSON the list of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(into = "Vec<QualityTest>", from = "Vec<QualityTest>")]
pub struct QualityTests(u16);

impl QualityTests {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// The set of one.
    pub const fn of(test: QualityTest) -> Self {
        Self(1 << test as u16)
    }

    /// Is there none?
    pub const fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Is the test one of them?
    pub const fn contains(self, test: QualityTest) -> bool {
        self.0 & Self::of(test).0 != 0
    }

    /// Those that are in both sets.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = QualityTest> {
        QualityTest::ALL.into_iter().filter(move |test| self.contains(*test))
    }

    /// As one number, a bit a test in the order of `QualityTest::ALL`.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Their names, joined by `separator`.
    pub fn join(self, separator: &str) -> String {
        self.iter().map(QualityTest::name).collect::<Vec<_>>().join(separator)
    }
}

impl BitOr for QualityTests {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for QualityTests {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl Sub for QualityTests {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl From<QualityTest> for QualityTests {
    fn from(test: QualityTest) -> Self {
        Self::of(test)
    }
}

impl From<QualityTests> for Vec<QualityTest> {
    fn from(tests: QualityTests) -> Self {
        tests.iter().collect()
    }
}

impl From<Vec<QualityTest>> for QualityTests {
    fn from(tests: Vec<QualityTest>) -> Self {
        tests.into_iter().map(Self::of).fold(Self::NONE, BitOr::bitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_comes_back_from_its_names() {
        let set = QualityTests::of(QualityTest::Spike) | QualityTest::GrossRange.into();
        let json = serde_json::to_string(&set).expect("a list of names");
        assert_eq!(json, r#"["gross-range","spike"]"#);
        assert_eq!(serde_json::from_str::<QualityTests>(&json).expect("as written"), set);
        assert_eq!(set.join(" "), "gross-range spike");
    }

    #[test]
    fn the_name_of_each_test_is_what_serde_reads() {
        for test in QualityTest::ALL {
            let json = serde_json::to_string(&test).expect("a unit variant");
            assert_eq!(json, format!("\"{}\"", test.name()));
        }
    }
}
