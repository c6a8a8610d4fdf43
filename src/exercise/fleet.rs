//! A fleet's scenario played offline, works by works, and judged by how many plants did what.
//!
//! Works never touch each other: whoever calls may play them on any number of threads, in any
//! order; the same works gives the same result.

use std::sync::Arc;

use super::judge::Failing;
use super::offline::{self, PlayError, Played};
use crate::alarms::event::AlarmChange;
use crate::base::problem::{Problems, nearest};
use crate::base::random::Seed;
use crate::base::{PlantId, RuleId, Stamp};
use crate::inspection::book::Book;
use crate::ledger::record::Entry;
use crate::plant::Plant;
use crate::plant::fleet::{Fleet, Works};
use crate::scenario::Scenario;
use crate::scenario::fleet::{FleetExpectation, FleetScenario};
use crate::world::{Outside, Soundness};

/// Why a works of a fleet cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum WorksError {
    /// The generator made no sound plant of it: a mistake of ours.
    #[error("{id} is no sound plant: {problems}")]
    Plant {
        /// Which works.
        id: PlantId,
        /// What is wrong with it.
        problems: Problems,
    },
    /// A works has not got the scenario's condition.
    #[error("{0} has not got the condition that the scenario starts from")]
    Condition(PlantId),
    /// It has no next step.
    #[error("{id}")]
    Play {
        /// Which works.
        id: PlantId,
        /// Why.
        #[source]
        error: PlayError,
    },
}

/// What one works of a fleet leaves behind.
#[derive(Debug, Clone)]
pub struct WorksPlayed {
    /// Its plant.
    pub id: PlantId,
    /// Position of its county in the fleet.
    pub county: usize,
    /// Alarms that were raised: rule and moment.
    pub raised: Vec<(RuleId, Stamp)>,
    /// The ledger's entries.
    pub entries: Vec<Entry>,
    /// Readings that the monitor accepted.
    pub readings: u64,
    /// Can its truth be trusted?
    pub soundness: Soundness,
    /// What lay outside the range of the model.
    pub outside: Vec<Outside>,
}

/// One works as it is played: its plant, made for that, and what the scenario is for it.
pub fn cast(
    fleet: &Fleet,
    scenario: &FleetScenario,
    works: &Works,
    seed: Seed,
) -> Result<(Arc<Plant>, Scenario), WorksError> {
    let id = || works.id.clone();
    let plant = fleet.plant(works, seed);
    let plant = plant.map_err(|problems| WorksError::Plant { id: id(), problems })?;
    let own = scenario.for_plant(&plant, works.county, seed);
    let own = own.ok_or_else(|| WorksError::Condition(id()))?;
    Ok((Arc::new(plant), own))
}

/// Plays one works from start to end; its plant is gone afterwards.
pub fn play_works(
    fleet: &Fleet,
    scenario: &FleetScenario,
    works: &Works,
    book: &Book,
    seed: Seed,
) -> Result<WorksPlayed, WorksError> {
    let id = || works.id.clone();
    let (plant, own) = cast(fleet, scenario, works, seed)?;
    let played = offline::play(&plant, &own, book, None);
    let played = played.map_err(|error| WorksError::Play { id: id(), error })?;
    let raised = played.alarm_events().filter(|event| event.change == AlarmChange::Raised);
    let raised = raised.map(|event| (event.id.rule.clone(), event.at)).collect();
    let Played { entries, readings, soundness, outside, .. } = played;
    let county = works.county;
    Ok(WorksPlayed { id: id(), county, raised, entries, readings, soundness, outside })
}

/// Rules that the scenario names and none of the books has.
pub fn unknown_rules(scenario: &FleetScenario, books: &[&Book]) -> Problems {
    let mut problems = Problems::new();
    let rules = books.iter().flat_map(|book| book.rules());
    let known: Vec<&str> = rules.map(|rule| rule.id.as_str()).collect();
    for expectation in &scenario.expectations {
        let rule = expectation.rule.as_str();
        if !known.contains(&rule) {
            let text = format!("there is no rule {rule:?}");
            let problem = problems.add(&scenario.source, expectation.rule_span.clone(), text);
            if let Some(name) = nearest(rule, &known) {
                problem.help(format!("did you mean {name:?}?"));
            }
        }
    }
    problems
}

/// Every expectation that was not met, and every plant whose truth cannot be trusted.
pub fn judge(fleet: &Fleet, scenario: &FleetScenario, played: &[WorksPlayed]) -> Vec<Failing> {
    let mut failing: Vec<Failing> = scenario
        .expectations
        .iter()
        .filter_map(|expectation| hold(fleet, scenario, expectation, played))
        .collect();
    let unsound = played.iter().filter(|works| !works.soundness.is_sound());
    failing.extend(unsound.map(|works| Failing {
        place: scenario.source.place(0),
        expected: "plants that can be simulated".to_owned(),
        came: format!("the numbers of {} cannot be trusted: {}", works.id, works.soundness),
        readings: Vec::new(),
    }));
    failing
}

fn hold(
    fleet: &Fleet,
    scenario: &FleetScenario,
    expectation: &FleetExpectation,
    played: &[WorksPlayed],
) -> Option<Failing> {
    let window = expectation.from..=expectation.until;
    let counts = |works: &&WorksPlayed| {
        expectation.county.is_none_or(|county| county == works.county)
            && works
                .raised
                .iter()
                .any(|(rule, at)| *rule == expectation.rule && window.contains(at))
    };
    let those: Vec<&WorksPlayed> = played.iter().filter(counts).collect();
    let most = expectation.at_most.unwrap_or(usize::MAX);
    if (expectation.at_least..=most).contains(&those.len()) {
        return None;
    }
    let number = match (expectation.at_least, expectation.at_most) {
        (0, Some(0)) => "no plant".to_owned(),
        (0, Some(most)) => format!("at most {most} plants"),
        (least, None) => format!("at least {least} plants"),
        (least, Some(most)) => format!("{least} to {most} plants"),
    };
    let county = expectation.county.and_then(|at| fleet.counties.get(at));
    let place = county.map_or(String::new(), |county| format!(" in {}", county.id));
    let local = |at: Stamp| at.month_day_time(scenario.utc_offset);
    let some: Vec<&str> = those.iter().take(5).map(|works| works.id.as_str()).collect();
    let named = if some.is_empty() { String::new() } else { format!(": {}", some.join(", ")) };
    let dots = if those.len() > some.len() { ", …" } else { "" };
    Some(Failing {
        place: expectation.place.clone(),
        expected: format!(
            "{number}{place} to raise {} between {} and {}",
            expectation.rule,
            local(expectation.from),
            local(expectation.until),
        ),
        came: format!("{} of {} did{named}{dots}", those.len(), played.len()),
        readings: Vec::new(),
    })
}

#[cfg(all(test, feature = "epanet"))]
mod tests {
    use super::*;
    use crate::base::problem::Source;
    use crate::scenario::load_fleet;

    fn fleet() -> Fleet {
        let text = include_str!("../../config/fleets/xianning.toml");
        crate::plant::fleet::read("xianning", &Source::new("xianning.toml", text)).expect("sound")
    }

    fn scenario(fleet: &Fleet, expect: &str) -> FleetScenario {
        let text = format!(
            "title = {{ en = \"A storm\", zh = \"暴雨\" }}\nfleet = \"xianning\"\nplants = 4\n\
             start = 2024-06-28T08:00:00+08:00\nduration_h = 6\nseed = 3\nstep_s = 300\n{expect}"
        );
        load_fleet(&Source::new("s.toml", text), fleet).expect("sound")
    }

    fn works(id: &str, county: usize, rule: &str, at: Stamp) -> WorksPlayed {
        WorksPlayed {
            id: PlantId::new(id).expect("an id"),
            county,
            raised: vec![(RuleId::new(rule).expect("an id"), at)],
            entries: Vec::new(),
            readings: 0,
            soundness: Soundness::default(),
            outside: Vec::new(),
        }
    }

    #[test]
    fn plants_are_counted_by_rule_county_and_time() {
        let fleet = fleet();
        let text = "[[expect]]\nrule = \"a\"\nat_least = 2\nat_most = 2\nwithin_min = 60\n\
                    [[expect]]\nrule = \"a\"\ncounty = \"jiayu\"\nat_least = 2\n\
                    [[expect]]\nrule = \"b\"\nnever = true\n";
        let scenario = scenario(&fleet, text);
        let at = |minutes| scenario.start + crate::base::Span::minutes(minutes);
        let played = [
            works("p1", 0, "a", at(0)),
            works("p2", 1, "a", at(60)),
            works("p3", 2, "a", at(61)),
            works("p4", 1, "b", at(5)),
        ];
        let failing = judge(&fleet, &scenario, &played);
        let said: Vec<String> = failing.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn a_works_plays_alone_as_it_plays_among_others() {
        let fleet = fleet();
        let scenario = scenario(&fleet, "");
        let seed = scenario.seed;
        let book = Book::load(&[Source::new(
            "rules.toml",
            include_str!("../../config/rules/gb5749-2022.toml"),
        )])
        .expect("the rules are sound");
        let all = fleet.draw(seed, 4);
        let play = |works| play_works(&fleet, &scenario, works, &book, seed).expect("it plays");
        let forwards: Vec<WorksPlayed> = all.iter().map(play).collect();
        let mut backwards: Vec<WorksPlayed> = all.iter().rev().map(play).collect();
        backwards.reverse();
        for (one, other) in forwards.iter().zip(&backwards) {
            assert!(one.readings > 100, "{} says something", one.id);
            assert_eq!((&one.entries, one.readings), (&other.entries, other.readings));
        }
    }
}
