//! QARTOD's tests of a single value: syntax, gross range, climatology.

use crate::base::time::UtcOffset;
use crate::base::units::Quantity;
use crate::base::{Flag, Span, Stamp};
use crate::inspection::unit_keys::physical_range;

/// Lowest and highest value, both included.
pub type Bounds = (f64, f64);

/// Can it be meant at all? Not a number, or beyond what water can have, has failed.
pub fn syntax(quantity: Quantity, value: f64) -> Flag {
    if within(physical_range(quantity), value) { Flag::Good } else { Flag::Fail }
}

/// Neither below nor above; what is not a number is in no range.
fn within((low, high): Bounds, value: f64) -> bool {
    value >= low && value <= high
}

/// What the sensor can show, and what its operator expects.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct GrossRange {
    /// Outside it is suspect.
    pub operator: Option<Bounds>,
}

impl GrossRange {
    /// What a value of a sensor that shows `sensor` is.
    pub fn judge(&self, sensor: Bounds, value: f64) -> Flag {
        if !within(sensor, value) {
            Flag::Fail
        } else if self.operator.is_some_and(|operator| !within(operator, value)) {
            Flag::Suspect
        } else {
            Flag::Good
        }
    }
}

/// What is usual in each month, January first; none: nobody has said.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Climatology {
    /// Outside it is suspect.
    pub months: [Option<Bounds>; 12],
}

/// The bounds of a day, so that the calendar is asked once a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Today {
    midnight: Stamp,
    bounds: Option<Bounds>,
}

impl Climatology {
    /// What a value of local time is.
    pub fn judge(
        &self,
        today: &mut Option<Today>,
        offset: UtcOffset,
        at: Stamp,
        value: f64,
    ) -> Flag {
        let known = today.filter(|it| at >= it.midnight && at < it.midnight + Span::DAY);
        let Today { bounds, .. } = *today.insert(known.unwrap_or_else(|| Today {
            midnight: at.midnight(offset),
            bounds: self.months.get(usize::from(at.month(offset)) - 1).copied().flatten(),
        }));
        match bounds {
            None => Flag::NotEvaluated,
            Some(bounds) if within(bounds, value) => Flag::Good,
            Some(_) => Flag::Suspect,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_cannot_be_meant_has_failed() {
        for value in [f64::NAN, f64::INFINITY, -0.1, 3.4e38] {
            assert_eq!(syntax(Quantity::Turbidity, value), Flag::Fail, "{value}");
        }
        assert_eq!(syntax(Quantity::Turbidity, 0.0), Flag::Good);
    }

    #[test]
    fn a_month_without_bounds_is_not_evaluated_and_months_are_local() {
        let mut climatology = Climatology::default();
        climatology.months[11] = Some((2.0, 16.0));
        let at = |text| Stamp::parse(text).expect("a time").0;
        let mut today = None;
        let mut judge =
            |text, value| climatology.judge(&mut today, UtcOffset::CHINA, at(text), value);
        assert_eq!(judge("2024-11-30T23:59:00+08:00", 30.0), Flag::NotEvaluated);
        assert_eq!(judge("2024-12-01T00:00:00+08:00", 30.0), Flag::Suspect);
        assert_eq!(judge("2024-12-01T23:00:00+08:00", 16.0), Flag::Good);
        assert_eq!(judge("2025-01-01T00:00:00+08:00", 16.0), Flag::NotEvaluated);
    }
}
