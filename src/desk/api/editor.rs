//! The editor of exercises over HTTP: its page, and a door to whoever reads, changes, rehearses and
//! keeps the file. One file, one person: no monitor, no ledger, no broker.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;

use super::answer::wants_json;
use super::{Refusal, cookie_for, files, guard, json_of, token, unknown};
use crate::desk::assets::Pages;
use crate::desk::guard::Hosts;
use crate::desk::role::{Role, Tokens};

/// Bytes of a text that is edited, at most.
pub const TEXT_MAX: usize = 512 * 1024;

/// Bytes of a request's body at most: a text in which every character is escaped, and a change.
const BODY_MAX: usize = 4 * TEXT_MAX;

/// What a page wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// What was opened, and all there is to choose from.
    Opened,
    /// The form and the mistakes of a text.
    Described,
    /// A text changed, with its form and mistakes.
    Changed,
    /// A text kept as a file.
    Saved,
    /// A text played by robots, from now on.
    Rehearsed,
    /// How far that is.
    Rehearsal,
    /// No more of that.
    Stopped,
}

impl Want {
    /// What pages post, by the last part of the address.
    const POSTS: [(&'static str, Self); 6] = [
        ("open", Self::Opened),
        ("describe", Self::Described),
        ("change", Self::Changed),
        ("save", Self::Saved),
        ("rehearse", Self::Rehearsed),
        ("stop", Self::Stopped),
    ];
}

/// Why a page does not get what it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// The request makes no sense.
    Senseless(String),
    /// Things are not as the page believes.
    Conflict(String),
    /// The disk, or something of ours, fails.
    Failed(String),
}

/// What comes of it, some time.
pub type Doing = Pin<Box<dyn Future<Output = Result<Value, Denied>> + Send>>;

/// Does what pages want.
pub type Door = Arc<dyn Fn(Want, Value) -> Doing + Send + Sync>;

/// An editor.
#[derive(Clone)]
pub struct Editor {
    /// Who may come in: whoever leads exercises.
    pub tokens: Tokens,
    /// By which names it is called.
    pub hosts: Hosts,
    /// Does what pages want.
    pub door: Door,
}

struct Served {
    editor: Editor,
    pages: Pages,
    cookie: String,
}

type Shared = State<Arc<Served>>;

/// Answers whoever comes to `listener` until `ended`.
pub async fn serve(
    editor: Editor,
    listener: TcpListener,
    ended: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let cookie = format!("sanmen-editor-{}", listener.local_addr()?.port());
    let served = Arc::new(Served { editor, pages: Pages::pack(), cookie });
    let inside = Router::new()
        .route("/editor", get(opened))
        .route("/editor/rehearsal", get(rehearsal))
        .route("/editor/{what}", post(posted))
        .layer(from_fn_with_state(Arc::clone(&served), known));
    let router = Router::new()
        .nest("/api", inside)
        .route("/api/session", post(enter))
        .fallback(page)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn_with_state(Arc::clone(&served), guarded))
        .with_state(served);
    axum::serve(listener, router).with_graceful_shutdown(ended).await
}

async fn guarded(State(served): Shared, request: Request, next: Next) -> Response {
    guard(&served.editor.hosts, request, next).await
}

/// Lets in whoever has the instructor's token.
async fn known(State(served): Shared, request: Request, next: Next) -> Response {
    let role = token(request.headers(), &served.cookie);
    match role.and_then(|token| served.editor.tokens.role(token)) {
        Some(Role::Instructor) => next.run(request).await,
        _ => unknown().into_response(),
    }
}

async fn enter(State(served): Shared, headers: HeaderMap) -> Response {
    cookie_for(|token| served.editor.tokens.role(token), &served.cookie, &headers)
}

async fn page(State(served): Shared, request: Request) -> Response {
    files::page(&served.pages, "editor.html", &request)
}

async fn opened(State(served): Shared) -> Response {
    answer(&served, Want::Opened, Value::Null).await
}

async fn rehearsal(State(served): Shared) -> Response {
    answer(&served, Want::Rehearsal, Value::Null).await
}

async fn posted(
    State(served): Shared,
    Path(what): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Refusal> {
    wants_json(&headers)?;
    let found = Want::POSTS.iter().find(|(name, _)| *name == what);
    let none = || Refusal::new(StatusCode::NOT_FOUND, "there is no such wish");
    let (_, want) = found.ok_or_else(none)?;
    let said = serde_json::from_str(&body).map_err(Refusal::wrong)?;
    Ok(answer(&served, *want, said).await)
}

async fn answer(served: &Served, want: Want, said: Value) -> Response {
    match (served.editor.door)(want, said).await {
        Ok(value) => json_of(StatusCode::OK, &value),
        Err(denied) => Refusal::from(denied).into_response(),
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Senseless(why) => Self::wrong(why),
            Denied::Conflict(why) => Self::new(StatusCode::CONFLICT, why),
            Denied::Failed(why) => Self::ours(why),
        }
    }
}
