//! Robots that play what is being edited, beside the page: how far they are, and what came of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::base::Stamp;
use crate::exercise::judge::Failing;
use crate::exercise::offline::PlayError;
use crate::exercise::rehearsal::{ROBOTS, Rehearsal, rehearse_while};
use crate::exercise::session::log::What;
use crate::exercise::session::play::Run;
use crate::inspection::book::Book;
use crate::plant::Plant;
use crate::scenario::exercise::Exercise;

/// A rehearsal, if there is one; the last that was asked for counts.
#[derive(Debug, Clone, Default)]
pub struct Rehearsing {
    /// Counts what was asked for; whoever plays an earlier one stops.
    turn: Arc<AtomicU64>,
    shown: Arc<Mutex<Value>>,
}

impl Rehearsing {
    /// How far it is, or what came of it; null when nothing was asked for.
    pub fn shown(&self) -> Value {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops what plays.
    pub fn stop(&self) {
        self.turn.fetch_add(1, Ordering::SeqCst);
        self.show(json!({ "state": "stopped" }));
    }

    /// Makes what follows the one that counts; gives its turn.
    pub fn begin(&self) -> u64 {
        let turn = self.turn.fetch_add(1, Ordering::SeqCst) + 1;
        self.show(json!({ "state": "plays", "robot": ROBOTS[0], "share": 0.0 }));
        turn
    }

    /// Plays; takes as long as it takes.
    pub fn play(&self, turn: u64, exercise: &Arc<Exercise>, plant: &Arc<Plant>, book: &Book) {
        let goes_on = |robot: usize, share: f64| {
            let counts = self.turn.load(Ordering::SeqCst) == turn;
            if counts {
                let whole = (robot as f64 + share) / ROBOTS.len() as f64;
                self.show(json!({ "state": "plays", "robot": ROBOTS[robot], "share": whole }));
            }
            counts
        };
        let seed = exercise.scenario.seed;
        let came = match rehearse_while(plant, exercise, (book, seed), &goes_on) {
            Ok(rehearsal) => {
                let failing = rehearsal.failing(exercise, plant, book);
                outcome(exercise, &rehearsal, &failing)
            }
            Err(PlayError::Stopped) => return,
            Err(error) => {
                json!({ "state": "failed", "why": crate::cli::exit::chain(&error) })
            }
        };
        if self.turn.load(Ordering::SeqCst) == turn {
            self.show(came);
        }
    }

    fn show(&self, value: Value) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }
}

fn outcome(exercise: &Exercise, rehearsal: &Rehearsal, failing: &[Failing]) -> Value {
    let marks = ROBOTS.iter().zip(&rehearsal.scores).map(|(robot, score)| {
        let lines = score
            .lines
            .iter()
            .map(|line| json!({ "text": line.text, "marks": line.marks, "of": line.of }));
        let lines: Vec<Value> = lines.collect();
        json!({ "robot": robot, "total": score.total, "met": score.met, "lines": lines })
    });
    let failing = failing.iter().map(|failing| {
        let line = failing.place.rsplit(':').next().and_then(|line| line.parse::<usize>().ok());
        json!({ "line": line, "text": failing.to_string() })
    });
    let runs = [&rehearsal.null, &rehearsal.careless, &rehearsal.reference];
    let events = ROBOTS.iter().zip(runs).map(
        |(robot, run)| json!({ "robot": robot, "events": events(exercise.scenario.start, run) }),
    );
    json!({
        "state": "done",
        "marks": marks.collect::<Vec<_>>(),
        "failing": failing.collect::<Vec<_>>(),
        "runs": events.collect::<Vec<_>>(),
    })
}

/// What happened, for the strip of time.
fn events(start: Stamp, run: &Run) -> Vec<Value> {
    let of = |entry: &crate::exercise::session::log::Entry| {
        let (what, id) = match &entry.what {
            What::Told { message: Some(id), .. } => ("told", id.clone()),
            What::Happened { injection } => ("happened", injection.to_string()),
            What::Did { deed } => ("did", deed.to_string()),
            What::Raised { alarm, .. } => {
                let tag = alarm.tag.as_ref().map(|tag| format!(" {tag}")).unwrap_or_default();
                ("raised", format!("{}{tag}", alarm.rule))
            }
            _ => return None,
        };
        let at_min = (entry.moment.at - start).as_seconds() / 60.0;
        Some(json!({ "what": what, "id": id, "at_min": at_min }))
    };
    run.session.log().iter().filter_map(of).collect()
}
