//! Looking into a ledger that a monitor may be writing, and asking that monitor for something.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Executor, Row, query};
use tokio::time::Instant;

use super::{
    database, history, known_schema, read_entries, read_readings, read_resume, unreadable,
};
use crate::alarms::command::{Ask, Reply};
use crate::base::time::wall_now;
use crate::base::{PlantId, Stamp, TagId};
use crate::ledger::store::{Page, Query, Reading, Resume, StoreError};

/// How often a reply is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(30);

/// An open ledger of which somebody else may be the writer.
pub struct Visitor {
    folder: PathBuf,
    connection: SqliteConnection,
}

impl Visitor {
    /// Opens the ledger of a data folder. Errors: there is none, or its schema is not ours.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        let file = folder.join("ledger.sqlite3");
        if !file.is_file() {
            return Err(StoreError::Absent { folder: folder.to_owned() });
        }
        let options = SqliteConnectOptions::new().filename(file).disable_statement_logging();
        let failed = |error| database(folder, error);
        let mut connection = options.connect().await.map_err(failed)?;
        let found: i64 = query("SELECT ifnull(max(version), 0) FROM _sqlx_migrations")
            .fetch_one(&mut connection)
            .await
            .and_then(|row| row.try_get(0))
            .map_err(failed)?;
        let (folder, known) = (folder.to_owned(), known_schema());
        match found.cmp(&known) {
            std::cmp::Ordering::Less => Err(StoreError::Older { folder, found, known }),
            std::cmp::Ordering::Equal => Ok(Self { folder, connection }),
            std::cmp::Ordering::Greater => Err(StoreError::Newer { folder, found, known }),
        }
    }

    fn failed(&self) -> impl Fn(sqlx::Error) -> StoreError + use<> {
        let folder = self.folder.clone();
        move |error| database(&folder, error)
    }

    /// The plants whose instruments the ledger knows.
    pub async fn plants(&mut self) -> Result<Vec<PlantId>, StoreError> {
        let rows = query("SELECT DISTINCT plant FROM tags ORDER BY plant")
            .fetch_all(&mut self.connection)
            .await
            .map_err(self.failed())?;
        let plant = |row: &sqlx::sqlite::SqliteRow| {
            let name: String = row.try_get(0).map_err(self.failed())?;
            PlantId::new(&name).map_err(|error| unreadable("a plant's name")(error.into()))
        };
        rows.iter().map(plant).collect()
    }

    /// What a monitor needs to stand where the writer stood a moment ago.
    pub async fn resume(&mut self) -> Result<Resume, StoreError> {
        let failed = self.failed();
        // One transaction, so that checkpoint and inputs belong together.
        self.connection.execute("BEGIN").await.map_err(&failed)?;
        let resume = read_resume(&mut self.connection, &self.folder).await;
        self.connection.execute("COMMIT").await.map_err(&failed)?;
        resume
    }

    /// Has somebody the ledger open to write it? The system knows, even of one that was killed.
    pub fn is_written(&self) -> bool {
        super::is_written(&self.folder)
    }

    /// How many inputs have ever been stored: more and more, while a monitor that hears runs.
    pub async fn inputs(&mut self) -> Result<i64, StoreError> {
        query("SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'inputs'")
            .fetch_one(&mut self.connection)
            .await
            .and_then(|row| row.try_get(0))
            .map_err(self.failed())
    }

    /// A page of entries.
    pub async fn entries(&mut self, wanted: &Query) -> Result<Page, StoreError> {
        read_entries(&mut self.connection, &self.folder, wanted).await
    }

    /// The newest entries, at most so many.
    pub async fn newest(&mut self, limit: u32) -> Result<Page, StoreError> {
        let last: i64 = query("SELECT ifnull(max(row), 0) FROM entries")
            .fetch_one(&mut self.connection)
            .await
            .and_then(|row| row.try_get(0))
            .map_err(self.failed())?;
        let after = last.saturating_sub(limit.into()).max(0).cast_unsigned();
        self.entries(&Query { plant: None, after, limit }).await
    }

    /// Readings of an instrument with `from <= observed_at < to`, by that time.
    pub async fn readings(
        &mut self,
        place: (&PlantId, &TagId),
        times: (Stamp, Stamp),
    ) -> Result<Vec<Reading>, StoreError> {
        read_readings(&mut self.connection, &self.folder, place, times).await
    }

    /// The last readings of an instrument that were known at a moment, newest first; of two of one
    /// moment, the one kept last.
    pub async fn last_readings(
        &mut self,
        (plant, tag): (&PlantId, &TagId),
        at: Stamp,
        limit: u32,
    ) -> Result<Vec<Reading>, StoreError> {
        let found = history::last_readings(&mut self.connection, (plant, tag), at, limit).await;
        found.map_err(self.failed())
    }

    /// When the first and the last of an instrument's readings were taken; none: it has none.
    pub async fn reach(
        &mut self,
        (plant, tag): (&PlantId, &TagId),
    ) -> Result<Option<(Stamp, Stamp)>, StoreError> {
        history::reach(&mut self.connection, (plant, tag)).await.map_err(self.failed())
    }

    /// Asks; what is asked under the same key twice is asked once.
    pub async fn ask(&mut self, key: &str, ask: &Ask, asked_at: Stamp) -> Result<(), StoreError> {
        let json =
            serde_json::to_string(ask).map_err(|error| unreadable("a request")(error.into()))?;
        query("INSERT OR IGNORE INTO requests (key, ask, asked_at) VALUES (?, ?, ?)")
            .bind(key)
            .bind(json)
            .bind(asked_at.as_ms())
            .execute(&mut self.connection)
            .await
            .map(drop)
            .map_err(self.failed())
    }

    /// The reply, once there is one.
    pub async fn reply(&mut self, key: &str) -> Result<Option<Reply>, StoreError> {
        let row = query("SELECT reply FROM requests WHERE key = ?")
            .bind(key)
            .fetch_optional(&mut self.connection)
            .await
            .map_err(self.failed())?;
        let json: Option<String> = match row {
            Some(row) => row.try_get(0).map_err(self.failed())?,
            None => None,
        };
        let read = |json: String| {
            serde_json::from_str(&json).map_err(|error| unreadable("a reply")(error.into()))
        };
        json.map(read).transpose()
    }

    /// Asks, and waits for the reply of the monitor that writes the ledger. None: it does not reply
    /// in time, and the request is taken back.
    pub async fn have_done(
        &mut self,
        key: &str,
        ask: &Ask,
        patience: Duration,
    ) -> Result<Option<Reply>, StoreError> {
        self.ask(key, ask, wall_now()).await?;
        let due = Instant::now() + patience;
        loop {
            if let Some(reply) = self.reply(key).await? {
                return Ok(Some(reply));
            }
            if Instant::now() >= due && self.withdraw(key).await? {
                return Ok(None);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Takes a request back, unless it has been done; says whether it could.
    pub async fn withdraw(&mut self, key: &str) -> Result<bool, StoreError> {
        query("DELETE FROM requests WHERE key = ? AND reply IS NULL")
            .bind(key)
            .execute(&mut self.connection)
            .await
            .map(|done| done.rows_affected() > 0)
            .map_err(self.failed())
    }

    /// Ends the visit.
    pub async fn close(self) -> Result<(), StoreError> {
        let failed = self.failed();
        self.connection.close().await.map_err(failed)
    }
}
