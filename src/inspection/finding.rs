//! What a rule found: a verdict about a tag, not yet an alarm.

use serde::{Deserialize, Serialize};

use crate::base::text::Lang;
use crate::base::{Flag, PlantId, QualityTest, Stamp, TagId, Text};
use crate::ingest::observation::PlantIndex;
use crate::plant::tags::TagIndex;

/// Position of a rule in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleIndex(pub usize);

/// One rule watching one tag (or a whole plant: no tag).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Watch {
    /// The rule.
    pub rule: RuleIndex,
    /// The plant.
    pub plant: PlantIndex,
    /// The instrument, or the sampling site: sites count on after the instruments. None when the
    /// rule watches the plant.
    pub tag: Option<TagIndex>,
}

/// A rule's verdict has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Which rule, where.
    pub watch: Watch,
    /// Event time of the change.
    pub at: Stamp,
    /// The new verdict.
    pub verdict: Verdict,
    /// How many levels beyond the rule's own limit the value has reached, while it is abnormal.
    pub level: u8,
    /// Why.
    pub why: Why,
}

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The condition does not hold.
    Normal,
    /// It holds.
    Abnormal,
    /// There is nothing to judge by: never the same as normal.
    NoData,
}

/// Why a rule says so: values, limit, window.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Why {
    /// The value judged, in the tag's unit.
    pub value: Option<f64>,
    /// The limit it was held against, in the same unit.
    pub limit: Option<f64>,
    /// The values looked at, oldest first (at most eight).
    pub window: Vec<(Stamp, f64)>,
    /// One sentence, in English, with units: what was seen and what it should be.
    pub text: String,
    /// The same in Chinese; empty in ledgers of before there was one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text_zh: String,
}

impl Why {
    /// With its sentence in both languages.
    pub fn saying(self, said: Text) -> Self {
        Self { text: said.en, text_zh: said.zh, ..self }
    }

    /// The sentence in `lang`; in English where there is no other.
    pub fn said(&self, lang: Lang) -> &str {
        if lang == Lang::Zh && !self.text_zh.is_empty() { &self.text_zh } else { &self.text }
    }
}

/// Readings of an instrument that a test of signal quality has found doubtful.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityEvent {
    /// When the last of them became known, in event time.
    pub at: Stamp,
    /// The plant.
    pub plant: PlantId,
    /// The instrument.
    pub tag: TagId,
    /// The test.
    pub test: QualityTest,
    /// What it says of the last of them: 3 suspect, 4 fail.
    pub flag: Flag,
    /// When the last of them was taken.
    pub observed_at: Stamp,
    /// Its value, in the tag's unit; none when it is no number.
    pub value: Option<f64>,
    /// How many since the last such record, this one included.
    pub count: u64,
}
