//! `sanmen alarms …`: what stands, and a person's answers, while the monitor runs or stands still.

mod ask;
mod heard;
mod list;
mod report;
mod stops;
mod words;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::alarms::event::AlarmEvent;
use crate::cli::common::{Format, Language, SettingsFile, Shelves};
use crate::cli::data::DataArgs;
use crate::cli::exit::Failure;
use crate::cli::settings::Settings;
use crate::exercise::live::watch::catch_up;
use crate::inspection::book::Book;
use crate::ledger::record::Entry;
use crate::ledger::sqlite::Visitor;
use crate::ledger::store::Query;
use crate::monitor::{Monitor, Snapshot};
use crate::plant::Plant;

/// Entries read at a time.
const PAGE: u32 = 1_000;

/// Arguments of `sanmen alarms`.
#[derive(Debug, Args)]
pub struct AlarmsArgs {
    #[command(subcommand)]
    command: Command,
}

/// One variant for each thing a person can do.
#[derive(Debug, Subcommand)]
enum Command {
    /// List the alarms that stand or wait for an answer, most urgent first
    List(Box<list::ListArgs>),
    /// Measure what alarms ask of people: rate, floods, chattering, stale, most frequent, answers
    Report(report::ReportArgs),
    /// Say that somebody has seen an alarm and cares for it
    #[command(visible_alias = "ack")]
    Acknowledge(ask::AskArgs),
    /// Set an alarm aside for a time, with a reason
    Shelve(ask::ShelveArgs),
    /// Take an alarm from the shelf before its time is over
    Unshelve(ask::AskArgs),
    /// Reset a latched alarm whose condition has gone
    Reset(ask::AskArgs),
    /// Take an alarm out of service, as for maintenance of its instrument
    RemoveFromService(ask::ReasonedArgs),
    /// Put an alarm back into service
    ReturnToService(ask::AskArgs),
    /// Announce a stop of supply: the alarms that it explains are silent in it
    Announce(stops::AnnounceArgs),
    /// Say that an announced stop is over, or does not take place
    Withdraw(stops::WithdrawArgs),
}

/// Where an alarm is looked for.
#[derive(Debug, Clone, Args)]
pub(super) struct WhereArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    pub(super) shelves: Shelves,
    #[command(flatten)]
    settings: SettingsFile,
    /// What stdout carries: text for people, or one JSON object a line
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    /// Language of text for people
    #[arg(long, value_enum, default_value_t = Language::En)]
    pub(super) lang: Language,
}

/// Runs the subcommand; `out` is standard output.
pub fn run(args: &AlarmsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.command {
        Command::List(args) => list::run(args, out),
        Command::Report(args) => report::run(args, out),
        Command::Acknowledge(args) => ask::acknowledge(args, out),
        Command::Shelve(args) => ask::shelve(args, out),
        Command::Unshelve(args) => ask::unshelve(args, out),
        Command::Reset(args) => ask::reset(args, out),
        Command::RemoveFromService(args) => ask::remove_from_service(args, out),
        Command::ReturnToService(args) => ask::return_to_service(args, out),
        Command::Announce(args) => stops::announce(args, out),
        Command::Withdraw(args) => stops::withdraw(args, out),
    }
}

/// A ledger, and what is needed to understand it.
pub(super) struct Scene {
    pub(super) folder: PathBuf,
    pub(super) settings: Settings,
    pub(super) book: Book,
    pub(super) plants: Vec<Arc<Plant>>,
}

impl Scene {
    /// Reads the files; the plants are those the ledger knows.
    pub(super) async fn open(args: &WhereArgs) -> Result<Self, Failure> {
        let folder = args.data.folder()?;
        let settings = args.settings.load()?;
        let library = args.shelves.library().with_settings(&settings);
        let (mut known, book) = library.plants_and_book()?;
        let mut visitor = Visitor::open(&folder).await.map_err(Failure::outside)?;
        let named = visitor.plants().await.map_err(Failure::outside)?;
        visitor.close().await.map_err(Failure::outside)?;
        let plants = named.iter().map(|id| take(&mut known, id.as_str(), &folder));
        let plants = plants.collect::<Result<_, _>>()?;
        Ok(Self { folder, settings, book, plants })
    }

    /// How everything stands, as the monitor that writes the ledger saw it a moment ago.
    pub(super) async fn snapshot(&self) -> Result<Snapshot, Failure> {
        Ok(self.monitor().await?.snapshot())
    }

    /// The monitor as the one that writes the ledger was a moment ago.
    pub(super) async fn monitor(&self) -> Result<Monitor, Failure> {
        let mut visitor = Visitor::open(&self.folder).await.map_err(Failure::outside)?;
        let resume = visitor.resume().await.map_err(Failure::outside)?;
        visitor.close().await.map_err(Failure::outside)?;
        let mut monitor =
            Monitor::new(self.plants.clone(), self.book.clone(), self.settings.monitor());
        catch_up(&mut monitor, &resume).map_err(Failure::outside)?;
        Ok(monitor)
    }

    /// Gives every record of the ledger to `take`, in the order of each chain.
    pub(super) async fn read(&self, take: &mut (dyn FnMut(&Entry) + Send)) -> Result<(), Failure> {
        let mut visitor = Visitor::open(&self.folder).await.map_err(Failure::outside)?;
        let mut wanted = Query { plant: None, after: 0, limit: PAGE };
        loop {
            let page = visitor.entries(&wanted).await.map_err(Failure::outside)?;
            if page.entries.is_empty() {
                break;
            }
            page.entries.iter().for_each(&mut *take);
            wanted.after = page.last;
        }
        visitor.close().await.map_err(Failure::outside)
    }

    fn plant(&self, event: &AlarmEvent) -> Option<&Plant> {
        self.plants.iter().find(|plant| plant.id == event.id.plant).map(Arc::as_ref)
    }
}

fn take(
    known: &mut BTreeMap<String, Arc<Plant>>,
    id: &str,
    folder: &Path,
) -> Result<Arc<Plant>, Failure> {
    known.remove(id).ok_or_else(|| {
        let folder = folder.display();
        let text = format!("the ledger in {folder} is of plant {id:?}, which is not known here");
        Failure::usage(format!(
            "{text}: name its folder of plants with --plants; works of a fleet have one once \
             `sanmen fleet write` has written them"
        ))
    })
}
