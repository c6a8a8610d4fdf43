//! The coagulant's pump and its drum (混凝剂投加).

use super::dosing::Prime;
use crate::base::Span;
use crate::base::units::{Flow, Length};
use crate::plant::train::Clarifying;

/// A drum with less than this share left is filled at once, by day and by night `[D]`: two drums,
/// of which one is made up while the other is used.
const REFILL_BELOW_SHARE: f64 = 0.25;

/// How the pump is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PumpState {
    /// Does it deliver?
    pub prime: Prime,
    /// What it gives of what it is set to, as a share: 1 with a right stroke.
    pub stroke: f64,
    /// Share of the drum that a scenario has left in it; none: as usual.
    pub drum_share: Option<f64>,
}

impl PumpState {
    /// All is well.
    pub const USUAL: Self = Self { prime: Prime::Kept, stroke: 1.0, drum_share: None };
}

/// A pump that follows the flow, and its drum.
#[derive(Debug, Clone)]
pub struct CoagulantPump {
    sheet: Clarifying,
    stock_l: f64,
    /// What a scenario has set the drum to; nobody fills it then.
    drum_share: Option<f64>,
    signal: bool,
}

impl CoagulantPump {
    /// A pump with a full drum.
    pub fn new(sheet: Clarifying) -> Self {
        Self { sheet, stock_l: sheet.drum_l, drum_share: None, signal: false }
    }

    /// Doses into `flow` for `dt`; gives what went in, mg/L of product.
    ///
    /// * `set`: what it is set to, mg/L; it gives `dose_max_mg_per_l` at most.
    ///
    /// An empty drum gives nothing, though the pump strokes on. The pump stops with the flow.
    pub fn dose(&mut self, dt: Span, flow: Flow, set: f64, state: &PumpState) -> f64 {
        self.keep_drum(state.drum_share);
        let asked = flow > Flow::ZERO && set > 0.0;
        self.signal = asked && state.prime != Prime::Lost { keeps_signal: false };
        if !asked || state.prime != Prime::Kept {
            return 0.0;
        }
        let wanted = (set.min(self.sheet.dose_max_mg_per_l) * state.stroke)
            .min(self.sheet.dose_max_mg_per_l);
        // mg/L = g/m³, and the stock is in g/L.
        let water_m3 = flow.as_m3_per_s() * dt.as_seconds();
        let wanted_l = wanted * water_m3 / self.sheet.stock_g_per_l;
        if self.drum_share.is_none() && self.stock_l < wanted_l {
            self.stock_l = self.sheet.drum_l.max(wanted_l); // somebody stands beside a small drum
        }
        let used_l = wanted_l.min(self.stock_l);
        self.stock_l -= used_l;
        if used_l < wanted_l { wanted * used_l / wanted_l } else { wanted }
    }

    /// Sets the drum to what a scenario says, once; fills it when it is low and nobody says so.
    fn keep_drum(&mut self, drum_share: Option<f64>) {
        let full = self.sheet.drum_l;
        if let Some(share) = drum_share {
            if self.drum_share != drum_share {
                self.stock_l = full * share;
            }
        } else if self.stock_l < REFILL_BELOW_SHARE * full {
            self.stock_l = full;
        }
        self.drum_share = drum_share;
    }

    /// Does its signal say that it runs?
    pub fn signal(&self) -> bool {
        self.signal
    }

    /// Level in the drum.
    pub fn stock_level(&self) -> Length {
        Length::m(self.sheet.drum_height_m * (self.stock_l / self.sheet.drum_l).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHEET: Clarifying =
        Clarifying { drum_l: 100.0, stock_g_per_l: 100.0, drum_height_m: 1.0, ..Clarifying::USUAL };

    const FLOW: Flow = Flow::m3_per_s(100.0 / 3_600.0);

    #[test]
    fn an_hour_takes_its_coagulant_from_the_drum_which_is_filled_in_time() {
        let mut pump = CoagulantPump::new(SHEET);
        for _ in 0..7 {
            // 10 mg/L in 100 m³ are 1 kg: 10 L
            assert_eq!(pump.dose(Span::HOUR, FLOW, 10.0, &PumpState::USUAL), 10.0);
        }
        assert!((pump.stock_level().as_m() - 0.3).abs() < 1e-9);
        pump.dose(Span::HOUR, FLOW, 10.0, &PumpState::USUAL);
        pump.dose(Span::HOUR, FLOW, 10.0, &PumpState::USUAL);
        assert!((pump.stock_level().as_m() - 0.9).abs() < 1e-9, "0.2 are less than a quarter");
    }

    #[test]
    fn a_drum_that_nobody_fills_runs_out_while_the_pump_strokes_on() {
        let mut pump = CoagulantPump::new(SHEET);
        let low = PumpState { drum_share: Some(0.25), ..PumpState::USUAL };
        let given: Vec<f64> = (0..4).map(|_| pump.dose(Span::HOUR, FLOW, 10.0, &low)).collect();
        assert_eq!(given[..2], [10.0, 10.0]);
        assert!((given[2] - 5.0).abs() < 1e-9 && given[3] == 0.0, "{given:?}");
        assert!(pump.signal() && pump.stock_level() == Length::ZERO);
        assert_eq!(pump.dose(Span::HOUR, FLOW, 10.0, &PumpState::USUAL), 10.0);
    }

    #[test]
    fn a_lost_prime_gives_nothing_and_a_wrong_stroke_its_share() {
        let mut pump = CoagulantPump::new(SHEET);
        for keeps_signal in [true, false] {
            let lost = PumpState { prime: Prime::Lost { keeps_signal }, ..PumpState::USUAL };
            assert_eq!(pump.dose(Span::HOUR, FLOW, 10.0, &lost), 0.0);
            assert_eq!(pump.signal(), keeps_signal);
        }
        for (stroke, given) in [(0.4, 4.0), (2.0, 20.0), (100.0, 80.0)] {
            let state = PumpState { stroke, ..PumpState::USUAL };
            assert_eq!(pump.dose(Span::MINUTE, FLOW, 10.0, &state), given);
        }
        assert_eq!(pump.dose(Span::HOUR, Flow::ZERO, 10.0, &PumpState::USUAL), 0.0);
        assert!(!pump.signal(), "it stops with the flow");
    }
}
