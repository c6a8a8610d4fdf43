//! The ledger in memory: for tests and offline runs, which need no disk.

use std::collections::BTreeMap;
use std::future::{Future, ready};

use super::chain::{self, Heads, Sealed};
use super::record::Entry;
use super::store::{Batch, Page, Query, Reading, Request, Resume, Roster, Store, StoreError};
use crate::base::{Flag, PlantId, Stamp, TagId};
use crate::ingest::observation::Observation;

/// A ledger that is gone with the process.
#[derive(Debug, Default)]
pub struct Memory {
    roster: Roster,
    heads: Heads,
    entries: Vec<Sealed>,
    /// When each of them was appended, on the monitor's clock.
    kept: Vec<Stamp>,
    inputs: Vec<Vec<u8>>,
    checkpoint: Option<Vec<u8>>,
    /// How many of `inputs` the checkpoint covers.
    covered: usize,
    readings: BTreeMap<(PlantId, TagId), Vec<Reading>>,
}

impl Memory {
    /// An empty ledger.
    pub fn new(roster: Roster) -> Self {
        Self { roster, ..Self::default() }
    }

    /// Every entry so far, in the order of appending.
    pub fn all(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|sealed| &sealed.entry)
    }

    /// `append` without a runtime.
    pub fn append_now(&mut self, batch: &Batch) -> Result<Vec<Entry>, StoreError> {
        let sealed = self.heads.seal(&batch.records).map_err(|cause| StoreError::Unreadable {
            what: "a new record".to_owned(),
            cause: cause.into(),
        })?;
        let readings = batch.observations.iter().map(|observation| {
            let (plant, tag) = self.roster.names(observation.plant, observation.tag)?;
            Ok(((plant.clone(), tag.clone()), Reading::from(observation)))
        });
        let readings = readings.collect::<Result<Vec<_>, StoreError>>()?;
        // Nothing below can fail: the batch is kept whole.
        for (key, reading) in readings {
            let of_tag = self.readings.entry(key).or_default();
            let at = of_tag.partition_point(|kept| kept.observed_at <= reading.observed_at);
            of_tag.insert(at, reading);
        }
        self.inputs.extend(batch.inputs.iter().cloned());
        if let Some(checkpoint) = &batch.checkpoint {
            self.checkpoint = Some(checkpoint.clone());
            self.covered = self.inputs.len();
        }
        self.heads.advance(&sealed);
        let entries = sealed.iter().map(|sealed| sealed.entry.clone()).collect();
        self.kept.extend(sealed.iter().map(|_| batch.now));
        self.entries.extend(sealed);
        Ok(entries)
    }

    fn page(&self, query: &Query) -> Page {
        let after = usize::try_from(query.after).unwrap_or(usize::MAX);
        let rows = (1..).zip(&self.entries).skip(after);
        let wanted =
            rows.filter(|(_, sealed)| query.plant.is_none() || sealed.entry.plant == query.plant);
        let mut page = Page { last: query.after, ..Page::default() };
        for (row, sealed) in wanted.take(query.limit as usize) {
            page.entries.push(sealed.entry.clone());
            page.kept.extend(self.kept.get(row as usize - 1));
            page.last = row;
        }
        page
    }

    fn prune_now(&mut self, before: Stamp) {
        self.inputs.drain(..self.covered);
        self.covered = 0;
        for readings in self.readings.values_mut() {
            let old = readings.partition_point(|reading| reading.observed_at < before);
            readings.drain(..old);
        }
    }
}

impl From<&Observation> for Reading {
    fn from(observation: &Observation) -> Self {
        let Observation { observed_at, received_at, value, flag, .. } = *observation;
        let value = (flag != Flag::Missing && value.is_finite()).then_some(value);
        Self { observed_at, received_at, value, flag }
    }
}

impl Store for Memory {
    fn append(
        &mut self,
        batch: &Batch,
    ) -> impl Future<Output = Result<Vec<Entry>, StoreError>> + Send {
        ready(self.append_now(batch))
    }

    fn resume(&mut self) -> impl Future<Output = Result<Resume, StoreError>> + Send {
        let inputs_after = self.inputs.get(self.covered..).unwrap_or_default().to_vec();
        ready(Ok(Resume { checkpoint: self.checkpoint.clone(), inputs_after }))
    }

    fn entries(&mut self, query: &Query) -> impl Future<Output = Result<Page, StoreError>> + Send {
        ready(Ok(self.page(query)))
    }

    fn readings(
        &mut self,
        plant: &PlantId,
        tag: &TagId,
        from: Stamp,
        to: Stamp,
    ) -> impl Future<Output = Result<Vec<Reading>, StoreError>> + Send {
        let kept = self.readings.get(&(plant.clone(), tag.clone())).into_iter().flatten();
        let inside = kept.filter(|reading| (from..to).contains(&reading.observed_at));
        ready(Ok(inside.copied().collect()))
    }

    /// Nobody else can reach this memory, so nobody asks through it.
    fn requests(&mut self) -> impl Future<Output = Result<Vec<Request>, StoreError>> + Send {
        ready(Ok(Vec::new()))
    }

    fn prune(&mut self, before: Stamp) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.prune_now(before);
        ready(Ok(()))
    }

    fn verify(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send {
        ready(chain::verify(&self.entries).map_err(StoreError::from))
    }

    fn close(self) -> impl Future<Output = Result<(), StoreError>> + Send {
        ready(Ok(()))
    }
}
