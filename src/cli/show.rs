//! What a running monitor tells, shown: the terminal view, plain lines, or JSON lines.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use tokio::sync::watch;

use crate::alarms::event::AlarmChange;
use crate::base::Span;
use crate::base::text::Lang;
use crate::cli::common::{Common, Format};
use crate::cli::exit::Failure;
use crate::cli::live::{Told, say};
use crate::cli::test::write_entry;
use crate::cli::view::build::Builder;
use crate::cli::view::model::View;
use crate::cli::view::terminal;
use crate::exercise::live::simulate::Progress;
use crate::exercise::live::stop::Stop;
use crate::inspection::book::Book;
use crate::ledger::record::{Entry, Record};
use crate::plant::Plant;
use crate::scenario::Scenario;

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
    /// The scenario and how far it is, when this process plays one.
    pub run: Option<(Scenario, watch::Receiver<Progress>)>,
}

/// What came of a run.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    records: u64,
    raised: u64,
    cleared: u64,
    standing: Vec<String>,
    counters: String,
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
    let (scenario, mut progress) = match subject.run {
        Some((scenario, progress)) => (Some(scenario), Some(progress)),
        None => (None, None),
    };
    let mut builder = Builder::new(&subject.plant, &subject.book, scenario.as_ref(), lang);
    let mut lines = Lines::new(screen);
    let (views, seen) = watch::channel(builder.view().clone());
    let mut viewer = match screen {
        Screen::Terminal(lang) => Some(tokio::spawn(terminal::show(seen, lang))),
        Screen::Plain(_) | Screen::Json => None,
    };
    let mut quit = Some(quit);
    let mut summary = Summary::default();
    loop {
        tokio::select! {
            entries = told.records.recv() => {
                let Some(entries) = entries else { break };
                for entry in &entries {
                    summary.count(entry);
                    let row = builder.record(&entry.record);
                    lines.entry(entry, row.map(|row| row.text).as_deref())?;
                }
            }
            // Once the monitor has ended this fails, but its last records may still wait.
            Ok(()) = told.snapshots.changed() => {
                let snapshot = told.snapshots.borrow_and_update().clone();
                builder.snapshot(&snapshot);
                lines.status(builder.view())?;
            }
            () = moved(&mut progress) => {
                if let Some(progress) = &progress {
                    builder.progress(*progress.borrow());
                }
            }
            () = gone(&mut viewer) => {
                viewer = None;
                if let Some(quit) = quit.take() {
                    quit();
                }
            }
            () = stop.wait(), if viewer.is_some() => {
                // The terminal belongs to the summary from here on.
                views.send_replace(View { closing: true, ..builder.view().clone() });
                gone(&mut viewer).await;
                viewer = None;
            }
        }
        let _ = views.send(builder.view().clone());
    }
    drop(views);
    if viewer.is_some() {
        gone(&mut viewer).await;
    }
    summary.finish(builder.view());
    Ok(summary)
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

    fn entry(&self, entry: &Entry, text: Option<&str>) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match (self.screen, text) {
            (Screen::Json, _) => write_entry(entry, &mut out)?,
            (Screen::Plain(_), Some(text)) => writeln!(out, "{text}")?,
            _ => {}
        }
        Ok(())
    }

    /// Once a simulated hour, how everything stands.
    fn status(&mut self, view: &View) -> Result<(), Failure> {
        let (Screen::Plain(_), Some(clock)) = (self.screen, &view.clock) else { return Ok(()) };
        let hour: String = clock.chars().take("12-05 07".len()).collect();
        if hour == self.hour {
            return Ok(());
        }
        self.hour = hour;
        let villages: Vec<String> = view
            .villages
            .iter()
            .map(|village| format!("{} {}", village.name, village.pressure.text))
            .collect();
        let stand = view.alarms.iter().filter(|alarm| alarm.stands).count();
        let mut out = io::stdout().lock();
        writeln!(out, "{clock}  {stand} alarms stand · kPa: {}", villages.join(", "))?;
        Ok(())
    }
}

impl Summary {
    fn count(&mut self, entry: &Entry) {
        self.records += 1;
        if let Record::Alarm(event) = &entry.record {
            match event.change {
                AlarmChange::Raised => self.raised += 1,
                AlarmChange::Cleared => self.cleared += 1,
                _ => {}
            }
        }
    }

    fn finish(&mut self, view: &View) {
        let standing = view.alarms.iter().filter(|alarm| alarm.stands);
        self.standing = standing.map(|alarm| format!("{} {}", alarm.tag, alarm.title)).collect();
        self.counters.clone_from(&view.health);
    }

    /// Says it, on stderr.
    pub fn say(&self, took: Span, ledger: &str) {
        let standing = if self.standing.is_empty() {
            "none stands".to_owned()
        } else {
            format!("standing: {}", self.standing.join("; "))
        };
        say(&format!(
            "\n{} alarms raised, {} cleared, {standing}\n{} records in {ledger}\n{}\ntook {took}",
            self.raised, self.cleared, self.records, self.counters
        ));
    }
}
