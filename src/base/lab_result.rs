//! What a laboratory reports.

use serde::{Deserialize, Serialize};

use super::analyte::{Analyte, Sign};
use super::ids::{MethodId, SampleId};
use super::sampling::SamplingPoint;
use super::{Stamp, TagId};

/// One analyte of one sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabResult {
    /// The sample; several results may be of one.
    pub sample: SampleId,
    /// The sampling site.
    pub site: TagId,
    /// Which water is drawn there.
    pub point: SamplingPoint,
    /// When the sample was taken: the moment the result is about.
    pub taken_at: Stamp,
    /// When the result was there; not before the sample was taken.
    pub reported_at: Stamp,
    /// What was looked for.
    pub analyte: Analyte,
    /// How `value` stands to what was in the sample.
    pub sign: Sign,
    /// In the analyte's unit, 0 or more.
    pub value: f64,
    /// `analyte.unit()`.
    pub unit: String,
    /// How it was measured.
    pub method: MethodId,
}

impl LabResult {
    /// As people write it: `<1 /100 mL`.
    pub fn shown(&self) -> String {
        format!("{}{}", self.sign.symbol(), self.analyte.shown(self.value))
    }

    /// The number for it where there can be but one: nothing where nothing was found, else the
    /// value.
    pub fn figure(&self) -> f64 {
        if self.sign == Sign::Below { 0.0 } else { self.value }
    }

    /// The least and the most that may have been in the sample, both included: less than 0.02 is
    /// not 0.02.
    pub fn bounds(&self) -> (f64, f64) {
        match self.sign {
            Sign::Equal => (self.value, self.value),
            // Of what is counted there are whole numbers: fewer than one is none.
            Sign::Below if self.analyte.is_count() && self.value <= 1.0 => (0.0, 0.0),
            Sign::Below => (0.0, self.value.next_down()),
            Sign::Above => (self.value.next_up(), f64::INFINITY),
        }
    }
}
