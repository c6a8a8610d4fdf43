//! What a rule sees at one place: the answer to "why", whether or not anything was found.

use serde::Serialize;

use crate::base::text::Lang;
use crate::base::{Stamp, Text};
use crate::inspection::finding::Verdict;

/// What a rule sees at one place, as far as event time has come.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Sight {
    /// Its verdict; none before the first.
    pub verdict: Option<Verdict>,
    /// When the verdict last changed; none while the first, a normal one, stands.
    pub changed_at: Option<Stamp>,
    /// What it looks at now, in English, with units; empty when it has seen nothing.
    pub text: String,
    /// The same in Chinese.
    pub text_zh: String,
    /// The last values that it judges, oldest first, in the tag's unit.
    pub judged: Vec<(Stamp, f64)>,
    /// Values among the last ones of its instrument that it leaves out, because they are doubtful.
    pub left_out: Vec<(Stamp, f64)>,
    /// Without anything usable until then, it has nothing to judge by.
    pub no_data_at: Option<Stamp>,
}

impl Sight {
    /// With its sentence in both languages.
    pub fn saying(self, said: Text) -> Self {
        Self { text: said.en, text_zh: said.zh, ..self }
    }

    /// The sentence in `lang`.
    pub fn said(&self, lang: Lang) -> &str {
        lang.pick(&self.text, &self.text_zh)
    }
}
