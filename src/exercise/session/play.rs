//! An exercise played offline by a robot, or again from its log.

use std::sync::Arc;

pub use super::replay::{Difference, Replayed, replay, replay_until};
use super::robot::Robot;
use super::{Effect, Ordered, Session};
use crate::base::random::Seed;
use crate::exercise::offline::{PlayError, Played, Stage, begin, neutral_name};
use crate::inspection::book::Book;
use crate::monitor::Input;
use crate::plant::Plant;
use crate::scenario::exercise::Exercise;
use crate::simulator::Simulator;

/// An exercise that was played to its end.
#[derive(Debug, Clone)]
pub struct Run {
    /// Readings, alarms, truth.
    pub played: Played,
    /// The log, tasks, toll.
    pub session: Session,
    /// Moves of the robot that could not be made, or whose turn never came: `file:line: why`.
    pub balked: Vec<String>,
}

/// Plays `exercise` with `robot` in the trainee's place.
pub fn play(
    plant: &Arc<Plant>,
    exercise: &Arc<Exercise>,
    book: &Book,
    seed: Seed,
    robot: Robot,
) -> Result<Run, PlayError> {
    play_while(plant, exercise, (book, seed), robot, &|_| true)
}

/// The same, as long as `goes_on` says so; it is told step by step how much has been played, 0
/// to 1. Errors also: it did not go on.
pub fn play_while(
    plant: &Arc<Plant>,
    exercise: &Arc<Exercise>,
    (book, seed): (&Book, Seed),
    mut robot: Robot,
    goes_on: &dyn Fn(f64) -> bool,
) -> Result<Run, PlayError> {
    let scenario = &exercise.scenario;
    let mut session = Session::new(Arc::clone(exercise), Arc::clone(plant));
    let mut stage = Stage::new(plant, scenario, book, seed);
    let named = (scenario, Some(neutral_name(seed)));
    let (mut simulator, mut air) = begin(plant, named, seed, &mut stage)?;
    if !exercise.attacks.is_empty() {
        air.beset(&exercise.attacks, scenario.start, seed);
    }
    while !simulator.is_over() && !session.is_ended() {
        let played = session.facts().now.at - scenario.start;
        if !goes_on(played.as_seconds() / scenario.duration.as_seconds()) {
            return Err(PlayError::Stopped);
        }
        let heard = stage.records();
        air.step(&mut simulator, &mut stage)?;
        session.pass(scenario.step.as_seconds() / session.speed());
        for event in stage.events_since(heard) {
            session.hear(event);
        }
        let (truth, at_tags) = (simulator.truth(), simulator.at_tags());
        session.step(truth, at_tags, scenario.step);
        robot.play(&mut session);
        carry_out(&mut session, &mut simulator, &mut stage)?;
        if !exercise.attacks.is_empty() && session.has_done("switch-broker") {
            air.leave_stranger();
        }
    }
    stage.sum_up(&simulator);
    let unplayed = robot.unplayed().map(|place| format!("{place}: its turn never came"));
    let balked = robot.balked.iter().cloned().chain(unplayed).collect();
    Ok(Run { played: stage.into_played(), session, balked })
}

/// Does outside what the exercise wants, and hears what comes of it.
pub(super) fn carry_out(
    session: &mut Session,
    simulator: &mut Simulator,
    stage: &mut Stage<'_>,
) -> Result<(), PlayError> {
    for effect in session.effects() {
        match effect {
            Effect::Order(Ordered { who, deed, order }) => {
                let n = session.log().len();
                if let Err(why) = simulator.obey(&order, n) {
                    session.fail(&who, &deed, &why.0);
                }
            }
            Effect::Happen(injection) => simulator.happen(injection)?,
            Effect::End(injection) => simulator.end(&injection),
            Effect::Answer(command) => {
                let heard = stage.records();
                stage.hear(&Input::Command(command))?;
                for event in stage.events_since(heard) {
                    session.hear(event);
                }
            }
        }
    }
    Ok(())
}
