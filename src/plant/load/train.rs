//! Reads `[train]` of `plant.toml`: the treatment train.

use crate::base::problem::{Spanned, Table};
use crate::base::units::Flow;
use crate::base::{Span, TagId};
use crate::plant::network::Tank;
use crate::plant::train::{
    Agent, Clarifying, Dosing, FilterBank, Filters, RawWater, Seasons, Train,
};

use super::names::Names;

/// What an operator leaves in the drum at most, unless the file says otherwise: about three days
/// of a drum that lasts two weeks `[D]`.
const REFILL_BELOW_SHARE: f64 = 0.25;

/// What commercial hypochlorite (10 %) loses in a day at 20 °C, unless the file says otherwise
/// `[M]`: half of it in three months.
const STOCK_DECAY_PER_DAY: f64 = 0.007;

/// The same, by what the drum holds: what a generator makes chlorine dioxide of keeps for months.
fn usual_decay_per_day(agent: Agent) -> f64 {
    match agent {
        Agent::Chlorine => STOCK_DECAY_PER_DAY,
        Agent::ChlorineDioxide => 0.0,
    }
}

/// The treatment train; mistakes go to the table's file.
pub(super) fn read(table: &Table<'_>, names: &Names<'_>, agent: Agent) -> Option<Train> {
    let outlet = names.reservoir(table, "outlet");
    let production = names.flow_control(table, "production");
    let clear_well = names.tank(table, "clear_well");
    let capacity = table.number_in("capacity_m3_per_h", 0.1..=1_000_000.0);
    let start = table.number_in("start_level_m", 0.0..=100.0);
    let stop = table.number_in("stop_level_m", 0.0..=100.0);
    let baffling_factor = table.number_in("baffling_factor", 0.1..=1.0);
    let raw = table.table("raw").and_then(|raw| read_raw(&raw));
    let filters = table.table("filters").and_then(|filters| read_filters(&filters));
    let clarifying = table.opt_table("clarifying");
    let usual = capacity.as_ref().map(|capacity| Clarifying::for_capacity(*capacity.get_ref()));
    let usual = usual.unwrap_or(Clarifying::USUAL);
    let clarifying = clarifying.map_or(usual, |table| read_clarifying(&table, usual));
    let usual_bank =
        capacity.as_ref().map(|capacity| FilterBank::for_capacity(*capacity.get_ref()));
    let bank = match table.opt_table("filter_bank") {
        Some(table) => read_bank(&table, usual_bank),
        None => usual_bank,
    };
    let dosing = table.table("dosing").and_then(|dosing| read_dosing(&dosing, agent));
    if let (Some((_, setting)), Some(capacity)) = (&production, &capacity) {
        check_capacity(table, *setting, capacity);
    }
    if let (Some((_, tank)), Some(start), Some(stop)) = (&clear_well, &start, &stop) {
        check_levels(table, tank, start, stop);
    }
    Some(Train {
        outlet: outlet?,
        production: production?.0,
        clear_well: clear_well?.0,
        capacity_m3_per_h: capacity?.into_inner(),
        start_level_m: start?.into_inner(),
        stop_level_m: stop?.into_inner(),
        raw: raw?,
        filters: filters?,
        clarifying,
        bank: bank?,
        dosing: dosing?,
        baffling_factor: baffling_factor?.into_inner(),
    })
}

fn check_capacity(table: &Table<'_>, setting_m3_per_s: f64, capacity: &Spanned<f64>) {
    let set = Flow::m3_per_s(setting_m3_per_s).as_m3_per_h();
    let most = *capacity.get_ref();
    if set > most * 1.001 {
        let text = format!("the production valve is set to {set:.1} m³/h, above {most} m³/h");
        table.add_with_help(capacity.span(), text, "raise it, or lower the setting in network.inp");
    }
}

fn check_levels(table: &Table<'_>, tank: &Tank, start: &Spanned<f64>, stop: &Spanned<f64>) {
    let (low, high) = (tank.min_level.as_m(), tank.max_level.as_m());
    for (key, level) in [("start_level_m", start), ("stop_level_m", stop)] {
        let found = *level.get_ref();
        if !(low..=high).contains(&found) {
            let text = format!(
                "`{key}` must lie in the clear well's levels, {low} to {high} m, found {found}"
            );
            table.add(level.span(), text);
        }
    }
    if start.get_ref() >= stop.get_ref() {
        let text = format!("`start_level_m` must be below `stop_level_m` = {}", stop.get_ref());
        table.add(start.span(), text);
    }
}

fn read_raw(table: &Table<'_>) -> Option<RawWater> {
    let turbidity = table.number_in("turbidity_ntu", 0.0..=10_000.0);
    let conductivity = table.number_in("conductivity_us_per_cm", 0.0..=10_000.0);
    let temperature = table.number_in("temperature_deg_c", 0.0..=40.0);
    let optional = [
        ("ph", 5.5..=10.0),
        ("colour_pt_co", 0.0..=500.0),
        ("codmn_mg_per_l", 0.0..=100.0),
        ("ammonia_mg_per_l", 0.0..=50.0),
        ("algae_million_per_l", 0.0..=1_000.0),
        ("e_coli_per_100_ml", 0.0..=1e6),
        ("iron_mg_per_l", 0.0..=100.0),
        ("manganese_mg_per_l", 0.0..=100.0),
        ("depth_m", 0.1..=200.0),
        ("yield_m3_per_h", 0.1..=1e6),
    ];
    let found = optional.map(|(key, range)| table.opt_number_in(key, range));
    let found = found.map(|value| value.map(Spanned::into_inner));
    let [ph, colour, codmn, ammonia, algae, e_coli, iron, manganese, depth, yield_m3_per_h] = found;
    let seasons = table.opt_table("seasons").map(|seasons| read_seasons(&seasons));
    let usual = RawWater::of(
        turbidity?.into_inner(),
        conductivity?.into_inner(),
        temperature?.into_inner(),
    );
    let seasons = match seasons {
        Some(seasons) => Some(seasons?),
        None => None,
    };
    Some(RawWater {
        ph: ph.unwrap_or(usual.ph),
        colour_pt_co: colour.unwrap_or(usual.colour_pt_co),
        codmn_mg_per_l: codmn.unwrap_or(usual.codmn_mg_per_l),
        ammonia_mg_per_l: ammonia.unwrap_or(usual.ammonia_mg_per_l),
        algae_million_per_l: algae.unwrap_or(usual.algae_million_per_l),
        e_coli_per_100_ml: e_coli.unwrap_or(usual.e_coli_per_100_ml),
        iron_mg_per_l: iron.unwrap_or(usual.iron_mg_per_l),
        manganese_mg_per_l: manganese.unwrap_or(usual.manganese_mg_per_l),
        depth_m: depth.unwrap_or(usual.depth_m),
        yield_m3_per_h,
        seasons,
        ..usual
    })
}

fn read_seasons(table: &Table<'_>) -> Option<Seasons> {
    let coldest = table.number_in("coldest_deg_c", 0.0..=40.0);
    let warmest = table.number_in("warmest_deg_c", 0.0..=40.0);
    let (coldest, warmest) = (coldest?, warmest?);
    if coldest.get_ref() > warmest.get_ref() {
        let text = format!("`coldest_deg_c` is above `warmest_deg_c` = {}", warmest.get_ref());
        table.add(coldest.span(), text);
        return None;
    }
    Some(Seasons { coldest_deg_c: coldest.into_inner(), warmest_deg_c: warmest.into_inner() })
}

fn read_filters(table: &Table<'_>) -> Option<Filters> {
    let passage = table.number_in("passage", 0.0..=1.0);
    let overload = table.number_in("overload_ntu", 0.0..=10_000.0);
    let growth = table.number_in("overload_passage_per_ntu", 0.0..=1.0);
    let floor = table.number_in("floor_ntu", 0.0..=10.0);
    let volume = table.number_in("volume_m3", 0.1..=1_000_000.0);
    Some(Filters {
        passage: passage?.into_inner(),
        overload_ntu: overload?.into_inner(),
        overload_passage_per_ntu: growth?.into_inner(),
        floor_ntu: floor?.into_inner(),
        volume_m3: volume?.into_inner(),
    })
}

fn read_clarifying(table: &Table<'_>, usual: Clarifying) -> Clarifying {
    let share = table.opt_number_in("settled_share", 0.001..=0.7);
    let dose = table.opt_number_in("dose_mg_per_l", 0.0..=200.0);
    let most = table.opt_number_in("dose_max_mg_per_l", 0.0..=200.0);
    let drum = table.opt_number_in("drum_l", 1.0..=1_000_000.0);
    let height = table.opt_number_in("drum_height_m", 0.1..=20.0);
    let stock = table.opt_number_in("stock_g_per_l", 0.1..=1_000.0);
    Clarifying {
        settled_share: share.map_or(usual.settled_share, Spanned::into_inner),
        dose_mg_per_l: dose.map(Spanned::into_inner),
        dose_max_mg_per_l: most.map_or(usual.dose_max_mg_per_l, Spanned::into_inner),
        drum_l: drum.map_or(usual.drum_l, Spanned::into_inner),
        drum_height_m: height.map_or(usual.drum_height_m, Spanned::into_inner),
        stock_g_per_l: stock.map_or(usual.stock_g_per_l, Spanned::into_inner),
    }
}

fn read_bank(table: &Table<'_>, usual: Option<FilterBank>) -> Option<FilterBank> {
    let count = table.opt_integer_in("count", 1..=64);
    let area = table.opt_number_in("area_m2", 0.1..=1_000.0);
    let rate = table.opt_number_in("design_rate_m_per_h", 1.0..=30.0);
    let clean = table.opt_number_in("clean_head_loss_m", 0.01..=5.0);
    let growth = table.opt_number_in("head_loss_m_per_ntu_m", 0.0001..=1.0);
    let most = table.opt_number_in("head_loss_max_m", 0.1..=10.0);
    let run = table.opt_number_in("run_max_h", 1.0..=1_000.0);
    let usual = usual?;
    let clean_head_loss_m = clean.map_or(usual.clean_head_loss_m, Spanned::into_inner);
    let head_loss_max_m = most.as_ref().map_or(usual.head_loss_max_m, |most| *most.get_ref());
    if head_loss_max_m <= clean_head_loss_m {
        let span = most.map_or_else(|| table.span(), |most| most.span());
        let text =
            format!("a filter is washed at more than the {clean_head_loss_m} m of clean sand");
        table.add(span, text);
        return None;
    }
    let count = count.map_or(usual.count, |count| usize::try_from(count.into_inner()).unwrap_or(1));
    Some(FilterBank {
        count,
        area_m2: area
            .map_or(usual.area_m2 * usual.count as f64 / count as f64, Spanned::into_inner),
        design_rate_m_per_h: rate.map_or(usual.design_rate_m_per_h, Spanned::into_inner),
        clean_head_loss_m,
        head_loss_per_solids: growth.map_or(usual.head_loss_per_solids, Spanned::into_inner),
        head_loss_max_m,
        run_max: run
            .map_or(usual.run_max, |hours| Span::from_seconds_f64(hours.into_inner() * 3_600.0)),
    })
}

fn read_dosing(table: &Table<'_>, agent: Agent) -> Option<Dosing> {
    let id = table.parse("id", TagId::new);
    let dose = table.number_in("dose_mg_per_l", 0.0..=10.0);
    let demand = table.number_in("instant_demand_mg_per_l", 0.0..=10.0);
    let stock = table.number_in("stock_g_per_l", 0.1..=500.0);
    let decay = table.opt_number_in("stock_decay_percent_per_day", 0.0..=50.0);
    let drum = table.number_in("drum_l", 1.0..=100_000.0);
    let height = table.number_in("drum_height_m", 0.1..=20.0);
    let share = table.number_in("initial_share", 0.0..=1.0);
    let refill = table.opt_number_in("refill_below_share", 0.0..=1.0);
    Some(Dosing {
        id: id?.into_inner().as_str().to_owned(),
        agent,
        dose_mg_per_l: dose?.into_inner(),
        instant_demand_mg_per_l: demand?.into_inner(),
        stock_g_per_l: stock?.into_inner(),
        stock_decay_per_day: decay.map_or(usual_decay_per_day(agent), |d| d.into_inner() / 100.0),
        drum_l: drum?.into_inner(),
        drum_height_m: height?.into_inner(),
        initial_share: share?.into_inner(),
        refill_below_share: refill.map_or(REFILL_BELOW_SHARE, Spanned::into_inner),
    })
}
