//! Kinds that happen to the gateway and its link.

use super::super::names::Names;
use super::Part;
use crate::base::Span;
use crate::base::problem::{Spanned, Table};
use crate::scenario::injection::{GatewayEvent, InjectionKind};

pub const PART: Part = Part {
    kinds: &[
        ("gateway-silence", silence),
        ("gateway-frozen", frozen),
        ("link-loss", loss),
        ("link-delay", delay),
        ("link-duplicate", duplicate),
        ("link-reorder", reorder),
        ("link-outage", outage),
    ],
    keys: &["percent", "delay_s", "jitter_s", "by_s", "keeps_h"],
};

/// Longest delay of a message, s: a day.
const DELAY_S_MAX: f64 = 86_400.0;

/// What a gateway keeps through an outage unless the scenario says otherwise `[D]`: a small
/// telemetry unit's flash holds some days.
const KEEPS: Span = Span::hours(72);

fn silence(_table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    happens(GatewayEvent::Silence)
}

fn frozen(_table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    happens(GatewayEvent::Frozen)
}

fn loss(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    happens(GatewayEvent::LinkLoss { share: share(table)? })
}

fn delay(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let jitter = table.opt_number_in("jitter_s", 0.0..=DELAY_S_MAX);
    let bad_jitter = jitter.is_none() && table.has("jitter_s");
    let delay = table.number_in("delay_s", 0.0..=DELAY_S_MAX)?.into_inner();
    let delay = Span::from_seconds_f64(delay);
    let jitter = Span::from_seconds_f64(jitter.map_or(0.0, Spanned::into_inner));
    if bad_jitter { None } else { happens(GatewayEvent::LinkDelay { delay, jitter }) }
}

fn duplicate(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    happens(GatewayEvent::LinkDuplicate { share: share(table)? })
}

fn reorder(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let share = share(table);
    let by = table.number_in("by_s", 1.0..=DELAY_S_MAX)?.into_inner();
    happens(GatewayEvent::LinkReorder { share: share?, by: Span::from_seconds_f64(by) })
}

fn outage(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    if !table.has("keeps_h") {
        return happens(GatewayEvent::LinkOutage { keeps: KEEPS });
    }
    let hours = table.number_in("keeps_h", 0.0..=8_766.0)?.into_inner();
    happens(GatewayEvent::LinkOutage { keeps: Span::from_seconds_f64(hours * 3_600.0) })
}

#[expect(clippy::unnecessary_wraps, reason = "what every reader gives")]
fn happens(event: GatewayEvent) -> Option<InjectionKind> {
    Some(InjectionKind::Gateway(event))
}

fn share(table: &Table<'_>) -> Option<f64> {
    Some(table.number_in("percent", 0.0..=100.0)?.into_inner() / 100.0)
}
