//! Laboratory results of a dataset.

use super::moment::moment;
use super::refused::{Refused, shown, told};
use super::rows::{Cell, Next, Rows};
use crate::base::analyte::{Analyte, Sign};
use crate::base::foreign::moment::TimeFormat;
use crate::base::ids::{MethodId, SampleId};
use crate::base::lab_result::LabResult;
use crate::base::sampling::SamplingPoint;
use crate::base::{Stamp, TagId};
use crate::cli::exit::Failure;

/// The table of a dataset's laboratory, with its next row.
pub struct Results {
    rows: Rows,
    next: Option<(Stamp, LabResult)>,
}

impl Results {
    /// Before the first row. Errors: the file cannot be read.
    pub fn new(rows: Rows, refused: &mut Refused) -> Result<Self, Failure> {
        let mut results = Self { rows, next: None };
        results.advance(refused)?;
        Ok(results)
    }

    /// The next result, if it came before `before`; any without one.
    pub fn take(
        &mut self,
        before: Option<Stamp>,
        refused: &mut Refused,
    ) -> Result<Option<(Stamp, LabResult)>, Failure> {
        let is_due = self.next.as_ref().is_some_and(|(at, _)| before.is_none_or(|it| *at <= it));
        let next = if is_due { self.next.take() } else { None };
        if next.is_some() {
            self.advance(refused)?;
        }
        Ok(next)
    }

    fn advance(&mut self, refused: &mut Refused) -> Result<(), Failure> {
        loop {
            match self.rows.advance()? {
                Next::End => return Ok(()),
                Next::Bad(line, text) => refused.note("bad-row", line, || text),
                Next::Row(line) => match self.read() {
                    Ok(result) => {
                        self.next = Some(result);
                        return Ok(());
                    }
                    Err(name) => refused.note("bad-result", line, || {
                        told(format!("`{name}` is none"), format!("`{name}`不符"))
                    }),
                },
            }
        }
    }

    /// Errors: the column that says nothing we know.
    fn read(&self) -> Result<(Stamp, LabResult), String> {
        let cell = |name: &'static str| {
            let at = self.rows.names().iter().position(|known| known == name);
            at.map_or(Cell::Absent, |at| self.rows.cell(at))
        };
        let text = |name| match cell(name) {
            Cell::Text(text) => Ok(text),
            _ => Err(name.to_owned()),
        };
        let time = |name| moment(&TimeFormat::Rfc3339, cell(name)).map_err(|_| name.to_owned());
        let value = match cell("value") {
            Cell::Number(number) => Some(number),
            Cell::Text(text) => text.parse().ok(),
            _ => None,
        };
        let analyte = Analyte::ALL.into_iter().find(|it| text("analyte") == Ok(it.name()));
        let signs = [Sign::Equal, Sign::Below, Sign::Above];
        let sign = signs.into_iter().find(|it| text("sign") == Ok(it.name()));
        let points = SamplingPoint::CHOICES.into_iter();
        let point = points.map(|(_, it)| it).find(|it| text("point") == Ok(it.name()));
        let id = |name: &str| shown(name);
        let result = LabResult {
            sample: SampleId::new(text("sample")?).map_err(|_| id("sample"))?,
            site: TagId::new(text("site")?).map_err(|_| id("site"))?,
            point: point.ok_or_else(|| id("point"))?,
            taken_at: time("taken_at")?,
            reported_at: time("reported_at")?,
            analyte: analyte.ok_or_else(|| id("analyte"))?,
            sign: sign.ok_or_else(|| id("sign"))?,
            value: value.filter(|it: &f64| it.is_finite()).ok_or_else(|| id("value"))?,
            unit: text("unit")?.to_owned(),
            method: MethodId::new(text("method")?).map_err(|_| id("method"))?,
        };
        Ok((time("received_at")?, result))
    }
}
