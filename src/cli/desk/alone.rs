//! `sanmen desk`: the desk alone, over the ledger of a monitor that runs elsewhere on this machine,
//! or has ended.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use super::monitoring::{Monitoring, Pulse, Writer};
use super::{DeskArgs, Heard, Room, open};
use crate::base::time::wall_now;
use crate::cli::alarms::{Scene, WhereArgs};
use crate::cli::drill::past::{self, Past};
use crate::cli::exit::Failure;
use crate::cli::live::{self, say};
use crate::desk::stream::RECORDS;
use crate::exercise::live::stop::Stop;
use crate::ledger::record::Entry;
use crate::ledger::sqlite::Visitor;
use crate::ledger::store::Query;
use crate::monitor::Snapshot;

/// How often the ledger is looked into.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A look takes time; the next comes after so many times as much.
const PAUSE: u32 = 4;

/// Records read at a time.
const PAGE: u32 = 500;

/// Shows in a browser what a monitor knows.
#[derive(Debug, Args)]
pub struct DeskCommand {
    #[command(flatten)]
    desk: DeskArgs,
    /// Who sits there, unless they say otherwise
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    by: String,
    #[command(flatten)]
    place: WhereArgs,
}

/// Shows it until Ctrl-C.
pub fn run(args: &DeskCommand, _out: &mut dyn Write) -> Result<(), Failure> {
    live::block_on(|_, stopped| async move {
        let mut scene = Scene::open(&args.place).await?;
        let Some(plan) = args.desk.plan(&scene.settings)? else {
            return Err(Failure::usage("without an address there is no desk: --listen ADDR"));
        };
        let home = scene.folder.clone();
        let past = past(&home, &scene, args);
        // Of an exercise whose instructor went back, the branch that was played last.
        scene.folder = past.as_ref().map_or(scene.folder, |past| past.folder.clone());
        let (snapshots, told) = watch::channel(scene.snapshot().await?);
        let (records, heard) = broadcast::channel(super::WAITING);
        let subject = (scene.plants.as_slice(), &scene.book, None);
        let room = Room::new(subject, &args.by, (&scene.folder, &scene.settings)).at_home(&home);
        let room = Room { drill: past.map(|past| past.door), ..room };
        let mut visitor = Visitor::open(&scene.folder).await.map_err(Failure::outside)?;
        let page = visitor.newest(RECORDS).await.map_err(Failure::outside)?;
        let (last, past) = (page.last, page.entries);
        let (written, inputs) = (visitor.is_written(), visitor.inputs().await);
        let pulse = Pulse::new(inputs.map_err(Failure::outside)?, wall_now());
        let now = if written { Writer::Writes } else { Writer::Gone };
        let (writer, seen) = watch::channel(now);
        if now == Writer::Gone {
            say("no monitor writes this ledger: the desk shows the last that was stored");
        }
        let monitor = Monitoring::Elsewhere(seen);
        let heard = Heard { past: Some(past), records: heard, snapshots: told, monitor };
        let desk = open(Some(plan), room, heard, stopped.clone()).await?;
        let told = (&snapshots, &records, &writer);
        follow(&scene, (visitor, last, pulse), told, &stopped).await?;
        desk.closed().await;
        Ok(())
    })
}

/// The exercise that was played there, if it is over. Without what it needs the rest is shown.
fn past(home: &Path, scene: &Scene, args: &DeskCommand) -> Option<Past> {
    let library = args.place.shelves.library().with_settings(&scene.settings);
    let lang = args.place.lang.into();
    tokio::task::block_in_place(|| past::open(home, &library, lang)).unwrap_or_else(|failure| {
        failure.say();
        say("the exercise that was played here cannot be shown");
        None
    })
}

/// Who is told of the state, of records, and of whoever writes them.
type Listeners<'a> =
    (&'a watch::Sender<Snapshot>, &'a broadcast::Sender<Arc<Entry>>, &'a watch::Sender<Writer>);

/// Tells the desk what the ledger's writer adds to it.
async fn follow(
    scene: &Scene,
    (mut visitor, after, mut pulse): (Visitor, u64, Pulse),
    (snapshots, records, writer): Listeners<'_>,
    stop: &Stop,
) -> Result<(), Failure> {
    let mut wanted = Query { plant: None, after, limit: PAGE };
    loop {
        let began = Instant::now();
        loop {
            let page = visitor.entries(&wanted).await.map_err(Failure::outside)?;
            if page.entries.is_empty() || stop.is_set() {
                break;
            }
            wanted.after = page.last;
            for entry in page.entries {
                // The desk keeps the last of them for pages that come.
                let _ = records.send(Arc::new(entry));
            }
            tokio::task::yield_now().await;
        }
        let now = scene.snapshot().await?;
        let is_heard = now.plants.iter().any(|plant| plant.heard_at.is_some());
        let inputs = visitor.inputs().await.map_err(Failure::outside)?;
        tell(snapshots, now);
        tell(writer, pulse.look(inputs, (visitor.is_written(), is_heard), wall_now()));
        let pause = LOOK_EVERY.max(began.elapsed() * PAUSE);
        tokio::select! {
            () = stop.wait() => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
    visitor.close().await.map_err(Failure::outside)
}

/// Tells what is not as it was.
fn tell<T: PartialEq>(told: &watch::Sender<T>, now: T) {
    told.send_if_modified(|before| {
        let differs = *before != now;
        *before = now;
        differs
    });
}
