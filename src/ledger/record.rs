//! What the ledger keeps for ever: records, one hash chain per plant.

use serde::{Deserialize, Serialize};

use crate::alarms::event::AlarmEvent;
use crate::alarms::flood::FloodEvent;
use crate::base::{PlantId, Stamp};
use crate::ingest::observation::{IngestEvent, LabEvent, TicketEvent};
use crate::inspection::finding::QualityEvent;

/// What is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Record {
    /// A change of an alarm.
    Alarm(AlarmEvent),
    /// Something intake noticed.
    Ingest(IngestEvent),
    /// A resident complains.
    Ticket(TicketEvent),
    /// A laboratory reports.
    Lab(LabEvent),
    /// Readings that a test of signal quality doubts.
    Quality(QualityEvent),
    /// A flood of alarms has begun or ended.
    Flood(FloodEvent),
    /// The monitor started or stopped.
    Monitor(MonitorRecord),
}

/// The monitor's own life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MonitorRecord {
    /// When, on the monitor's clock.
    pub at: Stamp,
    /// `started`, `resumed` or `stopped`.
    pub change: String,
    /// Version, rule files, seed: what is needed to understand the records that follow.
    pub detail: String,
}

/// A record in its chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The chain: the plant, or none for what belongs to no plant of ours.
    pub plant: Option<PlantId>,
    /// Number in the chain, from 1.
    pub n: u64,
    /// The record.
    pub record: Record,
    /// SHA-256, hex, of the entry before (64 zeros for the first).
    pub previous: String,
    /// SHA-256, hex, over `previous`, the chain's name, `n` and the record's JSON.
    pub hash: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_page_are_records_word_for_word() {
        let page = include_str!("../docs/records.md");
        let lines: Vec<&str> = page.lines().filter(|line| line.starts_with("{\"plant\"")).collect();
        let mut kinds = Vec::new();
        for line in &lines {
            let entry: Entry = serde_json::from_str(line).expect("an entry");
            assert_eq!(serde_json::to_string(&entry).expect("always JSON"), **line);
            kinds.push(match entry.record {
                Record::Alarm(_) => "alarm",
                Record::Ingest(_) => "ingest",
                Record::Ticket(_) => "ticket",
                Record::Lab(_) => "lab",
                Record::Quality(_) => "quality",
                Record::Flood(_) => "flood",
                Record::Monitor(_) => "monitor",
            });
        }
        kinds.dedup();
        assert_eq!(kinds, ["alarm", "ingest", "ticket", "lab", "quality", "flood", "monitor"]);
    }
}
