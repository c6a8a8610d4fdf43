//! The desk's past, folded from records, against the monitor as it was at that moment.

use std::path::Path;
use std::sync::Arc;

use sanmen::alarms::event::AlarmEvent;
use sanmen::base::{Span, Stamp};
use sanmen::cli::library::{self, Library, Script};
use sanmen::desk::past::Chronicle;
use sanmen::exercise::offline;
use sanmen::inspection::book::Book;
use sanmen::ledger::store::Page;
use sanmen::plant::Plant;
use sanmen::scenario::Scenario;

/// What a list shows of an alarm.
fn shown(event: &AlarmEvent) -> String {
    let AlarmEvent { id, at, state, priority, since, .. } = event;
    format!("{id} {state} {priority} raised {} since {:?}", at.as_ms(), since.map(Stamp::as_ms))
}

struct Played {
    plant: Arc<Plant>,
    book: Book,
    scenario: Scenario,
    chronicle: Chronicle,
}

fn played(name: &str) -> Played {
    let library = Library::default();
    let plants = library.plants().expect("they ship");
    let source = library::scenario_source(Path::new(name)).expect("it ships");
    let Script::Plant(scenario) = library::script(&source, &plants).expect("valid") else {
        unreachable!("{name} is a scenario of one plant");
    };
    let plant = Arc::clone(&plants[scenario.plant.as_str()]);
    let book = library.book_for([&plant]).expect("valid");
    let whole = offline::play(&plant, &scenario, &book, None).expect("it plays");
    let mut chronicle = Chronicle::default();
    let last = whole.entries.len() as u64;
    chronicle.add(0, Page { entries: whole.entries, kept: whole.kept, last });
    Played { plant, book, scenario: *scenario, chronicle }
}

#[test]
fn the_past_that_records_tell_is_what_the_monitor_showed_then() {
    for name in ["answered-alarms", "dosing-loses-prime", "power-cut-evening"] {
        let Played { plant, book, scenario, chronicle } = played(name);
        let length = scenario.end() - scenario.start;
        let mut alarms = 0;
        for part in [3, 5, 7, 9] {
            let wanted = scenario.start
                + Span::from_seconds_f64(length.as_seconds() / 10.0 * f64::from(part));
            let then = offline::play_until(&plant, &scenario, &book, None, wanted);
            let (then, monitor) = then.expect("it plays");
            // The last step ends at or after the moment that was asked for.
            let mut known = Chronicle::default();
            let last = then.entries.len() as u64;
            known.add(0, Page { entries: then.entries, kept: then.kept, last });
            let at = known.span().map_or(wanted, |(_, last)| last.max(wanted));
            let lived = monitor.snapshot().plants.remove(0);
            let past = chronicle.at(at).remove(&plant.id).unwrap_or_default();
            let sorted = |events: &[AlarmEvent]| {
                let mut lines: Vec<String> = events.iter().map(shown).collect();
                lines.sort();
                lines
            };
            assert_eq!(sorted(&past.standing), sorted(&lived.standing), "{name} {part}");
            assert_eq!(past.flood, lived.flood, "{name} {part}");
            assert_eq!(past.online, lived.online, "{name} {part}");
            alarms += past.standing.len();
        }
        assert!(alarms > 0, "{name}: there was something to compare");
    }
}
