//! Whatever a link does to messages, the monitor's books agree with what really came: every message
//! is accepted once, counted as a duplicate, or counted as lost.

use std::fmt::Write;

use rand::RngExt;
use sanmen::base::problem::Source;
use sanmen::base::random::{Seed, stream};
use sanmen::cli::library::Library;
use sanmen::ingest::Counters;
use sanmen::scenario::load;

use crate::swarm::laws::nothing_is_lost_uncounted;
use crate::swarm::play::play;

/// Three hours with every trouble that a link can have, each at some time.
fn scenario(seed: u64) -> String {
    let mut rng = stream(Seed(seed), "link-books");
    let mut text = format!(
        "title = {{ en = \"Link {seed}\", zh = \"链路 {seed}\" }}\nplant = \"sanmen\"\n\
         start = 2024-12-05T06:00:00+08:00\nduration_h = 3\nstep_s = 60\nseed = {seed}\n"
    );
    let percent: f64 = rng.random_range(5.0..40.0);
    let seconds: f64 = rng.random_range(1.0..400.0);
    let kinds = [
        format!("link-loss\"\npercent = {percent}"),
        format!("link-delay\"\ndelay_s = {seconds}\njitter_s = 60"),
        format!("link-duplicate\"\npercent = {percent}"),
        format!("link-reorder\"\npercent = {percent}\nby_s = {seconds}"),
        format!("link-outage\"\nkeeps_h = {}", percent / 40.0),
        "gateway-silence\"".to_owned(),
        "gateway-frozen\"\ntimes = \"old\"".to_owned(),
    ];
    for (n, kind) in kinds.iter().enumerate() {
        // The first minutes are sound: what came before the first contact is no loss.
        let at = rng.random_range(15..120);
        let until = at + rng.random_range(5..50);
        let _ = write!(
            text,
            "\n[[inject]]\nid = \"i{n}\"\nat_min = {at}\nuntil_min = {until}\nkind = \"{kind}\n"
        );
    }
    text
}

/// Plays one scenario through both halves; gives what the monitor counted.
fn books_agree(seed: u64) -> Counters {
    let library = Library::default();
    let plant = library.plant("sanmen").expect("the plant ships");
    let text = scenario(seed);
    let scenario = load(&Source::new("link.toml", text.clone()), std::slice::from_ref(&plant))
        .unwrap_or_else(|problems| unreachable!("{}", problems.render(false)));
    let book = library.book().expect("the rules ship");
    let played = play(&plant, &scenario, &book, |_, _| {});
    nothing_is_lost_uncounted(&played, &text);
    played.view.counters
}

#[test]
fn every_message_is_accepted_doubled_or_lost_and_the_books_say_so() {
    let all: Vec<Counters> = (0..6).map(books_agree).collect();
    let sum = |of: fn(&Counters) -> u64| all.iter().map(of).sum::<u64>();
    let (lost, late, duplicates) = (sum(|c| c.lost), sum(|c| c.late), sum(|c| c.duplicates));
    assert!(lost > 0 && late > 0 && duplicates > 0, "nothing proved: {all:?}");
}
