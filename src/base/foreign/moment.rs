//! How others write times.

use crate::base::problem::{Spanned, Table};
use crate::base::time::UtcOffset;
use crate::base::{Span, Stamp};

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
    /// How the keys `time_format` and `utc_offset` of a file say it; RFC 3339 without them.
    pub fn of(table: &Table<'_>) -> Option<Self> {
        time_format(table)
    }

    /// The moment that a text says. Errors: what is wrong with it.
    pub fn text(&self, text: &str) -> Result<Stamp, String> {
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

    /// The moment that a number says. Errors: what is wrong with it.
    pub fn number(&self, number: f64) -> Result<Stamp, String> {
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

fn time_format(table: &Table<'_>) -> Option<TimeFormat> {
    let offset = table.opt_text("utc_offset").and_then(|text| {
        let offset = match text.get_ref().as_str() {
            "Z" | "UTC" => Some(UtcOffset::UTC),
            text => UtcOffset::parse(text),
        };
        if offset.is_none() {
            let said = format!("`utc_offset` {:?} is no offset", text.get_ref());
            table.add_with_help(text.span(), said, "write it like \"+08:00\", or \"Z\"");
        }
        Some(Spanned::new(text.span(), offset?))
    });
    let Some(pattern) = table.opt_text("time_format") else {
        return refuse_offset(table, offset, TimeFormat::Rfc3339);
    };
    match pattern.get_ref().as_str() {
        "rfc3339" => return refuse_offset(table, offset, TimeFormat::Rfc3339),
        "epoch-s" => return refuse_offset(table, offset, TimeFormat::EpochSeconds),
        "epoch-ms" => return refuse_offset(table, offset, TimeFormat::EpochMs),
        _ => {}
    }
    let (span, pattern) = (pattern.span(), pattern.into_inner());
    let sample = Stamp::MAX - Span::DAY;
    let written = sample.write_as(&pattern, UtcOffset::UTC);
    let again = written.and_then(|text| Stamp::parse_as(&text, &pattern, UtcOffset::UTC));
    let is_near = again.is_ok_and(|again| (sample - again) < Span::DAY);
    if !pattern.contains('%') || !is_near {
        let text = format!("`time_format` {pattern:?} does not tell a moment");
        let help = "rfc3339, epoch-s, epoch-ms, or date and time as in \"%Y-%m-%d %H:%M:%S\"";
        table.add_with_help(span, text, help);
        return None;
    }
    let has_offset = ["%z", "%:z"].iter().any(|part| pattern.contains(part));
    if has_offset {
        return refuse_offset(table, offset, TimeFormat::Pattern(pattern, UtcOffset::UTC));
    }
    let Some(offset) = offset else {
        if !table.has("utc_offset") {
            let text = format!("`time_format` {pattern:?} has no offset: local time of where?");
            table.add_with_help(span, text, "add utc_offset = \"+08:00\", or %z to the format");
        }
        return None;
    };
    Some(TimeFormat::Pattern(pattern, offset.into_inner()))
}

/// A format that tells the offset itself needs none beside it.
fn refuse_offset(
    table: &Table<'_>,
    offset: Option<Spanned<UtcOffset>>,
    format: TimeFormat,
) -> Option<TimeFormat> {
    let Some(offset) = offset else { return Some(format) };
    let text = "`utc_offset` says nothing here: the times have an offset, or count from 1970 UTC";
    table.add_with_help(offset.span(), text, "leave it out, or give a time_format without %z");
    None
}
