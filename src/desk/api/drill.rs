//! An exercise, as far as the desk knows of it: views for those who may see the truth and those who
//! may not, and a door for what people do. Who plays it stands behind the door.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use crate::desk::role::Role;

/// What pages show of an exercise.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Views {
    /// For trainees and whoever looks on: no truth, no script.
    pub trainee: Value,
    /// For instructors and evaluators: all of it.
    pub instructor: Value,
    /// Changes when more than time has passed: then pages look again.
    pub news: u64,
}

/// What somebody wants of an exercise.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// To do something, in words.
    Act(String),
    /// To direct something.
    Direct(Value),
    /// To write down an evaluator's judgement.
    Judge(Value),
    /// To write down what trainees think of it.
    Reflect(Value),
}

/// A wish, whose it is, and the name under which it is done once.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Who.
    pub by: String,
    /// The request's name.
    pub key: String,
    /// What.
    pub wish: Wish,
}

/// What comes of a wish, some time. Errors: why it is not done, for people.
pub type Doing = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Pages of the report, some time: one file of it by its name. Errors: why there is none yet.
pub type Reporting = Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send>>;

/// An exercise behind its door.
#[derive(Clone)]
pub struct Drill {
    /// What is shown.
    pub views: watch::Receiver<Views>,
    /// Verbs with the words that may follow them, causes, checks, jobs: what never changes.
    pub menu: Arc<Value>,
    /// Has it done.
    pub ask: Arc<dyn Fn(Wanted) -> Doing + Send + Sync>,
    /// Gives a file of the after-action report: `report.html`, `report.json`, `events.csv`.
    pub report: Arc<dyn Fn(String) -> Reporting + Send + Sync>,
}

/// A way in for one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Whose.
    pub role: Role,
    /// Its link, with its token.
    pub link: String,
    /// The link as a QR code, SVG.
    pub picture: Option<String>,
}

/// Ways into an exercise, for whoever leads it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invitations {
    /// One for each role; none where no exercise is played.
    pub all: Vec<Invitation>,
    /// Can other machines reach the desk?
    pub by_others: bool,
}

impl Role {
    /// May it see the truth and the script?
    pub fn sees_truth(self) -> bool {
        matches!(self, Self::Instructor | Self::Evaluator)
    }
}
