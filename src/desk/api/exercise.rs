//! An exercise over HTTP: what each role may see of it, and what people want.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{key, wants_json};
use super::invite::Caller;
use super::{Refusal, Shared, json_of};
use crate::base::Stamp;
use crate::desk::api::drill::{Ask, Drill, Wanted, Wish};
use crate::desk::role::Role;

/// What is said with a wish.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(default)]
    by: String,
    deed: Option<String>,
    direction: Option<Value>,
    judgement: Option<Value>,
    reflection: Option<Value>,
}

fn drill(served: &Shared) -> Result<&Drill, Refusal> {
    let none = || Refusal::new(StatusCode::NOT_FOUND, "no exercise is played here");
    served.0.desk.drill.as_ref().ok_or_else(none)
}

/// What the role may see.
pub(super) async fn shown(
    served: Shared,
    Extension(role): Extension<Role>,
) -> Result<Response, Refusal> {
    let drill = drill(&served)?;
    let views = drill.views.borrow().clone();
    let view = if role.sees_truth() { views.instructor } else { views.trainee };
    Ok(json_of(StatusCode::OK, &view))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    /// ms since 1970; now, when nobody says.
    at: Option<i64>,
}

/// What was true at a moment, or is now, at every place: for those who lead or judge.
pub(super) async fn truth(
    served: Shared,
    Extension(role): Extension<Role>,
    Query(When { at }): Query<When>,
) -> Result<Response, Refusal> {
    let drill = drill(&served)?;
    if !role.sees_truth() {
        return Err(not_for(role));
    }
    let at = at.map(Stamp::from_ms).transpose().map_err(Refusal::wrong)?;
    Ok(json_of(StatusCode::OK, &(drill.truth)(at)))
}

fn not_for(role: Role) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, format!("that is not for {}s", role.name()))
}

/// What never changes: verbs, causes, checks, jobs.
pub(super) async fn menu(served: Shared) -> Result<Response, Refusal> {
    Ok(json_of(StatusCode::OK, &drill(&served)?.menu))
}

/// What the monitor has refused, for those who play, lead or judge: who looks on has no need of it.
pub(super) async fn quarantine(
    served: Shared,
    Extension(role): Extension<Role>,
) -> Result<Response, Refusal> {
    let drill = drill(&served)?;
    if role == Role::Viewer {
        return Err(not_for(role));
    }
    let kept = (drill.quarantine)().await.map_err(Refusal::ours)?;
    Ok(json_of(StatusCode::OK, &kept))
}

/// Errors: the role is not that of who leads.
fn leads(role: Role) -> Result<(), Refusal> {
    if role == Role::Instructor { Ok(()) } else { Err(not_for(role)) }
}

/// Helps whoever leads to fill in what is to happen beside the script.
pub(super) async fn fault(
    served: Shared,
    Extension(role): Extension<Role>,
    Path(what): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Refusal> {
    let drill = drill(&served)?;
    leads(role)?;
    wants_json(&headers)?;
    let found = Ask::POSTS.into_iter().find(|(name, _)| *name == what);
    let none = || Refusal::new(StatusCode::NOT_FOUND, "there is no such wish");
    let (_, ask) = found.ok_or_else(none)?;
    let said = serde_json::from_str(&body).map_err(Refusal::wrong)?;
    let fill = Arc::clone(&drill.fault);
    // Reading takes milliseconds, of which the runtime's own threads are not for.
    let done = tokio::task::spawn_blocking(move || fill(ask, said)).await;
    Ok(json_of(StatusCode::OK, &done.map_err(Refusal::ours)??))
}

/// The exercise's file with what whoever leads let happen beside its script.
pub(super) async fn improvised(
    served: Shared,
    Extension(role): Extension<Role>,
) -> Result<Response, Refusal> {
    let drill = drill(&served)?;
    leads(role)?;
    let made = (drill.improvised)().await;
    let (name, text) = made.map_err(|why| Refusal::new(StatusCode::CONFLICT, why))?;
    let headers = [
        (header::CONTENT_TYPE, "application/toml".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, text).into_response())
}

/// Does what somebody wants, if their role may: `act`, `direct`, `judge`.
pub(super) async fn wish(
    served: Shared,
    Extension(caller): Extension<Caller>,
    Path(what): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Refusal> {
    let (drill, role) = (drill(&served)?, caller.role);
    let may = match what.as_str() {
        "act" | "reflect" => matches!(role, Role::Operator),
        "direct" => matches!(role, Role::Instructor),
        "judge" => matches!(role, Role::Evaluator | Role::Instructor),
        _ => return Err(Refusal::new(StatusCode::NOT_FOUND, "there is no such wish")),
    };
    if !may {
        return Err(not_for(role));
    }
    if what == "reflect" && !is_over(drill) {
        let text = "what you think of it is written when the exercise is over";
        return Err(Refusal::new(StatusCode::CONFLICT, text));
    }
    wants_json(&headers)?;
    let key = key(&headers)?;
    let said: Said = serde_json::from_str(&body).map_err(Refusal::wrong)?;
    let by = served.doer(&caller, &said.by)?;
    let Said { deed, direction, judgement, reflection, .. } = said;
    // Forms bear the name of whoever hands them in.
    let judgement = judgement.map(|form| signed(form, "evaluator", &by));
    let reflection = reflection.map(|form| signed(form, "who", &by));
    let wish = match (what.as_str(), deed, direction, judgement, reflection) {
        ("act", Some(deed), None, None, None) => Wish::Act(deed),
        ("direct", None, Some(direction), None, None) => Wish::Direct(direction),
        ("judge", None, None, Some(judgement), None) => Wish::Judge(judgement),
        ("reflect", None, None, None, Some(reflection)) => Wish::Reflect(reflection),
        _ => return Err(Refusal::wrong("say what: deed, direction, judgement or reflection")),
    };
    match (drill.ask)(Wanted { by, key, wish }).await {
        Ok(()) => Ok(json_of(StatusCode::OK, &json!({ "done": true }))),
        Err(why) => Err(Refusal::new(StatusCode::CONFLICT, why)),
    }
}

fn signed(mut form: Value, key: &str, by: &str) -> Value {
    if let Value::Object(form) = &mut form {
        form.insert(key.to_owned(), json!(by));
    }
    form
}

/// The page of a report, at the desk: a click in its timeline leads to the replay of that moment.
/// Texts of people cannot look like such a link: their quotes are escaped.
fn with_replay(page: &str) -> String {
    const LINK: &str = "<a href=\"";
    let mut whole = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, after)) = rest.split_once(" data-at=\"") {
        let Some((at, after)) = after.split_once('"') else { break };
        match (before.rfind(LINK), at.parse::<u64>()) {
            (Some(begin), Ok(at)) => {
                whole.push_str(&before[..begin]);
                whole.push_str(&format!("{LINK}/#/replay/{at}/alarms\""));
            }
            _ => whole.push_str(before),
        }
        rest = after;
    }
    whole.push_str(rest);
    whole
}

/// What the page of a report may do: show itself, in styles of its own. Nothing runs in it, and
/// nothing is loaded; the desk's own policy would leave it without its styles.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// Is the exercise over?
fn is_over(drill: &Drill) -> bool {
    drill.views.borrow().trainee.get("ended") == Some(&Value::Bool(true))
}

/// A file of the after-action report. Trainees get it once the exercise is over; the forms that
/// evaluators have handed in are for those who lead and judge it, at any time.
pub(super) async fn report(
    served: Shared,
    Extension(role): Extension<Role>,
    Path(file): Path<String>,
) -> Result<Response, Refusal> {
    let drill = drill(&served)?;
    if !role.sees_truth() && !is_over(drill) {
        let text = "the report can be read when the exercise is over";
        return Err(Refusal::new(StatusCode::FORBIDDEN, text));
    }
    // By name: whatever else a path might lead to is none of theirs.
    let kind = match file.as_str() {
        "report.html" => "text/html; charset=utf-8",
        "report.json" => "application/json",
        "events.csv" => "text/csv; charset=utf-8",
        "evaluations.json" if role.sees_truth() => "application/json",
        _ => return Err(Refusal::new(StatusCode::NOT_FOUND, "there is no such report")),
    };
    let is_page = file == "report.html";
    let mut bytes = (drill.report)(file).await.map_err(Refusal::ours)?;
    if is_page {
        bytes = with_replay(&String::from_utf8_lossy(&bytes)).into_bytes();
    }
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
    let mut response = (headers, bytes).into_response();
    if is_page {
        let policy = HeaderValue::from_static(REPORT_POLICY);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_in_the_timeline_leads_to_the_replay_and_nothing_else_is_changed() {
        let page = "<p>a <a href=\"#l3\" data-at=\"1733364300000\"><g>x</g></a> \
                    <a href=\"#s4\">§4</a> <script>\" data-at=\\\"5\\\"\"</script></p>";
        let linked = with_replay(page);
        let wanted = page.replace(
            "<a href=\"#l3\" data-at=\"1733364300000\">",
            "<a href=\"/#/replay/1733364300000/alarms\">",
        );
        assert_eq!(linked, wanted);
        assert_eq!(with_replay("plain"), "plain");
    }
}
