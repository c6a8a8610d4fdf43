//! What pages ask for.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{Stream, StreamExt, once};
use serde::Deserialize;
use serde_json::json;

use super::invite::Caller;
use super::{Question, Refusal, Shared, Unexplained, json_of};
use crate::base::text::Lang;
use crate::base::{PlantId, RuleId, Stamp, TagId};
use crate::desk::history::{History, samples, thin};
use crate::desk::role::Role;
use crate::ledger::sqlite::Visitor;

/// Points of a curve when nobody says how many.
const POINTS: usize = 900;

/// Everything at this moment.
pub(super) async fn snapshot(State(served): Shared, Extension(role): Extension<Role>) -> Response {
    let mut whole = served.desk.hub.whole();
    whole["role"] = json!(role);
    json_of(StatusCode::OK, &whole)
}

#[derive(Debug, Deserialize)]
pub(super) struct Shown {
    /// Positions in the catalogue, between commas.
    plants: String,
}

/// The last values of the instruments of some plants.
pub(super) async fn trends(
    State(served): Shared,
    Query(Shown { plants }): Query<Shown>,
) -> Result<Response, Refusal> {
    // Nobody needs one twice.
    let most = served.desk.catalogue.plants.len();
    let positions = plants.split(',').take(most).map(|it| it.parse().ok());
    let trends = positions.map(|at| served.desk.hub.trends(at?)).collect::<Option<Vec<_>>>();
    let unknown = || Refusal::wrong("`plants` takes positions in the catalogue, as 0,2,5");
    Ok(json_of(StatusCode::OK, &json!(trends.ok_or_else(unknown)?)))
}

#[derive(Debug, Deserialize)]
pub(super) struct After {
    after: Option<String>,
}

/// What happens from now on, or since the piece that the page heard last. Whoever's link is revoked
/// hears no more, and is told to look again: then they are told why.
pub(super) async fn stream(
    State(served): Shared,
    Extension(caller): Extension<Caller>,
    Query(After { after }): Query<After>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let last = headers.get("last-event-id").and_then(|it| it.to_str().ok());
    let pieces = served.desk.hub.hear(last.or(after.as_deref()), caller.role.sees_truth());
    let revoked = served.revoked(&caller);
    let farewell = once(async move {
        let look_again = || Ok(Event::default().event("resync").data("{}"));
        served.is_revoked(&caller).then(look_again)
    });
    Sse::new(pieces.take_until(revoked).chain(farewell.filter_map(ready)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    plant: String,
    tag: String,
    /// ms since 1970.
    from: i64,
    to: i64,
    max: Option<usize>,
}

/// What an instrument has shown.
pub(super) async fn history(
    State(served): Shared,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Refusal> {
    let plant = PlantId::new(&wanted.plant).map_err(Refusal::wrong)?;
    let tag = TagId::new(&wanted.tag).map_err(Refusal::wrong)?;
    let known = served.desk.catalogue.plants.iter().find(|card| card.id == plant);
    let Some(card) = known.and_then(|card| card.tags.iter().find(|card| card.id == tag)) else {
        let text = format!("there is no instrument {tag} at {plant}");
        return Err(Refusal::new(StatusCode::NOT_FOUND, text));
    };
    let times = (
        Stamp::from_ms(wanted.from).map_err(Refusal::wrong)?,
        Stamp::from_ms(wanted.to).map_err(Refusal::wrong)?,
    );
    if times.0 >= times.1 {
        return Err(Refusal::wrong("`from` must lie before `to`"));
    }
    let mut visitor = Visitor::open(&served.desk.folder).await.map_err(Refusal::ours)?;
    let readings = visitor.readings((&plant, &tag), times).await.map_err(Refusal::ours)?;
    let read = served.chronicle(&mut visitor, |it| samples(it, &plant, card, times)).await;
    let samples = read.map_err(Refusal::ours)?;
    visitor.close().await.map_err(Refusal::ours)?;
    let history = History { samples, ..thin(&readings, times, wanted.max.unwrap_or(POINTS)) };
    Ok(json_of(StatusCode::OK, &json!(history)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Where {
    plant: String,
}

/// The network of a plant, for a drawing.
pub(super) async fn map(
    State(served): Shared,
    Query(Where { plant }): Query<Where>,
) -> Result<Response, Refusal> {
    let plant = PlantId::new(&plant).map_err(Refusal::wrong)?;
    let map = (served.desk.draw)(&plant).ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, format!("there is no plant {plant} here"))
    })?;
    Ok(json_of(StatusCode::OK, &json!(map)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    plant: String,
    rule: String,
    tag: Option<String>,
    /// ms since 1970; now, when nobody says.
    at: Option<i64>,
    lang: Option<String>,
}

/// Why an alarm is raised, or is not.
pub(super) async fn explain(
    State(served): Shared,
    Query(why): Query<Why>,
) -> Result<Response, Refusal> {
    let question = Question {
        plant: PlantId::new(&why.plant).map_err(Refusal::wrong)?,
        rule: RuleId::new(&why.rule).map_err(Refusal::wrong)?,
        tag: why.tag.as_deref().map(TagId::new).transpose().map_err(Refusal::wrong)?,
        at: why.at.map(Stamp::from_ms).transpose().map_err(Refusal::wrong)?,
        lang: if why.lang.as_deref() == Some("zh") { Lang::Zh } else { Lang::En },
    };
    let explain = Arc::clone(&served.desk.explain);
    let text = explain(question).await.map_err(|why| match why {
        Unexplained::NotThere(text) => Refusal::new(StatusCode::NOT_FOUND, text),
        Unexplained::Failed(text) => Refusal::ours(text),
    })?;
    Ok(json_of(StatusCode::OK, &json!({ "text": text })))
}
