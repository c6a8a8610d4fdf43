//! Reads the file of a fleet and proves that its totals can be met.

use std::sync::Arc;

use super::{County, Feed, Fleet, Supply, Template};
use crate::base::ids::VillageId;
use crate::base::problem::{Problems, Source, Spanned, Table, read_toml};
use crate::base::random::Seed;
use crate::plant::draft::Detail;
use crate::plant::profile::SourceKind;

const SUPPLIES: [(&str, Supply); 2] =
    [("centralised", Supply::Centralised), ("dispersed", Supply::Dispersed)];
const FEEDS: [(&str, Feed); 2] = [("pumped", Feed::Pumped), ("gravity", Feed::Gravity)];
const DETAILS: [(&str, Detail); 3] =
    [("full", Detail::Full), ("usual", Detail::Usual), ("few", Detail::Few)];

/// Longest id of a county or template: both are part of a plant's id.
const ID_BYTES_MAX: usize = 16;

/// The fleet `id`. Errors: every mistake of the file; totals that cannot be met, and by how much.
pub fn read(id: &str, source: &Arc<Source>) -> Result<Fleet, Problems> {
    read_toml(source, |table| {
        let title = table.bilingual("title");
        let fiction = table.bilingual("fiction");
        let seed = table.integer_in("seed", 0..=i64::MAX);
        let residents = table.integer_in("rural_residents", 1..=1_000_000_000);
        let percent = table.number_in("tap_water_percent", 0.0..=100.0);
        let judged_by = table.listed("rules");
        let counties = read_list(table, "county", read_county);
        let templates = read_list(table, "template", read_template);
        if let Some(counties) = &counties {
            check_sum(table, "the counties", counties.iter().map(|(_, c)| c.people_percent));
        }
        let (counties, templates) = (counties?, templates?);
        for (word, supply) in SUPPLIES {
            let own = templates.iter().filter(|(_, t)| t.supply == supply);
            let percents: Vec<f64> = own.map(|(_, t)| t.people_percent).collect();
            if !percents.is_empty() {
                let what = format!("the {word} templates");
                check_sum(table, &what, percents.into_iter());
            }
        }
        let fleet = Fleet {
            id: id.to_owned(),
            title: title?,
            fiction: fiction?,
            seed: Seed(u64::try_from(seed?.into_inner()).ok()?),
            rural_residents: u64::try_from(residents?.into_inner()).ok()?,
            tap_water_percent: percent?.into_inner(),
            counties: counties.into_iter().map(|(_, county)| county).collect(),
            templates: templates.iter().map(|(_, template)| template.clone()).collect(),
            judged_by,
        };
        if !table.has_problems() {
            check_totals(&fleet, &templates);
        }
        (!table.has_problems()).then_some(fleet)
    })
}

/// The tables of `[[key]]`, each with what was read of it; their ids differ.
fn read_list<'a, T>(
    table: &Table<'a>,
    key: &str,
    read: impl Fn(&Table<'a>, Spanned<String>) -> Option<T>,
) -> Option<Vec<(Table<'a>, T)>> {
    let tables = table.tables(key);
    if tables.is_empty() {
        table.add(table.span(), format!("`[[{key}]]` is missing: a fleet has at least one"));
        return None;
    }
    let mut seen: Vec<String> = Vec::new();
    let mut list = Vec::new();
    let mut complete = true;
    for own in tables {
        let id = own.parse("id", |text| match VillageId::new(text) {
            Ok(_) if text.len() <= ID_BYTES_MAX => Ok(text.to_owned()),
            Ok(_) => Err(format!("{text:?} is too long: at most {ID_BYTES_MAX} letters")),
            Err(error) => Err(error.to_string()),
        });
        if let Some(id) = &id {
            if seen.contains(id.get_ref()) {
                own.add(id.span(), format!("{key} {:?} is there twice", id.get_ref()));
            }
            seen.push(id.get_ref().clone());
        }
        let id = id.unwrap_or_else(|| Spanned::new(own.span(), String::new()));
        match read(&own, id) {
            Some(value) => list.push((own, value)),
            None => complete = false,
        }
    }
    complete.then_some(list)
}

fn read_county(table: &Table<'_>, id: Spanned<String>) -> Option<County> {
    let title = table.bilingual("title");
    let percent = table.number_in("people_percent", 0.01..=100.0);
    Some(County { id: id.into_inner(), title: title?, people_percent: percent?.into_inner() })
}

fn read_template(table: &Table<'_>, id: Spanned<String>) -> Option<Template> {
    let title = table.bilingual("title");
    let supply = table.choice("supply", &SUPPLIES);
    let works = table.integer_in("works", 1..=100_000);
    let percent = table.number_in("people_percent", 0.01..=100.0);
    let people = range(table, "people", (1.0, 10_000_000.0));
    let litres = range(table, "litres_a_head", (1.0, 1_000.0));
    let villages = range(table, "villages", (1.0, 8.0));
    let taps = table.integer_in("taps_a_village", 1..=20);
    let feed = table.choice("feed", &FEEDS);
    let detail = table.choice("detail", &DETAILS);
    let sources = read_sources(table);
    let whole = |(low, high): (f64, f64)| (low as u64, high as u64);
    Some(Template {
        id: id.into_inner(),
        title: title?,
        supply: supply?.into_inner(),
        works: u64::try_from(works?.into_inner()).ok()?,
        people_percent: percent?.into_inner(),
        people: whole(people?),
        litres_a_head: litres?,
        villages: whole(villages?),
        taps_a_village: u64::try_from(taps?.into_inner()).ok()?,
        feed: feed?.into_inner(),
        detail: detail?.into_inner(),
        sources: sources?,
    })
}

fn read_sources(table: &Table<'_>) -> Option<Vec<(SourceKind, f64)>> {
    let sources = table.table("sources")?;
    let weight = |(word, kind): &(&'static str, SourceKind)| {
        let weight = sources.opt_number_in(word, 0.0..=1e6)?.into_inner();
        Some((*kind, weight))
    };
    let found: Vec<(SourceKind, f64)> = SourceKind::CHOICES.iter().filter_map(weight).collect();
    if !found.iter().any(|(_, weight)| *weight > 0.0) {
        sources.add(sources.span(), "one kind of source must have a weight above 0");
        return None;
    }
    Some(found)
}

/// Two numbers, the lower first, within the bounds.
fn range(table: &Table<'_>, key: &str, (low, high): (f64, f64)) -> Option<(f64, f64)> {
    let numbers = table.numbers(key);
    let [from, to] = numbers.as_slice() else {
        let span = table.key_span(key).unwrap_or(table.span());
        table.add(span, format!("`{key}` must be the least and the most: [{low}, {high}]"));
        return None;
    };
    let (least, most) = (*from.get_ref(), *to.get_ref());
    if !(low <= least && least <= most && most <= high) {
        let text = format!("`{key}` must rise within {low} and {high}, found {least} and {most}");
        table.add(from.span(), text);
        return None;
    }
    Some((least, most))
}

fn check_sum(table: &Table<'_>, what: &str, percents: impl Iterator<Item = f64>) {
    let sum: f64 = percents.sum();
    if (sum - 100.0).abs() > 1e-6 {
        let off = if sum > 100.0 { sum - 100.0 } else { 100.0 - sum };
        let word = if sum > 100.0 { "too much" } else { "missing" };
        let text = format!("`people_percent` of {what} makes {sum} %: {off:.4} % {word}");
        table.add_with_help(table.span(), text, "they must make 100");
    }
}

/// Do the people of every county fit the works it gets?
fn check_totals(fleet: &Fleet, templates: &[(Table<'_>, Template)]) {
    for (at, (table, template)) in templates.iter().enumerate() {
        for (county, targets) in fleet.counties.iter().zip(fleet.shares().targets) {
            let (works, people) = targets[at];
            let (low, high) = template.people;
            let (least, most) = (works * low, works * high);
            let (bound, off, word, way) = match () {
                () if people > most => (most, people - most, "too many", "raise"),
                () if people < least => (least, least - people, "too few", "lower"),
                () => continue,
            };
            let span = table.key_span("people").unwrap_or(table.span());
            let text = format!(
                "{}: {people} people are to be served by {works} works of {low} to {high}, which \
                 makes {bound} at {}: {off} {word}",
                county.id,
                if word == "too many" { "most" } else { "least" },
            );
            table.add_with_help(span, text, format!("{way} `works` or `people`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::XIANNING;
    use super::*;

    fn mistakes(edits: &[(&str, &str)]) -> String {
        let mut text = XIANNING.to_owned();
        for (from, to) in edits {
            assert!(text.contains(from), "{from:?} must be there");
            text = text.replacen(from, to, 1);
        }
        read("x", &Source::new("x.toml", text)).expect_err("mistakes").render(false)
    }

    #[test]
    fn totals_that_cannot_be_met_say_which_and_by_how_much() {
        // 20 works for 71 % of 2,114,445 people: 60,000 each are not enough.
        insta::assert_snapshot!(mistakes(&[("works = 62", "works = 20")]));
    }

    #[test]
    fn every_mistake_of_a_fleet_is_reported() {
        insta::assert_snapshot!(mistakes(&[
            ("people_percent = 20", "people_percent = 21"),
            ("id = \"jiayu\"", "id = \"xianan\""),
            ("[10000, 60000]", "[60000, 10000]"),
            ("feed = \"pumped\"", "feed = \"pump\""),
            ("{ reservoir = 60, river = 40 }", "{ lake = 60 }"),
        ]));
    }
}
