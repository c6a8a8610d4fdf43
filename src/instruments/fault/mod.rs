//! How one instrument fails.
//!
//! In: the injections that name its tag. Out: a shift of the signal, a frozen display, a loss.
//! Must not know: what the instrument measures. A new fault is a file here and its arms below.

mod bias;
mod drift;
mod dropout;
mod stuck;

use rand::rngs::ChaCha8Rng;

use crate::base::random::{Seed, stream};
use crate::base::{Stamp, TagId};
use crate::scenario::injection::{Injection, InjectionKind, InstrumentFault};
use stuck::Display;

/// The faults of one instrument, each from its start (inclusive) to its end (exclusive).
#[derive(Debug)]
pub struct Faults {
    list: Vec<(Injection, InstrumentFault)>,
    display: Display,
    losses: ChaCha8Rng,
}

impl Faults {
    /// Those of `injections` that name `tag`.
    pub fn new(tag: &TagId, seed: Seed, injections: &[Injection]) -> Self {
        let ours = injections.iter().filter_map(|injection| match &injection.kind {
            InjectionKind::Instrument { tag: named, fault } if named == tag => {
                Some((injection.clone(), *fault))
            }
            _ => None,
        });
        Self {
            list: ours.collect(),
            display: Display::default(),
            losses: stream(seed, &format!("instrument/{tag}/dropout")),
        }
    }

    /// By how much drifts and biases move the signal, in the quantity's unit; they add up.
    pub fn shift(&self, now: Stamp) -> f64 {
        let shift = |(from, fault)| match fault {
            InstrumentFault::Drift { per_day } => drift::offset(per_day, now - from),
            InstrumentFault::Bias { by } => bias::offset(by),
            InstrumentFault::Stuck | InstrumentFault::Dropout { .. } => 0.0,
        };
        self.active(now).map(shift).sum()
    }

    /// What the display shows when it should show `value`: a stuck one shows its last.
    pub fn show(&mut self, value: f64, now: Stamp) -> f64 {
        let is_stuck = self.active(now).any(|(_, fault)| fault == InstrumentFault::Stuck);
        self.display.show(value, is_stuck)
    }

    /// Is what is shown now lost on its way to the gateway?
    pub fn loses(&mut self, now: Stamp) -> bool {
        let mut is_lost = false;
        for (injection, fault) in &self.list {
            if let InstrumentFault::Dropout { share } = fault
                && injection.is_active(now)
            {
                is_lost |= dropout::loses(*share, &mut self.losses);
            }
        }
        is_lost
    }

    fn active(&self, now: Stamp) -> impl Iterator<Item = (Stamp, InstrumentFault)> {
        let active = self.list.iter().filter(move |(injection, _)| injection.is_active(now));
        active.map(|(injection, fault)| (injection.from, *fault))
    }
}
