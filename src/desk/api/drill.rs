//! An exercise, as far as the desk knows of it: views for those who may see the truth and those who
//! may not, and a door for what people do. Who plays it stands behind the door.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::watch;

use super::editor::Denied;
use crate::base::Stamp;
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

impl Views {
    /// What changes at an instructor's station with every step, without being news to others.
    const OF_STATION: [&str; 4] = ["score", "toll", "truth", "outside"];

    /// That of it which differs from what the station `knows`, which becomes the same; with the
    /// time. None: nothing.
    pub fn of_station(&self, knows: &mut Value) -> Option<Value> {
        let mut now = Map::new();
        for key in Self::OF_STATION {
            let value = self.instructor.get(key);
            if let Some(value) = value.filter(|value| knows.get(key) != Some(value)) {
                now.insert(key.to_owned(), value.clone());
            }
        }
        if now.is_empty() {
            return None;
        }
        match knows {
            Value::Object(knows) => knows.extend(now.clone()),
            nothing => *nothing = Value::Object(now.clone()),
        }
        for key in ["now", "wall_s"] {
            now.extend(self.instructor.get(key).map(|value| (key.to_owned(), value.clone())));
        }
        Some(Value::Object(now))
    }
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

/// What a monitor has refused, some time. Errors: why that cannot be said, for people.
pub type Looking = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// What was true at a moment, or without one at the newest: JSON, as pages get it.
pub type Truths = Arc<dyn Fn(Option<Stamp>) -> Value + Send + Sync>;

/// What an instructor's page asks about a fault that is to happen: what there is to choose from, or
/// its form. Errors: why it is not answered.
pub type Filling = Arc<dyn Fn(Ask, Value) -> Result<Value, Denied> + Send + Sync>;

/// Which of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// What there is to choose from.
    Choices,
    /// What a kind begins with.
    Begun,
    /// The form and the mistakes of a text.
    Described,
    /// A text changed, with its form and mistakes.
    Changed,
}

impl Ask {
    /// What pages post, by the last part of the address.
    pub const POSTS: [(&'static str, Self); 4] = [
        ("open", Self::Choices),
        ("begin", Self::Begun),
        ("describe", Self::Described),
        ("change", Self::Changed),
    ];
}

/// A file that is made when it is asked for, some time: its name, and what is in it. Errors: why
/// there is none, for people.
pub type Making = Pin<Box<dyn Future<Output = Result<(String, String), String>> + Send>>;

/// Makes a file.
pub type Make = Arc<dyn Fn() -> Making + Send + Sync>;

/// An exercise behind its door.
#[derive(Clone)]
pub struct Drill {
    /// What is shown.
    pub views: watch::Receiver<Views>,
    /// What was true when, for instructors and evaluators: nobody else may be told.
    pub truth: Truths,
    /// Verbs with the words that may follow them, causes, checks, jobs: what never changes.
    pub menu: Arc<Value>,
    /// Has it done.
    pub ask: Arc<dyn Fn(Wanted) -> Doing + Send + Sync>,
    /// Gives a file of the after-action report: `report.html`, `report.json`, `events.csv`.
    pub report: Arc<dyn Fn(String) -> Reporting + Send + Sync>,
    /// Gives the newest messages that were refused: when, why, topic, beginning.
    pub quarantine: Arc<dyn Fn() -> Looking + Send + Sync>,
    /// Helps to fill in what is to happen beside the script.
    pub fault: Filling,
    /// The exercise's file with what was let happen beside its script.
    pub improvised: Make,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_station_is_told_what_has_changed_and_nothing_when_only_time_has_passed() {
        let at = |now: u32, score: u32, truth: f64| Views {
            instructor: json!({
                "now": now, "wall_s": 1.0, "log": ["long"],
                "score": { "total": score }, "truth": { "PIT-404": truth },
            }),
            ..Views::default()
        };
        let mut knows = Value::Null;
        let whole = at(1, 10, 2.0).of_station(&mut knows).expect("all of it is new");
        let wanted = json!({
            "now": 1, "wall_s": 1.0, "score": { "total": 10 }, "truth": { "PIT-404": 2.0 },
        });
        assert_eq!(whole, wanted);
        assert_eq!(at(2, 10, 2.0).of_station(&mut knows), None);
        let changed = at(3, 12, 2.0).of_station(&mut knows).expect("the score is new");
        assert_eq!(changed, json!({ "now": 3, "wall_s": 1.0, "score": { "total": 12 } }));
        assert_eq!(at(4, 12, 2.0).of_station(&mut knows), None);
    }
}
