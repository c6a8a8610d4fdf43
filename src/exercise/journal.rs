//! From what the monitor says to what the ledger keeps.

use crate::ledger::record::Record;
use crate::monitor::Output;

impl From<Output> for Record {
    fn from(output: Output) -> Self {
        match output {
            Output::Alarm(event) => Self::Alarm(event),
            Output::Ingest(event) => Self::Ingest(event),
            Output::Ticket(event) => Self::Ticket(event),
            Output::Lab(event) => Self::Lab(event),
            Output::Quality(event) => Self::Quality(event),
            Output::Flood(event) => Self::Flood(event),
        }
    }
}
