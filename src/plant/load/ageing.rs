//! Reads `[ageing]` of `plant.toml`: how fast the plant wears, and what a renewal costs.

use crate::base::problem::{Spanned, Table};
use crate::plant::ageing::{Ageing, Part};

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
    let [pipes, pumps, filters] = costs;
    Some(Ageing {
        roughness_loss_per_year: roughness?,
        wall_decay_per_year: wall?.into_inner() / 100.0,
        leakage_m3_per_h_at_20_m_per_year: leakage?.into_inner(),
        pump_head_loss_per_year: head?,
        filter_passage_per_year: passage?,
        costs: [(Part::Pipes, pipes?), (Part::Pumps, pumps?), (Part::Filters, filters?)],
    })
}
