//! Reads `laboratory.toml`: where samples are taken, on which rounds, for what.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::problem::{Problems, Source, Spanned, Table, read_toml};
use crate::base::sampling::SamplingPoint;
use crate::base::{Span, TagId};
use crate::plant::laboratory::{Days, Round, SamplingPlan, read_analytes};
use crate::plant::profile::Village;
use crate::plant::tags::{Instrument, Place, Site, SiteIndex};

use super::instruments_file::{check_tap, read_village};
use super::names::{Names, new_id};

/// Longest name of a site: the ids of its samples are longer by the time they were taken.
const SITE_BYTES_MAX: usize = 30;

/// A name in `sites` of a round: the site, and its place unless the site has mistakes.
#[derive(Clone, Copy)]
struct Known<'k> {
    id: &'k str,
    site: SiteIndex,
    place: Option<Place>,
}

/// What the other files of the plant have given, as far as they could be read.
pub(super) struct Others<'a> {
    pub names: &'a Names<'a>,
    pub villages: Option<&'a [Village]>,
    pub instruments: Option<&'a [Instrument]>,
}

/// Sites and rounds. Errors: every mistake of the file.
pub(super) fn read(
    source: &Arc<Source>,
    others: &Others<'_>,
) -> Result<(Vec<Site>, SamplingPlan), Problems> {
    read_toml(source, |file| {
        let tables = file.tables("site");
        if tables.is_empty() {
            file.add(file.span(), "`[[site]]` is missing: samples are taken somewhere");
        }
        let mut seen = BTreeMap::new();
        let sites: Vec<Found> =
            tables.iter().map(|table| read_site(table, others, &mut seen)).collect();
        let known: Vec<Known<'_>> = (sites.iter().enumerate())
            .filter_map(|(at, found)| {
                let place = found.site.as_ref().map(|(_, place)| *place);
                Some(Known { id: found.id.as_ref()?.as_str(), site: SiteIndex(at), place })
            })
            .collect();
        let mut ids = BTreeMap::new();
        let rounds: Vec<Option<Round>> =
            file.tables("round").iter().map(|table| read_round(table, &known, &mut ids)).collect();
        let sites: Option<Vec<(Site, Place)>> = sites.into_iter().map(|found| found.site).collect();
        let rounds = rounds.into_iter().collect::<Option<Vec<Round>>>();
        let (sites, places) = sites?.into_iter().unzip();
        Some((sites, SamplingPlan { places, rounds: rounds? }))
    })
}

/// What could be read of a site.
struct Found {
    id: Option<TagId>,
    /// None when something is wrong with it.
    site: Option<(Site, Place)>,
}

fn read_site(table: &Table<'_>, others: &Others<'_>, seen: &mut BTreeMap<TagId, String>) -> Found {
    let id = new_id(table, ("id", "site"), TagId::new, seen);
    if let Some(found) = &id {
        let (id, span) = (found.get_ref(), found.span());
        let tags = others.instruments.unwrap_or_default();
        if tags.iter().any(|instrument| instrument.tag.id == *id) {
            let text =
                format!("{:?} is an instrument: a site needs a name of its own", id.as_str());
            table.add(span, text);
        } else if id.as_str().len() > SITE_BYTES_MAX {
            table.add(span, format!("a site's name has at most {SITE_BYTES_MAX} characters"));
        }
    }
    let id = id.map(Spanned::into_inner);
    let title = table.bilingual("title");
    let point = table.choice("point", &SamplingPoint::CHOICES).map(Spanned::into_inner);
    let place = read_place(table, others.names);
    let village = read_village(table, others.villages);
    check_tap(table, point, place, village.found);
    let site = || {
        let (id, village_id) = (id.clone()?, village.found.map(|village| village.id.clone()));
        let site = Site { id, title: title?, point: point?, village: village_id };
        village.ok.then_some((site, place?))
    };
    let site = site();
    Found { id, site }
}

fn read_place(table: &Table<'_>, names: &Names<'_>) -> Option<Place> {
    let choices = [("raw", Place::Raw), ("settled", Place::Settled), ("filtered", Place::Filtered)];
    match (table.has("node"), table.has("at")) {
        (true, false) => names.node(table, "node").map(Place::Node),
        (false, true) => table.choice("at", &choices).map(Spanned::into_inner),
        (both, _) => {
            let text = if both { "it is at one place, not at two" } else { "its place is missing" };
            let help = "write `node`, or `at = \"raw\"`, `\"settled\"` or `\"filtered\"`";
            table.add_with_help(table.span(), text, help);
            None
        }
    }
}

fn read_round(
    table: &Table<'_>,
    known: &[Known<'_>],
    ids: &mut BTreeMap<String, String>,
) -> Option<Round> {
    let id = new_id(table, ("id", "round"), |text| Ok::<_, String>(text.to_owned()), ids);
    let days = read_days(table);
    let at = table.parse("at", Span::parse_time_of_day);
    let apart = table.opt_number_in("apart_min", 0.0..=240.0).map_or(0.0, Spanned::into_inner);
    let apart = Span::from_seconds_f64(apart * 60.0);
    let visited = read_sites(table, known)?;
    let sites: Vec<SiteIndex> = visited.iter().map(|known| known.site).collect();
    let places = visited.iter().filter_map(|known| Some((known.id, known.place?)));
    let analytes = read_analytes(table, &places.collect::<Vec<_>>(), false)?;
    let at = at?;
    let last = *at.get_ref() + apart * (sites.len() as i64 - 1);
    if last >= Span::DAY {
        let text = format!("the round of {} sites would go on past midnight", sites.len());
        table.add_with_help(at.span(), text, "begin earlier, or make two rounds of it");
        return None;
    }
    Some(Round { id: id?.into_inner(), days: days?, at: at.into_inner(), apart, sites, analytes })
}

fn read_sites<'k>(table: &Table<'_>, known: &[Known<'k>]) -> Option<Vec<Known<'k>>> {
    let named = table.texts("sites");
    if named.is_empty() {
        table.add(table.span(), "`sites` is missing: a round goes somewhere");
    }
    let mut visited = Vec::new();
    for name in &named {
        if let Some(found) = known.iter().find(|known| known.id == name.get_ref()) {
            visited.push(*found);
        } else {
            let ids: Vec<&str> = known.iter().map(|known| known.id).collect();
            table.unknown(name.span(), "site", name.get_ref(), &ids);
        }
    }
    if visited.is_empty() || visited.len() < named.len() {
        table.has("analytes"); // which are possible cannot be said
        return None;
    }
    Some(visited)
}

fn read_days(table: &Table<'_>) -> Option<Days> {
    let (of_week, of_month) = (table.texts("weekdays"), table.numbers("days_of_month"));
    match (of_week.as_slice(), of_month.as_slice()) {
        ([], []) => Some(Days::Every),
        (names, []) => {
            let mut days = [false; 7];
            let mut clean = true;
            for name in names {
                if let Some(at) = Days::OF_WEEK.iter().position(|day| day == name.get_ref()) {
                    days[at] = true;
                } else {
                    table.unknown(name.span(), "weekday", name.get_ref(), &Days::OF_WEEK);
                    clean = false;
                }
            }
            clean.then_some(Days::OfWeek(days))
        }
        ([], numbers) => {
            let wrong = |day: &&Spanned<f64>| {
                !(1.0..=28.0).contains(day.get_ref()) || day.get_ref().fract() != 0.0
            };
            if let Some(day) = numbers.iter().find(wrong) {
                let text = format!("{} is no day of every month", day.get_ref());
                table.add_with_help(day.span(), text, "write whole numbers from 1 to 28");
                return None;
            }
            Some(Days::OfMonth(numbers.iter().map(|day| *day.get_ref() as u8).collect()))
        }
        _ => {
            let text = "`weekdays` and `days_of_month` say two things about the same days";
            table.add_with_help(table.span(), text, "keep one, or make two rounds of it");
            None
        }
    }
}
