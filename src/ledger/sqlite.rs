#![expect(clippy::disallowed_methods, reason = "edge: makes the data folder and locks it")]
//! The ledger in one SQLite file, `ledger.sqlite3` in the data folder.
//!
//! Write-ahead log with `synchronous = FULL`: once `append` has returned, the batch survives
//! `kill -9` and a power cut. `ledger.lock` beside it keeps a second writer out; readers are free
//! to look with the `sqlite3` tool while it runs.

mod history;
mod packed;
mod upgrade;
mod visitor;
mod writing;

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Executor, Row, query};

use super::chain::{Chain, Heads, Verifier};
use super::record::{Entry, Record};
use super::store::{
    Batch, Page, Query, REQUESTS_MAX, Reading, Request, Resume, Roster, Store, StoreError,
};
use crate::base::{Flag, PlantId, Stamp, TagId};
use packed::{Packed, Unpacked, unpack_inputs};
pub use visitor::Visitor;
use writing::Rows;

/// Schemas, oldest first; the newest is the one this program writes.
static MIGRATIONS: Migrator = sqlx::migrate!("src/ledger/migrations");

/// Requests with their reply that are kept, for whoever still waits to read it.
const REPLIES_KEPT: i64 = 1_000;
/// Who looks whether somebody writes holds the lock for a moment, not so long.
const LOOK: Duration = Duration::from_millis(20);
/// Rows of readings read at a time.
const ROWS_PER_PAGE: i64 = 1_024;
/// Entries read at a time while the chains are checked.
const ENTRIES_PER_PAGE: u32 = 4_096;

/// Bits of SQLite's extended result codes that hold the primary code.
const PRIMARY: u32 = 0xff;
/// `SQLITE_READONLY`: read-only file or folder.
const READONLY: u32 = 8;
/// `SQLITE_FULL`: no space on the disk, or the size limit is reached.
const FULL: u32 = 13;
/// `SQLITE_IOERR_SHMSIZE`: no space for the index of the write-ahead log.
const SHMSIZE: u32 = 4_874;

/// An open ledger; one task owns it.
pub struct Sqlite {
    folder: PathBuf,
    pub(super) connection: SqliteConnection,
    /// By plant and tag of the roster: the row in `tags`.
    tag_rows: Vec<Vec<i64>>,
    roster: Roster,
    heads: Heads,
    rows: Rows,
    /// A transaction was begun and not yet ended, perhaps by a caller who stopped waiting.
    unfinished: bool,
    /// Held while the ledger is open; the system lets go of it even after `kill -9`.
    _lock: File,
}

impl Sqlite {
    /// Opens the ledger of a data folder, and makes what is missing.
    ///
    /// Errors: `Folder`, `InUse`, `Newer`, `ReadOnly`, `Full`, `Database`.
    pub async fn open(folder: &Path, roster: Roster) -> Result<Self, StoreError> {
        let lock = match lock(folder) {
            Err(StoreError::InUse { .. }) => {
                tokio::time::sleep(LOOK).await;
                lock(folder)?
            }
            first => first?,
        };
        let options = SqliteConnectOptions::new()
            .filename(folder.join("ledger.sqlite3"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .disable_statement_logging();
        let failed = |error| database(folder, error);
        let mut connection = options.connect().await.map_err(failed)?;
        migrate(&mut connection, folder).await?;
        upgrade::pack_readings(&mut connection, folder).await?;
        let heads = heads(&mut connection, folder).await?;
        let tag_rows = tag_rows(&mut connection, &roster).await.map_err(failed)?;
        let rows = rows(&mut connection, &roster).await.map_err(failed)?;
        Ok(Self {
            folder: folder.to_owned(),
            connection,
            tag_rows,
            roster,
            heads,
            rows,
            unfinished: false,
            _lock: lock,
        })
    }

    fn failed(&self) -> impl Fn(sqlx::Error) -> StoreError + use<> {
        let folder = self.folder.clone();
        move |error| database(&folder, error)
    }

    /// After a failure, or a caller who stopped waiting: ends what was begun, and looks up how far
    /// the chains have come.
    async fn recover(&mut self) -> Result<(), StoreError> {
        if self.unfinished {
            // SQLite may have ended the transaction by itself, and then refuses this.
            let _ = self.connection.execute("ROLLBACK").await;
            self.heads = heads(&mut self.connection, &self.folder).await?;
            let failed = self.failed();
            self.rows = rows(&mut self.connection, &self.roster).await.map_err(failed)?;
            self.unfinished = false;
        }
        Ok(())
    }

    /// Ends the transaction as `written` says.
    async fn end(&mut self, written: Result<(), sqlx::Error>) -> Result<(), StoreError> {
        if let Err(error) = written {
            self.recover().await?;
            return Err(database(&self.folder, error));
        }
        self.unfinished = false;
        Ok(())
    }

    async fn forget(&mut self, before: Stamp) -> Result<(), sqlx::Error> {
        self.unfinished = true;
        self.connection.execute("BEGIN IMMEDIATE").await?;
        query("DELETE FROM inputs WHERE n <= (SELECT max(after_input) FROM checkpoint)")
            .execute(&mut self.connection)
            .await?;
        forget_readings(&mut self.connection, before).await?;
        query(
            "DELETE FROM requests WHERE reply IS NOT NULL \
             AND n <= (SELECT max(n) FROM requests) - ?",
        )
        .bind(REPLIES_KEPT)
        .execute(&mut self.connection)
        .await?;
        self.connection.execute("COMMIT").await.map(drop)
    }
}

/// Forgets readings observed before `before`; a row of which some remain is written anew.
async fn forget_readings(
    connection: &mut SqliteConnection,
    before: Stamp,
) -> Result<(), sqlx::Error> {
    query("DELETE FROM readings WHERE until < ?")
        .bind(before.as_ms())
        .execute(&mut *connection)
        .await?;
    let cut = query("SELECT id, bytes FROM readings WHERE since < ?")
        .bind(before.as_ms())
        .fetch_all(&mut *connection)
        .await?;
    for row in cut {
        let mut left = Packed::default();
        for read in Unpacked::new(row.try_get("bytes")?) {
            let (tag, reading) = read.map_err(|error| sqlx::Error::Decode(error.into()))?;
            if reading.observed_at >= before {
                left.push(tag, reading);
            }
        }
        let (since, until) = left.span.unwrap_or_default();
        query("UPDATE readings SET since = ?, until = ?, bytes = ? WHERE id = ?")
            .bind(since)
            .bind(until)
            .bind(left.bytes)
            .bind(row.try_get::<i64, _>("id")?)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// No open row, and the number of the last row there is.
async fn rows(connection: &mut SqliteConnection, roster: &Roster) -> Result<Rows, sqlx::Error> {
    let last = query("SELECT ifnull(max(id), 0) FROM readings").fetch_one(connection).await?;
    Ok(Rows::new(roster.plants().count(), last.try_get(0)?))
}

/// Makes the folder and keeps others out of it.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let refused = |cause| StoreError::Folder { folder: folder.to_owned(), cause };
    fs::create_dir_all(folder).map_err(refused)?;
    let file = File::create(folder.join("ledger.lock")).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(cause)) => Err(refused(cause)),
    }
}

/// Has somebody the ledger of a data folder open to write it? The system knows, even of one that
/// was killed.
pub fn is_written(folder: &Path) -> bool {
    let lock = File::open(folder.join("ledger.lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// The schema this program writes.
fn known_schema() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

async fn migrate(connection: &mut SqliteConnection, folder: &Path) -> Result<(), StoreError> {
    let known = known_schema();
    MIGRATIONS.run_direct(None, connection, false).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) | MigrateError::VersionTooNew(found, _) => {
            StoreError::Newer { folder: folder.to_owned(), found, known }
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            database(folder, error)
        }
        error => StoreError::Database(error.into()),
    })
}

/// How far the chains have come.
async fn heads(connection: &mut SqliteConnection, folder: &Path) -> Result<Heads, StoreError> {
    // With max(), SQLite takes the other columns from the row that has it.
    let newest = query("SELECT plant, max(n) AS n, hash FROM entries GROUP BY plant")
        .fetch_all(connection)
        .await
        .map_err(|error| database(folder, error))?;
    let heads = newest.iter().map(|row| Ok((chain(row)?, number(row, "n")?, text(row, "hash")?)));
    Ok(Heads::new(heads.collect::<Result<Vec<_>, StoreError>>()?))
}

/// Gives every tag of the roster its row, old ones the row they had.
async fn tag_rows(
    connection: &mut SqliteConnection,
    roster: &Roster,
) -> Result<Vec<Vec<i64>>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let mut known: BTreeMap<(String, String), i64> = BTreeMap::new();
    for row in query("SELECT id, plant, tag FROM tags").fetch_all(&mut *transaction).await? {
        known.insert((row.try_get("plant")?, row.try_get("tag")?), row.try_get("id")?);
    }
    let mut rows = Vec::new();
    for (_, plant, tags) in roster.plants() {
        let mut of_plant = Vec::with_capacity(tags.len());
        for tag in tags {
            let name = (plant.to_string(), tag.to_string());
            let row = match known.get(&name) {
                Some(row) => *row,
                None => query("INSERT INTO tags (plant, tag) VALUES (?, ?)")
                    .bind(plant.as_str())
                    .bind(tag.as_str())
                    .execute(&mut *transaction)
                    .await?
                    .last_insert_rowid(),
            };
            known.insert(name, row);
            of_plant.push(row);
        }
        rows.push(of_plant);
    }
    transaction.commit().await?;
    Ok(rows)
}

/// What the database says, in the ledger's words.
fn database(folder: &Path, error: sqlx::Error) -> StoreError {
    let code = match &error {
        sqlx::Error::Database(answer) => answer.code().and_then(|code| code.parse::<u32>().ok()),
        _ => None,
    };
    let folder = || folder.to_owned();
    match code {
        Some(code) if code & PRIMARY == FULL || code == SHMSIZE => {
            StoreError::Full { folder: folder() }
        }
        Some(code) if code & PRIMARY == READONLY => StoreError::ReadOnly { folder: folder() },
        _ => StoreError::Database(error.into()),
    }
}

fn unreadable(
    what: impl Into<String>,
) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    let what = what.into();
    |cause| StoreError::Unreadable { what, cause }
}

/// The chain in column `plant`.
fn chain(row: &SqliteRow) -> Result<Chain, StoreError> {
    let name: String = row.try_get("plant").map_err(|e| unreadable("a plant's name")(e.into()))?;
    if name.is_empty() {
        return Ok(None);
    }
    PlantId::new(&name).map(Some).map_err(|error| unreadable("a plant's name")(error.into()))
}

fn number(row: &SqliteRow, column: &str) -> Result<u64, StoreError> {
    let number: i64 = row.try_get(column).map_err(|e| unreadable(column)(e.into()))?;
    u64::try_from(number).map_err(|error| unreadable(column)(error.into()))
}

fn stamp(row: &SqliteRow, column: &str) -> Result<Stamp, StoreError> {
    let ms: i64 = row.try_get(column).map_err(|e| unreadable(column)(e.into()))?;
    Stamp::from_ms(ms).map_err(|error| unreadable(column)(error.into()))
}

fn text(row: &SqliteRow, column: &str) -> Result<String, StoreError> {
    row.try_get(column).map_err(|error| unreadable(column)(error.into()))
}

fn entry(row: &SqliteRow) -> Result<Entry, StoreError> {
    let (plant, n) = (chain(row)?, number(row, "n")?);
    let record: Record = serde_json::from_str(&text(row, "record")?)
        .map_err(|error| unreadable(format!("the record of entry {n}"))(error.into()))?;
    Ok(Entry { plant, n, record, previous: text(row, "previous")?, hash: text(row, "hash")? })
}

fn reading(row: &SqliteRow) -> Result<Reading, StoreError> {
    let flag = u8::try_from(number(row, "flag")?).unwrap_or(0);
    Ok(Reading {
        observed_at: stamp(row, "observed_at")?,
        received_at: stamp(row, "received_at")?,
        value: row.try_get("value").map_err(|error| unreadable("a value")(error.into()))?,
        flag: Flag::try_from(flag).map_err(|error| unreadable("a flag")(error.into()))?,
    })
}

async fn read_resume(
    connection: &mut SqliteConnection,
    folder: &Path,
) -> Result<Resume, StoreError> {
    let failed = |error| database(folder, error);
    let checkpoint = query("SELECT after_input, bytes FROM checkpoint")
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?;
    let after = match &checkpoint {
        Some(row) => row.try_get::<i64, _>("after_input").map_err(failed)?,
        None => 0,
    };
    let rows = query("SELECT bytes, packed FROM inputs WHERE n > ? ORDER BY n")
        .bind(after)
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
    let bytes = |row: &SqliteRow| row.try_get::<Vec<u8>, _>("bytes").map_err(failed);
    let mut inputs_after = Vec::new();
    for row in &rows {
        match row.try_get("packed").map_err(failed)? {
            None => inputs_after.push(bytes(row)?),
            Some(count) => {
                let inputs = unpack_inputs(row.try_get("bytes").map_err(failed)?, count);
                inputs_after.extend(inputs.map_err(|e| unreadable("inputs")(e.into()))?);
            }
        }
    }
    Ok(Resume { checkpoint: checkpoint.as_ref().map(bytes).transpose()?, inputs_after })
}

async fn read_readings(
    connection: &mut SqliteConnection,
    folder: &Path,
    (plant, tag): (&PlantId, &TagId),
    (from, to): (Stamp, Stamp),
) -> Result<Vec<Reading>, StoreError> {
    let failed = |error| database(folder, error);
    let id = query("SELECT id FROM tags WHERE plant = ? AND tag = ?")
        .bind(plant.as_str())
        .bind(tag.as_str())
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?;
    let Some(id) = id else { return Ok(Vec::new()) };
    let id: i64 = id.try_get(0).map_err(failed)?;
    let mut readings = Vec::new();
    let mut after = 0;
    loop {
        let rows = query(
            // Found in the index first, so that nothing else is sorted.
            "SELECT id, bytes FROM readings WHERE id IN ( \
             SELECT id FROM readings WHERE plant = ? AND until >= ? AND since < ? AND id > ? \
             ORDER BY id LIMIT ?) ORDER BY id",
        )
        .bind(plant.as_str())
        .bind(from.as_ms())
        .bind(to.as_ms())
        .bind(after)
        .bind(ROWS_PER_PAGE)
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
        let Some(last) = rows.last() else { break };
        after = last.try_get("id").map_err(failed)?;
        for row in &rows {
            for read in Unpacked::new(row.try_get("bytes").map_err(failed)?) {
                let (tag, reading) = read.map_err(|error| unreadable("readings")(error.into()))?;
                if tag == id && (from..to).contains(&reading.observed_at) {
                    readings.push(reading);
                }
            }
        }
    }
    readings.sort_by_key(|reading| reading.observed_at);
    Ok(readings)
}

async fn read_entries(
    connection: &mut SqliteConnection,
    folder: &Path,
    wanted: &Query,
) -> Result<Page, StoreError> {
    let rows = query(
        "SELECT row, plant, n, record, previous, hash, kept_at FROM entries \
         WHERE row > ?1 AND (?2 IS NULL OR plant = ?2) ORDER BY row LIMIT ?3",
    )
    .bind(wanted.after.cast_signed())
    .bind(wanted.plant.as_ref().map(PlantId::as_str))
    .bind(wanted.limit)
    .fetch_all(connection)
    .await
    .map_err(|error| database(folder, error))?;
    let last = rows.last().map_or(Ok(wanted.after), |row| number(row, "row"))?;
    let kept = rows.iter().map(|row| stamp(row, "kept_at")).collect::<Result<_, _>>()?;
    Ok(Page { entries: rows.iter().map(entry).collect::<Result<_, _>>()?, kept, last })
}

impl Store for Sqlite {
    async fn append(&mut self, batch: &Batch) -> Result<Vec<Entry>, StoreError> {
        self.recover().await?;
        let sealed = self
            .heads
            .seal(&batch.records)
            .map_err(|error| unreadable("a new record")(error.into()))?;
        let tags = batch.observations.iter().map(|observation| {
            self.roster.names(observation.plant, observation.tag)?;
            Ok(self.tag_rows[observation.plant.0][observation.tag.0])
        });
        let tags = tags.collect::<Result<Vec<_>, StoreError>>()?;
        self.unfinished = true;
        self.rows.take(batch, &tags);
        let with = (&self.rows, &self.roster);
        let written = writing::write(&mut self.connection, batch, with, &sealed).await;
        self.end(written).await?;
        self.rows.keep();
        self.heads.advance(&sealed);
        Ok(sealed.into_iter().map(|sealed| sealed.entry).collect())
    }

    async fn resume(&mut self) -> Result<Resume, StoreError> {
        read_resume(&mut self.connection, &self.folder).await
    }

    async fn entries(&mut self, wanted: &Query) -> Result<Page, StoreError> {
        read_entries(&mut self.connection, &self.folder, wanted).await
    }

    async fn readings(
        &mut self,
        plant: &PlantId,
        tag: &TagId,
        from: Stamp,
        to: Stamp,
    ) -> Result<Vec<Reading>, StoreError> {
        read_readings(&mut self.connection, &self.folder, (plant, tag), (from, to)).await
    }

    async fn requests(&mut self) -> Result<Vec<Request>, StoreError> {
        let rows = query("SELECT key, ask FROM requests WHERE reply IS NULL ORDER BY n LIMIT ?")
            .bind(REQUESTS_MAX)
            .fetch_all(&mut self.connection)
            .await
            .map_err(self.failed())?;
        let request = |row: &SqliteRow| {
            let ask = serde_json::from_str(&text(row, "ask")?).ok();
            Ok(Request { key: text(row, "key")?, ask })
        };
        rows.iter().map(request).collect()
    }

    async fn prune(&mut self, before: Stamp) -> Result<(), StoreError> {
        self.recover().await?;
        let forgotten = self.forget(before).await;
        self.end(forgotten).await?;
        // Rows may have become shorter.
        let failed = self.failed();
        self.rows = rows(&mut self.connection, &self.roster).await.map_err(failed)?;
        Ok(())
    }

    async fn verify(&mut self) -> Result<(), StoreError> {
        let mut verifier = Verifier::default();
        let mut after = 0;
        loop {
            let rows = query(
                "SELECT row, plant, n, record, previous, hash, kept_at FROM entries \
                 WHERE row > ? ORDER BY row LIMIT ?",
            )
            .bind(after)
            .bind(ENTRIES_PER_PAGE)
            .fetch_all(&mut self.connection)
            .await
            .map_err(self.failed())?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.try_get::<i64, _>("row").map_err(self.failed())?;
            for row in &rows {
                let hashes = [text(row, "previous")?, text(row, "hash")?];
                let json = text(row, "record")?;
                let hashes = hashes.each_ref().map(String::as_str);
                verifier.check(&chain(row)?, number(row, "n")?, hashes, &json)?;
            }
        }
    }

    async fn close(mut self) -> Result<(), StoreError> {
        self.recover().await?;
        let failed = self.failed();
        self.connection.close().await.map_err(failed)
    }
}
