#![expect(clippy::disallowed_methods, reason = "edge: gives each branch a folder of its own")]
//! An exercise whose instructor goes back: it is played again up to the moment wanted, and goes on
//! from there as a branch of its own. What had come after stays where it is.

use std::fs;
use std::io;
use std::path::Path;

use super::LOG;
use super::kept::{Kept, branch_of, folder_of, write_log};
use crate::base::ids::Space;
use crate::base::time::wall_now;
use crate::cli::exercise::play::read_log;
use crate::cli::exit::Failure;
use crate::cli::live::{self, say};
use crate::cli::ready::Ready;
use crate::exercise::session::branch::Back;
use crate::exercise::session::log::{Branch, Direction, Entry, What};
use crate::exercise::session::play::{Replayed, replay_until};
use crate::ingest::trust::Trust;
use crate::inspection::book::Book;
use crate::monitor::Input;
use crate::telemetry::topic::Topic;

/// Makes the next branch of the run in `home`, which goes on from where `back` says: its log, and a
/// ledger that knows what was known then. Once it is there, it is the branch that is played;
/// before, a restart goes on with the one that was. Errors: the log does not lead back there, or
/// the disk fails.
pub async fn branch(
    (ready, book): (&Ready, &Book),
    home: &Path,
    space: &Space,
    back: &Back,
) -> Result<(), Failure> {
    let plants = ready.plants();
    let Some((exercise, plant)) = ready.exercise.as_ref().zip(plants.first()) else {
        return Ok(());
    };
    let n = branch_of(home);
    let log = read_log(&folder_of(home, n).join(LOG))?;
    let last = log.last().map_or(ready.outline.start, |entry| entry.moment.at);
    let gone = || Failure::usage("the log does not lead back there");
    let (kept, until) = back.cut(&log).ok_or_else(gone)?;
    let again = tokio::task::block_in_place(|| {
        replay_until(plant, exercise, book, ready.seed, (kept, until))
    });
    let Replayed { run, simulator, mut inputs, .. } = again.map_err(Failure::outside)?;
    let mut session = run.session;
    let now = session.facts().now;
    // Its clock tells a monitor that this is no real plant.
    let clock = simulator.clock(wall_now(), session.speed());
    let topic = Topic { space: space.clone(), plant: plant.id.clone(), kind: clock.kind };
    inputs.push(Input::arrival(topic.to_string(), &clock.payload, now.at));

    let folder = folder_of(home, n + 1);
    begin_anew(&folder).map_err(|error| Failure::file(&folder, error))?;
    let watched = (plants.clone(), book.clone());
    let (mut watch, told) =
        live::watch_service(watched, Trust::default(), &folder, &ready.settings).await?;
    drop(told); // nobody looks on yet
    watch.relive(&inputs, now.at).await.map_err(Failure::outside)?;
    watch.leave().await.map_err(Failure::outside)?;

    let mut left = left_before(&log);
    left.push(Branch { n, left: last, to: now.at });
    let who = log.iter().rev().find(|entry| is_back(entry)).map_or("", |entry| &entry.who);
    session.branch(who, left);
    write_log(&folder.join(LOG), session.log())?;
    // From here on a restart goes on with it.
    Kept::of(ready, home, n + 1).write(now, false).map_err(|error| Failure::file(home, error))?;
    say(&format!("branch {}, from {}", n + 1, now.at.at(ready.outline.utc_offset)));
    Ok(())
}

/// Branches that were left before: the moment gone back to may not know them all.
fn left_before(log: &[Entry]) -> Vec<Branch> {
    let left = log.iter().rev().find_map(|entry| match &entry.what {
        What::Branched { left } => Some(left.clone()),
        _ => None,
    });
    left.unwrap_or_default()
}

fn is_back(entry: &Entry) -> bool {
    let What::Directed { direction } = &entry.what else { return false };
    matches!(direction, Direction::Back { .. } | Direction::BackToMark { .. })
}

/// An empty folder; what a branch has left there that was never begun goes.
fn begin_anew(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(folder)
}
