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
        !matches!(self.what, What::Happened { .. } | What::Directed { .. })
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
        /// What, from now on.
        injection: crate::scenario::injection::Injection,
    },
    /// End the exercise now.
    End,
}
