//! How a plant ages, year by year, and what undoes it.

use serde::{Deserialize, Serialize};

use super::Condition;

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
    /// What the renewal of each part costs, CNY.
    pub costs: [(Part, f64); 3],
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
}

impl Part {
    /// As files and the command line write it.
    pub const CHOICES: [(&'static str, Self); 3] =
        [("pipes", Self::Pipes), ("pumps", Self::Pumps), ("filters", Self::Filters)];
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
}

impl Years {
    /// All parts of one age.
    pub fn all(years: f64) -> Self {
        Self { pipes: years, pumps: years, filters: years }
    }

    /// Sets the age of one part.
    pub fn set(&mut self, part: Part, years: f64) {
        match part {
            Part::Pipes => self.pipes = years,
            Part::Pumps => self.pumps = years,
            Part::Filters => self.filters = years,
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
        costs: [(Part::Pipes, 3.0), (Part::Pumps, 2.0), (Part::Filters, 1.0)],
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
    fn a_part_that_is_renewed_is_new_and_the_others_are_not() {
        let mut years = Years::all(2.0);
        years.set(Part::Pumps, 0.0);
        let worn = AGEING.wear(&new(), years);
        assert_eq!(worn.pump_head_factor, 1.0);
        assert!(worn.roughness_factor < 0.9 && worn.filter_passage_factor > 1.0);
        assert_eq!(AGEING.cost(Part::Filters), 1.0);
    }
}
