//! The network file's rules, as EPANET acts on them.
//!
//! Between two solutions flows stand still and tank levels move. Rules look at what will be then:
//! every rule step and at the end of the step. The first look at which one of them changes
//! something ends the step. Source: EPANET 2.3 `hydraul.c`, `ruletimestep`; `rules.c`.

use super::controls::act;
use super::solver::Solver;
use super::tanks::level_after;
use super::{Boundary, Solution};
use crate::base::time::UtcOffset;
use crate::base::units::Length;
use crate::base::{Span, Stamp};
use crate::plant::network::{
    ControlAction, ControlRule, Join, LinkIndex, LinkKind, LinkStatus, Measured, Network,
    NodeIndex, NodeKind, Relation, RuleAction, SolvedStatus, Tank, Test, ValveKind,
};

/// Flows below this fill and drain nothing, m³/s: EPANET's 1e-6 ft³/s.
const STANDS_M3_PER_S: f64 = 2.8e-8;

/// The clock of the rules, and what they are about to do.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    start: Stamp,
    offset: UtcOffset,
    /// What they do after this time, when that passes.
    next: Option<(Span, Vec<RuleAction>)>,
}

/// What rules look at: the last solution and where the tanks will stand.
pub(super) struct View<'a> {
    pub network: &'a Network,
    pub boundary: &'a Boundary,
    pub solution: &'a Solution,
    pub solver: &'a Solver,
    /// Net inflow of each node through its links, m³/s.
    pub inflow: &'a [f64],
}

/// One look: the moment, the time since the solution, the time since the look before.
struct Look {
    at: Stamp,
    since: Span,
    step: Span,
}

impl Rules {
    pub fn new(start: Stamp, offset: UtcOffset) -> Self {
        Self { start, offset, next: None }
    }

    /// Looks ahead from the solution at `now`, at most by `limit`; gives when a rule acts.
    pub fn look_ahead(&mut self, view: &View<'_>, now: Stamp, limit: Span) -> Option<Span> {
        self.next = None;
        if view.network.rules.is_empty() {
            return None;
        }
        let step = view.network.rule_step.0;
        let past = Span::ms((now - self.start).as_ms().rem_euclid(step.as_ms()));
        let mut since = Span::ZERO;
        let mut ahead = step - past;
        while since < limit {
            ahead = ahead.min(limit - since);
            since = since + ahead;
            let look = Look { at: now + since, since, step: ahead };
            let actions = self.actions(view, &look);
            if !actions.is_empty() {
                self.next = Some((since, actions));
                return Some(since);
            }
            ahead = step;
        }
        None
    }

    /// Does what was seen ahead, if `span` has brought it about.
    pub fn pass(&mut self, span: Span, network: &Network, boundary: &mut Boundary) {
        if let Some((_, actions)) = self.next.take().filter(|(after, _)| *after <= span) {
            for RuleAction { link, action } in actions {
                act(network, link, action, boundary);
            }
        }
    }

    /// What the rules want to change at this look: one action a link.
    fn actions(&self, view: &View<'_>, look: &Look) -> Vec<RuleAction> {
        let mut wanted: Vec<(&RuleAction, f64)> = Vec::new();
        for rule in &view.network.rules {
            let actions = if self.holds(rule, view, look) { &rule.then } else { &rule.otherwise };
            for action in actions {
                match wanted.iter_mut().find(|(own, _)| own.link == action.link) {
                    Some(own) if rule.priority > own.1 => *own = (action, rule.priority),
                    Some(_) => {}
                    None => wanted.push((action, rule.priority)),
                }
            }
        }
        let changes = |(action, _): &(&RuleAction, f64)| view.would_change(action);
        wanted.into_iter().filter(changes).map(|(action, _)| *action).collect()
    }

    fn holds(&self, rule: &ControlRule, view: &View<'_>, look: &Look) -> bool {
        let mut holds = true;
        for premise in &rule.premises {
            match premise.join {
                Join::And if !holds => return false,
                Join::Or if holds => {}
                _ => holds = self.test(&premise.test, view, look),
            }
        }
        holds
    }

    fn test(&self, test: &Test, view: &View<'_>, look: &Look) -> bool {
        match *test {
            Test::Number { of, relation, value, tolerance } => view
                .value(of, look.since)
                .is_some_and(|found| compare(found, relation, value, tolerance)),
            Test::Status { link, is, status } => (view.solver.status(link) == status) == is,
            Test::Time(relation, at) => {
                let now = look.at - self.start;
                time_holds(now - look.step, now, relation, at)
            }
            Test::ClockTime(relation, at) => {
                let now = look.at.time_of_day(self.offset);
                time_holds(now - look.step, now, relation, at)
                    || (relation == Relation::Equal
                        && time_holds(now - look.step, now, relation, at - Span::DAY))
            }
        }
    }
}

/// EPANET compares so: `<` and `>` are generous by the tolerance, `<=` and `>=` strict by it.
fn compare(found: f64, relation: Relation, value: f64, tolerance: f64) -> bool {
    match relation {
        Relation::Equal => (found - value).abs() <= tolerance,
        Relation::NotEqual => (found - value).abs() >= tolerance,
        Relation::Below => found <= value + tolerance,
        Relation::AtMost => found <= value - tolerance,
        Relation::Above => found >= value - tolerance,
        Relation::AtLeast => found >= value + tolerance,
    }
}

/// Equality holds once the moment lies between two looks.
fn time_holds(before: Span, now: Span, relation: Relation, at: Span) -> bool {
    let is_passed = before < at && at <= now;
    match relation {
        Relation::Equal => is_passed,
        Relation::NotEqual => !is_passed,
        Relation::Below => now < at,
        Relation::AtMost => now <= at,
        Relation::Above => now > at,
        Relation::AtLeast => now >= at,
    }
}

impl View<'_> {
    /// The value that a premise asks for, `since` the solution; none where there is none.
    fn value(&self, of: Measured, since: Span) -> Option<f64> {
        Some(match of {
            Measured::Demand(NodeIndex(at)) => match self.network.nodes[at].kind {
                NodeKind::Junction { .. } => {
                    (self.solution.delivered[at] + self.solution.leakage[at]).as_m3_per_s()
                }
                NodeKind::Reservoir | NodeKind::Tank(_) => self.inflow[at],
            },
            Measured::SystemDemand => {
                self.boundary.demand.iter().map(|demand| demand.as_m3_per_s()).sum()
            }
            Measured::Head(node) => self.head(node, since).as_m(),
            Measured::Pressure(node) => {
                (self.head(node, since) - self.network.nodes[node.0].elevation).as_m()
            }
            Measured::FillTime(node) => {
                let (tank, level) = self.tank(node, since)?;
                let inflow = Some(self.inflow[node.0]).filter(|flow| *flow > STANDS_M3_PER_S)?;
                tank.between_m3(level, tank.max_level) / inflow
            }
            Measured::DrainTime(node) => {
                let (tank, level) = self.tank(node, since)?;
                let inflow = Some(self.inflow[node.0]).filter(|flow| *flow < -STANDS_M3_PER_S)?;
                tank.between_m3(level, tank.min_level) / inflow
            }
            Measured::Flow(LinkIndex(at)) => self.solution.flow[at].as_m3_per_s().abs(),
            Measured::Setting(link) => self.setting(link)?,
        })
    }

    fn head(&self, node: NodeIndex, since: Span) -> Length {
        match self.tank(node, since) {
            Some((_, level)) => self.network.nodes[node.0].elevation + level,
            None => self.solution.head[node.0],
        }
    }

    /// A tank and its level then.
    fn tank(&self, NodeIndex(at): NodeIndex, since: Span) -> Option<(&Tank, Length)> {
        let NodeKind::Tank(tank) = &self.network.nodes[at].kind else { return None };
        let came = self.inflow[at] * since.as_seconds();
        Some((tank, level_after(tank, self.boundary.tank_level[at], came)))
    }

    /// Speed of a pump (0 when it is off); setting of a valve that regulates.
    fn setting(&self, LinkIndex(at): LinkIndex) -> Option<f64> {
        let status = self.boundary.status[at];
        match self.network.links[at].kind {
            LinkKind::Pipe { .. } => None,
            LinkKind::Pump { .. } if status == LinkStatus::Closed => Some(0.0),
            LinkKind::Pump { .. } => Some(self.boundary.speed[at]),
            LinkKind::Valve { .. } => {
                (status == LinkStatus::Open).then_some(self.boundary.setting[at])
            }
        }
    }

    /// Does an action find anything to do? As in EPANET, `OPEN` has no effect on what is open.
    fn would_change(&self, action: &RuleAction) -> bool {
        let at = action.link.0;
        let status = self.boundary.status[at];
        match action.action {
            ControlAction::Closed => status != LinkStatus::Closed,
            ControlAction::Open if status == LinkStatus::Closed => true,
            ControlAction::Open => {
                let is_valve = matches!(self.network.links[at].kind, LinkKind::Valve { .. });
                let is_shut = self.solver.status(action.link) == SolvedStatus::Closed;
                is_valve && is_shut && status != LinkStatus::opened(&self.network.links[at].kind)
            }
            ControlAction::Setting(value) => {
                // A thousandth of EPANET's own units, feet and cubic feet a second.
                let within = match &self.network.links[at].kind {
                    LinkKind::Valve { kind: ValveKind::Fcv, .. } => 2.8e-5,
                    LinkKind::Valve {
                        kind: ValveKind::Prv | ValveKind::Psv | ValveKind::Pbv,
                        ..
                    } => 3e-4,
                    _ => 1e-3,
                };
                self.setting(action.link).is_none_or(|own| (own - value).abs() > within)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_and_above_are_generous_and_at_most_and_at_least_are_strict() {
        let at = |relation, found| compare(found, relation, 2.0, 0.001);
        assert!(at(Relation::Below, 2.0005) && !at(Relation::Below, 2.0015));
        assert!(!at(Relation::AtMost, 2.0) && at(Relation::AtMost, 1.9985));
        assert!(at(Relation::Above, 1.9995) && !at(Relation::Above, 1.9985));
        assert!(!at(Relation::AtLeast, 2.0) && at(Relation::AtLeast, 2.0015));
        assert!(at(Relation::Equal, 2.0005) && !at(Relation::NotEqual, 2.0005));
        assert!(!at(Relation::Equal, 2.0015) && at(Relation::NotEqual, 2.0015));
    }

    #[test]
    fn a_moment_holds_at_the_first_look_at_or_after_it() {
        let minutes = Span::minutes;
        let holds =
            |now, relation| time_holds(minutes(now - 6), minutes(now), relation, minutes(9));
        let equal = [6, 9, 12, 15, 18].map(|now| holds(now, Relation::Equal));
        assert_eq!(equal, [false, true, true, false, false]);
        let later = [6, 9, 12].map(|now| holds(now, Relation::AtLeast));
        assert_eq!(later, [false, true, true]);
        assert!(holds(6, Relation::Below) && !holds(9, Relation::Below));
        assert!(holds(9, Relation::AtMost) && !holds(9, Relation::Above));
    }
}
