//! A fleet held in memory at once and stepped together: what a plant costs, in time and in bytes.
//!
//! By hand, because ten thousand plants take minutes to start: `cargo bench -- fleet 10000`. Each
//! plant holds a file descriptor: `ulimit -n` must allow as many.

use std::sync::Arc;
use std::time::Instant;

use sanmen::base::problem::Source;
use sanmen::base::random::Seed;
use sanmen::plant::fleet::{self, Fleet};
use sanmen::scenario::load_fleet;
use sanmen::simulator::{Batch, Run, Simulator};

use crate::report;

/// Simulated minutes that are measured, at 60 s a step.
const STEPS: usize = 30;
/// The smaller fleet that a plant's cost is compared with.
const FEW: usize = 100;
/// Budgets: × real time, GiB, cost of a plant over that in a fleet of `FEW`.
const REAL_TIME: f64 = 50.0;
const GIB: f64 = 4.0;
const GROWTH: f64 = 1.2;

/// One kind of works: 8 villages of 6 taps, a pump, a tank; 64 nodes and 20 to 30 tags.
const FLEET: &str = r#"
title = { en = "Budget", zh = "预算" }
fiction = { en = "All of it", zh = "全部" }
seed = 1
rural_residents = 20000000
tap_water_percent = 100
[[county]]
id = "one"
title = { en = "One", zh = "一" }
people_percent = 100
[[template]]
id = "works"
title = { en = "Works", zh = "水厂" }
supply = "centralised"
works = 1000
people_percent = 100
people = [10000, 60000]
litres_a_head = [95, 120]
villages = [8, 8]
taps_a_village = 6
feed = "pumped"
detail = "usual"
sources = { reservoir = 60, river = 40 }
"#;

const SCENARIO: &str = r#"
title = { en = "A quiet day", zh = "平静" }
fleet = "budget"
start = 2024-12-05T06:00:00+08:00
duration_h = 24
seed = 1
"#;

/// Fleets of these sizes, or of 1,000 and 10,000.
pub fn bench(sizes: &[usize]) {
    let fleet = fleet::read("budget", &Source::new("budget.toml", FLEET)).expect("it is sound");
    let few = Held::new(&fleet, FEW).measure();
    let sizes = if sizes.is_empty() { &[1_000, 10_000] } else { sizes };
    for count in sizes {
        let before = resident_bytes();
        let begin = Instant::now();
        let mut held = Held::new(&fleet, *count);
        let start_s = begin.elapsed().as_secs_f64();
        let bytes = resident_bytes().saturating_sub(before) as f64;
        let (nodes, tags) = held.size;
        let cost = held.measure();
        let real_time = 60.0 / (cost * *count as f64 / threads() as f64);
        let gib = bytes / f64::from(1 << 30);
        report(
            &format!("{count} plants of {nodes} nodes and {tags} tags at once, 60 s a step"),
            &format!(
                "{real_time:.0} × real time on {} threads; {gib:.2} GiB, {:.0} kB a plant; a \
                 plant's step {:.0} µs of one thread, {:.2} × that among {FEW}; \
                 start {start_s:.0} s",
                threads(),
                bytes / 1e3 / *count as f64,
                cost * 1e6,
                cost / few,
            ),
            "≥ 50 × real time, ≤ 4 GiB, ≤ 1.2 ×",
            real_time >= REAL_TIME && gib <= GIB && cost / few <= GROWTH,
        );
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Memory of this process that is in use, from Linux; 0 elsewhere.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    pages * 4_096
}

/// Plants on their way through one scenario, all at once.
struct Held {
    plants: Vec<Simulator>,
    size: (usize, usize),
}

impl Held {
    fn new(fleet: &Fleet, count: usize) -> Self {
        let scenario = load_fleet(&Source::new("quiet.toml", SCENARIO), fleet).expect("sound");
        let works = fleet.draw(Seed(1), count);
        let one = fleet.plant(&works[0], Seed(1)).expect("a plant");
        let start = |works: &fleet::Works| {
            let plant = fleet.plant(works, Seed(1)).expect("a plant");
            let own = scenario.for_plant(&plant, works.county, Seed(1)).expect("a condition");
            let run = Run { seed: None, boot_id: 1, exercise: None, batch: Batch::default() };
            Simulator::new(Arc::new(plant), &own, run).expect("the plant starts")
        };
        let share = count.div_ceil(threads());
        let plants = std::thread::scope(|scope| {
            let parts: Vec<_> = works
                .chunks(share)
                .map(|part| scope.spawn(move || part.iter().map(start).collect::<Vec<_>>()))
                .collect();
            parts.into_iter().flat_map(|part| part.join().expect("no panic")).collect()
        });
        Self { plants, size: (one.network.nodes.len(), one.instruments.len()) }
    }

    /// Seconds of one thread that a step of one plant takes.
    fn measure(&mut self) -> f64 {
        let (count, share) = (self.plants.len(), self.plants.len().div_ceil(threads()));
        let begin = Instant::now();
        std::thread::scope(|scope| {
            for part in self.plants.chunks_mut(share) {
                scope.spawn(|| {
                    for _ in 0..STEPS {
                        for plant in &mut *part {
                            plant.step().expect("a step");
                        }
                    }
                });
            }
        });
        begin.elapsed().as_secs_f64() * threads() as f64 / (STEPS * count) as f64
    }
}
