//! A month without a break: nothing grows, nothing gets lost, nothing runs dry unseen.

use std::sync::Arc;

use sanmen::base::random::Seed;
use sanmen::base::{Span, Stamp};
use sanmen::instruments::Instruments;
use sanmen::plant::Plant;
use sanmen::plant::network::NodeKind;
use sanmen::world::World;
use sanmen::world::quality::segment::SEGMENTS_MAX;
use sanmen::world::truth::Truth;

const STEP: Span = Span::minutes(10);
/// An unoptimised build takes a third of it.
const DAYS: i64 = if cfg!(debug_assertions) { 10 } else { 30 };

/// Every figure is a number, levels are inside their tanks, nobody gets more than they want.
fn check(plant: &Plant, truth: &Truth) {
    for (node, is) in plant.network.nodes.iter().zip(&truth.nodes) {
        let water = is.water;
        let carried = [
            water.chlorine.as_mg_per_l(),
            water.turbidity.as_ntu(),
            water.conductivity.as_us_per_cm(),
            water.age_h,
        ];
        assert!(carried.iter().all(|value| value.is_finite() && *value >= 0.0), "{}", node.id);
        assert!(is.pressure.as_m().is_finite(), "{}", node.id);
        match &node.kind {
            NodeKind::Tank(tank) => {
                assert!(is.pressure >= tank.min_level && is.pressure <= tank.max_level);
            }
            NodeKind::Junction { .. } => {
                assert!(is.delivered.as_m3_per_h() <= is.demand.as_m3_per_h() + 1e-3);
            }
            NodeKind::Reservoir => {}
        }
    }
    assert!(truth.links.iter().all(|link| link.flow.as_m3_per_h().is_finite()));
    assert!(truth.works.stock_level.as_m() > 0.0, "the drum is dry at {}", truth.at);
}

#[test]
fn a_month_keeps_its_books_its_segments_and_its_drum() {
    let plant = Arc::new(crate::sanmen::plant());
    let condition = plant.conditions.iter().position(|c| c.name == "normal").expect("normal");
    let (start, _) = Stamp::parse("2024-12-05T00:00:00+08:00").expect("a time");
    let world = World::new(&plant, condition, start, Seed(7), &[]).expect("a world");
    let mut world = world.with_step(STEP);
    let mut instruments = Instruments::new(&plant, Seed(7), start, &[]);
    let mut readings = Vec::new();
    let (mut most_segments, mut refills, mut stock) = (0, 0_i64, world.truth().works.stock_level);
    for _ in 0..DAYS * (Span::DAY.as_ms() / STEP.as_ms()) {
        let from = world.truth().at;
        readings.clear();
        instruments.read(world.truth(), from, from + STEP, &mut readings);
        for reading in &readings {
            assert!(reading.value.is_none_or(f64::is_finite), "{reading:?}");
        }
        let truth = world.step().expect("a step");
        check(&plant, truth);
        refills += i64::from(truth.works.stock_level > stock);
        stock = truth.works.stock_level;
        most_segments = most_segments.max(world.segments());
    }
    assert_eq!(world.truth().at, start + Span::DAY * DAYS);
    assert!(world.soundness().is_sound(), "{}", world.soundness());
    assert!(most_segments <= SEGMENTS_MAX * plant.network.links.len(), "{most_segments}");
    // 20 to 24 L a day, and 165 L from a refill to the next
    assert!((DAYS / 9..=DAYS / 6).contains(&refills), "refilled {refills} times");
}
