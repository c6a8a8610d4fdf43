//! Pressure and flow of one plant: EPANET solves, the clock, tanks and controls are ours.
//!
//! In: a `Network`, demands, leaks, switches. Out: heads, flows and tank levels, step by step.
//! Must not know: water quality, people, instruments.

mod brim;
mod controls;
#[cfg(feature = "epanet")]
mod engine;
#[cfg(feature = "epanet")]
pub mod file;
pub mod mistakes;
mod outcome;
mod reach;
mod rules;
mod solver;
mod state;
mod tanks;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::base::time::UtcOffset;
use crate::base::units::{Flow, Length};
use crate::base::{Span, Stamp};
use crate::plant::network::{LinkIndex, LinkKind, Network, NodeKind, PressureDriven, SolvedStatus};
use brim::Brim;
use controls::Controls;
pub use outcome::{EngineError, Warning};
use reach::Reach;
use rules::{Rules, View};
use solver::{Solver, Wanted};
use state::Order;
pub use state::{Boundary, Solution, Volumes};

/// Why there is no solution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HydraulicsError {
    /// A value of the boundary that no plant can have.
    #[error("{what} of {id} must be a finite number, 0 or more")]
    Input {
        /// Which value.
        what: &'static str,
        /// Id of its node or link.
        id: String,
    },
    /// The solver refused, or found no first solution.
    #[error("the network cannot be solved")]
    Engine(#[from] EngineError),
    /// Built without the feature `epanet`.
    #[error("this build has no solver: build it with the feature `epanet`")]
    NoSolver,
}

/// Most solutions that are looked for at one moment.
const TURNS: usize = 8;

/// A tap this close to its required pressure, m, stands on either side of it: it gets within
/// 1e-4 of its demand by both.
const NEAR_M: f64 = 1e-3;

/// One plant's hydraulics: solver, tanks, controls and clock.
///
/// Use: loop { change the boundary; `solve`; use the solution for the span it gives; `advance` }.
pub struct Hydraulics {
    network: Arc<Network>,
    driven: PressureDriven,
    solver: Solver,
    controls: Controls,
    rules: Rules,
    reach: Reach,
    brim: Brim,
    boundary: Boundary,
    wanted: Wanted,
    solution: Solution,
    /// Net inflow of tanks in m³/s, one per node.
    inflow: Vec<f64>,
    volumes: Volumes,
    has_solution: bool,
    unsolved: u64,
    solves: u64,
    /// Per node: a tap below its own required pressure.
    short: Vec<bool>,
    roughness_factor: f64,
    head_factor: Vec<f64>,
}

impl Hydraulics {
    /// Takes the network as it stands at the start, its taps giving by `driven`; times of controls
    /// count from there, times of day in `offset`. Errors: the solver refuses the network, or
    /// there is none.
    pub fn new(
        network: Arc<Network>,
        driven: PressureDriven,
        start: Stamp,
        offset: UtcOffset,
    ) -> Result<Self, HydraulicsError> {
        let nodes = network.nodes.len();
        let links = network.links.len();
        Ok(Self {
            solver: Solver::new(&network, driven)?,
            controls: Controls::new(start, offset),
            rules: Rules::new(start, offset),
            reach: Reach::new(&network),
            brim: Brim::new(nodes),
            boundary: Boundary::at_start(&network),
            wanted: Wanted::default(),
            solution: Solution::empty(nodes, links),
            inflow: vec![0.0; nodes],
            volumes: Volumes::zero(nodes),
            has_solution: false,
            unsolved: 0,
            solves: 0,
            short: vec![false; nodes],
            roughness_factor: 1.0,
            head_factor: vec![1.0; links],
            driven,
            network,
        })
    }

    /// The plant's state, to read and to change.
    pub fn boundary(&mut self) -> &mut Boundary {
        &mut self.boundary
    }

    /// Relative speed of a pump, as ordered.
    pub fn speed(&self, pump: LinkIndex) -> f64 {
        self.boundary.speed[pump.0]
    }

    /// What a link does in the last solution.
    pub fn status(&self, link: LinkIndex) -> SolvedStatus {
        self.solver.status(link)
    }

    /// The last solution.
    pub fn solution(&self) -> &Solution {
        &self.solution
    }

    /// How often the solver found nothing and the last solution had to do.
    pub fn unsolved(&self) -> u64 {
        self.unsolved
    }

    /// How often the solver was asked.
    pub fn solves(&self) -> u64 {
        self.solves
    }

    /// Leaves every pipe this share of its roughness C, as the network file has it; above 0.
    /// Pipes of other formulas come to lose as much more, see `Friction::worn`.
    pub fn set_roughness_factor(&mut self, factor: f64) -> Result<(), HydraulicsError> {
        if factor != self.roughness_factor {
            self.solver.set_roughness_factor(&self.network, above_zero(factor)?)?;
            self.roughness_factor = factor;
        }
        Ok(())
    }

    /// Multiplies the head of one pump's curve, as the network file has it; above 0.
    pub fn set_pump_head_factor(
        &mut self,
        pump: LinkIndex,
        factor: f64,
    ) -> Result<(), HydraulicsError> {
        if factor != self.head_factor[pump.0] {
            self.solver.set_pump_head_factor(&self.network, pump, above_zero(factor)?)?;
            self.head_factor[pump.0] = factor;
        }
        Ok(())
    }

    /// Applies the controls at `now` and solves. Gives the solution and how long it holds: at most
    /// `limit`, less if before that a tank becomes full or empty or a control or rule acts.
    ///
    /// Errors: a wrong boundary, a refusal of the solver, or nothing found at the very first time;
    /// later the last solution is kept, with its warning, and `unsolved` counts.
    pub fn solve(&mut self, now: Stamp, limit: Span) -> Result<(&Solution, Span), HydraulicsError> {
        self.check_boundary()?;
        self.controls.apply(&self.network, now, &mut self.boundary, &self.solution.pressure);
        let links = 0..self.network.links.len();
        let order = |link| self.boundary.order(&self.network, LinkIndex(link));
        let orders: Vec<Order> = links.map(order).collect();
        self.reach.update(&self.network, &orders, &self.boundary.tank_level);
        self.brim.update(&self.network, now, &self.boundary.tank_level);
        match self.solve_for_taps(&orders)? {
            Some(warning) if warning == Warning::Unbalanced => {
                self.unsolved += 1;
                if !self.has_solution {
                    return Err(EngineError::NotConverged.into());
                }
                self.solution.warning = Some(warning);
            }
            warning => {
                self.has_solution = true;
                self.solution.open = orders.iter().map(|order| order.is_on()).collect();
                self.solution.reached.copy_from_slice(self.reach.reached());
                self.solution.warning = warning;
                self.read_solution();
            }
        }
        let span = tanks::until_event(&self.network, &self.boundary.tank_level, &self.inflow)
            .into_iter()
            .chain(self.controls.until_event(
                &self.network,
                now,
                &self.boundary.tank_level,
                &self.inflow,
            ))
            .fold(limit, Span::min);
        let view = View {
            network: &self.network,
            boundary: &self.boundary,
            solution: &self.solution,
            solver: &self.solver,
            inflow: &self.inflow,
        };
        let span = self.rules.look_ahead(&view, now, span).unwrap_or(span);
        Ok((&self.solution, span))
    }

    /// Solves until every tap stands on its side of its own required pressure. That is once,
    /// unless some have crossed it since the last time.
    fn solve_for_taps(&mut self, orders: &[Order]) -> Result<Option<Warning>, EngineError> {
        for _ in 0..TURNS {
            let warning = self.solve_once(orders)?;
            if warning == Some(Warning::Unbalanced) || !self.turn_taps() {
                return Ok(warning);
            }
        }
        // Taps that turn for ever stand within a hair of their required pressure: either is right.
        self.solve_once(orders)
    }

    fn solve_once(&mut self, orders: &[Order]) -> Result<Option<Warning>, EngineError> {
        let ends = (&self.reach, &self.brim);
        self.wanted.set(&self.network, &self.boundary, orders, ends, &self.short);
        self.solves += 1;
        self.solver.solve(&self.wanted)
    }

    /// Puts every tap on the side of its own required pressure where the solver found it. Were
    /// some on the other?
    fn turn_taps(&mut self) -> bool {
        let driven = &self.driven;
        if driven.exponent != 0.5 || driven.minimum != Length::ZERO || self.network.demand_driven {
            return false;
        }
        let found = self.solver.found();
        let mut turned = false;
        for (at, node) in self.network.nodes.iter().enumerate() {
            let required = self.boundary.required[at];
            if required > driven.required {
                let above = found.head[at] - node.elevation.as_m() - required.as_m();
                let drawn = self.wanted.demand[at] > 0.0 || self.wanted.draw[at] > 0.0;
                let is_short = drawn && above < if self.short[at] { NEAR_M } else { -NEAR_M };
                turned |= is_short != self.short[at];
                self.short[at] = is_short;
            }
        }
        turned
    }

    /// Lets `span` pass with the last solution: moves tank levels, counts what spills, lets rules
    /// act. `span`: the one that `solve` gave, or less.
    pub fn advance(&mut self, span: Span) -> &Volumes {
        let levels = &mut self.boundary.tank_level;
        tanks::advance(&self.network, levels, &self.inflow, span, &mut self.volumes);
        self.rules.pass(span, &self.network, &mut self.boundary);
        &self.volumes
    }

    fn check_boundary(&self) -> Result<(), HydraulicsError> {
        let sound = |value: f64| value.is_finite() && value >= 0.0;
        let boundary = &self.boundary;
        for (at, node) in self.network.nodes.iter().enumerate() {
            let what = match node.kind {
                NodeKind::Junction { .. } if !sound(boundary.demand[at].as_m3_per_s()) => "demand",
                NodeKind::Junction { .. } if !sound(boundary.leak_m3_per_h_at_20_m[at]) => "leak",
                NodeKind::Junction { .. } if !sound(boundary.required[at].as_m()) => {
                    "required pressure"
                }
                NodeKind::Tank(_) if !sound(boundary.tank_level[at].as_m()) => "level",
                NodeKind::Tank(_) if !sound(boundary.drawn[at].as_m3_per_s()) => "draw",
                NodeKind::Reservoir if !boundary.reservoir_head[at].as_m().is_finite() => "head",
                _ => continue,
            };
            return Err(HydraulicsError::Input { what, id: node.id.clone() });
        }
        for (at, link) in self.network.links.iter().enumerate() {
            let what = match link.kind {
                LinkKind::Pump { .. } if !sound(boundary.speed[at]) => "speed",
                LinkKind::Valve { .. } if !sound(boundary.valve_setting(at)) => "setting",
                _ => continue,
            };
            return Err(HydraulicsError::Input { what, id: link.id.clone() });
        }
        Ok(())
    }

    /// Fills the solution with what the solver found, and the tanks' net inflow.
    fn read_solution(&mut self) {
        let found = self.solver.found();
        let solution = &mut self.solution;
        for (at, node) in self.network.nodes.iter().enumerate() {
            let (head, pressure) = match node.kind {
                NodeKind::Reservoir => (Length::m(found.head[at]), Length::ZERO),
                _ if !solution.reached[at] => (node.elevation, Length::ZERO),
                NodeKind::Tank(_) => (Length::m(found.head[at]), self.boundary.tank_level[at]),
                NodeKind::Junction { .. } => {
                    let head = Length::m(found.head[at]);
                    (head, head - node.elevation)
                }
            };
            solution.head[at] = head;
            solution.pressure[at] = pressure;
            let root = pressure.as_m().max(0.0).sqrt();
            let drawn = found.delivered[at].max(0.0) + self.wanted.draw[at] * root;
            solution.delivered[at] = Flow::m3_per_s(drawn);
            let leak = self.wanted.emitter[at] * root;
            solution.leakage[at] = Flow::m3_per_s(leak);
        }
        self.inflow.fill(0.0);
        for (at, node) in self.network.nodes.iter().enumerate() {
            if let NodeKind::Tank(tank) = &node.kind {
                let drawn = self.boundary.drawn_from(at, tank);
                solution.drawn[at] = Flow::m3_per_s(drawn);
                self.inflow[at] = -drawn;
            }
        }
        for (at, link) in self.network.links.iter().enumerate() {
            let flow = if solution.open[at] { found.flow[at] } else { 0.0 };
            solution.flow[at] = Flow::m3_per_s(flow);
            self.inflow[link.start.0] -= flow;
            self.inflow[link.end.0] += flow;
        }
    }
}

fn above_zero(factor: f64) -> Result<f64, EngineError> {
    let error = || EngineError::Input(format!("a factor must be above 0, not {factor}"));
    (factor.is_finite() && factor > 0.0).then_some(factor).ok_or_else(error)
}
