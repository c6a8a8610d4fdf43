#![expect(clippy::disallowed_methods, reason = "the one file that reads a clock")]
//! Time: whole milliseconds since 1970 UTC, and spans of them.
//!
//! `wall_now` is the only place in the library that reads a clock; the core gets `now: Stamp`.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment: whole milliseconds since 1970-01-01T00:00:00Z, between the years 1900 and 9000.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(i64);

/// A length of time in whole milliseconds; may be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(i64);

const MS_MIN: i64 = -2_208_988_800_000; // 1900-01-01
const MS_MAX: i64 = 221_845_392_000_000; // 9000-01-01

/// A text or number that is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no time: write it like 2024-12-05T08:00:00+08:00")]
pub struct NotATime {
    /// What was given.
    pub text: String,
}

/// A text that is no time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no time of day: write it like \"02:00\"")]
pub struct NotATimeOfDay {
    /// What was given.
    pub text: String,
}

impl Stamp {
    /// The last moment there is.
    pub const MAX: Self = Self(MS_MAX);

    /// The moment `ms` milliseconds after 1970 UTC. Errors: outside 1900–9000.
    pub fn from_ms(ms: i64) -> Result<Self, NotATime> {
        if (MS_MIN..=MS_MAX).contains(&ms) {
            Ok(Self(ms))
        } else {
            Err(NotATime { text: ms.to_string() })
        }
    }

    /// Milliseconds since 1970 UTC.
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 time with an offset; returns the moment and the offset it was written in.
    pub fn parse(text: &str) -> Result<(Self, UtcOffset), NotATime> {
        let wrong = || NotATime { text: text.chars().take(40).collect() };
        let pieces = jiff::fmt::temporal::DateTimeParser::new()
            .parse_timestamp(text)
            .map_err(|_| wrong())?;
        let stamp = Self::from_ms(pieces.as_millisecond()).map_err(|_| wrong())?;
        let offset = if text.ends_with(['Z', 'z']) {
            UtcOffset::UTC
        } else {
            // parse_timestamp accepted it, so the last six characters are the offset (+08:00).
            text.get(text.len().saturating_sub(6)..).and_then(UtcOffset::parse).ok_or_else(wrong)?
        };
        Ok((stamp, offset))
    }

    /// Reads a time written after `pattern`, in the letters of `strftime`. Where the pattern has no
    /// offset (`%z`), the time is local at `offset`.
    pub fn parse_as(text: &str, pattern: &str, offset: UtcOffset) -> Result<Self, NotATime> {
        let wrong = || NotATime { text: text.chars().take(40).collect() };
        let read = jiff::fmt::strtime::parse(pattern, text).map_err(|_| wrong())?;
        let ms = if read.offset().is_some() {
            read.to_timestamp().map_err(|_| wrong())?.as_millisecond()
        } else {
            let local =
                read.to_datetime().or_else(|_| read.to_date().map(|day| day.at(0, 0, 0, 0)));
            let local = local.and_then(|local| Offset::UTC.to_timestamp(local));
            local.map_err(|_| wrong())?.as_millisecond() - offset.0.as_ms()
        };
        Self::from_ms(ms).map_err(|_| wrong())
    }

    /// This moment at `offset`, written after `pattern`. Errors: the pattern is none.
    pub fn write_as(self, pattern: &str, offset: UtcOffset) -> Result<String, NotATime> {
        let wrong = |_| NotATime { text: pattern.to_owned() };
        let moment = Timestamp::from_millisecond(self.0).map_err(wrong)?;
        let zoned = moment.to_zoned(jiff::tz::TimeZone::fixed(offset.as_jiff()));
        jiff::fmt::strtime::format(pattern, &zoned).map_err(wrong)
    }

    /// The time of day at `offset`, as milliseconds since midnight (0 to 86,399,999).
    pub fn time_of_day(self, offset: UtcOffset) -> Span {
        Span((self.0 + offset.0.as_ms()).rem_euclid(Span::DAY.0))
    }

    /// The number of the local date at `offset`: days since 1970-01-01, a Thursday.
    pub fn day_number(self, offset: UtcOffset) -> i64 {
        (self.0 + offset.0.as_ms()).div_euclid(Span::DAY.0)
    }

    /// The last midnight at `offset`, at or before this moment.
    pub fn midnight(self, offset: UtcOffset) -> Self {
        self - self.time_of_day(offset)
    }

    /// The month at `offset`, January is 1.
    pub fn month(self, offset: UtcOffset) -> u8 {
        self.at(offset).get(5..7).and_then(|month| month.parse().ok()).unwrap_or(1)
    }

    /// The first midnight at `offset` of the month that lies `ahead` months after this moment's.
    pub fn first_of_month(self, offset: UtcOffset, ahead: i64) -> Self {
        let text = self.at(offset);
        let year = text.get(..4).and_then(|year| year.parse().ok()).unwrap_or(1970_i64);
        let month = year * 12 + i64::from(self.month(offset)) - 1 + ahead;
        let first = i16::try_from(month.div_euclid(12)).ok().and_then(|year| {
            let month = i8::try_from(month.rem_euclid(12) + 1).ok()?;
            let date = jiff::civil::Date::new(year, month, 1).ok()?;
            offset.as_jiff().to_timestamp(date.at(0, 0, 0, 0)).ok()
        });
        first.map_or(Self::MAX, |first| Self(first.as_millisecond().clamp(MS_MIN, MS_MAX)))
    }

    /// As RFC 3339 at `offset`, whole seconds unless there are milliseconds.
    pub fn at(self, offset: UtcOffset) -> String {
        let moment = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        if offset == UtcOffset::UTC {
            return moment.to_string();
        }
        moment.display_with_offset(offset.as_jiff()).to_string()
    }

    /// The day of the month at `offset`, from 1.
    pub fn day_of_month(self, offset: UtcOffset) -> u8 {
        self.at(offset).get(8..10).and_then(|day| day.parse().ok()).unwrap_or(1)
    }

    /// `HH:MM` at `offset`, for people.
    pub fn hh_mm(self, offset: UtcOffset) -> String {
        let minutes = self.time_of_day(offset).as_ms() / 60_000;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// `MM-DD HH:MM:SS` at `offset`, for people.
    pub fn month_day_time(self, offset: UtcOffset) -> String {
        let text = self.at(offset);
        match (text.get(5..10), text.get(11..19)) {
            (Some(day), Some(time)) => format!("{day} {time}"),
            _ => text,
        }
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// One second.
    pub const SECOND: Self = Self(1_000);
    /// One minute.
    pub const MINUTE: Self = Self(60_000);
    /// One hour.
    pub const HOUR: Self = Self(3_600_000);
    /// Twenty-four hours.
    pub const DAY: Self = Self(86_400_000);

    /// `ms` milliseconds.
    pub const fn ms(ms: i64) -> Self {
        Self(ms)
    }

    /// `s` seconds.
    pub const fn seconds(s: i64) -> Self {
        Self(s.saturating_mul(1_000))
    }

    /// `min` minutes.
    pub const fn minutes(min: i64) -> Self {
        Self(min.saturating_mul(60_000))
    }

    /// `h` hours.
    pub const fn hours(h: i64) -> Self {
        Self(h.saturating_mul(3_600_000))
    }

    /// Reads a time of day such as `02:00`, up to `24:00`, as the span since midnight.
    pub fn parse_time_of_day(text: &str) -> Result<Self, NotATimeOfDay> {
        let wrong = || NotATimeOfDay { text: text.chars().take(20).collect() };
        let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
        let hours: u32 = hours.parse().map_err(|_| wrong())?;
        let minutes: u32 = minutes.parse().map_err(|_| wrong())?;
        if hours > 24 || minutes > 59 || (hours == 24 && minutes > 0) {
            return Err(wrong());
        }
        Ok(Self::minutes(i64::from(hours * 60 + minutes)))
    }

    /// Seconds with a fraction, rounded to the millisecond; not-a-number becomes zero.
    pub fn from_seconds_f64(s: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, NaN becomes 0")]
        Self((s * 1_000.0).round() as i64)
    }

    /// Whole milliseconds.
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// Seconds.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 285,000 years")]
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// Hours.
    pub fn as_hours(self) -> f64 {
        self.as_seconds() / 3_600.0
    }

    /// Days.
    pub fn as_days(self) -> f64 {
        self.as_hours() / 24.0
    }
}

impl Add<Span> for Stamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0).clamp(MS_MIN, MS_MAX))
    }
}

impl AddAssign<Span> for Stamp {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Stamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0).clamp(MS_MIN, MS_MAX))
    }
}

impl Sub for Stamp {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::ops::Mul<i64> for Span {
    type Output = Self;
    fn mul(self, times: i64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.at(UtcOffset::UTC))
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.at(UtcOffset::UTC))
    }
}

/// As a person says it: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let seconds = self.0.unsigned_abs() / 1_000;
        let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
        let text = match (days, hours, minutes) {
            (0, 0, 0) if self.0 % 1_000 != 0 => format!("{sign}{:.1} s", self.as_seconds().abs()),
            (0, 0, 0) => format!("{sign}{seconds} s"),
            (0, 0, _) if !seconds.is_multiple_of(60) => {
                format!("{sign}{minutes} min {} s", seconds % 60)
            }
            (0, 0, _) => format!("{sign}{minutes} min"),
            (0, _, _) if minutes % 60 != 0 => format!("{sign}{hours} h {} min", minutes % 60),
            (0, _, _) => format!("{sign}{hours} h"),
            _ if hours % 24 != 0 => format!("{sign}{days} d {} h", hours % 24),
            _ => format!("{sign}{days} d"),
        };
        f.pad(&text)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Stamps travel as RFC 3339 in UTC with milliseconds.
impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.at(UtcOffset::UTC))
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map(|(stamp, _)| stamp).map_err(de::Error::custom)
    }
}

/// How far local time is ahead of UTC, in whole minutes (China: +08:00).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UtcOffset(Span);

impl UtcOffset {
    /// No offset.
    pub const UTC: Self = Self(Span::ZERO);
    /// China Standard Time.
    pub const CHINA: Self = Self(Span::hours(8));

    /// Reads `+08:00`; none when it is no offset within ±14 h.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, rest) = match text.as_bytes().first()? {
            b'+' => (1, text.get(1..)?),
            b'-' => (-1, text.get(1..)?),
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':')?;
        let two = |part: &str| (part.len() == 2).then(|| part.parse::<i64>().ok()).flatten();
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        (hours <= 14 && minutes < 60).then(|| Self(Span::minutes(sign * (hours * 60 + minutes))))
    }

    /// Local time is UTC and so many seconds.
    pub fn as_seconds(self) -> i64 {
        self.0.as_ms() / 1_000
    }

    fn as_jiff(self) -> Offset {
        let seconds = i32::try_from(self.0.as_ms() / 1_000).unwrap_or(0);
        Offset::from_seconds(seconds).unwrap_or(Offset::UTC)
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.as_ms() / 60_000;
        let sign = if minutes < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
    }
}

/// The wall clock. Only edges call this; the core is given `now`.
pub fn wall_now() -> Stamp {
    let ms = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(MS_MAX),
        Err(_) => 0, // a clock before 1970 is as good as none
    };
    Stamp(ms.clamp(MS_MIN, MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_its_offset() {
        let (stamp, offset) = Stamp::parse("2024-12-05T08:00:00+08:00").expect("valid");
        assert_eq!(stamp.to_string(), "2024-12-05T00:00:00Z");
        assert_eq!(offset, UtcOffset::CHINA);
        assert_eq!(stamp.at(offset), "2024-12-05T08:00:00+08:00");
        assert_eq!(stamp.hh_mm(offset), "08:00");
        assert_eq!(stamp.midnight(offset).hh_mm(offset), "00:00");
        assert_eq!(stamp.day_number(offset), 20_062);
        assert_eq!((stamp - Span::hours(9)).day_number(offset), 20_061);
        assert_eq!((stamp - Span::hours(9)).day_number(UtcOffset::UTC), 20_061);
        assert_eq!(stamp.month_day_time(offset), "12-05 08:00:00");
        assert_eq!((stamp - Span::hours(5 * 24)).month(offset), 11);
    }

    #[test]
    fn months_begin_at_the_plants_midnight_whatever_their_length() {
        let (stamp, offset) = Stamp::parse("2024-12-31T23:30:00+08:00").expect("valid");
        let first = |ahead| stamp.first_of_month(offset, ahead).at(offset);
        assert_eq!(first(0), "2024-12-01T00:00:00+08:00");
        assert_eq!(first(1), "2025-01-01T00:00:00+08:00");
        assert_eq!(first(-10), "2024-02-01T00:00:00+08:00");
        let utc = stamp.first_of_month(UtcOffset::UTC, 15);
        assert_eq!(utc.to_string(), "2026-03-01T00:00:00Z");
        assert_eq!(stamp.first_of_month(offset, 1_000_000), Stamp::MAX);
    }

    #[test]
    fn a_time_is_read_after_a_pattern() {
        let read = |text, pattern| {
            Stamp::parse_as(text, pattern, UtcOffset::CHINA).map(|stamp| stamp.to_string())
        };
        let eight = Ok("2024-12-05T00:00:00Z".to_owned());
        assert_eq!(read("5/12/2024 8:00", "%d/%m/%Y %H:%M"), eight);
        assert_eq!(read("2024-12-05 01:00:00 +0100", "%Y-%m-%d %H:%M:%S %z"), eight);
        assert_eq!(read("2024-12-05", "%Y-%m-%d"), Ok("2024-12-04T16:00:00Z".to_owned()));
        let exact = read("2024-12-05 08:00:00.250", "%Y-%m-%d %H:%M:%S%.f");
        assert_eq!(exact, Ok("2024-12-05T00:00:00.25Z".to_owned()));
        assert!(read("32/12/2024 8:00", "%d/%m/%Y %H:%M").is_err());
        let (stamp, offset) = Stamp::parse("2024-12-05T08:00:00+08:00").expect("valid");
        let written = stamp.write_as("%d.%m.%Y %H:%M", offset);
        assert_eq!(written, Ok("05.12.2024 08:00".to_owned()));
        assert!(stamp.write_as("%", offset).is_err());
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in ["", "yesterday", "2024-12-05", "2024-13-05T08:00:00Z", "2024-12-05T08:00:00"] {
            assert!(Stamp::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Stamp::from_ms(i64::MAX).is_err());
    }

    #[test]
    fn spans_read_as_people_say_them() {
        let said: Vec<String> = [500, 45_000, 90_000, 720_000, 12_000_000, 187_200_000]
            .map(|ms| Span::ms(ms).to_string())
            .to_vec();
        assert_eq!(said, ["0.5 s", "45 s", "1 min 30 s", "12 min", "3 h 20 min", "2 d 4 h"]);
    }
}
