//! Reads the scenario of a fleet: its own head, shared events, counts of plants.

use std::sync::Arc;

use super::expectations::read_times;
use super::injections::{Found, read_shared};
use super::{DURATION_H_MAX, MINUTES, Run, SPEED, minutes_span, read_about};
use crate::base::problem::{Problems, Source, Spanned, Table, read_toml};
use crate::base::random::Seed;
use crate::base::{RuleId, Span};
use crate::plant::fleet::Fleet;
use crate::scenario::fleet::{self as shared, FleetEvent, FleetExpectation, FleetScenario};

/// Keys of scenarios of one plant, each with the way out.
const OF_ONE_PLANT: [(&str, &str); 5] = [
    ("plant", "a scenario is of one plant or of a fleet: remove `plant` or `fleet`"),
    ("allow", "remove it: alarms of a fleet that no [[expect]] names are allowed"),
    ("repair", "remove it: what comes to a fleet ends with `until_min`"),
    ("laboratory", "remove it: no laboratory visits a fleet"),
    ("residents", "remove it: people of a fleet do not complain"),
];

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
        let speed = table.opt_number_in("speed", SPEED);
        let judged_by = table.listed("rules").or_else(|| fleet.judged_by.clone());
        let run = start.as_ref().zip(hours.as_ref()).map(|(start, hours)| Run {
            start: start.get_ref().0,
            duration: Span::from_seconds_f64(hours.get_ref() * 3_600.0),
        });
        let (events, found) = read_events(table, fleet, run);
        let plants = plants.map(|count| *count.get_ref() as usize);
        let drawn = Drawn { fleet, plants };
        let each = |own: &Table<'_>| read_expectation(own, &drawn, run, &found);
        let expectations = table.tables("expect").iter().filter_map(each).collect();
        for (key, way) in OF_ONE_PLANT {
            if let Some(span) = table.key_span(key) {
                table.add_with_help(span, format!("`{key}` belongs to one plant"), way);
            }
        }
        let (run, (start, utc_offset)) = (run?, start?.into_inner());
        Some(FleetScenario {
            source: Arc::clone(source),
            title: title?,
            about,
            plants,
            condition: condition.map_or("normal", Spanned::into_inner).to_owned(),
            start,
            utc_offset,
            duration: run.duration,
            seed: Seed(u64::try_from(seed?.into_inner()).ok()?),
            step: Span::seconds(step.map_or(60, Spanned::into_inner)),
            speed: speed.map(Spanned::into_inner),
            judged_by,
            events,
            expectations,
        })
    })
}

fn read_events(
    table: &Table<'_>,
    fleet: &Fleet,
    run: Option<Run>,
) -> (Vec<FleetEvent>, Vec<Found>) {
    let (mut events, mut all) = (Vec::new(), Vec::<Found>::new());
    for own in table.tables("inject") {
        let counties: Vec<Option<usize>> =
            own.texts("counties").iter().map(|name| county(&own, fleet, name)).collect();
        let lag = pair(&own, "lag_min", MINUTES.into_inner()).unwrap_or((0.0, 0.0));
        let size = pair(&own, "size_percent", (0.0, 1_000.0));
        let (mut found, trips_pumps) = read_shared(&own, run);
        check_id(&own, &found, &all);
        let injection = found.injection.take();
        all.push(found);
        let Some(injection) = injection else { continue };
        let soonest = injection.from + minutes_span(lag.0);
        if let (Some(run), Some(span)) = (run, own.key_span("lag_min"))
            && injection.from < run.end()
            && soonest >= run.end()
        {
            let help = format!("the run lasts {}", run.duration);
            own.add_with_help(span, "with this lag it comes to no plant before the end", help);
        }
        if size.is_some() && (trips_pumps || shared::size(&injection.kind).is_none()) {
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
    (events, all)
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

/// An id is there once.
fn check_id(table: &Table<'_>, found: &Found, before: &[Found]) {
    let Some(id) = &found.id else { return };
    if before.iter().filter_map(|other| other.id.as_ref()).any(|other| other == id) {
        let text = format!("{:?} is already the id of another injection", id.get_ref().as_str());
        table.add_with_help(id.span(), text, "each injection needs an id of its own");
    }
}

/// The plants that a scenario plays.
struct Drawn<'f> {
    fleet: &'f Fleet,
    /// How many; none: the whole fleet.
    plants: Option<usize>,
}

impl Drawn<'_> {
    /// Most plants there can be, in a county or in all: which of them are drawn, the seed says.
    fn most(&self, county: Option<usize>) -> usize {
        let targets = self.fleet.shares().targets;
        let works = |county: &[(u64, u64)]| county.iter().map(|(works, _)| works).sum::<u64>();
        let whole: u64 = targets.iter().map(|county| works(county)).sum();
        let own = county.map_or(whole, |county| works(&targets[county]));
        let plants = self.plants.unwrap_or(whole as usize);
        // Beyond its size, further fleets of the same kind begin.
        let laps = plants.div_ceil((whole as usize).max(1));
        plants.min(own as usize * laps)
    }
}

fn read_expectation(
    table: &Table<'_>,
    drawn: &Drawn<'_>,
    run: Option<Run>,
    injections: &[Found],
) -> Option<FleetExpectation> {
    let rule = table.parse("rule", RuleId::new);
    let named = table.opt_text("county");
    let county = named.as_ref().map(|name| county(table, drawn.fleet, name));
    let never = table.opt_bool("never").is_some_and(Spanned::into_inner);
    let least = table.opt_integer_in("at_least", 0..=1_000_000);
    let most = table.opt_integer_in("at_most", 0..=1_000_000);
    for count in [&least, &most].into_iter().flatten().filter(|_| never) {
        table.add_with_help(
            count.span(),
            "a number has no meaning beside `never = true`",
            "`never` is `at_most = 0`: leave one of them out",
        );
    }
    if let (Some(least), Some(most)) = (&least, &most)
        && least.get_ref() > most.get_ref()
    {
        table.add(most.span(), "`at_most` must not be below `at_least`");
    }
    let county = match county {
        Some(found) => Some(found?),
        None => None,
    };
    let number = |count: Option<Spanned<i64>>| count.map(|count| *count.get_ref() as usize);
    if let Some(least) = &least
        && *least.get_ref() > drawn.most(county) as i64
    {
        let most = drawn.most(county);
        let text = format!("`at_least` = {} can never be met", least.get_ref());
        let help = format!("at most {most} such plants are played: lower it, or raise `plants`");
        table.add_with_help(least.span(), text, help);
    }
    let times = read_times(table, run, injections);
    let (rule, times) = (rule?, times?);
    let least = number(least);
    Some(FleetExpectation {
        place: table.source().place(table.span().start),
        rule_span: rule.span(),
        rule: rule.into_inner(),
        county,
        at_least: least.unwrap_or(usize::from(!never && most.is_none())),
        at_most: if never { Some(0) } else { number(most) },
        from: times.earliest,
        until: times.latest,
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
    fn more_plants_than_there_are_cannot_be_expected() {
        let problems = read(
            "plants = 12\n[[expect]]\nrule = \"a\"\nat_least = 13\n\
             [[expect]]\nrule = \"a\"\nat_least = 12\ncounty = \"jiayu\"\n",
        );
        insta::assert_snapshot!(problems.expect_err("mistakes").render(false));
        let whole = read("[[expect]]\nrule = \"a\"\nat_least = 400\ncounty = \"jiayu\"\n");
        assert!(whole.is_err_and(|problems| problems.render(false).contains("can never be met")));
    }

    #[test]
    fn every_mistake_of_a_fleets_scenario_comes_with_its_way_out() {
        let problems = read(
            "plants = 0\n[[inject]]\nid = \"rain\"\nat_min = 60\nkind = \"demnd\"\n\
             factor = 2\nvillage = \"a\"\n[[inject]]\nid = \"rain\"\nat_min = 5000\n\
             kind = \"gateway-silence\"\n\
             counties = [\"tongsan\"]\nlag_min = [5]\nsize_percent = [1, 2]\n\
             [[inject]]\nid = \"x\"\nat_min = 1\nkind = \"pump-trip\"\ntarget = \"P-1\"\n\
             [[expect]]\nrule = \"a\"\nafter = \"rian\"\nnever = true\nat_least = 3\n\
             [[inject]]\nid = \"late\"\nat_min = 1400\nkind = \"raw-storm\"\npeak_ntu = 900\n\
             rise_h = 2\nrecession_h = 10\nlag_min = [60, 90]\n\
             [[expect]]\nrule = \"b\"\nwithin_min = 10\nnot_before_min = 20\n\
             [[expect]]\nrule = \"c\"\nwithin_min = 2000\n[[allow]]\nrule = \"d\"\n\
             [[repair]]\nid = \"e\"\n",
        );
        insta::assert_snapshot!(problems.expect_err("mistakes").render(false));
    }
}
