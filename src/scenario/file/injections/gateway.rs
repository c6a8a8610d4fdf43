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
    keys: &["times", "percent", "delay_s", "jitter_s", "by_s", "keeps_h"],
};

/// Longest delay of a message, s: a day.
const DELAY_S_MAX: f64 = 86_400.0;

/// What a gateway keeps through an outage unless the scenario says otherwise `[D]`: a small
/// telemetry unit's flash holds some days.
const KEEPS: Span = Span::hours(72);

fn silence(_table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    happens(GatewayEvent::Silence)
}

fn frozen(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let old_times = if table.has("times") {
        table.choice("times", &[("new", false), ("old", true)])?.into_inner()
    } else {
        false
    };
    happens(GatewayEvent::Frozen { old_times })
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

#[cfg(test)]
mod tests {
    use super::super::tests::{kind, read};
    use super::*;

    #[test]
    fn every_trouble_of_the_gateway_and_its_link_is_read() {
        use GatewayEvent as G;
        let span = Span::seconds;
        let delay = |jitter| G::LinkDelay { delay: span(5), jitter: span(jitter) };
        let cases = [
            ("gateway-silence\"", G::Silence),
            ("gateway-frozen\"", G::Frozen { old_times: false }),
            ("gateway-frozen\"\ntimes = \"old\"", G::Frozen { old_times: true }),
            ("link-loss\"\npercent = 30", G::LinkLoss { share: 0.3 }),
            ("link-delay\"\ndelay_s = 5", delay(0)),
            ("link-delay\"\ndelay_s = 5\njitter_s = 10", delay(10)),
            ("link-duplicate\"\npercent = 10", G::LinkDuplicate { share: 0.1 }),
            (
                "link-reorder\"\npercent = 20\nby_s = 40",
                G::LinkReorder { share: 0.2, by: span(40) },
            ),
            ("link-outage\"", G::LinkOutage { keeps: Span::hours(72) }),
            ("link-outage\"\nkeeps_h = 0.5", G::LinkOutage { keeps: Span::minutes(30) }),
        ];
        for (keys, wanted) in cases {
            assert_eq!(kind(&format!("kind = \"{keys}")), InjectionKind::Gateway(wanted), "{keys}");
        }
    }

    #[test]
    fn what_no_link_does_is_refused() {
        let text = "[[inject]]\nid = \"a\"\nat_min = 0\nkind = \"link-loss\"\npercent = 130\n\n\
                    [[inject]]\nid = \"b\"\nat_min = 0\nkind = \"link-delay\"\njitter_s = -1\n\n\
                    [[inject]]\nid = \"c\"\nat_min = 0\nkind = \"link-outage\"\nkeeps = 3\n\n\
                    [[inject]]\nid = \"d\"\nat_min = 0\nkind = \"gateway-frozen\"\n\
                    times = \"odd\"\n";
        insta::assert_snapshot!(read(text).expect_err("mistakes").render(false));
    }
}
