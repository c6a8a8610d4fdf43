//! The past, from the ledger: how everything stood at a moment, and what happened when.

use std::sync::PoisonError;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, Served, Shared, json_of};
use crate::base::{Stamp, TagId};
use crate::desk::past::{Chronicle, shown};
use crate::desk::tickets::tickets;
use crate::ledger::sqlite::Visitor;
use crate::ledger::store::{Query as Wanted, Reading, StoreError};

/// Records read at a time.
const PAGE: u32 = 2_000;

/// Values of a small curve of the past.
const TREND: u32 = 60;

/// The same, where there are more instruments than `MANY`.
const TREND_OF_MANY: u32 = 12;

/// See `TREND_OF_MANY`.
const MANY: usize = 600;

impl Served {
    /// Asks the records, after what has been added to the ledger meanwhile.
    pub(super) async fn chronicle<T>(
        &self,
        visitor: &mut Visitor,
        ask: impl FnOnce(&Chronicle) -> T,
    ) -> Result<T, StoreError> {
        loop {
            let after = self.records.lock().unwrap_or_else(PoisonError::into_inner).last();
            let page = visitor.entries(&Wanted { plant: None, after, limit: PAGE }).await?;
            let is_last = page.entries.len() < PAGE as usize;
            let mut chronicle = self.records.lock().unwrap_or_else(PoisonError::into_inner);
            chronicle.add(after, page);
            if is_last {
                return Ok(ask(&chronicle));
            }
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Moment {
    /// ms since 1970.
    at: i64,
}

/// Everything as it stood at a moment: the same as a snapshot, of the past.
pub(super) async fn moment(
    State(served): Shared,
    Query(Moment { at }): Query<Moment>,
) -> Result<Response, Refusal> {
    let at = Stamp::from_ms(at).map_err(Refusal::wrong)?;
    let mut visitor = Visitor::open(&served.desk.folder).await.map_err(Refusal::ours)?;
    let read =
        served.chronicle(&mut visitor, |chronicle| (chronicle.at(at), json!(chronicle.newest(at))));
    let (mut past, records) = read.await.map_err(Refusal::ours)?;
    let now = served.desk.hub.heads();
    let cards = &served.desk.catalogue.plants;
    let tags = cards.iter().map(|card| card.tags.len()).sum::<usize>();
    let limit = if tags > MANY { TREND_OF_MANY } else { TREND };
    let mut plants: Vec<Value> = Vec::with_capacity(cards.len());
    for (card, now) in cards.iter().zip(&now) {
        let mut tags: Vec<(&TagId, Vec<Reading>)> = Vec::with_capacity(card.tags.len());
        for tag in &card.tags {
            let readings = visitor.last_readings((&card.id, &tag.id), at, limit).await;
            tags.push((&tag.id, readings.map_err(Refusal::ours)?));
        }
        plants.push(shown(&past.remove(&card.id).unwrap_or_default(), now, at, &tags));
    }
    visitor.close().await.map_err(Refusal::ours)?;
    Ok(json_of(StatusCode::OK, &json!({ "at": at.as_ms(), "plants": plants, "records": records })))
}

/// From when to when there is a past, and what happened in it.
pub(super) async fn span(State(served): Shared) -> Result<Response, Refusal> {
    let mut visitor = Visitor::open(&served.desk.folder).await.map_err(Refusal::ours)?;
    let mut span = served.chronicle(&mut visitor, Chronicle::span).await.map_err(Refusal::ours)?;
    for card in &served.desk.catalogue.plants {
        for tag in &card.tags {
            let reach = visitor.reach((&card.id, &tag.id)).await.map_err(Refusal::ours)?;
            // The first record says when this sitting began: readings may be of another.
            span = match (span, reach) {
                (Some((from, to)), Some((_, last))) => Some((from, to.max(last))),
                (span, reach) => span.or(reach),
            };
        }
    }
    let Some((from, to)) = span else {
        visitor.close().await.map_err(Refusal::ours)?;
        return Ok(json_of(StatusCode::OK, &json!({ "from": null, "to": null, "marks": [] })));
    };
    let marks = served.chronicle(&mut visitor, |chronicle| chronicle.marks((from, to))).await;
    let marks = marks.map_err(Refusal::ours)?;
    visitor.close().await.map_err(Refusal::ours)?;
    let said = json!({ "from": from.as_ms(), "to": to.as_ms(), "marks": marks });
    Ok(json_of(StatusCode::OK, &said))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Until {
    /// ms since 1970; now, when nobody says.
    until: Option<i64>,
}

/// Complaints, each beside the alarms of its time and place.
pub(super) async fn complaints(
    State(served): Shared,
    Query(Until { until }): Query<Until>,
) -> Result<Response, Refusal> {
    let until = until.map(Stamp::from_ms).transpose().map_err(Refusal::wrong)?;
    let until = until.unwrap_or(Stamp::MAX);
    let mut visitor = Visitor::open(&served.desk.folder).await.map_err(Refusal::ours)?;
    let catalogue = &served.desk.catalogue;
    let said = served.chronicle(&mut visitor, |it| json!(tickets(it, catalogue, until))).await;
    let said = said.map_err(Refusal::ours)?;
    visitor.close().await.map_err(Refusal::ours)?;
    Ok(json_of(StatusCode::OK, &json!({ "tickets": said })))
}
