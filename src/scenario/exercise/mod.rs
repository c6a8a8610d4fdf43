//! An exercise: a scenario with people in it, who are told things, do things and are scored.
//!
//! In: the checked file. Out: what waits for which trigger, tasks, hints, robots. Must not know:
//! how it is played, scored or shown, and which rules there are (the caller checks their ids).

pub mod attack;
pub mod cause;
pub mod deed;
pub mod words;

use crate::base::ids::VillageId;
use crate::base::time::UtcOffset;
use crate::base::{Span, Stamp, TagId, Text};
use crate::scenario::injection::Injection;
use crate::scenario::{AlarmName, Scenario};
use attack::Attack;
use deed::{Deed, Pattern};

/// An exercise, complete and checked against its plant.
#[derive(Debug, Clone)]
pub struct Exercise {
    /// What happens whatever anybody does. Its expectations are those of the run in which nobody
    /// does anything.
    pub scenario: Scenario,
    /// What is learnt.
    pub goal: Text,
    /// What trainees are told before it begins.
    pub briefing: Text,
    /// Two time bases.
    pub pace: Pace,
    /// The cause that is right.
    pub cause: String,
    /// Injections that wait for a trigger.
    pub contingencies: Vec<Contingency>,
    /// What a stranger says on the broker.
    pub attacks: Vec<Attack>,
    /// What simulated roles say.
    pub messages: Vec<Message>,
    /// Things somebody can go and look at.
    pub checks: Vec<Check>,
    /// Work that a crew can be sent to do.
    pub jobs: Vec<Job>,
    /// What trainees ought to do.
    pub tasks: Vec<Task>,
    /// What they ought not to do.
    pub forbidden: Vec<Forbidden>,
    /// Hints, in the order in which they are given.
    pub hints: Vec<Text>,
    /// What counts how much against the people served.
    pub consequence: Consequence,
    /// Is there ever a reason to warn the public?
    pub notice_needed: bool,
    /// How robots play it.
    pub robots: Robots,
}

/// How fast simulated time runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Simulated seconds a second while nothing asks for attention.
    pub fast: f64,
    /// The same while an alarm of priority 1 or 2 is unacknowledged, or a question unanswered.
    pub attend: f64,
}

/// What must come before something happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// That moment.
    At(Stamp),
    /// The truth at a tag has been beyond a bound for so long.
    Truth {
        /// Where.
        tag: TagId,
        /// Must it lie below the bound, not above?
        below: bool,
        /// In the tag's unit.
        bound: f64,
        /// Without a break.
        lasting: Span,
    },
    /// A task has not been done by then.
    Undone {
        /// Position in `Exercise::tasks`.
        task: usize,
        /// By then.
        by: Stamp,
    },
    /// A task has been done, and so much simulated time has passed.
    Done {
        /// Position in `Exercise::tasks`.
        task: usize,
        /// Since then.
        wait: Span,
    },
    /// An alarm has been raised, and so much simulated time has passed.
    Raised {
        /// Which; without a tag, the first of the rule.
        alarm: AlarmName,
        /// Since then.
        wait: Span,
    },
    /// A message was shown, and so much simulated time has passed.
    Told {
        /// Its id.
        message: String,
        /// Since then.
        wait: Span,
    },
}

/// An injection that waits for its trigger; its own `from` has no meaning.
#[derive(Debug, Clone, PartialEq)]
pub struct Contingency {
    /// When.
    pub when: Trigger,
    /// What.
    pub injection: Injection,
}

/// Who speaks: roles that the simulator plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// 班组 the crew on site.
    Crew,
    /// 厂长/调度 the shift lead.
    Lead,
    /// 水质检测组 the laboratory.
    Laboratory,
    /// 12345 the hotline: somebody complains.
    Hotline,
    /// 市水利和湖泊局 the water bureau.
    Bureau,
    /// 供电 the power utility.
    Utility,
    /// 媒体 the press.
    Media,
    /// 气象 the weather service.
    Weather,
    /// 教员 the instructor.
    Instructor,
}

impl Role {
    /// As files write it.
    pub const CHOICES: [(&'static str, Self); 9] = [
        ("crew", Self::Crew),
        ("lead", Self::Lead),
        ("laboratory", Self::Laboratory),
        ("hotline", Self::Hotline),
        ("bureau", Self::Bureau),
        ("utility", Self::Utility),
        ("media", Self::Media),
        ("weather", Self::Weather),
        ("instructor", Self::Instructor),
    ];

    /// The word of files.
    pub fn name(self) -> &'static str {
        Self::CHOICES.iter().find(|(_, role)| *role == self).map_or("", |(name, _)| *name)
    }
}

/// Something that a simulated role says.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its name; unique.
    pub id: String,
    /// When.
    pub when: Trigger,
    /// Who.
    pub from: Role,
    /// What.
    pub text: Text,
    /// Answers to choose from, as `answer MESSAGE CHOICE`; none when nothing is asked.
    pub choices: Vec<Choice>,
}

/// An answer that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its word.
    pub id: String,
    /// What it says.
    pub text: Text,
}

/// Something somebody can go and look at, as `check ID`.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Its word; unique.
    pub id: String,
    /// For people.
    pub title: Text,
    /// From the order until the answer.
    pub takes: Span,
    /// What they find.
    pub says: Text,
    /// Position in `Scenario::injections`, and what they find when that is not in force.
    pub otherwise: Option<(usize, Text)>,
}

/// Work that a crew can be sent to do, as `send-crew ID`.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its word; unique.
    pub id: String,
    /// For people.
    pub title: Text,
    /// From the order until it is done.
    pub takes: Span,
    /// Injections that end with it; none when it does not help.
    pub ends: Vec<crate::base::ids::InjectionId>,
    /// What they say then.
    pub says: Text,
}

/// Which share of the score a task belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Sees it: 15.
    Notice,
    /// Understands it: 20.
    Diagnose,
    /// Does something about it: 30.
    Act,
    /// Tells others and writes it down: 15.
    Communicate,
}

impl Part {
    /// As files write it.
    pub const CHOICES: [(&'static str, Self); 4] = [
        ("notice", Self::Notice),
        ("diagnose", Self::Diagnose),
        ("act", Self::Act),
        ("communicate", Self::Communicate),
    ];
}

/// How long a task may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Window {
    /// Seconds on the wall.
    Wall(f64),
    /// Simulated time.
    Simulated(Span),
}

/// Something that trainees ought to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its name; unique.
    pub id: String,
    /// `file:line`, for messages.
    pub place: String,
    /// For people.
    pub title: Text,
    /// Which share of the score it belongs to.
    pub part: Part,
    /// Any of these does it.
    pub by: Vec<Pattern>,
    /// From when on it counts and its window runs.
    pub since: Trigger,
    /// How long it may take for full marks.
    pub within: Window,
    /// Weight among the tasks of its part.
    pub points: f64,
    /// Is the exercise failed without it?
    pub critical: bool,
    /// Position of a task that must have been done before.
    pub after: Option<usize>,
}

/// Something that trainees ought not to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Forbidden {
    /// For people.
    pub title: Text,
    /// Any of these.
    pub by: Vec<Pattern>,
    /// Unless this task has been done before: its position.
    pub unless: Option<usize>,
    /// Marks that it costs, once.
    pub penalty: f64,
    /// Is the exercise failed by it?
    pub critical: bool,
}

/// What counts how much against the people served (TRAINING: F6), and what is bad water.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Consequence {
    /// For each person-hour below service pressure.
    pub low: f64,
    /// … without water.
    pub dry: f64,
    /// … with unsafe water and no warning.
    pub unsafe_water: f64,
    /// … with a needless warning.
    pub deprived: f64,
    /// For each m³ lost.
    pub lost: f64,
    /// Disinfectant at the tap below this is unsafe, mg/L.
    pub chlorine_below_mg_per_l: f64,
    /// Turbidity at the tap above this is unsafe, NTU.
    pub turbidity_above_ntu: f64,
}

/// Something that a robot does.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// `file:line`, for messages.
    pub place: String,
    /// After this …
    pub when: Trigger,
    /// … and so many seconds on the wall.
    pub wait_s: f64,
    /// What.
    pub deed: Deed,
}

/// Robots that play the exercise; the third, `null`, does nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Robots {
    /// As somebody who is careless plays.
    pub careless: Vec<Move>,
    /// As it ought to be played.
    pub reference: Vec<Move>,
}

impl Exercise {
    /// Every alarm that the exercise names beyond its scenario; the caller knows which rules exist.
    pub fn alarm_names(&self) -> impl Iterator<Item = &AlarmName> {
        let contingencies = self.contingencies.iter().map(|it| &it.when);
        let messages = self.messages.iter().map(|it| &it.when);
        let tasks = self.tasks.iter().map(|it| &it.since);
        let moves = self.robots.careless.iter().chain(&self.robots.reference).map(|it| &it.when);
        let triggers = contingencies.chain(messages).chain(tasks).chain(moves);
        triggers.filter_map(|trigger| match trigger {
            Trigger::Raised { alarm, .. } => Some(alarm),
            _ => None,
        })
    }

    /// A trigger for people; times of the day by `offset`.
    pub fn told_of(&self, trigger: &Trigger, offset: UtcOffset) -> Text {
        let day = |at: Stamp| at.at(offset).get(11..16).unwrap_or_default().to_owned();
        let task = |at: usize| &self.tasks[at].title;
        let minutes = |wait: Span| (wait.as_seconds() / 60.0).round();
        let (en, zh) = match trigger {
            Trigger::At(at) => (day(*at), day(*at)),
            Trigger::Truth { tag, below, bound, .. } => {
                let sign = if *below { "<" } else { ">" };
                let text = format!("{tag} {sign} {bound}");
                (format!("truth {text}"), format!("真值 {text}"))
            }
            Trigger::Undone { task: at, by } => {
                let (title, by) = (task(*at), day(*by));
                (format!("by {by} not: {}", title.en), format!("{by}前未“{}”", title.zh))
            }
            Trigger::Done { task: at, wait } => {
                let (title, wait) = (task(*at), minutes(*wait));
                (format!("{wait} min after: {}", title.en), format!("“{}”后{wait}分", title.zh))
            }
            Trigger::Raised { alarm, wait } => {
                let (rule, wait) = (&alarm.rule, minutes(*wait));
                (format!("{wait} min after {rule}"), format!("{rule}报警后{wait}分"))
            }
            Trigger::Told { message, wait } => {
                let wait = minutes(*wait);
                let same = || Text { en: message.clone(), zh: message.clone() };
                let text = self.message(message).map_or_else(same, |it| it.text.clone());
                let (en, zh) = (beginning(&text.en), beginning(&text.zh));
                (format!("{wait} min after \"{en}\""), format!("“{zh}”后{wait}分"))
            }
        };
        Text { en, zh }
    }

    /// The message of this name.
    pub fn message(&self, id: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.id == id)
    }
}

/// The beginning of what is said, to know it by.
fn beginning(text: &str) -> String {
    const MOST: usize = 32;
    let is_whole = text.chars().count() <= MOST;
    let kept = text.chars().take(if is_whole { MOST } else { MOST - 1 });
    kept.chain((!is_whole).then_some('…')).collect()
}

/// A village's name, as notices and tankers take it; `all` stands for every one.
pub fn means_village(word: &str, village: &VillageId) -> bool {
    word == "all" || word == village.as_str()
}
