//! The dosing pump, its drum, and what the water takes of the disinfectant at once.

use crate::base::Span;
use crate::base::units::{Concentration, Flow, Length};
use crate::plant::train::{Agent, Dosing};
use crate::world::quality::reaction::Yields;

/// Chlorine that turbid water takes up in addition, mg/L per NTU above the filters' best `[D]`:
/// after a storm the demand is up and the residual down.
const DEMAND_MG_PER_L_PER_NTU: f64 = 0.05;

/// Chlorine that organic matter takes up in addition, mg/L per mg/L of CODMn in the filtered water
/// above the usual `[D]`.
const DEMAND_MG_PER_L_PER_CODMN: f64 = 0.08;

/// Chlorate made of the chlorine that hypochlorite loses in its drum, mg per mg: 3 OCl⁻ give
/// 2 Cl⁻ and one ClO₃⁻ (83.45 by 3 · 70.9), less a tenth that gives off oxygen `[S63]`.
const CHLORATE_OF_LOST: f64 = 0.9 * 83.45 / (3.0 * 70.9);

/// Chlorate in stock that has just come, as a share of its chlorine `[D]`.
const CHLORATE_WHEN_FRESH: f64 = 0.02;

/// Chlorite that goes with chlorine dioxide unused, as a share of it `[D]`: a generator in good
/// order makes use of 95 % of its feed.
const CHLORITE_UNUSED: f64 = 0.05;

/// Chlorite that is left of each mg of chlorine dioxide which a generator fails to make:
/// 5 ClO₂⁻ + 4 H⁺ → 4 ClO₂ + Cl⁻ + 2 H₂O, both of the same weight.
const CHLORITE_UNMADE: f64 = 1.25;

/// Share of what the water takes at once that goes into organic matter and makes trihalomethanes
/// `[D]`: the rest meets what makes none, as it always does at first `[S62]`.
const PRODUCTIVE: f64 = 0.5;

/// Growth of the stock's decay per °C `[M]`: about twice for 10 °C.
const STOCK_THETA: f64 = 1.07;

/// Does the pump deliver?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prime {
    /// It delivers what it is set to.
    Kept,
    /// It has lost its prime (失压) and delivers nothing.
    Lost {
        /// Its signal still says that it runs.
        keeps_signal: bool,
    },
}

/// What has gone into the water, per litre of it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Dosed {
    /// Chlorine, or chlorine dioxide.
    pub agent: Concentration,
    /// Chlorate that came with it.
    pub chlorate: Concentration,
    /// Chlorite that came with it.
    pub chlorite: Concentration,
}

/// A dosing pump that follows the flow, and its drum.
#[derive(Debug, Clone)]
pub struct DosingPump {
    dosing: Dosing,
    stock_l: f64,
    /// Strength of what is in the drum, g/L.
    strength_g_per_l: f64,
    /// Chlorate in it, g/L.
    chlorate_g_per_l: f64,
    /// What a scenario has set the drum to; nobody refills it then.
    drum_share: Option<f64>,
    signal: bool,
}

impl DosingPump {
    /// A pump with its drum filled as the train says.
    pub fn new(dosing: &Dosing) -> Self {
        let mut pump = Self {
            dosing: dosing.clone(),
            stock_l: 0.0,
            strength_g_per_l: dosing.stock_g_per_l,
            chlorate_g_per_l: CHLORATE_WHEN_FRESH * dosing.stock_g_per_l,
            drum_share: None,
            signal: false,
        };
        pump.refill();
        pump
    }

    /// Lets the stock stand for `dt`: as the sheet says it decays in its drum, faster in the heat.
    pub fn age(&mut self, dt: Span, deg_c: f64) {
        let rate = self.dosing.stock_decay_per_day * libm::pow(STOCK_THETA, deg_c - 20.0);
        let before = self.strength_g_per_l;
        self.strength_g_per_l *= libm::exp(-rate * dt.as_days());
        self.chlorate_g_per_l += self.chlorate_of(before - self.strength_g_per_l);
    }

    /// Chlorate that the stock's loss of so much strength makes.
    fn chlorate_of(&self, lost: f64) -> f64 {
        match self.dosing.agent {
            Agent::Chlorine => CHLORATE_OF_LOST * lost,
            Agent::ChlorineDioxide => 0.0,
        }
    }

    /// Sets the drum to this share and lets nobody refill it; none: as usual.
    pub fn set_drum(&mut self, share: Option<f64>) {
        if share != self.drum_share {
            self.drum_share = share;
            if let Some(share) = share {
                self.stock_l = self.dosing.drum_l * share;
            }
        }
    }

    /// Refills the drum if less is left than an operator leaves in it.
    pub fn refill_if_low(&mut self) {
        if self.drum_share.is_some() {
            return;
        }
        if self.stock_l < self.dosing.refill_below_share * self.dosing.drum_l {
            self.refill();
        }
    }

    /// Fills the drum to its share at the start, with fresh stock on what is left.
    pub fn refill(&mut self) {
        let filled = self.dosing.drum_l * self.dosing.initial_share;
        let old = self.stock_l.min(filled);
        let fresh = filled - old;
        if filled > 0.0 {
            let mix = |own: f64, new: f64| (old * own + fresh * new) / filled;
            let new = self.dosing.stock_g_per_l;
            self.strength_g_per_l = mix(self.strength_g_per_l, new);
            self.chlorate_g_per_l = mix(self.chlorate_g_per_l, CHLORATE_WHEN_FRESH * new);
        }
        self.stock_l = filled;
    }

    /// Doses into `flow` for `dt`; gives what went in.
    ///
    /// An empty drum gives nothing, though the pump strokes on. The pump stops with the flow.
    ///
    /// * `strength_share`: what is left of the strength of what is in the drum, 0 to 1.
    pub fn dose(
        &mut self,
        dt: Span,
        flow: Flow,
        set: Concentration,
        prime: Prime,
        strength_share: f64,
    ) -> Dosed {
        let water_m3 = flow.as_m3_per_s().max(0.0) * dt.as_seconds();
        let asked = water_m3 > 0.0 && set > Concentration::ZERO;
        self.signal = asked && prime != Prime::Lost { keeps_signal: false };
        if !asked || prime != Prime::Kept {
            return Dosed::default();
        }
        // mg/L = g/m³, and the stock is in g/L; the pump's stroke knows fresh stock only.
        let wanted_l = set.as_mg_per_l() * water_m3 / self.dosing.stock_g_per_l;
        let used_l = wanted_l.min(self.stock_l);
        self.stock_l -= used_l;
        let in_water = |g_per_l: f64| Concentration::mg_per_l(used_l * g_per_l / water_m3);
        let missing = (1.0 - strength_share) * self.strength_g_per_l;
        let made = strength_share * self.strength_g_per_l;
        let unused = match self.dosing.agent {
            Agent::Chlorine => 0.0,
            Agent::ChlorineDioxide => CHLORITE_UNUSED * made + CHLORITE_UNMADE * missing,
        };
        let lost = self.chlorate_of(missing);
        Dosed {
            agent: in_water(self.strength_g_per_l * strength_share),
            chlorate: in_water(self.chlorate_g_per_l + lost),
            chlorite: in_water(unused),
        }
    }

    /// What is left of `dosed` when the water has taken its instant demand.
    ///
    /// * `turbidity_above_floor`: NTU that better filters would have held back.
    /// * `codmn_above_usual`: mg/L of O₂ more than on a usual day.
    pub fn left_of(
        &self,
        dosed: Concentration,
        turbidity_above_floor: f64,
        codmn_above_usual: f64,
    ) -> Concentration {
        let demand = self.dosing.instant_demand_mg_per_l
            + DEMAND_MG_PER_L_PER_NTU * turbidity_above_floor
            + DEMAND_MG_PER_L_PER_CODMN * codmn_above_usual.max(0.0);
        Concentration::mg_per_l((dosed.as_mg_per_l() - demand).max(0.0))
    }

    /// What the instant demand leaves of each mg that it takes.
    pub fn yields(&self) -> Yields {
        let all = Yields::of(self.dosing.agent);
        Yields { trihalomethanes: PRODUCTIVE * all.trihalomethanes, ..all }
    }

    /// What it doses.
    pub fn agent(&self) -> Agent {
        self.dosing.agent
    }

    /// Does its signal say that it runs?
    pub fn signal(&self) -> bool {
        self.signal
    }

    /// Level in the drum.
    pub fn stock_level(&self) -> Length {
        Length::m(self.dosing.drum_height_m * self.stock_l / self.dosing.drum_l)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pump(initial_share: f64) -> DosingPump {
        DosingPump::new(&Dosing {
            id: "DP-1".to_owned(),
            agent: Agent::Chlorine,
            dose_mg_per_l: 1.0,
            instant_demand_mg_per_l: 0.4,
            stock_g_per_l: 100.0,
            stock_decay_per_day: 0.0,
            drum_l: 300.0,
            drum_height_m: 0.9,
            initial_share,
            refill_below_share: 0.25,
        })
    }

    const SET: Concentration = Concentration::mg_per_l(1.0);

    #[test]
    fn a_day_of_production_takes_its_chlorine_from_the_drum() {
        let mut pump = pump(0.8);
        let dosed = pump.dose(Span::DAY, Flow::m3_per_h(100.0), SET, Prime::Kept, 1.0).agent;
        assert!((dosed.as_mg_per_l() - 1.0).abs() < 1e-12);
        // 2,400 g of chlorine are 24 L of 240 L
        assert!((pump.stock_level().as_m() - 0.9 * 216.0 / 300.0).abs() < 1e-9);
        assert!((pump.left_of(dosed, 0.0, 0.0).as_mg_per_l() - 0.6).abs() < 1e-12);
        assert!(pump.left_of(dosed, 2.0, 0.0) < pump.left_of(dosed, 0.0, 0.0));
    }

    #[test]
    fn an_empty_drum_gives_nothing_but_the_pump_strokes_on() {
        let mut pump = pump(0.01); // 3 L
        let dosed = pump.dose(Span::DAY, Flow::m3_per_h(100.0), SET, Prime::Kept, 1.0).agent;
        assert!((dosed.as_mg_per_l() - 300.0 / 2_400.0).abs() < 1e-12);
        let dry = pump.dose(Span::HOUR, Flow::m3_per_h(100.0), SET, Prime::Kept, 1.0).agent;
        assert_eq!((dry, pump.signal()), (Concentration::ZERO, true));
        assert_eq!(pump.left_of(dry, 0.0, 0.0), Concentration::ZERO);
    }

    #[test]
    fn a_drum_is_refilled_when_it_is_low_and_only_then() {
        let mut low = pump(0.8);
        low.dose(Span::DAY, Flow::m3_per_h(100.0), Concentration::mg_per_l(7.0), Prime::Kept, 1.0);
        assert!((low.stock_level().as_m() - 0.9 * 72.0 / 300.0).abs() < 1e-9, "24 % are left");
        low.refill_if_low();
        assert!((low.stock_level().as_m() - 0.9 * 0.8).abs() < 1e-9);
        let mut enough = pump(0.8);
        enough.dose(
            Span::DAY,
            Flow::m3_per_h(100.0),
            Concentration::mg_per_l(6.0),
            Prime::Kept,
            1.0,
        );
        let before = enough.stock_level();
        enough.refill_if_low();
        assert_eq!(enough.stock_level(), before);
    }

    #[test]
    fn a_lost_prime_doses_nothing_whatever_the_signal_says() {
        for keeps_signal in [true, false] {
            let mut pump = pump(0.8);
            let full = pump.stock_level();
            let lost = Prime::Lost { keeps_signal };
            let dosed = pump.dose(Span::HOUR, Flow::m3_per_h(100.0), SET, lost, 1.0);
            assert_eq!((dosed, pump.signal()), (Dosed::default(), keeps_signal));
            assert_eq!(pump.stock_level(), full);
        }
    }

    #[test]
    fn stock_loses_its_strength_in_the_heat_and_fresh_stock_mixes_in() {
        let mut pump = pump(0.8);
        pump.dosing.stock_decay_per_day = 0.01;
        pump.age(Span::DAY * 10, 20.0);
        let weak = pump.dose(Span::HOUR, Flow::m3_per_h(100.0), SET, Prime::Kept, 1.0);
        assert!((weak.agent.as_mg_per_l() - libm::exp(-0.1)).abs() < 1e-12);
        let chlorate = 0.02 + CHLORATE_OF_LOST * (1.0 - libm::exp(-0.1));
        assert!((weak.chlorate.as_mg_per_l() - chlorate).abs() < 1e-12, "{}", weak.chlorate);
        let half = pump.dose(Span::HOUR, Flow::m3_per_h(100.0), SET, Prime::Kept, 0.5);
        let more = (half.chlorate - weak.chlorate).as_mg_per_l();
        let lost = (weak.agent - half.agent).as_mg_per_l();
        assert!((more - CHLORATE_OF_LOST * lost).abs() < 1e-12, "{more} {lost}");
        pump.stock_l = 240.0;
        pump.age(Span::DAY * 10, 30.0); // 1.07^10 = 1.967 times as fast
        let strength = 100.0 * libm::exp(-0.1 - 0.1 * 1.967_151_357);
        assert!((pump.strength_g_per_l - strength).abs() < 1e-6);
        pump.stock_l = 60.0; // of 240 L
        pump.refill();
        assert!((pump.strength_g_per_l - (strength + 300.0) / 4.0).abs() < 1e-6);
    }

    #[test]
    fn a_generator_out_of_order_gives_chlorite_for_chlorine_dioxide() {
        let mut pump = pump(0.8);
        pump.dosing.agent = Agent::ChlorineDioxide;
        let flow = Flow::m3_per_h(100.0);
        let good = pump.dose(Span::HOUR, flow, SET, Prime::Kept, 1.0);
        let bad = pump.dose(Span::HOUR, flow, SET, Prime::Kept, 0.6);
        let values = [good, bad].map(|it| (it.agent.as_mg_per_l(), it.chlorite.as_mg_per_l()));
        for ((agent, chlorite), expected) in values.into_iter().zip([(1.0, 0.05), (0.6, 0.53)]) {
            assert!((agent - expected.0).abs() < 1e-12 && (chlorite - expected.1).abs() < 1e-12);
        }
        assert_eq!(good.chlorate, bad.chlorate);
        let yields = pump.yields();
        assert!(yields.trihalomethanes == 0.0 && (0.5..0.7).contains(&yields.chlorite));
    }

    #[test]
    fn a_drum_that_a_scenario_has_set_is_not_refilled_until_it_lets_go() {
        let mut pump = pump(0.8);
        pump.set_drum(Some(0.1));
        pump.refill_if_low();
        assert!((pump.stock_l - 30.0).abs() < 1e-12);
        pump.dose(Span::HOUR, Flow::m3_per_h(100.0), SET, Prime::Kept, 1.0);
        pump.set_drum(Some(0.1));
        assert!((pump.stock_l - 29.0).abs() < 1e-12, "it is set once");
        pump.set_drum(None);
        pump.refill_if_low();
        assert!((pump.stock_l - 240.0).abs() < 1e-12);
    }

    #[test]
    fn the_pump_stops_with_the_flow() {
        let mut pump = pump(0.8);
        let dosed = pump.dose(Span::HOUR, Flow::ZERO, SET, Prime::Kept, 1.0);
        assert_eq!((dosed, pump.signal()), (Dosed::default(), false));
    }
}
