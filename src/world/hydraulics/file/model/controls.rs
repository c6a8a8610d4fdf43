//! Simple controls and rules of a file.

use super::super::super::engine::EngineError;
use super::super::super::engine::read::{RawControl, SET_CLOSED, SET_OPEN};
use super::super::super::engine::rules::{RawPremise, RawRule, RawRuleAction};
use super::{Purpose, Reader, our_index};
use crate::base::Span;
use crate::base::units::Length;
use crate::plant::network::{
    ControlAction, ControlRule, ControlWhen, Join, LinkIndex, LinkKind, Measured, NodeIndex,
    NodeKind, Premise, Relation, RuleAction, SimpleControl, SolvedStatus, Test,
};

/// EPANET takes two values for equal that differ by this in the file's unit.
const TOLERANCE: f64 = 1e-3;

/// EPANET's `EN_RuleVariable`, as far as its premises take them.
mod variable {
    pub const DEMAND: i32 = 0;
    pub const HEAD: i32 = 1;
    pub const GRADE: i32 = 2;
    pub const LEVEL: i32 = 3;
    pub const PRESSURE: i32 = 4;
    pub const FLOW: i32 = 5;
    pub const SETTING: i32 = 7;
    pub const TIME: i32 = 9;
    pub const CLOCK_TIME: i32 = 10;
    pub const FILL_TIME: i32 = 11;
    pub const DRAIN_TIME: i32 = 12;
}

/// EPANET's `EN_RuleObject` for a node and for the whole system.
const OBJECT_NODE: i32 = 6;
const OBJECT_SYSTEM: i32 = 8;

/// EPANET's logical operator `OR`.
const JOIN_OR: i32 = 3;

/// EPANET's relations, in the order of its `Operators`.
const RELATIONS: [Relation; 6] = [
    Relation::Equal,
    Relation::NotEqual,
    Relation::AtMost,
    Relation::AtLeast,
    Relation::Below,
    Relation::Above,
];

impl Reader<'_> {
    pub(super) fn read_controls(&mut self) -> Result<(), EngineError> {
        for control in self.file.controls()? {
            let Some(link) = our_index(control.link) else { continue };
            let action = self.action(link, control.setting);
            let Some(when) = self.when(&control) else { continue };
            let when = match self.purpose {
                Purpose::Plant => self.every_day(link, when)?,
                Purpose::Solve => Some(when),
            };
            let link = LinkIndex(link);
            self.network.controls.extend(when.map(|when| SimpleControl { link, action, when }));
        }
        for rule in self.file.rules()? {
            let rule = self.rule(&rule)?;
            self.network.rules.push(rule);
        }
        Ok(())
    }

    /// What a setting of EPANET's means: a number, or one of its words.
    fn action(&self, link: usize, setting: f64) -> ControlAction {
        if setting == SET_OPEN {
            return ControlAction::Open;
        }
        if setting == SET_CLOSED {
            return ControlAction::Closed;
        }
        match &self.network.links[link].kind {
            LinkKind::Pipe { .. } | LinkKind::Pump { .. } if setting == 0.0 => {
                ControlAction::Closed
            }
            LinkKind::Pipe { .. } => ControlAction::Open,
            LinkKind::Pump { .. } => ControlAction::Setting(setting),
            LinkKind::Valve { kind, .. } => {
                ControlAction::Setting(setting * self.setting_unit(*kind))
            }
        }
    }

    fn when(&self, control: &RawControl) -> Option<ControlWhen> {
        let time = Span::seconds(control.level.round() as i64);
        let node = our_index(control.node);
        let level = |node: usize| {
            let is_tank = matches!(self.network.nodes[node].kind, NodeKind::Tank(_));
            let unit = if is_tank { self.units.length } else { self.units.pressure };
            Length::m(control.level * unit)
        };
        match (control.kind, node) {
            (0, Some(node)) => Some(ControlWhen::Below(NodeIndex(node), level(node))),
            (1, Some(node)) => Some(ControlWhen::Above(NodeIndex(node), level(node))),
            (2, _) => Some(ControlWhen::AtTime(time)),
            (3, _) => Some(ControlWhen::AtClockTime(time)),
            _ => None,
        }
    }

    fn rule(&mut self, raw: &RawRule) -> Result<ControlRule, EngineError> {
        let mut premises = Vec::new();
        for premise in &raw.premises {
            if let Some(test) = self.test(premise) {
                let test = self.asked_every_day(raw, test)?;
                let join = if premise.join == JOIN_OR { Join::Or } else { Join::And };
                premises.push(Premise { join, test });
            } else {
                // EPANET takes it and never finds it true.
                self.refuse(format!("rule {}: a premise that asks for nothing", raw.id));
            }
        }
        let actions = |list: &[RawRuleAction]| {
            list.iter().filter_map(|action| self.rule_action(action)).collect()
        };
        let rule = ControlRule {
            id: raw.id.clone(),
            premises,
            then: actions(&raw.then),
            otherwise: actions(&raw.otherwise),
            priority: raw.priority,
        };
        if rule.then.is_empty() && self.purpose == Purpose::Plant {
            let id = &rule.id;
            self.refuse(format!("rule {id}: its THEN does nothing (ACTIVE); turn its IF round"));
        }
        Ok(rule)
    }

    /// None for `ACTIVE`, which in EPANET's rules does nothing.
    fn rule_action(&self, raw: &RawRuleAction) -> Option<RuleAction> {
        let link = our_index(raw.link)?;
        let action = match raw.status {
            1 => ControlAction::Open,
            2 => ControlAction::Closed,
            3 => return None,
            _ => self.action(link, raw.setting),
        };
        Some(RuleAction { link: LinkIndex(link), action })
    }

    fn test(&self, raw: &RawPremise) -> Option<Test> {
        let relation = *usize::try_from(raw.relation).ok().and_then(|at| RELATIONS.get(at))?;
        let time = || Span::seconds(raw.value as i64);
        match raw.variable {
            variable::TIME => return Some(Test::Time(relation, time())),
            variable::CLOCK_TIME => return Some(Test::ClockTime(relation, time())),
            _ => {}
        }
        if raw.status > 0 {
            let is = match relation {
                Relation::Equal => true,
                Relation::NotEqual => false,
                _ => return None,
            };
            let status = match raw.status {
                1 => SolvedStatus::Open,
                2 => SolvedStatus::Closed,
                _ => SolvedStatus::Active,
            };
            return Some(Test::Status { link: LinkIndex(our_index(raw.index)?), is, status });
        }
        let (of, unit) = self.measured(raw)?;
        let (value, tolerance) = (raw.value * unit, TOLERANCE * unit);
        Some(Test::Number { of, relation, value, tolerance })
    }

    /// What a premise compares, and the unit in which it does.
    fn measured(&self, raw: &RawPremise) -> Option<(Measured, f64)> {
        let units = &self.units;
        if raw.object == OBJECT_SYSTEM {
            return (raw.variable == variable::DEMAND)
                .then_some((Measured::SystemDemand, units.flow));
        }
        let at = our_index(raw.index)?;
        if raw.object == OBJECT_NODE {
            let node = NodeIndex(at);
            return Some(match raw.variable {
                variable::DEMAND => (Measured::Demand(node), units.flow),
                variable::HEAD | variable::GRADE => (Measured::Head(node), units.length),
                variable::LEVEL => (Measured::Pressure(node), units.length),
                variable::PRESSURE => (Measured::Pressure(node), units.pressure),
                variable::FILL_TIME => (Measured::FillTime(node), 1.0),
                variable::DRAIN_TIME => (Measured::DrainTime(node), 1.0),
                _ => return None,
            });
        }
        let link = LinkIndex(at);
        let kind = &self.network.links.get(at)?.kind;
        match (raw.variable, kind) {
            (variable::FLOW, _) => Some((Measured::Flow(link), units.flow)),
            (variable::SETTING, LinkKind::Pump { .. }) => Some((Measured::Setting(link), 1.0)),
            (variable::SETTING, LinkKind::Valve { kind, .. }) => {
                Some((Measured::Setting(link), self.setting_unit(*kind)))
            }
            _ => None,
        }
    }
}
