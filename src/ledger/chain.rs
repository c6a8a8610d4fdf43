//! The hash chain: one for each plant, so that a changed or missing record shows.
//!
//! What a chain cannot show is that its newest records were cut off; somebody else has to remember
//! the last hash for that.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::record::{Entry, Record};
use crate::base::PlantId;
use crate::base::hex::hex;

/// Hash before the first entry of a chain.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Whose chain: a plant's, or that of what belongs to no plant of ours.
pub type Chain = Option<PlantId>;

/// An entry, and the very bytes its hash was taken over.
#[derive(Debug, Clone, PartialEq)]
pub struct Sealed {
    /// The entry.
    pub entry: Entry,
    /// The record as JSON. Kept as it is: a later version may write the same record differently.
    pub json: String,
}

/// SHA-256, lower-case hex, over the previous hash, the chain's name (empty for none), the number
/// and the record's JSON, separated by line feeds, which none of the first three contains.
pub fn hash(previous: &str, chain: &Chain, n: u64, json: &str) -> String {
    let name = chain.as_ref().map_or("", PlantId::as_str);
    hex(&Sha256::digest(format!("{previous}\n{name}\n{n}\n{json}")))
}

/// The chain that a record belongs to.
pub fn chain_of(record: &Record) -> Chain {
    match record {
        Record::Alarm(event) => Some(event.id.plant.clone()),
        Record::Ingest(event) => event.plant.clone(),
        Record::Ticket(event) => Some(event.plant.clone()),
        Record::Lab(event) => Some(event.plant.clone()),
        Record::Quality(event) => Some(event.plant.clone()),
        Record::Flood(event) => Some(event.plant.clone()),
        Record::Monitor(_) => None,
    }
}

/// Number and hash of the newest entry of each chain.
#[derive(Debug, Clone, Default)]
pub struct Heads(BTreeMap<Chain, (u64, String)>);

impl Heads {
    /// The heads found in a store.
    pub fn new(heads: impl IntoIterator<Item = (Chain, u64, String)>) -> Self {
        Self(heads.into_iter().map(|(chain, n, hash)| (chain, (n, hash))).collect())
    }

    /// The entries that would come next. The heads stay where they are, until `advance`.
    ///
    /// Errors: a record that JSON cannot hold.
    pub fn seal(&self, records: &[Record]) -> Result<Vec<Sealed>, serde_json::Error> {
        let mut ahead: BTreeMap<Chain, (u64, String)> = BTreeMap::new();
        let mut sealed = Vec::with_capacity(records.len());
        for record in records {
            let chain = chain_of(record);
            let head = ahead.get(&chain).or_else(|| self.0.get(&chain));
            let (n, previous) = match head {
                Some((n, hash)) => (n + 1, hash.clone()),
                None => (1, GENESIS.to_owned()),
            };
            let json = serde_json::to_string(record)?;
            let hash = hash(&previous, &chain, n, &json);
            ahead.insert(chain.clone(), (n, hash.clone()));
            let entry = Entry { plant: chain, n, record: record.clone(), previous, hash };
            sealed.push(Sealed { entry, json });
        }
        Ok(sealed)
    }

    /// Moves on over entries that are now kept.
    pub fn advance(&mut self, sealed: &[Sealed]) {
        for Sealed { entry, .. } in sealed {
            self.0.insert(entry.plant.clone(), (entry.n, entry.hash.clone()));
        }
    }
}

/// What a chain that was tampered with, or torn, looks like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is missing, or there twice.
    #[error("entry {expected} of {} is missing: {found} comes in its place", name(chain))]
    Missing {
        /// Whose.
        chain: Chain,
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// An entry does not follow from the one before it.
    #[error("entry {n} of {} does not follow from the entry before it", name(chain))]
    Unlinked {
        /// Whose.
        chain: Chain,
        /// Its number.
        n: u64,
    },
    /// An entry's record is not the one its hash was taken over.
    #[error("entry {n} of {} was changed after it was written", name(chain))]
    Changed {
        /// Whose.
        chain: Chain,
        /// Its number.
        n: u64,
    },
}

fn name(chain: &Chain) -> &str {
    chain.as_ref().map_or("the monitor", PlantId::as_str)
}

/// Checks entries as they come, each chain from its first entry on; chains may be interleaved.
#[derive(Debug, Default)]
pub struct Verifier {
    heads: Heads,
}

impl Verifier {
    /// Checks the next entry. `json`: the record as it is kept.
    pub fn check(
        &mut self,
        chain: &Chain,
        n: u64,
        [previous, hash_kept]: [&str; 2],
        json: &str,
    ) -> Result<(), Broken> {
        let (head_n, head) = match self.heads.0.get(chain) {
            Some((head_n, head)) => (*head_n, head.as_str()),
            None => (0, GENESIS),
        };
        let chain = chain.clone();
        if n != head_n + 1 {
            return Err(Broken::Missing { chain, expected: head_n + 1, found: n });
        }
        if previous != head {
            return Err(Broken::Unlinked { chain, n });
        }
        if hash(previous, &chain, n, json) != hash_kept {
            return Err(Broken::Changed { chain, n });
        }
        self.heads.0.insert(chain, (n, hash_kept.to_owned()));
        Ok(())
    }
}

/// Checks complete chains.
pub fn verify<'s>(entries: impl IntoIterator<Item = &'s Sealed>) -> Result<(), Broken> {
    let mut verifier = Verifier::default();
    entries.into_iter().try_for_each(|Sealed { entry, json }| {
        verifier.check(&entry.plant, entry.n, [&entry.previous, &entry.hash], json)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;
    use crate::ingest::observation::{IngestChange, IngestEvent};

    fn online(plant: &str, boot_id: u64) -> Record {
        Record::Ingest(IngestEvent {
            at: Stamp::from_ms(0).expect("1970"),
            plant: Some(PlantId::new(plant).expect("an id")),
            what: IngestChange::Online { boot_id },
        })
    }

    fn chain_of_four() -> Vec<Sealed> {
        let mut heads = Heads::default();
        let mut sealed = heads.seal(&[online("a", 1), online("b", 1)]).expect("JSON");
        heads.advance(&sealed);
        sealed.extend(heads.seal(&[online("a", 2), online("a", 3)]).expect("JSON"));
        sealed
    }

    #[test]
    fn each_plant_has_its_own_chain() {
        let sealed = chain_of_four();
        let numbers: Vec<_> = sealed.iter().map(|sealed| sealed.entry.n).collect();
        assert_eq!(numbers, [1, 1, 2, 3]);
        assert_eq!(sealed[0].entry.previous, GENESIS);
        assert_eq!(sealed[2].entry.previous, sealed[0].entry.hash);
        assert_eq!(sealed[3].entry.previous, sealed[2].entry.hash);
        assert_eq!(verify(&sealed), Ok(()));
    }

    #[test]
    fn the_hash_is_sha_256_of_what_the_documentation_says() {
        // printf '%064d\n\n1\n{}' 0 | sha256sum
        assert_eq!(
            hash(GENESIS, &None, 1, "{}"),
            "e4d68201041b00a011d2c62d3502b0f65e8dd8cf2c3d95903f986c175288a347"
        );
    }

    #[test]
    fn a_changed_a_missing_and_a_swapped_entry_are_found() {
        let a = || PlantId::new("a").ok();
        let mut changed = chain_of_four();
        changed[2].json = changed[2].json.replace('2', "7");
        assert_eq!(verify(&changed), Err(Broken::Changed { chain: a(), n: 2 }));

        let mut missing = chain_of_four();
        missing.remove(2);
        assert_eq!(verify(&missing), Err(Broken::Missing { chain: a(), expected: 2, found: 3 }));

        let mut other = chain_of_four();
        let forged = Heads::default().seal(&[online("a", 9)]).expect("JSON").remove(0);
        other[0] = forged;
        assert_eq!(verify(&other), Err(Broken::Unlinked { chain: a(), n: 2 }));
    }

    #[test]
    fn sealing_alone_moves_nothing() {
        let heads = Heads::default();
        let first = heads.seal(&[online("a", 1)]).expect("JSON");
        assert_eq!(heads.seal(&[online("a", 1)]).expect("JSON"), first);
    }
}
