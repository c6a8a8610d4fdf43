//! The rules in force, checked: what each watches, its limits, its delays, where it comes from.
//!
//! In: the texts of rule files. Out: a `Book`, or every mistake of every file.

mod alone;
mod lint;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::base::analyte::Analyte;
use crate::base::problem::{Problems, Source, nearest};
use crate::base::{Flag, RuleId, Span, Text};
use crate::inspection::event::EventRule;
use crate::inspection::expression::Expression;
use crate::inspection::finding::RuleIndex;
use crate::inspection::handling::Handling;
use crate::inspection::level::Levels;
use crate::inspection::limit::LimitInForce;
use crate::inspection::plausibility::flow_window::FlowTest;
use crate::inspection::round::Duty;
use crate::inspection::rule_test::RuleTest;
use crate::inspection::select::Selector;
use crate::inspection::service_pressure::ServiceHead;
use crate::inspection::signal::quality::QualityRule;
use crate::inspection::signal::silence::Patience;
use crate::inspection::signal::spec::{self, TestSpec};
use crate::inspection::unit_keys::shown;
use crate::plant::profile::Profile;
use crate::plant::tags::{Site, Tag};
use read::Read;

/// A rule: what it watches, when its condition holds, and what an alarm needs to know.
#[derive(Debug, Clone)]
pub struct InspectionRule {
    /// Its id.
    pub id: RuleId,
    /// What a person calls it.
    pub title: Text,
    /// Where it comes from, with its mark, such as `GB 5749-2022 table 2 [S7]`; shown to people.
    pub source: String,
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
    LabLimit(Analyte, LimitInForce),
    /// Samples that are due, and were not taken.
    Round(Duty),
    /// A condition over several instruments and windows.
    Expression(Arc<Expression>),
    /// An instrument without usable readings; how long is the rule's `patience`.
    TagSilence,
    /// A plant of which nothing is heard.
    GatewaySilence {
        /// For this long.
        after: Span,
    },
}

impl Kind {
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
            Self::Round(_) => "round",
            Self::Expression(_) => "expression",
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
    /// The limit this rule holds an instrument against, if it has one and watches it.
    pub fn limit_for(&self, profile: &Profile, tag: &Tag) -> Option<LimitInForce> {
        if !self.watches(profile, tag) {
            return None;
        }
        match &self.kind {
            Kind::Limit(limit) => Some(*limit),
            Kind::ServicePressure(heads) => Some(heads.limit(tag.storeys?, tag.rise_m)),
            Kind::NightFlow(test) | Kind::NoDraw(test) => {
                Some(test.limit(tag.night_flow?.usual_m3_per_h))
            }
            Kind::LabLimit(..)
            | Kind::Round(_)
            | Kind::Event(_)
            | Kind::Expression(_)
            | Kind::Quality(_)
            | Kind::TagSilence
            | Kind::GatewaySilence { .. } => None,
        }
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
            | Kind::LabLimit(..)
            | Kind::Round(_)
            | Kind::Expression(_) => false,
            Kind::Event(ref event) => event.suits(tag),
            Kind::Limit(_) | Kind::Quality(_) | Kind::TagSilence => true,
        };
        suits && self.select.wants_plant(profile) && self.select.wants_tag(tag)
    }

    /// Does it watch the plant as a whole, not one of its instruments or sites?
    pub fn watches_plant(&self, profile: &Profile) -> bool {
        let suits = match self.kind {
            Kind::GatewaySilence { .. } => true,
            Kind::Round(duty) => !duty.each_site && !profile.sites.is_empty(),
            _ => false,
        };
        suits && self.select.wants_plant(profile)
    }

    /// Does it watch this sampling site of this plant?
    pub fn watches_site(&self, profile: &Profile, site: &Site) -> bool {
        let suits = match self.kind {
            Kind::LabLimit(..) => true,
            Kind::Round(duty) => duty.each_site,
            _ => false,
        };
        suits && self.select.wants_plant(profile) && self.select.wants_site(site)
    }
}

/// The rules in force.
#[derive(Debug, Clone, Default)]
pub struct Book {
    rules: Vec<InspectionRule>,
    tests: Vec<TestSpec>,
    by_id: BTreeMap<RuleId, RuleIndex>,
    handling: Handling,
}

/// What came out of holding a book against plants.
#[derive(Debug, Default)]
pub struct Review {
    /// Mistakes: the book cannot be used with these plants.
    pub problems: Problems,
    /// What is worth a second look, but no mistake.
    pub warnings: Problems,
    /// Rules that are for these plants and watch nothing there, and tests: worth a warning.
    pub unmatched: Vec<RuleId>,
}

impl Book {
    /// Reads rule files. Errors: every mistake of every file.
    pub fn load(sources: &[Arc<Source>]) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let read = Read::files(sources, &mut problems);
        check_ids(&read.named, &read.named_tests, &read.rules, &mut problems);
        problems.into_result(Some(Self::of(read.rules, read.tests, Handling::default())))
    }

    fn of(rules: Vec<InspectionRule>, tests: Vec<TestSpec>, handling: Handling) -> Self {
        let by_id = rules.iter().enumerate().map(|(i, r)| (r.id.clone(), RuleIndex(i))).collect();
        Self { rules, tests, by_id, handling }
    }

    /// The same rules, with alarms handled so.
    pub fn with_handling(self, handling: Handling) -> Self {
        Self { handling, ..self }
    }

    /// Other rules in their place, with the same tests of signal quality and the same handling.
    pub fn with_rules(&self, rules: Vec<InspectionRule>) -> Self {
        let by_id = rules.iter().enumerate().map(|(i, r)| (r.id.clone(), RuleIndex(i))).collect();
        Self { rules, by_id, tests: self.tests.clone(), handling: self.handling.clone() }
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

    /// Holds the rules against plants: limits their instruments cannot show, delays shorter than
    /// a poll, rules that watch nothing.
    pub fn check_against(&self, plants: &[(&Profile, &[Tag])]) -> Review {
        let warnings = lint::warnings(&self.rules, plants);
        let mut review = Review { warnings, ..Review::default() };
        for rule in &self.rules {
            check_step(rule, &mut review.problems);
            // What other works owe is no mistake: smaller ones, with another disinfectant, or with
            // a laboratory.
            let is_for_others = !plants.iter().any(|(it, _)| rule.select.wants_plant(it));
            let is_duty = matches!(rule.kind, Kind::Round(duty) if !duty.each_site);
            let mut matched = is_for_others || is_duty;
            for (profile, tags) in plants {
                matched |= rule.watches_plant(profile);
                matched |= check_bound(rule, profile, tags, &mut review.problems);
                matched |= profile.sites.iter().any(|site| rule.watches_site(profile, site));
                for tag in tags.iter().filter(|tag| rule.watches(profile, tag)) {
                    matched |= match rule.kind {
                        Kind::Quality(it) => {
                            let made = spec::made_at(&self.tests, profile, tag);
                            !it.tests.and(made).is_empty()
                        }
                        _ => true,
                    };
                    check_tag(rule, profile, tag, &mut review.problems);
                }
            }
            if !matched {
                review.unmatched.push(rule.id.clone());
            }
        }
        let idle = spec::check_against(&self.tests, plants, &mut review.problems);
        review.unmatched.extend(idle);
        review
    }
}

fn check_ids(
    named: &[(RuleId, Place)],
    named_tests: &[(RuleId, Place)],
    rules: &[InspectionRule],
    problems: &mut Problems,
) {
    let mut first: BTreeMap<&RuleId, &Place> = BTreeMap::new();
    let rules_first = named.iter().map(|it| ("rule", it));
    let all = rules_first.chain(named_tests.iter().map(|it| ("test", it)));
    for (what, (id, place)) in all {
        if let Some(earlier) = first.get(id) {
            let there = earlier.source.place(earlier.span.start);
            let text = format!("{what} {id} is there already, at {there}");
            problems.add(&place.source, place.span.clone(), text).help("give one another id");
        } else {
            first.insert(id, place);
        }
    }
    let known: BTreeSet<&str> = named.iter().map(|(id, _)| id.as_str()).collect();
    let known: Vec<&str> = known.into_iter().collect();
    let is_lab = |id: &RuleId| {
        let is_lab =
            |rule: &InspectionRule| matches!(rule.kind, Kind::LabLimit(..) | Kind::Round(_));
        rules.iter().any(|rule| rule.id == *id && is_lab(rule))
    };
    for rule in rules {
        for parent in rule.inhibited_by.iter().filter(|id| is_lab(id)) {
            let text = format!("rule {} is inhibited by {parent}, a laboratory's", rule.id);
            let help = "its results are known hours or days later: nothing can wait for them";
            problems.add(&rule.place.source, rule.place.span.clone(), text).help(help);
        }
        let inhibiting = rule.inhibited_by.iter().map(|id| ("is inhibited by", id));
        let parents = inhibiting.chain(rule.follows.iter().map(|id| ("follows", id)));
        for (how, parent) in parents.filter(|(_, id)| !known.contains(&id.as_str())) {
            let text = format!("rule {} {how} {parent}, which is no rule", rule.id);
            let problem = problems.add(&rule.place.source, rule.place.span.clone(), text);
            if let Some(name) = nearest(parent.as_str(), &known) {
                problem.help(format!("did you mean {name:?}?"));
            }
        }
    }
}

/// What is judged in steps must be seen in two of them before a delay is over.
fn check_step(rule: &InspectionRule, problems: &mut Problems) {
    let Kind::Expression(expression) = &rule.kind else { return };
    let every = expression.every;
    if rule.on_delay > Span::ZERO && rule.on_delay < every {
        let (id, delay, place) = (&rule.id, rule.on_delay, &rule.place);
        let text = format!("rule {id}: the on-delay of {delay} is shorter than its step, {every}");
        let help = format!("make on_delay_min 0 or at least {every}");
        problems.add(&place.source, place.span.clone(), text).help(help);
    }
}

/// Binds an expression rule to a plant; does it find its instruments there?
fn check_bound(
    rule: &InspectionRule,
    profile: &Profile,
    tags: &[Tag],
    problems: &mut Problems,
) -> bool {
    let Kind::Expression(expression) = &rule.kind else { return false };
    let place = &rule.place;
    match expression.bind(profile, tags) {
        Ok(bindings) => !bindings.is_empty(),
        Err(several) => {
            let text = format!(
                "rule {}: the input {:?} could be {} of {}",
                rule.id,
                several.input,
                several.tags.join(" or "),
                profile.id
            );
            let help = "say which by point or tag, or take them all with every or each = true";
            problems.add(&place.source, place.span.clone(), text).help(help);
            true
        }
    }
}

fn check_tag(rule: &InspectionRule, profile: &Profile, tag: &Tag, problems: &mut Problems) {
    let place = &rule.place;
    let at = format!("{} of {}", tag.id, profile.id);
    let (low, high) = tag.range;
    let own = rule.limit_for(profile, tag);
    let further = rule.levels.further.iter();
    for limit in own.into_iter().chain(further.map(|level| level.limit)) {
        if (low..=high).contains(&limit.raise) && (low..=high).contains(&limit.clear) {
            continue;
        }
        let text = format!(
            "rule {}: {at} cannot show the limit {} (clear at {})",
            rule.id,
            shown(tag.quantity, limit.raise),
            shown(tag.quantity, limit.clear)
        );
        let range = format!("its range is {low} to {}", shown(tag.quantity, high));
        problems.add(&place.source, place.span.clone(), text).help(range);
    }
    lint::check_delays(rule, &at, tag, problems);
    if rule.patience.for_poll(tag.poll) <= tag.poll {
        let text = format!(
            "rule {}: silence of {} is no silence for {at}, which is read every {}",
            rule.id,
            rule.patience.for_poll(tag.poll),
            tag.poll
        );
        let help = "make silence_at_most_min longer than the poll";
        problems.add(&place.source, place.span.clone(), text).help(help);
    }
    if let Kind::Event(event) = &rule.kind
        && event.interval < tag.poll
    {
        let (id, step, poll) = (&rule.id, event.interval, tag.poll);
        let text =
            format!("rule {id}: a step of {step} holds no reading of {at}, read every {poll}");
        let help = "make interval_min at least one poll";
        problems.add(&place.source, place.span.clone(), text).help(help);
    }
    if let Kind::NightFlow(test) | Kind::NoDraw(test) = rule.kind
        && test.average < tag.poll
    {
        let text = format!(
            "rule {}: a block of {} holds no reading of {at}, which is read every {}",
            rule.id, test.average, tag.poll
        );
        let help = "make average_min at least one poll";
        problems.add(&place.source, place.span.clone(), text).help(help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::Quantity;
    use crate::inspection::testing::{book, profile, tag};
    use crate::plant::profile::Disinfectant;
    use crate::plant::tags::SamplingPoint;

    const SOUND: &str = r#"
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

    #[test]
    fn the_rules_of_the_project_are_sound_and_each_says_how_sure_its_source_is() {
        let book = book();
        for id in ["finished-chlorine-low", "tap-turbidity-high", "service-pressure-low"] {
            assert!(book.index(id).is_some(), "{id}");
        }
        assert!(book.rules().iter().all(|rule| rule.source.ends_with(']')));
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
