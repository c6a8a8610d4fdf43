//! How instruments fail: one file each, and the order in which faults act on a reading.
//!
//! ```text
//! water ─ sample line ─▶ sensor (slow) ─ noise ─▶ age ─▶ fouling, drift, bias ─▶ calibration
//!       ─▶ noise, spikes, bubbles ─▶ clip ─▶ display ─▶ stuck ─▶ wrong unit
//!       ─▶ dropout, rows of losses, battery ─▶ clock ─▶ twice, late ─▶ swapped
//! ```

mod battery;
mod bias;
mod burst_loss;
mod calibration;
mod clock;
mod drift;
mod dropout;
mod fouling;
mod noise;
mod sample_line;
mod spikes;
mod stuck;
mod wrong_unit;

use rand::rngs::ChaCha8Rng;

use crate::base::ids::InjectionId;
use crate::base::random::{Seed, stream};
use crate::base::units::Quantity;
use crate::base::{Flag, Span, Stamp, TagId};
use crate::scenario::injection::{Injection, InjectionKind, InstrumentFault};
use stuck::Display;

/// The faults of one instrument, each from its start (inclusive) to its end (exclusive).
#[derive(Debug)]
pub struct Faults {
    list: Vec<Fault>,
    display: Display,
}

/// One fault, with what it remembers. It draws from a stream of its own: no fault shifts the
/// chances of another.
#[derive(Debug)]
struct Fault {
    injection: Injection,
    kind: InstrumentFault,
    chance: ChaCha8Rng,
    /// What the sample line held when its flow stopped.
    held: Option<f64>,
    /// Was the last reading lost?
    was_lost: bool,
}

/// A reading on its way to the gateway.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sent {
    /// What the instrument's clock says.
    pub at: Stamp,
    /// How much later than usual it gets to the gateway.
    pub late_by: Span,
    /// How often it is sent.
    pub copies: usize,
    /// None: it is lost.
    pub value: Option<f64>,
    /// The instrument's own opinion.
    pub flag: Flag,
}

impl Faults {
    /// Those of `injections` that name `tag`.
    pub fn new(tag: &TagId, seed: Seed, injections: &[Injection]) -> Self {
        let ours = injections.iter().filter_map(|injection| Fault::of(tag, seed, injection));
        Self { list: ours.collect(), display: Display::default() }
    }

    /// `injection` befalls `tag`, if it names it, and nobody has foreseen it.
    pub fn happen(&mut self, tag: &TagId, seed: Seed, injection: &Injection) {
        self.list.extend(Fault::of(tag, seed, injection));
    }

    /// Ends the fault of this name, unless it is over by `now`.
    pub fn end(&mut self, id: &InjectionId, now: Stamp) {
        for fault in self.list.iter_mut().filter(|fault| fault.injection.id == *id) {
            fault.injection.end_at(now);
        }
    }

    /// What the sensor sees when the water is `truth`.
    pub fn sample(&mut self, truth: f64, quantity: Quantity, now: Stamp) -> f64 {
        let mut seen = truth;
        for fault in &mut self.list {
            if let InstrumentFault::SampleLineLoss { decay } = fault.kind {
                if fault.injection.is_active(now) {
                    let held = *fault.held.get_or_insert(seen);
                    seen = sample_line::aged(quantity, held, decay, fault.since(now));
                } else {
                    fault.held = None;
                }
            }
        }
        seen
    }

    /// The time constant of a sensor that has become slow: the slowest of several.
    pub fn lag(&self, now: Stamp) -> Option<Span> {
        let lag = |fault: &Fault| match fault.kind {
            InstrumentFault::SlowResponse { lag } => Some(lag),
            _ => None,
        };
        self.active(now).filter_map(lag).max()
    }

    /// What becomes of a signal between the sensor and the display.
    pub fn distort(&mut self, signal: f64, now: Stamp) -> f64 {
        let mut value = signal + self.active(now).map(|fault| fault.shift(now)).sum::<f64>();
        for fault in self.active(now) {
            if let InstrumentFault::Calibration { gain, offset, ramp } = fault.kind {
                let share = ramp.share(fault.since(now));
                value = calibration::distorted(value, gain, offset, share);
            }
        }
        for fault in self.active_mut(now) {
            value += fault.jump(now);
        }
        for fault in self.active(now) {
            if let InstrumentFault::Clip { low, high } = fault.kind {
                value = high.map_or(value, |high| value.min(high));
                value = low.map_or(value, |low| value.max(low));
            }
        }
        value
    }

    /// What the display shows and the line carries when it should show `value`.
    pub fn show(&mut self, value: f64, now: Stamp) -> f64 {
        let (mut is_stuck, mut at) = (false, None);
        for fault in self.active(now) {
            match fault.kind {
                InstrumentFault::Stuck => is_stuck = true,
                InstrumentFault::StuckAt { value } => at = Some(value),
                _ => {}
            }
        }
        let mut shown = at.unwrap_or_else(|| self.display.show(value, is_stuck));
        for fault in self.active(now) {
            if let InstrumentFault::WrongUnit { factor, offset } = fault.kind {
                shown = wrong_unit::number(shown, factor, offset);
            }
        }
        shown
    }

    /// How what is shown gets to the gateway.
    pub fn send(&mut self, shown: Option<f64>, now: Stamp) -> Sent {
        let mut flag = if shown.is_some() { Flag::Good } else { Flag::Missing };
        let mut sent = Sent { at: now, late_by: Span::ZERO, copies: 1, value: shown, flag };
        for fault in self.active_mut(now) {
            let since = fault.since(now);
            let is_lost = match fault.kind {
                InstrumentFault::Dropout { share } => dropout::loses(share, &mut fault.chance),
                InstrumentFault::BurstLoss { share, mean } => {
                    let (was_lost, chance) = (fault.was_lost, &mut fault.chance);
                    fault.was_lost = burst_loss::loses(share, mean, was_lost, chance);
                    fault.was_lost
                }
                InstrumentFault::BatteryLow { lasts } => {
                    flag = flag.worst(Flag::Suspect);
                    dropout::loses(battery::share_lost(lasts, since), &mut fault.chance)
                }
                InstrumentFault::Duplicate { share } => {
                    sent.copies += usize::from(dropout::loses(share, &mut fault.chance));
                    false
                }
                InstrumentFault::Late { share, by } => {
                    if dropout::loses(share, &mut fault.chance) {
                        sent.late_by = sent.late_by.max(by);
                    }
                    false
                }
                InstrumentFault::ClockSkew { by } => {
                    sent.at += by;
                    false
                }
                InstrumentFault::ClockDrift { per_day } => {
                    sent.at += clock::gained(per_day, since);
                    false
                }
                _ => false,
            };
            if is_lost {
                sent.value = None;
            }
        }
        sent.flag = if sent.value.is_some() { flag } else { Flag::Missing };
        sent
    }

    fn active(&self, now: Stamp) -> impl Iterator<Item = &Fault> {
        self.list.iter().filter(move |fault| fault.injection.is_active(now))
    }

    fn active_mut(&mut self, now: Stamp) -> impl Iterator<Item = &mut Fault> {
        self.list.iter_mut().filter(move |fault| fault.injection.is_active(now))
    }
}

impl Fault {
    /// What `injection` does to `tag`; none when it is another's.
    fn of(tag: &TagId, seed: Seed, injection: &Injection) -> Option<Self> {
        let InjectionKind::Instrument { tag: named, fault } = &injection.kind else { return None };
        (named == tag).then(|| Self {
            injection: injection.clone(),
            kind: fault.clone(),
            chance: stream(seed, &format!("instrument/{tag}/fault/{}", injection.id)),
            held: None,
            was_lost: false,
        })
    }

    fn since(&self, now: Stamp) -> Span {
        now - self.injection.from
    }

    /// By how much it moves the signal; what several move it adds up.
    fn shift(&self, now: Stamp) -> f64 {
        let since = self.since(now);
        match self.kind {
            InstrumentFault::Fouling { per_day, clean_every } => {
                fouling::offset(per_day, clean_every, since)
            }
            InstrumentFault::Drift { per_day } => drift::offset(per_day, since),
            InstrumentFault::Bias { by, ramp } => bias::offset(by, ramp.share(since)),
            _ => 0.0,
        }
    }

    /// By how much it makes this one reading jump.
    fn jump(&mut self, now: Stamp) -> f64 {
        let since = self.since(now);
        match self.kind {
            InstrumentFault::Noise { spread, ramp } => {
                noise::draw(spread * ramp.share(since), &mut self.chance)
            }
            InstrumentFault::Spikes { share, up_to } => {
                spikes::spike(share, up_to, &mut self.chance)
            }
            InstrumentFault::Bubbles { share, up_to } => {
                spikes::bubble(share, up_to, &mut self.chance)
            }
            _ => 0.0,
        }
    }
}
