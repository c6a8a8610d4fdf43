//! A dissolved substance in the source of the Sanmen plant: all of it comes to the taps.

use super::*;
use crate::base::analyte::Analyte;
use crate::plant::tags::Place;

fn spill(analyte: Analyte, peak: f64, (from, until): (i64, i64)) -> Injection {
    let spill = SourceEvent::RawSubstance { analyte, peak, rise_h: 0.01, recession_h: 0.01 };
    let until = Some(at(until));
    Injection { until, ..injection(at(from), InjectionKind::Source(spill)) }
}

#[test]
fn it_comes_to_every_tap_in_its_time_undiminished_and_the_books_know_all_of_it() {
    let plant = sanmen();
    let taps = taps(&plant);
    let peak = 0.02;
    let spilled = world(&plant, NORMAL, &[spill(Analyte::Cadmium, peak, (1, 80))]);
    let (mut first, mut last) = (vec![None; taps.len()], vec![0.0; taps.len()]);
    let world = run(spilled, 72, |truth| {
        let hours = (truth.at - at(1)).as_hours();
        let raw = truth.assay(Place::Raw, Analyte::Cadmium);
        // The works looks at the source at the beginning of a step of five minutes.
        let wanted = if hours > 0.1 { peak } else { 0.0 };
        assert!(raw.is_some_and(|raw| (raw - wanted).abs() < 1e-12), "{raw:?} after {hours} h");
        for (at, tap) in taps.iter().enumerate() {
            let node = &truth.nodes[*tap].water;
            assert!((0.0..=peak * (1.0 + 1e-9)).contains(&node.substance), "{node:?}");
            last[at] = node.substance;
            if node.substance > 0.5 * peak && first[at].is_none() {
                first[at] = Some((hours, node.age_h));
            }
        }
    });
    for (tap, (first, last)) in taps.iter().zip(first.iter().zip(&last)) {
        let id = &plant.network.nodes[*tap].id;
        // Half of it is there when half of the water is younger than the spill; the age is the
        // mean, which old water in tanks makes longer, and counts from the filters on.
        let (hours, age_h) = first.expect("it comes to every tap");
        assert!(hours > 0.3 * age_h && hours < 48.0, "{id}: {hours} h, {age_h} h old");
        assert!(*last > 0.9 * peak, "{id}: {last} mg/L");
    }
    let books = world.books();
    assert_eq!(books.unclosed, 0);
    let account = books.account(Species::Substance);
    let water = books.water();
    assert_eq!((account.opening, account.added, account.reacted), (0.0, 0.0, 0.0));
    assert!(account.withdrawn > 0.0 && account.stored > 0.0 && account.residual_share() < 1e-9);
    // A hundredth of 0.005 mg/L is one part; it came with all water from the second hour on.
    let came = account.entered * 0.005 / 100.0;
    assert!((came / (water.entered * peak) - 71.0 / 72.0).abs() < 0.02, "{came} g");
    let kept = account.wasted / account.entered;
    assert!(kept < 0.2, "what washes filters, and no sludge: {kept}");
}

#[test]
fn without_one_there_is_none_and_a_second_one_is_refused() {
    let plant = sanmen();
    let quiet = run(world(&plant, NORMAL, &[]), 2, |truth| {
        assert!(truth.works.substance.is_none());
        assert!(truth.nodes.iter().all(|node| node.water.substance == 0.0));
    });
    assert_eq!(quiet.books().account(Species::Substance).entered, 0.0);
    let lead = spill(Analyte::Lead, 0.1, (1, 2));
    let mut midway = run(world(&plant, NORMAL, std::slice::from_ref(&lead)), 1, |_| {});
    midway.happen(Injection { from: at(2), until: None, ..lead.clone() }).expect("more of it");
    let zinc = spill(Analyte::Zinc, 1.0, (2, 3));
    let refused = midway.happen(zinc.clone()).expect_err("another one");
    assert_eq!(refused.to_string(), "injection it brings a second dissolved substance beside lead");
    let both = [lead, zinc];
    let refused = World::new(&Arc::new(plant), NORMAL, midnight(), Seed(1), &both);
    assert!(matches!(refused, Err(WorldError::OtherSubstance(..))));
}
