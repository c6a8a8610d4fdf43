//! What happens to an alarm; the ledger keeps these.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::alarms::group::Grouped;
pub use crate::base::alarm::{AlarmChange, Stop};
use crate::base::text::Lang;
use crate::base::{PlantId, RuleId, Stamp, TagId, Text};
use crate::inspection::book::{InspectionRule, Urgency};
use crate::inspection::finding::Why;

/// Computed, never drawn: plant, rule, tag (or `plant`), and which occurrence it is, from 1 (0: a
/// person has set aside an alarm that was never raised).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AlarmId {
    /// The plant.
    pub plant: PlantId,
    /// The rule.
    pub rule: RuleId,
    /// The instrument; none when the rule watches the plant.
    pub tag: Option<TagId>,
    /// Which occurrence, from 1.
    pub n: u64,
}

/// `plant/rule/tag/n`; `plant/rule/tag` when no occurrence is meant.
impl fmt::Display for AlarmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tag = self.tag.as_ref().map_or("plant", TagId::as_str);
        write!(f, "{}/{}/{tag}", self.plant, self.rule)?;
        if self.n > 0 { write!(f, "/{}", self.n) } else { Ok(()) }
    }
}

/// A text that names no alarm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} names no alarm: write plant/rule/tag, or plant/rule/tag/n for one occurrence")]
pub struct NotAnAlarm {
    /// What was given.
    pub text: String,
}

impl AlarmId {
    /// Reads `plant/rule/tag/n`; without `n` (0 then) it names the alarm, not an occurrence. The
    /// tag of a rule that watches the plant is `plant`.
    pub fn parse(text: &str) -> Result<Self, NotAnAlarm> {
        let read = || {
            let mut parts = text.split('/');
            let (plant, rule, tag) = (parts.next()?, parts.next()?, parts.next()?);
            let n = parts.next().map_or(Some(0), |n| n.parse().ok().filter(|n| *n > 0))?;
            let tag = match tag {
                "plant" => None,
                tag => Some(TagId::new(tag).ok()?),
            };
            let (plant, rule) = (PlantId::new(plant).ok()?, RuleId::new(rule).ok()?);
            parts.next().is_none().then_some(Self { plant, rule, tag, n })
        };
        read().ok_or_else(|| NotAnAlarm { text: text.chars().take(200).collect() })
    }

    /// The alarm, whichever occurrence.
    pub fn as_such(&self) -> Self {
        Self { n: 0, ..self.clone() }
    }

    /// Do both name the same alarm, whichever occurrence?
    pub fn is_of(&self, other: &Self) -> bool {
        (&self.plant, &self.rule, &self.tag) == (&other.plant, &other.rule, &other.tag)
    }
}

/// One change of one alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmEvent {
    /// Which alarm.
    pub id: AlarmId,
    /// Event time of the change.
    pub at: Stamp,
    /// What changed.
    pub change: AlarmChange,
    /// The state after it.
    pub state: AlarmState,
    /// How urgent.
    pub priority: Priority,
    /// Since when the condition holds, while it does.
    pub since: Option<Stamp>,
    /// Rule's title in English.
    pub title: String,
    /// Rule's source and its mark, such as `GB 5749-2022 table 2 [S7]`.
    pub source: String,
    /// Values, limit, window.
    pub why: Why,
    /// Who did it and why, for changes made by a person.
    pub by: Option<By>,
    /// How it chatters, while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chattering: Option<Box<Chattering>>,
    /// What it belongs to, unless it is alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Box<Grouped>>,
    /// The announced stop of supply that it is silent in, or will be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Box<Stop>>,
    /// The rule's labels, when it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Box<Labels>>,
    /// What people read, of a rule that names a runbook or whose texts have places for what the
    /// alarm knows: filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<Box<Texts>>,
    /// The exercise that its plant played; none: it is real. The monitor adds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exercise: Option<Box<str>>,
}

/// How an alarm comes and goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chattering {
    /// How often it has come …
    pub times: u32,
    /// … since this.
    pub since: Stamp,
}

/// What people read of an alarm, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// What it is called.
    pub title: Text,
    /// What to do.
    pub advice: Text,
    /// Where the procedure stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
}

/// Words for whoever sorts alarms, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(pub BTreeMap<String, String>);

impl AlarmEvent {
    /// What a person calls it; `rule`: its rule, while the book knows it.
    pub fn title_in<'a>(&'a self, rule: Option<&'a InspectionRule>, lang: Lang) -> &'a str {
        match (&self.texts, rule) {
            (Some(texts), _) => texts.title.get(lang),
            (None, Some(rule)) => rule.title.get(lang),
            (None, None) => &self.title,
        }
    }

    /// What to do about it; empty when the book no longer knows the rule.
    pub fn advice_in<'a>(&'a self, rule: Option<&'a InspectionRule>, lang: Lang) -> &'a str {
        let texts = self.texts.as_ref().map(|texts| &texts.advice);
        texts.or(rule.map(|rule| &rule.advice)).map_or("", |advice| advice.get(lang))
    }

    /// Does it call a person now: is it raised, does it ask again, or has it risen unanswered?
    pub fn calls(&self) -> bool {
        match self.change {
            AlarmChange::Raised | AlarmChange::ReAlarmed => true,
            AlarmChange::Risen => self.state.is_unanswered(),
            _ => false,
        }
    }

    /// The alarm that its group goes by, the first of it; alone it goes by itself.
    pub fn belongs_to(&self) -> &AlarmId {
        self.group.as_ref().map_or(&self.id, |group| &group.first_out)
    }

    /// The order of a list: what somebody must answer, then the urgent, then the older; what is set
    /// aside comes last.
    pub fn rank(&self) -> (bool, bool, Reverse<Priority>, Stamp) {
        let Self { state, priority, at, .. } = *self;
        (state.is_set_aside(), !state.is_unanswered(), Reverse(priority), at)
    }
}

/// Who changed an alarm, and the reason given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// The person.
    pub name: String,
    /// The reason, where one is asked for.
    pub reason: String,
}

/// States of the ISA-18.2 diagram, A to I.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmState {
    /// A
    Normal,
    /// B: active, nobody has answered.
    Unacknowledged,
    /// C: active, answered.
    Acknowledged,
    /// D: gone before anybody answered.
    ReturnedUnacknowledged,
    /// E: gone, latched, nobody has answered.
    LatchedUnacknowledged,
    /// F: gone, latched, answered; waits for a reset.
    LatchedAcknowledged,
    /// G: set aside by a person for a time.
    Shelved,
    /// H: suppressed by design.
    SuppressedByDesign,
    /// I: out of service.
    OutOfService,
}

impl AlarmState {
    /// What keeps an alarm silent: G, H, I.
    pub const SET_ASIDE: [Self; 3] = [Self::Shelved, Self::SuppressedByDesign, Self::OutOfService];

    /// The word of the records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Unacknowledged => "unacknowledged",
            Self::Acknowledged => "acknowledged",
            Self::ReturnedUnacknowledged => "returned-unacknowledged",
            Self::LatchedUnacknowledged => "latched-unacknowledged",
            Self::LatchedAcknowledged => "latched-acknowledged",
            Self::Shelved => "shelved",
            Self::SuppressedByDesign => "suppressed-by-design",
            Self::OutOfService => "out-of-service",
        }
    }

    /// Does somebody have to answer: B, D or E?
    pub fn is_unanswered(self) -> bool {
        matches!(
            self,
            Self::Unacknowledged | Self::ReturnedUnacknowledged | Self::LatchedUnacknowledged
        )
    }

    /// Is it kept silent: G, H or I?
    pub fn is_set_aside(self) -> bool {
        Self::SET_ASIDE.contains(&self)
    }

    /// Does it ask for attention now: active, and not kept silent (B and C)?
    pub fn is_active(self) -> bool {
        matches!(self, Self::Unacknowledged | Self::Acknowledged)
    }
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Priority> for Urgency {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::Low => Self::Low,
            Priority::Medium => Self::Medium,
            Priority::High => Self::High,
        }
    }
}

/// Priority of an alarm; about 80 / 15 / 5 % of alarms in a healthy system `[S44c]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// Answer within the shift.
    Low,
    /// Answer within the hour.
    Medium,
    /// Answer at once.
    High,
}

impl Priority {
    /// The priority that is `levels` more urgent, up to the highest.
    pub fn raised_by(self, levels: u8) -> Self {
        match self as u8 + levels {
            0 => Self::Low,
            1 => Self::Medium,
            _ => Self::High,
        }
    }

    /// How many priorities lie between it and one that is as urgent or more.
    pub(super) fn below(self, other: Self) -> u8 {
        (other as u8).saturating_sub(self as u8)
    }
}

impl From<Urgency> for Priority {
    fn from(urgency: Urgency) -> Self {
        match urgency {
            Urgency::Low => Self::Low,
            Urgency::Medium => Self::Medium,
            Urgency::High => Self::High,
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Urgency::from(*self).name())
    }
}
