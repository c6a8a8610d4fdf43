//! What an instructor let happen beside the script: by its ids in a log, and as a file in which it
//! stands in the script, so that an exercise that was improvised can be played again.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::base::Stamp;
use crate::base::problem::Source;
use crate::exercise::session::log::{Direction, Entry, What};
use crate::plant::Plant;
use crate::scenario::draft::written_fault;
use crate::scenario::exercise::Exercise;
use crate::scenario::injection::{Injection, other_substance};
use crate::scenario::load_exercise;

/// Something that an instructor let happen beside the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Improvised<'l> {
    /// Its name in the log, and at the plant.
    pub id: String,
    /// When it happened.
    pub at: Stamp,
    /// The keys that a file would have of it; none in logs of before.
    pub keys: Option<&'l str>,
}

/// All of it in `log`, in order.
pub fn improvised(log: &[Entry]) -> impl Iterator<Item = Improvised<'_>> {
    let injected = log.iter().filter_map(|entry| match &entry.what {
        What::Directed { direction: Direction::Inject { keys, .. } } => {
            Some((entry.moment.at, keys.as_deref()))
        }
        _ => None,
    });
    injected.enumerate().map(|(n, (at, keys))| Improvised { id: name(n + 1), at, keys })
}

/// The name of the `n`th that is improvised in a run, from 1.
pub fn name(n: usize) -> String {
    format!("ad-hoc-{n}")
}

/// May `new` come midway into `exercise`, which has gone on as `log` says? Errors, in words: the
/// water of a run holds one dissolved substance, and it is another.
pub fn one_substance(exercise: &Exercise, log: &[Entry], new: &Injection) -> Result<(), String> {
    let directed = log.iter().filter_map(|entry| match &entry.what {
        What::Directed { direction: Direction::Inject { injection, .. } } => Some(injection),
        _ => None,
    });
    let waiting = exercise.contingencies.iter().map(|it| &it.injection);
    let all = exercise.scenario.injections.iter().chain(waiting).chain(directed);
    match other_substance(new, all) {
        Some((_, held)) => {
            let why = "the water of a run holds one dissolved substance, which is";
            Err(format!("{why} {}", held.spoken()))
        }
        None => Ok(()),
    }
}

/// The file of `exercise`, which was played at `plant` as `log` says, with what was improvised, at
/// its minutes, and with the alarms allowed that came from then on and that the file does not name.
/// A comment says which were added. One that cannot be added, as it contradicts the script without
/// the people who played, stands in a comment with the reason. None: nothing was improvised.
pub fn as_improvised(exercise: &Exercise, plant: &Arc<Plant>, log: &[Entry]) -> Option<String> {
    let scenario = &exercise.scenario;
    let first = improvised(log).next()?.at;
    let mut whole = scenario.source.text.trim_end().to_owned() + "\n";
    let mut taken: BTreeSet<String> =
        scenario.injections.iter().map(|it| it.id.to_string()).collect();
    taken.extend(exercise.contingencies.iter().map(|it| it.injection.id.to_string()));
    let (mut items, mut added) = (String::new(), Vec::new());
    for it in improvised(log) {
        let minutes = (it.at - scenario.start).as_seconds() / 60.0;
        let told = (minutes * 10.0).round() / 10.0;
        // One of so many is free.
        let mut ids = (1..=taken.len() + 1).map(|n| format!("improvised-{n}"));
        let id = ids.find(|id| !taken.contains(id)).unwrap_or_default();
        match addition(&whole, plant, &it, (&id, minutes)) {
            Ok((longer, lines)) => {
                whole = longer;
                write!(items, "\n{lines}").expect("a string");
                added.push(format!("{id} ({told} min)"));
                taken.insert(id);
            }
            Err(why) => {
                write!(items, "\n# Not added, of {told} min: {why}\n").expect("a string");
                for line in it.keys.unwrap_or_default().lines() {
                    writeln!(items, "#   {line}").expect("a string");
                }
            }
        }
    }
    let mut text = scenario.source.text.trim_end().to_owned();
    let added = if added.is_empty() { "nothing".to_owned() } else { added.join(", ") };
    write!(
        text,
        "\n\n# --- as it was played ---\n# What the instructor let happen beside the script, added \
         at the minutes at which it happened: {added}.\n# What people ought to do about it is for \
         you to write: `sanmen exercise edit` has forms for it.\n{items}"
    )
    .expect("a string");
    let allowed = unnamed(exercise, log, first);
    if !allowed.is_empty() {
        text += "\n# Alarms that came from then on, and that the script does not name.\n";
        let tables = allowed.iter().map(|rule| format!("[[allow]]\nrule = \"{rule}\"\n"));
        text += &tables.collect::<Vec<_>>().join("\n");
    }
    Some(text)
}

/// `text` with one more, and its own lines. Errors: why it cannot be there.
fn addition(
    text: &str,
    plant: &Arc<Plant>,
    it: &Improvised<'_>,
    (id, minutes): (&str, f64),
) -> Result<(String, String), String> {
    let lines = it.keys.and_then(|keys| written_fault(keys, id, minutes));
    let lines = lines.ok_or("the log of that run does not say what it was")?;
    let longer = format!("{text}\n{lines}");
    match load_exercise(&Source::new("played.toml", longer.as_str()), &[Arc::clone(plant)]) {
        Ok(_) => Ok((longer, lines)),
        Err(problems) => {
            let first = problems.iter().next().map(|it| it.text().to_owned());
            Err(first.unwrap_or_else(|| "the file does not hold with it".to_owned()))
        }
    }
}

/// Rules of alarms that were raised from `first` on and that the exercise does not name.
fn unnamed<'l>(exercise: &Exercise, log: &'l [Entry], first: Stamp) -> BTreeSet<&'l str> {
    let known: BTreeSet<&str> =
        exercise.scenario.alarm_names().map(|name| name.rule.as_str()).collect();
    let raised = log.iter().filter(|entry| entry.moment.at >= first);
    let rules = raised.filter_map(|entry| match &entry.what {
        What::Raised { alarm, .. } => Some(alarm.rule.as_str()),
        _ => None,
    });
    rules.filter(|rule| !known.contains(rule)).collect()
}

#[cfg(test)]
mod tests {
    //! What was improvised stands in the file at its minute, or in a comment that says why not.

    use super::*;
    use crate::base::Span;
    use crate::cli::library::Library;
    use crate::exercise::session::log::Moment;
    use crate::exercise::session::{Effect, Session};
    use crate::scenario::read_fault;

    fn burst() -> (Arc<Exercise>, Arc<Plant>) {
        let plant = Arc::clone(&Library::default().plants().expect("they ship")["sanmen"]);
        let text = include_str!("../../tests/browser/exercise.toml");
        let exercise = load_exercise(&Source::new("burst.toml", text), &[Arc::clone(&plant)]);
        (Arc::new(exercise.expect("it holds")), plant)
    }

    fn inject(plant: &Plant, keys: &str) -> Direction {
        let injection = read_fault(&Source::new("fault", keys), plant).expect("no mistake");
        Direction::Inject { injection, keys: Some(keys.to_owned()) }
    }

    fn entry(exercise: &Exercise, minute: i64, direction: Direction) -> Entry {
        let at = exercise.scenario.start + Span::minutes(minute);
        let (moment, what) = (Moment { at, wall_s: 1.0 }, What::Directed { direction });
        Entry { moment, who: "Li".to_owned(), what }
    }

    #[test]
    fn it_befalls_the_plant_under_its_name_for_as_long_as_was_said() {
        let (exercise, plant) = burst();
        let mut session = Session::new(exercise, Arc::clone(&plant));
        let now = session.facts().now.at;
        for keys in ["kind = \"grid-cut\"\nfor_min = 30", "kind = \"gateway-silence\""] {
            session.direct("Li", inject(&plant, keys)).expect("it can come midway");
        }
        let happened = session.effects().into_iter().filter_map(|effect| match effect {
            Effect::Happen(it) => Some((it.id.to_string(), it.from, it.until)),
            _ => None,
        });
        let wanted = [(name(1), now, Some(now + Span::minutes(30))), (name(2), now, None)];
        assert_eq!(happened.collect::<Vec<_>>(), wanted);
        let found: Vec<_> = improvised(session.log()).map(|it| (it.id, it.at)).collect();
        assert_eq!(found, [(name(1), now), (name(2), now)]);
    }

    #[test]
    fn a_second_dissolved_substance_does_not_come_midway_and_more_of_the_first_does() {
        let (exercise, plant) = burst();
        let mut session = Session::new(exercise, Arc::clone(&plant));
        let brings = |analyte: &str, unit: &str| {
            let keys = format!("by_{unit} = 1\nrise_h = 1\nrecession_h = 1");
            inject(&plant, &format!("kind = \"raw-substance\"\nanalyte = \"{analyte}\"\n{keys}"))
        };
        for (direction, wanted) in [
            (brings("cadmium", "mg_per_l"), None),
            (brings("gross-beta", "bq_per_l"), Some("dissolved substance, which is cadmium")),
            (brings("cadmium", "mg_per_l"), None),
        ] {
            let refused = session.direct("Li", direction).err().map(|why| why.0);
            let is_so = match (&refused, wanted) {
                (Some(why), Some(wanted)) => why.ends_with(wanted),
                (None, None) => true,
                _ => false,
            };
            assert!(is_so, "{refused:?} {wanted:?}");
        }
        assert_eq!(improvised(session.log()).count(), 2);
    }

    #[test]
    fn it_is_in_the_file_at_its_minute_and_what_cannot_be_is_told() {
        let (exercise, plant) = burst();
        let trip = "kind = \"pump-trip\"\ntarget = \"P-1\"";
        let cut = "kind = \"grid-cut\"\nfor_min = 30 # minutes";
        let mut log = vec![
            entry(&exercise, 20, inject(&plant, trip)),
            entry(&exercise, 25, inject(&plant, cut)),
            entry(&exercise, 40, inject(&plant, trip)),
            entry(&exercise, 41, inject(&plant, "kind = \"weather\"")),
        ];
        if let What::Directed { direction: Direction::Inject { keys, .. } } = &mut log[3].what {
            *keys = None; // as in logs of before
        }
        let text = as_improvised(&exercise, &plant, &log).expect("something was improvised");
        let source = &exercise.scenario.source.text;
        assert!(text.starts_with(source.trim_end()), "what was there stays as it was");
        let added = &text[source.trim_end().len()..];
        for line in [
            "improvised-1 (20 min), improvised-2 (25 min).",
            "# Not added, of 40 min: whether the pump is tripped is already decided by",
            "#   kind = \"pump-trip\"",
            "# Not added, of 41 min: the log of that run does not say what it was",
        ] {
            assert!(added.contains(line), "{line}: {added}");
        }
        let again = load_exercise(&Source::new("again.toml", text), &[Arc::clone(&plant)]);
        let again = again.expect("it holds");
        let own = again.scenario.injections[exercise.scenario.injections.len()..].iter();
        let start = exercise.scenario.start;
        let own: Vec<_> = own
            .map(|it| (it.id.as_str(), it.from - start, it.until.map(|until| until - start)))
            .collect();
        let minutes = Span::minutes;
        let wanted =
            [("improvised-1", minutes(20), None), ("improvised-2", minutes(25), Some(minutes(55)))];
        assert_eq!(own, wanted);
        assert_eq!(as_improvised(&exercise, &plant, &[]), None);
    }
}
