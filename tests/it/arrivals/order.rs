//! Messages that overtake each other, come twice, or come too late.

use std::collections::BTreeMap;

use rand::RngExt as _;
use rand::rngs::ChaCha8Rng;
use sanmen::alarms::event::{AlarmChange, AlarmEvent};
use sanmen::base::random::{Seed, stream};
use sanmen::base::{Flag, Span, Stamp};
use sanmen::ingest::observation::IngestChange;
use sanmen::inspection::book::Kind as RuleKind;
use sanmen::ledger::record::Record;
use sanmen::monitor::{Input, Outcome};
use sanmen::telemetry::topic::Kind;

use super::{Days, LATENESS, Sent, alarms, hear, in_order, more, records};

/// A reading may have waited in its gateway for so long already.
const GATEWAY: Span = Span::minutes(6);

fn drawn(chance: &mut ChaCha8Rng, most: Span) -> Span {
    Span::ms(chance.random_range(0..most.as_ms()))
}

/// The same messages, each some time late within the bound, one in five twice, ticks now and then.
fn disturbed(days: &Days, chance: &mut ChaCha8Rng) -> (Vec<Input>, u64) {
    let (mut heard, mut again) = (Vec::new(), 0);
    for sent in &days.sent {
        // A plant is known from its first message on.
        let most = if sent.kind == Kind::Birth { Span::ms(1) } else { LATENESS - GATEWAY };
        let delay = drawn(chance, most);
        heard.push(days.arrival(sent, sent.at + delay));
        if chance.random_bool(0.2) {
            again += u64::from(!matches!(sent.kind, Kind::Death | Kind::Clock));
            heard.push(days.arrival(sent, sent.at + delay + drawn(chance, Span::minutes(90))));
        }
    }
    (in_order(heard, ticks(days, chance).into_iter()), again)
}

fn ticks(days: &Days, chance: &mut ChaCha8Rng) -> Vec<Stamp> {
    let mut now = days.sent[0].at;
    let end = days.sent[days.sent.len() - 1].at;
    let mut ticks = Vec::new();
    while now < end {
        ticks.push(now);
        now = now + drawn(chance, Span::minutes(30)) + Span::seconds(1);
    }
    ticks
}

fn same(found: &BTreeMap<impl Ord + std::fmt::Display, Vec<AlarmEvent>>, wanted: &[AlarmEvent]) {
    let found: Vec<&AlarmEvent> = found.values().flatten().collect();
    for (found, wanted) in found.iter().zip(wanted) {
        assert_eq!(*found, wanted);
    }
    assert_eq!(found.len(), wanted.len());
}

fn any_order_gives_the_same_alarms(days: &Days, seed: u64) -> Vec<AlarmEvent> {
    let mut chance = stream(Seed(seed), "arrivals/order");
    let mut plain = days.monitor();
    let wanted = hear(&mut plain, &days.plain());
    let wanted: Vec<AlarmEvent> = alarms(&wanted).into_values().flatten().collect();
    let mut other = days.monitor();
    let (inputs, again) = disturbed(days, &mut chance);
    let outcomes = hear(&mut other, &inputs);
    same(&alarms(&outcomes), &wanted);
    let count = |monitor: &sanmen::monitor::Monitor| {
        let plants = monitor.snapshot().plants;
        let sum = |of: fn(&sanmen::ingest::Counters) -> u64| -> u64 {
            plants.iter().map(|plant| of(&plant.counters)).sum()
        };
        [sum(|it| it.readings), sum(|it| it.duplicates), sum(|it| it.lost), sum(|it| it.late)]
    };
    let [readings, twice, lost, late] = count(&plain);
    assert_eq!(count(&other), [readings, twice + again, lost, late], "seed {seed}");
    wanted
}

#[test]
fn two_days_of_one_plant_give_the_same_alarms_in_any_order() {
    let days = Days::long();
    for seed in 0..more() {
        let alarms = any_order_gives_the_same_alarms(&days, seed);
        let raised = |wanted: fn(&RuleKind) -> bool| {
            let rule = |event: &AlarmEvent| days.book.index(event.id.rule.as_str());
            let mut rules = alarms.iter().filter_map(rule).filter_map(|it| days.book.rule(it));
            rules.any(|rule| wanted(&rule.kind))
        };
        assert!(raised(|kind| matches!(kind, RuleKind::Event(_))), "{alarms:#?}");
        assert!(raised(|kind| matches!(kind, RuleKind::Expression(_))), "{alarms:#?}");
        let rises = alarms.iter().any(|event| event.change == AlarmChange::Risen);
        assert!(rises, "a level beyond the limit: {alarms:#?}");
    }
}

#[test]
fn three_plants_in_drawn_troubles_give_the_same_alarms_in_any_order() {
    let mut raised = 0;
    for seed in 0..3 * more() {
        raised += any_order_gives_the_same_alarms(&Days::short(seed), seed).len();
    }
    assert!(raised > 0, "troubles that nobody notices prove nothing");
}

/// Which messages are to come too late: one in ten, each with one in time after it, without which
/// nobody could know that something is missing.
fn late_ones(days: &Days, chance: &mut ChaCha8Rng) -> Vec<bool> {
    let end = days.sent[days.sent.len() - 1].at - Span::HOUR;
    let mut before = vec![false; days.plants.len()];
    let is_late = |sent: &Sent| {
        if sent.kind != Kind::Data {
            return false;
        }
        let before = &mut before[sent.plant];
        *before = !*before && sent.at < end && chance.random_bool(0.1);
        *before
    };
    days.sent.iter().map(is_late).collect()
}

/// What comes later than the bound is kept, flagged, counted and told, and changes no alarm from
/// what it would be if it had not come at all.
#[test]
fn what_comes_too_late_is_flagged_and_counted_and_moves_no_alarm() {
    for seed in 0..2 * more() {
        let days = Days::short(seed);
        let mut chance = stream(Seed(seed), "arrivals/late");
        let is_late = late_ones(&days, &mut chance);
        let all = || days.sent.iter().zip(&is_late);
        let at = |(sent, is_late): (&Sent, &bool)| {
            days.arrival(sent, sent.at + if *is_late { Span::minutes(50) } else { Span::ZERO })
        };
        let ticks = ticks(&days, &mut chance);
        let without = all().filter(|(_, is_late)| !**is_late).map(at).collect();
        let mut deaf = days.monitor();
        let wanted = hear(&mut deaf, &in_order(without, ticks.iter().copied()));
        let with = all().map(at).collect();
        let mut monitor = days.monitor();
        let found = hear(&mut monitor, &in_order(with, ticks.iter().copied()));
        let wanted: Vec<AlarmEvent> = alarms(&wanted).into_values().flatten().collect();
        same(&alarms(&found), &wanted);

        let told = |outcomes: &[Outcome]| {
            let is_late = |record: &&Record| match record {
                Record::Ingest(event) => matches!(event.what, IngestChange::Late { .. }),
                _ => false,
            };
            records(outcomes).iter().filter(is_late).count() as u64
        };
        let count = |monitor: &sanmen::monitor::Monitor| -> u64 {
            monitor.snapshot().plants.iter().map(|plant| plant.counters.late).sum()
        };
        assert!(count(&monitor) > count(&deaf), "seed {seed}");
        assert_eq!(told(&found), count(&monitor), "seed {seed}");
        let doubted = found.iter().filter(|outcome| {
            let late = outcome.outputs.iter().any(|output| match output {
                sanmen::monitor::Output::Ingest(event) => {
                    matches!(event.what, IngestChange::Late { .. })
                }
                _ => false,
            });
            late && outcome.observations.iter().any(|it| it.flag != Flag::Good)
        });
        assert!(doubted.count() > 0, "seed {seed}");
    }
}
