//! Rules made wrong on purpose, to see whether a test or a scenario notices (mutation testing).
//!
//! In: a book and one of its rules. Out: the same book with one mistake each: the rule is gone, a
//! limit lies 20 % lower or higher, a delay is dropped, it no longer is silent in announced stops.
//! Must not know: what notices.

use std::fmt;
use std::sync::Arc;

use crate::base::{RuleId, Span};
use crate::inspection::also::Also;
use crate::inspection::book::{Book, InspectionRule, Kind};
use crate::inspection::expression::Expression;
use crate::inspection::expression::tree::{Cond, Num};
use crate::inspection::grab_watch::GrabSample;
use crate::inspection::level::{Level, Levels};
use crate::inspection::limit::LimitInForce;
use crate::inspection::signal::TwoLimits;
use crate::inspection::signal::flat_line::Stretch;
use crate::inspection::signal::quality::QualityRule;
use crate::inspection::signal::rate::RateTest;
use crate::inspection::signal::spec::{TestKind, TestSpec};

/// How far a limit is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// To four fifths.
    Lower,
    /// To six fifths.
    Higher,
}

/// What is wrong with a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// The rule is not there.
    Gone,
    /// Its limit, or that of a further level, is moved, and where it clears with it.
    Limit(usize, Shift),
    /// It asks for fewer or more readings of a window.
    Count(Shift),
    /// It no longer waits before it raises, or rises to a further level.
    OnDelay(usize),
    /// It no longer waits before it clears, or falls from a further level.
    OffDelay(usize),
    /// It no longer is silent in announced stops of supply.
    LoudInStops,
}

/// A book with one mistake in it.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// The rule that is wrong.
    pub rule: RuleId,
    /// What is wrong with it.
    pub mistake: Mistake,
    wrong: Option<InspectionRule>,
    /// The tests of signal quality, when the limit that is moved stands there.
    tests: Option<Vec<TestSpec>>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self {
            Self::Gone => return write!(f, "the rule is gone"),
            Self::Count(Shift::Lower) => return write!(f, "it asks for 20 % fewer readings"),
            Self::Count(Shift::Higher) => return write!(f, "it asks for 20 % more readings"),
            Self::LoudInStops => return write!(f, "it no longer is silent in announced stops"),
            Self::Limit(level, _) | Self::OnDelay(level) | Self::OffDelay(level) => *level,
        };
        match self {
            Self::Limit(_, Shift::Lower) => write!(f, "its limit is 20 % lower")?,
            Self::Limit(_, Shift::Higher) => write!(f, "its limit is 20 % higher")?,
            Self::OffDelay(_) => write!(f, "its off-delay is dropped")?,
            _ => write!(f, "its on-delay is dropped")?,
        }
        if level > 0 { write!(f, " (level {})", level + 1) } else { Ok(()) }
    }
}

impl Mutant {
    /// `book` with the mistake in it. It may have further rules and choose other packs than the one
    /// that the mistake was made of.
    pub fn book(&self, book: &Book) -> Book {
        let others = |rule: &InspectionRule| match &self.wrong {
            Some(wrong) if rule.id == self.rule => {
                Some(InspectionRule { pack: rule.pack.clone(), ..wrong.clone() })
            }
            None if rule.id == self.rule => None,
            _ => Some(rule.clone()),
        };
        let changed = book.with_rules(book.rules().iter().filter_map(others).collect());
        match &self.tests {
            Some(moved) => {
                let tests = book.tests().iter().map(|test| {
                    let found = moved.iter().find(|moved| moved.id == test.id);
                    found.unwrap_or(test).clone()
                });
                changed.with_tests(tests.collect())
            }
            None => changed,
        }
    }

    /// Is the mistake in the rule alone, not in the tests of signal quality that it counts?
    pub fn is_alone(&self) -> bool {
        self.tests.is_none()
    }

    /// The rule with the mistake; none when it is gone.
    pub fn wrong(&self) -> Option<&InspectionRule> {
        self.wrong.as_ref()
    }
}

/// Every mistake that can be made in `rule`. A limit of 0 cannot be moved by a share of itself, nor
/// a count of one or two readings, nor can a delay of 0 be dropped.
pub fn mutants(book: &Book, rule: &InspectionRule) -> Vec<Mutant> {
    let id = &rule.id;
    let mutant = |mistake, wrong| Mutant { rule: id.clone(), mistake, wrong, tests: None };
    let mut all = vec![mutant(Mistake::Gone, None)];
    for shift in [Shift::Lower, Shift::Higher] {
        let mistake = Mistake::Limit(0, shift);
        let mut of_rule = mistake;
        if let Kind::Quality(counted) = &rule.kind {
            let tests: Vec<TestSpec> =
                book.tests().iter().map(|test| shift.test(counted, test)).collect();
            if tests.iter().zip(book.tests()).any(|(moved, test)| moved.kind != test.kind) {
                all.push(Mutant { tests: Some(tests), ..mutant(mistake, Some(rule.clone())) });
            }
            of_rule = Mistake::Count(shift);
        }
        let wrong = shift.rule(rule);
        if wrong.kind != rule.kind || wrong.patience != rule.patience {
            all.push(mutant(of_rule, Some(wrong)));
        }
    }
    if rule.silent_in_stops {
        let wrong = InspectionRule { silent_in_stops: false, ..rule.clone() };
        all.push(mutant(Mistake::LoudInStops, Some(wrong)));
    }
    all.extend(delays(rule).map(|(mistake, wrong)| mutant(mistake, Some(wrong))));
    for at in 0..rule.levels.further.len() {
        all.extend(levels(rule, at).map(|(mistake, wrong)| mutant(mistake, Some(wrong))));
    }
    all
}

/// Its delays, dropped one by one.
fn delays(rule: &InspectionRule) -> impl Iterator<Item = (Mistake, InspectionRule)> {
    let mut dropped = Vec::new();
    let mut drop = |mistake, change: &dyn Fn(&mut InspectionRule)| {
        let mut wrong = rule.clone();
        change(&mut wrong);
        dropped.push((mistake, wrong));
    };
    match rule.kind {
        Kind::Round(duty) if duty.grace > Span::ZERO => drop(Mistake::OnDelay(0), &|wrong| {
            if let Kind::Round(duty) = &mut wrong.kind {
                duty.grace = Span::ZERO;
            }
        }),
        _ if rule.on_delay > Span::ZERO => {
            drop(Mistake::OnDelay(0), &|wrong| wrong.on_delay = Span::ZERO);
        }
        _ => {}
    }
    if rule.off_delay > Span::ZERO {
        drop(Mistake::OffDelay(0), &|wrong| wrong.off_delay = Span::ZERO);
    }
    dropped.into_iter()
}

/// What can be wrong with a further level.
fn levels(rule: &InspectionRule, at: usize) -> impl Iterator<Item = (Mistake, InspectionRule)> {
    let mut wrong = Vec::new();
    let n = at + 1;
    let mut each = |mistake, change: &dyn Fn(&mut Level)| {
        let mut further = rule.levels.further.to_vec();
        let before = further[at];
        change(&mut further[at]);
        if further[at] != before {
            let levels = Levels { further: Arc::from(further), ..rule.levels.clone() };
            wrong.push((mistake, InspectionRule { levels, ..rule.clone() }));
        }
    };
    for shift in [Shift::Lower, Shift::Higher] {
        each(Mistake::Limit(n, shift), &|level| level.limit = shift.limit(level.limit));
    }
    each(Mistake::OnDelay(n), &|level| level.on_delay = Span::ZERO);
    each(Mistake::OffDelay(n), &|level| level.off_delay = Span::ZERO);
    wrong.into_iter()
}

impl Shift {
    fn factor(self) -> f64 {
        match self {
            Self::Lower => 0.8,
            Self::Higher => 1.2,
        }
    }

    fn of(self, value: f64) -> f64 {
        value * self.factor()
    }

    fn span(self, span: Span) -> Span {
        Span::ms(self.of(span.as_seconds() * 1000.0).round() as i64)
    }

    fn count(self, count: u32) -> u32 {
        self.of(f64::from(count)).round() as u32
    }

    fn limit(self, limit: LimitInForce) -> LimitInForce {
        let (raise, clear) = (self.of(limit.raise), self.of(limit.clear));
        LimitInForce { raise, clear, ..limit }
    }

    /// With its own limit moved; the same when it has none that a share can move.
    fn rule(self, rule: &InspectionRule) -> InspectionRule {
        let mut wrong = rule.clone();
        wrong.kind = match &rule.kind {
            Kind::Limit(limit) => Kind::Limit(self.limit(*limit)),
            Kind::LabLimit(analyte, limit, also) => {
                let also = also.map(|it| Also { limit: self.limit(it.limit), ..it });
                Kind::LabLimit(*analyte, self.limit(*limit), also)
            }
            Kind::ServicePressure(head) => {
                let mut head = *head;
                for length in
                    [&mut head.one_storey, &mut head.two_storeys, &mut head.further_storey]
                {
                    *length = *length * self.factor();
                }
                Kind::ServicePressure(head)
            }
            Kind::NightFlow(test) | Kind::NoDraw(test) => {
                let mut test = *test;
                test.usual_times = self.of(test.usual_times);
                test.excess_m3_per_h = self.of(test.excess_m3_per_h);
                if matches!(rule.kind, Kind::NoDraw(_)) {
                    Kind::NoDraw(test)
                } else {
                    Kind::NightFlow(test)
                }
            }
            Kind::Event(event) => {
                let mut event = event.as_ref().clone();
                event.outlier_sd = self.of(event.outlier_sd);
                Kind::Event(Arc::new(event))
            }
            Kind::Expression(expression) => Kind::Expression(Arc::new(self.expression(expression))),
            Kind::GrabSample(grab) => {
                let (tolerance, share) = (self.of(grab.tolerance), self.of(grab.share));
                Kind::GrabSample(GrabSample { tolerance, share, ..*grab })
            }
            Kind::Round(duty) => {
                let mut duty = *duty;
                duty.grace = self.span(duty.grace);
                Kind::Round(duty)
            }
            Kind::Refusal(refusal) => {
                let mut refusal = refusal.as_ref().clone();
                refusal.quiet = self.span(refusal.quiet);
                wrong.off_delay = refusal.quiet;
                Kind::Refusal(Arc::new(refusal))
            }
            Kind::GatewaySilence { after } => Kind::GatewaySilence { after: self.span(*after) },
            Kind::TagSilence => {
                let patience = &mut wrong.patience;
                patience.polls = i64::from(self.count(patience.polls as u32));
                patience.at_least = self.span(patience.at_least);
                patience.at_most = self.span(patience.at_most);
                Kind::TagSilence
            }
            Kind::Quality(counted) => {
                let (readings, share) = (self.count(counted.readings), self.of(counted.share));
                Kind::Quality(QualityRule { readings, share, ..*counted })
            }
        };
        wrong
    }

    fn expression(self, expression: &Expression) -> Expression {
        let mut moved = expression.clone();
        self.condition(&mut moved.when);
        if let Some(clear) = &mut moved.clear {
            self.condition(clear);
        }
        moved
    }

    /// What each comparison holds against: the numbers on its right, else those on its left. Both
    /// sides together would cancel out.
    fn condition(self, condition: &mut Cond) {
        match condition {
            Cond::Constant(_) => {}
            Cond::Compare(_, left, right) => {
                if !self.number(right) {
                    self.number(left);
                }
            }
            Cond::Not(inner) => self.condition(inner),
            Cond::And(left, right) | Cond::Or(left, right) => {
                self.condition(left);
                self.condition(right);
            }
        }
    }

    /// Moves every number that is written there. Was there one?
    fn number(self, number: &mut Num) -> bool {
        match number {
            Num::Constant(value) => {
                *value = self.of(*value);
                true
            }
            Num::Term(_) | Num::Plant(_) => false,
            Num::Abs(inner) | Num::Neg(inner) => self.number(inner),
            Num::Two(_, left, right) => self.number(left) | self.number(right),
            Num::If(condition, yes, no) => {
                self.condition(condition);
                self.number(yes) | self.number(no)
            }
        }
    }

    /// A test of signal quality, with its limits moved when `rule` counts it.
    fn test(self, rule: &QualityRule, spec: &TestSpec) -> TestSpec {
        let mut spec = spec.clone();
        if !rule.tests.contains(spec.kind.test()) {
            return spec;
        }
        match &mut spec.kind {
            TestKind::Timing(pace) => {
                for polls in [&mut pace.gap_polls, &mut pace.early_polls].into_iter().flatten() {
                    *polls = self.of(*polls);
                }
            }
            TestKind::GrossRange(range) => range.operator = range.operator.map(|it| self.width(it)),
            TestKind::Climatology(year) => {
                year.months = year.months.map(|month| month.map(|it| self.width(it)));
            }
            TestKind::Spike(spike) => spike.limits = self.two(spike.limits),
            TestKind::RateOfChange(RateTest::Fixed(change)) => {
                change.limits = self.two(change.limits);
            }
            TestKind::RateOfChange(RateTest::Deviations { deviations, least, .. }) => {
                *deviations = self.of(*deviations);
                *least = self.of(*least);
            }
            TestKind::FlatLine(flat) => {
                flat.suspect = self.stretch(flat.suspect);
                flat.fail = flat.fail.map(|it| self.stretch(it));
            }
            TestKind::AttenuatedSignal(attenuation) => {
                attenuation.limits = self.two(attenuation.limits);
            }
            TestKind::Multivariate(jump) => jump.jump.limits = self.two(jump.jump.limits),
            TestKind::Neighbour(neighbour) => neighbour.tolerance = self.of(neighbour.tolerance),
        }
        spec
    }

    fn two(self, limits: TwoLimits) -> TwoLimits {
        TwoLimits { suspect: self.of(limits.suspect), fail: limits.fail.map(|it| self.of(it)) }
    }

    fn stretch(self, stretch: Stretch) -> Stretch {
        Stretch { readings: self.count(stretch.readings), over: self.span(stretch.over) }
    }

    /// A range that is narrower or wider, about its middle.
    fn width(self, (low, high): (f64, f64)) -> (f64, f64) {
        let (middle, half) = (f64::midpoint(low, high), (high - low) / 2.0);
        (middle - self.of(half), middle + self.of(half))
    }
}
