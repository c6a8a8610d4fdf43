#![expect(clippy::disallowed_methods, reason = "edge: keeps how far an exercise has come")]
//! How far an exercise has come, beside its log: with both it goes on after a restart.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::LOG;
use crate::base::time::wall_now;
use crate::cli::exercise::play::read_log;
use crate::cli::exercise::short_name;
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
    /// The name of its file: two exercises may share a title.
    exercise: String,
    seed: u64,
    moment: Option<Moment>,
    ended: bool,
}

impl Kept {
    /// Of a run that begins.
    pub fn of(ready: &Ready, folder: &Path) -> Self {
        let path = ready.exercise.as_ref().map(|exercise| &exercise.scenario.source.path);
        let exercise = path.map_or(String::new(), |path| short_name(path).to_owned());
        let (path, seed) = (folder.join(STATE), ready.seed.0);
        Self { path, exercise, seed, moment: None, ended: false }
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
    let own = Kept::of(ready, folder);
    if (&kept.exercise, kept.seed) != (&own.exercise, own.seed) {
        let Kept { exercise, seed, .. } = kept;
        return Err(Failure::usage(format!("{exercise} with seed {seed} is played there; {way}")));
    }
    if kept.ended {
        return Err(Failure::usage(format!("the exercise there is over; {way}")));
    }
    let path = folder.join(LOG);
    let log = read_log(&path)?;
    // The log is on disk before anything is said to be done; how far it was may be a little older.
    let until = log.last().map_or(moment.at, |entry| entry.moment.at.max(moment.at));
    say(&format!("going on at {}", until.at(ready.outline.utc_offset)));
    let again = replay_until(plant, exercise, book, ready.seed, (&log, until));
    let Replayed { run, mut simulator, differences } = again.map_err(Failure::outside)?;
    for difference in &differences {
        tracing::warn!("not as it was: {difference}");
    }
    let boot_id = wall_now().as_ms().unsigned_abs();
    simulator.reboot(boot_id).map_err(Failure::outside)?;
    if !differences.is_empty() {
        let before = path.with_extension("before.jsonl");
        fs::copy(&path, &before).map_err(|error| Failure::file(&before, error))?;
    }
    write_log(&path, run.session.log())?;
    Ok(Some((run.session, Company::new(vec![simulator]))))
}

/// The log as it is now, whole lines only: what is added next begins a line.
fn write_log(path: &Path, log: &[Entry]) -> Result<(), Failure> {
    let fail = |error| Failure::file(path, error);
    let mut text = String::new();
    for entry in log {
        text.push_str(&serde_json::to_string(entry).map_err(Failure::outside)?);
        text.push('\n');
    }
    let part = path.with_extension("part");
    let mut file = fs::File::create(&part).map_err(fail)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)?;
    fs::rename(&part, path).map_err(fail)
}
