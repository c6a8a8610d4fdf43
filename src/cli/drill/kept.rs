#![expect(clippy::disallowed_methods, reason = "edge: keeps how far an exercise has come")]
//! How far an exercise has come, beside its log: with both it goes on after a restart.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::LOG;
use crate::base::problem::Source;
use crate::base::random::Seed;
use crate::base::time::wall_now;
use crate::cli::exercise::play::read_log;
use crate::cli::exercise::short_name;
use crate::cli::exit::Failure;
use crate::cli::library;
use crate::cli::live::say;
use crate::cli::ready::Ready;
use crate::cli::whole::replace;
use crate::exercise::live::company::Company;
use crate::exercise::session::Session;
use crate::exercise::session::log::{Entry, Moment};
use crate::exercise::session::play::{Replayed, replay_until};
use crate::inspection::book::Book;
use crate::scenario::exercise::Exercise;

/// The file, beside the first branch's log.
const STATE: &str = "exercise.json";

/// The exercise's own file as it is played, beside the first branch's log: when it is over, its
/// report needs it, wherever the original has gone.
const FILE: &str = "exercise.toml";

/// Which exercise is played beside a ledger, and how far it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    #[serde(skip)]
    path: PathBuf,
    /// The name of its file: two exercises may share a title.
    exercise: String,
    /// That file, as it was named; empty in folders of before.
    #[serde(default)]
    file: String,
    seed: u64,
    moment: Option<Moment>,
    ended: bool,
    /// Which branch of the run is played, from 1.
    #[serde(default = "first")]
    branch: u32,
}

fn first() -> u32 {
    1
}

impl Kept {
    /// Of branch `branch` of a run whose first one is in `home`.
    pub fn of(ready: &Ready, home: &Path, branch: u32) -> Self {
        let path = ready.exercise.as_ref().map(|exercise| &exercise.scenario.source.path);
        let file = path.cloned().unwrap_or_default();
        let exercise = short_name(&file).to_owned();
        let (path, seed) = (home.join(STATE), ready.seed.0);
        Self { path, exercise, file, seed, moment: None, ended: false, branch }
    }

    /// Keeps how far it is. What is lost of this costs a few steps, which are gone through again.
    pub fn keep(&self, moment: Moment, ended: bool) {
        if let Err(error) = self.write(moment, ended) {
            tracing::warn!(%error, "how far the exercise is cannot be kept");
        }
    }

    /// The same. Errors: the disk has not taken it.
    pub fn write(&self, moment: Moment, ended: bool) -> io::Result<()> {
        let now = Self { moment: Some(moment), ended, ..self.clone() };
        let part = self.path.with_extension("part");
        fs::write(&part, serde_json::to_string(&now)?)?;
        fs::rename(&part, &self.path)
    }

    /// Of the run in `home`; none when no exercise was played there.
    pub fn read(home: &Path) -> Option<Self> {
        let text = fs::read_to_string(home.join(STATE)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Is it over?
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Which branch was played last, from 1.
    pub fn branch(&self) -> u32 {
        self.branch
    }

    /// The run's seed.
    pub fn seed(&self) -> Seed {
        Seed(self.seed)
    }

    /// The file of the exercise, as it is kept in `home`; in folders of before, the one of its name
    /// that ships. Errors: there is none.
    pub fn source(&self, home: &Path) -> Result<Arc<Source>, Failure> {
        let path = home.join(FILE);
        if path.exists() {
            let kept = library::source(&path)?;
            return Ok(Source::new(self.file.as_str(), kept.text.as_str()));
        }
        let shipped = library::scenario_source(Path::new(&self.exercise)).ok();
        shipped.ok_or_else(|| {
            let (name, path) = (&self.exercise, path.display());
            Failure::usage(format!("{name} does not ship with Sanmen: put its file at {path}"))
        })
    }
}

/// Keeps the exercise's own file in `home`. Errors: the disk does not take it.
pub fn keep_file(home: &Path, exercise: &Exercise) -> io::Result<()> {
    replace(&home.join(FILE), exercise.scenario.source.text.as_bytes())
}

/// Which branch of the run in `home` is played.
pub fn branch_of(home: &Path) -> u32 {
    Kept::read(home).map_or(1, |kept| kept.branch)
}

/// Where branch `n` of a run is kept: the first in its `home`, each other in a folder there.
pub fn folder_of(home: &Path, n: u32) -> PathBuf {
    if n == 1 { home.to_owned() } else { home.join(format!("branch-{n}")) }
}

/// The file that a run in `home` is played by: `named`, or the kept one of the exercise of that
/// name that was stopped midway there, since its log belongs to that. Errors: another one is asked
/// for, by a condition to start from.
pub fn as_it_began(
    home: &Path,
    named: Arc<Source>,
    is_conditioned: bool,
) -> Result<Arc<Source>, Failure> {
    let goes_on = |kept: &Kept| {
        let is_it = kept.exercise == short_name(&named.path);
        is_it && kept.moment.is_some() && !kept.ended && home.join(FILE).exists()
    };
    let Some(kept) = Kept::read(home).filter(goes_on) else { return Ok(named) };
    let began = kept.source(home)?;
    if began.text == named.text {
        return Ok(named);
    }
    if is_conditioned {
        return Err(Failure::usage(format!(
            "{} has begun there, from another condition or by another file: leave --condition \
             out to go on with it, or choose another --space to begin anew",
            kept.exercise
        )));
    }
    say(&format!(
        "going on by the file that {} began with, kept in {}",
        kept.exercise,
        home.display()
    ));
    Ok(began)
}

/// The session and the plant of an exercise that was stopped midway in `home`: the branch that was
/// played, again from its log up to where it was. None when nothing was played there. Errors: it is
/// over, or it is another, or its log does not read.
pub fn resume(
    ready: &Ready,
    home: &Path,
    book: &Book,
) -> Result<Option<(Session, Company)>, Failure> {
    let plants = ready.plants();
    let found = ready.exercise.as_ref().zip(plants.first()).zip(Kept::read(home));
    let Some(((exercise, plant), kept)) = found else { return Ok(None) };
    let Some(moment) = kept.moment else { return Ok(None) };
    let way = "choose another --space to begin anew";
    let own = Kept::of(ready, home, kept.branch);
    if (&kept.exercise, kept.seed) != (&own.exercise, own.seed) {
        let Kept { exercise, seed, .. } = kept;
        return Err(Failure::usage(format!("{exercise} with seed {seed} is played there; {way}")));
    }
    if kept.ended {
        return Err(Failure::usage(format!("the exercise there is over; {way}")));
    }
    let path = folder_of(home, kept.branch).join(LOG);
    let log = read_log(&path)?;
    // The log is on disk before anything is said to be done; how far it was may be a little older.
    let until = log.last().map_or(moment.at, |entry| entry.moment.at.max(moment.at));
    say(&format!("going on at {}", until.at(ready.outline.utc_offset)));
    let again = replay_until(plant, exercise, book, ready.seed, (&log, until));
    let Replayed { run, mut simulator, differences, .. } = again.map_err(Failure::outside)?;
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
pub(super) fn write_log(path: &Path, log: &[Entry]) -> Result<(), Failure> {
    let mut text = String::new();
    for entry in log {
        text.push_str(&serde_json::to_string(entry).map_err(Failure::outside)?);
        text.push('\n');
    }
    replace(path, text.as_bytes()).map_err(|error| Failure::file(path, error))
}
