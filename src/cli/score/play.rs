//! Scenarios played for their alarms, and what happened in them.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::{ScoreArgs, parts};
use crate::alarms::load::Load;
use crate::base::Span;
use crate::base::problem::Problems;
use crate::base::text::Lang;
use crate::cli::cores::on_all_cores;
use crate::cli::dataset::SeedList;
use crate::cli::dataset::part::Part;
use crate::cli::exit::{Failure, both, chain};
use crate::cli::library::Library;
use crate::exercise::offline;
use crate::exercise::score::{Alert, Event, Run};
use crate::inspection::book::{Book, InspectionRule};
use crate::scenario::Scenario;

/// Of the lead, this does not count: whoever needs the past of a day says nothing before.
const PROBATION: Span = Span::DAY;

/// How long after its sample a laboratory's alarm may come: its results count for so long.
const LABORATORY: Span = Span::hours(7 * 24);

/// What is to be played, and by which rules each part of it is judged.
pub(super) struct Bill {
    parts: Vec<Part>,
    books: Vec<Book>,
    /// Position of its book, for each part.
    by: Vec<usize>,
}

impl Bill {
    /// Every rule that judges something; of those with one id the first.
    pub fn rules(&self) -> Vec<InspectionRule> {
        let mut rules: Vec<InspectionRule> = Vec::new();
        for rule in self.books.iter().flat_map(Book::rules) {
            if rules.iter().all(|known| known.id != rule.id) {
                rules.push(rule.clone());
            }
        }
        rules
    }

    /// The same, with the rules that `change` makes of those of each book.
    pub fn with(self, change: impl Fn(&Book) -> Vec<InspectionRule>) -> Self {
        let books = self.books.iter().map(|book| book.with_rules(change(book))).collect();
        Self { books, ..self }
    }
}

/// What all runs have in common.
pub(super) struct Stage {
    library: Library,
    /// The rules in force.
    book: Book,
    lead: Span,
    threads: Option<NonZero<usize>>,
    lang: Lang,
}

impl Stage {
    /// As the command line has it.
    fn new(args: &ScoreArgs) -> Result<Self, Problems> {
        let library = args.shelves.library();
        let book = library.book()?;
        let lead = Span::from_seconds_f64(args.lead_h * 3_600.0);
        Ok(Self { library, book, lead, threads: args.threads, lang: args.lang.into() })
    }

    /// The stage, and the parts for it. Errors: every mistake of rules, plants and scenarios.
    pub fn with_parts(
        args: &ScoreArgs,
        seeds: Option<&SeedList>,
    ) -> Result<(Self, Vec<Part>), Failure> {
        let (parts, stage) = both(parts(args, seeds), Path::new("scenarios"), Self::new(args))?;
        Ok((stage, parts))
    }

    /// The parts, and the rules that each is judged by: those in force, or those that its scenario
    /// names. Errors: every mistake of every such list.
    pub fn judged(&self, parts: Vec<Part>) -> Result<Bill, Failure> {
        let mut books = vec![self.book.clone()];
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        let mut problems = Problems::new();
        let mut by = Vec::new();
        for part in &parts {
            let Some(list) = part.judged_by() else {
                by.push(0);
                continue;
            };
            let at = *known.entry(list.source.path.clone()).or_insert(books.len());
            if at == books.len() {
                match self.library.judging(&self.book, Some(list)) {
                    Ok(book) => books.push(book.into_owned()),
                    Err(found) => {
                        problems.absorb(found);
                        books.push(self.book.clone());
                    }
                }
            }
            by.push(at);
        }
        Ok(problems.into_result(Some(Bill { parts, books, by }))?)
    }

    /// Plays all parts of a bill, on all cores; in its order.
    pub fn play(&self, bill: &Bill) -> Result<Vec<Run>, Failure> {
        let parts = &bill.parts;
        let bar = ProgressBar::new(parts.len() as u64);
        let style = self.lang.pick(
            "{bar:40} {pos} of {len} scenarios, {eta} left",
            "{bar:40} 情景{pos}/{len},剩余{eta}",
        );
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        let played = on_all_cores(parts.len(), self.threads, |at| {
            let run = self.play_one(&parts[at], &bill.books[bill.by[at]]);
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
