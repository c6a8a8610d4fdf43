//! What a host remembers of one session of an edge node: its numbers, its metrics, its plants.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::foreign::unit::Conversion;
use crate::base::{PlantId, Stamp, TagId};
use crate::telemetry::wire::Clock;

/// Most metrics that a node and its devices may have.
pub(super) const METRICS_MAX: usize = 4_096;

/// So many numbers back a message is an old one; further back it is a new one after a gap.
const BACK_MAX: u8 = 32;

/// So many readings of an instrument are known when they come again.
const RECENT: usize = 512;

/// Where a message stands in its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The next, after so many that are missing.
    Next { missing: u64 },
    /// It was missing.
    Late,
    /// It has been seen.
    Again,
}

/// The numbers of a session: 0 to 255, and 0 again.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    last: u8,
    /// Of the numbers up to the last one: which have come.
    seen: [bool; 256],
}

impl Numbers {
    /// A session whose birth has this number.
    pub(super) fn new(first: u8) -> Self {
        let mut seen = [false; 256];
        seen[usize::from(first)] = true;
        Self { last: first, seen }
    }

    pub(super) fn take(&mut self, number: u8) -> Standing {
        let ahead = number.wrapping_sub(self.last);
        if ahead == 0 || ahead > u8::MAX - BACK_MAX {
            let seen = std::mem::replace(&mut self.seen[usize::from(number)], true);
            return if seen { Standing::Again } else { Standing::Late };
        }
        for step in 1..ahead {
            self.seen[usize::from(self.last.wrapping_add(step))] = false;
        }
        self.seen[usize::from(number)] = true;
        self.last = number;
        Standing::Next { missing: u64::from(ahead) - 1 }
    }
}

/// What a metric of a birth is to us.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    /// A reading of an instrument.
    Reading(Instrument),
    /// Part of the clock of an exercise: its place in `EXERCISE`.
    Clock(usize),
    /// Its unit does not suit the instrument.
    BadUnit(PlantId, String),
    /// Nothing.
    None,
}

/// An instrument of ours behind a metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Instrument {
    pub(super) plant: PlantId,
    pub(super) tag: TagId,
    pub(super) convert: Conversion,
}

#[derive(Debug, Clone)]
pub(super) struct Declared {
    device: Option<String>,
    pub(super) kind: Option<u32>,
    pub(super) meaning: Meaning,
}

/// What is known of one of its plants.
#[derive(Debug, Clone, Default)]
pub(super) struct PlantState {
    /// The number of its next message on our wire.
    pub(super) next: u64,
    /// The latest reading so far.
    pub(super) reached: Option<Stamp>,
    /// The latest readings of each instrument.
    pub(super) recent: BTreeMap<TagId, Recent>,
    /// Its devices that are there; the empty name is the node itself.
    pub(super) devices: Vec<String>,
}

/// When an instrument was read: its last `RECENT` readings.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent(BTreeSet<Stamp>);

impl Recent {
    /// Is a reading of this time known?
    pub(super) fn knows(&self, at: Stamp) -> bool {
        self.0.contains(&at)
    }

    /// Is one of this time, or of a later one?
    pub(super) fn reaches(&self, at: Stamp) -> bool {
        self.0.last().is_some_and(|last| *last >= at)
    }

    pub(super) fn keep(&mut self, at: Stamp) {
        self.0.insert(at);
        if self.0.len() > RECENT {
            self.0.pop_first();
        }
    }
}

/// A session, from a node's birth to its death.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) bd_seq: u64,
    /// What boot it is on our wire.
    pub(super) boot_id: u64,
    pub(super) numbers: Numbers,
    pub(super) exercise: Option<String>,
    pub(super) clock: Clock,
    /// The latest time that it has said.
    pub(super) said_at: Stamp,
    pub(super) plants: BTreeMap<PlantId, PlantState>,
    metrics: Vec<Declared>,
    by_alias: BTreeMap<u64, usize>,
    by_name: BTreeMap<(Option<String>, String), usize>,
}

impl Session {
    pub(super) fn new(bd_seq: u64, boot_id: u64, first: u8, said_at: Stamp) -> Self {
        Self {
            bd_seq,
            boot_id,
            numbers: Numbers::new(first),
            exercise: None,
            clock: Clock { sim: said_at, wall: said_at, speed: 1.0 },
            said_at,
            plants: BTreeMap::new(),
            metrics: Vec::new(),
            by_alias: BTreeMap::new(),
            by_name: BTreeMap::new(),
        }
    }

    /// A session after this one knows what was read, unless the clock has gone back; its numbers
    /// are its own.
    pub(super) fn inherit(&mut self, plants: BTreeMap<PlantId, PlantState>, said_at: Stamp) {
        if self.said_at >= said_at {
            self.plants = plants;
            for plant in self.plants.values_mut() {
                plant.next = 0;
                plant.devices.clear();
            }
        }
    }

    /// The node is born again, in the same session: its metrics are declared anew.
    pub(super) fn begin_again(&mut self, first: u8) {
        self.numbers = Numbers::new(first);
        self.metrics.clear();
        self.by_alias.clear();
        self.by_name.clear();
        for plant in self.plants.values_mut() {
            plant.devices.clear();
        }
    }

    /// Forgets the metrics of a device.
    pub(super) fn forget(&mut self, device: Option<&str>) {
        let Self { metrics, by_alias, by_name, .. } = self;
        let is_kept =
            |at: &usize| metrics.get(*at).is_some_and(|it| it.device.as_deref() != device);
        by_alias.retain(|_, at| is_kept(at));
        by_name.retain(|_, at| is_kept(at));
        let mut places = BTreeMap::new();
        let old = std::mem::take(metrics);
        for (at, declared) in old.into_iter().enumerate() {
            if declared.device.as_deref() != device {
                places.insert(at, metrics.len());
                metrics.push(declared);
            }
        }
        for at in by_alias.values_mut().chain(by_name.values_mut()) {
            *at = places.get(at).copied().unwrap_or(usize::MAX);
        }
        let name = device.unwrap_or_default();
        for plant in self.plants.values_mut() {
            plant.devices.retain(|known| known != name);
        }
    }

    /// Declares a metric; false when there are too many.
    pub(super) fn declare(
        &mut self,
        (device, name): (Option<&str>, &str),
        alias: Option<u64>,
        (kind, meaning): (Option<u32>, Meaning),
    ) -> bool {
        if self.metrics.len() >= METRICS_MAX {
            return false;
        }
        let at = self.metrics.len();
        let device = device.map(str::to_owned);
        self.by_name.insert((device.clone(), name.to_owned()), at);
        if let Some(alias) = alias {
            self.by_alias.insert(alias, at);
        }
        self.metrics.push(Declared { device, kind, meaning });
        true
    }

    /// The metric of a message from `device`, if it has been declared.
    pub(super) fn find(
        &self,
        device: Option<&str>,
        name: Option<&str>,
        alias: Option<u64>,
    ) -> Option<&Declared> {
        let at = match (name, alias) {
            (_, Some(alias)) => self.by_alias.get(&alias),
            (Some(name), None) => self.by_name.get(&(device.map(str::to_owned), name.to_owned())),
            (None, None) => None,
        };
        self.metrics.get(*at?).filter(|declared| declared.device.as_deref() == device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_and_gaps_late_ones_and_repetitions_are_told_apart() {
        let mut numbers = Numbers::new(254);
        let next = |missing| Standing::Next { missing };
        for (number, standing) in [
            (255, next(0)),
            (0, next(0)),
            (0, Standing::Again),
            (3, next(2)),
            (1, Standing::Late),
            (1, Standing::Again),
            (255, Standing::Again),
            (2, Standing::Late),
            (4, next(0)),
            (200, next(195)),
            (199, Standing::Late),
        ] {
            assert_eq!(numbers.take(number), standing, "{number}");
        }
    }

    #[test]
    fn what_a_device_declared_is_forgotten_and_the_rest_is_not() {
        let at = Stamp::from_ms(0).expect("1970");
        let mut session = Session::new(0, 1, 0, at);
        for (alias, (device, name)) in
            (0..).zip([(None, "a"), (Some("d"), "b"), (Some("e"), "c"), (Some("d"), "a")])
        {
            let kind = (Some(alias as u32), Meaning::None);
            assert!(session.declare((device, name), Some(alias), kind));
        }
        session.forget(Some("d"));
        let kind = |device, name, alias| session.find(device, name, alias).and_then(|it| it.kind);
        assert_eq!(kind(None, Some("a"), None), Some(0));
        assert_eq!(kind(Some("d"), Some("b"), None), None);
        assert_eq!(kind(Some("d"), None, Some(3)), None);
        assert_eq!(kind(Some("e"), None, Some(2)), Some(2));
        assert_eq!(kind(None, None, Some(2)), None, "no other device may speak for it");
    }
}
