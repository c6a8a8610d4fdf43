//! A batch on its way into the database: few statements, few of them sent alone.
//!
//! Each statement that is sent alone costs a way to the thread of the connection and back, so they
//! are sent together. They are of few forms: the database keeps each form prepared.

use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteQueryResult};
use sqlx::{Arguments, AssertSqlSafe, Encode, Sqlite as Database, Type, query_with};

use super::packed::{Packed, pack_inputs};
use crate::base::PlantId;
use crate::ledger::chain::Sealed;
use crate::ledger::store::{Batch, Reading, Roster};

/// Fewer readings than this of a plant go to its last row, while there is room in it.
const FEW: usize = 16;

/// A row with more bytes than this takes no more readings: a page of the database holds one.
const ROW_BYTES: usize = 3_000;

/// Most statements of a kind that are sent together: the database prepares each number of them.
const TOGETHER: usize = 16;

const BEGIN: &str = "BEGIN IMMEDIATE;";
const COMMIT: &str = "COMMIT;";
const INPUTS: &str = "INSERT INTO inputs (bytes, packed) VALUES (?, ?);";
const READINGS: &str =
    "INSERT OR REPLACE INTO readings (id, plant, since, until, bytes) VALUES (?, ?, ?, ?, ?);";
const ENTRY: &str = "INSERT INTO entries (plant, n, record, previous, hash, kept_at) \
                     VALUES (?, ?, ?, ?, ?, ?);";
const REPLY: &str = "UPDATE requests SET reply = ? WHERE key = ?;";
const CHECKPOINT: &str = "INSERT OR REPLACE INTO checkpoint (id, after_input, bytes, taken_at) \
     SELECT 1, ifnull(max(seq), 0), ?, ? FROM sqlite_sequence WHERE name = 'inputs';";

/// Statements that are sent together.
#[derive(Default)]
pub(super) struct Script {
    text: String,
    arguments: SqliteArguments,
    statements: usize,
}

impl Script {
    fn say(&mut self, statement: &str) {
        self.text.push_str(statement);
        self.statements += 1;
    }

    async fn make_room(&mut self, to: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if self.statements < TOGETHER { Ok(()) } else { self.send(to).await }
    }

    fn give<'t, T>(&mut self, value: T) -> Result<(), sqlx::Error>
    where
        T: Encode<'t, Database> + Type<Database>,
    {
        self.arguments.add(value).map_err(sqlx::Error::Encode)
    }

    /// Sends what has been said so far.
    async fn send(&mut self, to: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if self.text.is_empty() {
            return Ok(());
        }
        let Self { text, arguments, .. } = std::mem::take(self);
        // The text is made of the constants above.
        let done = query_with(AssertSqlSafe(text), arguments).execute(to).await;
        done.map(|_: SqliteQueryResult| ())
    }
}

/// The last rows of readings, one for each plant, and the numbers of the next.
#[derive(Debug, Default)]
pub(super) struct Rows {
    next: i64,
    open: Vec<Option<(i64, Packed)>>,
    /// Rows of the batch that is being written: plant, number, readings.
    pub written: Vec<(usize, i64, Packed)>,
}

impl Rows {
    /// For so many plants; no row is open.
    pub(super) fn new(plants: usize, next: i64) -> Self {
        Self { next, open: vec![None; plants], written: Vec::new() }
    }

    /// Finds a row for each plant's readings of a batch; `tags`: the row in `tags` of each.
    pub(super) fn take(&mut self, batch: &Batch, tags: &[i64]) {
        self.written.clear();
        let mut of_plants: Vec<(usize, Vec<usize>)> = Vec::new();
        for (n, observation) in batch.observations.iter().enumerate() {
            let plant = observation.plant.0;
            match of_plants.iter_mut().rev().find(|(known, _)| *known == plant) {
                Some((_, readings)) => readings.push(n),
                None => of_plants.push((plant, vec![n])),
            }
        }
        for (plant, readings) in of_plants {
            let open = self.open.get(plant).and_then(Option::as_ref);
            let (id, mut packed) = match open {
                Some((id, packed)) if readings.len() < FEW => (*id, packed.clone()),
                _ => {
                    self.next += 1;
                    (self.next, Packed::default())
                }
            };
            for n in readings {
                packed.push(tags[n], Reading::from(&batch.observations[n]));
            }
            self.written.push((plant, id, packed));
        }
    }

    /// The batch is kept: its rows may be gone on with, where they are short.
    pub(super) fn keep(&mut self) {
        for (plant, id, packed) in self.written.drain(..) {
            if let Some(open) = self.open.get_mut(plant) {
                *open = (packed.bytes.len() < ROW_BYTES).then_some((id, packed));
            }
        }
    }
}

/// Writes a batch as one transaction, whole or not at all; `rows` hold its readings.
pub(super) async fn write(
    to: &mut SqliteConnection,
    batch: &Batch,
    (rows, roster): (&Rows, &Roster),
    sealed: &[Sealed],
) -> Result<(), sqlx::Error> {
    let mut script = Script::default();
    script.say(BEGIN);
    if !batch.inputs.is_empty() {
        let packed = pack_inputs(&batch.inputs).map_err(|e| sqlx::Error::Encode(e.into()))?;
        script.say(INPUTS);
        script.give(packed)?;
        script.give(batch.inputs.len() as i64)?;
    }
    for (plant, id, packed) in &rows.written {
        script.make_room(to).await?;
        let (since, until) = packed.span.unwrap_or_default();
        script.say(READINGS);
        script.give(*id)?;
        script.give(roster.plant(*plant).map_or("", PlantId::as_str))?;
        script.give(since)?;
        script.give(until)?;
        script.give(packed.bytes.as_slice())?;
    }
    if !sealed.is_empty() {
        script.send(to).await?;
    }
    for Sealed { entry, json } in sealed {
        script.make_room(to).await?;
        script.say(ENTRY);
        script.give(entry.plant.as_ref().map_or("", PlantId::as_str))?;
        script.give(entry.n.cast_signed())?;
        script.give(json.as_str())?;
        script.give(entry.previous.as_str())?;
        script.give(entry.hash.as_str())?;
        script.give(batch.now.as_ms())?;
    }
    for (key, reply) in &batch.replies {
        script.send(to).await?;
        let json = serde_json::to_string(reply).map_err(|e| sqlx::Error::Encode(e.into()))?;
        script.say(REPLY);
        script.give(json)?;
        script.give(key.as_str())?;
    }
    if let Some(checkpoint) = &batch.checkpoint {
        script.send(to).await?;
        script.say(CHECKPOINT);
        script.give(checkpoint.as_slice())?;
        script.give(batch.now.as_ms())?;
    }
    script.say(COMMIT);
    script.send(to).await
}
