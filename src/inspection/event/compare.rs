//! A step held against the past: by how much each signal differs from what was expected of it.

use serde::{Deserialize, Serialize};

use crate::base::text::Lang;
use crate::base::units::Quantity;
use crate::base::{Span, TagId};
use crate::inspection::event::daily::Daily;
use crate::inspection::event::history::{History, Usual};
use crate::inspection::event::nearest::nearest;
use crate::inspection::event::{EventRule, Method, linear};
use crate::inspection::limit::Side;
use crate::plant::tags::TagIndex;

/// An instrument of the place, as one of the rule's signals.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name.
    pub id: TagId,
    /// Its position at the plant.
    pub tag: TagIndex,
    /// What it measures.
    pub quantity: Quantity,
    /// Which of the rule's signals.
    pub signal: usize,
    /// The smallest change that means anything, in its unit.
    pub precision: f64,
    /// Or this share of what is expected, where that is more.
    pub precision_share: f64,
    /// Only a change to this side counts.
    pub change: Option<Side>,
}

/// How a signal differs from what was expected.
#[derive(Debug, Clone, Copy)]
pub struct Difference {
    /// Whose.
    pub member: usize,
    /// Its value in the step.
    pub value: f64,
    /// What was expected.
    pub expected: f64,
    /// In standard deviations.
    pub sd: f64,
}

impl Difference {
    /// How far it goes to the side that counts.
    fn towards(&self, side: Option<Side>) -> f64 {
        match side {
            Some(Side::Above) => self.sd,
            Some(Side::Below) => -self.sd,
            None => self.sd.abs(),
        }
    }
}

/// What is remembered of a place: as much as the rule's method needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Past {
    /// The last steps.
    Steps(History),
    /// The last days.
    Days(Daily),
}

impl Default for Past {
    fn default() -> Self {
        Self::Steps(History::default())
    }
}

impl Past {
    /// Nothing as yet.
    pub fn new(method: Method) -> Self {
        match method {
            Method::TimeOfDay => Self::Days(Daily::default()),
            Method::LinearPrediction { .. } | Method::NearestNeighbour(_) => Self::default(),
        }
    }

    /// Do both remember in the same way?
    pub fn is_like(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Steps(_), Self::Steps(_)) | (Self::Days(_), Self::Days(_)))
    }

    /// How the signals with a value differ from what was expected of them in step `number`; none
    /// while too little is known.
    pub fn differences(
        &self,
        rule: &EventRule,
        members: &[Member],
        number: i64,
        values: &[Option<f64>],
    ) -> Option<Vec<Difference>> {
        match self {
            Self::Steps(history) => history
                .is_full(rule.history_steps)
                .then(|| against_steps(history, rule, members, values)),
            Self::Days(daily) => {
                let differences = against_days(daily, rule, members, number, values);
                (differences.first()?.member == 0).then_some(differences)
            }
        }
    }

    /// Adds a step.
    pub fn push(
        &mut self,
        rule: &EventRule,
        members: &[Member],
        number: i64,
        values: &[Option<f64>],
        is_outlier: bool,
    ) {
        match self {
            Self::Steps(history) => history.push(values, is_outlier, rule.history_steps),
            Self::Days(daily) => {
                let precise = values.iter().copied().zip(members.iter().map(|it| it.precision));
                daily.push(number, precise, is_outlier, rule.history_steps);
            }
        }
    }

    /// What is new counts as usual.
    pub fn accept(&mut self, rule: &EventRule) {
        match self {
            Self::Steps(history) => history.refill(rule.history_steps),
            Self::Days(daily) => daily.accept(),
        }
    }

    /// What it must know yet before it judges; none when it knows enough.
    pub fn lacks(&self, rule: &EventRule, lang: Lang) -> Option<String> {
        let (wanted, step) = (rule.history_steps, rule.interval);
        match self {
            Self::Steps(history) if history.steps() < wanted => {
                let known = history.steps();
                Some(match lang {
                    Lang::En => format!("{known} of {wanted} steps of {step} are known"),
                    Lang::Zh => format!("已知 {wanted} 步(每步 {step})中的 {known} 步"),
                })
            }
            Self::Days(daily) => {
                let (known, day) = (daily.steps(), Span::DAY.as_ms() / step.as_ms().max(1));
                let is_short = i64::try_from(known).is_ok_and(|known| known < day);
                is_short.then(|| match lang {
                    Lang::En => format!("{known} of {day} steps of {step} of a day are known"),
                    Lang::Zh => format!("已知一天 {day} 步(每步 {step})中的 {known} 步"),
                })
            }
            Self::Steps(_) => None,
        }
    }
}

/// How far a step lies from what was expected, in standard deviations.
pub fn distance(method: Method, members: &[Member], differences: &[Difference]) -> f64 {
    let all = differences.iter().map(|it| it.sd);
    match method {
        Method::LinearPrediction { .. } => all.fold(0.0, |most, it| it.abs().max(most)),
        Method::NearestNeighbour(distance) => distance.of(all),
        // As far as every signal goes, each to its side; of several instruments of one signal the
        // one that goes furthest.
        Method::TimeOfDay => {
            let mut furthest: Vec<(usize, f64)> = Vec::new();
            for it in differences {
                let Some(member) = members.get(it.member) else { continue };
                let towards = it.towards(member.change);
                match furthest.iter_mut().find(|(signal, _)| *signal == member.signal) {
                    Some((_, most)) => *most = most.max(towards),
                    None => furthest.push((member.signal, towards)),
                }
            }
            furthest.iter().map(|(_, most)| *most).fold(f64::MAX, f64::min)
        }
    }
}

/// Each signal against the same time of earlier days. A difference below its precision just misses
/// being an outlier, as [`Usual`] has it.
fn against_days(
    daily: &Daily,
    rule: &EventRule,
    members: &[Member],
    number: i64,
    values: &[Option<f64>],
) -> Vec<Difference> {
    let known = values.iter().zip(members).enumerate();
    known
        .filter_map(|(member, (value, it))| {
            let value = (*value)?;
            let then = daily.expected((member, it.precision), number, rule.interval)?;
            let precision = it.precision.max(it.precision_share * then.value.abs());
            let spread = then.spread.max(1.001 * precision / rule.outlier_sd);
            let sd = (value - then.value) / spread;
            Some(Difference { member, value, expected: then.value, sd })
        })
        .collect()
}

/// Each signal with a whole history against the steps before.
fn against_steps(
    history: &History,
    rule: &EventRule,
    members: &[Member],
    values: &[Option<f64>],
) -> Vec<Difference> {
    let wanted = rule.history_steps;
    let mut known = Vec::new();
    for (member, (value, it)) in values.iter().zip(members).enumerate() {
        let (Some(value), mut column) = (*value, Vec::with_capacity(wanted)) else { continue };
        if history.column(member, wanted, &mut column) {
            let usual = Usual::of(&column, it.precision, rule.outlier_sd);
            for value in &mut column {
                *value = usual.score(*value);
            }
            known.push((member, value, usual, column));
        }
    }
    let expected: Vec<f64> = match rule.method {
        Method::LinearPrediction { order } => {
            known.iter().map(|(.., column)| linear::predict(column, order)).collect()
        }
        Method::NearestNeighbour(distance) => {
            let now: Vec<f64> = known.iter().map(|(_, it, usual, _)| usual.score(*it)).collect();
            let columns: Vec<Vec<f64>> =
                known.iter_mut().map(|(.., column)| std::mem::take(column)).collect();
            let step = nearest(&now, &columns, distance).unwrap_or(0);
            columns.iter().filter_map(|column| column.get(step).copied()).collect()
        }
        Method::TimeOfDay => Vec::new(), // its past is `Days`
    };
    let both = known.iter().zip(expected);
    both.map(|((member, value, usual, _), expected)| Difference {
        member: *member,
        value: *value,
        expected: usual.mean + expected * usual.sd,
        sd: usual.score(*value) - expected,
    })
    .collect()
}
