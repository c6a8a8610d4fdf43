//! The Sanmen plant behaves as its files claim: the article's story, and no other trouble.

use std::sync::Arc;

use sanmen::base::problem::Source;
use sanmen::base::random::Seed;
use sanmen::base::{PlantId, Span, Stamp};
use sanmen::plant::Plant;
use sanmen::plant::load::{Files, load};
use sanmen::world::World;

macro_rules! file {
    ($path:literal) => {
        Source::new($path, include_str!(concat!("../../config/plants/sanmen/", $path)))
    };
}

/// The plant we ship.
pub fn plant() -> Plant {
    let files = Files {
        network: file!("network.inp"),
        plant: file!("plant.toml"),
        instruments: file!("instruments.toml"),
        laboratory: Some(file!("laboratory.toml")),
        conditions: vec![
            ("aged".to_owned(), file!("conditions/aged.toml")),
            ("normal".to_owned(), file!("conditions/normal.toml")),
            ("renewed".to_owned(), file!("conditions/renewed.toml")),
        ],
    };
    load(PlantId::new("sanmen").expect("an id"), &files).expect("the folder is right")
}

/// Least head for houses of so many storeys, m: 5, 10, then 3.5 for each further one `[S13w]`.
fn service_head(storeys: u32) -> f64 {
    match storeys {
        1 => 5.0,
        further => 10.0 + 3.5 * f64::from(further - 2),
    }
}

/// What a day was like at a village's taps.
#[derive(Debug, Default)]
struct Day {
    village: String,
    /// Minutes of the day in which some tap had less than the service head.
    low: Vec<usize>,
    highest_m: f64,
    /// At the far end.
    least_chlorine: f64,
    oldest_h: f64,
}

/// A day in `condition`, village by village.
fn day(plant: &Arc<Plant>, condition: &str, seed: u64) -> Vec<Day> {
    let at = plant.conditions.iter().position(|c| c.name == condition).expect("a condition");
    let (start, _) = Stamp::parse("2024-12-05T00:00:00+08:00").expect("a time");
    let mut world = World::new(plant, at, start, Seed(seed), &[]).expect("a world");
    let mut days: Vec<Day> = plant
        .profile
        .villages
        .iter()
        .map(|v| Day { village: v.id.to_string(), least_chlorine: f64::MAX, ..Day::default() })
        .collect();
    for minute in 0..Span::DAY.as_ms() / Span::MINUTE.as_ms() {
        let truth = world.step().expect("a step");
        for (day, village) in days.iter_mut().zip(&plant.profile.villages) {
            let heads = village.taps.iter().map(|tap| truth.nodes[tap.0].pressure.as_m());
            let (least, most) =
                heads.fold((f64::MAX, 0.0_f64), |(a, b), head| (a.min(head), b.max(head)));
            if least < service_head(village.storeys) {
                day.low.push(usize::try_from(minute).expect("within a day"));
            }
            day.highest_m = day.highest_m.max(most);
            let far = truth.nodes[village.taps[village.taps.len() - 1].0].water;
            day.least_chlorine = day.least_chlorine.min(far.chlorine.as_mg_per_l());
            day.oldest_h = day.oldest_h.max(far.age_h);
        }
    }
    days
}

#[test]
fn aged_the_highest_village_lacks_pressure_at_the_peak_but_not_at_ten() {
    let plant = Arc::new(plant());
    for seed in [1, 2] {
        for day in day(&plant, "aged", seed) {
            let peak = 7 * 60..8 * 60;
            if day.village == "yunding" {
                assert!(peak.clone().all(|minute| day.low.contains(&minute)), "{day:?}");
                let about_ten = 9 * 60 + 45..10 * 60 + 30;
                assert!(!day.low.iter().any(|minute| about_ten.contains(minute)), "{day:?}");
            } else {
                assert!(day.low.is_empty(), "{day:?}");
            }
        }
    }
}

#[test]
fn in_order_or_renewed_every_tap_has_its_head_its_chlorine_and_water_of_a_day() {
    let plant = Arc::new(plant());
    for (condition, seed) in [("normal", 1), ("normal", 2), ("renewed", 3)] {
        for day in day(&plant, condition, seed) {
            assert!(day.low.is_empty(), "{condition}: {day:?}");
            assert!(day.highest_m <= 40.0, "{condition}: {day:?}");
            assert!(day.least_chlorine >= 0.08, "{condition}: {day:?}");
            assert!((10.0..=40.0).contains(&day.oldest_h), "{condition}: {day:?}");
        }
    }
}
