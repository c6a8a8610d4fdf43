//! Instruments: what the truth looks like through a lag, noise, a range, a display and a fault.
//!
//! In: `Truth`, step by step, and the injections. Out: `Reading`s, each at its own poll, and the
//! laboratory's results.
//! Must not know: who listens.

mod ageing;
mod fault;
pub mod laboratory;
mod poll;
mod transducer;

use crate::base::ids::InjectionId;
use crate::base::random::Seed;
use crate::base::units::Quantity;
use crate::base::{Flag, Stamp, TagId};
use crate::plant::Plant;
use crate::plant::tags::{Instrument, Place, TagIndex};
use crate::scenario::injection::{Injection, InjectionKind, InstrumentFault};
use crate::world::truth::Truth;
use ageing::{Ages, OwnWear};
use fault::{Faults, Sent};
use poll::Poll;
use transducer::Transducer;

/// What an instrument says at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Which instrument: position in `Plant::instruments`.
    pub tag: TagIndex,
    /// When it was read, by the instrument's own clock.
    pub at: Stamp,
    /// When the gateway gets it.
    pub ready: Stamp,
    /// In the quantity's unit, a whole number of the display's steps; none: it gave no answer.
    pub value: Option<f64>,
    /// The instrument's own opinion: good, or missing when there is no value.
    pub flag: Flag,
}

/// Every instrument of a plant.
#[derive(Debug)]
pub struct Instruments {
    seed: Seed,
    list: Vec<Simulated>,
    swaps: Vec<Swap>,
    ages: Ages,
}

/// Two instruments that have changed places for some time.
#[derive(Debug)]
struct Swap {
    injection: Injection,
    one: TagIndex,
    other: TagIndex,
}

#[derive(Debug)]
struct Simulated {
    tag: TagIndex,
    place: Place,
    quantity: Quantity,
    /// The station whose battery it lives on.
    station: Option<usize>,
    poll: Poll,
    transducer: Transducer,
    wear: OwnWear,
    faults: Faults,
}

impl Instruments {
    /// The instruments of `plant`, polled from `start` on, failing as `injections` say.
    pub fn new(plant: &Plant, seed: Seed, start: Stamp, injections: &[Injection]) -> Self {
        let simulated = |(index, instrument): (usize, &Instrument)| Simulated {
            tag: TagIndex(index),
            place: instrument.place,
            quantity: instrument.tag.quantity,
            station: instrument.station,
            poll: Poll::new(start, instrument.tag.poll),
            transducer: Transducer::new(instrument, seed),
            wear: OwnWear::new(&instrument.tag.id, instrument.tag.quantity, seed),
            faults: Faults::new(&instrument.tag.id, seed, injections),
        };
        Self {
            seed,
            list: plant.instruments.iter().enumerate().map(simulated).collect(),
            ages: Ages::new(plant, injections),
            swaps: injections.iter().filter_map(|injection| Swap::new(plant, injection)).collect(),
        }
    }

    /// Something befalls those of `plant` that nobody has foreseen.
    pub fn happen(&mut self, plant: &Plant, injection: &Injection) {
        for (simulated, instrument) in self.list.iter_mut().zip(&plant.instruments) {
            simulated.faults.happen(&instrument.tag.id, self.seed, injection);
        }
        self.ages.happen(injection);
        self.swaps.extend(Swap::new(plant, injection));
    }

    /// Ends what ails instruments by this name, unless it is over by `now`.
    pub fn end(&mut self, id: &InjectionId, now: Stamp) {
        self.ages.end(id, now);
        for instrument in &mut self.list {
            instrument.faults.end(id, now);
        }
        for swap in self.swaps.iter_mut().filter(|swap| swap.injection.id == *id) {
            swap.injection.end_at(now);
        }
    }

    /// Adds every reading due from `from` (inclusive) to `to` (exclusive), instrument by
    /// instrument, each oldest first. Between the two the truth stands still. Calls follow each
    /// other without a gap.
    pub fn read(&mut self, truth: &Truth, from: Stamp, to: Stamp, out: &mut Vec<Reading>) {
        let first = out.len();
        let age = self.ages.at(from);
        for instrument in &mut self.list {
            instrument.wear.set(age);
            instrument.read(truth, from, to, out);
        }
        for reading in &mut out[first..] {
            for swap in &self.swaps {
                reading.tag = swap.tag_of(reading);
            }
        }
    }
}

impl Swap {
    fn new(plant: &Plant, injection: &Injection) -> Option<Self> {
        let InjectionKind::Instrument { tag, fault: InstrumentFault::Swapped { with } } =
            &injection.kind
        else {
            return None;
        };
        let index = |id: &TagId| plant.instruments.iter().position(|i| i.tag.id == *id);
        let (one, other) = (TagIndex(index(tag)?), TagIndex(index(with)?));
        Some(Self { injection: injection.clone(), one, other })
    }

    /// Under whose name a reading goes.
    fn tag_of(&self, reading: &Reading) -> TagIndex {
        match reading.tag {
            _ if !self.injection.is_active(reading.ready) => reading.tag,
            tag if tag == self.one => self.other,
            tag if tag == self.other => self.one,
            tag => tag,
        }
    }
}

impl Simulated {
    fn read(&mut self, truth: &Truth, from: Stamp, to: Stamp, out: &mut Vec<Reading>) {
        // A station without power is neither read nor says that it is not.
        let station = self.station.and_then(|at| truth.stations.get(at));
        let is_on = station.is_none_or(|station| station.is_on);
        let truth = truth.value(self.place, self.quantity);
        for read_at in self.poll.due(from, to) {
            let shown = truth.map(|truth| self.show_at(truth, from, read_at));
            let Sent { at, late_by, copies, value, flag } = self.faults.send(shown, read_at);
            let ready = read_at + late_by;
            let reading = Reading { tag: self.tag, at, ready, value, flag };
            out.extend(std::iter::repeat_n(reading, if is_on { copies } else { 0 }));
        }
        if let Some(truth) = truth {
            self.follow(truth, from, to);
        }
    }

    /// What the display shows; the order of faults is told in `fault`.
    fn show_at(&mut self, truth: f64, from: Stamp, at: Stamp) -> f64 {
        self.follow(truth, from, at);
        let signal = self.transducer.measure(self.wear.noise());
        let worn = self.wear.distort(signal, self.transducer.range());
        let signal = self.faults.distort(worn, at);
        self.faults.show(self.transducer.display(signal), at)
    }

    fn follow(&mut self, truth: f64, from: Stamp, at: Stamp) {
        let seen = self.faults.sample(truth, self.quantity, at);
        self.transducer.follow(seen, from, at, self.faults.lag(at));
    }
}

#[cfg(test)]
mod fault_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::base::ids::InjectionId;
    use crate::base::units::{Concentration, Length};
    use crate::plant::sample;
    use crate::plant::tags::Behaviour;
    use crate::scenario::injection::Ramp;
    use crate::world::truth::{LinkTruth, NodeTruth, PowerState, WorksTruth};

    fn start() -> Stamp {
        Stamp::from_ms(1_733_356_800_000).expect("a time")
    }

    /// Chlorine in the clear well; pressure 20 m at the upper village.
    fn truth(mg_per_l: f64) -> Truth {
        let mut nodes = vec![NodeTruth::default(); 4];
        nodes[1].water.chlorine = Concentration::mg_per_l(mg_per_l);
        nodes[3].pressure = Length::m(20.0);
        let links = vec![LinkTruth::default(); 3];
        Truth {
            at: start(),
            nodes,
            links,
            works: WorksTruth::default(),
            power: PowerState::USUAL,
            stations: Vec::new(),
        }
    }

    fn fault(tag: &str, from_min: i64, until_min: i64, fault: InstrumentFault) -> Injection {
        Injection {
            id: InjectionId::new("f").expect("an id"),
            from: start() + Span::minutes(from_min),
            until: Some(start() + Span::minutes(until_min)),
            kind: InjectionKind::Instrument { tag: TagId::new(tag).expect("an id"), fault },
        }
    }

    /// What the chlorine analyser shows each minute while the truth goes through `truths`.
    fn shown(plant: &Plant, injections: &[Injection], truths: &[f64]) -> Vec<Option<f64>> {
        let mut instruments = Instruments::new(plant, Seed(1), start(), injections);
        let mut readings = Vec::new();
        let mut now = start();
        for mg_per_l in truths {
            instruments.read(&truth(*mg_per_l), now, now + Span::MINUTE, &mut readings);
            now += Span::MINUTE;
        }
        readings.iter().filter(|r| r.tag == TagIndex(0)).map(|r| r.value).collect()
    }

    #[test]
    fn a_perfect_instrument_shows_the_truth_in_steps_of_its_display() {
        let values = shown(&sample::plant(), &[], &[0.5234, 0.526, 0.0049, 0.0051, 7.0]);
        // The last is clipped to the range.
        assert_eq!(values, [0.52, 0.53, 0.0, 0.01, 5.0].map(Some));
    }

    #[test]
    fn each_instrument_reads_its_own_place_in_its_own_unit() {
        let mut instruments = Instruments::new(&sample::plant(), Seed(1), start(), &[]);
        let mut readings = Vec::new();
        instruments.read(&truth(0.5), start(), start() + Span::minutes(2), &mut readings);
        let seen: Vec<_> = readings.iter().map(|r| (r.tag.0, (r.at - start()).as_ms())).collect();
        assert_eq!(seen, [(0, 0), (0, 60_000), (1, 0), (1, 60_000)]);
        // 20 m = 196.14 kPa, in steps of 0.5 kPa.
        assert_eq!(readings[2].value, Some(196.0));
        assert!(readings.iter().all(|reading| reading.flag == Flag::Good));
    }

    #[test]
    fn what_cannot_be_measured_there_is_missing() {
        let mut plant = sample::plant();
        plant.instruments[0].place = Place::DosingPump; // has a state, and no chlorine
        let mut instruments = Instruments::new(&plant, Seed(1), start(), &[]);
        let mut readings = Vec::new();
        instruments.read(&truth(0.5), start(), start() + Span::MINUTE, &mut readings);
        assert_eq!((readings[0].value, readings[0].flag), (None, Flag::Missing));
    }

    #[test]
    fn a_fault_starts_on_time_ends_on_time_and_leaves_the_neighbour_alone() {
        let bias = fault("AIT-1", 1, 3, InstrumentFault::Bias { by: 0.1, ramp: Ramp::STEP });
        let plant = sample::plant();
        assert_eq!(shown(&plant, &[bias], &[0.5; 4]), [0.5, 0.6, 0.6, 0.5].map(Some));
        let elsewhere = fault("PT-1", 1, 3, InstrumentFault::Bias { by: 0.1, ramp: Ramp::STEP });
        assert_eq!(shown(&plant, &[elsewhere], &[0.5; 4]), [0.5; 4].map(Some));
    }

    #[test]
    fn several_faults_at_once_act_in_their_order() {
        let faults = [
            fault("AIT-1", 4, 9, InstrumentFault::Dropout { share: 1.0 }),
            fault("AIT-1", 3, 9, InstrumentFault::Stuck),
            fault("AIT-1", 2, 9, InstrumentFault::Drift { per_day: 144.0 }), // 0.1 a minute
            fault("AIT-1", 1, 9, InstrumentFault::Bias { by: 0.2, ramp: Ramp::STEP }),
        ];
        let values = shown(&sample::plant(), &faults, &[0.5, 0.5, 0.5, 0.9, 0.9]);
        assert_eq!(values, [Some(0.5), Some(0.7), Some(0.7), Some(0.7), None]);
    }

    #[test]
    fn noise_comes_from_a_stream_of_the_tag_alone_and_no_fault_shifts_it() {
        let mut plant = sample::plant();
        plant.instruments[0].behaviour =
            Behaviour { resolution: 0.001, noise: 0.02, noise_share: 0.01, lag: Span::ZERO };
        let quiet = shown(&plant, &[], &[0.5; 6]);
        assert_eq!(quiet, shown(&plant, &[], &[0.5; 6]));
        assert!(quiet.windows(2).any(|pair| pair[0] != pair[1]), "it is noisy: {quiet:?}");
        let stuck = fault("AIT-1", 2, 4, InstrumentFault::Stuck);
        let lossy = fault("AIT-1", 2, 4, InstrumentFault::Dropout { share: 0.5 });
        let with_faults = shown(&plant, &[stuck, lossy], &[0.5; 6]);
        assert_eq!(with_faults[..2], quiet[..2]);
        assert_eq!(with_faults[4..], quiet[4..]);
        plant.instruments.insert(1, plant.instruments[1].clone());
        assert_eq!(shown(&plant, &[], &[0.5; 6]), quiet);
    }
}
