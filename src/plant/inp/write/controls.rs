//! Simple controls and rules as EPANET reads them.

use std::fmt::Write as _;

use super::super::rules::link_word;
use super::{clock, number, valve_setting};
use crate::plant::network::{
    ControlAction, ControlRule, ControlWhen, Join, LinkIndex, LinkKind, Measured, Network,
    NodeIndex, NodeKind, Relation, RuleAction, SolvedStatus, Test,
};

/// `[CONTROLS]` and `[RULES]`.
pub(super) fn write(network: &Network, text: &mut String) {
    let names = Names(network);
    text.push_str("\n[CONTROLS]\n");
    for control in &network.controls {
        let what = names.action(control.link, control.action);
        let when = match control.when {
            ControlWhen::Above(at, level) => {
                format!("IF NODE {} ABOVE {}", names.node(at), number(level.as_m()))
            }
            ControlWhen::Below(at, level) => {
                format!("IF NODE {} BELOW {}", names.node(at), number(level.as_m()))
            }
            ControlWhen::AtTime(time) => format!("AT TIME {}", clock(time)),
            ControlWhen::AtClockTime(time) => format!("AT CLOCKTIME {}", clock(time)),
        };
        let _ = writeln!(text, "LINK {} {what} {when}", names.link(control.link));
    }
    text.push_str("\n[RULES]\n");
    for rule in &network.rules {
        names.rule(rule, text);
    }
}

struct Names<'n>(&'n Network);

impl Names<'_> {
    fn node(&self, NodeIndex(at): NodeIndex) -> &str {
        &self.0.nodes[at].id
    }

    fn link(&self, LinkIndex(at): LinkIndex) -> &str {
        &self.0.links[at].id
    }

    /// `PUMP id`, as rules name links.
    fn named(&self, link: LinkIndex) -> String {
        format!("{} {}", link_word(&self.0.links[link.0].kind), self.link(link))
    }

    fn action(&self, link: LinkIndex, action: ControlAction) -> String {
        match action {
            ControlAction::Open => "OPEN".to_owned(),
            ControlAction::Closed => "CLOSED".to_owned(),
            ControlAction::Setting(to) => number(self.setting(link, to)),
        }
    }

    fn setting(&self, link: LinkIndex, value: f64) -> f64 {
        match &self.0.links[link.0].kind {
            LinkKind::Valve { kind, .. } => valve_setting(*kind, value),
            LinkKind::Pipe { .. } | LinkKind::Pump { .. } => value,
        }
    }

    fn rule(&self, rule: &ControlRule, text: &mut String) {
        let _ = writeln!(text, "RULE {}", rule.id);
        for (at, premise) in rule.premises.iter().enumerate() {
            let clause = match premise.join {
                _ if at == 0 => "IF",
                Join::And => "AND",
                Join::Or => "OR",
            };
            let _ = writeln!(text, "{clause} {}", self.test(&premise.test));
        }
        for (first, actions) in [("THEN", &rule.then), ("ELSE", &rule.otherwise)] {
            for (at, RuleAction { link, action }) in actions.iter().enumerate() {
                let clause = if at == 0 { first } else { "AND" };
                let what =
                    if matches!(action, ControlAction::Setting(_)) { "SETTING" } else { "STATUS" };
                let (link, to) = (self.named(*link), self.action(*link, *action));
                let _ = writeln!(text, "{clause} {link} {what} IS {to}");
            }
        }
        let _ = writeln!(text, "PRIORITY {}\n", number(rule.priority));
    }

    fn test(&self, test: &Test) -> String {
        match test {
            Test::Number { of, relation, value, .. } => self.number(*of, *relation, *value),
            Test::Status { link, is, status } => {
                let known = SolvedStatus::CHOICES.iter().find(|(_, own)| own == status);
                let word = known.map_or("OPEN", |(word, _)| *word);
                let is = if *is { "IS" } else { "NOT" };
                format!("{} STATUS {is} {word}", self.named(*link))
            }
            Test::Time(relation, at) => format!("SYSTEM TIME {} {}", relation.word(), clock(*at)),
            Test::ClockTime(relation, at) => {
                format!("SYSTEM CLOCKTIME {} {}", relation.word(), clock(*at))
            }
        }
    }

    fn number(&self, of: Measured, relation: Relation, value: f64) -> String {
        let (place, unit) = match of {
            Measured::Demand(node) => (format!("NODE {} DEMAND", self.node(node)), 3_600.0),
            Measured::SystemDemand => ("SYSTEM DEMAND".to_owned(), 3_600.0),
            Measured::Head(node) => (format!("NODE {} HEAD", self.node(node)), 1.0),
            Measured::Pressure(node) => {
                let is_tank = matches!(self.0.nodes[node.0].kind, NodeKind::Tank(_));
                let word = if is_tank { "LEVEL" } else { "PRESSURE" };
                (format!("NODE {} {word}", self.node(node)), 1.0)
            }
            Measured::FillTime(node) => {
                (format!("NODE {} FILLTIME", self.node(node)), 1.0 / 3_600.0)
            }
            Measured::DrainTime(node) => {
                (format!("NODE {} DRAINTIME", self.node(node)), 1.0 / 3_600.0)
            }
            Measured::Flow(link) => (format!("{} FLOW", self.named(link)), 3_600.0),
            Measured::Setting(link) => {
                (format!("{} SETTING", self.named(link)), self.setting(link, 1.0))
            }
        };
        format!("{place} {} {}", relation.word(), number(value * unit))
    }
}
