//! A monitor that is restarted at any moment.

use std::collections::BTreeSet;

use rand::RngExt as _;
use sanmen::base::random::{Seed, stream};
use sanmen::monitor::{Input, Monitor, Outcome};

use super::{Days, hear, more, records};

/// The monitor is restarted before each of these inputs; everything is as if it had not been.
fn restarts_change_nothing(days: &Days, at: impl Fn(usize, &[Outcome]) -> bool) -> usize {
    restarts_of_inputs(days, &days.plain(), at)
}

/// The same of any inputs.
pub fn restarts_of_inputs(
    days: &Days,
    inputs: &[Input],
    at: impl Fn(usize, &[Outcome]) -> bool,
) -> usize {
    let fresh = days.monitor();
    let mut steady = fresh.clone();
    let wanted = hear(&mut steady, inputs);
    let mut running = fresh.clone();
    let mut restarts = 0;
    for (n, (input, wanted_here)) in inputs.iter().zip(&wanted).enumerate() {
        if at(n, &wanted) {
            restarts += 1;
            running = restarted(&running, &fresh);
        }
        let input = as_kept(input);
        let found = running.accept(&input);
        assert_eq!(&found, wanted_here, "input {n} of {}", inputs.len());
    }
    assert_eq!(running.snapshot(), steady.snapshot());
    assert!(running.checkpoint() == steady.checkpoint(), "another state in the end");
    assert!(!records(&wanted).is_empty());
    restarts
}

fn restarted(running: &Monitor, fresh: &Monitor) -> Monitor {
    let checkpoint = running.checkpoint();
    let mut restarted = fresh.clone();
    restarted.restore(&checkpoint).expect("as written");
    restarted
}

/// The input as the ledger gives it back.
fn as_kept(input: &Input) -> Input {
    Input::decode(&input.encode().expect("it can be kept")).expect("as written")
}

/// One in so many inputs, drawn; all of them when more is asked for.
fn drawn(seed: u64, one_in: u32) -> impl Fn(usize, &[Outcome]) -> bool {
    let mut chance = stream(Seed(seed), "arrivals/restart");
    let one_in = if more() > 1 { 1 } else { one_in };
    let drawn: BTreeSet<usize> = (0..100_000).filter(|_| chance.random_ratio(1, one_in)).collect();
    move |n, _| drawn.contains(&n)
}

#[test]
fn a_restart_at_any_input_of_three_plants_changes_nothing() {
    let mut restarts = 0;
    for seed in 0..more() {
        restarts += restarts_change_nothing(&Days::short(seed), drawn(seed, 12));
    }
    assert!(restarts > 20, "{restarts}");
}

#[test]
fn a_restart_at_any_input_of_two_days_changes_nothing() {
    let restarts = restarts_change_nothing(&Days::long(), drawn(7, 100));
    assert!(restarts > 20, "{restarts}");
}
