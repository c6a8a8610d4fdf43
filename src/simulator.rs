//! Half one: a plant as it would speak over MQTT, in simulated time.
//!
//! In: a plant and a scenario. Out: wire messages, and beside them the truth for whoever judges.
//! Must not know: the monitor half.

mod gateway;
mod link;
pub mod orders;

use std::sync::Arc;

use crate::base::ids::InjectionId;
use crate::base::random::Seed;
use crate::base::{PlantId, Span, Stamp};
use crate::instruments::laboratory::Laboratory;
use crate::instruments::{Instruments, Reading};
use crate::plant::Plant;
use crate::scenario::Scenario;
use crate::scenario::injection::{Injection, InjectionKind, NetworkEvent, Switch};
use crate::telemetry::topic::Kind;
use crate::world::residents::Residents;
use crate::world::truth::Truth;
use crate::world::{Outside, Soundness, World, WorldError};
pub use gateway::describe;
use gateway::{Gateway, Identity};
use link::Link;
use orders::{NotDone, Order};

/// Why a plant cannot be simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The world fails.
    #[error("the plant cannot be simulated")]
    World(#[from] WorldError),
    /// The list of its instruments does not fit a message.
    #[error("the birth of plant {plant} has {bytes} bytes, more than a message may have")]
    BirthTooLarge {
        /// The plant.
        plant: PlantId,
        /// Size of the birth.
        bytes: usize,
    },
}

/// How a run of a scenario differs from other runs of it.
#[derive(Debug, Clone)]
pub struct Run {
    /// Instead of the scenario's seed.
    pub seed: Option<Seed>,
    /// Which start of the gateway this is; larger than any before.
    pub boot_id: u64,
    /// The exercise it belongs to.
    pub exercise: Option<String>,
    /// How readings share messages.
    pub batch: Batch,
}

/// How readings share messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// How often the gateway sends what it has; at least once a step.
    pub every: Span,
    /// Most readings in a message, besides what its size allows.
    pub readings: usize,
}

impl Default for Batch {
    /// Once a minute, as many readings as fit.
    fn default() -> Self {
        Self { every: Span::MINUTE, readings: usize::MAX }
    }
}

/// A message, ready for a topic of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// What it is.
    pub kind: Kind,
    /// The gateway's clock.
    pub sent_at: Stamp,
    /// When it has left the gateway's link: later than `sent_at` when that is in trouble.
    pub due: Stamp,
    /// At most `MESSAGE_BYTES_MAX`.
    pub payload: Vec<u8>,
}

/// What one step gave.
#[derive(Debug)]
pub struct Step<'s> {
    /// The end of the step.
    pub now: Stamp,
    /// What was sent during it, in order.
    pub messages: Vec<Outgoing>,
    /// The truth at its end.
    pub truth: &'s Truth,
    /// The truth at each instrument, in its unit: one per tag, none where it has nothing to see.
    pub at_tags: &'s [Option<f64>],
}

/// One plant on its way through a scenario.
pub struct Simulator {
    plant: Arc<Plant>,
    world: World,
    instruments: Instruments,
    gateway: Gateway,
    link: Link,
    residents: Option<Residents>,
    /// Tickets so far.
    tickets: u64,
    laboratory: Option<Laboratory>,
    /// Its results so far.
    results: u64,
    step: Span,
    end: Stamp,
    readings: Vec<Reading>,
    at_tags: Vec<Option<f64>>,
}

impl Simulator {
    /// `plant` at the start of `scenario`, which happens to it.
    pub fn new(plant: Arc<Plant>, scenario: &Scenario, run: Run) -> Result<Self, SimulatorError> {
        let seed = run.seed.unwrap_or(scenario.seed);
        let start = scenario.start;
        let injections = &scenario.injections_with(seed);
        let identity =
            Identity { plant: plant.id.clone(), boot_id: run.boot_id, exercise: run.exercise };
        let gateway = Gateway::new(&plant, identity, run.batch, start, injections)?;
        let world = World::new(&plant, scenario.condition, start, seed, injections)?;
        Ok(Self {
            world: world.with_step(scenario.step),
            instruments: Instruments::new(&plant, seed, start, injections),
            link: Link::new(&plant, seed, injections),
            residents: scenario.residents.then(|| Residents::new(&plant, seed)),
            tickets: 0,
            laboratory: scenario.laboratory.then(|| Laboratory::new(&plant, seed, injections)),
            results: 0,
            gateway,
            step: scenario.step,
            end: scenario.end(),
            readings: Vec::new(),
            at_tags: Vec::with_capacity(plant.instruments.len()),
            plant,
        })
    }

    /// Simulated time.
    pub fn now(&self) -> Stamp {
        self.world.truth().at
    }

    /// Has the scenario come to its end?
    pub fn is_over(&self) -> bool {
        self.now() >= self.end
    }

    /// The truth now.
    pub fn truth(&self) -> &Truth {
        self.world.truth()
    }

    /// Can the truth be trusted?
    pub fn soundness(&self) -> Soundness {
        self.world.soundness()
    }

    /// When and where something lay outside the range of the model, since the start.
    pub fn outside(&self) -> &[Outside] {
        self.world.outside()
    }

    /// Goes one step on: instruments read the truth of its start, then the world moves.
    pub fn step(&mut self) -> Result<Step<'_>, SimulatorError> {
        let from = self.now();
        let now = from + self.step;
        self.readings.clear();
        self.instruments.read(self.world.truth(), from, now, &mut self.readings);
        let (mut sent, mut messages) = (Vec::new(), Vec::new());
        self.gateway.take(&self.readings, now, &mut sent);
        self.link.carry(sent, now, &mut messages);
        if let Some(laboratory) = &mut self.laboratory {
            laboratory.sample(self.world.truth(), from, now);
            for result in laboratory.report(now) {
                messages.push(self.gateway.lab(result, self.results, now));
                self.results += 1;
            }
        }
        let truth = self.world.step()?;
        if let Some(residents) = &mut self.residents {
            for complaint in residents.notice(truth, self.step) {
                messages.push(self.gateway.ticket(complaint, self.tickets, now));
                self.tickets += 1;
            }
        }
        let instruments = self.plant.instruments.iter();
        self.at_tags.clear();
        self.at_tags.extend(instruments.map(|i| truth.value(i.place, i.tag.quantity)));
        Ok(Step { now, messages, truth, at_tags: &self.at_tags })
    }

    /// Carries out an order, the `n`th of this run, from now on; gives what happens with that.
    /// Errors, in words: the plant cannot do it.
    pub fn obey(&mut self, order: &Order, n: usize) -> Result<Injection, NotDone> {
        let kind = order.meaning(&self.plant)?;
        if let InjectionKind::Network(NetworkEvent::PumpSwitch { pump, to: Switch::On }) = &kind
            && self.world.is_held_shut(*pump)
        {
            let pump = &self.plant.network.links[pump.0].id;
            return Err(NotDone(format!("{pump} is tripped or has no power")));
        }
        let injection = Injection { id: orders::id(n), from: self.now(), until: None, kind };
        let happens = self.world.happen(injection.clone());
        happens.map_err(|error| NotDone(error.to_string()))?;
        self.gateway.learn_power(&self.plant, self.world.injections());
        Ok(injection)
    }

    /// Lets something befall the plant from now on, as if its scenario had said so; only of what
    /// `InjectionKind::may_come_midway`. Errors: the world cannot take it.
    pub fn happen(&mut self, injection: Injection) -> Result<(), SimulatorError> {
        self.world.happen(injection.clone())?;
        self.instruments.happen(&self.plant, &injection);
        self.link.happen(&injection);
        self.gateway.happen(injection);
        self.gateway.learn_power(&self.plant, self.world.injections());
        Ok(())
    }

    /// Ends what befell the plant, an instrument or the link now; nothing when it is over already.
    pub fn end(&mut self, injection: &InjectionId) {
        let now = self.now();
        self.world.end(injection);
        self.instruments.end(injection, now);
        self.gateway.end(injection, now);
        self.link.end(injection, now);
        self.gateway.learn_power(&self.plant, self.world.injections());
    }

    /// How long a step is.
    pub fn step_length(&self) -> Span {
        self.step
    }

    /// The truth at each instrument at the end of the last step, in its unit; empty before it.
    pub fn at_tags(&self) -> &[Option<f64>] {
        &self.at_tags
    }

    /// Its gateway starts again now, as the one with this `boot_id`. Errors: as when it first did.
    pub fn reboot(&mut self, boot_id: u64) -> Result<(), SimulatorError> {
        let (now, injections) = (self.now(), self.world.injections());
        self.gateway = self.gateway.again(&self.plant, boot_id, now, injections)?;
        Ok(())
    }

    /// What the gateway sends when it is shut down now: its last readings and a goodbye.
    pub fn close(mut self) -> Vec<Outgoing> {
        let (mut sent, mut messages) = (Vec::new(), Vec::new());
        self.gateway.close(self.now(), &mut sent);
        self.link.carry(sent, self.world.truth().at, &mut messages);
        self.link.close(&mut messages);
        messages
    }

    /// The plant.
    pub fn plant(&self) -> &Plant {
        &self.plant
    }

    /// The plant, to keep.
    pub fn shared_plant(&self) -> Arc<Plant> {
        Arc::clone(&self.plant)
    }

    /// Which start of its gateway this is.
    pub fn boot_id(&self) -> u64 {
        self.gateway.boot_id()
    }

    /// What the broker is to say should the gateway vanish.
    pub fn will(&self) -> Outgoing {
        self.gateway.will(self.now())
    }

    /// Says how simulated time runs: it is `wall` on the wall.
    pub fn clock(&self, wall: Stamp, speed: f64) -> Outgoing {
        self.gateway.clock(self.now(), wall, speed)
    }
}

#[cfg(all(test, feature = "epanet"))]
mod tests {
    use super::*;
    use crate::base::problem::Source;
    use crate::plant::sample;
    use crate::scenario::draft::{begun_fault, fault_kinds, written_fault};
    use crate::scenario::load;
    use crate::telemetry::wire::{Body, Message, decode};

    const LOSES_PRIME: &str = r#"
title = { en = "The dosing pump loses its prime", zh = "加氯泵失压" }
plant = "small"
start = 2024-12-05T08:00:00+08:00
duration_h = 6
seed = 20241205

[[inject]]
id = "prime"
at_min = 60
kind = "dosing-no-flow"
target = "DP-1"
"#;

    fn simulator(seed: Option<Seed>) -> Simulator {
        let plant = Arc::new(sample::plant());
        let source = Source::new("s.toml", LOSES_PRIME);
        let scenario = load(&source, &[Arc::clone(&plant)]).expect("a scenario");
        let run = Run { seed, boot_id: 7, exercise: None, batch: Batch::default() };
        Simulator::new(plant, &scenario, run).expect("a plant that can be solved")
    }

    fn all(mut simulator: Simulator) -> Vec<Outgoing> {
        let mut messages = Vec::new();
        while !simulator.is_over() {
            messages.extend(simulator.step().expect("it goes on").messages);
        }
        messages.extend(simulator.close());
        messages
    }

    fn chlorine(sent: &Outgoing) -> Option<f64> {
        let Message { body: Body::Data(columns), .. } = decode(sent.kind, &sent.payload).ok()?
        else {
            return None;
        };
        *columns.first()?.value.first()?
    }

    #[test]
    fn a_plant_speaks_from_birth_to_death_and_shows_what_befalls_it() {
        let messages = all(simulator(None));
        let kinds: Vec<Kind> = messages.iter().map(|message| message.kind).collect();
        assert_eq!(kinds.len(), 1 + 6 * 60 + 1);
        assert_eq!((kinds[0], kinds[kinds.len() - 1]), (Kind::Birth, Kind::Death));
        let shown: Vec<f64> = messages.iter().filter_map(chlorine).collect();
        assert!((shown[60] - shown[0]).abs() < 0.1, "steady at first: {shown:?}");
        assert!(shown[359] < 0.8 * shown[60], "it thins out without dosing: {shown:?}");
    }

    #[test]
    fn what_comes_midway_does_what_it_does_when_it_was_foreseen() {
        let plant = Arc::new(sample::plant());
        let head = LOSES_PRIME.split("[[inject]]").next().expect("a head");
        let head = head.replace("duration_h = 6", "duration_h = 2");
        let run = |text: &str| {
            let source = Source::new("s.toml", text);
            let scenario = load(&source, &[Arc::clone(&plant)]).expect("a scenario");
            let run = Run { seed: None, boot_id: 7, exercise: None, batch: Batch::default() };
            let simulator = Simulator::new(Arc::clone(&plant), &scenario, run).expect("a plant");
            (simulator, scenario)
        };
        let quiet = all(run(&head).0);
        let mut seen = 0;
        for kind in fault_kinds(&plant).into_iter().flat_map(|(_, kinds)| kinds) {
            let keys = begun_fault(kind, &plant).expect("it can come");
            // What was sent at the very minute has left by then.
            let at_min = if kind.starts_with("link-") { 30.5 } else { 30.0 };
            let lines = written_fault(&keys, "it", at_min).expect("TOML");
            let (mut foreseen, scenario) = run(&format!("{head}{lines}"));
            let (mut midway, _) = run(&head);
            let mut came = [Vec::new(), Vec::new()];
            for minute in 0..120 {
                if minute == 30 {
                    midway.happen(scenario.injections[0].clone()).expect("it can come");
                }
                for (simulator, messages) in [&mut foreseen, &mut midway].into_iter().zip(&mut came)
                {
                    messages.extend(simulator.step().expect("it goes on").messages);
                }
            }
            assert_eq!(foreseen.truth(), midway.truth(), "{kind}");
            came[0].extend(foreseen.close());
            came[1].extend(midway.close());
            assert!(came[0] == came[1], "{kind}");
            seen += usize::from(came[1] != quiet);
        }
        assert!(seen > 20, "{seen} kinds show within two hours");
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
        let first = all(simulator(None));
        assert_eq!(first, all(simulator(None)));
        assert_ne!(first, all(simulator(Some(Seed(1)))));
    }

    #[test]
    fn a_perfect_instrument_reads_the_truth_of_its_moment() {
        let mut simulator = simulator(None);
        let before = simulator.truth().clone();
        let step = simulator.step().expect("it goes on");
        let truth = before.nodes[1].water.chlorine.as_mg_per_l();
        let shown = step.messages.iter().find_map(chlorine).expect("one reading");
        assert!((shown - truth).abs() <= 0.005, "{shown} for {truth}");
        assert_eq!(step.at_tags[0], Some(step.truth.nodes[1].water.chlorine.as_mg_per_l()));
        assert_eq!(step.now - before.at, Span::MINUTE);
    }
}
