//! Treatment, from raw water to the filters' outlet: source, filters, dosing.
//!
//! In: a train, a state of wear, storms, the flow the works produces. Out: the water that enters
//! the network, and what the works looks like. The clear well is a tank of the network.
//! Must not know: pipes, instruments, why the production starts and stops.

pub mod contact;
pub mod dosing;
pub mod filters;
pub mod production;
pub mod source;

use crate::base::random::Seed;
use crate::base::time::UtcOffset;
use crate::base::units::{Concentration, Conductivity, Flow, Length, Turbidity};
use crate::base::{Span, Stamp};
use crate::plant::train::Train;
use crate::scenario::injection::Injection;
use crate::world::truth::{Water, WorksTruth};
use dosing::{DosingPump, Prime};
use filters::FilterCells;
use source::Source;

/// Hour of the day at which the operator makes the morning round `[D]`.
const ROUND: Span = Span::hours(8);

/// The works, from the intake to the filters' outlet.
#[derive(Debug)]
pub struct Works {
    source: Source,
    filters: FilterCells,
    dosing: DosingPump,
    capacity_m3_per_h: f64,
    offset: UtcOffset,
    /// When the operator was last at the works; none before the first step.
    seen_at: Option<Stamp>,
    truth: WorksTruth,
}

/// What is set from outside: by the state of wear, by people, by faults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// The turbidity that passes the filters is multiplied by this.
    pub passage_factor: f64,
    /// Dose the pump is set to.
    pub dose: Concentration,
    /// Does the dosing pump deliver?
    pub prime: Prime,
}

impl Works {
    /// A works that has run on usual raw water for long.
    pub fn new(train: &Train, offset: UtcOffset, seed: Seed) -> Self {
        let source = Source::new(train.raw, offset, seed);
        Self {
            filters: FilterCells::new(train.filters, train.raw),
            dosing: DosingPump::new(&train.dosing),
            capacity_m3_per_h: train.capacity_m3_per_h,
            offset,
            seen_at: None,
            truth: WorksTruth::default(),
            source,
        }
    }

    /// Begins a scenario: the drum as the train says, and what happens to the raw water.
    pub fn begin(&mut self, injections: &[Injection]) {
        self.dosing.refill();
        self.truth.stock_level = self.dosing.stock_level();
        self.source.begin(injections, self.capacity_m3_per_h);
    }

    /// Draws the weather of the next step.
    pub fn advance(&mut self, step: Span) {
        self.source.advance(step);
    }

    /// What the source gives at most at `now`; infinite when it is never short.
    pub fn source_yield(&self, now: Stamp) -> Flow {
        Flow::m3_per_h(self.source.at(now).yield_m3_per_h)
    }

    /// Treats `production` from `now` on for `dt`; gives the water that enters the network.
    pub fn treat(&mut self, now: Stamp, dt: Span, production: Flow, settings: &Settings) -> Water {
        self.make_round(now);
        let raw = self.source.at(now);
        let filtered = self.filters.pass(&raw, dt, production, settings.passage_factor);
        let dosed = self.dosing.dose(dt, production, settings.dose, settings.prime);
        let chlorine = self.dosing.left_of(dosed, filtered.turbidity_above_floor);
        self.truth = WorksTruth {
            raw_turbidity: Turbidity::ntu(raw.turbidity_ntu),
            raw_conductivity: Conductivity::us_per_cm(raw.conductivity_us_per_cm),
            raw_ph: raw.ph,
            raw_codmn: Concentration::mg_per_l(raw.codmn_mg_per_l),
            raw_ammonia: Concentration::mg_per_l(raw.ammonia_mg_per_l),
            raw_level: Length::m(raw.level_m),
            temperature: raw.temperature,
            production,
            filtered_turbidity: Turbidity::ntu(filtered.turbidity_ntu),
            dosed,
            dosing_signal: f64::from(u8::from(self.dosing.signal())),
            stock_level: self.dosing.stock_level(),
            contact_min: self.truth.contact_min,
        };
        Water {
            chlorine,
            turbidity: Turbidity::ntu(filtered.turbidity_ntu),
            conductivity: Conductivity::us_per_cm(filtered.conductivity_us_per_cm),
            age_h: 0.0,
            tracer: Concentration::ZERO,
        }
    }

    /// On the morning round the operator looks into the drum.
    fn make_round(&mut self, now: Stamp) {
        let today = now.midnight(self.offset) + ROUND;
        let last_round = if today <= now { today } else { today - Span::DAY };
        if self.seen_at.is_some_and(|seen| seen < last_round) {
            self.dosing.refill_if_low();
        }
        self.seen_at = Some(now);
    }

    /// What the works looks like; `contact_min` is the clear well's to fill in.
    pub fn truth(&self) -> &WorksTruth {
        &self.truth
    }
}
