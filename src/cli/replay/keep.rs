//! What the monitor says of a recording: counted, written, and kept in a ledger if one is wanted.

use std::io::Write;
use std::path::Path;
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
    ledger: Option<Sqlite>,
    batch: Batch,
    /// Records to be kept, each with the time at which it became known.
    records: Vec<(Stamp, Record)>,
}

impl Keeper {
    /// `data`: where the ledger shall be. Errors: there is one already; it would be of several
    /// plants.
    pub async fn open(
        data: Option<&Path>,
        plants: &[Arc<Plant>],
        json: bool,
    ) -> Result<Self, Failure> {
        let ledger = match data {
            None => None,
            Some(folder) if folder.join("ledger.sqlite3").exists() => {
                let folder = folder.display();
                let text = "there is a ledger already: choose another folder with --data";
                return Err(Failure::usage(format!("{folder}: {text}")));
            }
            Some(_) if plants.len() > 1 => {
                let text = "a replay's ledger is of one plant: name it with --plant";
                return Err(Failure::usage(text));
            }
            Some(folder) => {
                let store = Sqlite::open(folder, roster(plants)).await;
                Some(store.map_err(Failure::outside)?)
            }
        };
        let (tally, heads, batch) = (Tally::default(), Heads::default(), Batch::new(Stamp::MAX));
        Ok(Self { tally, json, heads, ledger, batch, records: Vec::new() })
    }

    /// Takes what followed from an item.
    pub fn hear(&mut self, plant: Option<usize>, outcome: Outcome) {
        self.tally.count(plant, &outcome);
        if self.ledger.is_some() {
            self.batch.observations.extend(outcome.observations);
        }
        if self.ledger.is_some() || self.json {
            let records = outcome.outputs.into_iter().map(Record::from);
            let now = self.now();
            self.records.extend(records.map(|record| (now, record)));
        }
    }

    /// Keeps and writes what has come since the last time. Errors: the ledger or standard output
    /// does not take it.
    pub async fn store(
        &mut self,
        checkpoint: Option<Vec<u8>>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
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
