//! What pages are told as it happens, numbered, so that one that was away hears what it has missed.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// Pieces kept for those who come back.
const KEPT: usize = 512;

/// One thing told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its number.
    pub id: PieceId,
    /// What kind of thing: `state`, `record`, `link`, `tick`, `exercise`, `station`, `resync`.
    pub kind: &'static str,
    /// JSON.
    pub data: String,
}

/// Numbers count from 1 in each run of the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceId {
    /// Which run.
    pub run: i64,
    /// Which of its pieces.
    pub n: u64,
}

/// `run.n`, as pages give it back in `Last-Event-ID`.
impl fmt::Display for PieceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.run, self.n)
    }
}

impl PieceId {
    /// Reads it; none when it is none of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let (run, n) = text.split_once('.')?;
        Some(Self { run: run.parse().ok()?, n: n.parse().ok()? })
    }
}

/// The last pieces.
#[derive(Debug, Clone)]
pub struct Feed {
    last: PieceId,
    kept: VecDeque<Arc<Piece>>,
}

/// What a page that was away has missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missed {
    /// These pieces.
    Pieces(Vec<Arc<Piece>>),
    /// More than is kept: it must look at everything again.
    TooMuch,
}

impl Feed {
    /// A feed of this run, which has told nothing.
    pub fn new(run: i64) -> Self {
        Self { last: PieceId { run, n: 0 }, kept: VecDeque::new() }
    }

    /// The number of the last piece.
    pub fn last(&self) -> PieceId {
        self.last
    }

    /// Tells one thing more.
    pub fn tell(&mut self, kind: &'static str, data: String) -> Arc<Piece> {
        self.last.n += 1;
        let piece = Arc::new(Piece { id: self.last, kind, data });
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Arc::clone(&piece));
        piece
    }

    /// What has been told since the piece that somebody heard last.
    pub fn since(&self, heard: PieceId) -> Missed {
        let oldest = self.kept.front().map_or(self.last.n + 1, |piece| piece.id.n);
        let is_known = heard.run == self.last.run && heard.n <= self.last.n;
        if !is_known || heard.n + 1 < oldest {
            return Missed::TooMuch;
        }
        let missed = self.kept.iter().filter(|piece| piece.id.n > heard.n);
        Missed::Pieces(missed.cloned().collect())
    }

    /// The piece that tells a page to look at everything again.
    pub fn resync(&self) -> Arc<Piece> {
        Arc::new(Piece { id: self.last, kind: "resync", data: "{}".to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(count: u64) -> Feed {
        let mut feed = Feed::new(7);
        for n in 0..count {
            feed.tell("tick", n.to_string());
        }
        feed
    }

    fn missed(feed: &Feed, heard: &str) -> Option<usize> {
        match feed.since(PieceId::parse(heard).expect("a number")) {
            Missed::Pieces(pieces) => Some(pieces.len()),
            Missed::TooMuch => None,
        }
    }

    #[test]
    fn who_was_away_hears_what_was_told_meanwhile() {
        let feed = told(10);
        assert_eq!(missed(&feed, "7.10"), Some(0));
        assert_eq!(missed(&feed, "7.4"), Some(6));
        assert_eq!(missed(&feed, "7.0"), Some(10));
    }

    #[test]
    fn who_was_away_too_long_or_in_another_run_must_look_again() {
        let feed = told(KEPT as u64 + 5);
        assert_eq!(missed(&feed, "7.4"), None);
        assert_eq!(missed(&feed, "7.5"), Some(KEPT));
        assert_eq!(missed(&feed, "6.9"), None);
        assert_eq!(missed(&feed, "7.99999"), None, "no such piece yet");
        assert_eq!(PieceId::parse("x"), None);
    }
}
