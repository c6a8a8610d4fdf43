#![expect(clippy::disallowed_methods, reason = "edge: looks for ledgers on disk")]
//! Finding the ledger a person means: `--data DIR`, and `--space NAME` when there are several runs.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::base::ids::Space;
use crate::cli::exit::Failure;

/// Which ledger.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// Where ledgers live, or the folder of one run in it
    #[arg(long, value_name = "DIR", default_value = "sanmen-data")]
    data: PathBuf,
    /// The run, by its space; may be left out while there is only one
    #[arg(long, value_name = "NAME", value_parser = Space::new)]
    space: Option<Space>,
}

impl DataArgs {
    /// The run that is named, if one is.
    pub fn space(&self) -> Option<&Space> {
        self.space.as_ref()
    }

    /// The folder of the one ledger that is meant. Errors: there is none, or it is one of several.
    pub fn folder(&self) -> Result<PathBuf, Failure> {
        let named = self.space.as_ref().map(|space| self.data.join(space.as_str()));
        if let Some(folder) = named.as_ref().filter(|folder| holds_ledger(folder)) {
            return Ok(folder.clone());
        }
        if named.is_none() && holds_ledger(&self.data) {
            return Ok(self.data.clone());
        }
        let mut found: Vec<PathBuf> = std::fs::read_dir(&self.data)
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        found.retain(|folder| holds_ledger(folder));
        found.sort();
        if let (Some(folder), [_, ..]) = (named, found.as_slice()) {
            return Err(Failure::usage(format!(
                "there is no ledger in {}; there is one of {}",
                folder.display(),
                names(&found)
            )));
        }
        match found.as_slice() {
            [] => Err(Failure::usage(format!(
                "there is no ledger in {}: name the data folder of a run with --data",
                self.data.display()
            ))),
            [one] => Ok(one.clone()),
            several => Err(Failure::usage(format!(
                "there are {} ledgers in {}: choose one with --space, of {}",
                several.len(),
                self.data.display(),
                names(several)
            ))),
        }
    }
}

fn names(folders: &[PathBuf]) -> String {
    let name = |folder: &PathBuf| folder.file_name().map(|it| it.display().to_string());
    folders.iter().filter_map(name).collect::<Vec<_>>().join(", ")
}

fn holds_ledger(folder: &Path) -> bool {
    folder.join("ledger.sqlite3").is_file()
}
