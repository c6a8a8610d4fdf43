//! Times in the cells of a recording.

use std::fmt;

use super::refused::{shown, told};
use super::rows::Cell;
use crate::base::Stamp;
use crate::base::foreign::moment::TimeFormat;
use crate::base::text::Text;

/// The moment that a cell says. Errors: what is wrong with it.
pub fn moment(format: &TimeFormat, cell: Cell<'_>) -> Result<Stamp, Text> {
    match cell {
        Cell::Time(time) => Ok(time),
        Cell::Number(number) => format.number(number).map_err(|en| no_time(en, &number)),
        Cell::Text(text) => {
            format.text(text).map_err(|en| no_time(en, &format!("{:?}", shown(text))))
        }
        Cell::Foreign => Err(told("no time: bytes that are no text", "不是时间:并非文本的字节")),
        Cell::Empty | Cell::Absent => Err(told("there is no time", "没有时间")),
    }
}

/// What was found is no time.
pub fn no_time(en: String, found: &dyn fmt::Display) -> Text {
    told(en, format!("{found}不是所要格式的时间"))
}

/// The last time that was read: rows come in runs of one time.
#[derive(Debug, Clone, Default)]
pub struct LastTime {
    text: String,
    time: Option<Stamp>,
}

impl LastTime {
    /// As `moment`, but the same text is read once.
    pub fn read(&mut self, format: &TimeFormat, cell: Cell<'_>) -> Result<Stamp, Text> {
        let Cell::Text(text) = cell else { return moment(format, cell) };
        if let Some(time) = self.time.filter(|_| self.text == text) {
            return Ok(time);
        }
        let time = moment(format, cell)?;
        self.text.clear();
        self.text.push_str(text);
        self.time = Some(time);
        Ok(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::UtcOffset;

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
            assert!(moment(&TimeFormat::Rfc3339, bad).is_err(), "{bad:?}");
        }
    }
}
