//! A plant's step against EPANET's own hydraulics and chlorine on the same network and steps.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sanmen::base::Span;
use sanmen::base::random::Seed;
use sanmen::cli::library::Library;
use sanmen::instruments::Instruments;
use sanmen::plant::Plant;
use sanmen::scenario::Scenario;
use sanmen::world::World;
use sanmen::world::hydraulics::file::{FileRun, Times};

use crate::{medians, report};

const HOURS: i64 = 24;

/// A day at 60 s steps, both ways; and what the start costs once.
pub fn bench() {
    let plant = Library::default().plant("sanmen").expect("the plant ships");
    let scenario = quiet_day(&plant);
    let steps = HOURS * 60;
    let begin = || {
        World::new(&plant, scenario.condition, scenario.start, Seed(1), &[])
            .expect("the plant starts")
    };
    let mut start = || {
        begin();
    };
    let mut ours = || {
        let mut world = begin();
        let mut instruments = Instruments::new(&plant, Seed(1), scenario.start, &[]);
        let mut readings = Vec::new();
        for _ in 0..steps {
            let from = world.truth().at;
            let truth = world.step().expect("a step");
            readings.clear();
            instruments.read(truth, from, truth.at, &mut readings);
        }
    };
    let file = Path::new("config/plants/sanmen/network.inp");
    let mut epanet = || {
        let times = Times { duration_s: Some(HOURS * 3_600), step_s: Some(60) };
        let mut run = FileRun::open(file, None, times).expect("EPANET opens the plant's network");
        while run.next_step().expect("EPANET solves it").is_some() {}
    };
    let [start, ours, epanet] = medians(7, [&mut start, &mut ours, &mut epanet]);
    let step = |time: Duration| time.as_secs_f64() * 1e6 / steps as f64;
    let ratio = |time: Duration| time.as_secs_f64() / epanet.as_secs_f64();
    let steps_alone = ours.saturating_sub(start);
    report(
        "a plant, everything on, 24 h at 60 s",
        &format!(
            "{:.1} µs a step, {:.2} × EPANET's own hydraulics + chlorine ({:.1} µs); \
             {:.2} × with the start",
            step(steps_alone),
            ratio(steps_alone),
            step(epanet),
            ratio(ours),
        ),
        "≤ 3 ×",
        ratio(steps_alone) <= 3.0,
    );
}

/// The scenario in which nothing happens.
pub fn quiet_day(plant: &Arc<Plant>) -> Scenario {
    let source =
        sanmen::cli::library::scenario_source(Path::new("quiet-day")).expect("the scenario ships");
    let scenario = sanmen::scenario::load(&source, std::slice::from_ref(plant))
        .expect("the scenario is valid");
    assert!(scenario.duration >= Span::hours(HOURS), "the quiet day has 24 hours");
    scenario
}
