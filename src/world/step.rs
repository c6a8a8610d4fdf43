//! The world: one plant, step by step.

use std::sync::Arc;

use super::WorldError;
use super::begin::{check, one_substance};
use super::demand::Demand;
use super::emptying::Emptying;
use super::foreign::Foreign;
use super::hydraulics::Hydraulics;
use super::limits::{Jolt, Limits, Moment, Outside};
use super::pump::power;
use super::quality::order::direction;
use super::quality::water::Bound;
use super::quality::{Books, Flows, Transport};
use super::situation::{Situation, next_change};
use super::station::Stations;
use super::treatment::Works;
use super::treatment::contact::{contact_min, giardia_log, giardia_log_of_chlorine_dioxide};
use super::truth::{LinkTruth, NodeTruth, Truth};
use crate::base::ids::InjectionId;
use crate::base::units::{Flow, Length, Power, Volume};
use crate::base::{Span, Stamp};
use crate::plant::Plant;
use crate::plant::network::{LinkIndex, LinkKind, NodeIndex, NodeKind};
use crate::plant::train::Agent;
use crate::scenario::injection::Injection;

/// Length of a step unless `with_step` says otherwise.
pub const STEP: Span = Span::MINUTE;

/// Share of a pipe's deposit that comes up when water shoots into it after it ran empty `[D]`:
/// the first water after a cut is brown. A well-kept main stays below 1 NTU, an old one does not.
const STIRRED_SHARE: f64 = 0.6;

/// Share of the clear well that no wash of filters takes `[D]`: operators let dirty filters wait
/// rather than leave villages without water.
const KEPT_SHARE: f64 = 0.4;

/// One plant and all its water.
pub struct World {
    pub(super) plant: Arc<Plant>,
    pub(super) condition: usize,
    pub(super) injections: Vec<Injection>,
    pub(super) foreign: Vec<Foreign>,
    pub(super) step: Span,
    pub(super) now: Stamp,
    /// When the situation changes next.
    pub(super) changes_at: Option<Stamp>,
    pub(super) situation: Situation,
    pub(super) hydraulics: Hydraulics,
    pub(super) transport: Transport,
    pub(super) books: Box<Books>,
    pub(super) demand: Demand,
    /// Boxed, as a world is moved into the task that plays it.
    pub(super) works: Box<Works>,
    pub(super) truth: Truth,
    pub(super) stations: Stations,
    /// Since the start, one per link.
    pub(super) energy_kwh: Vec<f64>,
    pub(super) lifted_m3: Vec<f64>,
    /// Per node: did no water come there in the last part of a step?
    pub(super) is_dry: Vec<bool>,
    pub(super) emptying: Emptying,
    pub(super) limits: Limits,
    /// Something has just happened that changes flows at once.
    pub(super) is_sudden: bool,
    /// Of the present part of a step: m³/s per link, then per node; m³ per node.
    pub(super) flows: Vec<f64>,
    pub(super) withdrawn: Vec<f64>,
    pub(super) volumes: Vec<f64>,
    pub(super) spilled: Vec<f64>,
    /// What people want, cut off or not: one per node.
    pub(super) wanted: Vec<Flow>,
}

impl World {
    /// The same world in steps of this length; at least a second.
    pub fn with_step(mut self, step: Span) -> Self {
        self.step = step.max(Span::SECOND);
        self
    }

    /// Goes one whole step on, in parts where something happens inside it: a tank full or empty, a
    /// control at its level, an injection that begins or ends.
    ///
    /// Chance is drawn once a step and people want what they want at its beginning, so that no
    /// event inside it changes what comes after.
    pub fn step(&mut self) -> Result<&Truth, WorldError> {
        let begin = self.now;
        let end = begin + self.step;
        self.demand.advance(begin, self.step);
        self.works.advance(self.step);
        while self.now < end {
            if self.changes_at.is_some_and(|moment| moment <= self.now) {
                self.enter_situation()?;
            }
            let limit = self.changes_at.map_or(end, |moment| moment.min(end)) - self.now;
            self.part(begin, limit)?;
        }
        self.tell();
        Ok(&self.truth)
    }

    /// Lets something happen from now on that nobody has foreseen: what somebody orders. Errors: it
    /// names a place that the plant has not got.
    pub fn happen(&mut self, injection: Injection) -> Result<(), WorldError> {
        check(&self.plant, self.condition, std::slice::from_ref(&injection))?;
        one_substance(&injection, &self.injections)?;
        self.injections.push(injection);
        self.works.learn(&self.injections);
        self.changes_at = Some(self.now);
        Ok(())
    }

    /// Ends what happens from now on, unless it is over already.
    pub fn end(&mut self, id: &InjectionId) {
        for injection in self.injections.iter_mut().filter(|injection| injection.id == *id) {
            injection.end_at(self.now);
        }
        self.works.learn(&self.injections);
        self.changes_at = Some(self.now);
    }

    /// What happens, as far as it is known.
    pub fn injections(&self) -> &[Injection] {
        &self.injections
    }

    /// Is the pump or valve held shut: tripped, left shut, or without power?
    pub fn is_held_shut(&self, link: LinkIndex) -> bool {
        self.situation.network.is_shut[link.0]
    }

    /// The truth at the end of the last step.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// When and where something lay outside the range of the model, since the start.
    pub fn outside(&self) -> &[Outside] {
        self.limits.outside()
    }

    /// Segments in all pipes: what a step of the transport costs.
    pub fn segments(&self) -> usize {
        self.transport.segments()
    }

    /// Puts the plant into the state that injections want from now on.
    fn enter_situation(&mut self) -> Result<(), WorldError> {
        let new = Situation::at(&self.plant, self.condition, &self.injections, self.now);
        self.is_sudden |= new.network.differs_at_once(&self.situation.network);
        self.situation = new;
        self.changes_at = next_change(&self.plant, &self.injections, self.now);
        let situation = &self.situation;
        let wear = &situation.wear;
        self.transport.set_wall_factor(wear.wall_decay_factor);
        self.hydraulics.set_roughness_factor(wear.roughness_factor)?;
        for (at, link) in self.plant.network.links.iter().enumerate() {
            if matches!(link.kind, LinkKind::Pump { .. }) {
                let share = situation.network.head_share[at];
                self.hydraulics.set_pump_head_factor(LinkIndex(at), share)?;
            }
        }
        let boundary = self.hydraulics.boundary();
        boundary.forced_closed.copy_from_slice(&situation.network.is_shut);
        boundary.by_hand.copy_from_slice(&situation.network.by_hand);
        boundary.stuck_setting.copy_from_slice(&situation.network.stuck_setting);
        for connection in &self.foreign {
            let injection = self.injections.get(connection.injection); // none in the run-in
            let is_connected = injection.is_some_and(|injection| injection.is_active(self.now));
            boundary.forced_closed[connection.link.0] = !is_connected;
        }
        Ok(())
    }

    /// What the condition, bursts and growing leaks lose in a step that begins at `begin`.
    fn set_leaks(&mut self, begin: Stamp) {
        let state = &self.situation.network;
        let wear = &self.situation.wear;
        let leaks = &mut self.hydraulics.boundary().leak_m3_per_h_at_20_m;
        leaks.copy_from_slice(&state.burst_m3_per_h);
        let own = wear.leakage_m3_per_h_at_20_m / self.demand.taps().count().max(1) as f64;
        for NodeIndex(tap) in self.demand.taps() {
            leaks[tap] += own;
        }
        for (NodeIndex(node), lost) in state.leaks_at(begin) {
            leaks[node] += lost;
        }
        for (leak, filling) in leaks.iter_mut().zip(self.emptying.filling()) {
            *leak += filling;
        }
    }

    /// Goes on by a part of the step that began at `begin`, at most by `limit`: flows first, then
    /// the water they carry.
    fn part(&mut self, begin: Stamp, limit: Span) -> Result<(), WorldError> {
        self.set_leaks(begin);
        let situation = &self.situation;
        let wanted = self.demand.at(begin, &situation.people);
        let boundary = self.hydraulics.boundary();
        let train = &self.plant.train;
        let intake = Flow::m3_per_h(train.capacity_m3_per_h) * situation.works.intake_share;
        boundary.setting_most[train.production.0] =
            self.works.source_yield(self.now).as_m3_per_s().min(intake.as_m3_per_s());
        for (NodeIndex(node), flow) in wanted {
            self.wanted[node] = flow;
            let is_cut = situation.people.is_cut[node];
            boundary.demand[node] = if is_cut { Flow::ZERO } else { flow };
        }
        boundary.drawn[train.clear_well.0] = self.works.wash_draw(limit);
        let (solution, span) = self.hydraulics.solve(self.now, limit)?;
        if std::mem::take(&mut self.is_sudden) {
            let jolt = Jolt { before: &self.flows, after: &solution.flow };
            self.limits.feel(&self.plant.network, self.now, &jolt);
        }
        for (own, flow) in self.flows.iter_mut().zip(&solution.flow) {
            *own = flow.as_m3_per_s();
        }
        let taken = solution.delivered.iter().zip(&solution.leakage).zip(&solution.drawn);
        for (own, ((delivered, leaked), drawn)) in self.withdrawn.iter_mut().zip(taken) {
            *own = delivered.as_m3_per_s() + leaked.as_m3_per_s() + drawn.as_m3_per_s();
        }
        self.count_energy(span);
        self.wet_pipes(span);
        self.fill_tanks(span);
        self.carry(span);
        self.stations.advance(self.now, span, &self.situation.stations);
        self.look(span);
        self.now += span;
        Ok(())
    }

    fn count_energy(&mut self, span: Span) {
        for (at, link) in self.plant.network.links.iter().enumerate() {
            if matches!(link.kind, LinkKind::Pump { .. }) {
                self.energy_kwh[at] += self.power(LinkIndex(at)).as_kw() * span.as_hours();
                self.lifted_m3[at] += self.flows[at].max(0.0) * span.as_seconds();
            }
        }
    }

    /// Electrical power of a pump.
    fn power(&self, LinkIndex(at): LinkIndex) -> Power {
        let (link, solution) = (&self.plant.network.links[at], self.hydraulics.solution());
        let lift = solution.head[link.end.0] - solution.head[link.start.0];
        let share = self.situation.network.head_share[at];
        power(link, solution.flow[at], lift, self.hydraulics.speed(LinkIndex(at)), share)
    }

    /// Notes which places are dry, and stirs up the pipes that water comes back to.
    fn wet_pipes(&mut self, span: Span) {
        let solution = self.hydraulics.solution();
        let links = &self.plant.network.links;
        for (at, node) in self.plant.network.nodes.iter().enumerate() {
            self.is_dry[at] = match &node.kind {
                NodeKind::Junction { .. } => {
                    !solution.reached[at] || solution.pressure[at] <= Length::ZERO
                }
                NodeKind::Tank(tank) => solution.pressure[at] <= tank.min_level,
                NodeKind::Reservoir => false,
            };
        }
        for (at, link) in links.iter().enumerate() {
            let is_dry = self.is_dry[link.start.0] && self.is_dry[link.end.0];
            if let Some(missing) = self.emptying.advance(at, is_dry, &solution.pressure, span) {
                self.transport.stir(LinkIndex(at), STIRRED_SHARE * missing);
            }
        }
    }

    fn fill_tanks(&mut self, span: Span) {
        let moved = self.hydraulics.advance(span);
        for (own, spilled) in self.spilled.iter_mut().zip(&moved.overflow) {
            *own = spilled.as_m3();
        }
        let levels = &self.hydraulics.boundary().tank_level;
        for (at, node) in self.plant.network.nodes.iter().enumerate() {
            if let NodeKind::Tank(tank) = &node.kind {
                self.volumes[at] = tank.volume(levels[at]).as_m3();
            }
        }
    }

    /// Treats what is produced, and carries everything on by `span`.
    fn carry(&mut self, span: Span) {
        let (outlet, well) = (self.plant.train.outlet, self.plant.train.clear_well);
        let production = self.outflow(outlet);
        let drawn = self.hydraulics.solution().drawn[well.0];
        let may_wash = self.volumes[well.0] > self.kept_m3(well) + self.works.wash_m3();
        let settings = &self.situation.works.settings;
        let moment = (self.now, span);
        let treated = self.works.treat(moment, production, drawn, may_wash, settings);
        self.transport.set_boundary(outlet, treated);
        let entry = self.transport.carry(&Flows {
            dt_s: span.as_seconds(),
            temperature_deg_c: self.works.truth().temperature.as_deg_c(),
            links: &self.flows,
            withdrawn: &self.withdrawn,
            tank_volumes: &self.volumes,
            spilled: &self.spilled,
        });
        self.book(span, production, &treated, &entry);
    }

    /// What flows away from a node through its links.
    fn outflow(&self, node: NodeIndex) -> Flow {
        let links = self.plant.network.links.iter().zip(&self.flows);
        let flows = links.map(|(link, flow)| match direction(*flow) {
            1 if link.start == node => *flow,
            -1 if link.end == node => -flow,
            _ => 0.0,
        });
        Flow::m3_per_s(flows.sum())
    }

    /// Water of a tank that is kept for people while filters wait for their wash, m³.
    fn kept_m3(&self, NodeIndex(at): NodeIndex) -> f64 {
        match &self.plant.network.nodes[at].kind {
            NodeKind::Tank(tank) => {
                let lowest = tank.volume(tank.min_level).as_m3();
                lowest + KEPT_SHARE * (tank.volume(tank.max_level).as_m3() - lowest)
            }
            NodeKind::Junction { .. } | NodeKind::Reservoir => 0.0,
        }
    }

    /// Notes what lies outside the range of the model.
    fn look(&mut self, span: Span) {
        let moment = Moment {
            solution: self.hydraulics.solution(),
            waters: self.transport.waters(),
            works: self.works.truth(),
            emptying: &self.emptying,
        };
        self.limits.look(&self.plant.network, self.now, span, &moment);
    }

    /// Writes the truth of this moment.
    pub(super) fn tell(&mut self) {
        let network = &self.plant.network;
        self.truth.at = self.now;
        self.truth.power = self.situation.power;
        self.truth.works = *self.works.truth();
        self.truth.stations.clear();
        self.truth.stations.extend_from_slice(self.stations.truths());
        let solution = self.hydraulics.solution();
        let waters = self.transport.waters();
        let train = &self.plant.train;
        let fresh = Bound::at_works(&train.raw, train.dosing.agent);
        let fresh = fresh.holding(self.truth.works.substance);
        let piped = fresh.in_pipes(self.situation.wear.wall_decay_factor);
        let at_works = [self.plant.train.outlet.0, self.plant.train.clear_well.0];
        for (at, node) in self.truth.nodes.iter_mut().enumerate() {
            let filling = self.emptying.filling_at(at, solution.pressure[at]);
            let filling = Flow::m3_per_h(filling.min(solution.leakage[at].as_m3_per_h()));
            *node = NodeTruth {
                pressure: Length::m(solution.pressure[at].as_m().max(0.0)),
                is_dry: self.is_dry[at],
                demand: Flow::ZERO,
                delivered: solution.delivered[at],
                leakage: solution.leakage[at] - filling,
                filling,
                water: if at_works.contains(&at) { fresh } else { piped }.water(&waters[at]),
            };
        }
        for at in 0..network.links.len() {
            self.truth.links[at] = LinkTruth {
                flow: solution.flow[at],
                open: solution.open[at],
                power: self.power(LinkIndex(at)),
                energy_kwh: self.energy_kwh[at],
                lifted: Volume::m3(self.lifted_m3[at]),
            };
        }
        self.tell_contact();
        let network = &self.plant.network;
        let boundary = self.hydraulics.boundary();
        for (at, node) in network.nodes.iter().enumerate() {
            match node.kind {
                NodeKind::Junction { .. } => self.truth.nodes[at].demand = self.wanted[at],
                NodeKind::Tank(_) => self.truth.nodes[at].pressure = boundary.tank_level[at],
                NodeKind::Reservoir => {}
            }
        }
    }

    /// What the clear well does to microbes.
    fn tell_contact(&mut self) {
        let minutes = self.contact_min();
        let train = &self.plant.train;
        let water = &self.truth.nodes[train.clear_well.0].water;
        let (residual, works) = (water.disinfectant().as_mg_per_l(), &mut self.truth.works);
        works.contact_min = minutes;
        works.ct = residual * minutes;
        let deg_c = works.temperature.as_deg_c();
        works.giardia_log = match train.dosing.agent {
            Agent::Chlorine => giardia_log(works.ct, residual, works.raw_ph, deg_c),
            Agent::ChlorineDioxide => giardia_log_of_chlorine_dioxide(works.ct, deg_c),
        };
    }

    fn contact_min(&self) -> f64 {
        let train = &self.plant.train;
        let outflow = self.outflow(train.clear_well);
        let volume = Volume::m3(self.volumes[train.clear_well.0]);
        contact_min(train.baffling_factor, volume, outflow)
    }
}
