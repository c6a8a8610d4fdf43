//! A year without a break: time and memory stay flat, the books stay closed.

use sanmen::base::Span;
use sanmen::base::random::Seed;
use sanmen::cli::library::Library;
use sanmen::instruments::Instruments;
use sanmen::world::World;

use std::time::{Duration, Instant};

use crate::plant::quiet_day;
use crate::report;

const WEEKS: usize = 52;

/// The Sanmen plant with its instruments at 5 min and at 1 min, week by week.
pub fn bench() {
    year(Span::minutes(5));
    year(Span::MINUTE);
}

fn year(step: Span) {
    let plant = Library::default().plant("sanmen").expect("the plant ships");
    let scenario = quiet_day(&plant);
    let world = World::new(&plant, scenario.condition, scenario.start, Seed(1), &[]);
    let mut world = world.expect("the plant starts").with_step(step);
    let mut instruments = Instruments::new(&plant, Seed(1), scenario.start, &[]);
    let mut readings = Vec::new();
    let mut weeks = Vec::new();
    let mut segments = Vec::new();
    for _ in 0..WEEKS {
        let begin = Instant::now();
        for _ in 0..7 * Span::DAY.as_ms() / step.as_ms() {
            let from = world.truth().at;
            let truth = world.step().expect("a step");
            readings.clear();
            instruments.read(truth, from, truth.at, &mut readings);
        }
        weeks.push(begin.elapsed());
        segments.push(world.segments());
    }
    // Two weeks at each end: one busy moment of the machine must not decide.
    let (first, last) = (weeks[0].min(weeks[1]), weeks[WEEKS - 2].min(weeks[WEEKS - 1]));
    let growth = last.as_secs_f64() / first.as_secs_f64();
    let soundness = world.soundness();
    report(
        &format!("a year of the Sanmen plant at {} s, week by week", step.as_seconds()),
        &format!(
            "{:.1} s; the last week takes {growth:.2} × the first; segments {} at first, {} at \
             last; {soundness}",
            weeks.iter().sum::<Duration>().as_secs_f64(),
            segments[0],
            segments[WEEKS - 1],
        ),
        "≤ 1.1 ×, sound",
        growth <= 1.1 && soundness.is_sound(),
    );
}
