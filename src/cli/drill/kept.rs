#![expect(clippy::disallowed_methods, reason = "edge: keeps how far an exercise has come")]
//! How far an exercise has come, beside its log: with both it goes on after a restart.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::LOG;
use crate::base::time::wall_now;
use crate::cli::exit::Failure;
use crate::cli::live::say;
use crate::cli::ready::Ready;
use crate::exercise::live::company::Company;
use crate::exercise::session::Session;
use crate::exercise::session::log::{Entry, Moment};
use crate::exercise::session::play::{Replayed, replay_until};
use crate::inspection::book::Book;

/// The file, beside the log.
const STATE: &str = "exercise.json";

/// Which exercise is played beside a ledger, and how far it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    #[serde(skip)]
    path: PathBuf,
    title: String,
    seed: u64,
    moment: Option<Moment>,
    ended: bool,
}

impl Kept {
    /// Of a run that begins.
    pub fn of(ready: &Ready, folder: &Path) -> Self {
        let (title, seed) = (ready.outline.title.en.clone(), ready.seed.0);
        Self { path: folder.join(STATE), title, seed, moment: None, ended: false }
    }

    /// Keeps how far it is. What is lost of this costs a few steps, which are gone through again.
    pub fn keep(&self, moment: Moment, ended: bool) {
        let now = Self { moment: Some(moment), ended, ..self.clone() };
        let kept = serde_json::to_string(&now).map_err(std::io::Error::from);
        let part = self.path.with_extension("part");
        let kept = kept.and_then(|text| fs::write(&part, text));
        if let Err(error) = kept.and_then(|()| fs::rename(&part, &self.path)) {
            tracing::warn!(%error, "how far the exercise is cannot be kept");
        }
    }

    fn read(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join(STATE)).ok()?;
        serde_json::from_str(&text).ok()
    }
}

/// The session and the plant of an exercise that was stopped midway beside the ledger in `folder`:
/// played again from its log up to where it was. None when nothing was played there. Errors: it is
/// over, or it is another, or its log does not read.
pub fn resume(
    ready: &Ready,
    folder: &Path,
    book: &Book,
) -> Result<Option<(Session, Company)>, Failure> {
    let plants = ready.plants();
    let found = ready.exercise.as_ref().zip(plants.first()).zip(Kept::read(folder));
    let Some(((exercise, plant), kept)) = found else { return Ok(None) };
    let Some(moment) = kept.moment else { return Ok(None) };
    let way = "choose another --space to begin anew";
    if kept.title != ready.outline.title.en || kept.seed != ready.seed.0 {
        let Kept { title, seed, .. } = kept;
        return Err(Failure::usage(format!("{title:?} with seed {seed} is played there; {way}")));
    }
    if kept.ended {
        return Err(Failure::usage(format!("the exercise there is over; {way}")));
    }
    let log = read_log(&folder.join(LOG))?;
    say(&format!("going on at {}", moment.at.at(ready.outline.utc_offset)));
    let again = replay_until(plant, exercise, book, ready.seed, (&log, moment.at));
    let Replayed { run, mut simulator, differences } = again.map_err(Failure::outside)?;
    for difference in &differences {
        tracing::warn!("not as it was: {difference}");
    }
    let boot_id = wall_now().as_ms().unsigned_abs();
    simulator.reboot(boot_id).map_err(Failure::outside)?;
    if !differences.is_empty() {
        write_log(&folder.join(LOG), run.session.log())?;
    }
    Ok(Some((run.session, Company::new(vec![simulator]))))
}

fn read_log(path: &Path) -> Result<Vec<Entry>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let last = text.lines().count();
    let mut log = Vec::new();
    for (at, line) in lines {
        match serde_json::from_str(line) {
            Ok(entry) => log.push(entry),
            // The last line may have been cut short: nobody was told that it is done.
            Err(_) if at + 1 == last => break,
            Err(error) => {
                let place = format!("{}:{}: {error}", path.display(), at + 1);
                return Err(Failure::usage(format!("{place}: the log of the exercise is broken")));
            }
        }
    }
    Ok(log)
}

/// The log as it is now; the one before is kept beside it.
fn write_log(path: &Path, log: &[Entry]) -> Result<(), Failure> {
    let fail = |error| Failure::file(path, error);
    fs::rename(path, path.with_extension("jsonl.before")).map_err(fail)?;
    let lines: Result<Vec<String>, _> = log.iter().map(serde_json::to_string).collect();
    let text = lines.map_err(Failure::outside)?.join("\n") + "\n";
    fs::write(path, text).map_err(fail)
}
