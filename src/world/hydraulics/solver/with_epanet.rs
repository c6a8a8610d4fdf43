//! Builds the network in EPANET, hands over what changed, and reads back the solution.

use super::{Found, Wanted};
use crate::base::units::{Flow, Length};
use crate::plant::network::{
    Friction, Lift, Link, LinkIndex, LinkKind, Network, NodeKind, PressureDriven, SolvedStatus,
    Tank, ValveKind,
};
use crate::world::hydraulics::HydraulicsError;
use crate::world::hydraulics::engine::{
    Engine, EngineError, LinkProperty, LinkType, NodeProperty, NodeType, SolverOption, Warning,
};
use crate::world::hydraulics::state::Order;

/// EPANET stops when flows change by less than this share: its finest, and cheap here.
const ACCURACY: f64 = 1e-5;
/// Trials before statuses are frozen, and trials after.
const TRIALS: f64 = 200.0;
const MORE_TRIALS: f64 = 10.0;
/// A leak that is repaired: EPANET 2.3.5 keeps the old flow for ever when this is 0.
const NO_LEAK: f64 = 1e-9;

/// EPANET with the plant's network in it.
pub struct Solver {
    engine: Engine,
    is_check_valve: Vec<bool>,
    node_index: Vec<i32>,
    link_index: Vec<i32>,
    /// Head curves, one of each pump that has one.
    curve: Vec<Option<i32>>,
    told: Told,
    /// Per link: a check valve that stands in EPANET as a plain pipe, so that it can be shut.
    held: Vec<bool>,
    found: Found,
    buffer: Vec<f64>,
}

/// What EPANET has been told, so that only changes cross over.
#[derive(Debug)]
struct Told {
    demand: Vec<f64>,
    emitter: Vec<f64>,
    /// None at first, and for junctions.
    level: Vec<Option<f64>>,
    /// None at first and after a restart, in which EPANET forgets them.
    order: Vec<Option<Order>>,
}

impl Solver {
    pub fn new(network: &Network, driven: PressureDriven) -> Result<Self, HydraulicsError> {
        let mut engine = Engine::new(network.friction)?;
        engine.set_option(SolverOption::Accuracy, ACCURACY)?;
        engine.set_option(SolverOption::Trials, TRIALS)?;
        engine.set_option(SolverOption::Unbalanced, MORE_TRIALS)?;
        engine.set_option(SolverOption::EmitterBackflow, 0.0)?;
        engine.set_option(SolverOption::EmitterExponent, 0.5)?;
        engine.set_option(SolverOption::Viscosity, network.liquid.viscosity)?;
        if !network.demand_driven {
            engine.set_pressure_driven(
                driven.minimum.as_m(),
                driven.required.as_m(),
                driven.exponent,
            )?;
        }
        let mut solver = Self {
            engine,
            is_check_valve: Vec::new(),
            node_index: vec![0; network.nodes.len()],
            link_index: Vec::new(),
            curve: vec![None; network.links.len()],
            told: Told {
                demand: vec![0.0; network.nodes.len()],
                emitter: vec![0.0; network.nodes.len()],
                level: vec![None; network.nodes.len()],
                order: vec![None; network.links.len()],
            },
            held: vec![false; network.links.len()],
            found: Found::default(),
            buffer: Vec::new(),
        };
        solver.add_nodes(network)?;
        for link in &network.links {
            solver.add_link(network.friction, link)?;
        }
        for at in 0..network.links.len() {
            solver.add_curve(network, at)?;
        }
        solver.engine.open_solver()?;
        solver.engine.restart_solver()?;
        Ok(solver)
    }

    /// Junctions first: EPANET moves the others up when a junction comes after them.
    fn add_nodes(&mut self, network: &Network) -> Result<(), EngineError> {
        let is_junction = |at: &usize| matches!(network.nodes[*at].kind, NodeKind::Junction { .. });
        let all = 0..network.nodes.len();
        let (junctions, others): (Vec<usize>, Vec<usize>) = all.partition(is_junction);
        for at in junctions.into_iter().chain(others) {
            let node = &network.nodes[at];
            let kind = match node.kind {
                NodeKind::Junction { .. } => NodeType::Junction,
                NodeKind::Reservoir => NodeType::Reservoir,
                NodeKind::Tank(_) => NodeType::Tank,
            };
            let index = self.engine.add_node(&short_id(at), kind)?;
            self.node_index[at] = index;
            let elevation = node.elevation.as_m();
            if let NodeKind::Tank(tank) = &node.kind {
                self.set_tank(index, elevation, tank)?;
            } else {
                self.engine.set_node(index, NodeProperty::Elevation, elevation)?;
            }
        }
        Ok(())
    }

    /// Limits are set once more by the call that later sets levels: both then round alike, and
    /// a tank at its highest level is full to the last bit.
    fn set_tank(&mut self, index: i32, bottom: f64, tank: &Tank) -> Result<(), EngineError> {
        let (min, max) = (tank.min_level.as_m(), tank.max_level.as_m());
        let levels = [f64::midpoint(min, max), min, max];
        // How much it holds is our matter: EPANET never lets time pass.
        self.engine.set_tank(index, bottom, levels, 1.0)?;
        self.engine.set_node(index, NodeProperty::MaxLevel, max)?;
        self.engine.set_node(index, NodeProperty::MinLevel, min)?;
        let overflow = f64::from(u8::from(tank.overflow));
        self.engine.set_node(index, NodeProperty::CanOverflow, overflow)
    }

    fn add_link(&mut self, friction: Friction, link: &Link) -> Result<(), EngineError> {
        let kind = match &link.kind {
            LinkKind::Pipe { check_valve: true, .. } => LinkType::CheckValvePipe,
            LinkKind::Pipe { .. } => LinkType::Pipe,
            LinkKind::Pump { .. } => LinkType::Pump,
            LinkKind::Valve { kind, .. } => LinkType::from(*kind),
        };
        let (start, end) = (short_id(link.start.0), short_id(link.end.0));
        let id = short_id(self.link_index.len());
        let index = self.engine.add_link(&id, kind, &start, &end)?;
        self.link_index.push(index);
        let mut set = |property, value| self.engine.set_link(index, property, value);
        match &link.kind {
            LinkKind::Pipe { length, diameter, roughness, minor_loss, check_valve } => {
                set(LinkProperty::Length, length.as_m())?;
                set(LinkProperty::Diameter, diameter.as_m() * 1_000.0)?;
                set(LinkProperty::Roughness, in_epanet(friction, *roughness))?;
                set(LinkProperty::MinorLoss, *minor_loss)?;
                self.is_check_valve.push(*check_valve);
            }
            LinkKind::Pump { .. } => self.is_check_valve.push(false),
            LinkKind::Valve { kind, diameter, setting, minor_loss, .. } => {
                set(LinkProperty::Diameter, diameter.as_m() * 1_000.0)?;
                set(LinkProperty::MinorLoss, *minor_loss)?;
                if *kind != ValveKind::Gpv {
                    set(LinkProperty::InitialSetting, *setting)?;
                }
                self.is_check_valve.push(false);
            }
        }
        Ok(())
    }

    fn add_curve(&mut self, network: &Network, at: usize) -> Result<(), EngineError> {
        let (engine, link) = (&mut self.engine, self.link_index[at]);
        match &network.links[at].kind {
            LinkKind::Pump { lift: Lift::Curve(curve), .. } => {
                let index = engine.add_curve(&format!("HEAD{at}"))?;
                self.curve[at] = Some(index);
                engine.set_curve(index, &points(curve, 1.0))?;
                engine.set_head_curve(link, index)
            }
            LinkKind::Pump { lift: Lift::Power(power), .. } => {
                engine.set_link(link, LinkProperty::PumpPower, power.as_kw())
            }
            LinkKind::Valve { kind, curve, .. } if !curve.is_empty() => {
                let index = engine.add_curve(&format!("LOSS{at}"))?;
                engine.set_curve(index, curve)?;
                let property = match kind {
                    ValveKind::Gpv => LinkProperty::GpvCurve,
                    _ => LinkProperty::PcvCurve,
                };
                engine.set_link(link, property, f64::from(index))
            }
            LinkKind::Pipe { .. } | LinkKind::Valve { .. } => Ok(()),
        }
    }

    pub fn set_roughness_factor(
        &mut self,
        network: &Network,
        factor: f64,
    ) -> Result<(), EngineError> {
        for (link, index) in network.links.iter().zip(&self.link_index) {
            if let LinkKind::Pipe { roughness, diameter, .. } = link.kind {
                let worn = network.friction.worn(roughness, diameter, factor);
                let value = in_epanet(network.friction, worn);
                self.engine.set_link(*index, LinkProperty::Roughness, value)?;
            }
        }
        Ok(())
    }

    /// EPANET reads curves and powers when its solver is opened: open it again.
    pub fn set_pump_head_factor(
        &mut self,
        network: &Network,
        LinkIndex(at): LinkIndex,
        factor: f64,
    ) -> Result<(), EngineError> {
        let LinkKind::Pump { lift, .. } = &network.links[at].kind else {
            let id = &network.links[at].id;
            return Err(EngineError::Input(format!("{id} is no pump")));
        };
        self.engine.close_solver()?;
        match (lift, self.curve[at]) {
            (Lift::Curve(curve), Some(index)) => {
                self.engine.set_curve(index, &points(curve, factor))?;
            }
            (Lift::Power(power), _) => {
                let power = power.as_kw() * factor;
                self.engine.set_link(self.link_index[at], LinkProperty::PumpPower, power)?;
            }
            (Lift::Curve(_), None) => {}
        }
        self.engine.open_solver()?;
        self.restart()
    }

    fn restart(&mut self) -> Result<(), EngineError> {
        self.told.order.fill(None);
        self.engine.restart_solver()
    }

    /// Solves; `Unbalanced` when nothing usable was found, even from a fresh start.
    pub fn solve(&mut self, wanted: &Wanted) -> Result<Option<Warning>, EngineError> {
        self.hold_check_valves(wanted)?;
        for _ in 0..2 {
            self.tell(wanted)?;
            match self.engine.solve() {
                Ok(Some(Warning::Unbalanced)) | Err(EngineError::NotConverged) => {}
                Ok(warning) => {
                    self.fetch()?;
                    if self.is_finite() {
                        return Ok(warning);
                    }
                }
                Err(error) => return Err(error),
            }
            self.restart()?;
        }
        Ok(Some(Warning::Unbalanced))
    }

    /// EPANET takes no order for a check valve: one that is shut stands there as a pipe meanwhile.
    fn hold_check_valves(&mut self, wanted: &Wanted) -> Result<(), EngineError> {
        let turned =
            |at: &usize| self.is_check_valve[*at] && self.held[*at] == wanted.order[*at].is_on();
        let turned: Vec<usize> = (0..self.is_check_valve.len()).filter(turned).collect();
        if turned.is_empty() {
            return Ok(());
        }
        self.engine.close_solver()?;
        for at in turned {
            self.held[at] = !self.held[at];
            let kind = if self.held[at] { LinkType::Pipe } else { LinkType::CheckValvePipe };
            self.engine.set_pipe_type(self.link_index[at], kind)?;
        }
        self.engine.open_solver()?;
        self.restart()
    }

    /// Tells EPANET what it does not know yet.
    fn tell(&mut self, wanted: &Wanted) -> Result<(), EngineError> {
        let Self { engine, told, .. } = self;
        for (at, index) in self.node_index.iter().enumerate() {
            let mut set = |property, value| engine.set_node(*index, property, value);
            // EPANET has one required pressure: a tap short of another one draws as a hole does.
            let (demand, emitter) = (wanted.demand[at], wanted.emitter[at] + wanted.draw[at]);
            if told.demand[at] != demand {
                set(NodeProperty::BaseDemand, demand)?;
                told.demand[at] = demand;
            }
            if told.emitter[at] != emitter {
                set(NodeProperty::Emitter, emitter.max(NO_LEAK))?;
                told.emitter[at] = emitter;
            }
            if told.level[at] != wanted.level[at] {
                set(NodeProperty::TankLevel, wanted.level[at].unwrap_or(0.0))?;
                told.level[at] = wanted.level[at];
            }
        }
        for (at, index) in self.link_index.iter().enumerate() {
            let order = wanted.order[at];
            if told.order[at] == Some(order) || (self.is_check_valve[at] && order.is_on()) {
                continue;
            }
            let (property, value) = match order {
                Order::Shut => (LinkProperty::Status, 0.0),
                Order::Open => (LinkProperty::Status, 1.0),
                Order::Set(value) => (LinkProperty::Setting, value),
            };
            engine.set_link(*index, property, value)?;
            told.order[at] = Some(order);
        }
        Ok(())
    }

    fn fetch(&mut self) -> Result<(), EngineError> {
        let Self { engine, found, buffer, node_index, link_index, .. } = self;
        engine.node_values(NodeProperty::Head, buffer)?;
        reorder(buffer, node_index, &mut found.head);
        engine.node_values(NodeProperty::DemandFlow, buffer)?;
        reorder(buffer, node_index, &mut found.delivered);
        engine.link_values(LinkProperty::Flow, buffer)?;
        reorder(buffer, link_index, &mut found.flow);
        Ok(())
    }

    fn is_finite(&self) -> bool {
        let Found { head, delivered, flow } = &self.found;
        head.iter().chain(delivered).chain(flow).all(|value| value.is_finite())
    }

    /// Lets the solver give up after so many trials, to see what happens then.
    #[cfg(test)]
    pub fn give_up_after(&mut self, trials: f64) -> Result<(), EngineError> {
        self.engine.set_option(SolverOption::Unbalanced, -1.0)?;
        self.engine.set_option(SolverOption::Trials, trials)
    }

    /// What a link does in the last solution; open when EPANET does not say.
    pub fn status(&self, LinkIndex(at): LinkIndex) -> SolvedStatus {
        let value = self.engine.link_value(self.link_index[at], LinkProperty::Status);
        SolvedStatus::from_epanet(value.unwrap_or(1.0))
    }

    /// The last solution.
    pub fn found(&self) -> &Found {
        &self.found
    }
}

/// EPANET's id of the node or link at this position: letters, the last changing fastest.
///
/// EPANET keeps ids in hash tables of 1 MB, of which only the touched pages cost memory. Ids that
/// follow each other lie close together there, those of people touch a page each: half a megabyte
/// for a plant of 60 nodes. Four letters name 456,976.
fn short_id(at: usize) -> String {
    const LETTERS: usize = 26;
    let letter = |digit: usize| char::from(b'A' + (digit % LETTERS) as u8);
    let digits = [at / (LETTERS * LETTERS * LETTERS), at / (LETTERS * LETTERS), at / LETTERS, at];
    digits.map(letter).iter().collect()
}

/// A roughness as EPANET has it in SI units: heights in mm.
fn in_epanet(friction: Friction, roughness: f64) -> f64 {
    if friction == Friction::DarcyWeisbach { roughness * 1_000.0 } else { roughness }
}

fn points(curve: &[(Flow, Length)], factor: f64) -> Vec<(f64, f64)> {
    curve.iter().map(|(flow, head)| (flow.as_m3_per_s(), head.as_m() * factor)).collect()
}

/// From EPANET's order to the network's.
fn reorder(values: &[f64], index: &[i32], into: &mut Vec<f64>) {
    into.clear();
    into.extend(index.iter().map(|index| values[*index as usize - 1]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_differ_and_follow_each_other() {
        let ids: std::collections::BTreeSet<String> = (0..20_000).map(short_id).collect();
        assert_eq!(ids.len(), 20_000);
        assert_eq!([0, 1, 26, 676].map(short_id), ["AAAA", "AAAB", "AABA", "ABAA"]);
    }
}
