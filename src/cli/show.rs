//! What a running monitor tells, shown: the terminal view, plain lines, or JSON lines.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::base::text::Lang;
use crate::base::{PlantId, Text};
use crate::cli::common::{Format, Telling};
use crate::cli::exit::Failure;
use crate::cli::live::{Hand, Told, say};
use crate::cli::ready::Outline;
use crate::cli::summary::Summary;
use crate::cli::test::write_entry;
use crate::cli::view::build::Builder;
use crate::cli::view::cells::grouped;
use crate::cli::view::draw::mark;
use crate::cli::view::model::{EventRow, Overview, View, VillageRow};
use crate::cli::view::terminal;
use crate::cli::view::words::Words;
use crate::exercise::live::simulate::Progress;
use crate::exercise::live::stop::Stop;
use crate::ingest::observation::IngestChange;
use crate::inspection::book::Book;
use crate::ledger::record::{Entry, Record};
use crate::monitor::Snapshot;
use crate::plant::Plant;
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
    pub fn choose(telling: Telling) -> Self {
        let lang = telling.lang.into();
        match telling.format {
            Some(Format::Json) => Self::Json,
            None if io::stdout().is_terminal() => Self::Terminal(lang),
            Some(Format::Text) | None => Self::Plain(lang),
        }
    }

    /// The language of text for people.
    pub fn lang(self) -> Lang {
        match self {
            Self::Terminal(lang) | Self::Plain(lang) => lang,
            Self::Json => Lang::En,
        }
    }
}

/// What is shown.
pub struct Subject {
    /// The plants in the picture, in the monitor's order; at least one.
    pub plants: Vec<Arc<Plant>>,
    /// What they are together, when they are many.
    pub title: Option<Text>,
    /// The rules, for what a tap needs.
    pub book: Book,
    /// The scenario this process plays, if it does.
    pub run: Option<Played>,
    /// The monitor's connection to the broker.
    pub link: watch::Receiver<LinkStatus>,
    /// Who sits before it, and how they reach the monitor.
    pub person: (String, Hand),
    /// The link of the desk in a browser, if there is one.
    pub desk: Option<String>,
}

/// A scenario played by the same process.
pub struct Played {
    /// The scenario.
    pub outline: Outline,
    /// How far it is.
    pub progress: watch::Receiver<Progress>,
    /// What comes to lie outside the range of a plant's model.
    pub outside: mpsc::Receiver<(PlantId, Outside)>,
    /// Has somebody ended it early?
    pub stopped: Stop,
}

impl Played {
    /// Whom plants tell what lies outside the model; whoever asks again hears nothing.
    fn take_outside(&mut self) -> mpsc::Receiver<(PlantId, Outside)> {
        std::mem::replace(&mut self.outside, mpsc::channel(1).1)
    }

    /// Are the plants about to go, or gone, because the run is over? Then their silence is no news.
    fn is_over(&self) -> bool {
        self.progress.borrow().finished || self.stopped.is_set()
    }
}

/// Shows everything told until the monitor has ended; a person who quits the view says stop.
pub async fn until(
    mut told: Told,
    screen: Screen,
    mut subject: Subject,
    quit: impl FnOnce(),
    stop: Stop,
) -> Result<Summary, Failure> {
    let lang = screen.lang();
    let mut run = subject.run.take();
    let mut outside = run.as_mut().map(Played::take_outside);
    let mut progress = run.as_ref().map(|run| run.progress.clone());
    let outline = run.as_ref().map(|run| &run.outline);
    let Subject { plants, book, title, desk, .. } = &subject;
    let builder =
        Builder::new(plants, book, title.as_ref(), outline, lang).with_desk(desk.as_deref());
    let mut teller = Teller {
        run: run.as_ref(),
        builder,
        lines: Lines::new(screen),
        summary: Summary::new(plants.len()),
        gone_home: BTreeSet::new(),
    };
    let mut link = subject.link.clone();
    teller.builder.link(&link.borrow_and_update().state);
    let (views, seen) = watch::channel(teller.builder.view().clone());
    let (wishes, mut wished) = mpsc::channel(64);
    let mut viewer = match screen {
        Screen::Terminal(_) => {
            let (by, hand) = subject.person.clone();
            Some(tokio::spawn(terminal::show(seen, wishes, hand, by)))
        }
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
            Some((plant, outside)) = next(&mut outside) => teller.leave(&plant, &outside)?,
            Ok(()) = link.changed() => teller.builder.link(&link.borrow_and_update().state),
            Some(wish) = wished.recv() => teller.builder.wish(wish),
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
    /// Plants that said goodbye when the run was over: from there on they stay as they were.
    gone_home: BTreeSet<PlantId>,
}

impl Teller<'_> {
    fn is_over(&self) -> bool {
        self.run.is_some_and(Played::is_over)
    }

    fn hear(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        for entry in entries {
            self.summary.records += 1;
            if let Some(plant) = &entry.plant
                && is_goodbye(&entry.record)
                && self.is_over()
            {
                self.gone_home.insert(plant.clone());
            }
            let is_home = entry.plant.as_ref().is_some_and(|id| self.gone_home.contains(id));
            // When the last is home, so is the monitor.
            let all_home = entry.plant.is_none() && !self.gone_home.is_empty();
            let row = if is_home || all_home {
                None
            } else {
                let portrait = entry.plant.as_ref().and_then(|id| self.builder.of(id));
                self.summary.count(&entry.record, portrait);
                self.builder.entry(entry)
            };
            self.lines.entry(entry, row.as_ref())?;
        }
        Ok(())
    }

    /// Something has come to lie outside the model.
    fn leave(&mut self, plant: &PlantId, outside: &Outside) -> Result<(), Failure> {
        let Some(row) = self.builder.outside(plant, outside) else { return Ok(()) };
        self.summary.outside(&row);
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
        let mut summary = self.summary;
        summary.lang = view.lang;
        summary.counters.clone_from(&view.health);
        summary
    }
}

fn is_goodbye(record: &Record) -> bool {
    matches!(record, Record::Ingest(event) if matches!(event.what, IngestChange::Offline { .. }))
}

/// What comes next, for whoever waits for anything.
async fn next(
    outside: &mut Option<mpsc::Receiver<(PlantId, Outside)>>,
) -> Option<(PlantId, Outside)> {
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
        let is_blank = match &view.overview {
            Some(overview) => overview.totals.online == 0,
            None => view.villages.iter().all(|village| village.share.is_none()),
        };
        if hour == self.hour || is_blank {
            return Ok(());
        }
        self.hour = hour;
        let mut out = io::stdout().lock();
        match &view.overview {
            Some(overview) => writeln!(out, "{}", status_of_many(clock, overview, view.lang))?,
            None => writeln!(out, "{}", status_line(clock, view))?,
        }
        Ok(())
    }
}

/// How many plants stand, in one line: alarms, people concerned, the plant that is worst off.
fn status_of_many(clock: &str, overview: &Overview, lang: Lang) -> String {
    let words = Words::of(lang);
    let [alarmed, concerned, of] = words.totals;
    let totals = &overview.totals;
    let mut line = format!(
        "{clock}  {} · {alarmed} {} / {} · {concerned} {} {of} {}",
        alarms(totals.alarms, words),
        totals.alarmed,
        totals.plants,
        grouped(totals.concerned),
        grouped(totals.people),
    );
    let worst = overview.rows.first().and_then(|row| Some((row, row.worst.as_ref()?)));
    if let Some((row, worst)) = worst {
        let sign = mark(row.level);
        line.push_str(&format!(" · {sign} {} {} · {}", row.name, worst.title, worst.why));
    }
    line
}

fn alarms(count: usize, words: &Words) -> String {
    let [none, one, many] = words.standing;
    match count {
        0 => none.to_owned(),
        1 => one.to_owned(),
        more => format!("{many} {more}"),
    }
}

/// How everything stands, in one line: alarms, pressures, finished water.
fn status_line(clock: &str, view: &View) -> String {
    let words = Words::of(view.lang);
    let alarms = alarms(view.active(), words);
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
