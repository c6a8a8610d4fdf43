//! What a day is like for people: how much more they draw, and at which hours.

use super::lunar::{days_since_new_year, lunar_date, month_day};
use crate::base::time::UtcOffset;
use crate::base::{Span, Stamp};
use crate::plant::calendar::{Calendar, MarketDays};
use crate::plant::train::Seasons;
use crate::world::treatment::source::season::air_deg_c;

/// Demand of each hour as a share of the day's mean; the value holds at half past the hour.
type Hours = [f64; 24];

/// Two peaks and a noon, as in villages: 06–08, 11–12 and 17–20. The hourly factor Kh of rural
/// works of 1,000–5,000 m³/d is 1.8–2.2 and of smaller ones to 2.5 `[M]`; here the busiest hour
/// averages 2.36. Values: `[D]`, as the pattern `DAY` of the Sanmen network file.
const HOURS: Hours = [
    0.2, 0.15, 0.12, 0.12, 0.2, 0.6, 1.7, 2.6, 1.6, 1.05, 0.91, 1.4, //
    1.5, 0.9, 0.75, 0.75, 0.95, 1.5, 1.95, 1.9, 1.4, 0.95, 0.5, 0.3,
];

/// Nobody hurries: later in the morning, flatter `[D]`.
const WEEKEND: Hours = [
    0.29, 0.2, 0.12, 0.12, 0.15, 0.34, 0.98, 1.77, 2.08, 1.57, 1.28, 1.47, //
    1.47, 0.98, 0.83, 0.83, 0.98, 1.47, 1.87, 1.87, 1.37, 0.98, 0.59, 0.39,
];

/// Up before dawn, home after dark `[D]`.
const HARVEST: Hours = [
    0.15, 0.12, 0.12, 0.15, 0.77, 1.94, 2.23, 1.45, 0.87, 0.68, 0.68, 1.26, //
    1.55, 1.16, 0.68, 0.58, 0.58, 0.77, 1.55, 2.3, 2.23, 1.36, 0.58, 0.24,
];

/// Full houses: cooking from the morning on, the great meal in the evening `[D]`.
const FESTIVE: Hours = [
    0.4, 0.22, 0.14, 0.11, 0.14, 0.28, 0.72, 1.42, 1.69, 1.4, 1.4, 1.5, //
    1.15, 0.8, 0.75, 0.9, 1.35, 2.04, 2.5, 2.04, 1.15, 0.85, 0.6, 0.45,
];

/// Hours of a market: from 6 to 13 `[D]`.
const MARKET: (f64, f64) = (6.0, 13.0);

/// Hours in which taps run against frost: from 18 to 8 `[D]`.
const FROST: (f64, f64) = (18.0, 8.0);

/// Days from Spring Festival at which the first come home, all are there, the first leave, all are
/// gone `[D]`: the traffic of Spring Festival begins 15 days before its eve, and the Lantern
/// Festival, day 14, ends it.
const RETURN: [f64; 4] = [-21.0, -3.0, 6.0, 17.0];

/// What is unusual about a day; nothing by default.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Mood {
    /// More in the hours of a market, as a share.
    pub market: f64,
    /// More for the harvest, as a share.
    pub harvest: f64,
    /// How festive the hours are, 0 to 1.
    pub festive: f64,
    /// More for those who have come home, as a share.
    pub home: f64,
    /// More for the heat, as a share.
    pub heat: f64,
    /// Share of the households that let a tap run against frost.
    pub frost: f64,
}

impl Mood {
    /// Of everything, the more of two.
    pub fn most(self, other: Self) -> Self {
        Self {
            market: self.market.max(other.market),
            harvest: self.harvest.max(other.harvest),
            festive: self.festive.max(other.festive),
            home: self.home.max(other.home),
            heat: self.heat.max(other.heat),
            frost: self.frost.max(other.frost),
        }
    }
}

/// The day of a village by its calendar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// What every hour is multiplied by, so that usual weeks keep their mean.
    usual: f64,
    is_weekend: bool,
    mood: Mood,
}

/// What people want at some hour of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// Share of the mean demand.
    pub share: f64,
    /// Share of the households that let a tap run besides.
    pub frost: f64,
}

impl Day {
    /// A day at any plant without a calendar.
    pub const USUAL: Self = Self { usual: 1.0, is_weekend: false, mood: NOTHING };

    /// The day of `now` in the village at this position of the profile, `away_share` of whose
    /// people work away.
    pub fn of(
        calendar: &Calendar,
        seasons: Option<Seasons>,
        village: usize,
        away_share: f64,
        now: Stamp,
        offset: UtcOffset,
    ) -> Self {
        let day = now.day_number(offset);
        let is_weekend = (day + 3).rem_euclid(7) >= 5; // day 0 was a Thursday, Monday is 0
        let week = if is_weekend { 1.0 } else { -0.4 };
        let market = &calendar.market;
        let is_held = market.villages.is_empty() || market.villages.contains(&village);
        let mean_more =
            if is_held { market.more * market_share() * market.days.share() } else { 0.0 };
        let presence = if calendar.has_festival { presence(days_since_new_year(day)) } else { 0.0 };
        let heat = seasons.filter(|_| calendar.heat.by_season).map_or(0.0, |seasons| {
            let (from, most) = (calendar.heat.from_deg_c, seasons.warmest_deg_c);
            let noon = now.midnight(offset) + Span::hours(12);
            (air_deg_c(seasons, noon) - from).max(0.0) / (most - from).max(1.0)
        });
        let date = month_day(day);
        let is_harvest =
            calendar.harvest.seasons.iter().any(|(from, to)| *from <= date && date <= *to);
        let when = |is, more: f64| if is { more } else { 0.0 };
        Self {
            usual: (1.0 + calendar.weekend_more * week) / (1.0 + mean_more),
            is_weekend: is_weekend && calendar.weekend_more > 0.0,
            mood: Mood {
                market: when(is_held && is_market_day(&market.days, day), market.more),
                harvest: when(is_harvest, calendar.harvest.more),
                festive: presence,
                home: presence * home_more(away_share),
                heat: heat * calendar.heat.more,
                frost: 0.0,
            },
        }
    }

    /// What is wanted at `now`, when besides the calendar there is `more`.
    pub fn draw(&self, now: Stamp, offset: UtcOffset, more: Mood) -> Draw {
        let mood = self.mood.most(more);
        let hour = now.time_of_day(offset).as_hours();
        let mut shape = at(if self.is_weekend { &WEEKEND } else { &HOURS }, hour);
        if mood.harvest > 0.0 {
            shape = at(&HARVEST, hour);
        }
        shape += mood.festive * (at(&FESTIVE, hour) - shape);
        let is_market = (MARKET.0..MARKET.1).contains(&hour);
        let market = if is_market { mood.market * at(&HOURS, hour) } else { 0.0 };
        let level = (1.0 + mood.harvest) * (1.0 + mood.home) * (1.0 + mood.heat);
        let is_cold = hour >= FROST.0 || hour < FROST.1;
        Draw {
            share: self.usual * (level * shape + market),
            frost: if is_cold { mood.frost } else { 0.0 },
        }
    }
}

const NOTHING: Mood =
    Mood { market: 0.0, harvest: 0.0, festive: 0.0, home: 0.0, heat: 0.0, frost: 0.0 };

/// More when everybody has come home, as a share of what those who stay want.
pub fn home_more(away_share: f64) -> f64 {
    away_share / (1.0 - away_share)
}

/// Share of those away who are at home so many days after Spring Festival: it rises to all of them,
/// and falls again.
fn presence(days: i64) -> f64 {
    let (days, [first, all, leave, gone]) = (days as f64, RETURN);
    let come = (days - first) / (all - first);
    let stay = (gone - days) / (gone - leave);
    come.min(stay).clamp(0.0, 1.0)
}

fn is_market_day(days: &MarketDays, day: i64) -> bool {
    match days {
        MarketDays::Never => false,
        MarketDays::Lunar(digits) => digits.contains(&(lunar_date(day).day % 10)),
        MarketDays::Every { days, first } => (day - first).rem_euclid(*days) == 0,
    }
}

/// Share of a day's demand that is drawn in the hours of a market.
fn market_share() -> f64 {
    HOURS[MARKET.0 as usize..MARKET.1 as usize].iter().sum::<f64>() / 24.0
}

/// The hour's share of the day's mean; between half hours it is interpolated.
fn at(hours: &Hours, hour: f64) -> f64 {
    let since = hour + 23.5; // since half past the hour before
    let whole = since.floor();
    let value = |hour: f64| hours[hour as usize % 24];
    value(whole) + (value(whole + 1.0) - value(whole)) * (since - whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::calendar::{Harvest, Heat, Market};

    const CHINA: UtcOffset = UtcOffset::CHINA;

    fn time(text: &str) -> Stamp {
        Stamp::parse(&format!("{text}:00+08:00")).expect("a time").0
    }

    fn calendar() -> Calendar {
        Calendar {
            weekend_more: 0.05,
            market: Market { days: MarketDays::Lunar(vec![1, 4, 7]), more: 0.4, villages: vec![0] },
            harvest: Harvest { seasons: vec![((5, 20), (6, 10))], more: 0.1 },
            has_festival: true,
            heat: Heat { by_season: true, from_deg_c: 20.0, more: 0.3 },
            frost_l_per_h: 8.0,
        }
    }

    const SEASONS: Seasons = Seasons { coldest_deg_c: 6.0, warmest_deg_c: 28.0 };

    fn day_of(village: usize, now: Stamp) -> Day {
        Day::of(&calendar(), Some(SEASONS), village, 0.4, now, CHINA)
    }

    /// Mean of so many whole days from midnight of `date` on.
    fn mean(village: usize, date: &str, days: i64) -> f64 {
        let from = time(&format!("{date}T00:00"));
        let share = |min: i64| {
            let now = from + Span::minutes(10 * min);
            day_of(village, now).draw(now, CHINA, Mood::default()).share
        };
        (0..days * 144).map(share).sum::<f64>() / (days * 144) as f64
    }

    #[test]
    fn every_kind_of_day_has_mean_one_and_the_usual_one_the_peaks_of_a_village() {
        for hours in [HOURS, WEEKEND, HARVEST, FESTIVE] {
            let mean =
                (0..1_440).map(|min| at(&hours, f64::from(min) / 60.0)).sum::<f64>() / 1_440.0;
            assert!((mean - 1.0).abs() < 1e-3, "{mean}");
        }
        let busiest = (420..480).map(|min| at(&HOURS, f64::from(min) / 60.0)).sum::<f64>() / 60.0;
        assert!((busiest - 2.36).abs() < 0.01, "{busiest}");
    }

    #[test]
    fn the_factor_holds_at_half_past_and_runs_straight_between() {
        let wanted = [(7.5, 2.6), (8.0, 2.1), (0.0, 0.25), (23.5, 0.3)];
        for (hour, share) in wanted {
            assert!((at(&HOURS, hour) - share).abs() < 1e-12, "{hour}");
        }
    }

    #[test]
    fn usual_weeks_and_months_keep_the_mean_of_the_network_file() {
        let quiet = mean(1, "2024-11-04", 7); // a week without market in this village
        assert!((quiet - 1.0).abs() < 2e-3, "{quiet}");
        let markets = mean(0, "2024-10-20", 7 * 9); // about two lunar months
        assert!((markets - 1.0).abs() < 6e-3, "{markets}");
        assert!((mean(1, "2024-12-07", 2) / mean(1, "2024-12-02", 5) - 1.05 / 0.98).abs() < 2e-3);
    }

    #[test]
    fn a_market_is_busy_in_its_hours_and_where_it_is_held() {
        let share = |village, text| {
            let now = time(text);
            day_of(village, now).draw(now, CHINA, Mood::default()).share
        };
        let (market, quiet) = ("2024-12-04T10:30", "2024-12-05T10:30"); // lunar 11-4, 11-5
        assert!((share(0, market) / share(0, quiet) - 1.4).abs() < 1e-9);
        assert_eq!(share(0, "2024-12-04T15:30"), share(0, "2024-12-05T15:30"));
        assert_eq!(share(1, market), share(1, quiet));
    }

    #[test]
    fn those_who_come_home_for_spring_festival_stay_for_weeks() {
        // 2025-01-29; four in ten are away, so that all of them are two thirds more
        let daily = |date| mean(1, date, 1) / if date == "2025-02-09" { 1.05 } else { 0.98 };
        let found =
            ["2025-01-06", "2025-01-20", "2025-01-28", "2025-02-03", "2025-02-17"].map(daily);
        let wanted = [1.0, 1.0 + 2.0 / 3.0 * 12.0 / 18.0, 5.0 / 3.0, 5.0 / 3.0, 1.0];
        for (found, wanted) in found.into_iter().zip(wanted) {
            assert!((found - wanted).abs() < 3e-3, "{found} {wanted}");
        }
    }

    #[test]
    fn the_year_has_its_heat_and_its_harvest() {
        let (july, january) = (mean(1, "2024-07-22", 7), mean(1, "2024-11-11", 7));
        assert!((july / january - 1.3).abs() < 0.01, "{july} {january}");
        let dawn = |date: &str| {
            let now = time(&format!("{date}T05:30"));
            day_of(1, now).draw(now, CHINA, Mood::default()).share
        };
        assert!(dawn("2024-05-20") > 3.0 * dawn("2024-05-17"), "harvest begins");
    }

    #[test]
    fn what_a_scenario_makes_of_a_day_does_not_add_to_what_it_is() {
        let now = time("2024-12-04T10:30");
        let same = Mood { market: 0.4, ..Mood::default() };
        let day = day_of(0, now);
        assert_eq!(day.draw(now, CHINA, same), day.draw(now, CHINA, Mood::default()));
        let cold = Mood { frost: 0.6, ..Mood::default() };
        assert_eq!(day.draw(now, CHINA, cold).frost, 0.0, "at noon the sun does it");
        assert_eq!(day.draw(time("2024-12-05T05:00"), CHINA, cold).frost, 0.6);
    }
}
