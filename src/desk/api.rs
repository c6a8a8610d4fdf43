//! The desk over HTTP: pages, what the monitor knows, people's answers.

mod answer;
mod ask;
pub mod drill;
pub mod editor;
mod exercise;
mod files;
pub mod invite;
mod past;

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::base::text::Lang;
use crate::base::{PlantId, RuleId, Stamp, TagId};
use crate::desk::api::drill::{Drill, Invitations};
use crate::desk::api::invite::{Caller, People};
use crate::desk::assets::Pages;
use crate::desk::catalogue::Catalogue;
use crate::desk::guard::{Hosts, Stranger};
use crate::desk::map::NetworkMap;
use crate::desk::past::Chronicle;
use crate::desk::person::Person;
use crate::desk::role::{Role, Tokens};
use crate::desk::stream::Hub;

/// What a page may load and run: files of ours only.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Headers of every answer.
const HEADERS: [(&str, &str); 5] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Bytes of a request's body at most.
const BODY_MAX: usize = 8 * 1024;

/// Which alarm somebody wants to understand.
#[derive(Debug, Clone)]
pub struct Question {
    /// The plant.
    pub plant: PlantId,
    /// The rule.
    pub rule: RuleId,
    /// The instrument; none: the plant.
    pub tag: Option<TagId>,
    /// At which moment; none: now.
    pub at: Option<Stamp>,
    /// The language of the answer.
    pub lang: Lang,
}

/// Says why an alarm is raised, or is not. Errors: why that cannot be said.
pub type Explain = Arc<
    dyn Fn(Question) -> Pin<Box<dyn Future<Output = Result<String, Unexplained>> + Send>>
        + Send
        + Sync,
>;

/// Why there is no explanation, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unexplained {
    /// The question names what is not there.
    NotThere(String),
    /// Something of ours fails.
    Failed(String),
}

/// Draws the network of a plant; none: there is no such plant.
pub type Draw = Arc<dyn Fn(&PlantId) -> Option<NetworkMap> + Send + Sync>;

/// A desk.
pub struct Desk {
    /// What happens.
    pub hub: Arc<Hub>,
    /// What never changes.
    pub catalogue: Catalogue,
    /// Who may come in.
    pub tokens: Tokens,
    /// By which names it is called.
    pub hosts: Hosts,
    /// Where the ledger is.
    pub folder: PathBuf,
    /// Says why.
    pub explain: Explain,
    /// The exercise that is played, if one is.
    pub drill: Option<Drill>,
    /// Draws networks.
    pub draw: Draw,
    /// Ways into the exercise.
    pub invitations: Invitations,
    /// Who has a way of their own into it; none where no exercise is played.
    pub people: Option<Arc<People>>,
}

struct Served {
    desk: Desk,
    catalogue: String,
    pages: Pages,
    /// What the ledger's records have been read into.
    records: Mutex<Chronicle>,
    /// Cookies do not tell ports apart; so their name does.
    cookie: String,
}

type Shared = State<Arc<Served>>;

/// Answers whoever comes to `listener` until `ended`.
pub async fn serve(
    desk: Desk,
    listener: TcpListener,
    ended: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let port = listener.local_addr()?.port();
    let catalogue = desk.catalogue.packed()?.to_string();
    let served = Arc::new(Served {
        desk,
        catalogue,
        pages: Pages::pack(),
        records: Mutex::default(),
        cookie: format!("sanmen-desk-{port}"),
    });
    let inside = Router::new()
        .route("/catalogue", get(catalogue_of))
        .route("/snapshot", get(ask::snapshot))
        .route("/trends", get(ask::trends))
        .route("/stream", get(ask::stream))
        .route("/history", get(ask::history))
        .route("/explain", get(ask::explain))
        .route("/map", get(ask::map))
        .route("/past", get(past::moment))
        .route("/past/span", get(past::span))
        .route("/tickets", get(past::complaints))
        .route("/alarms/{*rest}", post(answer::answer))
        .route("/exercise", get(exercise::shown))
        .route("/exercise/truth", get(exercise::truth))
        .route("/exercise/menu", get(exercise::menu))
        .route("/exercise/quarantine", get(exercise::quarantine))
        .route("/exercise/report/{file}", get(exercise::report))
        .route("/exercise/fault/{what}", post(exercise::fault))
        .route("/exercise/improvised", get(exercise::improvised))
        .route("/exercise/invitations", get(invite::invitations).post(invite::invite))
        .route("/exercise/invitations/{role}", get(invite::of_role))
        .route("/exercise/people/{id}", delete(invite::revoke).get(invite::of_person))
        .route("/exercise/{what}", post(exercise::wish))
        .layer(from_fn_with_state(Arc::clone(&served), known));
    let router = Router::new()
        .nest("/api", inside)
        .route("/api/session", post(enter))
        .fallback(files::file)
        .layer(axum::extract::DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn_with_state(Arc::clone(&served), guarded))
        .with_state(served);
    axum::serve(listener, router).with_graceful_shutdown(ended).await
}

/// Why somebody does not get what they ask for.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, text: impl fmt::Display) -> Self {
        Self { status, text: text.to_string() }
    }

    pub(super) fn wrong(text: impl fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// Something of ours fails.
    pub(super) fn ours(error: impl fmt::Display) -> Self {
        tracing::warn!(%error, "the desk cannot answer");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        json_of(self.status, &json!({ "error": self.text }))
    }
}

pub(super) fn json_of(status: StatusCode, value: &Value) -> Response {
    text_of(status, value.to_string())
}

fn text_of(status: StatusCode, json: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, json).into_response()
}

/// Lets nobody in whom another page has sent; and tells browsers what pages of ours may do.
async fn guarded(State(served): Shared, request: Request, next: Next) -> Response {
    guard(&served.desk.hosts, request, next).await
}

async fn guard(hosts: &Hosts, request: Request, next: Next) -> Response {
    let mut response = match sent_by_us(hosts, &request) {
        Ok(()) => next.run(request).await,
        Err(stranger) => Refusal::new(StatusCode::FORBIDDEN, stranger).into_response(),
    };
    for (name, value) in HEADERS {
        // A report is under a policy of its own, which no other answer has.
        let header = response.headers_mut().entry(name);
        header.or_insert(HeaderValue::from_static(value));
    }
    response
}

fn sent_by_us(hosts: &Hosts, request: &Request) -> Result<(), Stranger> {
    let text = |name: &str| request.headers().get(name).and_then(|it| it.to_str().ok());
    hosts.check(text("host"), text("origin"))?;
    // Browsers say of themselves who has sent a request.
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    match text("sec-fetch-site") {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) if is_read => Ok(()),
        Some(_) => Err(Stranger::Origin),
    }
}

/// The token in a header, or in the cookie that stands for it.
fn token<'h>(headers: &'h HeaderMap, cookie: &str) -> Option<&'h str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    if let Some(token) = bearer.and_then(|it| it.strip_prefix("Bearer ")) {
        return Some(token);
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = cookies.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    pairs.find(|(name, _)| *name == cookie).map(|(_, token)| token)
}

/// Lets in whoever has a token, as what it says.
async fn known(State(served): Shared, mut request: Request, next: Next) -> Response {
    let token = token(request.headers(), &served.cookie);
    match token.and_then(|token| served.caller(token)) {
        Some(caller) => {
            request.extensions_mut().insert(caller.role);
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        None => unknown().into_response(),
    }
}

fn unknown() -> Refusal {
    let text = "come in by the link that Sanmen said when it started: it carries a token";
    Refusal::new(StatusCode::UNAUTHORIZED, text)
}

/// A token for a cookie that no script can read.
async fn enter(State(served): Shared, headers: HeaderMap) -> Response {
    cookie_for(|token| Some(served.caller(token)?.role), &served.cookie, &headers)
}

fn cookie_for(
    role: impl FnOnce(&str) -> Option<Role>,
    name: &str,
    headers: &HeaderMap,
) -> Response {
    let known = token(headers, name).and_then(|token| Some((token, role(token)?)));
    let Some((token, role)) = known else {
        return unknown().into_response();
    };
    let cookie = format!("{name}={token}; HttpOnly; SameSite=Strict; Path=/");
    let mut response = json_of(StatusCode::OK, &json!({ "role": role }));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

async fn catalogue_of(
    State(served): Shared,
    axum::Extension(Caller { role, person }): axum::Extension<Caller>,
) -> Response {
    // One object of two: role and name are the visitor's, the rest is the same for all.
    let rest = served.catalogue.strip_prefix('{').unwrap_or("}");
    let (role, drill) = (role.name(), served.desk.drill.is_some());
    let person = json!(person.as_ref().map(Person::name));
    let own = format!("{{\"role\":\"{role}\",\"person\":{person},\"exercise\":{drill},{rest}");
    text_of(StatusCode::OK, own)
}
