//! Reads `[[rule.level]]`: the further levels of a rule with a limit, each beyond the one before.

use crate::base::Span;
use crate::base::problem::{Spanned, Table};
use crate::inspection::book::{Kind, Urgency};
use crate::inspection::level::{Level, Levels};
use crate::inspection::limit::{LimitInForce, Side};
use crate::inspection::limit_file::read_limit;
use crate::inspection::rule_file::{MINUTES_MAX, URGENCIES, as_minutes};
use crate::inspection::select::Selector;
use crate::inspection::unit_keys::Measured;

/// What a level is held against: the one before it, or the rule itself.
struct Before {
    priority: Option<Urgency>,
    limit: Option<LimitInForce>,
    side: Side,
    /// On and off.
    delays: Option<(Span, Span)>,
}

/// The further levels of a rule; none when one of them has a mistake. `priority` and `delays` (on,
/// off) are the rule's own.
pub(super) fn read(
    rule: &Table<'_>,
    kind: Option<&Kind>,
    select: &Selector,
    priority: Option<Urgency>,
    delays: Option<(Span, Span)>,
) -> Option<Levels> {
    let (limit, side) = match kind {
        Some(Kind::Limit(limit)) => (Some(*limit), limit.side),
        // Its own limit differs from house to house.
        Some(Kind::ServicePressure(_)) => (None, Side::Below),
        Some(_) => return Some(Levels::default()),
        None => {
            let ours = |key: &&str| ["level", "rise_asks_again"].contains(key);
            for key in rule.keys().map(Spanned::into_inner).filter(ours) {
                rule.has(key); // the mistakes of its kind come first
            }
            return Some(Levels::default());
        }
    };
    let measured = Measured::Quantity(select.quantity?);
    let mut before = Before { priority, limit, side, delays };
    let mut further = Vec::new();
    let tables = rule.tables("level");
    for table in &tables {
        let level = read_level(table, measured, &before);
        if let Some(level) = &level {
            before.priority = Some(level.priority);
            before.limit = Some(level.limit);
            before.delays = Some((level.on_delay, level.off_delay));
        }
        further.push(level);
    }
    let asks = rule.opt_bool("rise_asks_again");
    if let Some(asks) = asks.as_ref().filter(|_| tables.is_empty()) {
        rule.add_with_help(
            asks.span(),
            "a rule without levels never rises",
            "add a [[rule.level]]",
        );
    }
    let further: Vec<Level> = further.into_iter().collect::<Option<_>>()?;
    let rise_asks_again = asks.is_none_or(Spanned::into_inner);
    Some(Levels { further: further.into(), rise_asks_again })
}

fn read_level(table: &Table<'_>, measured: Measured, before: &Before) -> Option<Level> {
    let delay = |key| table.opt_number_in(key, 0.0..=MINUTES_MAX).map(as_minutes);
    let priority = table.choice("priority", &URGENCIES);
    let limit = read_limit(table, measured);
    let (on_delay, off_delay) = (delay("on_delay_min"), delay("off_delay_min"));
    let at = |key: &str| table.key_span(key).unwrap_or_else(|| table.span());
    if let Some((priority, before)) = priority.as_ref().zip(before.priority)
        && *priority.get_ref() <= before
    {
        let text = "a further level must be more urgent than the one before it";
        table.add_with_help(priority.span(), text, "levels go from low to medium to high");
    }
    if let (Some((_, longest)), Some(off)) = (before.delays, off_delay)
        && off > longest
    {
        let text = format!("the off-delay of {off} is longer than {longest}, of the level before");
        let help = "a level must be over when the one below it is";
        table.add_with_help(at("off_delay_min"), text, help);
    }
    let limit = limit?;
    check_beyond(table, measured, before, &limit)?;
    let (on_before, off_before) = before.delays.unwrap_or_default();
    Some(Level {
        priority: priority?.into_inner(),
        limit,
        on_delay: on_delay.unwrap_or(on_before),
        off_delay: off_delay.unwrap_or(off_before),
    })
}

/// A level lies beyond the one before it, and is over when that one is.
fn check_beyond(
    table: &Table<'_>,
    measured: Measured,
    before: &Before,
    limit: &LimitInForce,
) -> Option<()> {
    let (word, stems) = match before.side {
        Side::Below => ("below", ["below", "above"]),
        Side::Above => ("above", ["above", "below"]),
    };
    let key_of = |stem: &str| {
        let key = table.keys().find(|key| key.get_ref().starts_with(stem));
        key.map_or_else(|| table.span(), |key| key.span())
    };
    if limit.side != before.side {
        let text = format!("the rule looks for values {word} its limit: so do its levels");
        table.add(key_of(stems[1]), text);
        return None;
    }
    let Some(own) = before.limit else { return Some(()) };
    let beyond = |further: f64, nearer: f64| match before.side {
        Side::Below => further < nearer,
        Side::Above => further > nearer,
    };
    if !beyond(limit.raise, own.raise) {
        let (this, that) = (measured.shown(limit.raise), measured.shown(own.raise));
        let text = format!("the level at {this} is not beyond the one before it, at {that}");
        table.add(key_of(stems[0]), text);
        return None;
    }
    if limit.clear != own.clear && !beyond(limit.clear, own.clear) {
        let (this, that) = (measured.shown(limit.clear), measured.shown(own.clear));
        let text = format!("it clears at {this}, later than the level before it, at {that}");
        let help = "a level must be over when the one below it is";
        table.add_with_help(key_of("clear"), text, help);
        return None;
    }
    Some(())
}
