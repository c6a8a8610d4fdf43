//! From the intake to the filters' outlet: basins that delay, flocs that settle, sand that holds.

use super::filter_bank::{Bank, Filtering};
use super::source::Raw;
use super::{coagulation, sedimentation};
use crate::base::units::Flow;
use crate::base::{Span, Stamp};
use crate::plant::train::Train;

/// Mixed cells in series that stand for the volume of the basins: their outflow follows a change
/// of the inflow after about V/Q, spread over half of it `[D]`.
const CELLS: usize = 4;

/// Sand holds flocs; of turbidity without coagulant it passes this many times more `[D]`.
const UNCOAGULATED: f64 = 3.0;

/// What the treatment is set to.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Coagulant, mg/L of product; none: as a jar test would find.
    pub coagulant_mg_per_l: Option<f64>,
    /// The turbidity that passes the filters is multiplied by this: wear, lost sand.
    pub passage_factor: f64,
    /// Filters to wash by hand, counted from 1.
    pub wash: Vec<usize>,
}

/// Behind the filters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Filtered {
    /// NTU.
    pub turbidity_ntu: f64,
    /// What of it the filters would hold back on their best day, NTU.
    pub turbidity_above_floor: f64,
    /// What goes over to the filters, NTU.
    pub settled_ntu: f64,
    /// µS/cm.
    pub conductivity_us_per_cm: f64,
    /// CODMn, mg/L of O₂.
    pub codmn_mg_per_l: f64,
    /// Ammonia, mg/L of N.
    pub ammonia_mg_per_l: f64,
    /// E. coli in 100 mL: they pass the filters as flocs do.
    pub e_coli_per_100_ml: f64,
    /// Coagulant dosed now, mg/L of product.
    pub coagulant_mg_per_l: f64,
    /// What the bank did.
    pub filtering: Filtering,
}

/// Water on its way through the basins.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cell {
    turbidity_ntu: f64,
    conductivity_us_per_cm: f64,
    codmn_mg_per_l: f64,
    ammonia_mg_per_l: f64,
    e_coli_per_100_ml: f64,
    /// How well it has been coagulated, 0 to 1.
    coagulated: f64,
}

impl Cell {
    fn approach(&mut self, inflow: &Self, share: f64) {
        let mix = |own: &mut f64, new: f64| *own += (new - *own) * share;
        mix(&mut self.turbidity_ntu, inflow.turbidity_ntu);
        mix(&mut self.conductivity_us_per_cm, inflow.conductivity_us_per_cm);
        mix(&mut self.codmn_mg_per_l, inflow.codmn_mg_per_l);
        mix(&mut self.ammonia_mg_per_l, inflow.ammonia_mg_per_l);
        mix(&mut self.e_coli_per_100_ml, inflow.e_coli_per_100_ml);
        mix(&mut self.coagulated, inflow.coagulated);
    }
}

/// Basins and filters, with the water in them.
#[derive(Debug, Clone)]
pub struct Clarifier {
    train: Train,
    cells: [Cell; CELLS],
    bank: Bank,
}

impl Clarifier {
    /// Basins full of the usual raw water, well coagulated.
    pub fn new(train: &Train) -> Self {
        let usual = Cell {
            turbidity_ntu: train.raw.turbidity_ntu,
            conductivity_us_per_cm: train.raw.conductivity_us_per_cm,
            codmn_mg_per_l: train.raw.codmn_mg_per_l,
            ammonia_mg_per_l: train.raw.ammonia_mg_per_l,
            e_coli_per_100_ml: train.raw.e_coli_per_100_ml,
            coagulated: 1.0,
        };
        Self { train: train.clone(), cells: [usual; CELLS], bank: Bank::new(train.bank) }
    }

    /// Passes `flow` through for `dt` from `now` on.
    pub fn pass(&mut self, now: Stamp, dt: Span, flow: Flow, raw: &Raw, order: &Order) -> Filtered {
        let coagulant = self.coagulant(flow, raw, order);
        let mut inflow = Cell {
            turbidity_ntu: raw.turbidity_ntu,
            conductivity_us_per_cm: raw.conductivity_us_per_cm,
            codmn_mg_per_l: raw.codmn_mg_per_l,
            ammonia_mg_per_l: raw.ammonia_mg_per_l,
            e_coli_per_100_ml: raw.e_coli_per_100_ml,
            coagulated: coagulation::effect(coagulant, raw.turbidity_ntu),
        };
        let (filters, clarifying) = (self.train.filters, self.train.clarifying);
        let cell_m3 = (filters.volume_m3 / CELLS as f64).max(f64::MIN_POSITIVE);
        let through = flow.as_m3_per_s().max(0.0) * dt.as_seconds() / cell_m3;
        let renewed = 1.0 - libm::exp(-through);
        for cell in &mut self.cells {
            cell.approach(&inflow, renewed);
            inflow = *cell;
        }
        let before = inflow;
        let load = flow.as_m3_per_h() / self.train.capacity_m3_per_h;
        let deg_c = raw.temperature.as_deg_c();
        let over = sedimentation::passage(&clarifying, before.coagulated, load, deg_c);
        let turbidity = before.turbidity_ntu;
        let settled_ntu = (turbidity * over * self.overload(turbidity)).min(turbidity);
        let filtering =
            self.bank.filter(now, dt, flow.as_m3_per_h().max(0.0), settled_ntu, &order.wash);
        let raw_sand = 1.0 + (UNCOAGULATED - 1.0) * (1.0 - before.coagulated);
        let passage = filters.passage / clarifying.settled_share
            * order.passage_factor
            * filtering.passage_factor
            * raw_sand;
        let floor = filters.floor_ntu;
        let passed = (settled_ntu * passage / turbidity.max(f64::MIN_POSITIVE)).min(1.0);
        let turbidity_ntu = (settled_ntu * passage).min(turbidity).max(floor);
        Filtered {
            turbidity_ntu,
            turbidity_above_floor: turbidity_ntu - floor,
            settled_ntu,
            conductivity_us_per_cm: before.conductivity_us_per_cm,
            codmn_mg_per_l: before.codmn_mg_per_l,
            ammonia_mg_per_l: before.ammonia_mg_per_l,
            e_coli_per_100_ml: before.e_coli_per_100_ml * passed,
            coagulant_mg_per_l: coagulant,
            filtering,
        }
    }

    /// Coagulant dosed into `flow`, mg/L of product.
    fn coagulant(&self, flow: Flow, raw: &Raw, order: &Order) -> f64 {
        if flow <= Flow::ZERO {
            return 0.0;
        }
        let wanted = order
            .coagulant_mg_per_l
            .unwrap_or_else(|| coagulation::optimum_mg_per_l(raw.turbidity_ntu));
        wanted.min(self.train.clarifying.dose_max_mg_per_l)
    }

    /// How many times more passes at `turbidity` (NTU, raw) than on a usual day.
    fn overload(&self, turbidity: f64) -> f64 {
        let filters = &self.train.filters;
        let above = (turbidity - filters.overload_ntu).max(0.0);
        let more = filters.overload_passage_per_ntu * above;
        if filters.passage > 0.0 { 1.0 + more / filters.passage } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::raw;
    use super::*;
    use crate::plant::sample;
    use crate::plant::train::{FilterBank, Filters, RawWater};

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
        train.raw = RawWater::of(10.0, 180.0, 10.0);
        train.bank = FilterBank {
            area_m2: 1e6,
            run_max: Span::DAY * 999,
            ..FilterBank::for_capacity(100.0)
        };
        Clarifier::new(&train)
    }

    fn order(factor: f64) -> Order {
        Order { coagulant_mg_per_l: None, passage_factor: factor, wash: Vec::new() }
    }

    fn last(hours: i64, ntu: f64, order: &Order) -> Filtered {
        let mut clarifier = clarifier();
        let raw = raw(ntu, 180.0);
        let flow = Flow::m3_per_h(100.0);
        let mut pass = |minute| clarifier.pass(at(minute), Span::MINUTE, flow, &raw, order);
        let mut last = pass(0);
        for minute in 1..hours * 60 {
            last = pass(minute);
        }
        last
    }

    fn filtered_after(hours: i64, ntu: f64, factor: f64) -> f64 {
        last(hours, ntu, &order(factor)).turbidity_ntu
    }

    #[test]
    fn clear_raw_water_leaves_at_the_floor_and_turbid_water_by_its_share() {
        assert_eq!(filtered_after(10, 10.0, 1.0), 0.15);
        assert!((filtered_after(10, 80.0, 1.0) - 0.8).abs() < 0.01);
        assert!((filtered_after(10, 80.0, 3.0) - 2.4).abs() < 0.03);
        let microbes = last(10, 80.0, &order(3.0)).e_coli_per_100_ml;
        assert!((microbes / 200.0 - 0.03).abs() < 0.001, "they pass as flocs do: {microbes}");
        let settled = last(10, 80.0, &order(1.0)).settled_ntu;
        assert!((settled - 80.0 * 0.08).abs() < 0.1, "{settled}");
    }

    #[test]
    fn beyond_the_overload_more_passes_but_never_more_than_came() {
        assert!((filtered_after(10, 600.0, 1.0) - 600.0 * 0.06).abs() < 0.6);
        assert!(filtered_after(20, 20_000.0, 3.0) <= 20_000.0);
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
        assert!((filtered.turbidity_ntu - 3.15).abs() < 0.05, "{}", filtered.turbidity_ntu);
        assert_eq!(filtered.coagulant_mg_per_l, 0.0);
        let twice = Order { coagulant_mg_per_l: Some(22.0), ..order(1.0) };
        assert!(last(10, 12.0, &twice).settled_ntu > 3.0, "too much is as bad as too little");
    }

    #[test]
    fn nothing_moves_while_the_works_stands() {
        let mut clarifier = clarifier();
        let turbid = raw(500.0, 90.0);
        let pass = clarifier.pass(at(0), Span::HOUR, Flow::ZERO, &turbid, &order(1.0));
        assert_eq!((pass.conductivity_us_per_cm, pass.turbidity_ntu), (180.0, 0.15));
        assert_eq!(pass.coagulant_mg_per_l, 0.0);
    }
}
