//! Coagulation, sedimentation and filters as one step: a delay, then a share that passes.

use super::source::Raw;
use crate::base::Span;
use crate::base::units::Flow;
use crate::plant::train::{Filters, RawWater};

/// Mixed cells in series that stand for the volume of the step: their outflow follows a change
/// of the inflow after about V/Q, spread over half of it `[D]`.
const CELLS: usize = 4;

/// Behind the filters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Filtered {
    /// NTU.
    pub turbidity_ntu: f64,
    /// What of it the filters would hold back on their best day, NTU.
    pub turbidity_above_floor: f64,
    /// µS/cm.
    pub conductivity_us_per_cm: f64,
}

/// The water under way in the step.
#[derive(Debug, Clone)]
pub struct FilterCells {
    filters: Filters,
    /// Turbidity as raw water has it, and conductivity, along the step.
    cells: [(f64, f64); CELLS],
}

impl FilterCells {
    /// Filters full of the usual raw water.
    pub fn new(filters: Filters, raw: RawWater) -> Self {
        Self { filters, cells: [(raw.turbidity_ntu, raw.conductivity_us_per_cm); CELLS] }
    }

    /// Passes `flow` through for `dt`; `passage_factor` multiplies the share that passes.
    pub fn pass(&mut self, raw: &Raw, dt: Span, flow: Flow, passage_factor: f64) -> Filtered {
        let cell_m3 = (self.filters.volume_m3 / CELLS as f64).max(f64::MIN_POSITIVE);
        let through = flow.as_m3_per_s().max(0.0) * dt.as_seconds() / cell_m3;
        let renewed = 1.0 - libm::exp(-through);
        let mut inflow = (raw.turbidity_ntu, raw.conductivity_us_per_cm);
        for cell in &mut self.cells {
            cell.0 += (inflow.0 - cell.0) * renewed;
            cell.1 += (inflow.1 - cell.1) * renewed;
            inflow = *cell;
        }
        let (turbidity, conductivity_us_per_cm) = inflow;
        let floor = self.filters.floor_ntu;
        let turbidity_ntu =
            (turbidity * self.passage(turbidity) * passage_factor).min(turbidity).max(floor);
        Filtered {
            turbidity_ntu,
            turbidity_above_floor: turbidity_ntu - floor,
            conductivity_us_per_cm,
        }
    }

    /// The share of `turbidity` (NTU, raw) that passes new filters.
    fn passage(&self, turbidity: f64) -> f64 {
        let overload = (turbidity - self.filters.overload_ntu).max(0.0);
        self.filters.passage + self.filters.overload_passage_per_ntu * overload
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::raw;
    use super::*;

    const FILTERS: Filters = Filters {
        passage: 0.01,
        overload_ntu: 100.0,
        overload_passage_per_ntu: 0.0001,
        floor_ntu: 0.15,
        volume_m3: 100.0,
    };

    fn filtered_after(hours: i64, ntu: f64, factor: f64) -> f64 {
        let usual = RawWater::of(10.0, 180.0, 10.0);
        let raw = raw(ntu, 180.0);
        let mut cells = FilterCells::new(FILTERS, usual);
        let mut last = 0.0;
        for _ in 0..hours * 60 {
            let flow = Flow::m3_per_h(100.0);
            last = cells.pass(&raw, Span::MINUTE, flow, factor).turbidity_ntu;
        }
        last
    }

    #[test]
    fn clear_raw_water_leaves_at_the_floor_and_turbid_water_by_its_share() {
        assert_eq!(filtered_after(10, 10.0, 1.0), 0.15);
        assert!((filtered_after(10, 80.0, 1.0) - 0.8).abs() < 1e-3);
        assert!((filtered_after(10, 80.0, 3.0) - 2.4).abs() < 1e-3);
    }

    #[test]
    fn beyond_the_overload_more_passes_but_never_more_than_came() {
        assert!((filtered_after(10, 600.0, 1.0) - 600.0 * 0.06).abs() < 0.1);
        assert!(filtered_after(20, 20_000.0, 3.0) <= 20_000.0);
    }

    #[test]
    fn a_change_comes_through_after_the_volume_by_the_flow() {
        let final_ntu = filtered_after(10, 80.0, 1.0);
        assert!(filtered_after(0, 80.0, 1.0) < 0.2 * final_ntu);
        let after_an_hour = filtered_after(1, 80.0, 1.0);
        assert!(after_an_hour > 0.4 * final_ntu && after_an_hour < 0.7 * final_ntu);
    }

    #[test]
    fn nothing_moves_while_the_works_stands() {
        let usual = RawWater::of(40.0, 180.0, 10.0);
        let raw = raw(500.0, 90.0);
        let mut cells = FilterCells::new(FILTERS, usual);
        let filtered = cells.pass(&raw, Span::HOUR, Flow::ZERO, 1.0);
        assert!((filtered.turbidity_ntu - 0.4).abs() < 1e-12);
        assert_eq!(filtered.conductivity_us_per_cm, 180.0);
    }
}
