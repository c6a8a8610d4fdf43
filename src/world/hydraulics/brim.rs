//! Full tanks, and why they stay full for a while.
//!
//! A full tank's inlet shuts, and that can make another tank drain or fill at once: two of them at
//! their brims would hand the same litre to and fro a thousand times a second. A float valve does
//! not do that: what shut it must sink a little before it opens again.

use crate::base::units::Length;
use crate::base::{Span, Stamp};
use crate::plant::network::{Network, NodeKind, Tank};

/// A tank that is full again within this time is held full …
const AGAIN: Span = Span::MINUTE;

/// … until its level is this far below its brim, m `[D]`: as far as a float valve's play.
const PLAY_M: f64 = 0.02;

/// Which tanks are held full.
#[derive(Debug)]
pub(super) struct Brim {
    /// Per node, of tanks: when it was last full.
    full_at: Vec<Option<Stamp>>,
    /// Per node: has it been less since?
    left: Vec<bool>,
    held: Vec<bool>,
}

impl Brim {
    /// None is.
    pub fn new(nodes: usize) -> Self {
        Self { full_at: vec![None; nodes], left: vec![false; nodes], held: vec![false; nodes] }
    }

    /// Takes the present levels: per node, of tanks.
    pub fn update(&mut self, network: &Network, now: Stamp, levels: &[Length]) {
        for (at, node) in network.nodes.iter().enumerate() {
            let NodeKind::Tank(tank) = &node.kind else { continue };
            if levels[at] >= tank.max_level {
                let is_again = self.full_at[at].is_some_and(|before| now - before <= AGAIN);
                self.held[at] |= self.left[at] && is_again;
                self.full_at[at] = Some(now);
                self.left[at] = false;
            } else {
                self.left[at] = true;
                self.held[at] &= (tank.max_level - levels[at]).as_m() < PLAY_M;
            }
        }
    }

    /// The level that a tank shows the water around it.
    pub fn shown(&self, at: usize, tank: &Tank, level: Length) -> Length {
        if self.held[at] { tank.max_level } else { level }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::Source;
    use crate::plant::inp;

    #[test]
    fn a_tank_that_is_full_again_at_once_is_held_until_it_has_sunk_by_the_play() {
        let text = "[JUNCTIONS]\n A 10 5\n[TANKS]\n T 50 1 0 3 8\n[PIPES]\n 1 T A 10 100 130\n\
            [OPTIONS]\n Units CMH\n";
        let network = inp::read(&Source::new("tank.inp", text)).expect("a sound file");
        let tank = network.node("T").expect("there").0;
        let mut brim = Brim::new(network.nodes.len());
        let mut shows = |second: i64, level_m: f64| {
            let mut levels = vec![Length::ZERO; network.nodes.len()];
            levels[tank] = Length::m(level_m);
            let now = Stamp::parse("2024-12-05T00:00:00Z").expect("valid").0;
            brim.update(&network, now + Span::seconds(second), &levels);
            let NodeKind::Tank(kind) = &network.nodes[tank].kind else { return 0.0 };
            brim.shown(tank, kind, levels[tank]).as_m()
        };
        assert_eq!([shows(0, 3.0), shows(10, 2.999)], [3.0, 2.999], "full for the first time");
        assert_eq!([shows(20, 3.0), shows(30, 2.999)], [3.0, 3.0], "full again: held");
        assert_eq!([shows(40, 2.985), shows(50, 2.97)], [3.0, 2.97], "sunk by the play: no more");
        assert_eq!([shows(600, 3.0), shows(610, 2.999)], [3.0, 2.999], "long after: not again");
    }
}
