//! Reads `[calendar]` of `plant.toml`: when people draw more than usual.

use crate::base::Stamp;
use crate::base::problem::{Spanned, Table};
use crate::base::time::UtcOffset;
use crate::plant::calendar::{Calendar, Harvest, Heat, Market, MarketDays, MonthDay};
use crate::plant::profile::Village;

/// The calendar; mistakes go to the table's file. Without `villages` (they have mistakes) their
/// names are not checked.
pub(super) fn read(table: &Table<'_>, villages: Option<&[Village]>) -> Option<Calendar> {
    let usual = Calendar::USUAL;
    let weekend = percent(table, "weekend_percent", 0.0);
    let frost = table.opt_number_in("frost_l_per_h", 0.0..=100.0);
    let has_festival = table.opt_bool("festival");
    let market = match table.opt_table("market") {
        Some(table) => read_market(&table, villages),
        None => Some(usual.market),
    };
    let harvest = match table.opt_table("harvest") {
        Some(table) => read_harvest(&table),
        None => Some(usual.harvest),
    };
    let heat = match table.opt_table("heat") {
        Some(table) => Some(Heat {
            by_season: true,
            from_deg_c: table
                .opt_number_in("from_deg_c", -10.0..=40.0)
                .map_or(usual.heat.from_deg_c, Spanned::into_inner),
            more: percent(&table, "percent", usual.heat.more),
        }),
        None => Some(usual.heat),
    };
    Some(Calendar {
        weekend_more: weekend,
        market: market?,
        harvest: harvest?,
        has_festival: has_festival.is_some_and(Spanned::into_inner),
        heat: heat?,
        frost_l_per_h: frost.map_or(usual.frost_l_per_h, Spanned::into_inner),
    })
}

/// What is more, as a share; `usual` when the key is not there or wrong, which is noted.
fn percent(table: &Table<'_>, key: &str, usual: f64) -> f64 {
    table.opt_number_in(key, 0.0..=200.0).map_or(usual, |it| it.into_inner() / 100.0)
}

fn read_market(table: &Table<'_>, villages: Option<&[Village]>) -> Option<Market> {
    let more = percent(table, "percent", Calendar::USUAL.market.more);
    let days = read_market_days(table);
    let mut own = Vec::new();
    for name in table.texts("villages") {
        let Some(villages) = villages else { continue };
        let known: Vec<&str> = villages.iter().map(|village| village.id.as_str()).collect();
        match known.iter().position(|id| id == name.get_ref()) {
            Some(at) => own.push(at),
            None => table.unknown(name.span(), "village", name.get_ref(), &known),
        }
    }
    Some(Market { days: days?, more, villages: own })
}

fn read_market_days(table: &Table<'_>) -> Option<MarketDays> {
    let every = table.opt_integer_in("every_days", 2..=60);
    if let Some(every) = every {
        let first = table.parse("first_day", date)?;
        if let Some(span) = table.key_span("lunar_digits") {
            table.add_with_help(span, "the market has two rules", "keep one of the two");
        }
        return Some(MarketDays::Every { days: every.into_inner(), first: first.into_inner() });
    }
    let digits = table.numbers("lunar_digits");
    let read = |digit: &Spanned<f64>| {
        let value = *digit.get_ref();
        (value.fract() == 0.0 && (0.0..=9.0).contains(&value)).then_some(value as u8)
    };
    let found: Vec<u8> = digits.iter().filter_map(read).collect();
    if found.is_empty() || found.len() < digits.len() {
        let span = table.key_span("lunar_digits").unwrap_or(table.span());
        let text = "the market needs its days: `lunar_digits`, last digits of days of the lunar \
                    month, or `every_days`";
        table.add_with_help(span, text, "such as lunar_digits = [1, 4, 7]");
        return None;
    }
    Some(MarketDays::Lunar(found))
}

#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no date: write it like \"2024-12-03\"")]
struct NotADate(String);

/// The number of a day written as `2024-12-03`.
fn date(text: &str) -> Result<i64, NotADate> {
    let (midnight, _) = Stamp::parse(&format!("{text}T00:00:00Z"))
        .map_err(|_| NotADate(text.chars().take(20).collect()))?;
    Ok(midnight.day_number(UtcOffset::UTC))
}

fn read_harvest(table: &Table<'_>) -> Option<Harvest> {
    let more = percent(table, "percent", Calendar::USUAL.harvest.more);
    let written = table.texts("seasons");
    let mut seasons = Vec::new();
    for text in &written {
        match season(text.get_ref()) {
            Ok(season) => seasons.push(season),
            Err(error) => table.add(text.span(), error.to_string()),
        }
    }
    if written.is_empty() {
        let span = table.key_span("seasons").unwrap_or(table.span());
        let help = "such as seasons = [\"05-20..06-10\"]";
        table.add_with_help(span, "the harvest needs its `seasons`", help);
        return None;
    }
    (seasons.len() == written.len()).then_some(Harvest { seasons, more })
}

#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no season: write it like \"05-20..06-10\", the end after the beginning")]
struct NotASeason(String);

fn season(text: &str) -> Result<(MonthDay, MonthDay), NotASeason> {
    let wrong = || NotASeason(text.chars().take(20).collect());
    let day = |text: &str| -> Option<MonthDay> {
        let (month, day) = text.trim().split_once('-')?;
        let (month, day) = (month.parse().ok()?, day.parse().ok()?);
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((month, day))
    };
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let (from, to) = (day(from).ok_or_else(wrong)?, day(to).ok_or_else(wrong)?);
    if from <= to { Ok((from, to)) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::{Problems, Source, read_toml};
    use crate::plant::sample;

    fn read_text(text: &str) -> Result<Calendar, Problems> {
        let villages = sample::plant().profile.villages;
        read_toml(&Source::new("plant.toml", text), |table| read(table, Some(&villages)))
    }

    #[test]
    fn a_calendar_is_read_and_what_it_leaves_out_is_usual() {
        let text = "weekend_percent = 5\nfestival = true\n\
            [market]\nlunar_digits = [2, 5, 8]\npercent = 20\nvillages = [\"upper\"]\n\
            [harvest]\nseasons = [\"05-20..06-10\"]\n[heat]\nfrom_deg_c = 22\n";
        let calendar = read_text(text).unwrap_or_else(|found| panic!("{}", found.render(false)));
        let wanted = Calendar {
            weekend_more: 0.05,
            market: Market { days: MarketDays::Lunar(vec![2, 5, 8]), more: 0.2, villages: vec![0] },
            harvest: Harvest { seasons: vec![((5, 20), (6, 10))], more: 0.1 },
            has_festival: true,
            heat: Heat { by_season: true, from_deg_c: 22.0, more: 0.25 },
            frost_l_per_h: 8.0,
        };
        assert_eq!(calendar, wanted);
        assert_eq!(read_text("").expect("no mistake"), Calendar::USUAL);
        let every = read_text("[market]\nevery_days = 5\nfirst_day = \"1970-01-03\"\n");
        let days = MarketDays::Every { days: 5, first: 2 };
        assert_eq!(every.expect("no mistake").market.days, days);
    }

    #[test]
    fn every_mistake_comes_with_its_place() {
        let text = "weekend_percent = -5\nfestivl = true\n\
            [market]\nlunar_digits = [2, 15]\nvillages = [\"uper\"]\n\
            [harvest]\nseasons = [\"06-10..05-20\", \"soon\"]\n[heat]\npercent = 900\n";
        insta::assert_snapshot!(read_text(text).expect_err("mistakes").render(false));
        let no_days = read_text("[market]\n[harvest]\n").expect_err("no days").to_string();
        assert!(no_days.starts_with("2 mistakes"), "{no_days}");
        let both = "[market]\nevery_days = 5\nfirst_day = \"1970-01-32\"\n";
        assert!(read_text(both).expect_err("no date").to_string().contains("is no date"));
    }
}
