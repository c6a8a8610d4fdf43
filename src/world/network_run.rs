//! Any EPANET file, solved by our clock, tanks, controls and transport: no plant, no treatment.
//!
//! In: a `Model`. Out: the same steps as EPANET's own run of the file gives, to be compared.

use std::sync::Arc;

use super::hydraulics::file::model::{Model, Source, SourceType};
use super::hydraulics::file::{
    Layout, LinkState, NodeState, QualityKind, Step, StepWarning, Totals,
};
use super::hydraulics::{Hydraulics, HydraulicsError, Warning};
use super::pump::power;
use super::quality::{Boost, Carried, Flows, Species, Transport};
use crate::base::time::UtcOffset;
use crate::base::units::{Flow, Length, Power, Volume};
use crate::base::{Span, Stamp};
use crate::plant::network::{LinkIndex, NodeIndex, NodeKind};

/// A share of water from the traced node, in %.
const ALL_PERCENT: f64 = 100.0;

/// A file on its way through time.
pub struct NetworkRun {
    model: Model,
    hydraulics: Hydraulics,
    transport: Option<(Transport, Species)>,
    /// Midnight of the first day.
    start: Stamp,
    now: Stamp,
    next_report_s: i64,
    is_over: bool,
    totals: Totals,
    step: Step,
    withdrawn: Vec<f64>,
    flows: Vec<f64>,
    /// Net inflow of each node through its links, m³/s.
    inflow: Vec<f64>,
    volumes: Vec<f64>,
    spilled: Vec<f64>,
}

impl NetworkRun {
    /// Before the first step. Errors: the solver refuses the network.
    pub fn new(model: Model) -> Result<Self, HydraulicsError> {
        let midnight = Stamp::from_ms(0).unwrap_or(Stamp::MAX);
        let start = midnight + Span::seconds(model.clock_start_s);
        let (nodes, links) = (model.network.nodes.len(), model.network.links.len());
        let hydraulics = {
            let network = Arc::clone(&model.network);
            let driven = network.pressure_driven;
            Hydraulics::new(network, driven, start, UtcOffset::UTC)?
        };
        let mut run = Self {
            hydraulics,
            transport: None,
            start,
            now: start,
            next_report_s: model.report_start_s,
            is_over: false,
            totals: Totals::default(),
            step: Step::default(),
            withdrawn: vec![0.0; nodes],
            flows: vec![0.0; links],
            inflow: vec![0.0; nodes],
            volumes: vec![0.0; nodes],
            spilled: vec![0.0; nodes],
            model,
        };
        run.read_volumes();
        Ok(run)
    }

    /// Positions of each link's start and end node in the layout.
    pub fn ends(&self) -> Vec<(usize, usize)> {
        let links = self.model.network.links.iter().take(self.model.layout.links.len());
        links.map(|link| (link.start.0, link.end.0)).collect()
    }

    /// Names and times, as EPANET's own run has them.
    pub fn layout(&self) -> &Layout {
        &self.model.layout
    }

    /// Water over the borders so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// How often the solver found nothing and the last solution had to do.
    pub fn unsolved(&self) -> u64 {
        self.hydraulics.unsolved()
    }

    /// Goes on up to the next reporting time; none after the end.
    pub fn next_step(&mut self) -> Result<Option<&Step>, HydraulicsError> {
        while !self.is_over {
            if self.part()? {
                return Ok(Some(&self.step));
            }
        }
        Ok(None)
    }

    /// One hydraulic step; was there something to report at its beginning?
    fn part(&mut self) -> Result<bool, HydraulicsError> {
        let elapsed = self.now - self.start;
        let time_s = elapsed.as_ms() / 1_000;
        self.model.set(time_s, self.hydraulics.boundary());
        let layout = &self.model.layout;
        let end = Span::seconds(layout.duration_s);
        let limit = [
            Span::seconds(layout.hydraulic_step_s),
            Span::seconds(time_s + self.model.until_pattern_s(time_s)) - elapsed,
            Span::seconds(self.next_due_s(time_s)) - elapsed,
            end - elapsed,
        ];
        let limit = limit.into_iter().filter(|span| *span > Span::ZERO).min();
        let limit = limit.unwrap_or(Span::SECOND);
        let (_, span) = self.hydraulics.solve(self.now, limit)?;
        self.read_flows();
        self.read_inflows();
        if self.transport.is_none() && self.model.layout.quality != QualityKind::None {
            self.transport = Some(self.fill());
        }
        self.bring_sources(time_s);
        let is_due = elapsed >= Span::seconds(self.next_report_s);
        if is_due {
            self.report(time_s);
            self.next_report_s += self.model.layout.step_s;
        }
        if elapsed >= end {
            self.is_over = true;
        } else {
            self.advance(span);
            self.now += span;
        }
        Ok(is_due)
    }

    /// The next time of a report after `time_s`.
    fn next_due_s(&self, time_s: i64) -> i64 {
        if self.next_report_s > time_s {
            self.next_report_s
        } else {
            self.next_report_s + self.model.layout.step_s
        }
    }

    fn read_flows(&mut self) {
        let solution = self.hydraulics.solution();
        for (own, flow) in self.flows.iter_mut().zip(&solution.flow) {
            *own = flow.as_m3_per_s();
        }
        let taken = solution.delivered.iter().zip(&solution.leakage);
        for ((own, (delivered, leaked)), node) in
            self.withdrawn.iter_mut().zip(taken).zip(&self.model.network.nodes)
        {
            let is_junction = matches!(node.kind, NodeKind::Junction { .. });
            let taken = delivered.as_m3_per_s() + leaked.as_m3_per_s();
            *own = if is_junction { taken } else { 0.0 };
        }
    }

    fn read_inflows(&mut self) {
        self.inflow.fill(0.0);
        for (link, flow) in self.model.network.links.iter().zip(&self.flows) {
            self.inflow[link.start.0] -= flow;
            self.inflow[link.end.0] += flow;
        }
    }

    fn read_volumes(&mut self) {
        let levels = &self.hydraulics.boundary().tank_level;
        for (at, node) in self.model.network.nodes.iter().enumerate() {
            if let NodeKind::Tank(tank) = &node.kind {
                self.volumes[at] = tank.volume(levels[at]).as_m3();
            }
        }
    }

    /// Fills the network as EPANET does: each pipe with the water of its downstream node.
    fn fill(&self) -> (Transport, Species) {
        let model = &self.model;
        let species = match &model.layout.quality {
            QualityKind::Age => Species::Age,
            QualityKind::Trace(_) => Species::TRACER,
            QualityKind::Chemical(_) | QualityKind::None => Species::Chlorine,
        };
        let quality = |at: usize, initial: f64| match &model.layout.quality {
            QualityKind::Trace(id) if model.network.nodes[at].id == *id => ALL_PERCENT,
            QualityKind::Trace(_) => 0.0,
            _ => initial,
        };
        let initial = model.initial_quality.iter().enumerate();
        let waters: Vec<Carried> =
            initial.map(|(at, value)| carrying(species, quality(at, *value))).collect();
        let mut transport = Transport::with_waters(&model.network, &waters);
        for (pipe, own) in &model.own_reactions.pipes {
            transport.set_pipe_reactions(&model.network, *pipe, *own);
        }
        for (tank, own) in &model.own_reactions.tanks {
            transport.set_tank_reactions(&model.network, *tank, *own);
        }
        if let Some(traced) = self.traced() {
            transport.set_boost(traced, Some((species, Boost::SetPoint(ALL_PERCENT))));
        }
        (transport, species)
    }

    /// The node whose water is traced.
    fn traced(&self) -> Option<NodeIndex> {
        match &self.model.layout.quality {
            QualityKind::Trace(id) => self.model.network.node(id),
            _ => None,
        }
    }

    /// Sets the water that comes from outside, and what is put into that which is there.
    fn bring_sources(&mut self, time_s: i64) {
        let Some((transport, species)) = &mut self.transport else { return };
        for Source { node, kind, strength, .. } in self.model.sources(time_s) {
            let boost = match kind {
                _ if matches!(self.model.network.nodes[node.0].kind, NodeKind::Reservoir) => {
                    transport.set_boundary(node, carrying(*species, strength));
                    continue;
                }
                SourceType::Mass => Boost::Mass(strength / 60_000.0), // mg/min to g/s
                SourceType::SetPoint => Boost::SetPoint(strength),
                SourceType::Concentration | SourceType::FlowPaced => Boost::FlowPaced(strength),
            };
            let boost = (strength > 0.0).then_some((*species, boost));
            transport.set_boost(node, boost);
        }
    }

    /// Lets `span` pass: tanks first, then the water in steps of the file's quality step.
    fn advance(&mut self, span: Span) {
        self.add_up(span);
        let before = self.volumes.clone();
        let moved = self.hydraulics.advance(span);
        let overflow: Vec<f64> = moved.overflow.iter().map(|volume| volume.as_m3()).collect();
        self.read_volumes();
        let Some((transport, _)) = &mut self.transport else { return };
        let seconds = span.as_seconds();
        let parts = libm::ceil(seconds / self.model.quality_step_s as f64).max(1.0);
        let mut volumes = before.clone();
        for (own, spilled) in self.spilled.iter_mut().zip(&overflow) {
            *own = spilled / parts;
        }
        for part in 1..=parts as usize {
            for (at, volume) in volumes.iter_mut().enumerate() {
                *volume = before[at] + (self.volumes[at] - before[at]) * part as f64 / parts;
            }
            transport.step(&Flows {
                dt_s: seconds / parts,
                temperature_deg_c: 20.0, // where the file's coefficients hold
                links: &self.flows,
                withdrawn: &self.withdrawn,
                tank_volumes: &volumes,
                spilled: &self.spilled,
            });
        }
    }

    fn add_up(&mut self, span: Span) {
        let network = &self.model.network;
        let seconds = span.as_seconds();
        for (at, taken) in self.withdrawn.iter().enumerate() {
            let volume = |flow: f64| Volume::m3(flow * seconds);
            match network.nodes[at].kind {
                NodeKind::Junction { .. } => self.totals.delivered += volume(*taken),
                NodeKind::Tank(_) => self.totals.stored += volume(self.inflow[at]),
                NodeKind::Reservoir => self.totals.supplied += volume(-self.inflow[at]),
            }
        }
    }

    fn report(&mut self, time_s: i64) {
        let nodes: Vec<NodeState> =
            (0..self.model.layout.nodes.len()).map(|at| self.node_state(at)).collect();
        let links = (0..self.model.layout.links.len()).map(|at| self.link_state(LinkIndex(at)));
        let links: Vec<LinkState> = links.collect();
        let solution = self.hydraulics.solution();
        self.step.time_s = time_s;
        self.step.nodes = nodes;
        self.step.links = links;
        self.step.warnings.clear();
        if solution.warning == Some(Warning::Unbalanced) {
            self.step.warnings.push(StepWarning {
                time_s,
                kind: Warning::Unbalanced,
                text: "no solution; the last one is kept".to_owned(),
            });
        }
    }

    fn link_state(&self, link: LinkIndex) -> LinkState {
        LinkState {
            flow: self.hydraulics.solution().flow[link.0],
            status: self.hydraulics.status(link),
            power: self.power(link),
        }
    }

    fn power(&self, LinkIndex(at): LinkIndex) -> Power {
        let (link, solution) = (&self.model.network.links[at], self.hydraulics.solution());
        let lift = solution.head[link.end.0] - solution.head[link.start.0];
        let speed = self.hydraulics.speed(LinkIndex(at));
        power(link, solution.flow[at], lift, speed, 1.0) * self.model.specific_gravity
    }

    fn node_state(&self, at: usize) -> NodeState {
        let solution = self.hydraulics.solution();
        let kind = &self.model.network.nodes[at].kind;
        let demand = match kind {
            NodeKind::Junction { .. } => self.withdrawn[at] - self.model.inflow_at(at, &self.flows),
            NodeKind::Tank(_) | NodeKind::Reservoir => self.inflow[at],
        };
        NodeState {
            head: solution.head[at],
            pressure: if matches!(kind, NodeKind::Reservoir) {
                Length::ZERO
            } else {
                solution.pressure[at]
            },
            demand: Flow::m3_per_s(demand),
            quality: self.transport.as_ref().map(|(transport, species)| {
                // EPANET tells what a tank holds, but of one that is traced what leaves it.
                let water = if self.traced() == Some(NodeIndex(at)) {
                    transport.waters()[at]
                } else {
                    transport.inside(NodeIndex(at))
                };
                water[*species as usize] * self.model.quality_factor
            }),
        }
    }
}

fn carrying(species: Species, value: f64) -> Carried {
    let mut carried = Carried::default();
    carried[species as usize] = value;
    carried
}
