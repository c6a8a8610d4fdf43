//! Traces for OpenTelemetry: how long each part of the monitor's work took, sent to a collector.
//!
//! Spans are `tracing`'s own; nothing else in the program knows where they go.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::Uri;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use tracing::Metadata;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer, Registry, reload};

use crate::cli::exit::Failure;
use crate::cli::stderr::say;
use crate::cli::webhook;

/// Nobody waits longer for a collector.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a collector answers is not read beyond this.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

type Sending = Option<OpenTelemetryLayer<Registry, Tracer>>;

/// Where spans go once a command knows its settings.
static SENDING: OnceLock<reload::Handle<Sending, Registry>> = OnceLock::new();

/// Do spans go anywhere?
static WANTED: AtomicBool = AtomicBool::new(false);

/// Whom to tell that nothing more comes.
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// The part of the log that spans go to; nowhere until `start`.
pub fn layer() -> impl Layer<Registry> {
    let (layer, handle) = reload::Layer::new(None);
    let _ = SENDING.set(handle); // there is one log
    // Until then no span is made at all: the answer is kept, and asked again at a reload.
    let is_wanted = || WANTED.load(Ordering::Relaxed);
    let is_ours = |of: &Metadata<'_>| of.is_span() && of.target().starts_with("sanmen");
    layer.with_filter(filter_fn(move |of| is_wanted() && is_ours(of)))
}

/// Sends spans to the collector at `endpoint` from now on. Errors: there can be none.
pub fn start(endpoint: &Uri) -> Result<(), Failure> {
    if PROVIDER.get().is_some() {
        return Ok(());
    }
    let url = match endpoint.path() {
        "" | "/" => format!("{}/v1/traces", endpoint.to_string().trim_end_matches('/')),
        _ => endpoint.to_string(),
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Poster::new().map_err(Failure::outside)?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&url)
        .with_timeout(PATIENCE)
        .build()
        .map_err(Failure::outside)?;
    let resource = Resource::builder().with_service_name("sanmen").build();
    let provider =
        SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
    let sending = OpenTelemetryLayer::new(provider.tracer("sanmen"));
    WANTED.store(true, Ordering::Relaxed);
    if let Some(handle) = SENDING.get() {
        handle.reload(Some(sending)).map_err(Failure::outside)?;
    }
    let _ = PROVIDER.set(provider);
    say(&format!("traces to {url}"));
    Ok(())
}

/// Sends what is left.
pub fn end() {
    if let Some(Err(error)) = PROVIDER.get().map(SdkTracerProvider::shutdown) {
        tracing::warn!(%error, "not all traces could be sent");
    }
}

/// Posts spans by the client of the webhook. The exporter has a thread of its own, without a
/// runtime: this one brings it.
struct Poster {
    runtime: Mutex<tokio::runtime::Runtime>,
    client: webhook::Client,
}

impl fmt::Debug for Poster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Poster")
    }
}

impl Poster {
    fn new() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime: Mutex::new(runtime), client: webhook::client() })
    }

    fn post(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = async {
            let answer = self.client.request(request.map(Full::new)).await?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        runtime.block_on(async { tokio::time::timeout(PATIENCE, answer).await? })
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Poster {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: Request<Bytes>,
    ) -> Answer<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(std::future::ready(self.post(request)))
    }
}
