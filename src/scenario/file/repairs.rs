//! Reads the `[[repair]]` tables of a scenario: who comes when something is broken.

use std::ops::RangeInclusive;

use super::injections::Found;
use super::{MINUTES, Run, minutes_span};
use crate::base::problem::{Spanned, Table};
use crate::scenario::repair::{Repair, can_be_repaired, is_order};

/// Minutes that travel or work may take: up to a week.
const TAKES_MIN: RangeInclusive<f64> = 0.0..=10_080.0;

/// Reads every `[[repair]]`; positions are those among the injections that could be read.
pub fn read_repairs(table: &Table<'_>, run: Option<Run>, injections: &[Found]) -> Vec<Repair> {
    let mut list: Vec<(Spanned<String>, Option<Repair>)> = Vec::new();
    for table in table.tables("repair") {
        table.offer("of", super::ids_of(injections));
        let of = table.text("of");
        let repair = read_repair(&table, run, injections, of.as_ref());
        let Some(of) = of else { continue };
        if let Some((first, _)) = list.iter().find(|(other, _)| other.get_ref() == of.get_ref()) {
            let (line, _) = table.source().line_col(first.span().start);
            let text = format!("line {line} repairs {:?} already", of.get_ref());
            table.add_with_help(of.span(), text, "keep one of the two: it may have several visits");
        }
        list.push((of, repair));
    }
    list.into_iter().filter_map(|(_, repair)| repair).collect()
}

fn read_repair(
    table: &Table<'_>,
    run: Option<Run>,
    injections: &[Found],
    of: Option<&Spanned<String>>,
) -> Option<Repair> {
    let by = table.opt_text("by").map(Spanned::into_inner);
    let called = table.number_in("called_min", MINUTES);
    let travel = table.number_in("travel_min", TAKES_MIN);
    let work = table.number_in("work_min", TAKES_MIN);
    let percent = |key: &str, most: f64| {
        table.opt_number_in(key, 0.0..=most).map_or(0.0, |it| it.into_inner() / 100.0)
    };
    let spread = percent("spread_percent", 90.0);
    let fails = percent("fails_percent", 100.0);
    let of = of.and_then(|of| find(table, of, injections, called.as_ref().zip(run)));
    Some(Repair {
        of: of?,
        by,
        called: run?.at_min(called?.into_inner()),
        travel: minutes_span(travel?.into_inner()),
        work: minutes_span(work?.into_inner()),
        spread,
        fails,
    })
}

/// The position of the injection that is repaired; none when it cannot be.
fn find(
    table: &Table<'_>,
    of: &Spanned<String>,
    injections: &[Found],
    called: Option<(&Spanned<f64>, Run)>,
) -> Option<usize> {
    let named =
        |found: &&Found| found.id.as_ref().is_some_and(|id| id.get_ref().as_str() == of.get_ref());
    let Some(found) = injections.iter().find(named) else {
        let ids = injections.iter().filter_map(|found| found.id.as_ref());
        let known: Vec<&str> = ids.map(|id| id.get_ref().as_str()).collect();
        table.unknown(of.span(), "injection", of.get_ref(), &known);
        return None;
    };
    let whole: Vec<_> = injections.iter().filter_map(|found| found.injection.as_ref()).collect();
    let at = whole.iter().position(|injection| injection.id.as_str() == of.get_ref())?;
    let injection = found.injection.as_ref()?;
    if injection.until.is_some() {
        let text = format!("{:?} ends by itself: it has an `until_min`", of.get_ref());
        table.add_with_help(of.span(), text, "remove that, or the repair");
    }
    if !can_be_repaired(&injection.kind) && !is_order(&injection.kind) {
        let text = format!("{:?} is nothing that people can repair", of.get_ref());
        table.add_with_help(of.span(), text, "end it with `until_min`");
    }
    let is_early =
        |(called, run): &(&Spanned<f64>, Run)| run.at_min(*called.get_ref()) < injection.from;
    if let Some((called, _)) = called.filter(is_early) {
        let text = format!("nobody is called before {:?} has happened", of.get_ref());
        let help = "`called_min` counts from the start of the run, like `at_min`";
        table.add_with_help(called.span(), text, help);
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::base::Span;
    use crate::base::problem::{Problems, Source};
    use crate::base::random::Seed;
    use crate::plant::sample;
    use crate::scenario::{Scenario, load};

    const HEAD: &str = "title = { en = \"A\", zh = \"甲\" }\nplant = \"small\"\n\
        start = 2024-12-05T08:00:00+08:00\nduration_h = 24\nseed = 1\n\
        [[inject]]\nid = \"trip\"\nat_min = 60\nkind = \"pump-trip\"\ntarget = \"P-1\"\n\
        [[inject]]\nid = \"storm\"\nat_min = 0\nkind = \"weather\"\n\
        [[inject]]\nid = \"silence\"\nat_min = 0\nuntil_min = 9\nkind = \"gateway-silence\"\n";

    fn read(rest: &str) -> Result<Scenario, Problems> {
        load(&Source::new("s.toml", format!("{HEAD}{rest}")), &[Arc::new(sample::plant())])
    }

    #[test]
    fn a_repair_ends_its_injection_and_no_other() {
        let text = "[[repair]]\nof = \"trip\"\ncalled_min = 75\ntravel_min = 30\nwork_min = 60\n";
        let scenario = read(text).expect("no mistake");
        let injections = scenario.injections_with(Seed(9));
        assert_eq!(injections[0].until, Some(scenario.start + Span::minutes(165)));
        assert_eq!(injections[1..], scenario.injections[1..]);
        assert_eq!(scenario.injections[0].until, None, "what is written stays as it is");
    }

    #[test]
    fn every_mistake_comes_at_its_place() {
        let text = "[[repair]]\nof = \"tripp\"\ncalled_min = 75\ntravel_min = 30\nwork_min = 60\n\
            [[repair]]\nof = \"storm\"\ncalled_min = 75\ntravel_min = 30\nwork_min = -1\n\
            [[repair]]\nof = \"silence\"\ncalled_min = 9\ntravel_min = 30\nwork_min = 1\n\
            [[repair]]\nof = \"trip\"\ncalled_min = 59\ntravel_min = 30\nwork_min = 1\n\
            [[repair]]\nof = \"trip\"\ncalled_min = 60\ntravl_min = 30\nwork_min = 1\n";
        let mistakes = read(text).expect_err("mistakes").render(false);
        insta::assert_snapshot!(mistakes);
    }
}
