//! What a running monitor tells, shown: the terminal view, plain lines, or JSON lines.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::alarms::event::{AlarmChange, AlarmId};
use crate::base::Span;
use crate::base::text::Lang;
use crate::cli::common::{Common, Format};
use crate::cli::exit::Failure;
use crate::cli::live::{Told, say};
use crate::cli::test::write_entry;
use crate::cli::view::build::Builder;
use crate::cli::view::cells::left;
use crate::cli::view::draw::mark;
use crate::cli::view::model::{EventRow, View, VillageRow};
use crate::cli::view::terminal;
use crate::cli::view::words::Words;
use crate::exercise::live::simulate::Progress;
use crate::exercise::live::stop::Stop;
use crate::ingest::observation::IngestChange;
use crate::inspection::book::Book;
use crate::ledger::record::{Entry, Record};
use crate::monitor::Snapshot;
use crate::plant::Plant;
use crate::scenario::Scenario;
use crate::telemetry::link::LinkStatus;
use crate::world::Outside;

/// How a run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// The live view.
    Terminal(Lang),
    /// Lines of text on stdout.
    Plain(Lang),
    /// The ledger's records as JSON lines on stdout.
    Json,
}

impl Screen {
    /// The live view on a terminal, unless lines or JSON are asked for.
    pub fn choose(common: &Common) -> Self {
        let lang = common.lang.into();
        match common.format {
            Some(Format::Json) => Self::Json,
            None if io::stdout().is_terminal() => Self::Terminal(lang),
            Some(Format::Text) | None => Self::Plain(lang),
        }
    }
}

/// What is shown.
pub struct Subject {
    /// The plant in the picture.
    pub plant: Arc<Plant>,
    /// The rules, for what a tap needs.
    pub book: Book,
    /// The scenario this process plays, if it does.
    pub run: Option<Played>,
    /// The monitor's connection to the broker.
    pub link: watch::Receiver<LinkStatus>,
}

/// A scenario played by the same process.
pub struct Played {
    /// The scenario.
    pub scenario: Scenario,
    /// How far it is.
    pub progress: watch::Receiver<Progress>,
    /// What comes to lie outside the range of the model.
    pub outside: mpsc::Receiver<Outside>,
    /// Has somebody ended it early?
    pub stopped: Stop,
}

impl Played {
    /// Whom the plant tells what lies outside the model; whoever asks again hears nothing.
    fn take_outside(&mut self) -> mpsc::Receiver<Outside> {
        std::mem::replace(&mut self.outside, mpsc::channel(1).1)
    }

    /// Is the plant about to go, or gone, because the run is over? Then its silence is no news.
    fn is_over(&self) -> bool {
        self.progress.borrow().finished || self.stopped.is_set()
    }
}

/// Alarms that the summary lists.
const LISTED: usize = 12;

/// What came of a run.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    lang: Lang,
    records: u64,
    alarms: Vec<Episode>,
    /// What lay outside the model, a line each.
    outside: Vec<String>,
    counters: String,
}

/// One alarm, from when to when.
#[derive(Debug, Clone)]
struct Episode {
    id: AlarmId,
    from: String,
    until: Option<String>,
    text: String,
}

/// Shows everything told until the monitor has ended; a person who quits the view says stop.
pub async fn until(
    mut told: Told,
    screen: Screen,
    subject: Subject,
    quit: impl FnOnce(),
    stop: Stop,
) -> Result<Summary, Failure> {
    let lang = match screen {
        Screen::Terminal(lang) | Screen::Plain(lang) => lang,
        Screen::Json => Lang::En,
    };
    let mut run = subject.run;
    let mut outside = run.as_mut().map(Played::take_outside);
    let mut progress = run.as_ref().map(|run| run.progress.clone());
    let scenario = run.as_ref().map(|run| &run.scenario);
    let builder = Builder::new(&subject.plant, &subject.book, scenario, lang);
    let mut teller = Teller {
        run: run.as_ref(),
        builder,
        lines: Lines::new(screen),
        summary: Summary::default(),
        gone_home: false,
    };
    let mut link = subject.link;
    teller.builder.link(&link.borrow_and_update().state);
    let (views, seen) = watch::channel(teller.builder.view().clone());
    let (speak, mut spoken) = watch::channel(lang);
    let mut viewer = match screen {
        Screen::Terminal(_) => Some(tokio::spawn(terminal::show(seen, speak))),
        Screen::Plain(_) | Screen::Json => None,
    };
    let mut quit = Some(quit);
    loop {
        tokio::select! {
            entries = told.records.recv() => {
                let Some(entries) = entries else { break };
                teller.hear(&entries)?;
            }
            // Once the monitor has ended this fails, but its last records may still wait.
            Ok(()) = told.snapshots.changed() => {
                let snapshot = told.snapshots.borrow_and_update().clone();
                teller.see(snapshot)?;
            }
            () = moved(&mut progress) => {
                if let Some(progress) = &progress {
                    teller.builder.progress(*progress.borrow());
                }
            }
            Some(outside) = next(&mut outside) => teller.leave(&outside)?,
            Ok(()) = link.changed() => teller.builder.link(&link.borrow_and_update().state),
            Ok(()) = spoken.changed() => teller.builder.speak(*spoken.borrow_and_update()),
            () = gone(&mut viewer) => {
                viewer = None;
                if let Some(quit) = quit.take() {
                    quit();
                }
            }
            () = stop.wait(), if viewer.is_some() => {
                // The terminal belongs to the summary from here on.
                views.send_replace(View { closing: true, ..teller.builder.view().clone() });
                gone(&mut viewer).await;
                viewer = None;
            }
        }
        let _ = views.send(teller.builder.view().clone());
    }
    drop(views);
    if viewer.is_some() {
        gone(&mut viewer).await;
    }
    Ok(teller.finish())
}

/// Tells people what the monitor tells.
struct Teller<'a> {
    run: Option<&'a Played>,
    builder: Builder<'a>,
    lines: Lines,
    summary: Summary,
    /// Has a run that is over said goodbye? From there on the picture stays as it was.
    gone_home: bool,
}

impl Teller<'_> {
    fn is_over(&self) -> bool {
        self.run.is_some_and(Played::is_over)
    }

    fn hear(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        for entry in entries {
            self.summary.records += 1;
            self.gone_home |= is_goodbye(&entry.record) && self.is_over();
            let row = if self.gone_home {
                None
            } else {
                self.summary.count(&entry.record, &self.builder);
                self.builder.record(&entry.record)
            };
            self.lines.entry(entry, row.as_ref())?;
        }
        Ok(())
    }

    /// Something has come to lie outside the model.
    fn leave(&mut self, outside: &Outside) -> Result<(), Failure> {
        let row = self.builder.outside(outside);
        self.summary.outside.push(format!("{}  {}", row.at, row.text));
        self.lines.row(&row)
    }

    fn see(&mut self, snapshot: Snapshot) -> Result<(), Failure> {
        if self.is_over() && snapshot.plants.iter().any(|plant| plant.online == Some(false)) {
            self.builder.counters(&snapshot);
            return Ok(());
        }
        self.builder.snapshot(snapshot);
        self.lines.status(self.builder.view())
    }

    fn finish(self) -> Summary {
        let view = self.builder.view();
        Summary { lang: view.lang, counters: view.health.clone(), ..self.summary }
    }
}

fn is_goodbye(record: &Record) -> bool {
    matches!(record, Record::Ingest(event) if matches!(event.what, IngestChange::Offline { .. }))
}

/// What comes next, for whoever waits for anything.
async fn next(outside: &mut Option<mpsc::Receiver<Outside>>) -> Option<Outside> {
    match outside {
        Some(receiver) => receiver.recv().await,
        None => None,
    }
}

async fn moved(progress: &mut Option<watch::Receiver<Progress>>) {
    let ended = match progress {
        Some(receiver) => receiver.changed().await.is_err(),
        None => std::future::pending().await,
    };
    if ended {
        *progress = None;
    }
}

async fn gone(viewer: &mut Option<tokio::task::JoinHandle<io::Result<()>>>) {
    match viewer {
        Some(viewer) => {
            if let Ok(Err(error)) = viewer.await {
                say(&format!("the terminal view ended: {error}"));
            }
        }
        None => std::future::pending().await,
    }
}

/// Lines on stdout.
struct Lines {
    screen: Screen,
    hour: String,
}

impl Lines {
    fn new(screen: Screen) -> Self {
        Self { screen, hour: String::new() }
    }

    fn entry(&self, entry: &Entry, row: Option<&EventRow>) -> Result<(), Failure> {
        match (self.screen, row) {
            (Screen::Json, _) => write_entry(entry, &mut io::stdout().lock()),
            (_, Some(row)) => self.row(row),
            _ => Ok(()),
        }
    }

    fn row(&self, row: &EventRow) -> Result<(), Failure> {
        if matches!(self.screen, Screen::Plain(_)) {
            writeln!(io::stdout().lock(), "{row}")?;
        }
        Ok(())
    }

    /// Once a simulated hour, how everything stands.
    fn status(&mut self, view: &View) -> Result<(), Failure> {
        let (Screen::Plain(_), Some(clock)) = (self.screen, &view.clock) else { return Ok(()) };
        let hour: String = clock.chars().take("12-05 07".len()).collect();
        if hour == self.hour || view.villages.iter().all(|village| village.share.is_none()) {
            return Ok(());
        }
        self.hour = hour;
        let mut out = io::stdout().lock();
        writeln!(out, "{}", status_line(clock, view))?;
        Ok(())
    }
}

/// How everything stands, in one line: alarms, pressures, finished water.
fn status_line(clock: &str, view: &View) -> String {
    let words = Words::of(view.lang);
    let [none, one, many] = words.standing;
    let alarms = match view.active() {
        0 => none.to_owned(),
        1 => one.to_owned(),
        more => format!("{many} {more}"),
    };
    let [taps, finished] = words.status;
    let village = |village: &VillageRow| {
        let sign = mark(village.pressure.level).trim();
        format!("{} {sign}{}", village.name, village.pressure.number)
    };
    let villages: Vec<String> = view.villages.iter().map(village).collect();
    let quality: Vec<String> = view
        .finished_quality()
        .map(|value| format!("{}{} {}", mark(value.level).trim(), value.number, value.unit))
        .collect();
    let comma = words.comma;
    let (villages, quality) = (villages.join(comma), quality.join(comma));
    format!("{clock}  {alarms} · {taps} {villages} · {finished} {quality}")
}

impl Summary {
    fn count(&mut self, record: &Record, builder: &Builder<'_>) {
        let Record::Alarm(event) = record else { return };
        let at = || builder.local(event.at);
        match event.change {
            AlarmChange::Raised => self.alarms.push(Episode {
                id: event.id.clone(),
                from: at(),
                until: None,
                text: match &event.id.tag {
                    Some(tag) => format!("{tag} {}", builder.title(event)),
                    None => builder.title(event),
                },
            }),
            AlarmChange::Cleared => {
                let mut latest = self.alarms.iter_mut().rev();
                if let Some(alarm) = latest.find(|alarm| alarm.id == event.id) {
                    alarm.until = Some(at());
                }
            }
            _ => {}
        }
    }

    /// Says it, on stderr.
    pub fn say(&self, took: Span, ledger: &str) {
        say(&self.text(took, ledger));
    }

    fn text(&self, took: Span, ledger: &str) -> String {
        let words = Words::of(self.lang);
        let [raised, cleared, stands, more] = words.summary;
        let [records, taken] = words.ledger;
        let done = self.alarms.iter().filter(|alarm| alarm.until.is_some()).count();
        let count = self.alarms.len();
        let mut lines = vec![String::new()];
        lines.push(format!("{raised} {count}{}{cleared} {done}", words.comma));
        for alarm in self.alarms.iter().take(LISTED) {
            let until = alarm.until.as_deref().unwrap_or(stands);
            lines.push(format!("  {} – {}  {}", alarm.from, left(until, 11), alarm.text));
        }
        if count > LISTED {
            lines.push(format!("  {more} {}", count - LISTED));
        }
        if !self.outside.is_empty() {
            lines.push(format!("{} {}", words.outside_count, self.outside.len()));
            let listed = self.outside.iter().take(LISTED);
            lines.extend(listed.map(|line| format!("  {line}")));
        }
        lines.push(format!("{} {records} {ledger}", self.records));
        lines.push(self.counters.clone());
        lines.push(format!("{taken} {}", Span::seconds(took.as_ms() / 1_000)));
        lines.join("\n")
    }
}
