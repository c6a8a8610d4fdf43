#![expect(clippy::disallowed_methods, reason = "edge: reads the file, measures how long it takes")]
//! `sanmen network FILE.inp`: any EPANET file, solved by EPANET or by our world, in SI units.

mod compare;
mod run;
mod summary;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Serialize, Serializer};

use super::exit::Failure;
use super::library;
use crate::base::problem::{Problems, Source};
use crate::world::hydraulics::EngineError;
use crate::world::hydraulics::file::{
    FileError, FileRun, Layout, LinkState, NodeState, Step, StepWarning, Times, decode,
};
use crate::world::hydraulics::mistakes;
use compare::Comparison;
use run::Run;
pub(super) use run::plant_model;
use summary::Summary;

/// Longest simulation: EPANET counts seconds, in 32 bits on some machines.
const HOURS_MAX: f64 = 500_000.0;

/// A run shorter than this shows no progress.
const PATIENCE: Duration = Duration::from_secs(1);

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// For people
    Text,
    /// For spreadsheets: one line for each node or link and step
    Csv,
    /// For programs: one JSON object a line
    Json,
}

/// Arguments of `sanmen network`.
#[derive(Debug, Args)]
pub struct NetworkArgs {
    /// The EPANET network (.inp)
    file: PathBuf,
    /// Hours to simulate; as the file says by default
    #[arg(long, value_name = "H", allow_negative_numbers = true, value_parser = hours)]
    hours: Option<f64>,
    /// Seconds between results, and the longest hydraulic step; as the file says by default
    #[arg(
        long,
        value_name = "S",
        allow_negative_numbers = true,
        value_parser = clap::value_parser!(i64).range(1..=31_536_000),
    )]
    step: Option<i64>,
    /// What stdout carries: a table for people, or every result for programs
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
    /// Who keeps the clock, fills tanks, acts on controls and carries the water
    #[arg(long, value_enum, default_value_t = Engine::Epanet)]
    engine: Engine,
    /// Print how far the engine `world` differs from EPANET's own stepping, and nothing else
    #[arg(long)]
    compare: bool,
}

/// Who steps through time; flows are EPANET's solutions either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// EPANET itself
    Epanet,
    /// The clock, tanks, controls and transport that plants have
    World,
}

fn hours(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(hours) if (0.0..=HOURS_MAX).contains(&hours) => Ok(hours),
        _ => Err(format!("must be a number of hours from 0 to {HOURS_MAX}")),
    }
}

/// Solves the file and writes its results to `out`, step by step.
///
/// Errors: `Files` with every mistake EPANET finds, `Usage` for a file that cannot be read or that
/// has no solution.
pub fn run(args: &NetworkArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let times = Times {
        duration_s: args.hours.map(|hours| (hours * 3_600.0).round() as i64),
        step_s: args.step,
    };
    if args.compare {
        return compare_engines(args, times, out);
    }
    let mut run = match args.engine {
        Engine::Epanet => Run::Epanet(Box::new(open(&args.file, times)?)),
        Engine::World => Run::world(&args.file, times)?,
    };
    let layout = run.layout().clone();
    let progress = Progress::new(layout.duration_s);
    let mut warnings = Warnings::default();
    let mut summary = Summary::new(&layout);
    match args.format {
        TableFormat::Text => summary.head(&args.file, out)?,
        TableFormat::Csv => writeln!(out, "{CSV_HEAD}")?,
        TableFormat::Json => {}
    }
    loop {
        let Some(step) = run.next_step(&args.file)? else { break };
        match args.format {
            TableFormat::Text => summary.step(step, out)?,
            TableFormat::Csv => write_csv(&layout, step, out)?,
            TableFormat::Json => write_json(&layout, step, out)?,
        }
        warnings.note(&step.warnings);
        progress.at(step.time_s);
    }
    progress.end();
    warnings.note(run.warnings());
    if args.format == TableFormat::Text {
        summary.tail(run.totals(), out)?;
    }
    out.flush()?;
    warnings.say();
    let (at_s, of_s) = (run.solved_s(), layout.duration_s);
    if at_s < of_s {
        return Err(Failure::usage(Stopped { path: args.file.clone(), at_s, of_s }));
    }
    Ok(())
}

/// Both engines through the file, side by side.
fn compare_engines(args: &NetworkArgs, times: Times, out: &mut dyn Write) -> Result<(), Failure> {
    if args.engine == Engine::Epanet {
        return Err(Failure::usage("--compare needs --engine world"));
    }
    let mut theirs = Run::Epanet(Box::new(open(&args.file, times)?));
    let mut ours = Run::world(&args.file, times)?;
    let layout = theirs.layout().clone();
    let progress = Progress::new(layout.duration_s);
    let mut comparison = Comparison::new(&layout, ours.ends());
    let mut warnings = Warnings::default();
    while let (Some(theirs), Some(ours)) =
        (theirs.next_step(&args.file)?, ours.next_step(&args.file)?)
    {
        comparison.add(ours, theirs);
        warnings.note(&ours.warnings);
        progress.at(theirs.time_s);
    }
    progress.end();
    compare::write(&comparison.finish(), args.format, out)?;
    warnings.say();
    Ok(())
}

/// Opens the file; after a refusal asks EPANET once more for the list of the mistakes.
fn open(path: &Path, times: Times) -> Result<FileRun, Failure> {
    let bytes = library::bytes(path)?;
    let source = Source::new(path.display().to_string(), decode(&bytes));
    let unreadable = mistakes::unreadable(&source);
    if !unreadable.is_empty() {
        return Err(Failure::Files(unreadable));
    }
    let refused = match FileRun::open(path, None, times) {
        Ok(run) => return Ok(run),
        Err(refused) => refused,
    };
    let report = if refused.report.is_empty() {
        ReportFile::create()
            .and_then(|report| report.after(|to| drop(FileRun::open(path, Some(to), times))))
            .map_err(|error| Failure::outside(NoReport(error)))?
    } else {
        refused.report.join("\n")
    };
    Err(file_failure(&source, &report, refused.error))
}

/// The mistakes of a report, or EPANET's bare answer when it lists none.
fn file_failure(source: &Arc<Source>, report: &str, error: EngineError) -> Failure {
    let problems: Problems = mistakes::in_report(source, report.lines());
    if problems.is_empty() {
        Failure::usage(Refused { path: PathBuf::from(&source.path), error })
    } else {
        Failure::Files(problems)
    }
}

fn no_solution(path: &Path, failed: FileError) -> Failure {
    Failure::usage(Refused { path: path.to_owned(), error: failed.error })
}

/// EPANET does not take the file, or finds no solution.
#[derive(Debug, thiserror::Error)]
#[error("{}", path.display())]
struct Refused {
    path: PathBuf,
    #[source]
    error: EngineError,
}

/// EPANET gave up before the end.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}: EPANET stopped at {} of {}: the system does not balance, and the file says UNBALANCED \
     STOP",
    path.display(), clock(*at_s), clock(*of_s)
)]
struct Stopped {
    path: PathBuf,
    at_s: i64,
    of_s: i64,
}

/// There is no place for EPANET's report.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep EPANET's report in the temporary folder")]
struct NoReport(#[source] io::Error);

/// A file for EPANET's report, gone when dropped.
struct ReportFile(PathBuf);

impl ReportFile {
    fn create() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("sanmen-{}.rpt", process::id()));
        fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(Self(path))
    }

    /// What the file holds after `write`.
    fn after(&self, write: impl FnOnce(&Path)) -> io::Result<String> {
        write(&self.0);
        fs::read(&self.0).map(|bytes| decode(&bytes))
    }
}

impl Drop for ReportFile {
    fn drop(&mut self) {
        // A file left in the temporary folder is no reason to fail.
        let _ = fs::remove_file(&self.0);
    }
}

const CSV_HEAD: &str =
    "time_s,kind,id,head_m,pressure_m,demand_m3_per_s,quality,flow_m3_per_s,status";

fn write_csv(layout: &Layout, step: &Step, out: &mut dyn Write) -> io::Result<()> {
    let time = step.time_s;
    for (item, node) in layout.nodes.iter().zip(&step.nodes) {
        let quality = node.quality.map_or_else(String::new, |quality| quality.to_string());
        let (head, pressure) = (node.head.as_m(), node.pressure.as_m());
        let demand = node.demand.as_m3_per_s();
        let (kind, id) = (item.kind, csv_text(&item.id));
        writeln!(out, "{time},{kind},{id},{head},{pressure},{demand},{quality},,")?;
    }
    for (item, link) in layout.links.iter().zip(&step.links) {
        let (kind, id) = (item.kind, csv_text(&item.id));
        let flow = link.flow.as_m3_per_s();
        writeln!(out, "{time},{kind},{id},,,,,{flow},{}", link.status.word())?;
    }
    Ok(())
}

/// RFC 4180: quoted when it holds a comma or a quote.
fn csv_text(text: &str) -> String {
    if text.contains([',', '"']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// One line of JSON.
#[derive(Serialize)]
struct JsonStep<'a> {
    time_s: i64,
    #[serde(serialize_with = "by_id")]
    nodes: (&'a Layout, &'a [NodeState]),
    #[serde(serialize_with = "links_by_id")]
    links: (&'a Layout, &'a [LinkState]),
}

#[derive(Serialize)]
struct JsonNode {
    head_m: f64,
    pressure_m: f64,
    demand_m3_per_s: f64,
    quality: Option<f64>,
}

#[derive(Serialize)]
struct JsonLink {
    flow_m3_per_s: f64,
    status: &'static str,
}

fn by_id<S: Serializer>(
    (layout, states): &(&Layout, &[NodeState]),
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(layout.nodes.iter().zip(*states).map(|(item, node)| {
        let node = JsonNode {
            head_m: node.head.as_m(),
            pressure_m: node.pressure.as_m(),
            demand_m3_per_s: node.demand.as_m3_per_s(),
            quality: node.quality,
        };
        (&item.id, node)
    }))
}

fn links_by_id<S: Serializer>(
    (layout, states): &(&Layout, &[LinkState]),
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(layout.links.iter().zip(*states).map(|(item, link)| {
        let link = JsonLink { flow_m3_per_s: link.flow.as_m3_per_s(), status: link.status.word() };
        (&item.id, link)
    }))
}

fn write_json(layout: &Layout, step: &Step, out: &mut dyn Write) -> io::Result<()> {
    let line = JsonStep {
        time_s: step.time_s,
        nodes: (layout, &step.nodes),
        links: (layout, &step.links),
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

/// A bar on a terminal, once the run takes longer than `PATIENCE`.
struct Progress {
    bar: Option<ProgressBar>,
    since: Instant,
}

impl Progress {
    fn new(duration_s: i64) -> Self {
        let bar =
            u64::try_from(duration_s).ok().filter(|_| io::IsTerminal::is_terminal(&io::stderr()));
        let bar = bar.map(|length| {
            let bar = ProgressBar::hidden();
            bar.set_length(length);
            bar
        });
        Self { bar, since: Instant::now() }
    }

    fn at(&self, time_s: i64) {
        let Some(bar) = &self.bar else { return };
        if bar.is_hidden() && self.since.elapsed() > PATIENCE {
            if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent:>3} % {eta} left") {
                bar.set_style(style);
            }
            bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        }
        bar.set_position(u64::try_from(time_s).unwrap_or(0));
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// EPANET's warnings, each said once, however often it came.
#[derive(Default)]
struct Warnings(BTreeMap<String, Spell>);

/// The solutions a warning came with.
struct Spell {
    count: u64,
    first_s: i64,
    last_s: i64,
}

impl Warnings {
    fn note(&mut self, warnings: &[StepWarning]) {
        for StepWarning { time_s, text, .. } in warnings {
            let new = || Spell { count: 0, first_s: *time_s, last_s: *time_s };
            let spell = self.0.entry(text.clone()).or_insert_with(new);
            spell.count += 1;
            spell.last_s = *time_s;
        }
    }

    fn say(&self) {
        let mut stderr = io::stderr().lock();
        for (text, spell) in &self.0 {
            let (first, last) = (clock(spell.first_s), clock(spell.last_s));
            // With stderr closed there is nobody left to tell.
            let _ = match spell.count {
                1 => writeln!(stderr, "warning: {text}, at {first}"),
                n => writeln!(stderr, "warning: {text}, {n} times from {first} to {last}"),
            };
        }
    }
}

/// `H:MM`, with seconds when there are any.
fn clock(time_s: i64) -> String {
    let (hours, minutes, seconds) = (time_s / 3_600, time_s / 60 % 60, time_s % 60);
    if seconds == 0 {
        format!("{hours}:{minutes:02}")
    } else {
        format!("{hours}:{minutes:02}:{seconds:02}")
    }
}
