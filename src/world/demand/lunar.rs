//! The lunar calendar (农历): which day of which month it is, and when the lunar year begins.
//!
//! By the crate `icu_calendar`, whose rules are those of GB/T 33661-2017 for 1900 to 2100, and an
//! approximation before and after.

use icu_calendar::Date;
use icu_calendar::cal::{ChineseTraditional, Iso};
use icu_calendar::types::{Month, RataDie};

/// Days from 0001-01-01, which is day 1 of Rata Die, to 1970-01-01.
const TO_1970: i64 = 719_163;

/// A date of the lunar calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LunarDate {
    /// The year that began at this Spring Festival's year of 1970, 1971, …
    pub year: i32,
    /// 1 to 12; a leap month has the number of the one before.
    pub month: u8,
    /// 1 to 30.
    pub day: u8,
}

/// The lunar date of a day, which is counted from 1970-01-01.
pub fn lunar_date(day: i64) -> LunarDate {
    let date = Date::from_rata_die(RataDie::new(day + TO_1970), ChineseTraditional::new());
    LunarDate {
        year: date.year().extended_year(),
        month: date.month().number(),
        day: date.day_of_month().0,
    }
}

/// Days from the nearest Spring Festival (春节, the first of the first month) to `day`: negative
/// before it, about −177 to 207.
pub fn days_since_new_year(day: i64) -> i64 {
    let year = lunar_date(day).year;
    let since = |year| new_year(year).map(|first| day - first);
    let found = [since(year), since(year + 1)];
    found.into_iter().flatten().min_by_key(|days| days.abs()).unwrap_or(i64::MAX)
}

/// The day on which a lunar year begins.
fn new_year(year: i32) -> Option<i64> {
    let date = Date::try_new(year.into(), Month::new(1), 1, ChineseTraditional::new()).ok()?;
    Some(date.to_rata_die().to_i64_date() - TO_1970)
}

/// Month and day of the year, in this order, of a day counted from 1970-01-01.
pub fn month_day(day: i64) -> (u8, u8) {
    let date = Date::from_rata_die(RataDie::new(day + TO_1970), Iso);
    (date.month().number(), date.day_of_month().0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;
    use crate::base::time::UtcOffset;

    fn day(date: &str) -> i64 {
        let text = format!("{date}T12:00:00+08:00");
        Stamp::parse(&text).expect("a time").0.day_number(UtcOffset::CHINA)
    }

    /// Public holidays of those years, as everybody knows them `[M]`.
    #[test]
    fn spring_festivals_are_those_of_the_public_calendar() {
        for first in [
            "2000-02-05",
            "2008-02-07",
            "2012-01-23",
            "2015-02-19",
            "2018-02-16",
            "2019-02-05",
            "2020-01-25",
            "2021-02-12",
            "2022-02-01",
            "2023-01-22",
            "2024-02-10",
            "2025-01-29",
            "2026-02-17",
            "2027-02-06",
            "2028-01-26",
            "2029-02-13",
            "2030-02-03",
        ] {
            let date = lunar_date(day(first));
            assert_eq!((date.month, date.day), (1, 1), "{first}");
            assert_eq!(days_since_new_year(day(first)), 0, "{first}");
            assert_eq!(days_since_new_year(day(first) - 15), -15, "{first}");
        }
    }

    #[test]
    fn known_days_have_their_lunar_dates_leap_months_too() {
        let is = |date: &str| {
            let found = lunar_date(day(date));
            (found.month, found.day)
        };
        assert_eq!(is("2024-12-05"), (11, 5));
        assert_eq!(is("2024-09-17"), (8, 15), "Mid-Autumn");
        assert_eq!(is("2025-05-31"), (5, 5), "Dragon Boat");
        assert_eq!(is("2025-07-25"), (6, 1), "the leap sixth month begins");
        assert_eq!(month_day(day("2024-02-29")), (2, 29));
        assert_eq!(days_since_new_year(day("2025-07-01")), 153);
        assert_eq!(days_since_new_year(day("2025-11-01")), -108);
    }
}
