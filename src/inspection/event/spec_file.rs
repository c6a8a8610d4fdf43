//! Reads the keys of rules of kind `event`.

use std::sync::Arc;

use super::discriminator::Discriminator;
use super::nearest::Distance;
use super::{EventRule, Method, Operation, Signal};
use crate::base::problem::{Spanned, Table};
use crate::base::units::{Quantity, Unit};
use crate::base::{Span, TagId};
use crate::inspection::limit::Side;
use crate::inspection::rule_file::{MINUTES_MAX, as_minutes};
use crate::inspection::signal::spec_file::{partners, value};

/// The most steps a rule remembers: memory is bounded, whatever a file says.
const STEPS_MAX: i64 = 2_016;

#[derive(Clone, Copy)]
enum MethodName {
    LinearPrediction,
    NearestNeighbour,
    TimeOfDay,
}

const METHODS: [(&str, MethodName); 3] = [
    ("linear-prediction", MethodName::LinearPrediction),
    ("nearest-neighbour", MethodName::NearestNeighbour),
    ("time-of-day", MethodName::TimeOfDay),
];

/// The keys of a rule, and of its signals and operations.
pub fn read_rule(table: &Table<'_>) -> Option<Arc<EventRule>> {
    let method = table.meant("method", &METHODS);
    let interval = table.number_in("interval_min", 1.0..=1_440.0).map(as_minutes);
    let history = table.integer_in("history_steps", 4..=STEPS_MAX);
    let outlier_sd = table.number_in("outlier_sd", 0.1..=100.0);
    let method = read_method(table, method, history.as_ref());
    let is_daily = method == Some(Method::TimeOfDay);
    if let (true, Some(interval), Some(history)) = (is_daily, interval, history.as_ref()) {
        check_day(table, interval, history);
    }
    let steps = table.integer_in("window_steps", 1..=200);
    let outlier_probability = table.opt_number_in("outlier_probability", 0.01..=0.99);
    let event_probability = table.number_in("event_probability", 0.5..=1.0);
    let timeout = table.integer_in("timeout_steps", 1..=100_000);
    let signals = read_signals(table, is_daily);
    let operations: Vec<_> = table.tables("operation").iter().map(read_operation).collect();
    let discriminator = Discriminator {
        steps: usize::try_from(steps?.into_inner()).ok()?,
        outlier_probability: outlier_probability.map_or(0.5, Spanned::into_inner),
        event_probability: event_probability?.into_inner(),
        timeout_steps: u32::try_from(timeout?.into_inner()).ok()?,
    };
    Some(Arc::new(EventRule {
        method: method?,
        interval: interval?,
        history_steps: usize::try_from(history?.into_inner()).ok()?,
        outlier_sd: outlier_sd?.into_inner(),
        discriminator,
        signals: signals?,
        operations: operations.into_iter().collect::<Option<Vec<_>>>()?,
    }))
}

fn read_method(
    table: &Table<'_>,
    name: Option<Spanned<MethodName>>,
    history: Option<&Spanned<i64>>,
) -> Option<Method> {
    let order = table.opt_integer_in("order", 1..=200);
    let distance = table.opt_choice("distance", &Distance::CHOICES);
    match name?.into_inner() {
        MethodName::LinearPrediction => {
            if let Some(distance) = distance {
                let text = "linear prediction has no `distance`: each signal is judged alone";
                table.add(distance.span(), text);
                return None;
            }
            let usual = Spanned::new(table.span(), 12);
            let order = order.unwrap_or(usual);
            let most = history.map_or(STEPS_MAX, |it| *it.get_ref()) / 2;
            if *order.get_ref() > most {
                let text = format!("an order of {} needs more history", order.get_ref());
                let help = "make `order` at most half of `history_steps`";
                table.add_with_help(order.span(), text, help);
                return None;
            }
            Some(Method::LinearPrediction { order: usize::try_from(order.into_inner()).ok()? })
        }
        MethodName::TimeOfDay => {
            let others = [order.map(|it| it.span()), distance.map(|it| it.span())];
            for span in others.into_iter().flatten() {
                table.add(span, "the same time of earlier days has no `order` and no `distance`");
            }
            Some(Method::TimeOfDay)
        }
        MethodName::NearestNeighbour => {
            if let Some(order) = order {
                table.add(order.span(), "the nearest neighbour has no `order`");
                return None;
            }
            let distance = distance.map_or(Distance::Largest, Spanned::into_inner);
            Some(Method::NearestNeighbour(distance))
        }
    }
}

/// Steps that come again at the same time of the next day, and a day to remember.
fn check_day(table: &Table<'_>, interval: Span, history: &Spanned<i64>) {
    if Span::DAY.as_ms() % interval.as_ms().max(1) != 0 {
        let text = format!("a day is no whole number of steps of {interval}");
        table.add_with_help(
            table.place_of("interval_min"),
            text,
            "take 5, 10, 15, 20, 30 or 60 minutes",
        );
    }
    let remembered = interval * *history.get_ref();
    if remembered < Span::DAY {
        let text = format!("{remembered} of history show no time of day twice");
        table.add_with_help(history.span(), text, "remember at least a day, better a week");
    }
}

const CHANGES: [(&str, Side); 2] = [("rise", Side::Above), ("fall", Side::Below)];

fn quantities() -> [(&'static str, Quantity); Quantity::ALL.len()] {
    Quantity::ALL.map(|quantity| (quantity.name(), quantity))
}

fn read_signals(table: &Table<'_>, is_daily: bool) -> Option<Vec<Signal>> {
    let signals = table.tables("signal");
    if signals.is_empty() {
        let help = "add [[rule.signal]] with quantity and precision_…";
        table.add_with_help(table.place_of("signal"), "`signal` is missing: what is judged?", help);
        return None;
    }
    let signals: Vec<_> = signals.iter().map(|it| read_signal(it, is_daily)).collect();
    signals.into_iter().collect()
}

fn read_signal(table: &Table<'_>, is_daily: bool) -> Option<Signal> {
    let percent = table.opt_number_in("precision_percent", 0.0..=1_000.0);
    let change = table.opt_choice("change", &CHANGES);
    let daily = [percent.as_ref().map(Spanned::span), change.as_ref().map(Spanned::span)];
    for span in daily.into_iter().flatten().filter(|_| !is_daily) {
        let text = "`change` and `precision_percent` belong to method \"time-of-day\"";
        table.add(span, text);
    }
    let quantity = table.meant("quantity", &quantities()).map(Spanned::into_inner);
    let tag = table.opt_parse("tag", TagId::new).map(Spanned::into_inner);
    let Some(quantity) = quantity else {
        known_units(table, "precision");
        return None;
    };
    let precision = value(table, quantity, "precision", 1e-9)?.into_inner();
    let precision_share = percent.map_or(0.0, Spanned::into_inner) / 100.0;
    let change = change.map(Spanned::into_inner);
    Some(Signal { quantity, tag, precision, precision_share, change })
}

fn read_operation(table: &Table<'_>) -> Option<Operation> {
    let hold = table.number_in("hold_min", 0.0..=MINUTES_MAX).map(as_minutes);
    let by = partners(table);
    let Some(quantity) = by.quantity else {
        if !table.has("by_quantity") {
            table.add(table.span(), "`by_quantity` is missing");
        }
        known_units(table, "change");
        return None;
    };
    let change = value(table, quantity, "change", 1e-9)?.into_inner();
    let hold: Span = hold?;
    Some(Operation { by, change, hold })
}

/// Keys that only a quantity explains are not called unknown while that is missing.
fn known_units(table: &Table<'_>, stem: &str) {
    let keys = Unit::ALL.map(|unit| unit.key(stem));
    for key in keys.iter().filter(|key| table.key_span(key).is_some()) {
        table.opt_number(key);
    }
}
