//! The Sanmen plant on days of every kind.

use std::sync::Arc;

use super::quality::Species;
use super::truth::Truth;
use super::*;
use crate::base::ids::InjectionId;
use crate::base::problem::Source;
use crate::base::random::Seed;
use crate::base::units::{Concentration, Flow, Power};
use crate::base::{PlantId, Span, Stamp};
use crate::plant::Plant;
use crate::plant::load::{Files, load};
use crate::plant::network::{LinkIndex, NodeIndex};
use crate::scenario::injection::{
    AssetEvent, GatewayEvent, Injection, InjectionKind, NetworkEvent, PeopleEvent, SourceEvent,
    WorksEvent,
};

mod dioxide;
mod limits;
mod network;
mod substance;

/// A plant of `config/plants` in the conditions `aged` and `normal`.
macro_rules! shipped {
    ($name:literal) => {{
        macro_rules! file {
            ($file:literal) => {
                Source::new($file, include_str!(concat!("../../config/plants/", $name, "/", $file)))
            };
        }
        let files = Files {
            network: file!("network.inp"),
            plant: file!("plant.toml"),
            instruments: file!("instruments.toml"),
            laboratory: None,
            conditions: vec![
                ("aged".to_owned(), file!("conditions/aged.toml")),
                ("normal".to_owned(), file!("conditions/normal.toml")),
            ],
        };
        load(PlantId::new($name).expect("an id"), &files).expect("the plant is sound")
    }};
}

fn sanmen() -> Plant {
    shipped!("sanmen")
}

fn qingxi() -> Plant {
    shipped!("qingxi")
}

const AGED: usize = 0;
const NORMAL: usize = 1;

/// Midnight, local time.
fn midnight() -> Stamp {
    Stamp::parse("2024-12-05T00:00:00+08:00").expect("a time").0
}

fn at(hours: i64) -> Stamp {
    midnight() + Span::hours(hours)
}

fn injection(from: Stamp, kind: InjectionKind) -> Injection {
    Injection { id: InjectionId::new("it").expect("an id"), from, until: None, kind }
}

fn world(plant: &Plant, condition: usize, injections: &[Injection]) -> World {
    let plant = Arc::new(plant.clone());
    World::new(&plant, condition, midnight(), Seed(20241205), injections).expect("it begins")
}

/// Runs for `hours` in steps of five minutes and shows every truth.
fn run(world: World, hours: i64, mut see: impl FnMut(&Truth)) -> World {
    let mut world = world.with_step(Span::minutes(5));
    for _ in 0..hours * 12 {
        see(world.step().expect("it goes on"));
    }
    world
}

fn taps(plant: &Plant) -> Vec<usize> {
    plant.profile.villages.iter().flat_map(|v| v.taps.iter().map(|tap| tap.0)).collect()
}

fn chlorine(plant: &Plant, truth: &Truth, node: &str) -> f64 {
    let node = plant.network.node(node).expect("a node of Sanmen");
    truth.nodes[node.0].water.chlorine.as_mg_per_l()
}

fn pump(plant: &Plant, id: &str) -> LinkIndex {
    plant.network.link(id).expect("a pump of Sanmen")
}

#[test]
fn a_quiet_day_keeps_every_limit_and_closes_every_book() {
    let plant = sanmen();
    let taps = taps(&plant);
    let world = run(world(&plant, NORMAL, &[]), 24, |truth| {
        for tap in &taps {
            let node = &truth.nodes[*tap];
            let chlorine = node.water.chlorine.as_mg_per_l();
            assert!((0.05..=0.6).contains(&chlorine), "{chlorine} mg/L at {}", truth.at);
            assert!(node.water.turbidity.as_ntu() < 1.0, "{:?}", node.water);
            assert!(node.water.age_h < 36.0, "{:?}", node.water);
            assert!(node.delivered <= node.demand * 1.001, "{node:?}");
        }
        assert!(truth.works.filtered_turbidity.as_ntu() < 0.5);
        assert!(truth.works.contact_min > 30.0, "{:?}", truth.works);
    });
    assert_eq!(world.books().unclosed, 0);
    for species in Species::ALL {
        let account = world.books().account(species);
        assert!(account.worst_residual < 1e-9, "{} {account:?}", species.name());
        assert!(account.numerical_share() < 1e-4, "{} {account:?}", species.name());
    }
    let energy: f64 = world.truth().links.iter().map(|link| link.energy_kwh).sum();
    let water = world.books().water();
    assert!(water.lost > 0.0 && water.residual_share() < 1e-12, "{water:?}");
    let made = water.entered;
    assert!((1_300.0..2_400.0).contains(&made), "{made} m³ in a day");
    assert!((0.2..0.8).contains(&(energy / made)), "{energy} kWh for {made} m³");
}

#[test]
fn a_laboratory_finds_what_the_standard_allows_and_more_by_products_far_away() {
    let plant = sanmen();
    let clear_well = plant.train.clear_well.0;
    let taps = taps(&plant);
    run(world(&plant, NORMAL, &[]), 24, |truth| {
        let near = &truth.nodes[clear_well].water;
        for tap in &taps {
            let water = &truth.nodes[*tap].water;
            // What is in the well now may be older than what left it hours ago.
            let far_and_near = (water.trihalomethanes, near.trihalomethanes * 0.9);
            assert!(far_and_near.0 > far_and_near.1, "{water:?}");
            // GB 5749-2022, table 1
            let found = [
                (water.trihalomethanes, 0.002..0.06),
                (water.chlorate, 0.01..0.7),
                (water.codmn, 0.5..3.0),
                (water.ammonia, 0.0..0.5),
                (water.aluminium, 0.02..0.2),
                (water.iron, 0.0..0.3),
                (water.manganese, 0.01..0.1),
            ];
            for (value, range) in found {
                assert!(range.contains(&value.as_mg_per_l()), "{value}: {water:?}");
            }
            assert!(water.chlorite == Concentration::ZERO && water.colour_pt_co < 15.0);
        }
    });
}

#[test]
fn filters_are_washed_out_of_the_clear_well_and_the_account_knows_it() {
    let plant = sanmen();
    let wash = injection(at(3), InjectionKind::Works(WorksEvent::FilterWash { filter: 1 }));
    let well = plant.train.clear_well.0;
    let level = |truth: &Truth| truth.nodes[well].pressure.as_m();
    let (mut quiet, mut washed) = (Vec::new(), Vec::new());
    let before = run(world(&plant, NORMAL, &[]), 4, |truth| quiet.push(level(truth)));
    let after = run(world(&plant, NORMAL, &[wash]), 4, |truth| washed.push(level(truth)));
    let drawn = after.books().water().wasted - before.books().water().wasted;
    let wash_m3 = 13.0 * plant.train.bank.area_m2 * 360.0 / 1_000.0;
    assert!((drawn - wash_m3).abs() < 1e-6, "{drawn} {wash_m3}");
    assert!(washed[38] < quiet[38] - 0.1, "{} {}: the well falls", quiet[38], washed[38]);
    let solids = |world: &World| world.books().account(Species::Turbidity).wasted;
    assert!(solids(&after) > solids(&before) + 100.0, "what it held has gone");
}

#[test]
fn too_much_coagulant_reaches_the_taps_as_aluminium_and_weak_stock_as_chlorate() {
    let plant = sanmen();
    let dose = WorksEvent::CoagulantSet { dose_mg_per_l: 45.0 };
    let weak = WorksEvent::DosingWeak { share: 0.3 };
    let events = [dose, weak].map(|event| injection(at(0), InjectionKind::Works(event)));
    let far = plant.network.node("ZP-9").expect("a far end").0;
    let mut waters = Vec::new();
    run(world(&plant, NORMAL, &events), 36, |truth| waters.push(truth.nodes[far].water));
    let (first, last) = (waters[0], waters[waters.len() - 1]);
    assert!(first.aluminium.as_mg_per_l() < 0.2 && last.aluminium.as_mg_per_l() > 0.2, "{last:?}");
    assert!(last.chlorate.as_mg_per_l() > 4.0 * first.chlorate.as_mg_per_l(), "{last:?}");
}

#[test]
fn a_dosing_stop_shows_first_at_the_works_and_last_at_the_far_end() {
    let plant = sanmen();
    let no_flow = InjectionKind::Works(WorksEvent::DosingNoFlow { keep_signal: true });
    let points = ["CLEARWELL", "TANK-1", "ZP-9", "YD-9"];
    let mut below = [None; 4];
    let mut before = Vec::new();
    run(world(&plant, NORMAL, &[injection(at(6), no_flow)]), 72, |truth| {
        if truth.at <= at(6) {
            before = points.map(|point| chlorine(&plant, truth, point)).to_vec();
            assert!(
                truth.works.production == Flow::ZERO || truth.works.dosed > Concentration::ZERO
            );
            return;
        }
        assert_eq!(truth.works.dosed, Concentration::ZERO);
        for (point, (since, before)) in points.iter().zip(below.iter_mut().zip(&before)) {
            if since.is_none() && chlorine(&plant, truth, point) < 0.5 * before {
                *since = Some((truth.at - at(6)).as_hours());
            }
        }
    });
    let hours: Vec<f64> = below.iter().map(|since| since.expect("it sinks below half")).collect();
    assert!(hours.is_sorted(), "{points:?} {hours:?}");
    assert!(hours[0] > 1.0 && hours[0] < 12.0 && hours[3] > hours[0] + 5.0, "{hours:?}");
}

#[test]
fn the_signal_of_a_pump_without_prime_follows_the_scenario() {
    let plant = sanmen();
    for keep_signal in [true, false] {
        let lost = injection(at(0), InjectionKind::Works(WorksEvent::DosingNoFlow { keep_signal }));
        run(world(&plant, NORMAL, &[lost]), 12, |truth| {
            let runs = keep_signal && truth.works.production > Flow::ZERO;
            assert_eq!(truth.works.dosing_signal > 0.5, runs, "{:?}", truth.works);
        });
    }
}

#[test]
fn a_tripped_pump_stands_still_until_it_is_repaired() {
    let plant = sanmen();
    let booster = pump(&plant, "P-B1");
    let tank = plant.network.node("TANK-2").expect("a tank").0;
    let mut trip =
        injection(at(1), InjectionKind::Network(NetworkEvent::PumpTrip { pump: booster }));
    trip.until = Some(at(11));
    let mut levels = Vec::new();
    run(world(&plant, NORMAL, &[trip]), 13, |truth| {
        let link = &truth.links[booster.0];
        if truth.at > at(1) && truth.at <= at(11) {
            assert!(!link.open && link.flow == Flow::ZERO && link.power == Power::ZERO, "{link:?}");
        }
        levels.push((truth.at, truth.nodes[tank].pressure.as_m(), link.open));
    });
    let level = |hour| levels.iter().find(|seen| seen.0 == at(hour)).expect("seen").1;
    assert!(level(11) < 0.5 * level(1), "{} {}", level(1), level(11));
    assert!(level(13) > level(11), "it fills again");
    assert!(levels.iter().any(|(now, _, open)| *now > at(11) && *open));
}

#[test]
fn a_worn_pump_needs_more_energy_for_the_same_water() {
    let plant = sanmen();
    let per_m3 = |condition| {
        let mut lifted = 0.0;
        let world = run(world(&plant, condition, &[]), 24, |truth| {
            for id in ["P-1", "P-2"] {
                lifted += truth.links[pump(&plant, id).0].flow.as_m3_per_h() / 12.0;
            }
        });
        let energy = |id| world.truth().links[pump(&plant, id).0].energy_kwh;
        (energy("P-1") + energy("P-2")) / lifted
    };
    assert!(per_m3(AGED) > 1.05 * per_m3(NORMAL));
}

#[test]
fn a_burst_takes_pressure_and_water_near_it_and_changes_no_demand() {
    let plant = sanmen();
    let node = plant.network.node("ZP-3").expect("a junction");
    let burst = InjectionKind::Network(NetworkEvent::Burst { node, m3_per_h_at_20_m: 40.0 });
    let truths = |injections: &[Injection]| {
        let mut seen = Vec::new();
        let world = run(world(&plant, NORMAL, injections), 12, |truth| seen.push(truth.clone()));
        assert_eq!(world.books().unclosed, 0);
        seen
    };
    let quiet = truths(&[]);
    let loud = truths(&[injection(at(3), burst)]);
    let split = quiet.iter().position(|truth| truth.at > at(3)).expect("later");
    assert_eq!(quiet[..split], loud[..split], "the future changes no past");
    for (quiet, loud) in quiet[split..].iter().zip(&loud[split..]) {
        let demand = |truth: &Truth| truth.nodes.iter().map(|n| n.demand).collect::<Vec<_>>();
        assert_eq!(demand(quiet), demand(loud));
        assert!(loud.nodes[node.0].leakage.as_m3_per_h() > 10.0);
        assert!(loud.nodes[node.0].pressure < quiet.nodes[node.0].pressure);
    }
    let most = |truths: &[Truth]| {
        let here = truths.iter().map(|truth| truth.nodes[node.0].water.turbidity.as_ntu());
        here.fold(0.0, f64::max)
    };
    assert!(most(&loud) > 1.5 * most(&quiet), "{} {}: it scours", most(&loud), most(&quiet));
}

#[test]
fn a_storm_passes_the_filters_late_and_takes_chlorine() {
    let plant = sanmen();
    let storm = InjectionKind::Source(SourceEvent::RawStorm {
        peak_ntu: 900.0,
        rise_h: 2.0,
        recession_h: 12.0,
    });
    let (mut raw, mut filtered) = ((0.0, at(0)), (0.0, at(0)));
    let mut least = f64::MAX;
    run(world(&plant, AGED, &[injection(at(1), storm)]), 24, |truth| {
        let works = &truth.works;
        if works.raw_turbidity.as_ntu() > raw.0 {
            raw = (works.raw_turbidity.as_ntu(), truth.at);
        }
        if works.filtered_turbidity.as_ntu() > filtered.0 {
            filtered = (works.filtered_turbidity.as_ntu(), truth.at);
        }
        least = least.min(truth.nodes[plant.train.clear_well.0].water.conductivity.as_us_per_cm());
    });
    assert!((raw.0 - 900.0).abs() < 10.0 && filtered.0 > 1.0, "{raw:?} {filtered:?}");
    assert!(filtered.1 > raw.1 + Span::MINUTE * 30, "{raw:?} {filtered:?}");
    assert!(least < 160.0, "{least} µS/cm");
}

#[test]
fn a_renewal_gives_the_highest_village_its_pressure_back() {
    let plant = sanmen();
    let renewal = InjectionKind::Assets(AssetEvent::Condition { to: NORMAL });
    let far = plant.network.node("YD-9").expect("the far end").0;
    let (mut before, mut after) = (f64::MAX, f64::MAX);
    run(world(&plant, AGED, &[injection(at(24), renewal)]), 48, |truth| {
        let pressure = truth.nodes[far].pressure.as_m();
        let least = if truth.at <= at(24) { &mut before } else { &mut after };
        *least = least.min(pressure);
    });
    assert!(after > before + 2.0, "{before} m, then {after} m");
}

#[test]
fn more_people_at_home_draw_more_in_their_village_and_nowhere_else() {
    let plant = sanmen();
    let village = plant.profile.villages[2].id.clone();
    let more = InjectionKind::People(PeopleEvent::Demand { village: Some(village), factor: 1.5 });
    let mut usual = world(&plant, NORMAL, &[]);
    let mut feast = world(&plant, NORMAL, &[injection(at(0), more)]);
    let (usual, feast) = (usual.step().expect("a step"), feast.step().expect("a step"));
    for (index, own) in plant.profile.villages.iter().enumerate() {
        let factor = if index == 2 { 1.5 } else { 1.0 };
        for tap in &own.taps {
            let expected = usual.nodes[tap.0].demand * factor;
            assert!((feast.nodes[tap.0].demand - expected).as_m3_per_s().abs() < 1e-15);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_world_and_another_seed_another() {
    let plant = Arc::new(sanmen());
    let after = |seed| {
        let world = World::new(&plant, NORMAL, midnight(), Seed(seed), &[]).expect("it begins");
        run(world, 2, |_| ()).truth().clone()
    };
    assert_eq!(after(1), after(1));
    assert_ne!(after(1), after(2));
}

#[test]
fn what_the_plant_has_not_got_is_refused() {
    let plant = Arc::new(sanmen());
    let begin = |condition, kind| {
        let injections = [injection(at(0), kind)];
        World::new(&plant, condition, midnight(), Seed(1), &injections).err()
    };
    let pipe = plant.network.link("M-1").expect("a pipe");
    let nowhere = NodeIndex(999);
    assert!(matches!(
        begin(7, InjectionKind::Gateway(GatewayEvent::Silence)),
        Some(WorldError::NoSuchCondition(7))
    ));
    let wrong = [
        InjectionKind::Network(NetworkEvent::PumpTrip { pump: pipe }),
        InjectionKind::Network(NetworkEvent::PumpWear { pump: LinkIndex(999), head_share: 0.9 }),
        InjectionKind::Network(NetworkEvent::Burst { node: nowhere, m3_per_h_at_20_m: 1.0 }),
    ];
    for kind in wrong {
        assert!(matches!(begin(NORMAL, kind), Some(WorldError::NoSuchPlace(_))));
    }
    let to = InjectionKind::Assets(AssetEvent::Condition { to: 9 });
    assert!(matches!(begin(NORMAL, to), Some(WorldError::NoSuchCondition(9))));
}
