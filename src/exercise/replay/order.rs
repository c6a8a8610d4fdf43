//! Readings without messages, put in the order of their times.
//!
//! The clock is the newest time seen. What lies within the lateness bound behind it waits, for
//! something older may still come; what comes later than that is late. A time that is a month away
//! from all the others is no clock: it goes for itself, unless what follows goes on from there.

use std::collections::BTreeMap;
use std::mem::take;

use crate::base::{Span, Stamp};
use crate::ingest::observation::Observation;

/// What lies further from the clock than this waits for others like it.
const LEAP: Span = Span::hours(31 * 24);

/// So many readings in a row that go on from another time are a gap in the recording.
const IN_A_ROW: usize = 16;

/// The clock moves this far before what waits is looked at again: handing on many together is fast.
const STRIDE: Span = Span::seconds(30);

/// Late readings that are handed on together.
const LATE_MAX: usize = 256;

/// What may go on; the time is that of the clock.
#[derive(Debug, Clone, PartialEq)]
pub enum Ready {
    /// The next ones, oldest first.
    InOrder(Vec<Observation>, Stamp),
    /// They are older than the bound allows.
    Late(Vec<Observation>, Stamp),
}

/// Readings on their way into order.
#[derive(Debug, Default)]
pub struct Order {
    lateness: Span,
    clock: Option<Stamp>,
    /// Everything before it has been handed on.
    released: Option<Stamp>,
    /// Has anything been handed on?
    begun: bool,
    held: BTreeMap<Stamp, Vec<Observation>>,
    late: Vec<Observation>,
    /// A month and more away from the clock.
    astray: Vec<Observation>,
    over: bool,
}

impl Order {
    /// Nothing yet.
    pub fn new(lateness: Span) -> Self {
        Self { lateness, ..Self::default() }
    }

    /// Takes the next reading of the recording.
    pub fn take(&mut self, reading: Observation) {
        let Some(clock) = self.clock else { return self.put(reading) };
        if (reading.observed_at - clock).as_ms().abs() > LEAP.as_ms() {
            self.astray.push(reading);
            if self.astray.len() >= IN_A_ROW {
                self.leap();
            }
            return;
        }
        self.settle_astray();
        self.put(reading);
    }

    /// The recording is over.
    pub fn finish(&mut self) {
        self.settle_astray();
        self.over = true;
    }

    /// What may go on next.
    pub fn ready(&mut self) -> Option<Ready> {
        let clock = self.clock?;
        if self.late.len() >= LATE_MAX || (self.over && !self.late.is_empty()) {
            return Some(Ready::Late(take(&mut self.late), clock));
        }
        let bound = clock - self.lateness;
        if !self.over && self.released.is_some_and(|released| bound < released + STRIDE) {
            return None;
        }
        let rest = if self.over { BTreeMap::new() } else { self.held.split_off(&bound) };
        let ready = std::mem::replace(&mut self.held, rest);
        if !self.over {
            self.released = Some(bound);
        }
        if ready.is_empty() {
            return None;
        }
        self.begun = true;
        let mut readings = Vec::with_capacity(ready.values().map(Vec::len).sum());
        for mut moment in ready.into_values() {
            moment.sort_by_key(|reading| reading.tag);
            // Written twice is read once; another value at the same moment is another reading.
            moment.dedup_by(|a, b| (a.tag, a.value, a.flag) == (b.tag, b.value, b.flag));
            readings.append(&mut moment);
        }
        Some(Ready::InOrder(readings, clock))
    }

    fn put(&mut self, reading: Observation) {
        let at = reading.observed_at;
        let clock = self.clock.map_or(at, |clock| clock.max(at));
        self.clock = Some(clock);
        if at < clock - self.lateness {
            self.late.push(reading);
        } else if let Some(mut newest) = self.held.last_entry().filter(|it| *it.key() == at) {
            newest.get_mut().push(reading); // as almost all do
        } else {
            self.held.entry(at).or_default().push(reading);
        }
    }

    /// What stood alone a month away: behind, it is late; ahead, its clock was wrong, and intake
    /// refuses it.
    fn settle_astray(&mut self) {
        self.late.append(&mut self.astray);
    }

    /// The recording goes on at another time.
    fn leap(&mut self) {
        let astray = take(&mut self.astray);
        let newest = astray.iter().map(|reading| reading.observed_at).max();
        if newest < self.clock && !self.begun {
            // It was the first time of all that was wrong.
            (self.clock, self.released) = (None, None);
            self.late.extend(take(&mut self.held).into_values().flatten());
        }
        for reading in astray {
            self.put(reading);
        }
    }
}
