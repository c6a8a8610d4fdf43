//! From the intake to the filters' outlet: basins that delay, flocs that settle, sand that holds.

use super::coagulant::{CoagulantPump, PumpState};
use super::filter_bank::{Bank, Coming, Filtering};
use super::source::Raw;
use super::{coagulation, sedimentation};
use crate::base::units::Flow;
use crate::base::{Span, Stamp};
use crate::plant::train::Train;
use crate::world::quality::{
    ALUMINIUM, AMMONIA, Carried, E_COLI, Entry, Load, MANGANESE, ORGANICS, SPECIES, TURBIDITY,
};

/// Mixed cells in series that stand for the volume of the basins: their outflow follows a change
/// of the inflow after about V/Q, spread over half of it `[D]`.
const CELLS: usize = 4;

/// Sand holds flocs; of turbidity without coagulant it passes this many times more `[D]`.
const UNCOAGULATED: f64 = 3.0;

/// Share of the manganese that sand without an oxidant in front of it lets through `[D]`.
const MANGANESE_PASSED: f64 = 0.6;

/// What the treatment is set to.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Coagulant, mg/L of product; none: as a jar test would find.
    pub coagulant_mg_per_l: Option<f64>,
    /// How the coagulant's pump is.
    pub pump: PumpState,
    /// The turbidity that passes the filters is multiplied by this: wear, lost sand.
    pub passage_factor: f64,
    /// Filters to wash by hand, counted from 1.
    pub wash: Vec<usize>,
}

/// Behind the filters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Filtered {
    /// What the water carries, before it meets chlorine.
    pub carried: Carried,
    /// Turbidity that the filters would hold back on their best day, NTU.
    pub turbidity_above_floor: f64,
    /// What goes over to the filters, NTU.
    pub settled_ntu: f64,
    /// Coagulant dosed now, mg/L of product.
    pub coagulant_mg_per_l: f64,
    /// What the bank did.
    pub filtering: Filtering,
    /// What came, was added and went as sludge and with the washes.
    pub entry: Entry,
}

/// Water on its way through the basins.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cell {
    carried: Carried,
    /// How well it has been coagulated, 0 to 1.
    coagulated: f64,
}

impl Cell {
    /// Lets `inflow` renew the cell `through` times; gives what flows out meanwhile, on average.
    ///
    /// A mixed cell with an even inflow, exactly: what is in it goes towards the inflow with
    /// e^(−Q·t/V), and what leaves is what came and is not in it any more.
    fn renew(&mut self, inflow: &Self, through: f64) -> Self {
        let kept = libm::exp(-through);
        let mean = if through > 1e-9 { -libm::expm1(-through) / through } else { 1.0 };
        let mut out = *inflow;
        let mix = |own: &mut f64, new: f64, out: &mut f64| {
            *out = new + (*own - new) * mean;
            *own = new + (*own - new) * kept;
        };
        for i in 0..SPECIES {
            mix(&mut self.carried[i], inflow.carried[i], &mut out.carried[i]);
        }
        mix(&mut self.coagulated, inflow.coagulated, &mut out.coagulated);
        out
    }
}

/// Basins and filters, with the water in them.
#[derive(Debug, Clone)]
pub struct Clarifier {
    train: Train,
    pump: CoagulantPump,
    cells: [Cell; CELLS],
    bank: Bank,
}

impl Clarifier {
    /// Basins full of `usual` raw water, well coagulated.
    pub fn new(train: &Train, usual: &Raw) -> Self {
        let dose = coagulation::optimum_mg_per_l(usual.turbidity_ntu);
        let usual = Cell { carried: with_coagulant(usual, dose), coagulated: 1.0 };
        Self {
            train: train.clone(),
            pump: CoagulantPump::new(train.clarifying),
            cells: [usual; CELLS],
            bank: Bank::new(train.bank),
        }
    }

    /// Passes `flow` through for `dt` from `now` on; without `may_wash` no filter is washed.
    pub fn pass(
        &mut self,
        (now, dt): (Stamp, Span),
        flow: Flow,
        raw: &Raw,
        order: &Order,
        may_wash: bool,
    ) -> Filtered {
        let optimum = || coagulation::optimum_mg_per_l(raw.turbidity_ntu);
        let set = order.coagulant_mg_per_l.unwrap_or_else(optimum);
        let coagulant = self.pump.dose(dt, flow, set, &order.pump);
        let mut water = Cell {
            carried: with_coagulant(raw, coagulant),
            coagulated: coagulation::effect(coagulant, raw.turbidity_ntu),
        };
        let volume = flow.as_m3_per_s().max(0.0) * dt.as_seconds();
        let mut entry = Entry::default();
        entry.entered.add(volume, &Carried::from(raw));
        entry.added[ALUMINIUM] += volume * coagulation::aluminium_mg_per_l(coagulant);
        let through = volume / self.cell_m3();
        for cell in &mut self.cells {
            water = cell.renew(&water, through);
        }
        let (settled, over) = self.settle(&water, flow, raw);
        let coming = Coming {
            flow_m3_per_h: flow.as_m3_per_h().max(0.0),
            settled_ntu: settled[TURBIDITY],
            share: self.filter_share(water.coagulated, order),
            floor_ntu: self.train.filters.floor_ntu,
        };
        let filtering = self.bank.filter(now, dt, &coming, &order.wash, may_wash);
        let mut carried = settled;
        carried[TURBIDITY] = filtering.filtered_ntu;
        carried[E_COLI] *= filtering.share;
        carried[ALUMINIUM] = coagulation::aluminium_left(
            water.carried[ALUMINIUM],
            water.coagulated,
            over * filtering.share,
        );
        carried[MANGANESE] *= MANGANESE_PASSED;
        self.bank.hold(&std::array::from_fn(|at| volume * (settled[at] - carried[at])));
        for (at, (before, after)) in water.carried.iter().zip(&settled).enumerate() {
            entry.wasted[at] += volume * (before - after);
            entry.wasted[at] += filtering.wash.map_or(0.0, |wash| wash.out[at]);
        }
        Filtered {
            carried,
            turbidity_above_floor: (filtering.filtered_ntu - coming.floor_ntu).max(0.0),
            settled_ntu: coming.settled_ntu,
            coagulant_mg_per_l: coagulant,
            filtering,
            entry,
        }
    }

    /// The coagulant's pump and its drum.
    pub fn pump(&self) -> &CoagulantPump {
        &self.pump
    }

    /// Water that one wash of a filter takes, m³.
    pub fn wash_m3(&self) -> f64 {
        self.bank.wash_m3()
    }

    /// Water in the basins, and what is in it and in the filters.
    pub fn stored(&self) -> Load {
        let mut load = Load::ZERO;
        for cell in &self.cells {
            load.add(self.cell_m3(), &cell.carried);
        }
        for held in self.bank.held() {
            (0..SPECIES).for_each(|at| load[at] += held[at]);
        }
        load
    }

    fn cell_m3(&self) -> f64 {
        (self.train.filters.volume_m3 / CELLS as f64).max(f64::MIN_POSITIVE)
    }

    /// What goes over to the filters, and the share of the flocs that does.
    fn settle(&self, water: &Cell, flow: Flow, raw: &Raw) -> (Carried, f64) {
        let load = flow.as_m3_per_h() / self.train.capacity_m3_per_h;
        let deg_c = raw.temperature.as_deg_c();
        let clarifying = &self.train.clarifying;
        let turbidity = water.carried[TURBIDITY];
        let over = sedimentation::passage(clarifying, water.coagulated, load, deg_c);
        let over = (over * self.overload(turbidity)).min(1.0);
        let mut settled = water.carried;
        // What no filter holds does not settle either.
        settled[TURBIDITY] = (turbidity * over).max(self.train.filters.floor_ntu).min(turbidity);
        settled[E_COLI] *= over;
        settled[ORGANICS] *= coagulation::organics_left(water.coagulated);
        settled[ALUMINIUM] =
            coagulation::aluminium_left(water.carried[ALUMINIUM], water.coagulated, over);
        (settled, over)
    }

    /// Share of the flocs that a ripe filter lets pass.
    fn filter_share(&self, coagulated: f64, order: &Order) -> f64 {
        let raw_sand = 1.0 + (UNCOAGULATED - 1.0) * (1.0 - coagulated);
        let usual = self.train.filters.passage / self.train.clarifying.settled_share;
        usual * order.passage_factor * raw_sand
    }

    /// How many times more passes at `turbidity` (NTU, raw) than on a usual day.
    fn overload(&self, turbidity: f64) -> f64 {
        let filters = &self.train.filters;
        let above = (turbidity - filters.overload_ntu).max(0.0);
        let more = filters.overload_passage_per_ntu * above;
        if filters.passage > 0.0 { 1.0 + more / filters.passage } else { 1.0 }
    }
}

/// Behind the filters on a usual day, before it meets chlorine; without microbes.
pub fn usual_filtered(train: &Train) -> Carried {
    let raw = Raw::usual(&train.raw);
    let dose = coagulation::optimum_mg_per_l(raw.turbidity_ntu);
    let mut water = with_coagulant(&raw, dose);
    water[TURBIDITY] = train.filters.floor_ntu;
    water[E_COLI] = 0.0;
    water[ORGANICS] *= coagulation::organics_left(1.0);
    water[AMMONIA] = 0.0;
    water[ALUMINIUM] = coagulation::aluminium_left(water[ALUMINIUM], 1.0, train.filters.passage);
    water[MANGANESE] *= MANGANESE_PASSED;
    water
}

/// Raw water with so much coagulant in it.
fn with_coagulant(raw: &Raw, dose_mg_per_l: f64) -> Carried {
    let mut carried = Carried::from(raw);
    carried[ALUMINIUM] += coagulation::aluminium_mg_per_l(dose_mg_per_l);
    carried
}

#[cfg(test)]
mod tests {
    use super::super::source::raw;
    use super::*;
    use crate::plant::sample;
    use crate::plant::train::{FilterBank, Filters};
    use crate::world::quality::CONDUCTIVITY;

    const FILTERS: Filters = Filters {
        passage: 0.01,
        overload_ntu: 100.0,
        overload_passage_per_ntu: 0.0001,
        floor_ntu: 0.15,
        volume_m3: 100.0,
    };

    fn at(minutes: i64) -> Stamp {
        Stamp::from_ms(1_733_328_000_000).expect("in range") + Span::minutes(minutes)
    }

    /// Filters so large that they neither clog nor need a wash.
    fn clarifier() -> Clarifier {
        let mut train = sample::plant().train;
        train.filters = FILTERS;
        train.capacity_m3_per_h = 100.0;
        train.bank = FilterBank {
            area_m2: 1e6,
            run_max: Span::DAY * 999,
            ..FilterBank::for_capacity(100.0)
        };
        Clarifier::new(&train, &raw(10.0, 180.0))
    }

    fn order(factor: f64) -> Order {
        let pump = PumpState::USUAL;
        Order { coagulant_mg_per_l: None, pump, passage_factor: factor, wash: Vec::new() }
    }

    fn last(hours: i64, ntu: f64, order: &Order) -> Filtered {
        let mut clarifier = clarifier();
        let raw = raw(ntu, 180.0);
        let flow = Flow::m3_per_h(100.0);
        let mut pass = |minute| clarifier.pass((at(minute), Span::MINUTE), flow, &raw, order, true);
        let mut last = pass(0);
        for minute in 1..hours * 60 {
            last = pass(minute);
        }
        last
    }

    fn filtered_after(hours: i64, ntu: f64, factor: f64) -> f64 {
        last(hours, ntu, &order(factor)).carried[TURBIDITY]
    }

    #[test]
    fn clear_raw_water_leaves_at_the_floor_and_turbid_water_by_its_share() {
        assert!((filtered_after(10, 10.0, 1.0) - 0.15).abs() < 1e-6);
        assert!((filtered_after(10, 80.0, 1.0) - 0.8).abs() < 0.01);
        assert!((filtered_after(10, 80.0, 3.0) - 2.4).abs() < 0.03);
        let microbes = last(10, 80.0, &order(3.0)).carried[E_COLI];
        assert!((microbes / 200.0 - 0.03).abs() < 0.001, "they pass as flocs do: {microbes}");
        let settled = last(10, 80.0, &order(1.0)).settled_ntu;
        assert!((settled - 80.0 * 0.08).abs() < 0.1, "{settled}");
    }

    #[test]
    fn beyond_the_overload_more_passes_and_full_sand_gives_back_what_it_held() {
        assert!((filtered_after(10, 600.0, 1.0) - 600.0 * 0.06).abs() < 0.6);
        let flood = filtered_after(20, 20_000.0, 3.0);
        assert!((20_000.0..30_000.0).contains(&flood), "{flood}: sand gives back what it held");
    }

    #[test]
    fn a_change_comes_through_after_the_volume_by_the_flow() {
        let final_ntu = filtered_after(10, 80.0, 1.0);
        let after_an_hour = filtered_after(1, 80.0, 1.0);
        assert!(after_an_hour > 0.4 * final_ntu && after_an_hour < 0.7 * final_ntu);
    }

    #[test]
    fn without_coagulant_little_settles_and_the_sand_holds_less() {
        let off = Order { coagulant_mg_per_l: Some(0.0), ..order(1.0) };
        let filtered = last(10, 12.0, &off);
        assert!(filtered.settled_ntu > 5.0, "settled above 5 NTU: {}", filtered.settled_ntu);
        // 12 NTU · 0.7 · (0.01 / 0.08) · 3
        let turbidity = filtered.carried[TURBIDITY];
        assert!((turbidity - 3.15).abs() < 0.05, "{turbidity}");
        assert_eq!(filtered.coagulant_mg_per_l, 0.0);
        let twice = Order { coagulant_mg_per_l: Some(22.0), ..order(1.0) };
        assert!(last(10, 12.0, &twice).settled_ntu > 3.0, "too much is as bad as too little");
    }

    #[test]
    fn nothing_moves_while_the_works_stands() {
        let mut clarifier = clarifier();
        let turbid = raw(500.0, 90.0);
        let pass = clarifier.pass((at(0), Span::HOUR), Flow::ZERO, &turbid, &order(1.0), true);
        assert_eq!((pass.carried[CONDUCTIVITY], pass.carried[TURBIDITY]), (180.0, 0.15));
        assert_eq!(pass.coagulant_mg_per_l, 0.0);
    }
}
