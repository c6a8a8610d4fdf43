//! How each analyte is measured, how long that takes, and what chance does to the result.
//!
//! Microbes are few and whole: how many get into a bottle is a draw, and a method counts them only
//! up to some number. What chemistry finds lies around the truth. The figures and their marks stand
//! on the page `src/docs/laboratory.md`.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::base::Span;
use crate::base::analyte::{Analyte, Sign};
use crate::base::random::{normal, poisson};

/// How an analyte is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Method {
    /// Its name on the wire.
    pub name: &'static str,
    /// From taking the sample to the result; nothing: it is measured on the spot.
    pub turnaround: Span,
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    /// Wells with enzyme substrate: most probable number.
    Wells,
    /// Colonies on a plate.
    Plate,
    Chemistry(Chemistry),
}

/// Normal noise around the truth.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Chemistry {
    /// Standard deviation: this share of the value, and this beside it.
    share: f64,
    beside: f64,
    /// The least it finds.
    detects: f64,
    /// Steps of the result in one unit.
    steps: f64,
}

/// What there is in the water that was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Drawn {
    /// Of the analyte, in its unit.
    pub found: f64,
    /// Of it E. coli, when it is coliforms; in 100 mL.
    pub e_coli: f64,
    /// Is the water not yet treated? Then it is diluted a hundred times before it is counted.
    pub is_raw: bool,
}

/// Wells of a tray for 100 mL.
const WELLS: usize = 51;

/// Raw water is diluted so many times.
const DILUTION: f64 = 100.0;

/// Colonies on one plate that can be told apart `[M]`.
const COLONIES_MAX: usize = 300;

/// So many fill every well and cover every plate; more are not drawn one by one.
const CROWD: f64 = 2_000.0;

/// How `analyte` is measured; none for what the model of the water does not hold: results of it
/// come from other laboratories only.
pub fn method(analyte: Analyte) -> Option<Method> {
    let on_the_spot = Span::ZERO;
    let [same_day, day, days_3, days_5] = [6, 24, 72, 120].map(Span::hours);
    let (name, turnaround, how) = match analyte {
        Analyte::EColi | Analyte::TotalColiforms => {
            ("enzyme-substrate", Span::hours(24), How::Wells)
        }
        Analyte::ColonyCount => ("plate-count", Span::hours(48), How::Plate),
        Analyte::FreeChlorine | Analyte::TotalChlorine | Analyte::ChlorineDioxide => {
            ("dpd", on_the_spot, chemistry(0.015, 0.015, 0.02, 100.0))
        }
        Analyte::Turbidity => ("nephelometer", same_day, chemistry(0.02, 0.01, 0.02, 100.0)),
        Analyte::Colour => ("comparator", same_day, chemistry(0.0, 2.0, 5.0, 0.2)),
        Analyte::Ph => ("glass-electrode", same_day, chemistry(0.0, 0.03, 0.0, 100.0)),
        Analyte::CodMn => ("permanganate", same_day, chemistry(0.03, 0.05, 0.05, 100.0)),
        Analyte::Ammonia => ("salicylate", same_day, chemistry(0.03, 0.01, 0.02, 100.0)),
        Analyte::Iron | Analyte::Aluminium | Analyte::Copper | Analyte::Zinc => {
            ("icp-ms", days_3, chemistry(0.04, 0.002, 0.005, 1_000.0))
        }
        Analyte::Manganese => ("icp-ms", days_3, chemistry(0.04, 0.000_5, 0.001, 1_000.0)),
        Analyte::Chloroform => {
            ("gas-chromatography", days_5, chemistry(0.08, 0.000_2, 0.000_5, 10_000.0))
        }
        Analyte::Trihalomethanes => {
            ("gas-chromatography", days_5, chemistry(0.08, 0.005, 0.01, 100.0))
        }
        Analyte::Chlorite | Analyte::Chlorate => {
            ("ion-chromatography", days_5, chemistry(0.05, 0.003, 0.01, 1_000.0))
        }
        Analyte::Arsenic | Analyte::Lead => {
            ("icp-ms", days_3, chemistry(0.04, 0.000_1, 0.000_5, 10_000.0))
        }
        Analyte::Cadmium => ("icp-ms", days_3, chemistry(0.04, 0.000_02, 0.000_1, 100_000.0)),
        Analyte::Mercury => {
            ("atomic-fluorescence", days_3, chemistry(0.05, 0.000_02, 0.000_1, 100_000.0))
        }
        Analyte::ChromiumVi => ("diphenylcarbazide", day, chemistry(0.04, 0.001, 0.004, 1_000.0)),
        Analyte::Cyanide => {
            ("isonicotinic-pyrazolone", day, chemistry(0.05, 0.000_5, 0.002, 1_000.0))
        }
        Analyte::Fluoride => ("ion-chromatography", day, chemistry(0.03, 0.02, 0.1, 100.0)),
        Analyte::Nitrate => ("ion-chromatography", day, chemistry(0.03, 0.05, 0.15, 100.0)),
        Analyte::Chloride | Analyte::Sulphate => {
            ("ion-chromatography", day, chemistry(0.03, 0.3, 1.0, 10.0))
        }
        Analyte::DissolvedSolids => ("gravimetry", day, chemistry(0.02, 3.0, 10.0, 1.0)),
        Analyte::Hardness => ("edta-titration", same_day, chemistry(0.01, 0.5, 1.0, 1.0)),
        Analyte::GrossAlpha => {
            ("evaporation-counting", days_5, chemistry(0.1, 0.006, 0.016, 1_000.0))
        }
        Analyte::GrossBeta => {
            ("evaporation-counting", days_5, chemistry(0.1, 0.01, 0.028, 1_000.0))
        }
        Analyte::Ozone
        | Analyte::Dibromochloromethane
        | Analyte::Bromodichloromethane
        | Analyte::Bromoform
        | Analyte::DichloroaceticAcid
        | Analyte::TrichloroaceticAcid
        | Analyte::Bromate => return None,
    };
    Some(Method { name, turnaround, how })
}

fn chemistry(share: f64, beside: f64, detects: f64, steps: f64) -> How {
    How::Chemistry(Chemistry { share, beside, detects, steps })
}

impl Method {
    /// What the method says of the water that was `drawn`, times `error` (1 when nobody errs).
    ///
    /// Coliforms and E. coli of one sample are counted on one tray: the same `rng` for both.
    pub fn measure(&self, drawn: Drawn, error: f64, rng: &mut ChaCha8Rng) -> (Sign, f64) {
        match self.how {
            How::Wells => wells(drawn, error, rng),
            How::Plate => plate(drawn, error, rng),
            How::Chemistry(chemistry) => chemistry.measure(drawn.found, error, rng),
        }
    }
}

impl Chemistry {
    fn measure(&self, found: f64, error: f64, rng: &mut ChaCha8Rng) -> (Sign, f64) {
        let spread = self.share * found + self.beside;
        let value = (found + spread * normal(rng)) * error;
        if value < self.detects {
            return (Sign::Below, self.detects);
        }
        (Sign::Equal, (value * self.steps).round() / self.steps)
    }
}

/// Each microbe falls into one of the wells, and a well with one or with many looks the same: of
/// `p` wells out of 51, the most probable number in 100 mL is 51 · ln(51 / (51 − p)).
fn wells(drawn: Drawn, error: f64, rng: &mut ChaCha8Rng) -> (Sign, f64) {
    let dilution = if drawn.is_raw { DILUTION } else { 1.0 };
    let others = (drawn.found - drawn.e_coli).max(0.0);
    let mut positive = [false; WELLS];
    // E. coli first, so that the tray is the same whichever of the two is read from it.
    for mean in [drawn.e_coli, others] {
        for _ in 0..poisson((mean / dilution).min(CROWD), rng) {
            positive[rng.random_range(0..WELLS)] = true;
        }
    }
    let count = positive.iter().filter(|well| **well).count();
    let all = WELLS as f64;
    let scale = dilution * error;
    let number = |positive: usize| {
        let empty = all - positive as f64;
        (all * libm::log(all / empty) * scale * 10.0).round() / 10.0
    };
    match count {
        0 => (Sign::Below, dilution),
        WELLS => (Sign::Above, number(WELLS - 1)),
        count => (Sign::Equal, number(count)),
    }
}

/// Colonies of 1 mL; of a hundredth of it when they cannot be told apart.
fn plate(drawn: Drawn, error: f64, rng: &mut ChaCha8Rng) -> (Sign, f64) {
    for dilution in [1.0, DILUTION] {
        let count = poisson((drawn.found / dilution).min(CROWD), rng);
        match count {
            0 => return (Sign::Below, dilution),
            1..=COLONIES_MAX => return (Sign::Equal, (count as f64 * dilution * error).round()),
            _ => {}
        }
    }
    (Sign::Above, (COLONIES_MAX as f64 * DILUTION * error).round())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Seed, stream};
    use crate::plant::laboratory::is_simulated;

    #[test]
    fn there_is_a_method_for_what_is_simulated_and_for_nothing_else() {
        for analyte in Analyte::ALL {
            assert_eq!(method(analyte).is_some(), is_simulated(analyte), "{analyte:?}");
        }
    }

    /// What a method says of the same water again and again.
    fn results(analyte: Analyte, drawn: Drawn, times: u64) -> Vec<(Sign, f64)> {
        let one = |seed| {
            method(analyte).expect("a method").measure(drawn, 1.0, &mut stream(Seed(seed), "lab"))
        };
        (0..times).map(one).collect()
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    #[test]
    fn few_microbes_are_often_missed() {
        // One in 100 mL on average: a bottle has none with probability e^-1 = 0.368.
        let drawn = Drawn { found: 1.0, e_coli: 1.0, is_raw: false };
        let found = results(Analyte::EColi, drawn, 2_000);
        let missed = found.iter().filter(|found| **found == (Sign::Below, 1.0)).count();
        // 736 of 2000, standard deviation √(2000 · 0.368 · 0.632) = 21.6
        assert!(missed.abs_diff(736) < 80, "{missed}");
        assert!(found.contains(&(Sign::Equal, 1.0)), "one well: 51 ln(51/50) = 1.01");
        assert!(found.contains(&(Sign::Equal, 2.0)), "two wells: 51 ln(51/49) = 2.04");
        let none = results(Analyte::EColi, Drawn::default(), 50);
        assert!(none.iter().all(|found| *found == (Sign::Below, 1.0)), "{none:?}");
    }

    #[test]
    fn the_most_probable_number_is_right_on_average_and_ends_at_200() {
        let of = |found| Drawn { found, e_coli: 0.0, is_raw: false };
        let values: Vec<f64> = results(Analyte::TotalColiforms, of(20.0), 2_000)
            .into_iter()
            .map(|(sign, value)| if sign == Sign::Below { 0.0 } else { value })
            .collect();
        // p = 51 (1 − e^(−20/51)) = 16.6 wells; spread of a count of 20 is at least √20 = 4.5.
        assert!((mean(&values) - 20.2).abs() < 0.5, "{}", mean(&values));
        let spread = mean(&values.iter().map(|v| (v - 20.2) * (v - 20.2)).collect::<Vec<_>>());
        assert!((4.3..5.6).contains(&libm::sqrt(spread)), "{}", libm::sqrt(spread));
        // 51 ln 51 = 200.5, as the makers' table has it.
        let many = results(Analyte::TotalColiforms, of(5_000.0), 20);
        assert!(many.iter().all(|found| *found == (Sign::Above, 200.5)), "{many:?}");
        let raw = Drawn { found: 1_600.0, e_coli: 200.0, is_raw: true };
        let values: Vec<f64> =
            results(Analyte::TotalColiforms, raw, 2_000).iter().map(|found| found.1).collect();
        assert!((mean(&values) / 1_600.0 - 1.0).abs() < 0.05, "{}", mean(&values));
    }

    #[test]
    fn e_coli_is_never_more_than_the_coliforms_of_its_sample() {
        for seed in 0..500 {
            let read = |found, e_coli| {
                let drawn = Drawn { found, e_coli, is_raw: false };
                let rng = &mut stream(Seed(seed), "lab");
                let (sign, value) =
                    method(Analyte::EColi).expect("a method").measure(drawn, 1.0, rng);
                if sign == Sign::Below { 0.0 } else { value }
            };
            assert!(read(1.5, 1.5) <= read(12.0, 1.5), "seed {seed}");
        }
    }

    #[test]
    fn colonies_are_counted_with_their_chance_and_diluted_when_too_many() {
        let of = |found| results(Analyte::ColonyCount, Drawn { found, ..<_>::default() }, 1_000);
        let values: Vec<f64> = of(40.0).iter().map(|found| found.1).collect();
        assert!((mean(&values) - 40.0).abs() < 0.7, "{}", mean(&values));
        let variance = mean(&values.iter().map(|v| (v - 40.0) * (v - 40.0)).collect::<Vec<_>>());
        assert!((variance / 40.0 - 1.0).abs() < 0.15, "Poisson: {variance}");
        let raw: Vec<f64> = of(4_000.0).iter().map(|found| found.1).collect();
        assert!(raw.iter().all(|value| value % 100.0 == 0.0), "whole colonies of 0.01 mL");
        assert!((mean(&raw) / 4_000.0 - 1.0).abs() < 0.02, "{}", mean(&raw));
        assert!(of(90_000.0).iter().all(|found| *found == (Sign::Above, 30_000.0)));
        assert!(of(0.0).iter().all(|found| *found == (Sign::Below, 1.0)));
    }

    #[test]
    fn chemistry_lies_around_the_truth_and_finds_nothing_below_its_least() {
        let of = |found| results(Analyte::FreeChlorine, Drawn { found, ..<_>::default() }, 2_000);
        let values: Vec<f64> = of(0.5).iter().map(|found| found.1).collect();
        assert!((mean(&values) - 0.5).abs() < 0.002, "{}", mean(&values));
        // ±0.03 ±3 % in 95 of 100: half of that is the standard deviation, 0.0225 mg/L.
        let variance = mean(&values.iter().map(|v| (v - 0.5) * (v - 0.5)).collect::<Vec<_>>());
        assert!((libm::sqrt(variance) - 0.0225).abs() < 0.002, "{}", libm::sqrt(variance));
        assert!(values.iter().all(|value| format!("{value}").len() <= 4), "two decimals");
        let none = of(0.0).iter().filter(|found| **found == (Sign::Below, 0.02)).count();
        // 0.02 is 1.33 standard deviations of 0.015: 1816 of 2000 lie below.
        assert!(none.abs_diff(1_816) < 60, "{none}");
    }

    #[test]
    fn a_slip_of_the_laboratory_multiplies_what_was_found() {
        let drawn = Drawn { found: 0.5, ..<_>::default() };
        let mut rng = stream(Seed(1), "lab");
        let (_, right) =
            method(Analyte::Turbidity).expect("a method").measure(drawn, 1.0, &mut rng);
        let mut rng = stream(Seed(1), "lab");
        let (_, wrong) =
            method(Analyte::Turbidity).expect("a method").measure(drawn, 10.0, &mut rng);
        assert!((wrong - 10.0 * right).abs() < 0.051, "{wrong} for {right}");
    }
}
