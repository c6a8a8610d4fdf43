//! What the monitor says of a recording: counted, written, and kept in a ledger if one is wanted.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::Stamp;
use crate::cli::exit::Failure;
use crate::cli::live::roster;
use crate::cli::test::write_entry;
use crate::exercise::replay::tally::Tally;
use crate::ledger::chain::Heads;
use crate::ledger::record::Record;
use crate::ledger::sqlite::Sqlite;
use crate::ledger::store::{Batch, Store};
use crate::monitor::Outcome;
use crate::plant::Plant;

/// Takes what followed.
pub struct Keeper {
    tally: Tally,
    /// Are records written?
    json: bool,
    heads: Heads,
    /// Where the ledger shall be.
    wanted: Option<PathBuf>,
    ledger: Option<Sqlite>,
    plants: Vec<Arc<Plant>>,
    /// Those that were heard, by their position: a ledger is of one.
    heard: BTreeSet<usize>,
    batch: Batch,
    /// Records to be kept, each with the time at which it became known.
    records: Vec<(Stamp, Record)>,
}

impl Keeper {
    /// `data`: where the ledger shall be, once a plant of `plants` is heard. Errors: there is one
    /// already.
    pub fn new(data: Option<&Path>, plants: &[Arc<Plant>], json: bool) -> Result<Self, Failure> {
        if let Some(folder) = data.filter(|folder| folder.join("ledger.sqlite3").exists()) {
            let folder = folder.display();
            let text = "there is a ledger already: choose another folder with --data";
            return Err(Failure::usage(format!("{folder}: {text}")));
        }
        let (wanted, plants) = (data.map(Path::to_owned), plants.to_vec());
        let (tally, heads, batch) = (Tally::default(), Heads::default(), Batch::new(Stamp::MAX));
        let (ledger, heard, records) = (None, BTreeSet::new(), Vec::new());
        Ok(Self { tally, json, heads, wanted, ledger, plants, heard, batch, records })
    }

    /// Takes what followed from an item.
    pub fn hear(&mut self, plant: Option<usize>, outcome: Outcome) {
        self.tally.count(plant, &outcome);
        self.heard.extend(plant);
        if self.wanted.is_some() {
            self.batch.observations.extend(outcome.observations);
        }
        if self.wanted.is_some() || self.json {
            let records = outcome.outputs.into_iter().map(Record::from);
            let now = self.now();
            self.records.extend(records.map(|record| (now, record)));
        }
    }

    /// Keeps and writes what has come since the last time. Errors: the ledger or standard output
    /// does not take it; the ledger would be of several plants.
    pub async fn store(
        &mut self,
        checkpoint: Option<Vec<u8>>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        self.open_ledger().await?;
        if self.wanted.is_some() && self.ledger.is_none() {
            return Ok(()); // nobody has been heard yet
        }
        let now = self.now();
        let records = std::mem::take(&mut self.records);
        let mut last = std::mem::replace(&mut self.batch, Batch::new(now));
        (last.now, last.checkpoint) = (now, checkpoint);
        // What became known together is kept together: the ledger says when.
        for together in records.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((at, _)) = together.first() else { continue };
            let records = together.iter().map(|(_, record)| record.clone()).collect();
            self.keep(&Batch { records, ..Batch::new(*at) }, out).await?;
        }
        self.keep(&last, out).await
    }

    async fn open_ledger(&mut self) -> Result<(), Failure> {
        let heard = self.heard.iter().filter_map(|at| self.plants.get(*at));
        let heard: Vec<Arc<Plant>> = heard.cloned().collect();
        let Some(folder) = self.wanted.as_ref().filter(|_| !heard.is_empty()) else {
            return Ok(());
        };
        if heard.len() > 1 {
            let names: Vec<&str> = heard.iter().map(|plant| plant.id.as_str()).collect();
            return Err(Failure::usage(format!(
                "a replay's ledger is of one plant, and the recording has {}: name one with \
                 --plant, and a folder without a ledger with --data",
                names.join(", ")
            )));
        }
        if self.ledger.is_none() {
            let opened = Sqlite::open(folder, roster(&heard)).await;
            self.ledger = Some(opened.map_err(Failure::outside)?);
        }
        Ok(())
    }

    /// The time that the recording has reached.
    fn now(&self) -> Stamp {
        self.tally.span.map_or(Stamp::MAX, |(_, to)| to)
    }

    async fn keep(&mut self, batch: &Batch, out: &mut dyn Write) -> Result<(), Failure> {
        let entries = if let Some(ledger) = &mut self.ledger {
            ledger.append(batch).await.map_err(Failure::outside)?
        } else {
            let sealed = self.heads.seal(&batch.records).map_err(Failure::outside)?;
            self.heads.advance(&sealed);
            sealed.into_iter().map(|sealed| sealed.entry).collect()
        };
        if self.json {
            entries.iter().try_for_each(|entry| write_entry(entry, out))?;
        }
        Ok(())
    }

    /// Lets go of the ledger; gives what was counted.
    pub async fn close(self) -> Result<Tally, Failure> {
        if let Some(ledger) = self.ledger {
            ledger.close().await.map_err(Failure::outside)?;
        }
        Ok(self.tally)
    }
}
