//! What happened in an exercise, in order: with the scenario and the seed it is the exercise's
//! whole state, and playing it again gives the same.

use serde::{Deserialize, Serialize};

use crate::alarms::event::AlarmId;
use crate::base::ids::InjectionId;
use crate::base::{Stamp, Text};
use crate::scenario::exercise::Role;
use crate::scenario::exercise::deed::Deed;

/// A moment in both time bases.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// Simulated time.
    pub at: Stamp,
    /// Seconds on the wall since the exercise began, without the time it stood frozen.
    pub wall_s: f64,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    #[serde(flatten)]
    pub moment: Moment,
    /// Who: a trainee, an instructor, or nobody for what the exercise does by itself.
    pub who: String,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

impl Entry {
    /// May trainees see it? What befalls the plant, and what an instructor does, they may not.
    pub fn is_public(&self) -> bool {
        !matches!(self.what, What::Happened { .. } | What::Directed { .. } | What::Beset)
    }
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum What {
    /// A trainee did it.
    Did {
        /// What.
        deed: Deed,
    },
    /// A trainee wanted it, and it cannot be done.
    Failed {
        /// What.
        deed: Deed,
        /// Why, in words.
        why: String,
    },
    /// Somebody has been sent out and is back, or what they were sent for is done.
    Returned {
        /// What they were sent for.
        deed: Deed,
        /// What they say.
        says: Text,
    },
    /// A simulated role said something.
    Told {
        /// Name of the message; none for what the instructor makes up.
        message: Option<String>,
        /// Who.
        from: Role,
        /// What.
        text: Text,
    },
    /// An alarm was raised, and is heard of now.
    Raised {
        /// Which.
        alarm: AlarmId,
        /// When, by the readings.
        raised_at: Stamp,
    },
    /// Something befell the plant that had waited for its trigger, or that the instructor chose.
    Happened {
        /// Which.
        injection: InjectionId,
    },
    /// A hint was given.
    Hint {
        /// Which, from 0.
        n: usize,
        /// What it says.
        text: Text,
    },
    /// The instructor directed something.
    Directed {
        /// What.
        direction: Direction,
    },
    /// The exercise's stranger speaks over the broker from here on.
    Beset,
    /// The instructor went back in time: what follows is a new branch of the run.
    Branched {
        /// The branches that were left, the last one just now.
        left: Vec<Branch>,
    },
}

/// A branch of a run that was left when its instructor went back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// From 1.
    pub n: u32,
    /// How far it had come.
    pub left: Stamp,
    /// From where the next one went on.
    pub to: Stamp,
}

/// What an instructor may do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "direction", rename_all = "kebab-case")]
pub enum Direction {
    /// Stop simulated time.
    Freeze,
    /// Let it run.
    Run,
    /// How fast it runs from now on while nothing asks for attention; 1 to 600.
    Speed {
        /// Simulated seconds a second.
        fast: f64,
    },
    /// Let a message or contingency come now.
    Fire {
        /// Its name.
        id: String,
    },
    /// Never let it come.
    Skip {
        /// Its name.
        id: String,
    },
    /// Say something in a role.
    Say {
        /// Who seems to speak.
        from: Role,
        /// What.
        text: Text,
    },
    /// Let something befall the plant that no file foresaw.
    Inject {
        /// What, from now on; it lasts as long as it would from its `from` to its `until`.
        injection: crate::scenario::injection::Injection,
        /// The keys that a file would have of it; none in logs of before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keys: Option<String>,
    },
    /// Remember this moment under a name, to come back to it.
    Mark {
        /// Its name, which no other mark of this branch has.
        name: String,
    },
    /// Go back to a minute: what was done from it on has not happened.
    Back {
        /// The simulated time.
        to: Stamp,
    },
    /// Go back to a mark: what was done after it has not happened.
    BackToMark {
        /// Its name.
        mark: String,
    },
    /// End the exercise now.
    End,
}
