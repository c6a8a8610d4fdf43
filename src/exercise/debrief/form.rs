//! What people write about a run: the evaluator's form, and what the trainees thought of it before
//! they knew their marks. Both are kept beside the log, as JSON.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::base::{Stamp, Text};
use crate::scenario::exercise::Exercise;

/// Longest text somebody may write in one place, characters.
const LONGEST: usize = 4_000;

/// Most marks of moments, and most improvements.
const MOST: usize = 500;

/// How an objective was reached, as HSEEP words it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rating {
    /// Performed without challenges.
    P,
    /// Performed with some challenges.
    S,
    /// Performed with major challenges.
    M,
    /// Unable to be performed.
    U,
}

impl Rating {
    /// Every rating, the best first.
    pub const ALL: [Self; 4] = [Self::P, Self::S, Self::M, Self::U];

    /// Its letter.
    pub fn letter(self) -> &'static str {
        match self {
            Self::P => "P",
            Self::S => "S",
            Self::M => "M",
            Self::U => "U",
        }
    }

    /// What the letter stands for.
    pub fn title(self) -> Text {
        let (en, zh) = match self {
            Self::P => ("performed without challenges", "顺利完成"),
            Self::S => ("performed with some challenges", "基本完成,有不足"),
            Self::M => ("performed with major challenges", "勉强完成,问题较大"),
            Self::U => ("unable to be performed", "未能完成"),
        };
        Text { en: en.to_owned(), zh: zh.to_owned() }
    }
}

/// An evaluator's opinion; it stands beside the marks and is never averaged into them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Who evaluates.
    #[serde(default)]
    pub evaluator: String,
    /// One for each task, in the exercise's order; those that were not looked at may lack.
    #[serde(default)]
    pub objectives: Vec<Objective>,
    /// Moments worth speaking of.
    #[serde(default)]
    pub marks: Vec<Mark>,
    /// What ought to become better.
    #[serde(default)]
    pub improvements: Vec<Improvement>,
}

/// How a task was done, to the evaluator's eyes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Name of the task.
    pub task: String,
    /// None: not looked at.
    #[serde(default)]
    pub rating: Option<Rating>,
    /// In words.
    #[serde(default)]
    pub remark: String,
}

/// A moment that the evaluator has marked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Simulated time.
    pub at: Stamp,
    /// In words.
    #[serde(default)]
    pub remark: String,
}

/// Something that ought to become better, by whom and until when.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Improvement {
    /// What.
    pub what: String,
    /// Who sees to it.
    #[serde(default)]
    pub owner: String,
    /// Until when, as people write a day.
    #[serde(default)]
    pub due: String,
}

/// What trainees thought of their run, written before they knew their marks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelfAssessment {
    /// Who writes.
    #[serde(default)]
    pub who: String,
    /// What was planned.
    #[serde(default)]
    pub planned: String,
    /// What happened.
    #[serde(default)]
    pub happened: String,
    /// Why it came so.
    #[serde(default)]
    pub why: String,
    /// What to keep.
    #[serde(default)]
    pub keep: String,
    /// What to change.
    #[serde(default)]
    pub change: String,
}

/// A form that cannot be used, and the way out.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// It does not read.
    #[error("this is no such form; `sanmen exercise form` prints an empty one")]
    Json(#[from] serde_json::Error),
    /// It speaks of a task that the exercise does not have.
    #[error("the exercise has no task {task:?}; it has {known}")]
    NoTask {
        /// The name.
        task: String,
        /// All names.
        known: String,
    },
    /// It rates a task twice.
    #[error("task {0:?} is rated twice")]
    Twice(String),
    /// It marks a moment that the exercise does not reach.
    #[error("{at} is marked, and the exercise runs from {from} to {to}")]
    NoMoment {
        /// The moment.
        at: Stamp,
        /// Its start.
        from: Stamp,
        /// Its end.
        to: Stamp,
    },
    /// There is too much of something.
    #[error("{what}: at most {most} {unit}")]
    TooMuch {
        /// Where.
        what: &'static str,
        /// How much there may be.
        most: usize,
        /// Of what.
        unit: &'static str,
    },
}

impl Evaluation {
    /// An empty form: every task of `exercise`, without an opinion.
    pub fn blank(exercise: &Exercise) -> Self {
        let empty = |task: &crate::scenario::exercise::Task| Objective {
            task: task.id.clone(),
            rating: None,
            remark: String::new(),
        };
        Self {
            evaluator: String::new(),
            objectives: exercise.tasks.iter().map(empty).collect(),
            marks: Vec::new(),
            improvements: Vec::new(),
        }
    }

    /// Reads a form about `exercise`. Errors: it does not read, or speaks of what is not there.
    pub fn read(json: &str, exercise: &Exercise) -> Result<Self, FormError> {
        let form: Self = serde_json::from_str(json)?;
        form.check(exercise)?;
        Ok(form)
    }

    /// Reads forms about `exercise`: one, or a list of them. Errors: as with one.
    pub fn read_all(json: &str, exercise: &Exercise) -> Result<Vec<Self>, FormError> {
        let forms: Vec<Self> = several(json)?;
        forms.iter().try_for_each(|form| form.check(exercise))?;
        few("forms", forms.len())?;
        Ok(forms)
    }

    /// Does it speak of this exercise, and say no more than it may?
    pub fn check(&self, exercise: &Exercise) -> Result<(), FormError> {
        let mut seen = BTreeSet::new();
        for Objective { task, remark, .. } in &self.objectives {
            if !exercise.tasks.iter().any(|known| known.id == *task) {
                let known: Vec<&str> = exercise.tasks.iter().map(|it| it.id.as_str()).collect();
                return Err(FormError::NoTask { task: task.clone(), known: known.join(", ") });
            }
            if !seen.insert(task) {
                return Err(FormError::Twice(task.clone()));
            }
            short("a remark", remark)?;
        }
        short("the evaluator's name", &self.evaluator)?;
        few("marks", self.marks.len())?;
        few("improvements", self.improvements.len())?;
        let (from, to) = (exercise.scenario.start, exercise.scenario.end());
        for Mark { at, remark } in &self.marks {
            if !(from..=to).contains(at) {
                return Err(FormError::NoMoment { at: *at, from, to });
            }
            short("a remark", remark)?;
        }
        for Improvement { what, owner, due } in &self.improvements {
            [what, owner, due].into_iter().try_for_each(|text| short("an improvement", text))?;
        }
        Ok(())
    }

    /// What is said of a task, if anything is.
    pub fn of(&self, task: &str) -> Option<&Objective> {
        self.objectives.iter().find(|objective| objective.task == task)
    }
}

impl SelfAssessment {
    /// Reads one. Errors: it does not read, or a text is too long.
    pub fn read(json: &str) -> Result<Self, FormError> {
        let own: Self = serde_json::from_str(json)?;
        own.check()?;
        Ok(own)
    }

    /// Reads one, or a list of them. Errors: as with one.
    pub fn read_all(json: &str) -> Result<Vec<Self>, FormError> {
        let all: Vec<Self> = several(json)?;
        all.iter().try_for_each(Self::check)?;
        few("self-assessments", all.len())?;
        Ok(all)
    }

    fn check(&self) -> Result<(), FormError> {
        let Self { who, planned, happened, why, keep, change } = self;
        for text in [who, planned, happened, why, keep, change] {
            short("a text", text)?;
        }
        Ok(())
    }
}

/// A list of forms, or a single one.
fn several<T: DeserializeOwned>(json: &str) -> Result<Vec<T>, serde_json::Error> {
    if json.trim_start().starts_with('[') {
        return serde_json::from_str(json);
    }
    serde_json::from_str(json).map(|one| vec![one])
}

fn short(what: &'static str, text: &str) -> Result<(), FormError> {
    let fits = text.chars().count() <= LONGEST;
    fits.then_some(()).ok_or(FormError::TooMuch { what, most: LONGEST, unit: "characters" })
}

fn few(what: &'static str, count: usize) -> Result<(), FormError> {
    (count <= MOST).then_some(()).ok_or(FormError::TooMuch { what, most: MOST, unit: "of them" })
}
