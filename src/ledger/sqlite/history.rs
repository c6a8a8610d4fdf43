//! The ends of an instrument's readings, out of rows that it shares with others of its plant.

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, query};

use super::packed::Unpacked;
use crate::base::{PlantId, Span, Stamp, TagId};
use crate::ledger::store::Reading;

/// Instruments' clocks are at most so far ahead of the monitor's in what is looked up.
const SKEW: Span = Span::HOUR;

/// Rows looked into at a time.
const ROWS_PER_PAGE: i64 = 16;

/// The row of a tag in `tags`.
async fn row_of(
    connection: &mut SqliteConnection,
    (plant, tag): (&PlantId, &TagId),
) -> Result<Option<i64>, sqlx::Error> {
    let row = query("SELECT id FROM tags WHERE plant = ? AND tag = ?")
        .bind(plant.as_str())
        .bind(tag.as_str())
        .fetch_optional(connection)
        .await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// The readings of a tag in a row, each with its place there.
fn of_tag(row: &SqliteRow, tag: i64) -> Result<Vec<(usize, Reading)>, sqlx::Error> {
    let mut found = Vec::new();
    for (place, read) in Unpacked::new(row.try_get("bytes")?).enumerate() {
        let (of, reading) = read.map_err(|error| sqlx::Error::Decode(error.into()))?;
        if of == tag {
            found.push((place, reading));
        }
    }
    Ok(found)
}

/// The last readings of an instrument that were known at a moment, newest first; of two of one
/// moment, the one kept last.
pub(super) async fn last_readings(
    connection: &mut SqliteConnection,
    (plant, tag): (&PlantId, &TagId),
    at: Stamp,
    limit: u32,
) -> Result<Vec<Reading>, sqlx::Error> {
    let Some(id) = row_of(connection, (plant, tag)).await? else { return Ok(Vec::new()) };
    // A clock that is ahead says so itself, and no more than this.
    let (latest, limit) = (at + SKEW, limit as usize);
    let mut found: Vec<((Stamp, i64, usize), Reading)> = Vec::new();
    for page in 0.. {
        let rows = query(
            "SELECT id, until, bytes FROM readings WHERE plant = ? AND since <= ? \
             ORDER BY until DESC, id DESC LIMIT ? OFFSET ?",
        )
        .bind(plant.as_str())
        .bind(latest.as_ms())
        .bind(ROWS_PER_PAGE)
        .bind(page * ROWS_PER_PAGE)
        .fetch_all(&mut *connection)
        .await?;
        for row in &rows {
            let until: i64 = row.try_get("until")?;
            // What is still to come is older than all that is wanted.
            let is_over = |oldest: &((Stamp, i64, usize), Reading)| until < oldest.0.0.as_ms();
            if limit > 0 && found.get(limit - 1).is_some_and(is_over) {
                return Ok(newest(found, limit));
            }
            let key: i64 = row.try_get("id")?;
            let known = of_tag(row, id)?
                .into_iter()
                .filter(|(_, reading)| reading.observed_at <= latest && reading.received_at <= at);
            found.extend(known.map(|(n, reading)| ((reading.observed_at, key, n), reading)));
            found.sort_by(|(a, _), (b, _)| b.cmp(a));
            found.truncate(limit);
        }
        if rows.is_empty() {
            break;
        }
    }
    Ok(newest(found, limit))
}

fn newest(found: Vec<((Stamp, i64, usize), Reading)>, limit: usize) -> Vec<Reading> {
    found.into_iter().take(limit).map(|(_, reading)| reading).collect()
}

/// When the first and the last of an instrument's readings were taken; none: it has none.
pub(super) async fn reach(
    connection: &mut SqliteConnection,
    place: (&PlantId, &TagId),
) -> Result<Option<(Stamp, Stamp)>, sqlx::Error> {
    let Some(id) = row_of(connection, place).await? else { return Ok(None) };
    let first = end(connection, (place.0, id), true).await?;
    let last = end(connection, (place.0, id), false).await?;
    Ok(first.zip(last))
}

/// The earliest or the latest moment at which a tag was read.
async fn end(
    connection: &mut SqliteConnection,
    (plant, tag): (&PlantId, i64),
    first: bool,
) -> Result<Option<Stamp>, sqlx::Error> {
    let mut found: Option<Stamp> = None;
    for page in 0.. {
        // Found in the index first, so that nothing else is sorted.
        let statement = if first {
            "SELECT since AS edge, bytes FROM readings WHERE id IN (SELECT id FROM readings \
             WHERE plant = ? ORDER BY since LIMIT ? OFFSET ?) ORDER BY since"
        } else {
            "SELECT until AS edge, bytes FROM readings WHERE id IN (SELECT id FROM readings \
             WHERE plant = ? ORDER BY until DESC LIMIT ? OFFSET ?) ORDER BY until DESC"
        };
        let rows = query(statement)
            .bind(plant.as_str())
            .bind(ROWS_PER_PAGE)
            .bind(page * ROWS_PER_PAGE)
            .fetch_all(&mut *connection)
            .await?;
        for row in &rows {
            let edge: i64 = row.try_get("edge")?;
            let is_over = |found: Stamp| {
                if first { edge >= found.as_ms() } else { edge <= found.as_ms() }
            };
            if found.is_some_and(is_over) {
                return Ok(found);
            }
            for (_, Reading { observed_at, .. }) in of_tag(row, tag)? {
                let better = |found: Stamp| {
                    if first { found.min(observed_at) } else { found.max(observed_at) }
                };
                found = Some(found.map_or(observed_at, better));
            }
        }
        if rows.is_empty() {
            break;
        }
    }
    Ok(found)
}
