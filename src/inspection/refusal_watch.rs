//! Rules that watch what is refused in a plant's name: by somebody else, or broken on its way.
//!
//! What comes is no reading, and belongs to no event time: it is judged at the moment it comes.

use std::sync::Arc;

use crate::base::text::Lang;
use crate::base::{PlantId, Span, Stamp, Text};
use crate::ingest::observation::PlantIndex;
use crate::inspection::book::{Book, Kind};
use crate::inspection::finding::{Finding, RuleIndex, Verdict, Watch, Why};
use crate::inspection::sight::Sight;
use crate::plant::profile::Profile;

/// Every word under which a message may be refused as somebody else's, or as none; what a plant's
/// own fault may cause (times, tags, sites) has other rules.
pub const REASONS: [&str; 18] = [
    "forged",
    "replayed",
    "unknown-key",
    "revoked-key",
    "unsigned",
    "wrong-topic",
    "retained",
    "too-large",
    "not-utf8",
    "too-deep",
    "not-json",
    "not-sparkplug",
    "bad-seq",
    "wrong-shape",
    "too-many",
    "unequal-lists",
    "bad-order",
    "bad-value",
];

/// A word of `REASONS`, for people.
pub fn in_chinese(reason: &str) -> &'static str {
    match reason {
        "forged" => "伪造",
        "replayed" => "重放",
        "unknown-key" => "密钥未知",
        "revoked-key" => "密钥已吊销",
        "unsigned" => "未签名",
        "wrong-topic" => "主题不符",
        "retained" => "消息服务器所留旧报文",
        "too-large" => "过大",
        "not-utf8" => "编码不对",
        "too-deep" => "嵌套过深",
        "not-json" => "不是 JSON",
        "not-sparkplug" => "不是 Sparkplug",
        "bad-seq" => "序号不对",
        "wrong-shape" => "形式不对",
        "too-many" => "过多",
        "unequal-lists" => "列表长短不一",
        "bad-order" => "次序不对",
        "bad-value" => "数值不对",
        _ => "其他",
    }
}

/// What such a rule watches for.
#[derive(Debug, Clone, PartialEq)]
pub struct RefusalRule {
    /// Words of `REASONS`.
    pub reasons: Vec<&'static str>,
    /// Without another one for so long, it is over.
    pub quiet: Span,
}

/// The rules of this kind at one plant.
#[derive(Debug, Clone)]
pub struct Refusals {
    plant: PlantId,
    watches: Vec<(Watch, Arc<RefusalRule>)>,
}

impl Refusals {
    /// Those of `book` that watch a plant.
    pub fn new(book: &Book, plant: PlantIndex, profile: &Profile) -> Self {
        let watches = book.rules().iter().enumerate().filter_map(|(i, rule)| {
            let Kind::Refusal(wanted) = &rule.kind else { return None };
            let watch = Watch { rule: RuleIndex(i), plant, tag: None };
            rule.is_for(profile).then(|| (watch, Arc::clone(wanted)))
        });
        Self { plant: profile.id.clone(), watches: watches.collect() }
    }

    /// Something in the plant's name was refused at `at`: a condition that has gone when it comes,
    /// and that its rule's quiet time keeps standing.
    pub fn observe(&self, reason: &str, detail: &str, at: Stamp, findings: &mut Vec<Finding>) {
        for (watch, rule) in &self.watches {
            if !rule.reasons.contains(&reason) {
                continue;
            }
            let plant = &self.plant;
            let said = Text {
                en: format!("a message in the name of {plant} is refused as {reason}: {detail}"),
                zh: format!("拒收一条以 {plant} 名义发来的报文:{}({detail})", in_chinese(reason)),
            };
            let why = Why::default().saying(said);
            let finding = |verdict| {
                let (watch, why) = (*watch, why.clone());
                Finding { watch, at, verdict, level: 0, why }
            };
            findings.extend([Verdict::Abnormal, Verdict::Normal].map(finding));
        }
    }

    /// Every rule; none of them has a verdict that lasts.
    pub fn watches(&self) -> impl Iterator<Item = (Watch, Option<Verdict>)> + '_ {
        self.watches.iter().map(|(watch, _)| (*watch, None))
    }

    /// What a rule watches for.
    pub fn sight(&self, watch: Watch) -> Option<Sight> {
        let (_, rule) = self.watches.iter().find(|(own, _)| *own == watch)?;
        let said = Text::of(|lang| {
            let (plant, words) = (&self.plant, rule.words(lang));
            match lang {
                Lang::En => format!("messages in the name of {plant} that are refused {words}"),
                Lang::Zh => format!("以 {plant} 名义发来而被拒收的报文:{words}"),
            }
        });
        Some(Sight::default().saying(said))
    }
}

impl RefusalRule {
    /// `as forged or wrong-topic, until none has come for 30 min`.
    pub fn words(&self, lang: Lang) -> String {
        let reasons = self.reasons.iter().map(|it| lang.pick(*it, in_chinese(it)));
        let reasons = reasons.collect::<Vec<_>>().join(lang.pick(" or ", "、"));
        let quiet = self.quiet;
        match lang {
            Lang::En => format!("as {reasons}, until none has come for {quiet}"),
            Lang::Zh => format!("原因为 {reasons},{quiet} 内不再有则结束"),
        }
    }
}
