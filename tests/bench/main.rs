#![expect(clippy::disallowed_methods, reason = "edge: measures")]
#![expect(clippy::print_stdout, reason = "edge: reports")]
//! The budgets, as ratios taken in one run: the machine's speed cancels out.
//!
//! `cargo bench` prints them; no test depends on a time.

mod alerts;
mod behind;
mod crowd;
mod dataset;
mod desk;
mod fleet;
mod many_tags;
mod monitor;
#[path = "../it/support/mosquitto.rs"]
#[expect(dead_code, reason = "tests ask more of a broker than benchmarks do")]
mod mosquitto;
mod peers;
mod plant;
mod replay;
mod scenario;
mod trust;
mod year;

use std::time::{Duration, Instant};

/// Runs each work in turn, several rounds, and gives the median time of each.
///
/// Taking turns lets a busy moment of the machine fall on all of them alike.
fn medians<const N: usize>(rounds: usize, mut works: [&mut dyn FnMut(); N]) -> [Duration; N] {
    let mut times: [Vec<Duration>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..rounds {
        for (work, times) in works.iter_mut().zip(&mut times) {
            let start = Instant::now();
            work();
            times.push(start.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}

/// One line of the report.
fn report(what: &str, measured: &str, budget: &str, met: bool) {
    let verdict = if met { "met" } else { "MISSED" };
    println!("{what}\n    {measured}\n    budget: {budget} · {verdict}");
}

/// Linux counts what processes take in hundredths of a second.
const TICKS_PER_S: f64 = 100.0;

/// Processor time of a process so far, s. Linux.
fn took(process: &std::process::Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id()));
    let stat = stat.expect("Linux, and it runs");
    let behind_its_name = stat.rsplit(')').next().unwrap_or_default();
    let fields = behind_its_name.split_whitespace().skip(11).take(2);
    fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS_PER_S
}

fn main() {
    // `cargo test --benches` and nextest only ask whether it runs.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    // `cargo bench -- fleet 10000`: only what takes minutes.
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = words.iter().position(|word| word == "fleet") {
        let sizes: Vec<usize> = words[at..].iter().filter_map(|word| word.parse().ok()).collect();
        return fleet::bench(&sizes);
    }
    // `cargo bench -- crowd 10000`: the same of plants that are heard over a broker.
    if let Some(at) = words.iter().position(|word| word == "crowd") {
        return crowd::bench(words[at..].iter().find_map(|word| word.parse().ok()));
    }
    // `cargo bench -- desk`: in a browser.
    if words.iter().any(|word| word == "desk") {
        return desk::bench();
    }
    if let Some(at) = words.iter().position(|word| word == behind::BARE) {
        return behind::bare(&words[at + 1..]);
    }
    // `cargo bench -- monitor`: only that.
    let works: [(&str, fn()); 10] = [
        ("plant", plant::bench),
        ("scenario", scenario::bench),
        ("monitor", monitor::bench),
        ("trust", trust::bench),
        ("replay", replay::bench),
        ("dataset", dataset::bench),
        ("year", year::bench),
        ("peers", peers::bench),
        ("alerts", alerts::bench),
        ("behind", behind::bench),
    ];
    let is_named = |name| words.iter().any(|word| word == name);
    let any = works.iter().any(|(name, _)| is_named(*name));
    works.iter().filter(|(name, _)| !any || is_named(*name)).for_each(|(_, bench)| bench());
}
