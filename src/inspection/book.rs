//! The rules in force, checked: what each watches, its limits, its delays, where it comes from.
//!
//! In: the texts of rule files. Out: a `Book`, or every mistake of every file.

mod alone;
mod check;
mod lint;
mod misnamed;
mod packs;
mod part;
mod place;
mod read;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::base::analyte::Analyte;
use crate::base::problem::{Problems, Source};
use crate::base::{Flag, RuleId, Span, Text};
use crate::inspection::also::Also;
use crate::inspection::citation;
use crate::inspection::event::EventRule;
use crate::inspection::expression::Expression;
use crate::inspection::finding::RuleIndex;
use crate::inspection::grab_watch::{self, GrabSample};
use crate::inspection::handling::Handling;
use crate::inspection::level::Levels;
use crate::inspection::limit::LimitInForce;
use crate::inspection::pack::{InPack, Pack};
use crate::inspection::plausibility::flow_window::FlowTest;
use crate::inspection::refusal_watch::RefusalRule;
use crate::inspection::round::Duty;
use crate::inspection::rule_test::RuleTest;
use crate::inspection::select::Selector;
use crate::inspection::service_pressure::ServiceHead;
use crate::inspection::signal::quality::QualityRule;
use crate::inspection::signal::silence::Patience;
use crate::inspection::signal::spec::TestSpec;
use crate::plant::profile::Profile;
use crate::plant::tags::{Site, Tag};
pub use check::Review;
pub use part::{Drafts, Part};

use read::Read;

/// A rule: what it watches, when its condition holds, and what an alarm needs to know.
#[derive(Debug, Clone)]
pub struct InspectionRule {
    /// Its id.
    pub id: RuleId,
    /// What a person calls it.
    pub title: Text,
    /// The pack it belongs to; rules of none are for every plant.
    pub pack: Option<InPack>,
    /// Where it comes from, with its mark, such as `GB 5749-2022 table 2 [S7]`; shown to people.
    pub source: Text,
    /// Edition of the standard it cites, such as `2022`.
    pub edition: Option<String>,
    /// Which instruments of which plants it watches.
    pub select: Selector,
    /// What it looks for.
    pub kind: Kind,
    /// Which readings it judges; all others count as no data.
    pub accept: AcceptFlags,
    /// How long it waits for a reading before it has no data.
    pub patience: Patience,
    /// How urgent an alarm of it is.
    pub priority: Urgency,
    /// Levels beyond its own limit, where its alarm is more urgent.
    pub levels: Levels,
    /// The condition must hold this long before the alarm.
    pub on_delay: Span,
    /// The condition must be gone this long before the alarm clears.
    pub off_delay: Span,
    /// Does its alarm wait for a reset by a person?
    pub latched: bool,
    /// A standing alarm asks again after this.
    pub re_alarm: Option<Span>,
    /// A standing alarm that nobody answers becomes more urgent each time this has passed.
    pub escalate: Option<Span>,
    /// What its alarm does while there is no data.
    pub no_data: NoData,
    /// While one of these is abnormal at the same plant, alarms of this rule are suppressed.
    pub inhibited_by: Vec<RuleId>,
    /// Alarms of these bring alarms of this rule about: they belong together, and are all told.
    pub follows: Vec<RuleId>,
    /// A stop of supply that is announced explains its alarms: they are suppressed in it.
    pub silent_in_stops: bool,
    /// What to do.
    pub advice: Text,
    /// Words that alarms of it carry, for whoever sorts them.
    pub labels: BTreeMap<String, String>,
    /// Where the procedure stands: a path, an address, or the words themselves.
    pub runbook: Option<String>,
    /// Made-up readings, and what must follow from them.
    pub tests: Arc<[RuleTest]>,
    /// Where it stands in its file.
    pub place: Place,
}

/// Where something stands in a file.
#[derive(Debug, Clone)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// Its bytes.
    pub span: Range<usize>,
}

/// What a rule looks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A value beyond a limit.
    Limit(LimitInForce),
    /// A pressure below what the houses need.
    ServicePressure(ServiceHead),
    /// Too much flow at night.
    NightFlow(FlowTest),
    /// A village that draws no water by day.
    NoDraw(FlowTest),
    /// Water that is no longer what it has been.
    Event(Arc<EventRule>),
    /// Readings that the tests of signal quality doubt.
    Quality(QualityRule),
    /// A laboratory result beyond a limit.
    /// What comes third is broken by the same sample too, if there is such.
    LabLimit(Analyte, LimitInForce, Option<Also>),
    /// An instrument that does not show what a sample taken beside it had.
    GrabSample(GrabSample),
    /// Samples that are due, and were not taken.
    Round(Duty),
    /// A condition over several instruments and windows.
    Expression(Arc<Expression>),
    /// Messages that are refused in the plant's name.
    Refusal(Arc<RefusalRule>),
    /// An instrument without usable readings; how long is the rule's `patience`.
    TagSilence,
    /// A plant of which nothing is heard.
    GatewaySilence {
        /// For this long.
        after: Span,
    },
}

impl Kind {
    /// With its limit marked as from memory only, or not.
    pub(super) fn marked(self, unverified: bool) -> Self {
        match self {
            Self::Limit(limit) => Self::Limit(LimitInForce { unverified, ..limit }),
            Self::LabLimit(what, limit, also) => {
                let mark = |limit| LimitInForce { unverified, ..limit };
                let also = also.map(|it| Also { limit: mark(it.limit), ..it });
                Self::LabLimit(what, mark(limit), also)
            }
            other => other,
        }
    }

    /// Does it judge what a laboratory reports, when it reports it?
    pub fn is_of_results(&self) -> bool {
        matches!(self, Self::LabLimit(..) | Self::GrabSample(_) | Self::Round(_))
    }

    /// Is it about what people take to a laboratory, not about instruments?
    pub fn is_about_sites(&self) -> bool {
        matches!(self, Self::LabLimit(..) | Self::Round(_))
    }

    /// As files write it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Limit(_) => "limit",
            Self::ServicePressure(_) => "service-pressure",
            Self::NightFlow(_) => "night-flow",
            Self::NoDraw(_) => "no-draw",
            Self::Event(_) => "event",
            Self::Quality(_) => "quality",
            Self::LabLimit(..) => "lab-limit",
            Self::GrabSample(_) => "grab-sample",
            Self::Round(_) => "round",
            Self::Expression(_) => "expression",
            Self::Refusal(_) => "refusal",
            Self::TagSilence => "tag-silence",
            Self::GatewaySilence { .. } => "gateway-silence",
        }
    }
}

/// How urgent an alarm is (its priority in ISA-18.2's words).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Answer within the shift.
    Low,
    /// Answer within the hour.
    Medium,
    /// Answer at once.
    High,
}

impl Urgency {
    /// As files write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// In Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Low => "低",
            Self::Medium => "中",
            Self::High => "高",
        }
    }
}

/// What an alarm does while there is nothing to judge by. There is no default: each rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoData {
    /// It keeps its state.
    Hold,
    /// It behaves as if the condition held.
    Alarm,
    /// It behaves as if the condition were gone.
    Clear,
}

/// A set of quality flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptFlags(u16);

impl AcceptFlags {
    /// Good readings, and those that nobody has tested.
    pub const USABLE: Self = Self(1 << Flag::Good as u16 | 1 << Flag::NotEvaluated as u16);

    /// The set of these flags; `Missing` has no value to judge and never counts.
    pub fn of(flags: &[Flag]) -> Self {
        let usable = flags.iter().filter(|flag| **flag != Flag::Missing);
        Self(usable.fold(0, |set, flag| set | 1 << *flag as u16))
    }

    /// Is the flag one of them?
    pub fn contains(self, flag: Flag) -> bool {
        self.0 & (1 << flag as u16) != 0
    }
}

impl InspectionRule {
    /// Is it in force at this plant, as far as packs go?
    pub fn is_chosen(&self, profile: &Profile) -> bool {
        self.pack.as_ref().is_none_or(|pack| pack.is_chosen(profile))
    }

    /// Is it for this plant?
    pub fn is_for(&self, profile: &Profile) -> bool {
        self.is_chosen(profile) && self.select.wants_plant(profile)
    }

    /// What stands behind its figures where people see them: ` [M]` when one is from memory only.
    pub fn mark(&self) -> &'static str {
        if citation::is_unverified(&self.source) { " [M]" } else { "" }
    }

    /// The limit this rule holds an instrument against, if it has one and watches it.
    pub fn limit_for(&self, profile: &Profile, tag: &Tag) -> Option<LimitInForce> {
        if !self.watches(profile, tag) {
            return None;
        }
        let unverified = !self.mark().is_empty();
        let limit = match &self.kind {
            Kind::Limit(limit) => Some(*limit),
            Kind::ServicePressure(heads) => Some(heads.limit(tag.storeys?, tag.rise_m)),
            Kind::NightFlow(test) | Kind::NoDraw(test) => {
                Some(test.limit(tag.night_flow?.usual_m3_per_h))
            }
            Kind::LabLimit(..)
            | Kind::GrabSample(_)
            | Kind::Round(_)
            | Kind::Event(_)
            | Kind::Expression(_)
            | Kind::Quality(_)
            | Kind::Refusal(_)
            | Kind::TagSilence
            | Kind::GatewaySilence { .. } => None,
        };
        limit.map(|limit| LimitInForce { unverified, ..limit })
    }

    /// Does it watch this instrument of this plant?
    pub fn watches(&self, profile: &Profile, tag: &Tag) -> bool {
        let suits = match self.kind {
            Kind::ServicePressure(_) => tag.storeys.is_some(),
            Kind::NightFlow(_) => tag.night_flow.is_some(),
            // What leaves the plant or fills a tank may rest for hours.
            Kind::NoDraw(_) => tag.night_flow.is_some() && tag.village.is_some(),
            // An expression is bound to its inputs instead.
            Kind::GatewaySilence { .. }
            | Kind::Refusal(_)
            | Kind::LabLimit(..)
            | Kind::Round(_)
            | Kind::Expression(_) => false,
            Kind::Event(ref event) => event.suits(tag),
            Kind::GrabSample(_) => grab_watch::beside(profile, tag).next().is_some(),
            Kind::Limit(_) | Kind::Quality(_) | Kind::TagSilence => true,
        };
        suits && self.is_for(profile) && self.select.wants_tag(tag)
    }

    /// Does it watch the plant as a whole, not one of its instruments or sites?
    pub fn watches_plant(&self, profile: &Profile) -> bool {
        let suits = match self.kind {
            Kind::GatewaySilence { .. } | Kind::Refusal(_) => true,
            Kind::Round(duty) => !duty.each_site && !profile.sites.is_empty(),
            _ => false,
        };
        suits && self.is_for(profile)
    }

    /// Does it watch this sampling site of this plant?
    pub fn watches_site(&self, profile: &Profile, site: &Site) -> bool {
        let suits = match self.kind {
            Kind::LabLimit(..) => true,
            Kind::Round(duty) => duty.each_site,
            _ => false,
        };
        suits && self.is_for(profile) && self.select.wants_site(site)
    }
}

/// The rules in force.
#[derive(Debug, Clone, Default)]
pub struct Book {
    rules: Vec<InspectionRule>,
    packs: Vec<Pack>,
    tests: Vec<TestSpec>,
    by_id: BTreeMap<RuleId, RuleIndex>,
    handling: Handling,
}

impl Book {
    /// Reads rule files. Errors: every mistake of every file.
    pub fn load(sources: &[Arc<Source>]) -> Result<Self, Problems> {
        Ok(Self::load_part(sources, &[])?.book)
    }

    /// The same rules, with alarms handled so.
    pub fn with_handling(self, handling: Handling) -> Self {
        Self { handling, ..self }
    }

    /// Other rules in their place, with the same packs, tests of signal quality and handling.
    pub fn with_rules(&self, rules: Vec<InspectionRule>) -> Self {
        let by_id = rules.iter().enumerate().map(|(i, r)| (r.id.clone(), RuleIndex(i))).collect();
        let (packs, tests) = (self.packs.clone(), self.tests.clone());
        Self { rules, packs, tests, by_id, handling: self.handling.clone() }
    }

    /// How people may set alarms aside, and by which marks their load is judged.
    pub fn handling(&self) -> &Handling {
        &self.handling
    }

    /// The rules, in the order of the files; `RuleIndex` counts in it.
    pub fn rules(&self) -> &[InspectionRule] {
        &self.rules
    }

    /// The tests of signal quality, in the order of the files.
    pub fn tests(&self) -> &[TestSpec] {
        &self.tests
    }

    /// A rule by its position.
    pub fn rule(&self, index: RuleIndex) -> Option<&InspectionRule> {
        self.rules.get(index.0)
    }

    /// A rule's position by its id.
    pub fn index(&self, id: &str) -> Option<RuleIndex> {
        self.by_id.get(id).copied()
    }

    /// The limit that `rule` holds an instrument of a plant against, if it watches it.
    pub fn limit_for(&self, rule: RuleIndex, profile: &Profile, tag: &Tag) -> Option<LimitInForce> {
        self.rule(rule)?.limit_for(profile, tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::Quantity;
    use crate::inspection::testing::{book, profile, tag};
    use crate::plant::profile::Disinfectant;
    use crate::plant::tags::SamplingPoint;

    pub(super) const SOUND: &str = r#"
[[rule]]
id = "low"
title = { en = "Low", zh = "低" }
source = "a plan [D]"
kind = "limit"
quantity = "free-chlorine"
below_mg_per_l = 0.3
clear_mg_per_l = 0.33
on_delay_min = 5
off_delay_min = 5
priority = "high"
no_data = "hold"
advice = { en = "Look.", zh = "看。" }
"#;

    fn mistakes(text: &str) -> String {
        let sources = [Source::new("rules.toml", text)];
        Book::load(&sources).expect_err("the text has mistakes").render(false)
    }

    /// The mistakes of a sound rule in which `from` has become `to`.
    fn changed(from: &str, to: &str) -> String {
        assert!(SOUND.contains(from), "{from}");
        mistakes(&SOUND.replace(from, to))
    }

    fn changed_all(changes: &[(&str, &str)]) -> String {
        let change = |text: String, (from, to): &(&str, &str)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        };
        mistakes(&changes.iter().fold(SOUND.to_owned(), change))
    }

    #[test]
    fn the_rules_of_the_project_are_sound_and_each_says_how_sure_its_source_is() {
        let book = book();
        for id in ["finished-chlorine-low", "tap-turbidity-high", "service-pressure-low"] {
            assert!(book.index(id).is_some(), "{id}");
        }
        let of_rules = book.rules().iter().map(|rule| &rule.source);
        let of_packs = book.packs().iter().map(|pack| &pack.source);
        let of_tests = book.tests().iter().map(|test| &test.source);
        for source in of_rules.chain(of_packs).chain(of_tests) {
            assert!(source.en.ends_with(']') && source.zh.ends_with(']'), "{source:?}");
            // Names and numbers alone read the same in both languages; anything else is translated.
            let words = source.en.split(' ').filter(|word| !word.contains(['[', '.']));
            let is_bare = !words.into_iter().any(|word| word.contains(char::is_lowercase));
            let is_chinese = source.zh.contains(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(is_chinese || (is_bare && source.en == source.zh), "{source:?}");
        }
    }

    #[test]
    fn every_mistake_of_a_rule_comes_in_one_run() {
        let text = SOUND
            .replace("below_mg_per_l", "below_ntu")
            .replace("clear_mg_per_l", "claer_mg_per_l")
            .replace("\"high\"", "\"urgent\"")
            .replace("no_data = \"hold\"\n", "")
            .replace("a plan [D]", "GB 5749-2022 table 2");
        insta::assert_snapshot!(mistakes(&text));
    }

    /// Where each mistake stands, and what it is.
    fn headlines(problems: &Problems) -> Vec<String> {
        problems.iter().map(crate::base::problem::Problem::headline).collect()
    }

    #[test]
    fn one_mistake_hides_no_other_each_stands_at_its_value_and_none_follows_from_another() {
        let wrong = SOUND
            .replace("\"high\"", "\"hgh\"")
            .replace("below_mg_per_l = 0.3\n", "below_mg_per_l = 99\n")
            .replace("clear_mg_per_l = 0.33\n", "")
            .replace("no_data", "inhibited_by = [\"low\", \"hihg\"]\nno_data");
        let child =
            SOUND.replace("\"low\"", "\"high\"").replace("no_data", "follows = [\"low\"]\nno_data");
        let sources = [Source::new("a.toml", wrong), Source::new("b.toml", child)];
        let (part, drafts, problems) = Book::read_part(&sources, &[], true);
        assert_eq!(part.book.rules().len(), 1, "the other is a draft");
        let profile = profile(2_400.0, 16_000, Disinfectant::FreeChlorine);
        let tags = [tag("AIT-301", Quantity::FreeChlorine, SamplingPoint::FinishedWater, 1)];
        let review = part.book.review(&drafts, &[(&profile, &tags)]);
        let mut all = problems;
        all.absorb(review.problems);
        insta::assert_snapshot!(all.into_result(None::<()>).expect_err("mistakes").render(false));
    }

    #[test]
    fn a_misspelt_kind_hides_no_mistake_of_the_keys_that_hang_on_it() {
        let guessed = changed_all(&[
            ("\"limit\"", "\"limti\""),
            ("\"free-chlorine\"", "\"free-clorine\""),
            ("below_mg_per_l = 0.3", "below_mg_per_l = nan"),
        ]);
        let unknown = changed_all(&[
            ("\"limit\"", "\"x\""),
            ("\"free-chlorine\"", "\"free-clorine\""),
            ("below_mg_per_l = 0.3", "below_mg_per_l = nan"),
            ("on_delay_min = 5", "method = \"time-of-day\"\nadvcie = 1"),
        ]);
        insta::assert_snapshot!([guessed, unknown].join("\n"));
    }

    #[test]
    fn what_is_no_toml_hides_no_other_rule_and_makes_no_name_unknown() {
        let broken = SOUND.replace("\"low\"", "= \"parent\"");
        let child =
            SOUND.replace("priority = \"high\"", "priority = \"hgh\"\nfollows = [\"parent\"]");
        let (_, _, problems) =
            Book::read_part(&[Source::new("r.toml", broken + &child)], &[], true);
        let said = headlines(&problems);
        assert!(said.iter().any(|it| it.contains("`priority` \"hgh\" is not known")), "{said:?}");
        assert!(said.iter().any(|it| it.starts_with("r.toml:3:6: not TOML")), "{said:?}");
        assert!(said.iter().all(|it| !it.contains("which is no rule")), "{said:?}");
    }

    #[test]
    fn a_draft_is_not_held_against_instruments_that_it_may_not_mean() {
        let profile = profile(2_400.0, 16_000, Disinfectant::FreeChlorine);
        let mut tag = tag("AIT-301", Quantity::FreeChlorine, SamplingPoint::FinishedWater, 10);
        tag.range = (0.5, 5.0);
        for wrong in ["point = \"tap-wter\"", "ponit = \"tap-water\"", "taag = \"AIT-401\""] {
            let text = SOUND.replace("priority", &format!("{wrong}\npriority"));
            let (part, drafts, problems) =
                Book::read_part(&[Source::new("r.toml", text)], &[], true);
            let review = part.book.review(&drafts, &[(&profile, std::slice::from_ref(&tag))]);
            assert_eq!((problems.len(), review.problems.len()), (1, 0), "{wrong}");
        }
    }

    #[test]
    fn a_clear_threshold_on_the_wrong_side_is_refused() {
        insta::assert_snapshot!(changed("clear_mg_per_l = 0.33", "clear_mg_per_l = 0.27"));
    }

    #[test]
    fn a_limit_that_nothing_can_break_is_refused() {
        insta::assert_snapshot!(changed("below_mg_per_l = 0.3", "below_mg_per_l = 0"));
    }

    #[test]
    fn an_id_may_be_used_once_only_and_a_parent_must_exist() {
        let again =
            SOUND.replace("no_data", "inhibited_by = [\"lov\"]\nfollows = [\"hihg\"]\nno_data");
        insta::assert_snapshot!(mistakes(&format!("{SOUND}{again}")));
    }

    #[test]
    fn instruments_that_cannot_serve_a_rule_are_named() {
        let profile = profile(2_400.0, 16_000, Disinfectant::FreeChlorine);
        let mut short = tag("AIT-301", Quantity::FreeChlorine, SamplingPoint::FinishedWater, 10);
        short.range = (0.5, 5.0);
        let sources = [Source::new("rules.toml", SOUND)];
        let book = Book::load(&sources).expect("sound");
        let review = book.check_against(&[(&profile, &[short])]);
        insta::assert_snapshot!(review.problems.render(false));
        assert_eq!(review.unmatched, []);
        let other = tag("PIT-1", Quantity::Pressure, SamplingPoint::Network, 1);
        let review = book.check_against(&[(&profile, &[other])]);
        assert!(review.problems.is_empty());
        assert_eq!(review.unmatched, [RuleId::new("low").expect("an id")]);
    }
}
