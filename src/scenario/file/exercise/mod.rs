//! Reads an exercise: a scenario's file with the table `[exercise]` and what people are told, can
//! do, and are scored by.

mod attack;
mod field;
mod people;
mod trigger;

use std::sync::Arc;

use super::injections::read_at_once;
use super::names::Names;
use super::{Head, minutes_span, read_scenario};
use crate::base::Stamp;
use crate::base::ids::InjectionId;
use crate::base::problem::asked::Asked;
use crate::base::problem::{Problems, Source, Spanned, Table, ask_toml, read_toml};
use crate::plant::Plant;
use crate::scenario::exercise::cause::CAUSES;
use crate::scenario::exercise::{Consequence, Exercise, Pace};
use crate::scenario::injection::Injection;
use attack::read_attacks;
use field::{read_checks, read_jobs};
use people::{read_contingencies, read_forbidden, read_messages, read_robots, read_tasks};
use trigger::Known;

/// Simulated seconds a second, of exercises: people must be able to follow.
const SPEEDS: std::ops::RangeInclusive<f64> = 1.0..=600.0;

/// How long what an instructor lets happen may last, minutes: up to a year.
const LASTS_MIN: std::ops::RangeInclusive<f64> = 1.0..=525_960.0;

/// Weights of consequences.
const WEIGHTS: std::ops::RangeInclusive<f64> = 0.0..=1_000.0;

/// Reads an exercise at one of `plants`; all mistakes of the file at once.
///
/// Whether its rules exist is not checked here: see `Exercise::alarm_names`.
pub fn load_exercise(source: &Arc<Source>, plants: &[Arc<Plant>]) -> Result<Exercise, Problems> {
    read_toml(source, |table| read(table, plants))
}

/// What the reader of exercises asks of `source`, whatever mistakes are in it. Errors: it is not
/// TOML.
pub fn ask_exercise(source: &Arc<Source>, plants: &[Arc<Plant>]) -> Result<Vec<Asked>, Problems> {
    ask_toml(source, |table| read(table, plants))
}

fn read(table: &Table<'_>, plants: &[Arc<Plant>]) -> Option<Exercise> {
    let head = Head::read(table, plants);
    let scenario = read_scenario(table, &head);
    let own = table.table("exercise");
    let own = own.as_ref();
    let goal = own.and_then(|own| own.bilingual("goal"));
    let briefing = own.and_then(|own| own.bilingual("briefing"));
    let pace = own.and_then(read_pace);
    let causes = CAUSES.map(|(code, ..)| (code, code));
    let cause = own.and_then(|own| own.choice("cause", &causes));
    let notice_needed = own.and_then(|own| own.opt_bool("notice_needed"));
    let consequence = own.map(read_consequence);
    let known = Known::of(table, &head);
    let (checks, jobs) = (read_checks(table, &head), read_jobs(table, &head));
    let messages = read_messages(table, &known);
    let tasks = read_tasks(table, &known);
    let forbidden = read_forbidden(table, &known);
    let contingencies = read_contingencies(table, &known);
    let attacks = read_attacks(table, &known);
    let hints = table.tables("hint").iter().filter_map(|hint| hint.bilingual("text")).collect();
    let robots = read_robots(table, &known);
    people::check_words(table, &messages, &head);
    Some(Exercise {
        scenario: scenario?,
        goal: goal?,
        briefing: briefing?,
        pace: pace?,
        cause: cause?.into_inner().to_owned(),
        contingencies,
        attacks,
        messages,
        checks,
        jobs,
        tasks,
        forbidden,
        hints,
        consequence: consequence?,
        notice_needed: notice_needed.is_some_and(Spanned::into_inner),
        robots,
    })
}

/// Reads what an instructor lets happen midway: the keys of an `[[inject]]` without its name and
/// its time, and perhaps `for_min`, how long it lasts. What is read begins at time 0 and is called
/// `fault`: both are given when it happens. Errors: every mistake of the text.
pub fn read_fault(source: &Arc<Source>, plant: &Plant) -> Result<Injection, Problems> {
    read_toml(source, |table| fault(table, plant))
}

/// What that reader asks of `source`, whatever mistakes are in it. Errors: it is not TOML.
pub fn ask_fault(source: &Arc<Source>, plant: &Plant) -> Result<Vec<Asked>, Problems> {
    ask_toml(source, |table| fault(table, plant))
}

fn fault(table: &Table<'_>, plant: &Plant) -> Option<Injection> {
    let kind = read_at_once(table, &Names::of(Some(plant)));
    let lasts = table.opt_number_in("for_min", LASTS_MIN);
    let (id, from) = (InjectionId::new("fault").ok()?, Stamp::from_ms(0).ok()?);
    let until = lasts.map(|lasts| from + minutes_span(lasts.into_inner()));
    Some(Injection { id, from, until, kind: kind? })
}

fn read_pace(table: &Table<'_>) -> Option<Pace> {
    let fast = table.number_in("speed", SPEEDS);
    let attend = table.number_in("attend_speed", SPEEDS);
    let (fast, attend) = (fast?, attend?);
    if attend.get_ref() > fast.get_ref() {
        let help = "time runs slower while somebody must attend to an alarm";
        table.add_with_help(attend.span(), "`attend_speed` is above `speed`", help);
    }
    Some(Pace { fast: fast.into_inner(), attend: attend.into_inner() })
}

/// The weights of `[exercise.consequence]`, all of which have a default (TRAINING: F6 `[A]`).
fn read_consequence(table: &Table<'_>) -> Consequence {
    let own = table.opt_table("consequence");
    let weight = |key: &str, usual: f64| {
        let found = own.as_ref().and_then(|own| own.opt_number_in(key, WEIGHTS));
        found.map_or(usual, Spanned::into_inner)
    };
    Consequence {
        low: weight("low", 1.0),
        dry: weight("dry", 4.0),
        unsafe_water: weight("unsafe", 6.0),
        deprived: weight("deprived", 1.0),
        lost: weight("lost", 2.0),
        chlorine_below_mg_per_l: weight("chlorine_below_mg_per_l", 0.05),
        turbidity_above_ntu: weight("turbidity_above_ntu", 1.0),
    }
}

#[cfg(test)]
mod tests;
