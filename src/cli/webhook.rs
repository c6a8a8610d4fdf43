#![expect(clippy::disallowed_methods, reason = "edge: keeps how far it is beside the ledger")]
//! Alarms to a receiver of one's own, by HTTP: each change of an alarm in the ledger is posted
//! until it is taken, in their order, over restarts too. The page for readers is
//! `src/docs/webhook.md`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::{Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rustls::{ClientConfig, RootCertStore};
use sha2::Sha256;

use crate::base::hex::hex;
use crate::base::ids::Space;
use crate::base::random::{Seed, stream};
use crate::base::time::wall_now;
use crate::cli::exit::{Failure, chain, no_file};
use crate::cli::live::say;
use crate::cli::settings::WebhookSettings;
use crate::exercise::live::stop::Stop;
use crate::ledger::record::{Entry, Record};
use crate::ledger::sqlite::Visitor;
use crate::ledger::store::{Page, Query, StoreError};
use crate::telemetry::backoff::{Backoff, Pace};

/// Entries of the ledger that are looked at together.
const PAGE: u32 = 100;

/// How often it looks whether there are new ones.
const LOOK: Duration = Duration::from_millis(250);

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// First and longest pause before an alarm is sent again.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));

/// Shortest secret, in bytes.
const SECRET_MIN: usize = 16;

/// Where it keeps how far it is, in the folder of the ledger.
const CURSOR: &str = "webhook";

/// Sends the alarms of one ledger.
pub struct Webhook {
    client: Client,
    url: Uri,
    secret: Option<Vec<u8>>,
    /// The run.
    space: Space,
    visitor: Visitor,
    cursor: Cursor,
    chance: ChaCha8Rng,
    backoff: Backoff,
    /// Has it been said that alarms are not taken?
    failing: bool,
}

/// What came of an attempt.
enum Answer {
    Taken,
    /// The receiver will never take it.
    Refused(StatusCode),
    /// Why not yet.
    Failed(String),
}

impl Webhook {
    /// For the ledger in `folder`, which is there; none where the settings name no receiver. What
    /// an older ledger holds before the first start is history, and not sent. Errors: the secret
    /// cannot be read or is too short; the ledger cannot be looked into.
    pub async fn open(
        settings: &WebhookSettings,
        folder: &Path,
        space: &Space,
    ) -> Result<Option<Self>, Failure> {
        let Some(url) = settings.url.clone() else { return Ok(None) };
        let secret = secret(&settings.secret_file)?;
        let mut visitor = Visitor::open(folder).await.map_err(Failure::outside)?;
        let path = folder.join(CURSOR);
        let cursor = if let Some(cursor) = Cursor::read(&path) {
            cursor
        } else {
            let after = last(&mut visitor).await.map_err(Failure::outside)?;
            let cursor = Cursor { path, after, done: 0 };
            cursor.keep().map_err(|error| Failure::outside(cursor.cannot(&error)))?;
            cursor
        };
        Ok(Some(Self {
            client: client(),
            url,
            secret,
            space: space.clone(),
            visitor,
            cursor,
            chance: stream(Seed(wall_now().as_ms().unsigned_abs()), "webhook"),
            backoff: pauses(),
            failing: false,
        }))
    }

    /// Sends until told to stop; what is not taken by then is sent after the next start.
    pub async fn run(mut self, stop: Stop) {
        loop {
            let wanted = Query { plant: None, after: self.cursor.after, limit: PAGE };
            let page = match self.visitor.entries(&wanted).await {
                Ok(page) => page,
                Err(error) => {
                    self.fail(&chain(&error));
                    Page::default()
                }
            };
            if page.entries.is_empty() {
                if stop.is_set() {
                    return;
                }
                rest(LOOK, &stop).await;
                continue;
            }
            for (at, entry) in page.entries.iter().enumerate() {
                let is_due = at as u64 >= self.cursor.done;
                if is_due && matches!(entry.record, Record::Alarm(_)) {
                    if !self.deliver(entry, &stop).await {
                        return;
                    }
                    self.reach(self.cursor.after, at as u64 + 1);
                }
            }
            self.reach(page.last, 0);
        }
    }

    /// Sends an entry until it is taken. False: stopped before.
    async fn deliver(&mut self, entry: &Entry, stop: &Stop) -> bool {
        let body = serde_json::to_string(entry).expect("an entry is always JSON");
        loop {
            let answer = tokio::select! {
                answer = self.post(entry, &body) => answer,
                () = stop.wait() => return false,
            };
            match answer {
                Answer::Taken => {
                    if std::mem::take(&mut self.failing) {
                        say(&format!("the webhook at {} takes alarms again", self.place()));
                    }
                    self.backoff = pauses();
                    return true;
                }
                Answer::Refused(status) => {
                    let (place, id) = (self.place(), id(entry));
                    say(&format!("the webhook at {place} refuses {id} ({status}); it is given up"));
                    return true;
                }
                Answer::Failed(why) => self.fail(&why),
            }
            let pause = self.backoff.next(None, self.chance.random());
            if rest(pause, stop).await {
                return false;
            }
        }
    }

    async fn post(&self, entry: &Entry, body: &str) -> Answer {
        let at = wall_now().as_ms() / 1_000;
        let mut request = Request::post(self.url.clone())
            .header("content-type", "application/json")
            .header("user-agent", concat!("sanmen/", env!("CARGO_PKG_VERSION")))
            .header("idempotency-key", id(entry))
            .header("x-sanmen-space", self.space.as_str());
        if let Some(exercise) = exercise(entry) {
            request = request.header("x-sanmen-exercise", exercise);
        }
        if let Some(secret) = &self.secret {
            request = request.header("x-sanmen-signature", signature(secret, at, body));
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned())));
        let request = request.expect("a checked address and printable headers");
        let answer = tokio::time::timeout(PATIENCE, self.client.request(request)).await;
        let status = match answer {
            Err(_) => return Answer::Failed(format!("no answer in {} s", PATIENCE.as_secs())),
            Ok(Err(error)) => return Answer::Failed(chain(&error)),
            Ok(Ok(response)) => response.status(),
        };
        match status.as_u16() {
            200..=299 => Answer::Taken,
            // The alarm itself is not wanted; others may be.
            400 | 409 | 410 | 413 | 415 | 422 => Answer::Refused(status),
            _ => Answer::Failed(format!("it answers {status}")),
        }
    }

    /// Says once that alarms are not taken.
    fn fail(&mut self, why: &str) {
        if !std::mem::replace(&mut self.failing, true) {
            let place = self.place();
            say(&format!("the webhook at {place} takes no alarms ({why}); trying again"));
        }
    }

    /// Scheme, host and port: the rest may be secret.
    fn place(&self) -> String {
        let scheme = self.url.scheme_str().unwrap_or("http");
        let host = self.url.host().unwrap_or_default();
        let port = self.url.port().map_or(String::new(), |port| format!(":{port}"));
        format!("{scheme}://{host}{port}")
    }

    fn reach(&mut self, after: u64, done: u64) {
        if (self.cursor.after, self.cursor.done) == (after, done) {
            return;
        }
        (self.cursor.after, self.cursor.done) = (after, done);
        if let Err(error) = self.cursor.keep() {
            tracing::warn!("{}", self.cursor.cannot(&error));
        }
    }
}

fn pauses() -> Backoff {
    let (least, most) = PAUSES;
    Backoff::new(Pace { least, most, ..Pace::default() })
}

/// What tells a receiver that it has this one already: the chain and the number in it.
fn id(entry: &Entry) -> String {
    let plant = entry.plant.as_ref().map_or("-", |plant| plant.as_str());
    format!("{plant}/{}", entry.n)
}

/// What the plant of an entry played when it was written.
fn exercise(entry: &Entry) -> Option<&str> {
    match &entry.record {
        Record::Alarm(event) => event.exercise.as_deref(),
        _ => None,
    }
}

/// Over the second of sending, a full stop, and the body.
fn signature(secret: &[u8], at: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length is a key");
    mac.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex(&mac.finalize().into_bytes()))
}

fn secret(file: &str) -> Result<Option<Vec<u8>>, Failure> {
    if file.is_empty() {
        return Ok(None);
    }
    let path = Path::new(file);
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("the webhook's secret_file: {}", no_file(path, &error)))
    })?;
    let secret = text.trim().as_bytes().to_vec();
    if secret.len() < SECRET_MIN {
        let text = "the secret is too short: take 16 characters or more, such as of \
                    `openssl rand -hex 32`";
        return Err(Failure::usage(format!("{file}: {text}")));
    }
    Ok(Some(secret))
}

/// Posts over HTTP/1.1, with TLS or without.
pub type Client = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

pub fn client() -> Client {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows the versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
    legacy::Client::builder(TokioExecutor::new()).build(connector)
}

/// Where a ledger ends.
async fn last(visitor: &mut Visitor) -> Result<u64, StoreError> {
    let mut after = 0;
    loop {
        let page = visitor.entries(&Query { plant: None, after, limit: 10_000 }).await?;
        if page.entries.is_empty() {
            return Ok(after);
        }
        after = page.last;
    }
}

/// Waits, but not beyond a stop; says whether there was one.
async fn rest(pause: Duration, stop: &Stop) -> bool {
    tokio::select! {
        () = tokio::time::sleep(pause) => false,
        () = stop.wait() => true,
    }
}

/// How far the ledger has been sent: a row, and how many entries behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cursor {
    path: PathBuf,
    after: u64,
    done: u64,
}

impl Cursor {
    fn read(path: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path).ok()?;
        let (after, done) = text.trim().split_once(' ')?;
        Some(Self { path: path.to_owned(), after: after.parse().ok()?, done: done.parse().ok()? })
    }

    /// The file is the old one or the new one, whenever the process ends.
    fn keep(&self) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        std::fs::write(&fresh, format!("{} {}\n", self.after, self.done))?;
        std::fs::rename(&fresh, &self.path)
    }

    fn cannot(&self, error: &io::Error) -> String {
        format!("cannot keep in {} which alarms were sent: {error}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_anybody_can_compute() {
        // python3 -c 'import hmac; print(hmac.new(b"0123456789abcdef", b"1733356800.{}",
        // "sha256").hexdigest())'
        let signed = signature(b"0123456789abcdef", 1_733_356_800, "{}");
        let hex = "bc61bedaf796bc4a1c17c75c475165596c9b01d3d7fb551087a9dc77651d1578";
        assert_eq!(signed, format!("t=1733356800,v1={hex}"));
    }

    #[test]
    fn how_far_it_is_survives_whatever_happens() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(CURSOR);
        assert_eq!(Cursor::read(&path), None);
        let cursor = Cursor { path: path.clone(), after: 300, done: 7 };
        cursor.keep().expect("written");
        assert_eq!(Cursor::read(&path), Some(cursor));
        std::fs::write(&path, "nonsense").expect("written");
        assert_eq!(Cursor::read(&path), None);
    }
}
