//! What a migration cannot say in SQL.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Executor, Row, query};

use super::packed::Packed;
use super::{database, reading, text};
use crate::ledger::store::StoreError;

/// Readings of an older ledger that go into one row.
const READINGS_PER_ROW: usize = 4_096;

/// Rows read at a time.
const ROWS_PER_PAGE: i64 = 16_384;

/// Packs the readings that an older version kept one to a row, in one transaction: whoever is
/// killed meanwhile leaves them as they were.
pub(super) async fn pack_readings(
    connection: &mut SqliteConnection,
    folder: &Path,
) -> Result<(), StoreError> {
    let failed = |error| database(folder, error);
    let older = query("SELECT 1 FROM sqlite_master WHERE name = 'readings_by_row'")
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?;
    if older.is_none() {
        return Ok(());
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    let mut of_plants: BTreeMap<String, Packed> = BTreeMap::new();
    let mut after = i64::MIN;
    loop {
        let rows = query(
            "SELECT readings_by_row.rowid AS row, plant, id, observed_at, received_at, value, flag \
             FROM readings_by_row JOIN tags ON tags.id = readings_by_row.tag \
             WHERE readings_by_row.rowid > ? ORDER BY readings_by_row.rowid LIMIT ?",
        )
        .bind(after)
        .bind(ROWS_PER_PAGE)
        .fetch_all(&mut *transaction)
        .await
        .map_err(failed)?;
        let Some(last) = rows.last() else { break };
        after = last.try_get("row").map_err(failed)?;
        for row in &rows {
            let plant = text(row, "plant")?;
            let packed = of_plants.entry(plant.clone()).or_default();
            packed.push(row.try_get("id").map_err(failed)?, reading(row)?);
            if packed.count >= READINGS_PER_ROW {
                let packed = std::mem::take(packed);
                insert(&mut transaction, &plant, packed).await.map_err(failed)?;
            }
        }
    }
    for (plant, packed) in of_plants {
        insert(&mut transaction, &plant, packed).await.map_err(failed)?;
    }
    transaction.execute("DROP TABLE readings_by_row").await.map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

async fn insert(
    connection: &mut SqliteConnection,
    plant: &str,
    packed: Packed,
) -> Result<(), sqlx::Error> {
    let Some((since, until)) = packed.span else { return Ok(()) };
    query("INSERT INTO readings (plant, since, until, bytes) VALUES (?, ?, ?, ?)")
        .bind(plant)
        .bind(since)
        .bind(until)
        .bind(packed.bytes)
        .execute(connection)
        .await
        .map(drop)
}
