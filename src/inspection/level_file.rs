//! Reads `[[rule.level]]`: the further levels of a rule with a limit, each beyond the one before.

use crate::base::problem::{Spanned, Table};
use crate::base::text::Lang;
use crate::inspection::book::{Kind, Urgency};
use crate::inspection::kind_file::Found;
use crate::inspection::level::{Level, Levels};
use crate::inspection::limit::{LimitInForce, Side};
use crate::inspection::limit_file::read_limit;
use crate::inspection::rule_file::{Delays, MINUTES_MAX, URGENCIES, as_minutes};
use crate::inspection::select::Selector;
use crate::inspection::unit_keys::Measured;

/// What a level is held against: the one before it, or the rule itself. What cannot be read is
/// none.
struct Before {
    priority: Option<Urgency>,
    limit: Option<LimitInForce>,
    side: Option<Side>,
    delays: Delays,
}

/// The further levels of a rule; none when one of them has a mistake. `priority` and `delays` are
/// the rule's own.
pub(super) fn read(
    rule: &Table<'_>,
    found: &Found,
    select: &Selector,
    priority: Option<Urgency>,
    delays: Delays,
) -> Option<Levels> {
    let (limit, side) = match (&found.kind, found.as_far_as_known()) {
        (Some(Kind::Limit(limit)), _) => (Some(*limit), Some(limit.side)),
        // Its own limit differs from house to house.
        (_, Some(Kind::ServicePressure(_))) => (None, Some(Side::Below)),
        (None, Some(Kind::Limit(_))) => (None, side_of(rule)),
        (_, Some(_)) => return Some(Levels::default()),
        (_, None) => {
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
            before.delays = (Some(level.on_delay), Some(level.off_delay));
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

/// The side of a limit that cannot be read, by its key.
fn side_of(rule: &Table<'_>) -> Option<Side> {
    let has = |side: Side| rule.keys().any(|key| key.get_ref().starts_with(side.stem()));
    match (has(Side::Below), has(Side::Above)) {
        (true, false) => Some(Side::Below),
        (false, true) => Some(Side::Above),
        _ => None,
    }
}

fn read_level(table: &Table<'_>, measured: Measured, before: &Before) -> Option<Level> {
    let delay = |key| table.opt_number_in(key, 0.0..=MINUTES_MAX).map(as_minutes);
    let priority = table.choice("priority", &URGENCIES);
    let limit = read_limit(table, measured);
    let (on_delay, off_delay) = (delay("on_delay_min"), delay("off_delay_min"));
    if let Some((priority, before)) = priority.as_ref().zip(before.priority)
        && *priority.get_ref() <= before
    {
        let text = "a further level must be more urgent than the one before it";
        table.add_with_help(priority.span(), text, "levels go from low to medium to high");
    }
    if let (Some(longest), Some(off)) = (before.delays.1, off_delay)
        && off > longest
    {
        let text = format!("the off-delay of {off} is longer than {longest}, of the level before");
        let help = "a level must be over when the one below it is";
        table.add_with_help(table.place_of("off_delay_min"), text, help);
    }
    let limit = limit?;
    check_beyond(table, measured, before, &limit)?;
    Some(Level {
        priority: priority?.into_inner(),
        limit,
        on_delay: on_delay.or(before.delays.0).unwrap_or_default(),
        off_delay: off_delay.or(before.delays.1).unwrap_or_default(),
    })
}

/// A level lies beyond the one before it, and is over when that one is.
fn check_beyond(
    table: &Table<'_>,
    measured: Measured,
    before: &Before,
    limit: &LimitInForce,
) -> Option<()> {
    let side = before.side?;
    let place_of = |stem: &str| {
        let key = table.keys().find(|key| key.get_ref().starts_with(stem));
        key.map_or_else(|| table.span(), |key| table.place_of(key.get_ref()))
    };
    if limit.side != side {
        let word = side.word(Lang::En);
        let text = format!("the rule looks for values {word} its limit: so do its levels");
        table.add(place_of(limit.side.stem()), text);
        return None;
    }
    let Some(own) = before.limit else { return Some(()) };
    let beyond = |further: f64, nearer: f64| match side {
        Side::Below => further < nearer,
        Side::Above => further > nearer,
    };
    let is_beyond = beyond(limit.raise, own.raise);
    if !is_beyond {
        let (this, that) = (measured.shown(limit.raise), measured.shown(own.raise));
        let text = format!("the level at {this} is not beyond the one before it, at {that}");
        table.add(place_of(side.stem()), text);
    }
    let is_over = limit.clear == own.clear || beyond(limit.clear, own.clear);
    let says_clear = table.keys().any(|key| key.get_ref().starts_with("clear"));
    if !is_over && (is_beyond || says_clear) {
        let (this, that) = (measured.shown(limit.clear), measured.shown(own.clear));
        let text = format!("it clears at {this}, later than the level before it, at {that}");
        let help = "a level must be over when the one below it is";
        let stem = if says_clear { "clear" } else { "deadband" };
        table.add_with_help(place_of(stem), text, help);
    }
    (is_beyond && is_over).then_some(())
}
