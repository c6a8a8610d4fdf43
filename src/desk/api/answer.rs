//! People's answers: each goes through the ledger to the monitor, and is answered once it is kept.

use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::invite::Caller;
use super::{Refusal, Shared, json_of};
use crate::alarms::command::{Action, Ask, Reply};
use crate::alarms::event::{AlarmId, By};
use crate::base::Span;
use crate::base::text::is_seen;
use crate::desk::person::{NAME_MAX, is_name};
use crate::ledger::sqlite::Visitor;

/// How long the monitor may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest reason, in characters.
const NOTE_MAX: usize = 400;

/// What is said with an answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(default)]
    by: String,
    #[serde(default)]
    note: String,
    for_min: Option<f64>,
}

/// Does what a person asks of an alarm: `plant/rule/tag/n/ack` and so on.
pub(super) async fn answer(
    State(served): Shared,
    Extension(caller): Extension<Caller>,
    Path(rest): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Refusal> {
    if !caller.role.may_answer() {
        let text = format!("a {} looks on: operators answer alarms", caller.role.name());
        return Err(Refusal::new(StatusCode::FORBIDDEN, text));
    }
    wants_json(&headers)?;
    let key = key(&headers)?;
    let mut said: Said = serde_json::from_str(&body).map_err(Refusal::wrong)?;
    said.by = served.doer(&caller, &said.by)?;
    let ask = ask(&rest, said)?;
    let mut visitor = Visitor::open(&served.desk.folder).await.map_err(Refusal::ours)?;
    let reply = visitor.have_done(&key, &ask, PATIENCE).await.map_err(Refusal::ours)?;
    visitor.close().await.map_err(Refusal::ours)?;
    Ok(match reply {
        Some(Reply::Refused(refused)) => {
            let said = json!({ "error": refused.to_string(), "refused": refused });
            json_of(StatusCode::CONFLICT, &said)
        }
        Some(reply @ (Reply::Done { .. } | Reply::Already { .. })) => {
            json_of(StatusCode::OK, &json!({ "reply": reply }))
        }
        None => return Err(Refusal::ours("the monitor does not reply; nothing has been done")),
    })
}

/// Nothing but JSON is read: a form of another page cannot send it.
pub(super) fn wants_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = headers.get("content-type").and_then(|it| it.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "say it as application/json"))
}

/// The name of the request: asked again under it, it is done once.
pub(super) fn key(headers: &HeaderMap) -> Result<String, Refusal> {
    let key = headers.get("idempotency-key").and_then(|it| it.to_str().ok());
    let fits = |key: &&str| {
        (8..=80).contains(&key.len())
            && key.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
    };
    let key = key.filter(fits).ok_or_else(|| {
        Refusal::wrong("name the request: Idempotency-Key, 8 to 80 letters, digits and hyphens")
    })?;
    Ok(format!("desk/{key}"))
}

fn ask(rest: &str, said: Said) -> Result<Ask, Refusal> {
    let (alarm, action) = rest.rsplit_once('/').unwrap_or_default();
    let alarm = AlarmId::parse(alarm).map_err(Refusal::wrong)?;
    let action = match action {
        "ack" => Action::Acknowledge,
        "shelve" => {
            let minutes = said.for_min.filter(|it| (0.1..=525_600.0).contains(it));
            let minutes = minutes.ok_or_else(|| Refusal::wrong("for how long? Say for_min"))?;
            Action::Shelve(Span::from_seconds_f64(minutes * 60.0))
        }
        "unshelve" => Action::Unshelve,
        "reset" => Action::Reset,
        "out-of-service" => Action::RemoveFromService,
        "return-to-service" => Action::ReturnToService,
        other => {
            let known = "ack, shelve, unshelve, reset, out-of-service, return-to-service";
            let other: String = other.chars().take(40).collect();
            return Err(Refusal::wrong(format!("nobody can {other:?} an alarm: {known}")));
        }
    };
    let (name, reason) = (said.by.trim().to_owned(), said.note.trim().to_owned());
    let is_reason = reason.is_empty() || is_seen(&reason) && reason.chars().count() <= NOTE_MAX;
    if !is_name(&name) || !is_reason {
        let text = format!(
            "say who you are in {NAME_MAX} characters, and why in {NOTE_MAX}, all of them to \
             be seen"
        );
        return Err(Refusal::wrong(text));
    }
    Ok(Ask { alarm, action, by: By { name, reason } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(by: &str, for_min: Option<f64>) -> Said {
        Said { by: by.to_owned(), note: " why ".to_owned(), for_min }
    }

    #[test]
    fn an_address_names_an_occurrence_and_what_to_do_with_it() {
        let ask = ask("sanmen/tap-chlorine-low/AIT-401/2/ack", said(" Li ", None)).expect("valid");
        assert_eq!(ask.alarm.to_string(), "sanmen/tap-chlorine-low/AIT-401/2");
        assert_eq!((ask.by.name.as_str(), ask.by.reason.as_str()), ("Li", "why"));
        assert_eq!(ask.action, Action::Acknowledge);
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        let alarm = "sanmen/tap-chlorine-low/AIT-401/2";
        for (rest, by, for_min) in [
            ("ack".to_owned(), "Li", None),
            (format!("{alarm}/burn"), "Li", None),
            (format!("{alarm}/shelve"), "Li", None),
            (format!("{alarm}/shelve"), "Li", Some(f64::NAN)),
            (format!("{alarm}/ack"), " ", None),
        ] {
            let refusal = ask(&rest, said(by, for_min)).expect_err("refused");
            assert_eq!(refusal.status, StatusCode::BAD_REQUEST, "{rest}");
        }
        for note in ["\u{202e}kcatta", "\u{200b}", &"x".repeat(NOTE_MAX + 1)] {
            let said = Said { note: note.to_owned(), ..said("Li", None) };
            let refusal = ask(&format!("{alarm}/ack"), said).expect_err("refused");
            assert_eq!(refusal.status, StatusCode::BAD_REQUEST, "{note:?}");
        }
    }
}
