//! Rapid sand filters in parallel (滤池): head loss, washing, ripening, breakthrough.

use crate::base::{Span, Stamp};
use crate::plant::train::FilterBank;
use crate::world::quality::{Carried, SPECIES, TURBIDITY};

/// How long a filter is out for its wash `[M]`: 5 to 7 minutes of water, and the valves.
const WASH: Span = Span::minutes(12);

/// Wash water, L/(s·m²), and for how long `[M]`: 12 to 15, 5 to 7 min.
const WASH_L_PER_S_M2: f64 = 13.0;
const WASH_WATER: Span = Span::minutes(6);

/// After a wash a filter passes this many times more, falling to 1/e in `RIPENS` `[D]`: the spike
/// lasts 15 to 60 min `[M]`.
const RIPENING: f64 = 4.0;
const RIPENS: Span = Span::minutes(15);

/// Beyond its head loss a filter passes more, by this for each part over `[D]`, until it holds
/// `FULL` times what a run should leave in it: then it holds nothing more.
const BREAKTHROUGH: f64 = 4.0;
const FULL: f64 = 2.0;

/// The filters of a works, each with its own state.
#[derive(Debug, Clone)]
pub struct Bank {
    spec: FilterBank,
    filters: Vec<Filter>,
}

/// One filter.
#[derive(Debug, Clone, Copy)]
struct Filter {
    /// What it holds, in each species' unit times m³.
    held: Carried,
    /// Its run since the last wash.
    run: Span,
    /// Out for a wash until then.
    washes_until: Option<Stamp>,
}

/// What comes to the filters in one step.
#[derive(Debug, Clone, Copy)]
pub struct Coming {
    /// m³/h.
    pub flow_m3_per_h: f64,
    /// NTU.
    pub settled_ntu: f64,
    /// Share of it that a ripe filter in the middle of its run lets pass.
    pub share: f64,
    /// What no filter holds, NTU.
    pub floor_ntu: f64,
}

/// What the bank does to the water in one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Filtering {
    /// Behind all filters together, NTU.
    pub filtered_ntu: f64,
    /// Share of the flocs of this step that passes.
    pub share: f64,
    /// Head loss of the filter that has most, m.
    pub head_loss_m: f64,
    /// A wash that has just begun.
    pub wash: Option<Wash>,
}

/// A wash.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wash {
    /// Water it takes, m³.
    pub m3: f64,
    /// How fast, m³/s.
    pub m3_per_s: f64,
    /// What it washes out, in each species' unit times m³.
    pub out: Carried,
}

impl Bank {
    /// Filters in the middle of their runs, one after the other.
    pub fn new(spec: FilterBank) -> Self {
        let count = spec.count.max(1);
        let most = spec.solids_at(spec.head_loss_max_m) * spec.area_m2;
        let filter = |number: usize| {
            let mut held = [0.0; SPECIES];
            held[TURBIDITY] = 0.8 * most * number as f64 / count as f64;
            Filter { held, run: RIPENS * 20, washes_until: None }
        };
        Self { filters: (0..count).map(filter).collect(), spec }
    }

    /// Filters for `dt`; `wash`: numbers of filters to wash now, counted from 1; without
    /// `may_wash` none is.
    pub fn filter(
        &mut self,
        now: Stamp,
        dt: Span,
        coming: &Coming,
        wash: &[usize],
        may_wash: bool,
    ) -> Filtering {
        self.end_washes(now);
        let wash = if may_wash { self.begin_wash(now, wash) } else { None };
        let spec = self.spec;
        let working = self.working();
        let rate = coming.flow_m3_per_h / (spec.area_m2 * working);
        let volume = rate * spec.area_m2 * dt.as_hours();
        let most = FULL * spec.solids_at(spec.head_loss_max_m) * spec.area_m2;
        let (mut shares, mut filtered, mut head_loss_m) = (0.0, 0.0, 0.0_f64);
        for filter in self.filters.iter_mut().filter(|filter| filter.works()) {
            let share = filter.share(&spec, coming.share);
            let settled = coming.settled_ntu;
            let wanted = (settled * share).max(coming.floor_ntu.min(settled));
            // Cracked or full sand gives back what it held, and no more than that.
            let held = filter.held[TURBIDITY];
            let now_held = (held + (settled - wanted) * volume).clamp(0.0, most.max(held));
            let out = if volume > 0.0 { settled - (now_held - held) / volume } else { wanted };
            filter.held[TURBIDITY] = now_held;
            filter.run = filter.run + if rate > 0.0 { dt } else { Span::ZERO };
            head_loss_m = head_loss_m.max(spec.head_loss_m(filter.solids(&spec), rate));
            shares += share.min(1.0);
            filtered += out;
        }
        let (share, filtered_ntu) = (shares / working, filtered / working);
        Filtering { filtered_ntu, share, head_loss_m, wash }
    }

    /// Lets the filters hold more than turbidity, evenly; the turbidity of `load` is not read.
    pub fn hold(&mut self, load: &Carried) {
        let working = self.working();
        for filter in self.filters.iter_mut().filter(|filter| filter.works()) {
            for (at, (own, new)) in filter.held.iter_mut().zip(load).enumerate() {
                *own += if at == TURBIDITY { 0.0 } else { new / working };
            }
        }
    }

    /// What all filters hold.
    pub fn held(&self) -> impl Iterator<Item = &Carried> {
        self.filters.iter().map(|filter| &filter.held)
    }

    /// Water that one wash takes, m³.
    pub fn wash_m3(&self) -> f64 {
        self.wash_m3_per_s() * WASH_WATER.as_seconds()
    }

    fn wash_m3_per_s(&self) -> f64 {
        WASH_L_PER_S_M2 * self.spec.area_m2 / 1_000.0
    }

    fn working(&self) -> f64 {
        self.filters.iter().filter(|filter| filter.works()).count().max(1) as f64
    }

    fn end_washes(&mut self, now: Stamp) {
        for filter in &mut self.filters {
            if filter.washes_until.is_some_and(|until| until <= now) {
                filter.run = Span::ZERO;
                filter.washes_until = None;
            }
        }
    }

    /// Begins a wash: one that is asked for, else of the filter that needs it most. One at a time,
    /// and never the last filter.
    fn begin_wash(&mut self, now: Stamp, asked: &[usize]) -> Option<Wash> {
        let is_free = self.filters.iter().all(Filter::works) && self.filters.len() > 1;
        let spec = &self.spec;
        let limit = spec.solids_at(spec.head_loss_max_m);
        let needs = |filter: &Filter| filter.solids(spec) >= limit || filter.run >= spec.run_max;
        let mut asked = asked.iter().filter_map(|number| number.checked_sub(1));
        let asked = asked.find(|at| self.filters.get(*at).is_some_and(|filter| filter.run > WASH));
        let dirtiest = || {
            let dirty = self.filters.iter().enumerate().filter(|(_, filter)| needs(filter));
            dirty.max_by(|(_, a), (_, b)| a.solids(spec).total_cmp(&b.solids(spec)))
        };
        let at = asked.or_else(|| Some(dirtiest()?.0)).filter(|_| is_free)?;
        let (m3, m3_per_s) = (self.wash_m3(), self.wash_m3_per_s());
        let filter = &mut self.filters[at];
        filter.washes_until = Some(now + WASH);
        Some(Wash { m3, m3_per_s, out: std::mem::take(&mut filter.held) })
    }
}

impl Filter {
    fn works(&self) -> bool {
        self.washes_until.is_none()
    }

    /// NTU·m: turbidity times the water that went through, per m² of sand.
    fn solids(&self, spec: &FilterBank) -> f64 {
        self.held[TURBIDITY] / spec.area_m2
    }

    /// Share of the flocs it lets pass, where a ripe one in the middle of its run lets `usual`;
    /// above 1 it gives back what it held.
    fn share(&self, spec: &FilterBank, usual: f64) -> f64 {
        let ripening = RIPENING * libm::exp(-(self.run.as_seconds() / RIPENS.as_seconds()));
        let full = self.solids(spec) / spec.solids_at(spec.head_loss_max_m);
        usual * (1.0 + ripening + BREAKTHROUGH * (full - 1.0).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: FilterBank = FilterBank { count: 3, ..FilterBank::USUAL };

    fn at(minutes: i64) -> Stamp {
        Stamp::from_ms(1_733_328_000_000).expect("in range") + Span::minutes(minutes)
    }

    /// A bank of clean, ripe filters.
    fn clean(spec: FilterBank) -> Bank {
        let mut bank = Bank::new(spec);
        for filter in &mut bank.filters {
            filter.held = [0.0; SPECIES];
        }
        bank
    }

    fn coming(flow_m3_per_h: f64, settled_ntu: f64, share: f64) -> Coming {
        Coming { flow_m3_per_h, settled_ntu, share, floor_ntu: 0.0 }
    }

    /// At the design rate, for so many minutes, through filters that let `share` pass.
    fn run(bank: &mut Bank, minutes: i64, ntu: f64, share: f64) -> Vec<Filtering> {
        let coming = coming(SPEC.area_m2 * 3.0 * SPEC.design_rate_m_per_h, ntu, share);
        (0..minutes)
            .map(|minute| bank.filter(at(minute), Span::MINUTE, &coming, &[], true))
            .collect()
    }

    /// Head lost in clean sand, m: by Kozeny and Carman (180), and by Ergun with its two terms.
    ///
    /// * Units: grain and bed m, rate m/h; porosity 0.42, water of 10 °C `[M]`.
    fn clean_sand_loses(grain: f64, bed: f64, rate: f64) -> (f64, f64) {
        const POROSITY: f64 = 0.42;
        const VISCOSITY: f64 = 1.31e-6; // kinematic, m²/s
        const GRAVITY: f64 = 9.81;
        let v = rate / 3_600.0;
        let solid = 1.0 - POROSITY;
        let pores = GRAVITY * POROSITY.powi(3);
        let viscous = VISCOSITY * v * solid * solid / (pores * grain * grain) * bed;
        let inertial = 1.75 * solid * v * v / (pores * grain) * bed;
        (180.0 * viscous, 150.0 * viscous + inertial)
    }

    #[test]
    fn the_usual_clean_head_loss_is_that_of_usual_sand_and_laminar() {
        // 0.7 m of single sand, 0.5 to 1.2 mm, about 0.7 mm in the mean [M]
        let (bank, bed) = (FilterBank::USUAL, 0.7);
        let loses = |grain| clean_sand_loses(grain, bed, bank.design_rate_m_per_h);
        let used = bank.head_loss_m(0.0, bank.design_rate_m_per_h);
        let (kozeny, ergun) = loses(0.000_7);
        assert!((used / kozeny - 1.0).abs() < 0.05, "{used} m, Kozeny and Carman {kozeny} m");
        assert!((used / ergun - 1.0).abs() < 0.2, "{used} m, Ergun {ergun} m");
        assert!(loses(0.001_2).1 < used && used < loses(0.000_5).1, "within the sizes of its sand");
        // In proportion to the rate, as Darcy has it: Ergun's second term is small up to twice it.
        for rate in [3.5, 7.0, 14.0] {
            let (darcy, ergun) =
                (bank.head_loss_m(0.0, rate), clean_sand_loses(0.000_7, bed, rate));
            let by_ergun = ergun.1 / loses(0.000_7).1 * used;
            assert!((darcy / by_ergun - 1.0).abs() < 0.05, "{darcy} m at {rate} m/h, {by_ergun}");
        }
    }

    #[test]
    fn head_loss_grows_in_proportion_to_the_solids_held() {
        // exact: h(t) = h0 + k · v · c · t, at the design rate v = 7 m/h and c = 1 NTU
        let mut bank = clean(SPEC);
        let ten_hours = run(&mut bank, 600, 1.0, 0.0);
        let k = SPEC.head_loss_per_solids;
        let exact = SPEC.clean_head_loss_m + k * 7.0 * 1.0 * 10.0;
        assert!((ten_hours[599].head_loss_m - exact).abs() < 1e-9, "{exact}");
        let twice = run(&mut clean(SPEC), 300, 2.0, 0.0);
        assert!((twice[299].head_loss_m - exact).abs() < 1e-9, "half the time at twice the NTU");
    }

    #[test]
    fn a_filter_is_washed_at_its_head_loss_and_the_others_take_its_water() {
        let mut bank = Bank::new(SPEC); // one after the other, not all at once
        let run = run(&mut bank, 48 * 60, 1.0, 0.1);
        let washes: Vec<usize> = (0..run.len()).filter(|m| run[*m].wash.is_some()).collect();
        assert!(washes.len() >= 3, "each of three within two days");
        let wash_m3 = 13.0 * SPEC.area_m2 * 360.0 / 1_000.0;
        let wash = run[washes[0]].wash.expect("a wash");
        assert!((wash.m3 - wash_m3).abs() < 1e-9);
        let limit = SPEC.solids_at(SPEC.head_loss_max_m) * SPEC.area_m2;
        assert!((wash.out[TURBIDITY] / limit - 1.0).abs() < 0.02, "all it held: {wash:?}");
        assert!(run.iter().all(|step| step.head_loss_m < SPEC.head_loss_max_m * 1.7));
        let spike = washes[0] + 12; // back in service
        assert!((run[spike].share / 0.1 - (1.0 + RIPENING / 3.0)).abs() < 0.05);
        assert!(run[spike + 60].share < 0.12, "ripe after an hour");
        assert!(run[washes[0] + 1..spike].iter().all(|step| step.wash.is_none()));
    }

    #[test]
    fn a_wash_by_hand_comes_at_once_but_not_twice_and_not_without_water() {
        let mut bank = clean(SPEC);
        let coming = coming(90.0, 1.0, 0.1);
        let mut wash = |minute, may_wash| {
            bank.filter(at(minute), Span::MINUTE, &coming, &[2], may_wash).wash.is_some()
        };
        assert!(!wash(0, false));
        assert!(wash(0, true));
        assert!(!wash(1, true), "it is being washed");
        assert!(!wash(13, true), "it has just been washed");
    }

    #[test]
    fn turbid_water_breaks_through_when_washing_cannot_keep_up() {
        let mut bank = clean(SPEC);
        let steps = run(&mut bank, 180, 60.0, 0.1);
        assert!(steps[179].share > 0.2, "{}", steps[179].share);
        assert!(steps[0].share < 0.11);
    }

    #[test]
    fn what_comes_passes_or_is_held_or_has_been_washed_out() {
        for ntu in [0.05, 1.0, 60.0, 400.0] {
            let mut bank = clean(SPEC);
            let coming = Coming { floor_ntu: 0.1, ..coming(90.0, ntu, 0.1) };
            let (mut passed, mut washed) = (0.0, 0.0);
            for minute in 0..600 {
                let step = bank.filter(at(minute), Span::MINUTE, &coming, &[], true);
                passed += step.filtered_ntu * 1.5;
                washed += step.wash.map_or(0.0, |wash| wash.out[TURBIDITY]);
            }
            let held: f64 = bank.held().map(|held| held[TURBIDITY]).sum();
            let came = ntu * 900.0;
            assert!((passed + washed + held - came).abs() < 1e-9 * came, "{ntu} NTU");
        }
    }

    #[test]
    fn standing_filters_neither_clog_nor_age() {
        let mut bank = clean(SPEC);
        let coming = coming(0.0, 50.0, 0.1);
        let mut stand = |minute| bank.filter(at(minute), Span::MINUTE, &coming, &[], true);
        let first = stand(0);
        assert_eq!((1..3_000).map(stand).last(), Some(first));
    }
}
