#![expect(unsafe_code, reason = "part of the one wrapper of EPANET")]
//! A file's rule-based controls, as EPANET has read them.

use std::ffi::c_int;

use epanet_sys as sys;

use super::file::{FileEngine, number_by, text_by};
use super::{EngineError, check};

/// A rule in the file's units.
#[derive(Debug, Clone, PartialEq)]
pub struct RawRule {
    /// Its name.
    pub id: String,
    /// From the first to the last.
    pub premises: Vec<RawPremise>,
    /// What it does when they hold.
    pub then: Vec<RawRuleAction>,
    /// What it does when they do not.
    pub otherwise: Vec<RawRuleAction>,
    /// The higher wins.
    pub priority: f64,
}

/// A premise of a rule: EPANET's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RawPremise {
    /// 2 `AND` (and the first), 3 `OR`.
    pub join: c_int,
    /// `EN_RuleObject`: 6 a node, 7 a link, 8 the system.
    pub object: c_int,
    /// Index of the node or link.
    pub index: c_int,
    /// `EN_RuleVariable`.
    pub variable: c_int,
    /// `EN_RuleOperator`.
    pub relation: c_int,
    /// `EN_RuleStatus`: 0 for a number, 1 open, 2 closed, 3 active.
    pub status: c_int,
    /// The number; times in s.
    pub value: f64,
}

/// What a rule does to a link: EPANET's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RawRuleAction {
    /// Index of the link.
    pub link: c_int,
    /// `EN_RuleStatus`, as above; below 1 for a setting.
    pub status: c_int,
    /// The setting.
    pub setting: f64,
}

impl FileEngine {
    /// Every rule that is enabled, in the file's order.
    pub fn rules(&self) -> Result<Vec<RawRule>, EngineError> {
        let project = self.engine.project;
        let mut rules = Vec::new();
        for rule in 1..=self.count_of(sys::EN_CountType_EN_RULECOUNT)? {
            let enabled =
                // SAFETY: the project is alive, the place is valid; EPANET checks the index.
                number_by(|is| unsafe { sys::EN_getruleenabled(project, rule, is) })?;
            if enabled != 0 {
                rules.push(self.rule(rule)?);
            }
        }
        Ok(rules)
    }

    fn rule(&self, rule: c_int) -> Result<RawRule, EngineError> {
        let project = self.engine.project;
        let (mut premises, mut then, mut otherwise): (c_int, c_int, c_int) = (0, 0, 0);
        let mut priority = 0.0;
        // SAFETY: the project is alive, the places are valid; EPANET checks the index.
        check(unsafe {
            sys::EN_getrule(
                project,
                rule,
                &raw mut premises,
                &raw mut then,
                &raw mut otherwise,
                &raw mut priority,
            )
        })?;
        let action = |get: Getter, at| {
            let mut action = RawRuleAction::default();
            // SAFETY: as above.
            check(unsafe {
                get(
                    project,
                    rule,
                    at,
                    &raw mut action.link,
                    &raw mut action.status,
                    &raw mut action.setting,
                )
            })?;
            Ok::<_, EngineError>(action)
        };
        let then = (1..=then).map(|at| action(sys::EN_getthenaction, at));
        let otherwise = (1..=otherwise).map(|at| action(sys::EN_getelseaction, at));
        Ok(RawRule {
            // SAFETY: the project is alive, the buffer is large enough; EPANET checks the index.
            id: text_by(|text| unsafe { sys::EN_getruleID(project, rule, text) })?,
            premises: (1..=premises).map(|at| self.premise(rule, at)).collect::<Result<_, _>>()?,
            then: then.collect::<Result<_, _>>()?,
            otherwise: otherwise.collect::<Result<_, _>>()?,
            priority,
        })
    }

    fn premise(&self, rule: c_int, at: c_int) -> Result<RawPremise, EngineError> {
        let mut premise = RawPremise::default();
        // SAFETY: the project is alive, the places are valid; EPANET checks the indices.
        check(unsafe {
            sys::EN_getpremise(
                self.engine.project,
                rule,
                at,
                &raw mut premise.join,
                &raw mut premise.object,
                &raw mut premise.index,
                &raw mut premise.variable,
                &raw mut premise.relation,
                &raw mut premise.status,
                &raw mut premise.value,
            )
        })?;
        Ok(premise)
    }
}

/// EPANET's function that reads an action of a rule.
type Getter =
    unsafe extern "C" fn(sys::EN_Project, c_int, c_int, *mut c_int, *mut c_int, *mut f64) -> c_int;
