//! Scenarios played for their alarms, and what happened in them.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressStyle};

use super::ScoreArgs;
use crate::alarms::load::Load;
use crate::base::Span;
use crate::cli::cores::on_all_cores;
use crate::cli::dataset::part::Part;
use crate::cli::exit::{Failure, chain};
use crate::exercise::offline;
use crate::exercise::score::{Alert, Event, Run};
use crate::inspection::book::Book;
use crate::scenario::Scenario;

/// Of the lead, this does not count: whoever needs the past of a day says nothing before.
const PROBATION: Span = Span::DAY;

/// How long after its sample a laboratory's alarm may come: its results count for so long.
const LABORATORY: Span = Span::hours(7 * 24);

/// What all runs have in common.
pub(super) struct Stage {
    /// The rules in force.
    pub book: Book,
    lead: Span,
    threads: Option<NonZero<usize>>,
}

impl Stage {
    /// As the command line has it.
    pub fn new(args: &ScoreArgs) -> Result<Self, Failure> {
        let book = args.shelves.library().book()?;
        let lead = Span::from_seconds_f64(args.lead_h * 3_600.0);
        Ok(Self { book, lead, threads: args.threads })
    }

    /// Plays all parts under the rules of `book`, on all cores; in the order of `parts`.
    pub fn play(&self, parts: &[Part], book: &Book) -> Result<Vec<Run>, Failure> {
        let bar = ProgressBar::new(parts.len() as u64);
        let style = "{bar:40} {pos} of {len} scenarios, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        let played = on_all_cores(parts.len(), self.threads, |at| {
            let run = self.play_one(&parts[at], book);
            bar.inc(1);
            if run.is_err() { ControlFlow::Break(run) } else { ControlFlow::Continue(run) }
        });
        bar.finish_and_clear();
        let runs: Vec<Run> = played.into_iter().flatten().collect::<Result<_, _>>()?;
        if runs.len() == parts.len() { Ok(runs) } else { Err(Failure::Bug) }
    }

    fn play_one(&self, part: &Part, book: &Book) -> Result<Run, Failure> {
        let (plant, scenario, seed) = part.play().map_err(Failure::outside)?;
        let led = self.led(&scenario);
        let (start, end) = (led.start, led.end());
        let from = start + self.lead.min(PROBATION);
        let played = offline::play(&plant, &led, book, Some(seed));
        let played =
            played.map_err(|error| Failure::usage(format!("{}: {}", part.name, chain(&error))))?;
        let injections = scenario.injections_with(seed);
        let written = part.written(&plant, &scenario);
        let events = injections.iter().zip(&written).map(|(injection, written)| {
            Event::new(&written.kind, injection.from, injection.until, end)
        });
        let rules = book.rules().iter().filter(|rule| rule.kind.is_of_results());
        let late: BTreeSet<&str> = rules.map(|rule| rule.id.as_str()).collect();
        let alarms: Vec<_> = played.alarm_events().cloned().collect();
        let load = Load::measure(&alarms, &[], (start, end), &book.handling().load);
        let alerts = load.episodes.iter().map(|it| Alert {
            by: it.alarm.rule.to_string(),
            from: it.raised,
            until: it.cleared.unwrap_or(end),
            late: if late.contains(it.alarm.rule.as_str()) { LABORATORY } else { Span::ZERO },
        });
        let (events, alerts) = (events.collect(), alerts.collect());
        Ok(Run { name: part.name.clone(), from, to: end, events, alerts })
    }

    /// The scenario with the lead before it; nobody asks here what it expects.
    fn led(&self, scenario: &Scenario) -> Scenario {
        let mut led = scenario.clone();
        led.start = scenario.start - self.lead;
        led.duration = scenario.duration + self.lead;
        led.expectations.clear();
        led.energy.clear();
        led
    }
}
