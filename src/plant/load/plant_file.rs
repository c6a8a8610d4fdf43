//! Reads `plant.toml`: who the plant is, its villages, its treatment.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::base::PlantId;
use crate::base::ids::{PackId, VillageId};
use crate::base::problem::{Problems, Source, Spanned, Table, read_toml};
use crate::base::time::UtcOffset;
use crate::plant::ageing::Ageing;
use crate::plant::calendar::{AWAY_SHARE, Calendar};
use crate::plant::network::{NodeIndex, NodeKind};
use crate::plant::power::OwnPower;
use crate::plant::profile::{ChosenPack, Disinfectant, Profile, SourceKind, Village, Well};
use crate::plant::station::Station;
use crate::plant::train::Train;

use super::names::{Names, node_kind};
use super::{ageing, calendar, power, station, train};

/// What `plant.toml` says.
pub(super) struct Described {
    pub profile: Profile,
    /// Where it says what disinfects its water.
    pub disinfectant_at: Range<usize>,
    pub train: Train,
    pub own_power: OwnPower,
    pub ageing: Option<Ageing>,
    pub calendar: Calendar,
    /// Each at the place of its id.
    pub stations: Vec<Spanned<Station>>,
}

/// Profile, treatment train, own power, ageing, calendar, stations. Errors: every mistake of the
/// file.
pub(super) fn read(
    id: &PlantId,
    source: &Arc<Source>,
    names: &Names<'_>,
) -> Result<Described, Problems> {
    read_toml(source, |table| {
        let disinfectant = table.choice("disinfectant", &Disinfectant::CHOICES);
        let agent = disinfectant.as_ref().and_then(|found| found.get_ref().agent());
        let agent = agent.unwrap_or_default();
        let train = table.table("train").and_then(|train| train::read(&train, names, agent));
        let well = train.as_ref().and_then(|train| well(names, train));
        let profile = read_profile(id, table, names, disinfectant.as_ref(), well);
        let power = match table.opt_table("power") {
            Some(power) => power::read(&power),
            None => Some(OwnPower::default()),
        };
        let ageing = table.opt_table("ageing").map(|table| ageing::read(&table));
        let ageing = match ageing {
            Some(ageing) => Some(ageing?),
            None => None,
        };
        let calendar = match table.opt_table("calendar") {
            Some(table) => {
                let villages = profile.as_ref().map(|profile| profile.villages.as_slice());
                calendar::read(&table, villages)
            }
            None => Some(Calendar::USUAL),
        };
        let stations = station::read(table);
        let (train, own_power, calendar) = (train?, power?, calendar?);
        let (profile, disinfectant_at) = (profile?, disinfectant?.span());
        check_season(table, &calendar, &train);
        let stations = stations?;
        Some(Described { profile, disinfectant_at, train, own_power, ageing, calendar, stations })
    })
}

/// What rules ask of the clear well; none when there is no network to say.
fn well(names: &Names<'_>, train: &Train) -> Option<Well> {
    let node = names.network()?.nodes.get(train.clear_well.0)?;
    let NodeKind::Tank(tank) = &node.kind else { return None };
    Some(Well { area_m2: tank.surface_m2(), baffling_factor: train.baffling_factor })
}

/// A demand that follows the season needs one.
fn check_season(table: &Table<'_>, calendar: &Calendar, train: &Train) {
    if calendar.heat.by_season && train.raw.seasons.is_none() {
        let text = "the calendar's `heat` follows the seasons, and the raw water has none";
        let help = "write seasons = { coldest_deg_c = 6, warmest_deg_c = 28 } under [train.raw]";
        table.add_with_help(table.span(), text, help);
    }
}

fn read_profile(
    id: &PlantId,
    table: &Table<'_>,
    names: &Names<'_>,
    disinfectant: Option<&Spanned<Disinfectant>>,
    well: Option<Well>,
) -> Option<Profile> {
    let title = table.bilingual("title");
    let fiction = table.bilingual("fiction");
    let county = table.bilingual("county");
    let utc_offset = table.parse("utc_offset", |text| {
        UtcOffset::parse(text).ok_or("`utc_offset` must be written like \"+08:00\"")
    });
    let capacity = table.number_in("design_capacity_m3_per_day", 1.0..=10_000_000.0);
    let population = table.integer_in("population", 1..=100_000_000);
    let source = table.choice("source", &SourceKind::CHOICES);
    let villages = read_villages(table, names);
    let packs = read_packs(table);
    if let (Some(population), Some(villages)) = (&population, &villages) {
        check_population(table, population, villages);
    }
    Some(Profile {
        id: id.clone(),
        title: title?,
        fiction: fiction?,
        county: county?,
        utc_offset: utc_offset?.into_inner(),
        design_capacity_m3_per_day: capacity?.into_inner(),
        population: u32::try_from(population?.into_inner()).ok()?,
        source: source?.into_inner(),
        disinfectant: *disinfectant?.get_ref(),
        well: well?,
        villages: villages?,
        sites: Vec::new(), // they stand in laboratory.toml
        packs,
    })
}

/// The packs that the plant chooses, if it does; whether there are such packs the rules know.
fn read_packs(table: &Table<'_>) -> Option<Vec<ChosenPack>> {
    let span = table.key_span("packs")?;
    let texts = table.texts("packs");
    if texts.is_empty() && !table.has_problems() {
        let help = "leave `packs` out for those of the settings";
        table.add_with_help(span, "an empty list chooses no limit at all", help);
        return None;
    }
    let mut chosen = Vec::new();
    for text in &texts {
        match PackId::new(text.get_ref()) {
            Ok(id) => {
                let place = Some((table.source().clone(), text.span()));
                chosen.push(ChosenPack { id, place });
            }
            Err(error) => table.add(text.span(), error.to_string()),
        }
    }
    Some(chosen)
}

fn check_population(table: &Table<'_>, population: &Spanned<i64>, villages: &[Village]) {
    let sum: i64 = villages.iter().map(|village| i64::from(village.people)).sum();
    if sum != *population.get_ref() {
        let text = format!("the villages' people add up to {sum}, not {}", population.get_ref());
        table.add(population.span(), text);
    }
}

/// What the villages read so far have taken.
#[derive(Default)]
struct Taken {
    ids: BTreeMap<VillageId, String>,
    taps: BTreeMap<NodeIndex, VillageId>,
}

fn read_villages(table: &Table<'_>, names: &Names<'_>) -> Option<Vec<Village>> {
    let list = table.tables("village");
    if list.is_empty() {
        table.add(table.span(), "`[[village]]` is missing: a plant serves at least one");
        return None;
    }
    let mut taken = Taken::default();
    let villages: Vec<Option<Village>> =
        list.iter().map(|village| read_village(village, names, &mut taken)).collect();
    let villages = villages.into_iter().collect::<Option<Vec<Village>>>()?;
    check_forgotten_taps(table, names, &taken);
    Some(villages)
}

fn read_village(table: &Table<'_>, names: &Names<'_>, taken: &mut Taken) -> Option<Village> {
    let id = table.parse("id", VillageId::new);
    let title = table.bilingual("title");
    let fiction = table.opt_bool("fiction");
    let people = table.integer_in("people", 1..=10_000_000);
    let storeys = table.integer_in("storeys", 1..=4);
    let away = table.opt_number_in("away_percent", 0.0..=90.0);
    let taps = read_taps(table, names, id.as_ref(), taken);
    let id = id?;
    let place = table.source().place(id.span().start);
    if let Some(first) = taken.ids.insert(id.get_ref().clone(), place) {
        let text = format!("village {:?} is there twice", id.get_ref().as_str());
        table.add_with_help(id.span(), text, format!("the first is at {first}"));
    }
    Some(Village {
        id: id.into_inner(),
        title: title?,
        fiction: fiction.is_some_and(Spanned::into_inner),
        people: u32::try_from(people?.into_inner()).ok()?,
        storeys: u32::try_from(storeys?.into_inner()).ok()?,
        away_share: away.map_or(AWAY_SHARE, |percent| percent.into_inner() / 100.0),
        taps: taps?,
    })
}

fn read_taps(
    table: &Table<'_>,
    names: &Names<'_>,
    village: Option<&Spanned<VillageId>>,
    taken: &mut Taken,
) -> Option<Vec<NodeIndex>> {
    let list = table.texts("taps");
    if list.is_empty() {
        table.add(table.span(), "`taps` is missing: a village has at least one tap");
        return None;
    }
    let mut taps = Vec::new();
    for name in &list {
        let Some((index, node)) = names.find_node(table, "taps", name) else { continue };
        let wrong = match &node.kind {
            NodeKind::Junction { base_demand, .. } if base_demand.as_m3_per_s() > 0.0 => None,
            NodeKind::Junction { .. } => Some("nobody draws water there (its demand is 0)"),
            kind => Some(node_kind(kind)),
        };
        if let Some(wrong) = wrong {
            let text = format!("tap {:?} must be a junction with demand: {wrong}", name.get_ref());
            table.add(name.span(), text);
        }
        taps.push(index);
        let Some(village) = village else { continue };
        if let Some(other) = taken.taps.insert(index, village.get_ref().clone()) {
            let text = format!("tap {:?} is already a tap of {other}", name.get_ref());
            table.add(name.span(), text);
        }
    }
    (taps.len() == list.len()).then_some(taps)
}

/// Demand that belongs to no village would follow nobody's day.
fn check_forgotten_taps(table: &Table<'_>, names: &Names<'_>, taken: &Taken) {
    let Some(network) = names.network() else { return };
    let forgotten: Vec<&str> = network
        .nodes
        .iter()
        .enumerate()
        .filter(|(index, _)| !taken.taps.contains_key(&NodeIndex(*index)))
        .filter(|(_, node)| match &node.kind {
            NodeKind::Junction { base_demand, .. } => base_demand.as_m3_per_s() > 0.0,
            NodeKind::Reservoir | NodeKind::Tank(_) => false,
        })
        .map(|(_, node)| node.id.as_str())
        .collect();
    if !forgotten.is_empty() {
        let text = format!("no village has these junctions with demand: {}", forgotten.join(", "));
        let help = "list each under the `taps` of a village, or set its demand to 0 in network.inp";
        table.add_with_help(table.span(), text, help);
    }
}
