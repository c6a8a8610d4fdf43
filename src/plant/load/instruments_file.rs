//! Reads `instruments.toml`: tags, places, ranges, noise.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::problem::{Problems, Source, Spanned, Table, read_toml};
use crate::base::units::{Quantity, Unit};
use crate::base::{Span, TagId};
use crate::plant::profile::{Disinfectant, Village};
use crate::plant::station::Station;
use crate::plant::tags::{Behaviour, Instrument, NightFlow, Place, SamplingPoint, Tag};

use super::names::{Names, new_id};
use super::place::measurable;

/// Whom an instrument may belong to.
#[derive(Clone, Copy)]
pub(super) struct Owners<'p> {
    pub villages: &'p [Village],
    pub stations: &'p [Spanned<Station>],
    pub disinfectant: Disinfectant,
}

/// The instruments, in the order of the file. Errors: every mistake of the file.
///
/// Without `owners` (their file has mistakes) the names of villages and stations are not checked.
pub(super) fn read(
    source: &Arc<Source>,
    names: &Names<'_>,
    owners: Option<Owners<'_>>,
) -> Result<Vec<Instrument>, Problems> {
    read_toml(source, |file| {
        let tables = file.tables("instrument");
        if tables.is_empty() {
            file.add(file.span(), "`[[instrument]]` is missing: a plant has at least one");
        }
        let mut seen = BTreeMap::new();
        let list: Vec<Option<Instrument>> =
            tables.iter().map(|table| read_one(table, names, owners, &mut seen)).collect();
        list.into_iter().collect()
    })
}

fn read_one(
    table: &Table<'_>,
    names: &Names<'_>,
    owners: Option<Owners<'_>>,
    seen: &mut BTreeMap<TagId, String>,
) -> Option<Instrument> {
    let id = new_id(table, ("tag", "tag"), TagId::new, seen);
    let title = table.bilingual("title");
    let quantity = table.choice("quantity", &Quantity::ALL.map(|q| (q.name(), q)));
    let point = table.choice("point", &SamplingPoint::CHOICES).map(Spanned::into_inner);
    let station = read_station(table, owners);
    let place = read_place(table, names, station);
    let poll = table.number_in("poll_s", 1.0..=86_400.0);
    let lag = table.opt_number_in("lag_s", 0.0..=86_400.0);
    let rise = table.opt_number_in("rise_m", -100.0..=100.0);
    let village = read_village(table, owners.map(|owners| owners.villages));
    let night = table.opt_number_in("usual_night_m3_per_h", 0.0..=100_000.0);
    let values = read_values(table, quantity.as_ref().map(|q| *q.get_ref()));
    let quantity = quantity?;
    let disinfectant = owners.map(|owners| owners.disinfectant);
    check_place(table, names, &quantity, place, disinfectant);
    check_tap(table, point, place, village.found);
    let pressure = *quantity.get_ref() == Quantity::Pressure;
    if let (Some(rise), false) = (&rise, pressure) {
        table.add(rise.span(), "`rise_m` belongs to a pressure only");
    }
    if let (Some(night), false) = (&night, *quantity.get_ref() == Quantity::Flow) {
        table.add(night.span(), "`usual_night_m3_per_h` belongs to a flow only");
    }
    let serves = village.found.filter(|_| pressure && point == Some(SamplingPoint::TapWater));
    let values = values?;
    let tag = Tag {
        id: id?.into_inner(),
        title: title?,
        quantity: quantity.into_inner(),
        point: point?,
        range: values.range,
        poll: Span::from_seconds_f64(poll?.into_inner()),
        village: village.found.map(|village| village.id.clone()),
        storeys: serves.map(|village| village.storeys),
        rise_m: rise.map_or(0.0, Spanned::into_inner),
        night_flow: night.map(|usual| NightFlow { usual_m3_per_h: usual.into_inner() }),
    };
    let behaviour = Behaviour {
        resolution: values.resolution,
        noise: values.noise,
        noise_share: values.noise_share,
        lag: Span::from_seconds_f64(lag.map_or(0.0, Spanned::into_inner)),
    };
    let station = station?;
    village.ok.then_some(Instrument { tag: Arc::new(tag), place: place?, behaviour, station })
}

/// The station it lives on, if any; none when its name is wrong.
#[expect(clippy::option_option, reason = "no station, one, or a mistake")]
fn read_station(table: &Table<'_>, owners: Option<Owners<'_>>) -> Option<Option<usize>> {
    let (Some(name), Some(owners)) = (table.opt_text("station"), owners) else { return Some(None) };
    let mut known = owners.stations.iter().map(|station| station.get_ref().id.as_str());
    let found = known.clone().position(|id| id == name.get_ref());
    if found.is_none() {
        let known: Vec<&str> = known.by_ref().collect();
        table.unknown(name.span(), "station", name.get_ref(), &known);
        return None;
    }
    Some(found)
}

#[expect(clippy::option_option, reason = "no station, one, or a mistake")]
fn read_place(
    table: &Table<'_>,
    names: &Names<'_>,
    station: Option<Option<usize>>,
) -> Option<Place> {
    let given: Vec<&str> =
        ["node", "link", "at"].into_iter().filter(|key| table.has(key)).collect();
    match given.as_slice() {
        ["node"] => names.node(table, "node").map(Place::Node),
        ["link"] => names.link(table, "link").map(Place::Link),
        ["at"] => {
            let choices = [
                ("raw", Place::Raw),
                ("coagulant-pump", Place::CoagulantPump),
                ("coagulant-stock", Place::CoagulantStock),
                ("settled", Place::Settled),
                ("filters", Place::Filters),
                ("filtered", Place::Filtered),
                ("dosing-pump", Place::DosingPump),
                ("dosing-stock", Place::DosingStock),
                ("mains", Place::Mains),
                ("generator", Place::Generator),
                ("station-battery", Place::StationBattery(usize::MAX)),
            ];
            let at = table.choice("at", &choices)?;
            match (*at.get_ref(), station) {
                (Place::StationBattery(_), Some(Some(own))) => Some(Place::StationBattery(own)),
                (Place::StationBattery(_), Some(None)) if !table.has("station") => {
                    table.add(at.span(), "`station` is missing: whose battery?");
                    None
                }
                (Place::StationBattery(_), _) => None, // the mistake is noted
                (place, _) => Some(place),
            }
        }
        [] => {
            table.add(table.span(), "its place is missing: write `node`, `link` or `at`");
            None
        }
        several => {
            let text = format!("it sits at one place, not at {}", several.join(" and "));
            table.add_with_help(table.span(), text, "keep one of `node`, `link`, `at`");
            None
        }
    }
}

/// A village as an instrument names it; `ok` is false after a wrong name.
pub(super) struct Named<'v> {
    pub ok: bool,
    pub found: Option<&'v Village>,
}

pub(super) fn read_village<'v>(table: &Table<'_>, villages: Option<&'v [Village]>) -> Named<'v> {
    let (Some(name), Some(villages)) = (table.opt_text("village"), villages) else {
        return Named { ok: true, found: None };
    };
    let found = villages.iter().find(|village| village.id.as_str() == name.get_ref());
    if found.is_none() {
        let known: Vec<&str> = villages.iter().map(|village| village.id.as_str()).collect();
        table.unknown(name.span(), "`village`", name.get_ref(), &known);
    }
    Named { ok: found.is_some(), found }
}

fn check_place(
    table: &Table<'_>,
    names: &Names<'_>,
    quantity: &Spanned<Quantity>,
    place: Option<Place>,
    disinfectant: Option<Disinfectant>,
) {
    let (Some(place), Some(network)) = (place, names.network()) else { return };
    let (what, possible) = measurable(place, network);
    if let Some(other) = disinfectant
        && !other.allows(*quantity.get_ref())
        && possible.contains(quantity.get_ref())
    {
        let (what, by) = (quantity.get_ref().name(), other.name());
        let text = format!("there is no {what} in water disinfected with {by}");
        let help = "measure what `disinfectant` in plant.toml says, or change it there";
        table.add_with_help(quantity.span(), text, help);
    }
    if !possible.contains(quantity.get_ref()) {
        let text = format!("no {} can be measured at {what}", quantity.get_ref().name());
        let list: Vec<&str> = possible.iter().map(|quantity| quantity.name()).collect();
        table.add_with_help(quantity.span(), text, format!("there is {}", list.join(", ")));
    }
}

/// What calls itself tap water must be drawn at a tap of its village.
pub(super) fn check_tap(
    table: &Table<'_>,
    point: Option<SamplingPoint>,
    place: Option<Place>,
    village: Option<&Village>,
) {
    if point != Some(SamplingPoint::TapWater) {
        return;
    }
    if !table.has("village") {
        table.add(table.span(), "`village` is missing: tap water is some village's");
    }
    let (Some(place), Some(village)) = (place, village) else { return };
    if !village.taps.iter().any(|tap| place == Place::Node(*tap)) {
        let text = format!("tap water must be measured at a tap of {}", village.id);
        table.add_with_help(table.span(), text, "its taps are listed in plant.toml");
    }
}

/// What the keys of numbers in the quantity's unit begin with.
const STEMS: [&str; 3] = ["range", "resolution", "noise"];

/// Keys in any unit count as asked for: which are right cannot be said.
fn forgive(table: &Table<'_>) {
    for unit in Unit::ALL {
        for stem in STEMS {
            table.key_span(&unit.key(stem));
        }
    }
}

/// What an instrument's numbers say, in the quantity's unit.
struct Values {
    range: (f64, f64),
    resolution: f64,
    noise: f64,
    noise_share: f64,
}

fn read_values(table: &Table<'_>, quantity: Option<Quantity>) -> Option<Values> {
    let percent = table.opt_number_in("noise_percent", 0.0..=50.0);
    let Some(quantity) = quantity else {
        forgive(table);
        return None;
    };
    let own = quantity.measured_in();
    let foreign = || Unit::ALL.into_iter().filter(|unit| *unit != own);
    let wrong = STEMS.map(|stem| !table.refuse_units(stem, (quantity.name(), own), foreign()));
    if wrong.contains(&true) {
        forgive(table);
        return None;
    }
    let [range_key, resolution_key, noise_key] = STEMS.map(|stem| own.key(stem));
    let range = read_range(table, &range_key);
    let widest = range.map_or(f64::INFINITY, |(low, high)| high - low);
    let resolution = table.number(&resolution_key);
    if let Some(step) = &resolution
        && !(*step.get_ref() > 0.0 && *step.get_ref() <= widest)
    {
        let text = format!("`{resolution_key}` must be above 0 and at most the range's width");
        table.add(step.span(), text);
    }
    let noise = table.opt_number(&noise_key);
    if let Some(noise) = &noise
        && !(0.0..=widest).contains(noise.get_ref())
    {
        let text = format!("`{noise_key}` must be at least 0 and at most the range's width");
        table.add(noise.span(), text);
    }
    Some(Values {
        range: range?,
        resolution: resolution?.into_inner(),
        noise: noise.map_or(0.0, Spanned::into_inner),
        noise_share: percent.map_or(0.0, Spanned::into_inner) / 100.0,
    })
}

fn read_range(table: &Table<'_>, key: &str) -> Option<(f64, f64)> {
    let numbers = table.numbers(key);
    let Some(span) = table.key_span(key) else {
        table.add(table.span(), format!("`{key}` is missing"));
        return None;
    };
    let numbers: Vec<f64> = numbers.into_iter().map(Spanned::into_inner).collect();
    match numbers.as_slice() {
        [low, high] if low < high => Some((*low, *high)),
        _ => {
            table.add(span, format!("`{key}` must be two numbers, the lower first: [0, 10]"));
            None
        }
    }
}
