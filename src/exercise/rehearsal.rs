//! An exercise rehearsed by robots before people play it: doing nothing, careless, and as it ought
//! to be. Their runs anchor the score, and hold the exercise to what it promises.

use std::sync::Arc;

use crate::base::random::Seed;
use crate::exercise::assess::{Anchors, Score, assess};
use crate::exercise::judge::{Failing, judge};
use crate::exercise::offline::PlayError;
use crate::exercise::session::play::{Run, play_while};
use crate::exercise::session::robot::Robot;
use crate::inspection::book::Book;
use crate::plant::Plant;
use crate::scenario::exercise::{Exercise, Move};

/// Who plays carelessly stays below so many marks.
const CARELESS_BELOW: f64 = 60.0;

/// Who plays as it ought to be has at least so many.
const REFERENCE_FROM: f64 = 85.0;

/// The three runs of an exercise.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    /// Nobody does anything.
    pub null: Run,
    /// As somebody careless plays.
    pub careless: Run,
    /// As it ought to be played.
    pub reference: Run,
    /// What they cost the people served.
    pub anchors: Anchors,
    /// Their marks, in this order.
    pub scores: [Score; 3],
}

/// Robots of a rehearsal, in the order in which they play.
pub const ROBOTS: [&str; 3] = ["null", "careless", "reference"];

/// Plays `exercise` with the three robots.
pub fn rehearse(
    plant: &Arc<Plant>,
    exercise: &Arc<Exercise>,
    book: &Book,
    seed: Seed,
) -> Result<Rehearsal, PlayError> {
    rehearse_while(plant, exercise, (book, seed), &|_, _| true)
}

/// The same, as long as `goes_on` says so; it is told step by step which of `ROBOTS` plays, and how
/// much of it, 0 to 1. Errors also: it did not go on.
pub fn rehearse_while(
    plant: &Arc<Plant>,
    exercise: &Arc<Exercise>,
    (book, seed): (&Book, Seed),
    goes_on: &dyn Fn(usize, f64) -> bool,
) -> Result<Rehearsal, PlayError> {
    let run = |at: usize, moves: &[Move]| {
        let robot = Robot::new(ROBOTS[at], moves);
        play_while(plant, exercise, (book, seed), robot, &|share| goes_on(at, share))
    };
    let robots = &exercise.robots;
    let null = run(0, &[])?;
    let careless = run(1, &robots.careless)?;
    let reference = run(2, &robots.reference)?;
    let toll = |run: &Run| run.session.toll().clone();
    let weights = &exercise.consequence;
    let anchors = Anchors::of(weights, &toll(&null), &toll(&careless), &toll(&reference));
    let scores = [&null, &careless, &reference].map(|run| assess(&run.session, &anchors));
    Ok(Rehearsal { null, careless, reference, anchors, scores })
}

impl Rehearsal {
    /// What the exercise does not keep of what it promises: its expectations hold when nobody does
    /// anything, robots can do what they want, and the marks tell them apart.
    pub fn failing(&self, exercise: &Exercise, plant: &Plant, book: &Book) -> Vec<Failing> {
        let scenario = &exercise.scenario;
        let mut failing = judge(scenario, plant, book, &self.null.played);
        for run in [&self.careless, &self.reference] {
            failing.extend(run.balked.iter().map(|balked| Failing {
                place: scenario.source.place(0),
                expected: "robots to make every move".to_owned(),
                came: balked.clone(),
                readings: Vec::new(),
            }));
        }
        let [null, careless, reference] = self.scores.each_ref().map(|score| score.total);
        let is_told_apart = null < careless
            && careless < CARELESS_BELOW
            && reference >= REFERENCE_FROM
            && self.scores[2].met;
        if !is_told_apart {
            failing.push(Failing {
                place: scenario.source.place(0),
                expected: format!(
                    "marks of nobody < careless < {CARELESS_BELOW} and reference from \
                     {REFERENCE_FROM} with every critical task"
                ),
                came: format!("nobody {null:.1}, careless {careless:.1}, reference {reference:.1}"),
                readings: self.reasons(),
            });
        }
        failing
    }

    /// Why the marks are as they are, a line each.
    pub fn reasons(&self) -> Vec<String> {
        let names = ["nobody", "careless", "reference"];
        let all = names.into_iter().zip(&self.scores);
        all.flat_map(|(name, score)| {
            let line = move |line: &crate::exercise::assess::Line| {
                format!("{name}: {:+.1} of {:.1}  {}", line.marks, line.of, line.text.en)
            };
            score.lines.iter().map(line)
        })
        .collect()
    }
}
