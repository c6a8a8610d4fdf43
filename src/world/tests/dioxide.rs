//! The Qingxi plant, which disinfects with chlorine dioxide.

use super::*;
use crate::world::quality::SPECIES;
use crate::world::truth::Water;

#[test]
fn chlorine_dioxide_leaves_chlorite_and_neither_chloramine_nor_trihalomethanes() {
    let plant = qingxi();
    let well = plant.train.clear_well.0;
    let ends: Vec<usize> = plant
        .profile
        .villages
        .iter()
        .filter_map(|village| village.taps.last())
        .map(|t| t.0)
        .collect();
    // Ten times the usual ammonia: it would bind all of that much chlorine.
    let ammonia = SourceEvent::AmmoniaEvent { peak_mg_per_l: 0.4, rise_h: 2.0, recession_h: 90.0 };
    let world = world(&plant, NORMAL, &[injection(at(0), InjectionKind::Source(ammonia))]);
    let world = run(world, 30, |truth| {
        for node in ends.iter().chain([&well]) {
            let water = &truth.nodes[*node].water;
            assert_eq!(
                water.chlorine + water.combined + water.trihalomethanes,
                Concentration::ZERO
            );
            // GB 5749-2022, tables 1 and 2
            let found = [
                (water.chlorine_dioxide, 0.05..0.35),
                (water.chlorite, 0.1..0.45),
                (water.chlorate, 0.01..0.2),
            ];
            for (value, range) in found {
                assert!(range.contains(&value.as_mg_per_l()), "{value}: {water:?}");
            }
        }
        let (near, far) = (&truth.nodes[well].water, &truth.nodes[ends[1]].water);
        assert!(far.chlorine_dioxide < near.chlorine_dioxide && far.chlorite > near.chlorite);
        assert!(truth.works.giardia_log > 2.5, "{}", truth.works.giardia_log);
    });
    let books = world.books();
    assert_eq!(books.unclosed, 0);
    assert_eq!(Species::ALL.len(), SPECIES);
    // What was consumed left 60 % of its weight as chlorite, and 12.4 % as chlorate.
    let consumed = -books.account(Species::Chlorine).reacted;
    let chlorite = books.account(Species::Chlorite).reacted;
    let chlorate = books.account(Species::Chlorate).reacted;
    assert!(consumed > 50.0 && (chlorite / consumed - 0.6).abs() < 1e-9, "{consumed} {chlorite}");
    assert!((chlorate / consumed - 0.1 * 83.45 / 67.45).abs() < 1e-9, "{chlorate}");
    assert_eq!(books.account(Species::ByProduct).reacted, 0.0);
}

#[test]
fn an_empty_feed_takes_the_residual_away_and_a_bad_yield_brings_chlorite() {
    let plant = qingxi();
    let well = plant.train.clear_well.0;
    let after = |event: WorksEvent| {
        let injections = [injection(at(0), InjectionKind::Works(event))];
        let mut last = Water::default();
        run(world(&plant, NORMAL, &injections), 48, |truth| last = truth.nodes[well].water);
        last
    };
    let usual = after(WorksEvent::DosingWeak { share: 1.0 });
    let empty = after(WorksEvent::DosingDrum { share: 0.0 });
    let bad = after(WorksEvent::DosingWeak { share: 0.5 });
    assert!(empty.chlorine_dioxide.as_mg_per_l() < 0.02, "{empty:?}");
    assert!(empty.chlorite < usual.chlorite);
    assert!(bad.chlorine_dioxide < usual.chlorine_dioxide && bad.chlorite > usual.chlorite * 1.5);
}
