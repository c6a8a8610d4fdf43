//! Reads the scenario of a fleet: its own head, shared events, counts of plants.

use std::sync::Arc;

use super::injections::{Found, read_shared};
use super::{DURATION_H_MAX, MINUTES, Run, minutes_span, read_about};
use crate::base::problem::{Problems, Source, Spanned, Table, read_toml};
use crate::base::random::Seed;
use crate::base::{RuleId, Span, Stamp};
use crate::plant::fleet::Fleet;
use crate::scenario::fleet::{FleetEvent, FleetExpectation, FleetScenario, has_size};

/// Reads a scenario that happens to `fleet`, which the caller has found by the key `fleet`; all
/// mistakes of the file at once.
pub fn load_fleet(source: &Arc<Source>, fleet: &Fleet) -> Result<FleetScenario, Problems> {
    read_toml(source, |table| {
        table.text("fleet")?;
        let title = table.bilingual("title");
        let about = read_about(table);
        let plants = table.opt_integer_in("plants", 1..=100_000);
        let condition = table.opt_choice(
            "condition",
            &[("aged", "aged"), ("normal", "normal"), ("renewed", "renewed")],
        );
        let start = table.time("start");
        let hours = table.number_in("duration_h", 0.1..=DURATION_H_MAX);
        let seed = table.integer_in("seed", 0..=i64::MAX);
        let step = table.opt_integer_in("step_s", 1..=3_600);
        let run = start.as_ref().zip(hours.as_ref()).map(|(start, hours)| Run {
            start: start.get_ref().0,
            duration: Span::from_seconds_f64(hours.get_ref() * 3_600.0),
        });
        let (events, ids) = read_events(table, fleet, run);
        let expectations = read_expectations(table, fleet, run, &ids);
        let (run, (start, utc_offset)) = (run?, start?.into_inner());
        Some(FleetScenario {
            source: Arc::clone(source),
            title: title?,
            about,
            plants: plants.and_then(|count| usize::try_from(count.into_inner()).ok()),
            condition: condition.map_or("normal", Spanned::into_inner).to_owned(),
            start,
            utc_offset,
            duration: run.duration,
            seed: Seed(u64::try_from(seed?.into_inner()).ok()?),
            step: Span::seconds(step.map_or(60, Spanned::into_inner)),
            events,
            expectations,
        })
    })
}

fn read_events(
    table: &Table<'_>,
    fleet: &Fleet,
    run: Option<Run>,
) -> (Vec<FleetEvent>, Vec<(String, Stamp)>) {
    let (mut events, mut ids) = (Vec::new(), Vec::new());
    for own in table.tables("inject") {
        let counties: Vec<Option<usize>> =
            own.texts("counties").iter().map(|name| county(&own, fleet, name)).collect();
        let lag = pair(&own, "lag_min", MINUTES.into_inner()).unwrap_or((0.0, 0.0));
        let size = pair(&own, "size_percent", (0.0, 1_000.0));
        let (Found { id, from, injection }, trips_pumps) = read_shared(&own, run);
        if let Some(id) = &id {
            let name = id.get_ref().as_str();
            if ids.iter().any(|(other, _)| other == name) {
                own.add(id.span(), format!("{name:?} is already the id of another injection"));
            }
            ids.extend(from.map(|from| (name.to_owned(), from)));
        }
        let Some(injection) = injection else { continue };
        if size.is_some() && (trips_pumps || !has_size(&injection.kind)) {
            let span = own.key_span("size_percent").unwrap_or(own.span());
            own.add(span, "`size_percent` belongs to raw-storm, ammonia-event and demand only");
        }
        let percent = size.unwrap_or((100.0, 100.0));
        events.push(FleetEvent {
            injection,
            trips_pumps,
            counties: counties.into_iter().flatten().collect(),
            lag: (minutes_span(lag.0), minutes_span(lag.1)),
            size: (percent.0 / 100.0, percent.1 / 100.0),
        });
    }
    (events, ids)
}

fn county(table: &Table<'_>, fleet: &Fleet, name: &Spanned<String>) -> Option<usize> {
    let found = fleet.counties.iter().position(|county| county.id == *name.get_ref());
    if found.is_none() {
        let known: Vec<&str> = fleet.counties.iter().map(|county| county.id.as_str()).collect();
        table.unknown(name.span(), "county", name.get_ref(), &known);
    }
    found
}

/// The least and the most, if the key is there.
fn pair(table: &Table<'_>, key: &str, (low, high): (f64, f64)) -> Option<(f64, f64)> {
    let span = table.key_span(key)?;
    let numbers = table.numbers(key);
    if let [least, most] = numbers.as_slice() {
        let (least, most) = (*least.get_ref(), *most.get_ref());
        if low <= least && least <= most && most <= high {
            return Some((least, most));
        }
    }
    let text = format!("`{key}` must be the least and the most, within {low} and {high}");
    table.add_with_help(span, text, format!("write `{key} = [{low}, 120]`"));
    None
}

fn read_expectations(
    table: &Table<'_>,
    fleet: &Fleet,
    run: Option<Run>,
    ids: &[(String, Stamp)],
) -> Vec<FleetExpectation> {
    let one = |own: &Table<'_>| read_expectation(own, fleet, run, ids);
    table.tables("expect").iter().filter_map(one).collect()
}

fn read_expectation(
    table: &Table<'_>,
    fleet: &Fleet,
    run: Option<Run>,
    ids: &[(String, Stamp)],
) -> Option<FleetExpectation> {
    let rule = table.parse("rule", RuleId::new);
    let named = table.opt_text("county");
    let county = named.as_ref().map(|name| county(table, fleet, name));
    let never = table.opt_bool("never").is_some_and(Spanned::into_inner);
    let least = table.opt_integer_in("at_least", 0..=1_000_000);
    let most = table.opt_integer_in("at_most", 0..=1_000_000);
    if never && (least.is_some() || most.is_some()) {
        table.add(table.span(), "`never` is `at_most = 0`: no other count belongs beside it");
    }
    if let (Some(least), Some(most)) = (&least, &most)
        && least.get_ref() > most.get_ref()
    {
        table.add(most.span(), "`at_most` must not be below `at_least`");
    }
    let from = match table.opt_text("after") {
        None => run.map(|run| run.start),
        Some(name) => {
            let found = ids.iter().find(|(id, _)| id == name.get_ref());
            if found.is_none() {
                let known: Vec<&str> = ids.iter().map(|(id, _)| id.as_str()).collect();
                table.unknown(name.span(), "injection", name.get_ref(), &known);
            }
            found.map(|(_, from)| *from)
        }
    };
    let after = table.opt_number_in("not_before_min", MINUTES).map(Spanned::into_inner);
    let within = table.opt_number_in("within_min", MINUTES).map(Spanned::into_inner);
    let (rule, from, run) = (rule?, from?, run?);
    let number = |count: Option<Spanned<i64>>| count.map(|count| *count.get_ref() as usize);
    let least = number(least);
    Some(FleetExpectation {
        place: table.source().place(table.span().start),
        rule_span: rule.span(),
        rule: rule.into_inner(),
        county: match county {
            Some(found) => Some(found?),
            None => None,
        },
        at_least: least.unwrap_or(usize::from(!never && most.is_none())),
        at_most: if never { Some(0) } else { number(most) },
        from: after.map_or(from, |minutes| from + minutes_span(minutes)),
        until: within.map_or(run.end(), |minutes| from + minutes_span(minutes)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "title = { en = \"A storm\", zh = \"暴雨\" }\nfleet = \"xianning\"\n\
        start = 2024-06-28T08:00:00+08:00\nduration_h = 24\nseed = 1\n";

    fn read(rest: &str) -> Result<FleetScenario, Problems> {
        let text = include_str!("../../../config/fleets/xianning.toml");
        let fleet = crate::plant::fleet::read("xianning", &Source::new("xianning.toml", text))
            .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        load_fleet(&Source::new("s.toml", format!("{HEAD}{rest}")), &fleet)
    }

    #[test]
    fn shared_events_and_counts_are_read() {
        let scenario = read(
            "plants = 12\n[[inject]]\nid = \"rain\"\nat_min = 60\nkind = \"raw-storm\"\n\
             peak_ntu = 900\nrise_h = 2\nrecession_h = 10\ncounties = [\"tongshan\", \"jiayu\"]\n\
             lag_min = [0, 120]\nsize_percent = [50, 150]\n\
             [[inject]]\nid = \"cut\"\nat_min = 90\nuntil_min = 150\nkind = \"pump-trip\"\n\
             [[expect]]\nrule = \"a\"\nafter = \"rain\"\nat_least = 3\ncounty = \"jiayu\"\n\
             within_min = 600\n[[expect]]\nrule = \"b\"\nnever = true\n[[expect]]\nrule = \"c\"\n",
        )
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        assert_eq!(scenario.plants, Some(12));
        let [rain, cut] = scenario.events.as_slice() else { panic!("two events") };
        assert_eq!((rain.counties.as_slice(), rain.size), ([5, 1].as_slice(), (0.5, 1.5)));
        assert_eq!(rain.lag, (Span::ZERO, Span::hours(2)));
        assert!(cut.trips_pumps && !rain.trips_pumps);
        let [a, b, c] = scenario.expectations.as_slice() else { panic!("three") };
        assert_eq!((a.at_least, a.at_most, a.county), (3, None, Some(1)));
        assert_eq!(a.from, scenario.start + Span::HOUR);
        assert_eq!(a.until, scenario.start + Span::hours(11));
        assert_eq!((b.at_least, b.at_most), (0, Some(0)));
        assert_eq!((c.at_least, c.at_most), (1, None));
    }

    #[test]
    fn every_mistake_of_a_fleets_scenario_comes_with_its_way_out() {
        let problems = read(
            "plants = 0\n[[inject]]\nid = \"rain\"\nat_min = 60\nkind = \"demnd\"\n\
             factor = 2\nvillage = \"a\"\n[[inject]]\nid = \"rain\"\nat_min = 5000\n\
             kind = \"gateway-silence\"\n\
             counties = [\"tongsan\"]\nlag_min = [5]\nsize_percent = [1, 2]\n\
             [[inject]]\nid = \"x\"\nat_min = 1\nkind = \"pump-trip\"\ntarget = \"P-1\"\n\
             [[expect]]\nrule = \"a\"\nafter = \"rian\"\nnever = true\nat_least = 3\n",
        );
        insta::assert_snapshot!(problems.expect_err("mistakes").render(false));
    }
}
