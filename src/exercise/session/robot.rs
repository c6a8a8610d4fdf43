//! Robots that play an exercise as its file says.

use super::Session;
use super::facts::Waiting;
use crate::scenario::exercise::Move;
use crate::scenario::exercise::deed::Deed;

/// A robot on its way through its moves.
#[derive(Debug, Clone)]
pub struct Robot {
    who: String,
    moves: Vec<(Move, Waiting, bool)>,
    /// Moves that could not be made, each as `file:line: why`.
    pub balked: Vec<String>,
}

impl Robot {
    /// Called `who`, with these moves.
    pub fn new(who: &str, moves: &[Move]) -> Self {
        let waiting = |own: &Move| (own.clone(), Waiting::new(&own.when), false);
        Self { who: who.to_owned(), moves: moves.iter().map(waiting).collect(), balked: Vec::new() }
    }

    /// Does what is due.
    pub fn play(&mut self, session: &mut Session) {
        let mut due: Vec<(String, Deed)> = Vec::new();
        for (own, waiting, is_done) in &mut self.moves {
            waiting.look(session.facts());
            let wall_s = session.facts().now.wall_s;
            if !*is_done && waiting.met().is_some_and(|met| met.wall_s + own.wait_s <= wall_s) {
                *is_done = true;
                due.push((own.place.clone(), own.deed.clone()));
            }
        }
        for (place, deed) in due {
            if let Err(why) = session.act(&self.who, &deed) {
                self.balked.push(format!("{place}: {deed}: {why}"));
            }
        }
    }

    /// Moves whose turn never came, each as `file:line`.
    pub fn unplayed(&self) -> impl Iterator<Item = &str> {
        let left = self.moves.iter().filter(|(.., is_done)| !is_done);
        left.map(|(own, ..)| own.place.as_str())
    }
}
