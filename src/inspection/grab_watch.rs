//! Instruments held against samples that people take beside them (人工比对).
//!
//! A result is about the moment its sample was taken, and may be known hours later. So what each
//! instrument showed is kept for a day and a half, as means of blocks; when a result is known, the
//! last whole block before its sample is held against it: whatever has been read since makes no
//! difference. The newest sample decides: one that was taken before it and is reported after it
//! changes nothing.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::base::analyte::Analyte;
use crate::base::lab_result::LabResult;
use crate::base::time::UtcOffset;
use crate::base::units::Quantity;
use crate::base::{Flag, RuleId, Span, Stamp, TagId, Text};
use crate::ingest::observation::{PlantIndex, SiteResult};
use crate::inspection::book::{AcceptFlags, Book, Kind};
use crate::inspection::finding::{Finding, RuleIndex, Verdict, Watch, Why};
use crate::inspection::lab_watch::local;
use crate::inspection::sight::Sight;
use crate::inspection::unit_keys::shown;
use crate::plant::profile::Profile;
use crate::plant::tags::{SiteIndex, Tag, TagIndex};

/// Readings are kept as means of so long `[D]`.
const BLOCK: Span = Span::minutes(10);

/// A block is held against samples that were taken within so many blocks after its beginning `[D]`.
const NEAR: i64 = 6;

/// Results that come later than this after their sample are held against nothing `[D]`.
pub const LATEST: Span = Span::hours(36);

/// How far an instrument may be from a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GrabSample {
    /// What the sample is analysed for, and the instrument measures.
    pub analyte: Analyte,
    /// So far apart they agree, in the quantity's unit …
    pub tolerance: f64,
    /// … and this share of the result more, 0 to 1.
    pub share: f64,
}

impl GrabSample {
    /// What a laboratory calls that which instruments of a quantity measure; most it does not look
    /// for, or means something else by it.
    pub fn analyte(quantity: Quantity) -> Option<Analyte> {
        match quantity {
            Quantity::FreeChlorine => Some(Analyte::FreeChlorine),
            Quantity::TotalChlorine => Some(Analyte::TotalChlorine),
            Quantity::ChlorineDioxide => Some(Analyte::ChlorineDioxide),
            Quantity::Ozone => Some(Analyte::Ozone),
            Quantity::Turbidity => Some(Analyte::Turbidity),
            Quantity::Ph => Some(Analyte::Ph),
            Quantity::Ammonia => Some(Analyte::Ammonia),
            Quantity::CodMn => Some(Analyte::CodMn),
            Quantity::Pressure
            | Quantity::Flow
            | Quantity::Level
            | Quantity::Conductivity
            | Quantity::Temperature
            | Quantity::State
            | Quantity::Energy
            | Quantity::Voltage => None,
        }
    }
}

/// Sampling sites beside an instrument: of the same water, and of the same village where it is a
/// village's.
pub fn beside<'p>(profile: &'p Profile, tag: &'p Tag) -> impl Iterator<Item = SiteIndex> + 'p {
    let sites = profile.sites.iter().enumerate();
    let same = sites.filter(|(_, site)| site.point == tag.point && site.village == tag.village);
    same.map(|(at, _)| SiteIndex(at))
}

/// All instruments of a plant that samples are held against.
#[derive(Debug, Clone)]
pub struct Grabs {
    utc_offset: UtcOffset,
    /// One list for each instrument.
    tags: Vec<Vec<GrabWatch>>,
}

#[derive(Debug, Clone)]
struct GrabWatch {
    watch: Watch,
    rule: GrabSample,
    accept: AcceptFlags,
    quantity: Quantity,
    tag: TagId,
    /// Samples of these are taken beside it.
    sites: Vec<SiteIndex>,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct State {
    /// Number of each block since 1970, sum and count of its readings.
    blocks: VecDeque<(i64, f64, u32)>,
    /// When the newest sample was taken.
    taken_at: Option<Stamp>,
    verdict: Option<Verdict>,
    changed_at: Option<Stamp>,
    text: String,
    #[serde(default)]
    text_zh: String,
}

/// What a restart must not forget of one rule at one instrument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrabState {
    rule: RuleId,
    tag: TagId,
    state: State,
}

impl Grabs {
    /// The rules of `book` at the instruments of a plant beside which somebody takes samples.
    pub fn new(book: &Book, plant: PlantIndex, profile: &Profile, tags: &[Tag]) -> Self {
        let of_tag = |(at, tag): (usize, &Tag)| {
            let rules = book.rules().iter().enumerate();
            let watches = rules.filter(|(_, rule)| rule.watches(profile, tag));
            let watch = |rule| Watch { rule: RuleIndex(rule), plant, tag: Some(TagIndex(at)) };
            let watches = watches.filter_map(|(n, rule)| match rule.kind {
                Kind::GrabSample(grab) => Some(GrabWatch {
                    watch: watch(n),
                    rule: grab,
                    accept: rule.accept,
                    quantity: tag.quantity,
                    tag: tag.id.clone(),
                    sites: beside(profile, tag).collect(),
                    state: State::default(),
                }),
                _ => None,
            });
            watches.collect()
        };
        let tags = tags.iter().enumerate().map(of_tag).collect();
        Self { utc_offset: profile.utc_offset, tags }
    }

    /// Takes a reading, newer than all before it of its instrument.
    pub fn observe(&mut self, tag: TagIndex, at: Stamp, value: f64, flag: Flag) {
        let Some(watches) = self.tags.get_mut(tag.0) else { return };
        for watch in watches {
            if watch.accept.contains(flag) && value.is_finite() {
                watch.state.keep(at, value);
            }
        }
    }

    /// Takes a result; pushes what changes by it.
    pub fn result(&mut self, result: &SiteResult, findings: &mut Vec<Finding>) {
        let offset = self.utc_offset;
        for watch in self.tags.iter_mut().flatten() {
            let is_its = watch.rule.analyte == result.result.analyte;
            if is_its && watch.sites.contains(&result.site) {
                watch.compare(&result.result, offset, findings);
            }
        }
    }

    /// Every rule here, with its verdict.
    pub fn watches(&self) -> impl Iterator<Item = (Watch, Option<Verdict>)> + '_ {
        self.tags.iter().flatten().map(|it| (it.watch, it.state.verdict))
    }

    /// What a rule sees; none when it does not watch there.
    pub fn sight(&self, watch: Watch) -> Option<Sight> {
        let own = self.tags.get(watch.tag?.0)?.iter().find(|it| it.watch == watch)?;
        let State { verdict, changed_at, ref text, ref text_zh, .. } = own.state;
        let said = match text.as_str() {
            "" => Text {
                en: format!("no sample has been held against {} so far", own.tag),
                zh: format!("尚无水样与 {} 对照", own.tag),
            },
            _ => Text { en: text.clone(), zh: text_zh.clone() },
        };
        Some(Sight { verdict, changed_at, ..Sight::default() }.saying(said))
    }

    /// Forgets all that was seen.
    pub fn begin_again(&mut self) {
        self.tags.iter_mut().flatten().for_each(|watch| watch.state = State::default());
    }

    /// For a checkpoint; `rules`: ids of all rules.
    pub fn states(&self, rules: &[RuleId]) -> Vec<GrabState> {
        let state = |it: &GrabWatch| {
            let rule = rules.get(it.watch.rule.0)?.clone();
            Some(GrabState { rule, tag: it.tag.clone(), state: it.state.clone() })
        };
        self.tags.iter().flatten().filter_map(state).collect()
    }

    /// Continues from a checkpoint.
    pub fn resume(&mut self, rules: &[RuleId], states: &[GrabState]) {
        for watch in self.tags.iter_mut().flatten() {
            let rule = rules.get(watch.watch.rule.0);
            let is_its = |it: &&GrabState| Some(&it.rule) == rule && it.tag == watch.tag;
            if let Some(state) = states.iter().find(is_its) {
                watch.state = state.state.clone();
            }
        }
    }
}

/// Which block a moment lies in.
fn block(at: Stamp) -> i64 {
    at.as_ms().div_euclid(BLOCK.as_ms())
}

impl State {
    fn keep(&mut self, at: Stamp, value: f64) {
        let number = block(at);
        match self.blocks.back_mut().filter(|block| block.0 == number) {
            Some((_, sum, count)) => (*sum, *count) = (*sum + value, *count + 1),
            None => self.blocks.push_back((number, value, 1)),
        }
        let first = number - LATEST.as_ms() / BLOCK.as_ms() - NEAR;
        while self.blocks.front().is_some_and(|block| block.0 < first) {
            self.blocks.pop_front();
        }
    }

    /// The mean of the last whole block before a moment, if one is near.
    fn before(&self, at: Stamp) -> Option<f64> {
        let now = block(at);
        let near = self.blocks.iter().rfind(|it| (now - NEAR..now).contains(&it.0));
        near.map(|(_, sum, count)| sum / f64::from(*count))
    }
}

impl GrabWatch {
    fn compare(&mut self, result: &LabResult, offset: UtcOffset, findings: &mut Vec<Finding>) {
        let is_old = self.state.taken_at.is_some_and(|newest| result.taken_at < newest);
        if is_old || result.reported_at - result.taken_at > LATEST {
            return;
        }
        let Some(reading) = self.state.before(result.taken_at) else { return };
        let (low, high) = result.bounds();
        let allowed = self.rule.tolerance + self.rule.share * result.value;
        let apart = (low - reading).max(reading - high).max(0.0);
        let verdict = if apart > allowed { Verdict::Abnormal } else { Verdict::Normal };
        self.state.taken_at = Some(result.taken_at);
        let said = self.sentence(result, (reading, apart, allowed), offset);
        (self.state.text, self.state.text_zh) = (said.en.clone(), said.zh.clone());
        let before = self.state.verdict.replace(verdict);
        if before == Some(verdict) || (before.is_none() && verdict == Verdict::Normal) {
            return;
        }
        // A report that came late changes the present verdict, not the past.
        let at = self.state.changed_at.map_or(result.reported_at, |at| at.max(result.reported_at));
        self.state.changed_at = Some(at);
        let why = Why {
            value: Some(reading),
            limit: Some(result.value),
            window: vec![(result.taken_at, reading)],
            ..Why::default()
        };
        let why = why.saying(said);
        findings.push(Finding { watch: self.watch, at, verdict, level: 0, why });
    }

    /// `AIT-401 showed 0.61 mg/L before sample …, taken 12-05 09:00, had 0.40 mg/L: …`.
    fn sentence(
        &self,
        result: &LabResult,
        (reading, apart, allowed): (f64, f64, f64),
        offset: UtcOffset,
    ) -> Text {
        let [reading, apart, allowed] =
            [reading, apart, allowed].map(|value| shown(self.quantity, value));
        let (tag, sample, site) = (&self.tag, &result.sample, &result.site);
        let (taken, found) = (local(result.taken_at, offset), result.shown());
        Text {
            en: format!(
                "{tag} showed {reading} just before sample {sample} was taken at {site}, {taken}, \
                 which had {found}: {apart} apart, where {allowed} may be"
            ),
            zh: format!(
                "{taken} 在 {site} 采水样 {sample} 前,{tag} 示值 {reading},水样为 {found}:\
                 相差 {apart},容许 {allowed}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Text;
    use crate::base::analyte::Sign;
    use crate::base::ids::{MethodId, SampleId};
    use crate::base::problem::Source;
    use crate::base::sampling::SamplingPoint;
    use crate::inspection::testing::{profile, tag};
    use crate::plant::profile::Disinfectant;
    use crate::plant::tags::Site;

    const RULE: &str = r#"
[[rule]]
id = "off"
title = { en = "Off", zh = "偏" }
source = "a plan [D]"
kind = "grab-sample"
quantity = "free-chlorine"
tolerance_mg_per_l = 0.1
tolerance_percent = 10
priority = "low"
advice = { en = "Look.", zh = "看。" }
"#;

    fn at(minutes: i64) -> Stamp {
        Stamp::parse("2024-12-05T08:00:00+08:00").expect("a time").0 + Span::minutes(minutes)
    }

    /// An instrument that shows 0.6 mg/L up to a moment and nothing after it.
    fn grabs(until: i64) -> Grabs {
        let book = Book::load(&[Source::new("rules.toml", RULE)]);
        let book = book.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        let mut profile = profile(2_400.0, 16_000, Disinfectant::FreeChlorine);
        let site = |id: &str, point| Site {
            id: TagId::new(id).expect("an id"),
            title: Text::default(),
            point,
            village: None,
        };
        profile.sites =
            vec![site("RAW", SamplingPoint::RawWater), site("OUT", SamplingPoint::FinishedWater)];
        let tag = tag("AIT-1", Quantity::FreeChlorine, SamplingPoint::FinishedWater, 1);
        let mut grabs = Grabs::new(&book, PlantIndex(0), &profile, &[tag]);
        for minute in 0..until {
            grabs.observe(TagIndex(0), at(minute), 0.6, Flag::Good);
        }
        grabs
    }

    fn told(grabs: &mut Grabs, (taken, reported): (i64, i64), sign: Sign, value: f64) -> String {
        let result = LabResult {
            sample: SampleId::new("S-1").expect("an id"),
            site: TagId::new("OUT").expect("an id"),
            point: SamplingPoint::FinishedWater,
            taken_at: at(taken),
            reported_at: at(reported),
            analyte: Analyte::FreeChlorine,
            sign,
            value,
            unit: "mg/L".to_owned(),
            method: MethodId::new("dpd").expect("an id"),
        };
        let result = SiteResult { plant: PlantIndex(0), site: SiteIndex(1), result };
        let mut findings = Vec::new();
        grabs.result(&result, &mut findings);
        let one = |it: &Finding| format!("{:?} {}", it.verdict, (it.at - at(0)).as_ms() / 60_000);
        findings.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn an_instrument_agrees_within_the_tolerance_and_its_share_of_the_result() {
        for (sign, value, found) in [
            (Sign::Equal, 0.46, ""), // 0.14 apart; 0.146 may be
            (Sign::Equal, 0.45, "Abnormal 61"),
            (Sign::Equal, 0.77, ""),
            (Sign::Equal, 0.79, "Abnormal 61"),
            (Sign::Below, 0.02, "Abnormal 61"),
            (Sign::Above, 0.5, ""),
            (Sign::Above, 2.0, "Abnormal 61"),
        ] {
            assert_eq!(told(&mut grabs(90), (60, 61), sign, value), found, "{sign:?} {value}");
        }
    }

    #[test]
    fn what_is_known_late_is_held_against_what_was_shown_then_and_the_newest_sample_decides() {
        let mut grabs = grabs(600);
        for minute in 600..900 {
            grabs.observe(TagIndex(0), at(minute), 0.2, Flag::Good);
        }
        assert_eq!(told(&mut grabs, (595, 880), Sign::Equal, 0.2), "Abnormal 880");
        assert_eq!(told(&mut grabs, (300, 890), Sign::Equal, 0.6), "", "taken before that one");
        assert_eq!(told(&mut grabs, (700, 870), Sign::Equal, 0.2), "Normal 880", "time goes on");
        let sight = grabs.sight(grabs.watches().next().expect("one").0).expect("a sight");
        let text = "AIT-1 showed 0.20 mg/L just before sample S-1 was taken at OUT, 12-05 19:40, \
                    which had 0.2 mg/L: 0.00 mg/L apart, where 0.12 mg/L may be";
        assert_eq!(sight.text, text);
    }

    #[test]
    fn without_a_reading_near_it_or_after_a_day_and_a_half_a_result_says_nothing() {
        assert_eq!(told(&mut grabs(60), (125, 126), Sign::Equal, 0.1), "", "an hour of silence");
        assert_eq!(told(&mut grabs(60), (115, 116), Sign::Equal, 0.1), "Abnormal 116");
        assert_eq!(told(&mut grabs(90), (60, 60 + 36 * 60), Sign::Equal, 0.1), "Abnormal 2220");
        assert_eq!(told(&mut grabs(90), (60, 61 + 36 * 60), Sign::Equal, 0.1), "");
        let mut doubtful = grabs(0);
        for minute in 0..60 {
            doubtful.observe(TagIndex(0), at(minute), 0.6, Flag::Suspect);
        }
        assert_eq!(told(&mut doubtful, (60, 61), Sign::Equal, 0.1), "");
    }

    #[test]
    fn a_restart_forgets_nothing() {
        let mut first = grabs(90);
        assert_eq!(told(&mut first, (60, 61), Sign::Equal, 0.1), "Abnormal 61");
        let rules = [RuleId::new("off").expect("an id")];
        let json = serde_json::to_string(&first.states(&rules)).expect("plain values");
        let mut second = grabs(0);
        second.resume(&rules, &serde_json::from_str::<Vec<GrabState>>(&json).expect("its own"));
        assert_eq!(told(&mut second, (70, 91), Sign::Equal, 0.6), "Normal 91");
        second.begin_again();
        assert!(second.watches().all(|(_, verdict)| verdict.is_none()));
    }
}
