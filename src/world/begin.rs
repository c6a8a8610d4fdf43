//! How a world begins: checked, cold, then run in until its pipes hold believable water.

use std::sync::Arc;

use super::WorldError;
use super::demand::{Demand, required_heads};
use super::emptying::Emptying;
use super::foreign::connect;
use super::hydraulics::Hydraulics;
use super::limits::Limits;
use super::power::PowerState;
use super::quality::{Books, CHLORINE, Transport};
use super::situation::Situation;
use super::station::Stations;
use super::step::{STEP, World};
use super::treatment::Works;
use super::treatment::clarifier::usual_filtered;
use super::truth::{LinkTruth, NodeTruth, Truth, WorksTruth};
use crate::base::random::Seed;
use crate::base::units::{Flow, Length};
use crate::base::{Span, Stamp};
use crate::plant::Plant;
use crate::plant::network::PressureDriven;
use crate::scenario::injection::{
    AssetEvent, Injection, InjectionKind, PeopleEvent, StationEvent, other_substance,
};

/// How long the plant runs before the start.
///
/// Two days: the oldest water of a rural network is about a day old. No injection acts in it and
/// the condition of the start holds; its steps are coarse, so that it costs a fifth of a day's.
pub const RUN_IN: Span = Span::hours(48);

/// Length of a step of the run-in.
pub const RUN_IN_STEP: Span = Span::minutes(10);

/// What all of a pipe's deposit would add to its water, NTU, per unit of `wall_decay_factor`
/// `[D]`: what made the walls rough and hungry for chlorine also lies on the floor.
const DEPOSIT_NTU: f64 = 1.0;

impl World {
    /// A plant in the condition at this position of `Plant::conditions`, after a run-in.
    ///
    /// Errors: a condition or a place the plant has not got; a network without a solution.
    pub fn new(
        plant: &Arc<Plant>,
        condition: usize,
        start: Stamp,
        seed: Seed,
        injections: &[Injection],
    ) -> Result<Self, WorldError> {
        check(plant, condition, injections)?;
        let cold = Self::cold(plant, condition, start - RUN_IN, seed, injections)?;
        let mut world = cold.with_step(RUN_IN_STEP);
        while world.now < start {
            world.step()?;
        }
        world.injections = injections.to_vec();
        world.works.begin(injections);
        *world.books = Books::open(&world.stored());
        world.energy_kwh.fill(0.0);
        world.lifted_m3.fill(0.0);
        world.limits.forget();
        world.tell();
        world.changes_at = Some(start);
        Ok(world.with_step(STEP))
    }

    /// A plant at its initial levels, full of freshly finished water.
    fn cold(
        plant: &Arc<Plant>,
        condition: usize,
        now: Stamp,
        seed: Seed,
        injections: &[Injection],
    ) -> Result<Self, WorldError> {
        let mut plant = Arc::clone(plant);
        let limits = Limits::new(&plant); // of the plant alone, not of what others connect
        let foreign = connect(&mut plant, injections);
        let network = Arc::clone(&plant.network);
        let required = required_heads(&plant);
        let driven = PressureDriven {
            required: lowest(&network.pressure_driven, &required),
            ..network.pressure_driven
        };
        let situation = Situation::at(&plant, condition, &[], now);
        let chlorine = situation.works.settings.dose.as_mg_per_l()
            - plant.train.dosing.instant_demand_mg_per_l;
        let mut finished = usual_filtered(&plant.train);
        finished[CHLORINE] = chlorine.max(0.0);
        let deposit_ntu = DEPOSIT_NTU * plant.conditions[condition].wall_decay_factor;
        let (nodes, links) = (network.nodes.len(), network.links.len());
        let mut transport = Transport::new(&network, finished, deposit_ntu);
        transport.set_agent(plant.train.dosing.agent);
        for connection in &foreign {
            transport.set_boundary(connection.reservoir, connection.water);
        }
        let mut hydraulics =
            Hydraulics::new(Arc::clone(&network), driven, now, plant.profile.utc_offset)?;
        hydraulics.boundary().required = required;
        let mut world = Self {
            hydraulics,
            transport,
            books: Box::default(),
            demand: Demand::new(&plant, seed),
            works: Box::new(Works::new(&plant.train, plant.profile.utc_offset, seed)),
            truth: Truth {
                at: now,
                nodes: vec![NodeTruth::default(); nodes],
                links: vec![LinkTruth::default(); links],
                works: WorksTruth::default(),
                power: PowerState::USUAL,
                stations: Vec::new(),
            },
            stations: Stations::new(&plant, seed),
            plant,
            foreign,
            condition,
            injections: Vec::new(),
            step: STEP,
            now,
            changes_at: Some(now),
            situation,
            energy_kwh: vec![0.0; links],
            lifted_m3: vec![0.0; links],
            is_dry: vec![false; nodes],
            emptying: Emptying::new(&network),
            limits,
            is_sudden: false,
            flows: vec![0.0; links],
            withdrawn: vec![0.0; nodes],
            spilled: vec![0.0; nodes],
            wanted: vec![Flow::ZERO; nodes],
            volumes: vec![0.0; nodes],
        };
        *world.books = Books::open(&world.stored());
        Ok(world)
    }
}

/// The pressure that the solver itself requires of all taps: the others' is above it. A file that
/// has another law than the root of the pressure from 0 on keeps its own, for all taps.
fn lowest(driven: &PressureDriven, required: &[Length]) -> Length {
    if driven.exponent != 0.5 || driven.minimum > Length::ZERO {
        return driven.required;
    }
    required.iter().copied().fold(driven.required, |a, b| if b < a { b } else { a })
}

/// Refuses `new` where those `before` bring another dissolved substance: the water carries one.
pub(super) fn one_substance(new: &Injection, before: &[Injection]) -> Result<(), WorldError> {
    match other_substance(new, before) {
        Some((_, held)) => Err(WorldError::OtherSubstance(new.id.clone(), held)),
        None => Ok(()),
    }
}

/// Refuses what the plant has not got.
pub(super) fn check(
    plant: &Plant,
    condition: usize,
    injections: &[Injection],
) -> Result<(), WorldError> {
    let has_condition = |at: usize| {
        if at < plant.conditions.len() { Ok(()) } else { Err(WorldError::NoSuchCondition(at)) }
    };
    has_condition(condition)?;
    for (at, injection) in injections.iter().enumerate() {
        one_substance(injection, &injections[..at])?;
        let fits = match &injection.kind {
            InjectionKind::Network(event) => event.fits(&plant.network),
            InjectionKind::Assets(
                AssetEvent::Condition { to } | AssetEvent::Ageing { new: to, .. },
            ) => {
                has_condition(*to)?;
                true
            }
            InjectionKind::People(PeopleEvent::CutOff { taps }) => {
                taps.iter().all(|tap| tap.0 < plant.network.nodes.len())
            }
            InjectionKind::Station(
                StationEvent::SolarDirty { station, .. }
                | StationEvent::BatteryWorn { station, .. },
            ) => *station < plant.stations.len(),
            _ => true,
        };
        if !fits {
            return Err(WorldError::NoSuchPlace(injection.id.clone()));
        }
    }
    Ok(())
}
