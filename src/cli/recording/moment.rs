//! How a recording writes its times.

use super::rows::Cell;
use crate::base::Stamp;
use crate::base::time::UtcOffset;

/// Numbers from here on are milliseconds since 1970, below it seconds: it is 5138 in seconds, 1973
/// in milliseconds.
const MS_FROM: f64 = 1e11;

/// A way to write times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeFormat {
    /// RFC 3339 with an offset; numbers are seconds or milliseconds since 1970 UTC.
    Rfc3339,
    /// Seconds since 1970 UTC.
    EpochSeconds,
    /// Milliseconds since 1970 UTC.
    EpochMs,
    /// After a pattern of `strftime`; local time at the offset, where the pattern has none.
    Pattern(String, UtcOffset),
}

impl TimeFormat {
    /// The moment that a cell says. Errors: what is wrong with it.
    pub fn read(&self, cell: Cell<'_>) -> Result<Stamp, String> {
        match cell {
            Cell::Time(time) => Ok(time),
            Cell::Number(number) => self.number(number),
            Cell::Text(text) => self.text(text),
            Cell::Foreign => Err("no time: bytes that are no text".to_owned()),
            Cell::Empty | Cell::Absent => Err("there is no time".to_owned()),
        }
    }

    fn text(&self, text: &str) -> Result<Stamp, String> {
        match self {
            Self::Pattern(pattern, offset) => {
                let read = Stamp::parse_as(text, pattern, *offset);
                read.map_err(|error| format!("{:?} is no time like {pattern:?}", error.text))
            }
            Self::Rfc3339 => Stamp::parse(text).map(|(stamp, _)| stamp).or_else(|error| {
                let number = text.parse().map_err(|_| error.to_string())?;
                self.number(number)
            }),
            Self::EpochSeconds | Self::EpochMs => {
                let number = text.parse().map_err(|_| format!("{text:?} is no number"))?;
                self.number(number)
            }
        }
    }

    fn number(&self, number: f64) -> Result<Stamp, String> {
        let ms = match self {
            Self::EpochMs => number,
            Self::Rfc3339 => number * if number.abs() >= MS_FROM { 1.0 } else { 1_000.0 },
            Self::EpochSeconds => number * 1_000.0,
            Self::Pattern(..) => return self.text(&number.to_string()),
        };
        if !ms.is_finite() {
            return Err(format!("{number} is no time"));
        }
        Stamp::from_ms(ms.round() as i64).map_err(|_| format!("{number} is no time"))
    }
}

/// The last time that was read: rows come in runs of one time.
#[derive(Debug, Clone, Default)]
pub struct LastTime {
    text: String,
    time: Option<Stamp>,
}

impl LastTime {
    /// As `TimeFormat::read`, but the same text is read once.
    pub fn read(&mut self, format: &TimeFormat, cell: Cell<'_>) -> Result<Stamp, String> {
        let Cell::Text(text) = cell else { return format.read(cell) };
        if let Some(time) = self.time.filter(|_| self.text == text) {
            return Ok(time);
        }
        let time = format.read(cell)?;
        self.text.clear();
        self.text.push_str(text);
        self.time = Some(time);
        Ok(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_moment_is_read_however_it_is_written() {
        let pattern = TimeFormat::Pattern("%Y/%m/%d %H:%M".to_owned(), UtcOffset::CHINA);
        for (format, cell) in [
            (&TimeFormat::Rfc3339, Cell::Text("2024-12-05T08:00:00+08:00")),
            (&TimeFormat::Rfc3339, Cell::Text("1733356800")),
            (&TimeFormat::Rfc3339, Cell::Number(1_733_356_800_000.0)),
            (&TimeFormat::EpochSeconds, Cell::Text("1733356800.0")),
            (&TimeFormat::EpochMs, Cell::Number(1_733_356_800_000.0)),
            (&pattern, Cell::Text("2024/12/05 08:00")),
        ] {
            let read = LastTime::default().read(format, cell).map(|it| it.to_string());
            assert_eq!(read, Ok("2024-12-05T00:00:00Z".to_owned()), "{format:?} {cell:?}");
        }
        for bad in [Cell::Text("2024-12-05 08:00"), Cell::Number(f64::INFINITY), Cell::Empty] {
            assert!(TimeFormat::Rfc3339.read(bad).is_err(), "{bad:?}");
        }
    }
}
