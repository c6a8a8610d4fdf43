//! What a trainee is worth in an exercise: at most 100, each mark with the line of the log that
//! gave or cost it (TRAINING F6 to F8 `[A]`).
//!
//! In: the exercise as it was played, and what robots came to. Out: a score with its reasons. Must
//! not know: how it is shown. The evaluator's opinion stands beside it and is never averaged in.

mod slips;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::Text;
use crate::exercise::session::Session;
use crate::exercise::session::log::{Entry, Moment, What};
use crate::exercise::session::toll::Toll;
use crate::scenario::exercise::cause::{cause, nearness};
use crate::scenario::exercise::{Consequence, Exercise, Part, Task, Window};

/// What the score is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Sees it.
    Notice,
    /// Understands it.
    Diagnose,
    /// Does something about it.
    Act,
    /// What it costs the people served.
    Consequence,
    /// Tells others and writes it down.
    Communicate,
    /// What costs marks.
    Penalty,
}

impl Category {
    /// Every category, in the order of a report.
    pub const ALL: [Self; 6] = [
        Self::Notice,
        Self::Diagnose,
        Self::Act,
        Self::Consequence,
        Self::Communicate,
        Self::Penalty,
    ];

    /// Most marks it can give.
    pub fn marks(self) -> f64 {
        match self {
            Self::Notice | Self::Communicate => 15.0,
            Self::Diagnose | Self::Consequence => 20.0,
            Self::Act => 30.0,
            Self::Penalty => 0.0,
        }
    }

    /// Its name for people.
    pub fn title(self) -> Text {
        let (en, zh) = match self {
            Self::Notice => ("Notice", "发现"),
            Self::Diagnose => ("Diagnose", "判断"),
            Self::Act => ("Act", "处置"),
            Self::Consequence => ("Consequence", "后果"),
            Self::Communicate => ("Communicate and record", "沟通与记录"),
            Self::Penalty => ("Penalties", "扣分"),
        };
        Text { en: en.to_owned(), zh: zh.to_owned() }
    }
}

impl From<Part> for Category {
    fn from(part: Part) -> Self {
        match part {
            Part::Notice => Self::Notice,
            Part::Diagnose => Self::Diagnose,
            Part::Act => Self::Act,
            Part::Communicate => Self::Communicate,
        }
    }
}

/// Who misses a critical task has at most so many.
const CAP: f64 = 59.0;

/// What naming another cause costs, as a share of the diagnosis.
const CHANGE_OF_MIND: f64 = 0.25;

/// One reason for the score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Where it counts.
    pub category: Category,
    /// Marks it gives, or costs.
    pub marks: f64,
    /// Most it could give.
    pub of: f64,
    /// Why.
    pub text: Text,
    /// When what it speaks of came to pass; none: never.
    pub moment: Option<Moment>,
}

/// The marks of a played exercise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// 0 to 100.
    pub total: f64,
    /// Is every critical task done, and nothing done that fails the exercise?
    pub met: bool,
    /// Practice, no examination: the instructor has gone back in time.
    pub practice: bool,
    /// Critical tasks that were missed, and what was done that fails it.
    pub missed: Vec<Text>,
    /// Marks by category.
    pub categories: BTreeMap<Category, f64>,
    /// Every reason, category by category.
    pub lines: Vec<Line>,
}

/// What robots' runs came to: what nobody does, the careless and the reference, each weighed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Anchors {
    /// Nobody does anything.
    pub null: f64,
    /// As somebody careless plays.
    pub careless: f64,
    /// As it ought to be played.
    pub reference: f64,
}

impl Anchors {
    /// From the tolls of the three runs.
    pub fn of(weights: &Consequence, null: &Toll, careless: &Toll, reference: &Toll) -> Self {
        let weighed = |toll: &Toll| toll.all.weighed(weights);
        Self { null: weighed(null), careless: weighed(careless), reference: weighed(reference) }
    }

    /// How well a run with this weighed toll did, 0 to 1. Where doing nothing costs nothing (a
    /// false alarm), the careless run is the worst instead.
    pub fn share(&self, toll: f64) -> f64 {
        let worst = self.null.max(self.careless);
        if worst - self.reference <= 1.0 {
            return if toll <= self.reference + 1.0 { 1.0 } else { 0.0 };
        }
        ((worst - toll) / (worst - self.reference)).clamp(0.0, 1.0)
    }
}

/// The marks of `session`.
pub fn assess(session: &Session, anchors: &Anchors) -> Score {
    let exercise = session.exercise();
    let mut lines = task_lines(session);
    lines.push(consequence(session, anchors));
    let (slips, failed) = slips::of(session);
    lines.extend(slips);
    let tasks = exercise.tasks.iter().enumerate();
    let mut missed: Vec<Text> = tasks
        .filter(|(at, task)| task.critical && !is_in_time(session, *at, task))
        .map(|(_, task)| task.title.clone())
        .collect();
    missed.extend(failed);
    lines.sort_by_key(|line| line.category); // stable
    let mut categories: BTreeMap<Category, f64> = BTreeMap::new();
    for line in &lines {
        *categories.entry(line.category).or_default() += line.marks;
    }
    let sum = categories.values().sum::<f64>().clamp(0.0, 100.0);
    let met = missed.is_empty();
    let practice = !session.branches().is_empty();
    let total = if met { sum } else { sum.min(CAP) };
    Score { total, met, practice, missed, categories, lines }
}

/// Has a task been done before it had no worth any more?
fn is_in_time(session: &Session, at: usize, task: &Task) -> bool {
    let done = session.facts().done[at];
    let begun = session.begun().nth(at).flatten();
    begun.zip(done).is_some_and(|(begun, done)| timely(task, begun, done).0 > 0.0)
}

fn task_lines(session: &Session) -> Vec<Line> {
    let exercise = session.exercise();
    let begun: Vec<Option<Moment>> = session.begun().collect();
    let weight = |part: Part| {
        let all = exercise.tasks.iter().filter(|task| task.part == part);
        all.map(|task| task.points).sum::<f64>().max(f64::MIN_POSITIVE)
    };
    let line = |(at, task): (usize, &Task)| {
        let of = Category::from(task.part).marks() * task.points / weight(task.part);
        let found = judge(session, (at, task), begun[at]);
        Line {
            category: task.part.into(),
            marks: of * found.share,
            of,
            text: found.text,
            moment: found.moment,
        }
    };
    exercise.tasks.iter().enumerate().map(line).collect()
}

/// What came of a task.
struct Found {
    share: f64,
    text: Text,
    moment: Option<Moment>,
}

fn judge(session: &Session, (at, task): (usize, &Task), begun: Option<Moment>) -> Found {
    let done = session.facts().done[at];
    if task.part == Part::Diagnose && task.by.iter().any(|by| by.verb() == "diagnose") {
        return diagnosis(session, task, begun);
    }
    let Some((begun, done)) = begun.zip(done) else {
        return Found { share: 0.0, text: said(task, "not done", "未做"), moment: None };
    };
    let (share, en, zh) = timely(task, begun, done);
    let in_order = task.after.is_none_or(|before| {
        session.facts().done[before].is_some_and(|moment| moment.at <= done.at)
    });
    if in_order {
        return Found { share, text: said(task, &en, &zh), moment: Some(done) };
    }
    let before = task.after.map(|before| &session.exercise().tasks[before].title);
    let (before_en, before_zh) = before.map_or(("", ""), |it| (it.en.as_str(), it.zh.as_str()));
    let en = format!("{en}, before \"{before_en}\"");
    let zh = format!("{zh},早于“{before_zh}”");
    Found { share: share / 2.0, text: said(task, &en, &zh), moment: Some(done) }
}

/// A share for the time it took, and words for it: full within the window, none beyond twice (a
/// notice: three times) of it.
fn timely(task: &Task, begun: Moment, done: Moment) -> (f64, String, String) {
    let none_at = if task.part == Part::Notice { 3.0 } else { 2.0 };
    let (took, window, en, zh) = match task.within {
        Window::Wall(window) => {
            let took = (done.wall_s - begun.wall_s).max(0.0);
            (
                took,
                window,
                format!("{took:.0} s of {window:.0} s"),
                format!("{took:.0}秒/{window:.0}秒"),
            )
        }
        Window::Simulated(window) => {
            let (took, window) = ((done.at - begun.at).as_seconds().max(0.0), window.as_seconds());
            let (m, of) = (took / 60.0, window / 60.0);
            (took, window, format!("{m:.0} min of {of:.0} min"), format!("{m:.0}分/{of:.0}分"))
        }
    };
    if took <= window {
        return (1.0, format!("done, {en}"), format!("完成,{zh}"));
    }
    let share = 1.0 - (took - window) / (window * (none_at - 1.0)).max(f64::MIN_POSITIVE);
    (share.max(0.0), format!("late, {en}"), format!("迟,{zh}"))
}

/// The last cause named counts, by how near it is, at the time at which it was named first; each
/// further one costs a quarter.
fn diagnosis(session: &Session, task: &Task, begun: Option<Moment>) -> Found {
    let named: Vec<(Moment, &str)> = diagnoses(session.log());
    let (Some((_, last)), Some(begun)) = (named.last().copied(), begun) else {
        return Found {
            share: 0.0,
            text: said(task, "no cause named", "未判断原因"),
            moment: None,
        };
    };
    let first = named.iter().find(|(_, code)| *code == last).map_or(begun, |(moment, _)| *moment);
    let changes = named.windows(2).filter(|pair| pair[0].1 != pair[1].1).count();
    let near = nearness(last, &session.exercise().cause);
    let (timely, en, zh) = timely(task, begun, first);
    let share = (near - CHANGE_OF_MIND * changes as f64).max(0.0) * timely;
    let title = cause(last).map_or((last, last), |(_, en, zh)| (*en, *zh));
    let verdict = match near {
        1.0 => ("right", "正确"),
        0.5 => ("near", "相近"),
        _ => ("wrong", "错误"),
    };
    let again =
        |text: &str| if changes > 0 { format!(" ({text} ×{changes})") } else { String::new() };
    let en = format!("{}: {}{}, {en}", title.0, verdict.0, again("changed"));
    let zh = format!("{}:{}{},{zh}", title.1, verdict.1, again("更改"));
    Found { share, text: said(task, &en, &zh), moment: Some(first) }
}

/// Every cause that was named, in order.
fn diagnoses(log: &[Entry]) -> Vec<(Moment, &str)> {
    let all = log.iter().filter_map(|entry| match &entry.what {
        What::Did { deed } if deed.verb().name == "diagnose" => Some((entry.moment, deed.arg(0))),
        _ => None,
    });
    all.collect()
}

fn said(task: &Task, en: &str, zh: &str) -> Text {
    Text { en: format!("{}: {en}", task.title.en), zh: format!("{}:{zh}", task.title.zh) }
}

fn consequence(session: &Session, anchors: &Anchors) -> Line {
    let exercise: &Exercise = session.exercise();
    let hours = &session.toll().all;
    let toll = hours.weighed(&exercise.consequence);
    // Where nothing was done, nothing of it is anybody's merit.
    let is_idle = session.facts().done.iter().all(Option::is_none);
    let share = if is_idle { 0.0 } else { anchors.share(toll) };
    let of = Category::Consequence.marks();
    let (low, dry, bad) = (hours.low, hours.dry, hours.unsafe_water);
    let (needless, lost) = (hours.deprived, hours.lost_m3);
    let (null, best) = (anchors.null, anchors.reference);
    Line {
        category: Category::Consequence,
        marks: of * share,
        of,
        text: Text {
            en: format!(
                "{low:.0} person-hours of low pressure, {dry:.0} dry, {bad:.0} of unfit water, \
                 {needless:.0} of needless warnings, {lost:.0} m³ lost: {toll:.0} in all; nobody \
                 acting {null:.0}, reference {best:.0}"
            ),
            zh: format!(
                "低压{low:.0}人·时,断水{dry:.0},水质不安全{bad:.0},不必要的告示{needless:.0},\
                 漏失{lost:.0} m³;合计{toll:.0};无人处置{null:.0},参考{best:.0}"
            ),
        },
        moment: None,
    }
}

#[cfg(test)]
mod tests;
