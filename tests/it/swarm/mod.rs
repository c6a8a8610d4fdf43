//! Random plants and random troubles by the dozen: whatever happens, numbers and alarms keep their
//! laws. A failure prints the scenario, to be saved and played with `sanmen test`.
//!
//! Every second plant is a works of the fleet, drawn from a seed. `SANMEN_SWARM=1000 cargo nextest
//! run --release swarm` plays a thousand scenarios in each half instead of a few dozen.
#![expect(clippy::disallowed_methods, reason = "edge: the environment says how many")]

pub mod draw;
pub mod laws;
pub mod play;

use std::collections::BTreeSet;
use std::sync::Arc;

use sanmen::base::problem::Source;
use sanmen::base::random::Seed;
use sanmen::cli::library::{self, Library};
use sanmen::plant::Plant;
use sanmen::scenario::{Scenario, injection_kinds, load};

use play::play;

/// Scenarios in each half; an unoptimised build plays fewer.
fn draws() -> usize {
    let told = std::env::var("SANMEN_SWARM").ok().and_then(|number| number.parse().ok());
    told.unwrap_or(if cfg!(debug_assertions) { 16 } else { 40 })
}

/// The plants of the swarm.
struct Plants {
    sanmen: Arc<Plant>,
    fleet: sanmen::plant::fleet::Fleet,
}

impl Plants {
    fn new() -> Self {
        let sanmen = Library::default().plant("sanmen").expect("the plant ships");
        Self { sanmen, fleet: library::fleet("xianning").expect("the fleet ships") }
    }

    /// Scenario number `n` of a half (0 or 1): its plant, its text.
    fn draw(&self, half: usize, n: usize) -> (Arc<Plant>, String) {
        let seed = (2 * n + half) as u64;
        if n.is_multiple_of(2) {
            let text = draw::scenario(&self.sanmen, seed, Some(n + half));
            return (Arc::clone(&self.sanmen), text);
        }
        let works = self.fleet.draw(Seed(seed), 1);
        let plant = self.fleet.plant(&works[0], Seed(seed));
        let plant = plant.unwrap_or_else(|found| unreachable!("{}", found.render(false)));
        let plant = Arc::new(plant);
        let text = draw::scenario(&plant, seed, None);
        (plant, text)
    }
}

fn read(plant: &Arc<Plant>, text: &str) -> Scenario {
    load(&Source::new("swarm.toml", text), std::slice::from_ref(plant))
        .unwrap_or_else(|problems| unreachable!("{}\n{text}", problems.render(false)))
}

fn swarm(half: usize) {
    let plants = Plants::new();
    let book = Library::default().book().expect("the rules ship");
    let (mut raised, mut unsolved) = (0, 0);
    for n in 0..draws() {
        let (plant, text) = plants.draw(half, n);
        let scenario = read(&plant, &text);
        let played = play(&plant, &scenario, &book, |truth, solved| {
            let broken = laws::broken(&plant, truth, solved);
            assert!(broken.is_none(), "{}\n{text}", broken.unwrap_or_default());
        });
        // Water and everything in it is accounted for to 1e-9, step by step. Where no pressures are
        // found (long power cuts drain networks), it is said, and no number is trusted.
        let soundness = played.soundness;
        assert_eq!(soundness.unclosed, 0, "{soundness}\n{text}");
        assert!(soundness.is_sound() || soundness.unsolved > 0, "{soundness}\n{text}");
        assert_eq!(played.says_unsolved, soundness.unsolved > 0, "{soundness}\n{text}");
        unsolved += usize::from(soundness.unsolved > 0);
        laws::nothing_is_lost_uncounted(&played, &text);
        raised += laws::alarms_obey(&played, &text);
        if n % 4 < 2 && n < 12 {
            let again = play(&plant, &scenario, &book, |_, _| {});
            assert!(again.records == played.records, "another ledger the second time\n{text}");
        }
    }
    assert!(unsolved * 5 <= draws(), "{unsolved} of {} had steps without pressures", draws());
    assert!(raised > 0, "troubles that nobody notices prove nothing");
}

// Two halves, so that two cores share them.

#[test]
fn random_troubles_break_no_law() {
    swarm(0);
}

#[test]
fn other_random_troubles_break_no_law() {
    swarm(1);
}

#[test]
fn the_swarm_draws_every_kind_there_is() {
    let plants = Plants::new();
    let mut missing: BTreeSet<&str> = injection_kinds().collect();
    assert!(missing.len() >= 70, "{missing:?}");
    for (half, n) in (0..draws()).flat_map(|n| [(0, n), (1, n)]) {
        let (_, text) = plants.draw(half, n);
        missing.retain(|kind| !text.contains(&format!("kind = \"{kind}\"")));
    }
    assert!(missing.is_empty(), "never drawn: {missing:?}");
}
