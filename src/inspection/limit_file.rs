//! Reads limits of rules: `above_…` or `below_…`, where they clear, in any unit that suits.

use crate::base::problem::{Spanned, Table};
use crate::base::units::Unit;
use crate::inspection::limit::{LimitInForce, Side};
use crate::inspection::unit_keys::Measured;

/// Reads the key that begins with `stem`, in any unit that suits what is `measured`; gives its own.
pub(super) fn in_unit(table: &Table<'_>, measured: Measured, stem: &str) -> Option<Spanned<f64>> {
    let right = measured.units();
    let own = measured.measured_in();
    let foreign = Unit::ALL.into_iter().filter(|unit| !right.iter().any(|(own, _)| own == unit));
    table.refuse_units(stem, (measured.name(), own), foreign);
    let own = own.key(stem);
    let mut value = None;
    for (unit, factor) in right {
        let key = unit.key(stem);
        if !table.has(&key) {
            continue;
        }
        let Some(number) = table.opt_number(&key) else { continue };
        if value.is_some() {
            let text = format!("`{key}` says a second time what `{own}` says");
            table.add_with_help(number.span(), text, "keep one of them");
        }
        value = Some(Spanned::new(number.span(), number.into_inner() * factor));
    }
    value
}

pub(super) fn read_limit(table: &Table<'_>, measured: Measured) -> Option<LimitInForce> {
    let above = in_unit(table, measured, "above");
    let below = in_unit(table, measured, "below");
    let clear = in_unit(table, measured, "clear");
    let deadband = in_unit(table, measured, "deadband");
    let own = measured.measured_in();
    let (side, raise) = match (above, below) {
        (Some(above), None) => (Side::Above, above),
        (None, Some(below)) => (Side::Below, below),
        (Some(_), Some(below)) => {
            let text =
                format!("a rule has one limit: `{}` or `{}`", own.key("above"), own.key("below"));
            table.add_with_help(below.span(), text, "make a rule of each");
            return None;
        }
        (None, None) => {
            let wrong_unit = table.keys().any(|key| {
                ["above_", "below_"].iter().any(|start| key.get_ref().starts_with(start))
            });
            if !wrong_unit {
                let text = format!("`{}` or `{}` is missing", own.key("above"), own.key("below"));
                table.add(table.span(), text);
            }
            return None;
        }
    };
    let clear = clear_threshold(table, side, &raise, clear, deadband)?;
    check_possible(table, measured, side, &raise, &clear)?;
    let (raise, clear) = (raise.into_inner(), clear.into_inner());
    Some(LimitInForce { side, raise, clear, unverified: false })
}

fn clear_threshold(
    table: &Table<'_>,
    side: Side,
    raise: &Spanned<f64>,
    clear: Option<Spanned<f64>>,
    deadband: Option<Spanned<f64>>,
) -> Option<Spanned<f64>> {
    let limit = *raise.get_ref();
    match (clear, deadband) {
        (None, None) => Some(Spanned::new(raise.span(), limit)),
        (Some(_), Some(deadband)) => {
            let text = "a deadband and a clear threshold say the same thing";
            table.add_with_help(deadband.span(), text, "keep one of them");
            None
        }
        (Some(clear), None) => {
            let (overlaps, side) = match side {
                Side::Below => (*clear.get_ref() < limit, "below"),
                Side::Above => (*clear.get_ref() > limit, "above"),
            };
            if overlaps {
                let text = format!("the clear threshold lies {side} the limit of {limit}");
                let help = "a value would break the limit and clear it at once";
                table.add_with_help(clear.span(), text, help);
                return None;
            }
            Some(clear)
        }
        (None, Some(deadband)) => {
            let width = *deadband.get_ref();
            if width < 0.0 {
                table.add(deadband.span(), "a deadband cannot be negative");
                return None;
            }
            let threshold = if side == Side::Below { limit + width } else { limit - width };
            Some(Spanned::new(deadband.span(), threshold))
        }
    }
}

fn check_possible(
    table: &Table<'_>,
    measured: Measured,
    side: Side,
    raise: &Spanned<f64>,
    clear: &Spanned<f64>,
) -> Option<()> {
    let (lowest, highest) = measured.physical_range();
    let (limit, threshold) = (*raise.get_ref(), *clear.get_ref());
    let reachable = match side {
        Side::Below => limit > lowest && limit <= highest,
        Side::Above => limit < highest && limit >= lowest,
    };
    let name = measured.spoken();
    let bounds = format!("{name} lies in {lowest} to {}", measured.shown(highest));
    if !reachable {
        let text = format!("no {name} can ever break a limit of {}", measured.shown(limit));
        table.add_with_help(raise.span(), text, bounds.clone());
    }
    let clears = (lowest..=highest).contains(&threshold);
    if !clears && (reachable || clear.span() != raise.span()) {
        let text = format!("no {name} can ever clear at {}", measured.shown(threshold));
        table.add_with_help(clear.span(), text, bounds);
    }
    (reachable && clears).then_some(())
}
