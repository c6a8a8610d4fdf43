//! A recording of many instruments that are read often: what the benchmark of replays takes, and a
//! test in small.

use std::sync::Arc;

use sanmen::base::units::Quantity;
use sanmen::base::{Flag, Span, Stamp, TagId};
use sanmen::cli::library::Library;
use sanmen::exercise::replay::tally::Tally;
use sanmen::exercise::replay::{Given, Item, Replay};
use sanmen::ingest::Bounds;
use sanmen::inspection::book::Book;
use sanmen::plant::Plant;
use sanmen::plant::tags::{Tag, TagIndex};

/// The Sanmen plant with so many instruments (those of its villages over again), and the rules that
/// ship.
pub fn scene(tags: usize) -> (Arc<Plant>, Book) {
    let library = Library::default();
    let mut plant = library.plant("sanmen").expect("it ships").as_ref().clone();
    let of_villages: Vec<_> =
        plant.instruments.iter().filter(|it| it.tag.village.is_some()).cloned().collect();
    let own = plant.instruments.len();
    for (n, instrument) in of_villages.iter().cycle().take(tags.saturating_sub(own)).enumerate() {
        let id = TagId::new(&format!("{}-{n}", instrument.tag.id)).expect("an id");
        let tag = Arc::new(Tag { id, ..instrument.tag.as_ref().clone() });
        plant.instruments.push(sanmen::plant::tags::Instrument { tag, ..instrument.clone() });
    }
    plant.instruments.truncate(tags);
    for instrument in &mut plant.instruments {
        let tag = instrument.tag.as_ref().clone();
        instrument.tag = Arc::new(Tag { poll: Span::SECOND, ..tag });
    }
    (Arc::new(plant), library.book().expect("the rules ship"))
}

/// A sound day, one reading a second from each instrument, through all rules.
pub fn play(plant: &Arc<Plant>, book: &Book, seconds: i64) -> Tally {
    let mut replay =
        Replay::new(vec![Arc::clone(plant)], book.clone(), Bounds::default(), "made up");
    let mut tally = Tally::default();
    let usual: Vec<f64> = plant.instruments.iter().map(|it| usual(&it.tag)).collect();
    let start = Stamp::from_ms(1_733_356_800_000).expect("in range");
    for s in 0..seconds {
        let observed_at = start + Span::seconds(s);
        for (tag, usual) in usual.iter().enumerate() {
            // Moves as a live signal does, with three decimals as instruments show.
            let ripple = ((s * 7 + 3) % 11) as f64 / 1_000.0;
            let value = Some((usual * (1.0 + ripple) * 1_000.0).round() / 1_000.0);
            let (tag, flag, sent) = (TagIndex(tag), Flag::Good, None);
            let given = Given { plant: 0, tag, observed_at, value, flag, sent };
            replay.take(Item::Reading(given), &mut |at, outcome| tally.count(at, &outcome));
        }
    }
    replay.finish(&mut |at, outcome| tally.count(at, &outcome));
    tally
}

/// A value that no rule minds.
fn usual(tag: &Tag) -> f64 {
    match tag.quantity {
        Quantity::Ammonia => 0.1,
        Quantity::Voltage => 12.7,
        Quantity::Turbidity => 0.2,
        Quantity::Pressure => 300.0,
        quantity if quantity.unit() == "mg/L" => 0.6,
        _ => tag.range.0 + 0.4 * (tag.range.1 - tag.range.0),
    }
}
