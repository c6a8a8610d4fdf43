//! The report after an exercise: what happened, who knew and did what when, what it cost, and the
//! reason for every mark (TRAINING C.6).
//!
//! In: a session that was played, what the monitor recorded of it, its rehearsal by robots, what
//! people wrote about it. Out: a value, which becomes JSON, CSV or one page. Must not know: files,
//! who reads it. What an evaluator thinks stands beside the marks and is never averaged into them.

mod clock;
mod finding;
pub mod form;
mod head;
mod lane;
mod logic;
pub mod page;
mod table;

use serde::Serialize;

pub use clock::{Clock, Delay, Owner};
pub use finding::Finding;
pub use head::Head;
pub use lane::{Item, Kind, Lanes};
pub use logic::{AlarmLogic, Came, Expected, Row, Verdict};
pub use table::csv;

use crate::alarms::load::Load;
use crate::base::text::Lang;
use crate::base::{Stamp, Text};
use crate::exercise::assess::{Anchors, Category, Line, Score, assess};
use crate::exercise::names::Names;
use crate::exercise::rehearsal::Rehearsal;
use crate::exercise::session::Session;
use crate::exercise::session::log::{Entry, What};
use crate::exercise::session::play::Run;
use crate::exercise::session::toll::Toll;
use crate::inspection::book::Book;
use crate::scenario::exercise::deed::Pattern;
use crate::world::Outside;
use form::{Evaluation, SelfAssessment};

/// All that a report says.
#[derive(Debug, Clone, Serialize)]
pub struct Debrief {
    /// Which exercise, which run.
    pub head: Head,
    /// What each trainee thought of it before they knew their marks.
    pub self_assessments: Vec<SelfAssessment>,
    /// The marks.
    pub total: f64,
    /// Is every critical task done, and nothing done that fails the exercise?
    pub met: bool,
    /// Practice, no examination: the instructor has gone back in time.
    pub practice: bool,
    /// Every critical task.
    pub critical: Vec<Critical>,
    /// What was done that fails the exercise.
    pub failed_by: Vec<Text>,
    /// Marks by category.
    pub categories: Vec<CategoryMarks>,
    /// What each evaluator thinks of it.
    pub evaluations: Vec<Evaluation>,
    /// Every task, for the evaluator's form.
    pub tasks: Vec<TaskTitle>,
    /// What happened, in lanes.
    pub lanes: Lanes,
    /// Nine times of each alarm that was expected.
    pub clocks: Vec<Clock>,
    /// Why the marks are as they are.
    pub reasons: Vec<Reason>,
    /// What it cost the people served.
    pub consequences: Consequences,
    /// When and where the model was left.
    pub outside: Vec<Beyond>,
    /// How the alarms did.
    pub alarms: AlarmLogic,
    /// What to speak about.
    pub findings: Vec<Finding>,
    /// Where a replay did not come to its log.
    pub differences: Vec<String>,
    /// What each line of the log says, for people.
    pub told: Vec<Text>,
    /// The log.
    pub log: Vec<Entry>,
}

/// A time outside the range of the model: figures of it may be wrong, and nobody is to be judged by
/// them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beyond {
    /// From when.
    pub from: Stamp,
    /// Until when.
    pub until: Stamp,
    /// What, where, and what to make of it.
    pub text: Text,
}

impl Beyond {
    /// As people are told of it.
    pub fn of(outside: &Outside) -> Self {
        let text = |lang| {
            let (detail, sentence) = (outside.detail(lang), outside.limit.sentence(lang));
            format!("{} ({detail}): {sentence}", outside.limit.name(lang))
        };
        let text = Text { en: text(Lang::En), zh: text(Lang::Zh) };
        Self { from: outside.first, until: outside.last, text }
    }
}

/// A critical task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Critical {
    /// Its title.
    pub title: Text,
    /// When it was done.
    pub done: Option<Stamp>,
}

/// The marks of a category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CategoryMarks {
    /// Which.
    pub category: Category,
    /// Its name.
    pub title: Text,
    /// Marks it gave, or cost.
    pub marks: f64,
    /// Most it could give.
    pub of: f64,
}

/// A task's name and title.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskTitle {
    /// Its name.
    pub id: String,
    /// Its title.
    pub title: Text,
    /// The part of the score it belongs to.
    pub part: Category,
    /// Is the exercise failed without it?
    pub critical: bool,
}

/// A reason for the marks, and the line of the log that proves it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// Why.
    #[serde(flatten)]
    pub line: Line,
    /// Line of the log, from 1; none for what was never done or is summed up.
    pub log_line: Option<usize>,
}

/// What runs cost the people served.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Consequences {
    /// When nobody does anything.
    pub nobody: Toll,
    /// As somebody careless plays.
    pub careless: Toll,
    /// This run.
    pub run: Toll,
    /// As it ought to be played.
    pub reference: Toll,
    /// Those of robots, weighed.
    pub anchors: Anchors,
    /// That of this run, weighed.
    pub weighed: f64,
}

/// What a report is made from.
#[derive(Clone, Copy)]
pub struct Material<'a> {
    /// The run.
    pub run: &'a Run,
    /// Where it comes from: a robot's name, or the name of a log.
    pub played_by: &'a str,
    /// What robots came to.
    pub rehearsal: &'a Rehearsal,
    /// The rules.
    pub book: &'a Book,
    /// What evaluators think, a form of each.
    pub evaluations: &'a [Evaluation],
    /// What trainees thought, each for themselves.
    pub self_assessments: &'a [SelfAssessment],
    /// The log of the live run, where this is a replay of it.
    pub log: Option<&'a [Entry]>,
}

/// The report of a run. Errors: the log does not become JSON.
pub fn debrief(material: &Material<'_>) -> Result<Debrief, serde_json::Error> {
    let session = &material.run.session;
    let exercise = session.exercise();
    let score = assess(session, &material.rehearsal.anchors);
    let log = material.log.unwrap_or_else(|| session.log());
    let load = load_of(material, session.facts().now.at);
    let names =
        Names::new(exercise, session.plant()).with_rules(material.book).with_log(session.log());
    let lanes = lane::lanes(material, &load, &names);
    let clocks = clock::clocks(material);
    let reasons = reasons(session, log, &score);
    let alarms = logic::logic(material, load);
    let consequences = consequences(material);
    let findings = finding::findings(&reasons, &clocks, &alarms, &consequences);
    let tasks = exercise.tasks.iter().map(|task| TaskTitle {
        id: task.id.clone(),
        title: task.title.clone(),
        part: task.part.into(),
        critical: task.critical,
    });
    let critical: Vec<Critical> = critical(session);
    let missed = critical.iter().filter(|it| it.done.is_none()).count();
    Ok(Debrief {
        head: head::head(material, log)?,
        self_assessments: material.self_assessments.to_vec(),
        total: score.total,
        met: score.met,
        practice: score.practice,
        critical,
        failed_by: score.missed.iter().skip(missed).cloned().collect(),
        categories: categories(&score),
        evaluations: material.evaluations.to_vec(),
        tasks: tasks.collect(),
        lanes,
        clocks,
        reasons,
        consequences,
        outside: material.run.played.outside.iter().map(Beyond::of).collect(),
        alarms,
        findings,
        differences: material.run.balked.clone(),
        told: log.iter().map(|entry| names.entry(entry)).collect(),
        log: log.to_vec(),
    })
}

fn load_of(material: &Material<'_>, to: Stamp) -> Load {
    let played = &material.run.played;
    let events: Vec<_> = played.alarm_events().cloned().collect();
    let floods: Vec<_> = played.floods().cloned().collect();
    let from = material.run.session.exercise().scenario.start;
    Load::measure(&events, &floods, (from, to), &material.book.handling().load)
}

fn critical(session: &Session) -> Vec<Critical> {
    let tasks = session.exercise().tasks.iter().zip(&session.facts().done);
    let tasks = tasks.filter(|(task, _)| task.critical);
    tasks
        .map(|(task, done)| Critical { title: task.title.clone(), done: done.map(|it| it.at) })
        .collect()
}

fn categories(score: &Score) -> Vec<CategoryMarks> {
    let marks = |category: Category| CategoryMarks {
        category,
        title: category.title(),
        marks: score.categories.get(&category).copied().unwrap_or_default(),
        of: category.marks(),
    };
    Category::ALL.into_iter().map(marks).collect()
}

fn consequences(material: &Material<'_>) -> Consequences {
    let rehearsal = material.rehearsal;
    let session = &material.run.session;
    let toll = |run: &Run| run.session.toll().clone();
    Consequences {
        nobody: toll(&rehearsal.null),
        careless: toll(&rehearsal.careless),
        run: session.toll().clone(),
        reference: toll(&rehearsal.reference),
        anchors: rehearsal.anchors,
        weighed: session.toll().all.weighed(&session.exercise().consequence),
    }
}

/// Each reason with the line of the log that it speaks of.
fn reasons(session: &Session, log: &[Entry], score: &Score) -> Vec<Reason> {
    let reason = |line: &Line| Reason { line: line.clone(), log_line: line_of(session, log, line) };
    score.lines.iter().map(reason).collect()
}

fn line_of(session: &Session, log: &[Entry], line: &Line) -> Option<usize> {
    let moment = line.moment?;
    let exercise = session.exercise();
    let tasks = exercise.tasks.iter().filter(|task| line.text.en.starts_with(&task.title.en));
    let forbidden = exercise.forbidden.iter().filter(|it| it.title == line.text);
    let by: Vec<&Pattern> =
        tasks.flat_map(|task| &task.by).chain(forbidden.flat_map(|it| &it.by)).collect();
    // In a replay of a live run the wall's clock may have been read between the lines.
    let is_then = |entry: &Entry| entry.moment.at == moment.at;
    let does = |entry: &Entry| match &entry.what {
        What::Did { deed } => by.iter().any(|pattern| pattern.means(deed)),
        _ => false,
    };
    let could = |entry: &Entry| matches!(entry.what, What::Did { .. } | What::Hint { .. });
    let find = |is_it: &dyn Fn(&Entry) -> bool| {
        log.iter().position(|entry| is_then(entry) && is_it(entry)).map(|at| at + 1)
    };
    find(&does).or_else(|| find(&could))
}
