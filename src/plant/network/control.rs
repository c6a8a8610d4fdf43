//! What switches links: EPANET's simple controls and its rules.

use super::{LinkIndex, NodeIndex};
use crate::base::Span;
use crate::base::units::Length;

/// EPANET's simple control: one link, one condition.
#[derive(Debug, Clone, PartialEq)]
pub struct SimpleControl {
    /// The link it switches.
    pub link: LinkIndex,
    /// What it sets.
    pub action: ControlAction,
    /// When.
    pub when: ControlWhen,
}

/// What a control sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ControlAction {
    /// Open or start; a valve stands wide open and no longer regulates.
    Open,
    /// Close or stop.
    Closed,
    /// Pump speed or valve setting (SI, as in `LinkKind`).
    Setting(f64),
}

/// When a control acts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ControlWhen {
    /// The tank's level (or the junction's pressure head) is above this.
    Above(NodeIndex, Length),
    /// The tank's level (or the junction's pressure head) is below this.
    Below(NodeIndex, Length),
    /// At this time after the start.
    AtTime(Span),
    /// Every day at this time.
    AtClockTime(Span),
}

/// EPANET's rule-based control: when its premises hold, one list of actions, else another.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlRule {
    /// Its name.
    pub id: String,
    /// Read from the first to the last, see `Join`; at least one.
    pub premises: Vec<Premise>,
    /// What to do while they hold; at least one.
    pub then: Vec<RuleAction>,
    /// What to do while they do not hold; perhaps nothing.
    pub otherwise: Vec<RuleAction>,
    /// Of two rules that want something of a link the higher wins; of equals the first.
    pub priority: f64,
}

/// What a rule does to a link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RuleAction {
    /// The link.
    pub link: LinkIndex,
    /// What it does.
    pub action: ControlAction,
}

/// One premise of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Premise {
    /// How it goes with those before it.
    pub join: Join,
    /// What is asked.
    pub test: Test,
}

/// How a premise goes with those before it. As in EPANET, an `And` behind premises that do not
/// hold ends the rule; an `Or` behind such premises may save it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// Both must hold (the first premise, too).
    And,
    /// One must hold.
    Or,
}

/// What a premise asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Compares a value.
    Number {
        /// Of what.
        of: Measured,
        /// How.
        relation: Relation,
        /// With what, in SI.
        value: f64,
        /// A value this close counts as equal: 0.001 in the file's unit, as in EPANET.
        tolerance: f64,
    },
    /// Asks what a link does.
    Status {
        /// The link.
        link: LinkIndex,
        /// Does it do that (true) or anything else (false)?
        is: bool,
        /// That.
        status: SolvedStatus,
    },
    /// Time since the start.
    Time(Relation, Span),
    /// Time of day.
    ClockTime(Relation, Span),
}

/// A value that a premise may look at, in SI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// What leaves the network at a node, m³/s; what comes into a tank.
    Demand(NodeIndex),
    /// All that people want, m³/s.
    SystemDemand,
    /// Total head of a node, m.
    Head(NodeIndex),
    /// Head above a node, m: a tank's level.
    Pressure(NodeIndex),
    /// Time until a tank is full, s; nothing while it does not fill.
    FillTime(NodeIndex),
    /// Time until a tank is empty, s; nothing while it does not drain.
    DrainTime(NodeIndex),
    /// Flow through a link, m³/s, never negative.
    Flow(LinkIndex),
    /// Speed of a pump, setting of a valve; nothing while it has none.
    Setting(LinkIndex),
}

/// How a premise compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `=`, `IS`
    Equal,
    /// `<>`, `NOT`
    NotEqual,
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `<`, `BELOW`
    Below,
    /// `>`, `ABOVE`
    Above,
}

impl Relation {
    /// EPANET's words; the first of a relation is the one that is written.
    pub const CHOICES: [(&'static str, Self); 10] = [
        ("=", Self::Equal),
        ("<>", Self::NotEqual),
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("<", Self::Below),
        (">", Self::Above),
        ("IS", Self::Equal),
        ("NOT", Self::NotEqual),
        ("BELOW", Self::Below),
        ("ABOVE", Self::Above),
    ];

    /// EPANET's word for it.
    pub fn word(self) -> &'static str {
        Self::CHOICES.iter().find(|(_, own)| *own == self).map_or("=", |(word, _)| word)
    }
}

/// What a link does, as the solver found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SolvedStatus {
    /// Shut, switched off, or shut by the water itself (check valve, pump against too much head).
    Closed,
    /// Water may pass, the pump runs.
    Open,
    /// A valve that holds its setting.
    Active,
}

impl SolvedStatus {
    /// EPANET's word for each.
    pub const CHOICES: [(&'static str, Self); 3] =
        [("CLOSED", Self::Closed), ("OPEN", Self::Open), ("ACTIVE", Self::Active)];

    /// `closed`, `open` or `active`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Active => "active",
        }
    }

    /// From EPANET's number for the status of a link.
    pub fn from_epanet(value: f64) -> Self {
        match value {
            0.0 => Self::Closed,
            2.0 => Self::Active,
            _ => Self::Open,
        }
    }
}
