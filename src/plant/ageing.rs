//! How a plant ages, year by year, and what undoes it.

use serde::{Deserialize, Serialize};

use super::Condition;
use crate::base::units::Quantity;

/// The condition that a plant without any age is in.
pub const NEW: &str = "renewed";

/// How fast each part of a plant wears, and what its renewal costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ageing {
    /// Share of their roughness C that pipes lose in a year: deposits.
    pub roughness_loss_per_year: f64,
    /// Growth of chlorine's wall decay a year, as a share of the new pipes'.
    pub wall_decay_per_year: f64,
    /// Growth of the leakage a year, m³/h at 20 m.
    pub leakage_m3_per_h_at_20_m_per_year: f64,
    /// Share of their head that pumps lose in a year.
    pub pump_head_loss_per_year: f64,
    /// Growth of what the filters let through a year, as a share of what they do.
    pub filter_passage_per_year: f64,
    /// How instruments age.
    pub instruments: InstrumentAgeing,
    /// What the renewal of each part costs, CNY.
    pub costs: [(Part, f64); 4],
}

/// How instruments drift and get noisier, unless they are calibrated or new; nothing by default.
///
/// The amounts are what is usual; each instrument draws its own. Zeros drift either way, slopes are
/// lost.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct InstrumentAgeing {
    /// Zero of pressures and levels, as a share of their range a year.
    pub zero_share_per_year: f64,
    /// Slope of flow meters, as a share a year.
    pub flow_slope_per_year: f64,
    /// Slope of chlorine probes, as a share a year.
    pub chlorine_slope_per_year: f64,
    /// Slope of turbidity meters and conductivity cells, as a share a year.
    pub optics_slope_per_year: f64,
    /// Zero of pH electrodes a year.
    pub ph_per_year: f64,
    /// Growth of all noise a year, as a share.
    pub noise_growth_per_year: f64,
    /// Probes in the water are calibrated so often, years; never when none.
    pub calibrated_every_years: Option<f64>,
}

/// How one instrument differs from the usual one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OwnWay {
    /// What it has of the usual amounts; the sign is the way in which its zero drifts.
    pub size: f64,
    /// When it is calibrated, as a share of the time from one to the next, 0 to 1.
    pub phase: f64,
}

/// What the years have made of an instrument.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worn {
    /// What the signal is multiplied by.
    pub slope: f64,
    /// What is added to it, as a share of the instrument's range.
    pub zero_share: f64,
    /// What is added to it, in the quantity's unit.
    pub zero: f64,
    /// What its noise is multiplied by.
    pub noise: f64,
}

impl Worn {
    /// Of a new instrument.
    pub const NEW: Self = Self { slope: 1.0, zero_share: 0.0, zero: 0.0, noise: 1.0 };
}

impl InstrumentAgeing {
    /// What `years` make of an instrument of `quantity`.
    pub fn wear(&self, quantity: Quantity, years: f64, own: OwnWay) -> Worn {
        let (size, noise) = (own.size.abs(), 1.0 + self.noise_growth_per_year * years);
        let since = match self.calibrated_every_years {
            Some(every) if is_probe(quantity) => years.min((years + own.phase * every) % every),
            _ => years,
        };
        let lost = |rate: f64| libm::pow(1.0 - (rate * size).min(0.9), since);
        let (mut slope, mut zero_share, mut zero) = (1.0, 0.0, 0.0);
        match quantity {
            Quantity::Pressure | Quantity::Level => {
                zero_share = self.zero_share_per_year * own.size * since;
            }
            Quantity::Flow => slope = lost(self.flow_slope_per_year),
            Quantity::FreeChlorine
            | Quantity::TotalChlorine
            | Quantity::ChlorineDioxide
            | Quantity::Ozone => {
                slope = lost(self.chlorine_slope_per_year);
            }
            Quantity::Turbidity | Quantity::Conductivity => {
                slope = lost(self.optics_slope_per_year);
            }
            Quantity::Ph => zero = self.ph_per_year * own.size * since,
            Quantity::Temperature
            | Quantity::Ammonia
            | Quantity::CodMn
            | Quantity::State
            | Quantity::Energy
            | Quantity::Voltage => return Worn::NEW,
        }
        Worn { slope, zero_share, zero, noise }
    }
}

/// Does it hang in the water, where it is calibrated?
fn is_probe(quantity: Quantity) -> bool {
    !matches!(quantity, Quantity::Pressure | Quantity::Level | Quantity::Flow)
}

/// A part of the plant that is renewed as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Pipes and valves: roughness, leaks, walls.
    Pipes,
    /// Pumps: their head.
    Pumps,
    /// Filter media.
    Filters,
    /// Instruments: new, or calibrated as if they were.
    Instruments,
}

impl Part {
    /// As files and the command line write it.
    pub const CHOICES: [(&'static str, Self); 4] = [
        ("pipes", Self::Pipes),
        ("pumps", Self::Pumps),
        ("filters", Self::Filters),
        ("instruments", Self::Instruments),
    ];
}

/// Years since each part was new.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Years {
    /// Pipes and valves.
    pub pipes: f64,
    /// Pumps.
    pub pumps: f64,
    /// Filter media.
    pub filters: f64,
    /// Instruments.
    pub instruments: f64,
}

impl Years {
    /// All parts of one age.
    pub fn all(years: f64) -> Self {
        Self { pipes: years, pumps: years, filters: years, instruments: years }
    }

    /// Sets the age of one part.
    pub fn set(&mut self, part: Part, years: f64) {
        match part {
            Part::Pipes => self.pipes = years,
            Part::Pumps => self.pumps = years,
            Part::Filters => self.filters = years,
            Part::Instruments => self.instruments = years,
        }
    }
}

impl Ageing {
    /// What a plant that was `new` has come to.
    ///
    /// Shares are lost and gained year upon year; leaks and walls get worse by as much each year.
    pub fn wear(&self, new: &Condition, years: Years) -> Condition {
        let lose = |rate: f64, years: f64| libm::pow(1.0 - rate, years);
        Condition {
            name: new.name.clone(),
            roughness_factor: new.roughness_factor
                * lose(self.roughness_loss_per_year, years.pipes),
            pump_head_factor: new.pump_head_factor
                * lose(self.pump_head_loss_per_year, years.pumps),
            leakage_m3_per_h_at_20_m: new.leakage_m3_per_h_at_20_m
                + self.leakage_m3_per_h_at_20_m_per_year * years.pipes,
            wall_decay_factor: new.wall_decay_factor
                * (1.0 + self.wall_decay_per_year * years.pipes),
            filter_passage_factor: new.filter_passage_factor
                * libm::pow(1.0 + self.filter_passage_per_year, years.filters),
            dose_mg_per_l: new.dose_mg_per_l,
        }
    }

    /// What the renewal of a part costs, CNY.
    pub fn cost(&self, part: Part) -> f64 {
        self.costs.iter().find(|(known, _)| *known == part).map_or(0.0, |(_, cost)| *cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGEING: Ageing = Ageing {
        roughness_loss_per_year: 0.1,
        wall_decay_per_year: 0.5,
        leakage_m3_per_h_at_20_m_per_year: 2.0,
        pump_head_loss_per_year: 0.02,
        filter_passage_per_year: 0.2,
        instruments: InstrumentAgeing {
            zero_share_per_year: 0.002,
            flow_slope_per_year: 0.0,
            chlorine_slope_per_year: 0.1,
            optics_slope_per_year: 0.0,
            ph_per_year: 0.4,
            noise_growth_per_year: 0.1,
            calibrated_every_years: None,
        },
        costs: [
            (Part::Pipes, 3.0),
            (Part::Pumps, 2.0),
            (Part::Filters, 1.0),
            (Part::Instruments, 0.5),
        ],
    };

    fn new() -> Condition {
        Condition {
            name: NEW.to_owned(),
            roughness_factor: 1.0,
            pump_head_factor: 1.0,
            leakage_m3_per_h_at_20_m: 4.0,
            wall_decay_factor: 1.0,
            filter_passage_factor: 0.8,
            dose_mg_per_l: None,
        }
    }

    #[test]
    fn two_years_by_hand() {
        let worn = AGEING.wear(&new(), Years::all(2.0));
        assert!((worn.roughness_factor - 0.81).abs() < 1e-12);
        assert!((worn.pump_head_factor - 0.9604).abs() < 1e-12);
        assert!((worn.leakage_m3_per_h_at_20_m - 8.0).abs() < 1e-12);
        assert!((worn.wall_decay_factor - 2.0).abs() < 1e-12);
        assert!((worn.filter_passage_factor - 1.152).abs() < 1e-12);
        assert_eq!(AGEING.wear(&new(), Years::all(0.0)), new());
    }

    #[test]
    fn instruments_drift_either_way_lose_their_slope_and_get_noisier() {
        let ageing = AGEING.instruments;
        let own = |size| OwnWay { size, phase: 0.0 };
        let pressure = ageing.wear(Quantity::Pressure, 5.0, own(-0.8));
        assert!((pressure.zero_share + 0.008).abs() < 1e-12 && pressure.slope == 1.0);
        assert!((pressure.noise - 1.5).abs() < 1e-12);
        let chlorine = ageing.wear(Quantity::FreeChlorine, 2.0, own(-1.0));
        assert!((chlorine.slope - 0.81).abs() < 1e-12, "a slope is lost whatever the sign");
        let ph = ageing.wear(Quantity::Ph, 0.5, own(1.0));
        assert!((ph.zero - 0.2).abs() < 1e-12);
        assert_eq!(ageing.wear(Quantity::State, 9.0, own(1.0)), Worn::NEW);
        assert_eq!(ageing.wear(Quantity::Level, 0.0, own(1.0)), Worn::NEW);
    }

    #[test]
    fn probes_that_are_calibrated_begin_anew_and_gauges_do_not() {
        let often = InstrumentAgeing { calibrated_every_years: Some(0.25), ..AGEING.instruments };
        let wear = |quantity| often.wear(quantity, 7.1, OwnWay { size: 1.0, phase: 0.2 });
        assert!((wear(Quantity::Ph).zero - 0.4 * 0.15).abs() < 1e-9);
        assert!((wear(Quantity::Pressure).zero_share - 0.002 * 7.1).abs() < 1e-12);
        let new = often.wear(Quantity::Ph, 0.0, OwnWay { size: 1.0, phase: 0.9 });
        assert_eq!(new, Worn::NEW, "a new one has never drifted");
    }

    #[test]
    fn a_part_that_is_renewed_is_new_and_the_others_are_not() {
        let mut years = Years::all(2.0);
        years.set(Part::Pumps, 0.0);
        let worn = AGEING.wear(&new(), years);
        assert_eq!(worn.pump_head_factor, 1.0);
        assert!(worn.roughness_factor < 0.9 && worn.filter_passage_factor > 1.0);
        assert_eq!(AGEING.cost(Part::Filters), 1.0);
    }
}
