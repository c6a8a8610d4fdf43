//! One step of transport: react, then carry from upstream to downstream, then close the books.

use super::books::{Books, Entry, Load};
use super::inactivation::Inactivation;
use super::order::{Order, STAGNANT_M3_PER_S};
use super::reaction::{Bed, Bore, Kinetics, Yields, bed};
use super::segment::{Column, End};
use super::tank::{Passing, Store};
use super::{
    AGE, BY_PRODUCT, CHLORATE, CHLORINE, CHLORITE, COMBINED, Carried, E_COLI, SPECIES, Species,
    TURBIDITY,
};
use crate::plant::network::{LinkIndex, LinkKind, Network, Node, NodeIndex, NodeKind, Reactions};
use crate::plant::train::Agent;

/// Decay of combined chlorine as a share of the free's bulk decay `[D]`: chloramine is slow, and
/// does not feed on walls.
const COMBINED_SHARE: f64 = 0.1;

/// What the hydraulics say about one step.
#[derive(Debug, Clone, Copy)]
pub struct Flows<'a> {
    /// Length of the step, s; above zero.
    pub dt_s: f64,
    /// Temperature of all water, °C.
    pub temperature_deg_c: f64,
    /// Flow, m³/s, one per link, positive from start to end; constant over the step.
    pub links: &'a [f64],
    /// Water that leaves to people, leaks and bursts, m³/s, one per node, not negative.
    pub withdrawn: &'a [f64],
    /// Volume of each tank at the end of the step, m³, one per node; others are not read.
    pub tank_volumes: &'a [f64],
    /// Water that spilled from each tank in the step, m³, one per node; others are not read.
    pub spilled: &'a [f64],
}

/// Something put into the water where it leaves a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Boost {
    /// So much a second: in the species' unit times m³, g/s for mg/L.
    Mass(f64),
    /// So much on top of what is there.
    FlowPaced(f64),
    /// What is missing to so much.
    SetPoint(f64),
}

/// The water of a whole network.
#[derive(Debug, Clone)]
pub struct Transport {
    /// What disinfects the water; the network's coefficients are of it.
    agent: Agent,
    kinetics: Kinetics,
    /// Per node: what is put into its water.
    boosts: Vec<Option<(Species, Boost)>>,
    order: Order,
    pipes: Vec<Option<Pipe>>,
    bodies: Vec<Body>,
    waters: Vec<Carried>,
    books: Books,
}

#[derive(Debug, Clone)]
struct Pipe {
    bore: Bore,
    column: Column,
    /// Where they are not those of all pipes.
    own: Option<Kinetics>,
}

#[derive(Debug, Clone)]
enum Body {
    Junction,
    Reservoir,
    Tank {
        /// Apart: most bodies are junctions, and a store is large.
        store: Box<Store>,
        /// Bulk decay, where it is not that of all water.
        own: Option<Kinetics>,
    },
}

impl Transport {
    /// Fills a network with one water.
    ///
    /// * `deposit_ntu`: what every pipe's deposit would add to its water if all of it came up.
    pub fn new(network: &Network, water: Carried, deposit_ntu: f64) -> Self {
        let pipe = |kind: &LinkKind| match kind {
            LinkKind::Pipe { length, diameter, .. } => {
                let bore = Bore { length_m: length.as_m(), diameter_m: diameter.as_m() };
                let volume = bore.area_m2() * bore.length_m;
                let mut column = Column::new(volume, water);
                column.deposit = deposit_ntu * volume;
                Some(Pipe { bore, column, own: None })
            }
            LinkKind::Pump { .. } | LinkKind::Valve { .. } => None,
        };
        let body = |node: &Node| match &node.kind {
            NodeKind::Junction { .. } => Body::Junction,
            NodeKind::Reservoir => Body::Reservoir,
            NodeKind::Tank(tank) => {
                Body::Tank { store: Box::new(Store::new(tank, water)), own: None }
            }
        };
        let mut transport = Self {
            agent: Agent::Chlorine,
            kinetics: Kinetics::new(network.reactions, network.liquid),
            boosts: vec![None; network.nodes.len()],
            order: Order::new(network),
            pipes: network.links.iter().map(|link| pipe(&link.kind)).collect(),
            bodies: network.nodes.iter().map(body).collect(),
            waters: vec![water; network.nodes.len()],
            books: Books::default(),
        };
        transport.open_books();
        transport
    }

    /// Fills a network with the water of its nodes, without deposits: each pipe with that of its
    /// end node, as EPANET does.
    ///
    /// * `waters`: one per node.
    pub fn with_waters(network: &Network, waters: &[Carried]) -> Self {
        let mut transport = Self::new(network, [0.0; SPECIES], 0.0);
        transport.waters.copy_from_slice(waters);
        for (pipe, link) in transport.pipes.iter_mut().zip(&network.links) {
            if let Some(pipe) = pipe {
                pipe.column = Column::new(pipe.column.volume(), waters[link.end.0]);
            }
        }
        for ((body, node), water) in transport.bodies.iter_mut().zip(&network.nodes).zip(waters) {
            if let (Body::Tank { store, .. }, NodeKind::Tank(tank)) = (body, &node.kind) {
                **store = Store::new(tank, *water);
            }
        }
        transport.open_books();
        transport
    }

    /// Opens new books on what is stored now, such as after a run-in.
    pub fn open_books(&mut self) {
        self.books = Books::open(&self.stored());
    }

    /// Sets the water that a reservoir gives from now on.
    pub fn set_boundary(&mut self, reservoir: NodeIndex, water: Carried) {
        self.waters[reservoir.0] = water;
    }

    /// Says what disinfects the water; chlorine until then.
    pub fn set_agent(&mut self, agent: Agent) {
        self.agent = agent;
    }

    /// Puts something into the water that leaves a junction or tank from now on, or no longer.
    pub fn set_boost(&mut self, node: NodeIndex, boost: Option<(Species, Boost)>) {
        self.boosts[node.0] = boost;
    }

    /// Gives a pipe coefficients of its own.
    pub fn set_pipe_reactions(&mut self, network: &Network, pipe: LinkIndex, own: Reactions) {
        if let Some(pipe) = &mut self.pipes[pipe.0] {
            pipe.own = Some(Kinetics::new(own, network.liquid));
        }
    }

    /// Gives a tank coefficients of its own.
    pub fn set_tank_reactions(&mut self, network: &Network, tank: NodeIndex, reactions: Reactions) {
        if let Body::Tank { own, .. } = &mut self.bodies[tank.0] {
            *own = Some(Kinetics::new(reactions, network.liquid));
        }
    }

    /// What a node holds: a tank's water before anything is put into what leaves it.
    pub fn inside(&self, NodeIndex(at): NodeIndex) -> Carried {
        match &self.bodies[at] {
            Body::Tank { store, .. } => store.water(),
            Body::Junction | Body::Reservoir => self.waters[at],
        }
    }

    /// Multiplies the wall decay of every pipe.
    pub fn set_wall_factor(&mut self, factor: f64) {
        self.kinetics.set_wall_factor(factor);
        let own = self.pipes.iter_mut().flatten().filter_map(|pipe| pipe.own.as_mut());
        own.for_each(|kinetics| kinetics.set_wall_factor(factor));
    }

    /// Brings this share of a pipe's deposit up into its water; nothing for pumps and valves.
    pub fn stir(&mut self, link: LinkIndex, share: f64) {
        if let Some(Some(pipe)) = self.pipes.get_mut(link.0) {
            move_bed(&mut pipe.column, Bed::Scours { share });
        }
    }

    /// The water at every node, in the network's order.
    pub fn waters(&self) -> &[Carried] {
        &self.waters
    }

    /// Where everything went.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// The water in one pipe, from its start to its end; none for pumps and valves.
    pub fn pipe(&self, link: LinkIndex) -> Option<&Column> {
        self.pipes.get(link.0)?.as_ref().map(|pipe| &pipe.column)
    }

    /// How many segments all pipes hold: what a step costs.
    pub fn segments(&self) -> usize {
        self.pipes.iter().flatten().map(|pipe| pipe.column.segments().len()).sum()
    }

    /// Carries the water one step further; true when its own books close.
    pub fn step(&mut self, flows: &Flows<'_>) -> bool {
        let entry = self.carry(flows);
        let closes = self.books.book(&entry, &self.stored());
        debug_assert!(closes, "the books of the transport do not close: {:?}", self.books);
        closes
    }

    /// The same for a plant that keeps the books of more than its network: gives what happened.
    pub fn carry(&mut self, flows: &Flows<'_>) -> Entry {
        let mut entry = Entry::default();
        let inactivation = Inactivation::by(self.agent, flows.temperature_deg_c);
        let decay = self.react(flows, &inactivation, &mut entry);
        self.order.update(flows.links);
        for at in 0..self.order.nodes().len() {
            let node = self.order.nodes()[at];
            let supply = self.gather(node, flows, &mut entry);
            let out = self.outflow(node, flows);
            match self.bodies[node] {
                Body::Reservoir => self.pass_reservoir(node, &supply, out, &mut entry),
                Body::Tank { .. } => {
                    let mut supply = supply;
                    self.disinfect(node, &mut supply, &inactivation, flows, &mut entry);
                    self.pass_tank(node, &supply, out, flows, &mut entry);
                    self.boost(node, out, flows, &mut entry);
                }
                Body::Junction => {
                    if supply.water_m3() > 0.0 {
                        self.waters[node] = supply.carried();
                    } else {
                        inactivation.act(&mut self.waters[node], flows.dt_s);
                        decay.act(&mut self.waters[node]);
                    }
                    self.boost(node, out, flows, &mut entry);
                    self.pass_junction(node, &supply, out, flows, &mut entry);
                }
            }
            self.release(node, flows, &mut entry);
        }
        if self.order.has_loop() {
            self.trim(&mut entry);
        }
        entry
    }

    /// Lets pipes and tanks react for one step; gives what the water itself does in it.
    fn react(
        &mut self,
        flows: &Flows<'_>,
        inactivation: &Inactivation,
        entry: &mut Entry,
    ) -> Decay {
        let bulk_of = |kinetics: &Kinetics| kinetics.bulk_per_s(flows.temperature_deg_c);
        let usual = bulk_of(&self.kinetics);
        let yields = Yields::of(self.agent);
        let still = Decay::new(yields, usual, flows.dt_s);
        let own_still = |own: &Option<Kinetics>| match own {
            Some(own) => (bulk_of(own), Decay::new(yields, bulk_of(own), flows.dt_s)),
            None => (usual, still),
        };
        for (pipe, flow) in self.pipes.iter_mut().zip(flows.links) {
            let Some(pipe) = pipe else { continue };
            let velocity = flow / pipe.bore.area_m2();
            let kinetics = pipe.own.as_ref().unwrap_or(&self.kinetics);
            let (bulk_per_s, decay) = own_still(&pipe.own);
            let wall_per_s = kinetics.wall_per_s(pipe.bore, velocity);
            let decay =
                if wall_per_s > 0.0 { decay.with_wall(bulk_per_s, wall_per_s) } else { decay };
            entry.reacted[E_COLI] -= inactivate(&mut pipe.column, inactivation, flows.dt_s);
            age(&mut pipe.column, &decay, entry);
            move_bed(&mut pipe.column, bed(pipe.bore, velocity, flows.dt_s));
        }
        for (body, water) in self.bodies.iter_mut().zip(&mut self.waters) {
            let Body::Tank { store, own } = body else { continue };
            let (_, decay) = own_still(own);
            store.react(|volume, water| {
                entry.reacted[E_COLI] -= volume * inactivation.act(water, flows.dt_s);
                decay.book(volume, volume * water[CHLORINE], volume * water[COMBINED], entry);
                decay.act(water);
            });
            *water = store.water();
        }
        still
    }

    /// Puts in what somebody wants in the water that leaves a node: `out` m³ through links, and
    /// what is withdrawn there.
    fn boost(&mut self, node: usize, out: f64, flows: &Flows<'_>, entry: &mut Entry) {
        let Some((species, boost)) = self.boosts[node] else { return };
        let leaves = out + flows.withdrawn[node].max(0.0) * flows.dt_s;
        if leaves <= STAGNANT_M3_PER_S * flows.dt_s {
            return;
        }
        let own = &mut self.waters[node][species as usize];
        let added = match boost {
            Boost::Mass(per_s) => per_s * flows.dt_s / leaves,
            Boost::FlowPaced(more) => more,
            Boost::SetPoint(wanted) => (wanted - *own).max(0.0),
        };
        *own += added;
        entry.added[species as usize] += added * leaves;
        if matches!(self.bodies[node], Body::Junction) {
            entry.numerical[species as usize] -= added * leaves; // `pass_junction` counts it
        }
    }

    /// Draws what the links bring to a node.
    fn gather(&mut self, node: usize, flows: &Flows<'_>, entry: &mut Entry) -> Load {
        let mut supply = Load::ZERO;
        for link in self.order.links_at(node) {
            let Some((from, to)) = self.order.from_to(*link) else { continue };
            if to != node {
                continue;
            }
            let volume = flows.links[*link].abs() * flows.dt_s;
            if let Some(pipe) = &mut self.pipes[*link] {
                let end = if self.order.direction_of(*link) > 0 { End::Finish } else { End::Start };
                pipe.column.draw(end, volume, &mut supply);
            } else {
                supply.add(volume, &self.waters[from]);
                if !self.order.is_before(from, node) {
                    entry.numerical.add(volume, &self.waters[from]);
                }
            }
        }
        supply
    }

    /// Water that leaves a node through its links in this step, m³.
    fn outflow(&self, node: usize, flows: &Flows<'_>) -> f64 {
        let leaves = |link: &&usize| self.order.from_to(**link).is_some_and(|(f, _)| f == node);
        let links = self.order.links_at(node).iter().filter(leaves);
        links.map(|link| flows.links[*link].abs() * flows.dt_s).sum()
    }

    fn pass_reservoir(&self, node: usize, supply: &Load, out: f64, entry: &mut Entry) {
        entry.entered.add(out, &self.waters[node]);
        entry.withdrawn += supply;
    }

    fn pass_junction(
        &self,
        node: usize,
        supply: &Load,
        out: f64,
        flows: &Flows<'_>,
        entry: &mut Entry,
    ) {
        let water = &self.waters[node];
        let withdrawn = flows.withdrawn[node].max(0.0) * flows.dt_s;
        entry.withdrawn.add(withdrawn, water);
        entry.numerical.add(out + withdrawn, water);
        entry.numerical -= supply;
    }

    /// Lets a tank's water act on the microbes that came into it in this step.
    fn disinfect(
        &self,
        node: usize,
        supply: &mut Load,
        inactivation: &Inactivation,
        flows: &Flows<'_>,
        entry: &mut Entry,
    ) {
        let came = supply[E_COLI];
        if came > 0.0 {
            let left = inactivation.left_of_inflow(&self.waters[node], flows.dt_s);
            supply[E_COLI] = came * left;
            entry.reacted[E_COLI] -= came - supply[E_COLI];
        }
    }

    /// Lets a tank take what comes, give and spill.
    fn pass_tank(
        &mut self,
        node: usize,
        supply: &Load,
        out: f64,
        flows: &Flows<'_>,
        entry: &mut Entry,
    ) {
        let Body::Tank { store, .. } = &mut self.bodies[node] else { return };
        let withdrawn = flows.withdrawn[node].max(0.0) * flows.dt_s;
        let (water, passed) = store.pass(&Passing {
            supply,
            out: out + withdrawn,
            spilled: flows.spilled[node],
            after: flows.tank_volumes[node],
        });
        entry.withdrawn.add(withdrawn, &water);
        entry.overflowed += &passed.spilled;
        entry.numerical += &passed.numerical;
        self.waters[node] = water;
    }

    /// Pushes a node's water into the links that lead away from it.
    fn release(&mut self, node: usize, flows: &Flows<'_>, entry: &mut Entry) {
        let water = self.waters[node];
        for link in self.order.links_at(node) {
            let Some((from, to)) = self.order.from_to(*link) else { continue };
            if from != node {
                continue;
            }
            let volume = flows.links[*link].abs() * flows.dt_s;
            if let Some(pipe) = &mut self.pipes[*link] {
                let end = if self.order.direction_of(*link) > 0 { End::Start } else { End::Finish };
                pipe.column.push(end, volume, &water);
            } else if !self.order.is_before(node, to) {
                entry.numerical.add(-volume, &water); // `to` has already taken its share
            }
        }
    }

    /// In a loop a short pipe gives less than flows through it: takes the difference out again.
    fn trim(&mut self, entry: &mut Entry) {
        for (link, pipe) in self.pipes.iter_mut().enumerate() {
            let Some(pipe) = pipe else { continue };
            let excess = pipe.column.content() - pipe.column.volume();
            if excess > 1e-9 * pipe.column.volume() {
                let end = if self.order.direction_of(link) > 0 { End::Finish } else { End::Start };
                let mut load = Load::ZERO;
                pipe.column.draw(end, excess, &mut load);
                entry.numerical -= &load;
            }
        }
    }

    /// Everything in pipes, deposits and tanks.
    pub fn stored(&self) -> Load {
        let mut load = Load::ZERO;
        for pipe in self.pipes.iter().flatten() {
            pipe.column.add_load(&mut load);
        }
        for body in &self.bodies {
            if let Body::Tank { store, .. } = body {
                store.add_load(&mut load);
            }
        }
        load
    }
}

/// Lets each segment's chlorine act on its microbes; gives how many went, in /100 mL times m³.
fn inactivate(column: &mut Column, inactivation: &Inactivation, dt_s: f64) -> f64 {
    let segments = column.segments_mut();
    segments.map(|segment| segment.volume * inactivation.act(&mut segment.carried, dt_s)).sum()
}

/// What one step does to water: decay, what decay makes, and ageing.
#[derive(Debug, Clone, Copy)]
struct Decay {
    dt_s: f64,
    yields: Yields,
    /// Share of the disinfectant that is left.
    chlorine: f64,
    combined: f64,
    /// Trihalomethanes, chlorite and chlorate made of 1 mg/L of it.
    by_product: f64,
    chlorite: f64,
    chlorate: f64,
}

impl Decay {
    /// In water whose own rate is `bulk_per_s`, 1/s.
    fn new(yields: Yields, bulk_per_s: f64, dt_s: f64) -> Self {
        let combined = libm::exp(-COMBINED_SHARE * bulk_per_s * dt_s);
        let (by_product, chlorite, chlorate) = (0.0, 0.0, 0.0);
        let still = Self { dt_s, yields, chlorine: 1.0, combined, by_product, chlorite, chlorate };
        still.with_wall(bulk_per_s, 0.0)
    }

    /// The same in a pipe whose wall takes the disinfectant too.
    fn with_wall(self, bulk_per_s: f64, wall_per_s: f64) -> Self {
        let rate = bulk_per_s + wall_per_s;
        let chlorine = libm::exp(-rate * self.dt_s);
        let by_water = if rate > 0.0 { bulk_per_s / rate } else { 0.0 };
        let by_product = self.yields.trihalomethanes * (1.0 - chlorine) * by_water;
        let chlorite = self.yields.chlorite * (1.0 - chlorine);
        let chlorate = self.yields.chlorate * (1.0 - chlorine);
        Self { chlorine, by_product, chlorite, chlorate, ..self }
    }

    fn act(&self, water: &mut Carried) {
        water[BY_PRODUCT] += water[CHLORINE] * self.by_product;
        water[CHLORITE] += water[CHLORINE] * self.chlorite;
        water[CHLORATE] += water[CHLORINE] * self.chlorate;
        water[CHLORINE] *= self.chlorine;
        water[COMBINED] *= self.combined;
        water[AGE] += self.dt_s / 3_600.0;
    }

    /// Books what `act` does to water of this `volume` with these loads.
    fn book(&self, volume: f64, chlorine: f64, combined: f64, entry: &mut Entry) {
        entry.reacted[BY_PRODUCT] += chlorine * self.by_product;
        entry.reacted[CHLORITE] += chlorine * self.chlorite;
        entry.reacted[CHLORATE] += chlorine * self.chlorate;
        entry.reacted[CHLORINE] -= chlorine * (1.0 - self.chlorine);
        entry.reacted[COMBINED] -= combined * (1.0 - self.combined);
        entry.reacted[AGE] += volume * self.dt_s / 3_600.0;
    }
}

fn age(column: &mut Column, decay: &Decay, entry: &mut Entry) {
    let (mut chlorine, mut combined, mut volume) = (0.0, 0.0, 0.0);
    for segment in column.segments_mut() {
        chlorine += segment.volume * segment.carried[CHLORINE];
        combined += segment.volume * segment.carried[COMBINED];
        volume += segment.volume;
        decay.act(&mut segment.carried);
    }
    decay.book(volume, chlorine, combined, entry);
}

fn move_bed(column: &mut Column, bed: Bed) {
    match bed {
        Bed::Rests => {}
        Bed::Settles { share, floor_ntu } => {
            let mut settled = 0.0;
            for segment in column.segments_mut() {
                let fall = share * (segment.carried[TURBIDITY] - floor_ntu).max(0.0);
                segment.carried[TURBIDITY] -= fall;
                settled += fall * segment.volume;
            }
            column.deposit += settled;
        }
        Bed::Scours { share } => {
            let up = column.deposit * share;
            let rise = up / column.content();
            for segment in column.segments_mut() {
                segment.carried[TURBIDITY] += rise;
            }
            column.deposit -= up;
        }
    }
}
