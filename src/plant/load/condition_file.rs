//! Reads `conditions/NAME.toml`: a state of wear.

use std::sync::Arc;

use crate::base::problem::{Problems, Source, read_toml};
use crate::plant::Condition;

/// The condition `name`. Errors: every mistake of the file.
pub(super) fn read(name: &str, source: &Arc<Source>) -> Result<Condition, Problems> {
    read_toml(source, |table| {
        let roughness = table.number_in("roughness_factor", 0.1..=2.0);
        let head = table.number_in("pump_head_factor", 0.3..=1.5);
        let leakage = table.number_in("leakage_m3_per_h_at_20_m", 0.0..=100_000.0);
        let wall = table.number_in("wall_decay_factor", 0.0..=100.0);
        let passage = table.number_in("filter_passage_factor", 0.0..=100.0);
        let dose = table.opt_number_in("dose_mg_per_l", 0.0..=10.0);
        Some(Condition {
            name: name.to_owned(),
            roughness_factor: roughness?.into_inner(),
            pump_head_factor: head?.into_inner(),
            leakage_m3_per_h_at_20_m: leakage?.into_inner(),
            wall_decay_factor: wall?.into_inner(),
            filter_passage_factor: passage?.into_inner(),
            dose_mg_per_l: dose.map(crate::base::problem::Spanned::into_inner),
        })
    })
}
