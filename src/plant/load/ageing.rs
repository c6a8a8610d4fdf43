//! Reads `[ageing]` of `plant.toml`: how fast the plant wears, and what a renewal costs.

use crate::base::problem::{Spanned, Table};
use crate::plant::ageing::{Ageing, InstrumentAgeing, Part};

/// Months in a year.
const MONTHS: f64 = 12.0;

/// How the plant ages; mistakes go to the table's file.
pub(super) fn read(table: &Table<'_>) -> Option<Ageing> {
    let percent = |key: &str| table.number_in(key, 0.0..=50.0).map(|it| it.into_inner() / 100.0);
    let roughness = percent("roughness_loss_percent_per_year");
    let head = percent("pump_head_loss_percent_per_year");
    let passage = percent("filter_passage_percent_per_year");
    let wall = table.number_in("wall_decay_percent_per_year", 0.0..=1_000.0);
    let leakage = table.number_in("leakage_m3_per_h_at_20_m_per_year", 0.0..=10_000.0);
    let cost = |key: &str| table.number_in(key, 0.0..=1e12).map(Spanned::into_inner);
    let costs = [cost("pipes_cny"), cost("pumps_cny"), cost("filters_cny")];
    let (instruments, instruments_cny) = match table.opt_table("instruments") {
        Some(table) => read_instruments(&table)?,
        None => (InstrumentAgeing::default(), 0.0),
    };
    let [pipes, pumps, filters] = costs;
    Some(Ageing {
        roughness_loss_per_year: roughness?,
        wall_decay_per_year: wall?.into_inner() / 100.0,
        leakage_m3_per_h_at_20_m_per_year: leakage?.into_inner(),
        pump_head_loss_per_year: head?,
        filter_passage_per_year: passage?,
        instruments,
        costs: [
            (Part::Pipes, pipes?),
            (Part::Pumps, pumps?),
            (Part::Filters, filters?),
            (Part::Instruments, instruments_cny),
        ],
    })
}

/// How instruments age, and what all of them cost.
fn read_instruments(table: &Table<'_>) -> Option<(InstrumentAgeing, f64)> {
    let percent = |key: &str, most: f64| {
        table.opt_number_in(key, 0.0..=most).map_or(0.0, |it| it.into_inner() / 100.0)
    };
    let zero = percent("zero_percent_of_range_per_year", 20.0);
    let flow = percent("flow_slope_percent_per_year", 50.0);
    let chlorine = percent("chlorine_slope_percent_per_year", 50.0);
    let optics = percent("optics_slope_percent_per_year", 50.0);
    let noise = percent("noise_percent_per_year", 200.0);
    let ph = table.opt_number_in("ph_per_month", 0.0..=1.0).map_or(0.0, Spanned::into_inner);
    let calibrated = table.opt_number_in("calibrated_every_months", 0.1..=600.0);
    let cost = table.number_in("cny", 0.0..=1e12)?.into_inner();
    let ageing = InstrumentAgeing {
        zero_share_per_year: zero,
        flow_slope_per_year: flow,
        chlorine_slope_per_year: chlorine,
        optics_slope_per_year: optics,
        ph_per_year: ph * MONTHS,
        noise_growth_per_year: noise,
        calibrated_every_years: calibrated.map(|months| months.into_inner() / MONTHS),
    };
    Some((ageing, cost))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::{Problems, Source, read_toml};

    fn read_text(instruments: &str) -> Result<Ageing, Problems> {
        let text = format!(
            "roughness_loss_percent_per_year = 7\nwall_decay_percent_per_year = 20\n\
             leakage_m3_per_h_at_20_m_per_year = 2\npump_head_loss_percent_per_year = 2\n\
             filter_passage_percent_per_year = 20\npipes_cny = 3\npumps_cny = 2\n\
             filters_cny = 1\n{instruments}"
        );
        read_toml(&Source::new("plant.toml", text), read)
    }

    #[test]
    fn instruments_age_as_the_file_says_and_not_at_all_without_a_word() {
        let text = "[instruments]\nzero_percent_of_range_per_year = 0.15\nph_per_month = 0.03\n\
            chlorine_slope_percent_per_year = 6\ncalibrated_every_months = 3\ncny = 9\n";
        let ageing = read_text(text).unwrap_or_else(|found| panic!("{}", found.render(false)));
        assert!((ageing.instruments.zero_share_per_year - 0.0015).abs() < 1e-12);
        assert!((ageing.instruments.ph_per_year - 0.36).abs() < 1e-12);
        assert_eq!(ageing.instruments.calibrated_every_years, Some(0.25));
        assert_eq!(ageing.cost(Part::Instruments), 9.0);
        assert_eq!(read_text("").expect("no mistake").instruments, InstrumentAgeing::default());
        let wrong = "[instruments]\nph_per_year = 0.3\nnoise_percent_per_year = -1\ncny = 1\n";
        assert!(read_text(wrong).expect_err("two").to_string().starts_with("2 mistakes"));
    }
}
