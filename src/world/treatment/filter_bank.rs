//! Rapid sand filters in parallel (滤池): head loss, washing, ripening, breakthrough.

use crate::base::{Span, Stamp};
use crate::plant::train::FilterBank;

/// How long a filter is out for its wash `[M]`: 5 to 7 minutes of water, and the valves.
const WASH: Span = Span::minutes(12);

/// Wash water, L/(s·m²), and for how long `[M]`: 12 to 15, 5 to 7 min.
const WASH_L_PER_S_M2: f64 = 13.0;
const WASH_WATER: Span = Span::minutes(6);

/// After a wash a filter passes this many times more, falling to 1/e in `RIPENS` `[D]`: the spike
/// lasts 15 to 60 min `[M]`.
const RIPENING: f64 = 4.0;
const RIPENS: Span = Span::minutes(15);

/// Beyond its head loss a filter passes more, by this for each part over `[D]`, until it holds no
/// more than `FULL` times what a run should leave in it.
const BREAKTHROUGH: f64 = 4.0;
const FULL: f64 = 1.5;

/// The filters of a works, each with its own state.
#[derive(Debug, Clone)]
pub struct Bank {
    spec: FilterBank,
    filters: Vec<Filter>,
}

/// One filter.
#[derive(Debug, Clone, Copy)]
struct Filter {
    /// What it holds, NTU·m: turbidity times the water that went through, per m² of sand.
    solids: f64,
    /// Its run since the last wash.
    run: Span,
    /// Out for a wash until then.
    washes_until: Option<Stamp>,
}

/// What the bank does to the water in one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Filtering {
    /// The turbidity that passes is multiplied by this; 1 for ripe filters.
    pub passage_factor: f64,
    /// Head loss of the filter that has most, m.
    pub head_loss_m: f64,
    /// Wash water used, m³.
    pub wash_m3: f64,
}

impl Bank {
    /// Filters in the middle of their runs, one after the other.
    pub fn new(spec: FilterBank) -> Self {
        let count = spec.count.max(1);
        let holds = |number: usize| spec.solids_at(spec.head_loss_max_m) * number as f64;
        let filter = |number| Filter {
            solids: 0.8 * holds(number) / count as f64,
            run: RIPENS * 20,
            washes_until: None,
        };
        Self { filters: (0..count).map(filter).collect(), spec }
    }

    /// Takes `flow` (m³/h) of `settled_ntu` for `dt`; `wash`: numbers of filters to wash now,
    /// counted from 1.
    pub fn filter(
        &mut self,
        now: Stamp,
        dt: Span,
        flow_m3_per_h: f64,
        settled_ntu: f64,
        wash: &[usize],
    ) -> Filtering {
        let wash_m3 = self.wash(now, wash);
        let area = self.spec.area_m2;
        let working = self.filters.iter().filter(|filter| filter.works()).count().max(1);
        let rate = flow_m3_per_h / (area * working as f64);
        let (mut factors, mut head_loss_m) = (0.0, 0.0_f64);
        for filter in self.filters.iter_mut().filter(|filter| filter.works()) {
            factors += filter.passage_factor(&self.spec);
            let most = FULL * self.spec.solids_at(self.spec.head_loss_max_m);
            filter.solids = (filter.solids + settled_ntu * rate * dt.as_hours()).min(most);
            filter.run = filter.run + if rate > 0.0 { dt } else { Span::ZERO };
            head_loss_m = head_loss_m.max(self.spec.head_loss_m(filter.solids, rate));
        }
        let passage_factor = factors / working as f64;
        Filtering { passage_factor, head_loss_m, wash_m3 }
    }

    /// Ends washes, and begins the next: those asked for, else of the filter that needs it most.
    /// One at a time, and never the last one. Gives the water it takes, m³.
    fn wash(&mut self, now: Stamp, asked: &[usize]) -> f64 {
        for filter in &mut self.filters {
            if filter.washes_until.is_some_and(|until| until <= now) {
                *filter = Filter { solids: 0.0, run: Span::ZERO, washes_until: None };
            }
        }
        let is_free = self.filters.iter().all(Filter::works) && self.filters.len() > 1;
        let limit = self.spec.solids_at(self.spec.head_loss_max_m);
        let max_run = self.spec.run_max;
        let needs = |filter: &Filter| filter.solids >= limit || filter.run >= max_run;
        let mut asked = asked.iter().filter_map(|number| number.checked_sub(1));
        let asked = asked.find(|at| self.filters.get(*at).is_some_and(|filter| filter.run > WASH));
        let dirtiest = || {
            let dirty = self.filters.iter().enumerate().filter(|(_, filter)| needs(filter));
            dirty.max_by(|(_, a), (_, b)| a.solids.total_cmp(&b.solids)).map(|(at, _)| at)
        };
        match asked.or_else(dirtiest).filter(|_| is_free) {
            Some(at) => {
                self.filters[at].washes_until = Some(now + WASH);
                WASH_L_PER_S_M2 * self.spec.area_m2 * WASH_WATER.as_seconds() / 1_000.0
            }
            None => 0.0,
        }
    }
}

impl Filter {
    fn works(&self) -> bool {
        self.washes_until.is_none()
    }

    /// How many times more it passes than a ripe filter in the middle of its run.
    fn passage_factor(&self, spec: &FilterBank) -> f64 {
        let ripening = RIPENING * libm::exp(-(self.run.as_seconds() / RIPENS.as_seconds()));
        let full = self.solids / spec.solids_at(spec.head_loss_max_m);
        1.0 + ripening + BREAKTHROUGH * (full - 1.0).max(0.0)
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
            filter.solids = 0.0;
        }
        bank
    }

    /// At the design rate, for so many minutes.
    fn run(bank: &mut Bank, from: i64, minutes: i64, ntu: f64) -> Vec<Filtering> {
        let flow = SPEC.area_m2 * 3.0 * SPEC.design_rate_m_per_h;
        (from..from + minutes)
            .map(|minute| bank.filter(at(minute), Span::MINUTE, flow, ntu, &[]))
            .collect()
    }

    #[test]
    fn head_loss_grows_in_proportion_to_the_solids_held() {
        // exact: h(t) = h0 + k · v · c · t, at the design rate v = 7 m/h and c = 1 NTU
        let mut bank = clean(SPEC);
        let ten_hours = run(&mut bank, 0, 600, 1.0);
        let k = SPEC.head_loss_per_solids;
        let exact = SPEC.clean_head_loss_m + k * 7.0 * 1.0 * 10.0;
        assert!((ten_hours[599].head_loss_m - exact).abs() < 1e-9, "{exact}");
        let twice = run(&mut clean(SPEC), 0, 300, 2.0);
        assert!((twice[299].head_loss_m - exact).abs() < 1e-9, "half the time at twice the NTU");
    }

    #[test]
    fn a_filter_is_washed_at_its_head_loss_and_the_others_take_its_water() {
        let mut bank = Bank::new(SPEC); // one after the other, not all at once
        let run = run(&mut bank, 0, 48 * 60, 1.0);
        let washes: Vec<usize> = (0..run.len()).filter(|m| run[*m].wash_m3 > 0.0).collect();
        assert!(washes.len() >= 3, "each of three within two days");
        let wash_m3 = 13.0 * SPEC.area_m2 * 360.0 / 1_000.0;
        assert!((run[washes[0]].wash_m3 - wash_m3).abs() < 1e-9);
        assert!(run.iter().all(|step| step.head_loss_m < SPEC.head_loss_max_m * 1.7));
        let spike = washes[0] + 12; // back in service
        assert!((run[spike].passage_factor - (1.0 + RIPENING / 3.0)).abs() < 0.05);
        assert!(run[spike + 60].passage_factor < 1.2, "ripe after an hour");
        assert!(
            run[washes[0]..spike].iter().all(|step| step.wash_m3 == 0.0 || step == &run[washes[0]])
        );
    }

    #[test]
    fn a_wash_by_hand_comes_at_once_but_not_twice() {
        let mut bank = clean(SPEC);
        let wash = |bank: &mut Bank, minute| bank.filter(at(minute), Span::MINUTE, 90.0, 1.0, &[2]);
        assert!(wash(&mut bank, 0).wash_m3 > 0.0);
        assert_eq!(wash(&mut bank, 1).wash_m3, 0.0, "it is being washed");
        assert_eq!(wash(&mut bank, 13).wash_m3, 0.0, "it has just been washed");
    }

    #[test]
    fn turbid_water_breaks_through_when_washing_cannot_keep_up() {
        let mut bank = clean(SPEC);
        let steps = run(&mut bank, 0, 180, 60.0);
        assert!(steps[179].passage_factor > 2.0, "{}", steps[179].passage_factor);
        assert!(steps[0].passage_factor < 1.1);
    }

    #[test]
    fn standing_filters_neither_clog_nor_age() {
        let mut bank = clean(SPEC);
        let first = bank.filter(at(0), Span::MINUTE, 0.0, 50.0, &[]);
        let last =
            (1..3_000).map(|minute| bank.filter(at(minute), Span::MINUTE, 0.0, 50.0, &[])).last();
        assert_eq!(last, Some(first));
    }
}
