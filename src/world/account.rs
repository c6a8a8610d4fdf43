//! The one account of the plant: from the source through works and network to the taps.

use super::quality::{Books, Carried, Entry, Load};
use super::soundness::Soundness;
use super::step::World;
use crate::base::Span;
use crate::base::units::Flow;

impl World {
    /// Where every m³ and every gram went since the start.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Can this truth be trusted?
    pub fn soundness(&self) -> Soundness {
        Soundness {
            unsolved: self.hydraulics.unsolved(),
            unclosed: self.books.unclosed,
            numerical_share: self.books.numerical_share(),
        }
    }

    /// Everything in basins, filters, pipes, deposits and tanks.
    pub(super) fn stored(&self) -> Load {
        let mut stored = self.transport.stored();
        stored += &self.works.stored();
        stored
    }

    /// Books what has happened in `span`: in the network, which got `production` of `treated`
    /// water from the works, and in the works before it.
    pub(super) fn book(
        &mut self,
        span: Span,
        production: Flow,
        treated: &Carried,
        network: &Entry,
    ) {
        let seconds = span.as_seconds();
        let mut entry = *network;
        // What the works gave is what the network got: neither in nor out of the plant.
        let mut given = Load::ZERO;
        given.add(production.as_m3_per_s() * seconds, treated);
        entry.entered -= &given;
        entry.join(self.works.entry());
        let waters = self.transport.waters();
        let solution = self.hydraulics.solution();
        for (at, leakage) in solution.leakage.iter().enumerate() {
            if *leakage > Flow::ZERO {
                let volume = leakage.as_m3_per_s() * seconds;
                entry.lost.add(volume, &waters[at]);
                entry.withdrawn.add(-volume, &waters[at]);
            }
        }
        let well = self.plant.train.clear_well.0;
        let volume = solution.drawn[well].as_m3_per_s() * seconds;
        entry.wasted.add(volume, &waters[well]);
        entry.withdrawn.add(-volume, &waters[well]);
        let closes = self.books.book(&entry, &self.stored());
        debug_assert!(closes, "the books of the plant do not close: {:?}", self.books);
    }
}
