//! Reads the `[[expect]]` and `[[allow]]` tables of a scenario.

use super::injections::Found;
use super::names::Names;
use super::{MINUTES, Run, minutes_span};
use crate::base::alarm::{AlarmChange, FloodChange};
use crate::base::complaint::{Channel, Problem};
use crate::base::limit::Limit;
use crate::base::problem::{Spanned, Table};
use crate::base::{RuleId, Stamp};
use crate::scenario::expectation::{
    AlarmName, Count, EnergyExpectation, Expectation, FloodExpectation, LimitExpectation,
    TicketExpectation, Wanted, Window,
};

/// Keys that are senseless beside `never = true`.
const KEYS_OF_A_CHANGE: [&str; 6] =
    ["within_rule_min", "before", "cause", "occurrence", "at_least", "at_most"];

/// Keys of one change, which are senseless beside a number of them.
const KEYS_OF_ONE: [&str; 4] = ["within_rule_min", "before", "cause", "occurrence"];

/// Keys of a number.
const BOUNDS: [&str; 2] = ["at_least", "at_most"];

/// Most alarms or tickets that can be asked for.
const MOST: i64 = 1_000_000;

/// In place of a limit of the model: whichever.
const ANY: &str = "any";

/// Every `[[expect]]`, by what it is about.
#[derive(Debug, Default)]
pub struct Expected {
    pub alarms: Vec<Expectation>,
    pub floods: Vec<FloodExpectation>,
    pub tickets: Vec<TicketExpectation>,
    pub energy: Vec<EnergyExpectation>,
    pub limits: Vec<LimitExpectation>,
}

/// Reads every `[[expect]]`; without a run (its own mistakes are noted) it gives none.
pub fn read_expectations(
    table: &Table<'_>,
    names: &Names<'_>,
    run: Option<Run>,
    injections: &[Found],
) -> Expected {
    let mut expected = Expected::default();
    for table in table.tables("expect") {
        if table.has("ticket") {
            expected.tickets.extend(read_ticket(&table, names, run, injections));
        } else if table.has("flood") {
            expected.floods.extend(read_flood(&table, names, run, injections));
        } else if table.has("pump") {
            expected.energy.extend(read_energy(&table, names, run, injections));
        } else if table.has("limit") {
            expected.limits.extend(read_limit(&table, run, injections));
        } else {
            expected.alarms.extend(read_expectation(&table, names, run, injections));
        }
    }
    expected
}

fn read_limit(
    table: &Table<'_>,
    run: Option<Run>,
    injections: &[Found],
) -> Option<LimitExpectation> {
    let mut choices = vec![(ANY, None)];
    choices.extend(Limit::CHOICES.map(|(id, limit)| (id, Some(limit))));
    let limit = table.choice("limit", &choices);
    let never = table.opt_bool("never").is_some_and(Spanned::into_inner);
    let times = read_times(table, run, injections)?;
    Some(LimitExpectation {
        place: table.source().place(table.span().start),
        limit: limit?.into_inner(),
        never,
        from: times.earliest,
        until: times.latest,
    })
}

fn read_energy(
    table: &Table<'_>,
    names: &Names<'_>,
    run: Option<Run>,
    injections: &[Found],
) -> Option<EnergyExpectation> {
    const KWH: [&str; 2] = ["at_least_kwh_per_m3", "at_most_kwh_per_m3"];
    let name = table.text("pump")?;
    let pump = names.pump(table, &name);
    let [least, most] = KWH.map(|key| table.opt_number_in(key, 0.0..=100.0));
    if !KWH.iter().any(|key| table.has(key)) {
        let text = "what the pump must take for each m³ is missing";
        table.add_with_help(table.span(), text, format!("write `{} = 0.3`", KWH[0]));
    }
    let times = read_times(table, run, injections)?;
    Some(EnergyExpectation {
        place: table.source().place(table.span().start),
        pump: pump?,
        name: name.into_inner(),
        at_least: least.map_or(0.0, Spanned::into_inner),
        at_most: most.map_or(f64::INFINITY, Spanned::into_inner),
        from: times.earliest,
        until: times.latest,
    })
}

fn read_ticket(
    table: &Table<'_>,
    names: &Names<'_>,
    run: Option<Run>,
    injections: &[Found],
) -> Option<TicketExpectation> {
    let problem = table.choice("ticket", &Problem::CHOICES);
    let named = table.opt_text("village");
    let village = named.as_ref().and_then(|name| names.village(table, name));
    let by = table.has("channel");
    let channel = table.opt_choice("channel", &Channel::CHOICES).map(Spanned::into_inner);
    let (at_least, at_most) = read_number(table);
    let times = read_times(table, run, injections)?;
    let is_complete = (named.is_none() || village.is_some()) && (channel.is_some() || !by);
    Some(TicketExpectation {
        place: table.source().place(table.span().start),
        problem: problem?.into_inner(),
        village,
        channel,
        at_least,
        at_most,
        from: times.earliest,
        until: times.latest,
    })
    .filter(|_| is_complete)
}

/// How many there must be at least, and may be at most; without a number some, or none at all.
fn read_number(table: &Table<'_>) -> (u32, Option<u32>) {
    let never = table.opt_bool("never").is_some_and(Spanned::into_inner);
    let bounds = BOUNDS.map(|key| table.opt_integer_in(key, 0..=MOST));
    for number in bounds.iter().flatten().filter(|_| never) {
        table.add(number.span(), "a number has no meaning beside `never = true`");
    }
    let [least, most] = bounds.map(|number| u32::try_from(number?.into_inner()).ok());
    match (least, most) {
        _ if never => (0, Some(0)),
        (None, None) => (1, None),
        (least, most) => (least.unwrap_or(0), most),
    }
}

fn read_flood(
    table: &Table<'_>,
    names: &Names<'_>,
    run: Option<Run>,
    injections: &[Found],
) -> Option<FloodExpectation> {
    let change = table.choice("flood", &FloodChange::CHOICES);
    let first_out = table.opt_table("first_out").map(|table| read_alarm(&table, names));
    let (at_least, at_most) = read_number(table);
    let times = read_times(table, run, injections)?;
    Some(FloodExpectation {
        place: table.source().place(table.span().start),
        change: change?.into_inner(),
        first_out: match first_out {
            Some(alarm) => Some(alarm?),
            None => None,
        },
        at_least,
        at_most,
        from: times.earliest,
        until: times.latest,
    })
}

/// Reads every `[[allow]]`.
pub fn read_allowed(table: &Table<'_>, names: &Names<'_>) -> Vec<AlarmName> {
    table.tables("allow").iter().filter_map(|table| read_alarm(table, names)).collect()
}

/// Reads which alarm is meant.
pub fn read_alarm(table: &Table<'_>, names: &Names<'_>) -> Option<AlarmName> {
    let rule = table.parse("rule", RuleId::new);
    let named = table.opt_text("tag");
    let tag = named.as_ref().and_then(|name| names.watched(table, name));
    let rule = rule?;
    let is_complete = named.is_none() || tag.is_some();
    is_complete.then(|| AlarmName { rule_span: rule.span(), rule: rule.into_inner(), tag })
}

fn read_expectation(
    table: &Table<'_>,
    names: &Names<'_>,
    run: Option<Run>,
    injections: &[Found],
) -> Option<Expectation> {
    let alarm = read_alarm(table, names);
    let wanted = if table.opt_bool("never").is_some_and(Spanned::into_inner) {
        for key in KEYS_OF_A_CHANGE {
            if table.has(key) {
                table.add(table.span(), format!("`{key}` has no meaning beside `never = true`"));
            }
        }
        let change = read_change(table);
        let times = read_times(table, run, injections);
        let never = |times: Times| Count {
            change,
            at_least: 0,
            at_most: Some(0),
            from: times.earliest,
            until: times.latest,
        };
        times.map(never).map(Wanted::Counted)
    } else if BOUNDS.iter().any(|key| table.has(key)) {
        read_count(table, run, injections).map(Wanted::Counted)
    } else {
        read_window(table, names, run, injections).map(Wanted::Seen)
    };
    let site = alarm.as_ref().and_then(|alarm| alarm.tag.as_ref()).filter(|it| names.is_site(it));
    if let Some((span, site)) = table.key_span("within_rule_min").zip(site) {
        let text =
            format!("`within_rule_min` counts from the truth at an instrument, not at {site}");
        table.add_with_help(span, text, "write `within_min`");
    }
    let place = table.source().place(table.span().start);
    Some(Expectation { place, alarm: alarm?, wanted: wanted? })
}

/// How often an alarm must change.
fn read_count(table: &Table<'_>, run: Option<Run>, injections: &[Found]) -> Option<Count> {
    let change = read_change(table);
    let [least, most] = BOUNDS.map(|key| table.opt_integer_in(key, 0..=MOST));
    for key in KEYS_OF_ONE.into_iter().filter(|key| table.has(key)) {
        let text = format!("`{key}` has no meaning beside a number of changes");
        table.add_with_help(table.span(), text, "leave out `at_least` and `at_most`");
    }
    if let (Some(least), Some(most)) = (&least, &most)
        && most.get_ref() < least.get_ref()
    {
        table.add(most.span(), format!("`at_most` is below `at_least` = {}", least.get_ref()));
    }
    let times = read_times(table, run, injections)?;
    let number = |found: Spanned<i64>| u32::try_from(found.into_inner()).ok();
    Some(Count {
        change,
        at_least: least.and_then(number).unwrap_or(0),
        at_most: most.and_then(number),
        from: times.earliest,
        until: times.latest,
    })
}

fn read_change(table: &Table<'_>) -> AlarmChange {
    table
        .opt_choice("state", &AlarmChange::CHOICES)
        .map_or(AlarmChange::Raised, Spanned::into_inner)
}

/// What the minutes count from, and the moments they lead to.
pub struct Times {
    since: Stamp,
    /// The first moment that counts.
    pub earliest: Stamp,
    /// The last one.
    pub latest: Stamp,
}

/// Reads `after`, `not_before_min` and `within_min`.
pub fn read_times(table: &Table<'_>, run: Option<Run>, injections: &[Found]) -> Option<Times> {
    let since = read_after(table, run, injections);
    let within = table.opt_number_in("within_min", MINUTES);
    let not_before = table.opt_number_in("not_before_min", MINUTES);
    let (since, run) = (since?, run?);
    let after = |minutes: &Spanned<f64>| since + minutes_span(*minutes.get_ref());
    let earliest = not_before.as_ref().map_or(since, after);
    let latest = within.as_ref().map_or(run.end(), after);
    if let Some(minutes) = within.as_ref().or(not_before.as_ref()) {
        let help = format!("the run lasts {}", run.duration);
        if latest > run.end() || earliest > run.end() {
            table.add_with_help(minutes.span(), "the window ends after the run", help);
        } else if earliest > latest {
            table.add(minutes.span(), "the window ends before `not_before_min`");
        }
    }
    Some(Times { since, earliest, latest })
}

fn read_window(
    table: &Table<'_>,
    names: &Names<'_>,
    run: Option<Run>,
    injections: &[Found],
) -> Option<Window> {
    let change = read_change(table);
    let times = read_times(table, run, injections);
    let occurrence = table.opt_integer_in("occurrence", 1..=MOST);
    let within_rule = table.opt_number_in("within_rule_min", MINUTES);
    let [before, cause] =
        ["before", "cause"].map(|key| table.opt_table(key).map(|table| read_alarm(&table, names)));
    let times = times?;
    Some(Window {
        change,
        occurrence: occurrence.map_or(Some(1), |n| usize::try_from(n.into_inner()).ok())?,
        since: times.since,
        earliest: times.earliest,
        latest: times.latest,
        within_rule: within_rule.map(|minutes| minutes_span(*minutes.get_ref())),
        before: match before {
            Some(alarm) => Some(alarm?),
            None => None,
        },
        cause: match cause {
            Some(alarm) => Some(alarm?),
            None => None,
        },
    })
}

/// What the minutes of an expectation count from.
pub fn read_after(table: &Table<'_>, run: Option<Run>, injections: &[Found]) -> Option<Stamp> {
    table.offer("after", super::ids_of(injections));
    let Some(name) = table.opt_text("after") else {
        return run.map(|run| run.start);
    };
    let has_id =
        |found: &&Found| found.id.as_ref().is_some_and(|id| id.as_ref().as_str() == name.get_ref());
    if let Some(found) = injections.iter().find(has_id) {
        return found.from;
    }
    let known: Vec<&str> =
        injections.iter().filter_map(|found| Some(found.id.as_ref()?.get_ref().as_str())).collect();
    table.unknown(name.span(), "injection", name.get_ref(), &known);
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::base::problem::Source;
    use crate::plant::sample;
    use crate::scenario::load;

    #[test]
    fn every_mistake_of_an_expectation_comes_with_its_way_out() {
        let text = r#"
title = { en = "A", zh = "甲" }
plant = "small"
start = 2024-12-05T08:00:00+08:00
duration_h = 24
seed = 1

[[inject]]
id = "prime"
at_min = 60
kind = "gateway-silence"

[[expect]]
rule = "a"
after = "prim"

[[expect]]
rule = "a"
after = "prime"
within_min = 1381

[[expect]]
rule = "a"
within_min = 10
not_before_min = 20
state = "rased"

[[expect]]
rule = "a"
never = true
after = "prime"
within_rule_min = 3

[[expect]]
tag = "AIT-2"
witin_min = 3
before = { rule = "b", tag = "AIT-7" }
cause = { rul = "b" }

[[expect]]
rule = "a"
at_least = 3
at_most = 2
within_rule_min = 3

[[expect]]
rule = "a"
occurrence = 0

[[expect]]
rule = "a"
never = true
at_least = 1

[[expect]]
limit = "water-hamer"
after = "prim"

[[expect]]
limit = "any"
state = "raised"

[[expect]]
pump = "P-2"
at_most = 1

[[expect]]
flood = "began"
first_out = { rule = "a", tg = "AIT-2" }
never = true
at_least = 1

[[allow]]
rule = "水"
"#;
        let source = Source::new("s.toml", text);
        let problems = load(&source, &[Arc::new(sample::plant())]).expect_err("mistakes");
        insta::assert_snapshot!(problems.render(false));
    }
}
