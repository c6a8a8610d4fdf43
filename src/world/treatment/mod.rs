//! Treatment, from raw water to the filters' outlet, unit by unit.
//!
//! In: a train, what it is set to, what happens to it, the flow the works produces. Out: the water
//! that enters the network, and what the works looks like. The clear well is a tank of the network.
//! Must not know: pipes, instruments, why the production starts and stops.

pub mod breakpoint;
pub mod clarifier;
pub mod coagulant;
pub mod coagulation;
pub mod contact;
pub mod dosing;
pub mod filter_bank;
pub mod sedimentation;
pub mod source;

use crate::base::analyte::Analyte;
use crate::base::random::Seed;
use crate::base::time::UtcOffset;
use crate::base::units::{Concentration, Conductivity, Flow, Length, Microbes, Turbidity};
use crate::base::{Span, Stamp};
use crate::plant::train::{Agent, RawWater, Train};
use crate::scenario::injection::Injection;
use crate::world::quality::{
    AMMONIA, BY_PRODUCT, CHLORATE, CHLORINE, CHLORITE, COMBINED, Carried, E_COLI, Entry, Load,
    ORGANICS, TURBIDITY, part_of,
};
use crate::world::truth::WorksTruth;
use clarifier::{Clarifier, Filtered, Order};
use dosing::{Dosed, DosingPump, Prime};
use source::{Raw, Source};

/// Hour of the day at which the operator makes the morning round `[D]`.
const ROUND: Span = Span::hours(8);

/// The works, from the intake to the filters' outlet.
#[derive(Debug)]
pub struct Works {
    source: Source,
    /// The dissolved substance that befalls it.
    substance: Option<Analyte>,
    usual: RawWater,
    clarifier: Clarifier,
    dosing: DosingPump,
    capacity_m3_per_h: f64,
    offset: UtcOffset,
    /// When the operator was last at the works; none before the first step.
    seen_at: Option<Stamp>,
    /// Washes by hand that have been begun.
    begun: Vec<usize>,
    /// Water that washes have yet to draw, and how fast they do.
    wash_left_m3: f64,
    wash_m3_per_s: f64,
    entry: Entry,
    truth: WorksTruth,
}

/// What is set from outside: by the state of wear, by people, by faults.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Coagulant, filters.
    pub order: Order,
    /// Dose the pump is set to.
    pub dose: Concentration,
    /// Does the dosing pump deliver?
    pub prime: Prime,
    /// Share of the drum that a scenario has left in it; none: as usual.
    pub drum_share: Option<f64>,
    /// What is left of the stock's strength, as a share.
    pub strength_share: f64,
}

impl Works {
    /// A works that has run on usual raw water for long.
    pub fn new(train: &Train, offset: UtcOffset, seed: Seed) -> Self {
        Self {
            source: Source::new(train.raw, offset, seed),
            substance: None,
            usual: train.raw,
            clarifier: Clarifier::new(train, &Raw::usual(&train.raw)),
            dosing: DosingPump::new(&train.dosing),
            capacity_m3_per_h: train.capacity_m3_per_h,
            offset,
            seen_at: None,
            begun: Vec::new(),
            wash_left_m3: 0.0,
            wash_m3_per_s: 0.0,
            entry: Entry::default(),
            truth: WorksTruth::default(),
        }
    }

    /// Begins a scenario: the drum as the train says, and what happens to the raw water.
    pub fn begin(&mut self, injections: &[Injection]) {
        self.dosing.refill();
        self.truth.stock_level = self.dosing.stock_level();
        self.learn(injections);
    }

    /// What happens to the raw water, now that more is known of it.
    pub fn learn(&mut self, injections: &[Injection]) {
        self.substance = injections.iter().find_map(|injection| injection.kind.substance());
        self.truth.substance = self.substance;
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
    ///
    /// * `drawn`: what washes filters meanwhile, out of the clear well. `may_wash`: has that water
    ///   for another wash?
    pub fn treat(
        &mut self,
        (now, dt): (Stamp, Span),
        production: Flow,
        drawn: Flow,
        may_wash: bool,
        settings: &Settings,
    ) -> Carried {
        self.make_round(now);
        let raw = self.source.at(now);
        let order = self.new_order(&settings.order);
        let filtered = self.clarifier.pass((now, dt), production, &raw, &order, may_wash);
        self.wash_left_m3 = (self.wash_left_m3 - drawn.as_m3_per_s() * dt.as_seconds()).max(0.0);
        if let Some(wash) = &filtered.filtering.wash {
            self.wash_left_m3 += wash.m3;
            self.wash_m3_per_s = wash.m3_per_s;
        }
        self.dosing.age(dt, raw.temperature.as_deg_c());
        self.dosing.set_drum(settings.drum_share);
        let dosed = self.dosing.dose(
            dt,
            production,
            settings.dose,
            settings.prime,
            settings.strength_share,
        );
        let treated = self.disinfect(&filtered, dosed);
        let volume = production.as_m3_per_s().max(0.0) * dt.as_seconds();
        self.entry = booked(&filtered, dosed, &treated, volume);
        self.truth = WorksTruth {
            raw_turbidity: Turbidity::ntu(raw.turbidity_ntu),
            raw_conductivity: Conductivity::us_per_cm(raw.conductivity_us_per_cm),
            raw_ph: raw.ph,
            raw_codmn: Concentration::mg_per_l(raw.codmn_mg_per_l),
            raw_ammonia: Concentration::mg_per_l(raw.ammonia_mg_per_l),
            raw_e_coli: Microbes::per_100_ml(raw.e_coli_per_100_ml),
            raw_iron: Concentration::mg_per_l(raw.iron_mg_per_l),
            raw_manganese: Concentration::mg_per_l(raw.manganese_mg_per_l),
            substance: self.substance,
            raw_substance: raw.substance_parts * self.substance.map_or(0.0, part_of),
            raw_colour_pt_co: raw.colour_pt_co,
            raw_level: Length::m(raw.level_m),
            temperature: raw.temperature,
            intake: production,
            production,
            coagulant: Concentration::mg_per_l(filtered.coagulant_mg_per_l),
            coagulant_signal: f64::from(u8::from(self.clarifier.pump().signal())),
            coagulant_level: self.clarifier.pump().stock_level(),
            settled_turbidity: Turbidity::ntu(filtered.settled_ntu),
            head_loss: Length::m(filtered.filtering.head_loss_m),
            wash: drawn,
            filtered_turbidity: Turbidity::ntu(filtered.carried[TURBIDITY]),
            filtered_e_coli: Microbes::per_100_ml(filtered.carried[E_COLI]),
            dosed: dosed.agent,
            dosing_signal: f64::from(u8::from(self.dosing.signal())),
            stock_level: self.dosing.stock_level(),
            contact_min: self.truth.contact_min,
            ct: self.truth.ct,
            giardia_log: self.truth.giardia_log,
        };
        treated
    }

    /// What the filtered water becomes when it meets `dosed`.
    fn disinfect(&self, filtered: &Filtered, dosed: Dosed) -> Carried {
        let mut water = filtered.carried;
        let usual = self.usual.codmn_mg_per_l * coagulation::organics_left(1.0);
        let more_organics = water[ORGANICS] - usual;
        let left = self.dosing.left_of(dosed.agent, filtered.turbidity_above_floor, more_organics);
        let (taken, yields) = ((dosed.agent - left).as_mg_per_l(), self.dosing.yields());
        water[BY_PRODUCT] += taken * yields.trihalomethanes;
        water[CHLORITE] += dosed.chlorite.as_mg_per_l() + taken * yields.chlorite;
        water[CHLORATE] += dosed.chlorate.as_mg_per_l() + taken * yields.chlorate;
        if self.dosing.agent() == Agent::ChlorineDioxide {
            water[CHLORINE] = left.as_mg_per_l(); // it does not react with ammonia
            return water;
        }
        // What a usual day's ammonia takes is part of the instant demand.
        let more_ammonia = (water[AMMONIA] - self.usual.ammonia_mg_per_l).max(0.0);
        let residual = breakpoint::residual(left, Concentration::mg_per_l(more_ammonia));
        let usual_left =
            if left > Concentration::ZERO { 0.0 } else { water[AMMONIA] - more_ammonia };
        water[CHLORINE] = residual.free.as_mg_per_l();
        water[COMBINED] = residual.combined.as_mg_per_l();
        water[AMMONIA] = residual.ammonia.as_mg_per_l() + usual_left;
        water
    }

    /// Water to draw out of the clear well for a wash, over the next `span` at most.
    pub fn wash_draw(&self, span: Span) -> Flow {
        Flow::m3_per_s(self.wash_m3_per_s.min(self.wash_left_m3 / span.as_seconds().max(1e-3)))
    }

    /// Water that one wash takes, m³.
    pub fn wash_m3(&self) -> f64 {
        self.clarifier.wash_m3()
    }

    /// What happened between the source and the dosing point in the last call of `treat`; what it
    /// gave goes out of the works and is not in it.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// What basins and filters hold.
    pub fn stored(&self) -> Load {
        self.clarifier.stored()
    }

    /// The same order, with the washes by hand that have not been begun yet.
    fn new_order(&mut self, order: &Order) -> Order {
        let new = order.wash.iter().filter(|number| !self.begun.contains(number)).copied();
        let wash = new.collect();
        self.begun.clone_from(&order.wash);
        Order { wash, ..order.clone() }
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

    /// What the works looks like; `contact_min` and what follows from it are the clear well's to
    /// fill in.
    pub fn truth(&self) -> &WorksTruth {
        &self.truth
    }
}

/// The books of one step of the works: what came and went before the filters' outlet, what was
/// dosed into `volume` m³ there, and what that made of the `treated` water.
fn booked(filtered: &Filtered, dosed: Dosed, treated: &Carried, volume: f64) -> Entry {
    let mut entry = filtered.entry;
    let mut mixed = filtered.carried;
    for (species, dosed) in
        [(CHLORINE, dosed.agent), (CHLORATE, dosed.chlorate), (CHLORITE, dosed.chlorite)]
    {
        entry.added[species] += volume * dosed.as_mg_per_l();
        mixed[species] += dosed.as_mg_per_l();
    }
    for (at, (before, after)) in mixed.iter().zip(treated).enumerate() {
        entry.reacted[at] += volume * (after - before);
    }
    entry
}
