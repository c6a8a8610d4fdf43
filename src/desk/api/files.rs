#![cfg_attr(
    debug_assertions,
    expect(clippy::disallowed_methods, reason = "edge: a debug build may read pages from disk")
)]
//! Files of the pages: whole or compressed, as the browser can read, and not again if it has them.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::{Refusal, Shared};
use crate::desk::assets::{Asset, Pages, versionless};

/// A file of the pages.
pub(super) async fn file(State(served): Shared, request: Request) -> Response {
    page(&served.pages, "index.html", &request)
}

/// The same, where another page greets.
pub(super) fn page(pages: &Pages, first: &str, request: &Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "GET it").into_response();
    }
    let path = match request.uri().path() {
        "/" => first,
        path => path.trim_start_matches('/'),
    };
    let found = on_disk(versionless(path)).map(Cow::Owned);
    let found = found.or(pages.get(path).map(Cow::Borrowed));
    let Some(asset) = found else {
        return Refusal::new(StatusCode::NOT_FOUND, "there is no such page").into_response();
    };
    sent(&asset, request.headers(), if pages.is_for_good(path) { FOR_GOOD } else { "no-cache" })
}

/// A file under this name will never be another.
const FOR_GOOD: &str = "private, max-age=31536000, immutable";

/// The file as whoever asks can read it; nothing but its name if they have it.
fn sent(asset: &Asset, asked: &HeaderMap, cached: &'static str) -> Response {
    let packed = asset.packed.as_ref().filter(|_| reads_gzip(asked));
    // Two forms of a file are two things to a cache.
    let tag = format!("\"{}{}\"", asset.tag, if packed.is_some() { "-gzip" } else { "" });
    let encoding: Option<(HeaderName, &str)> =
        packed.is_some().then_some((header::CONTENT_ENCODING, "gzip"));
    let headers = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, cached),
        (header::VARY, "accept-encoding"),
        (header::ETAG, tag.as_str()),
    ];
    let mut response = if has(asked, &tag) {
        (StatusCode::NOT_MODIFIED, headers, Body::empty()).into_response()
    } else {
        (headers, packed.unwrap_or(&asset.bytes).clone()).into_response()
    };
    if let Some((name, value)) = encoding {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}

fn values(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|it| it.to_str().ok());
    values.flat_map(|it| it.split(',')).map(str::trim)
}

/// Does `Accept-Encoding` name gzip, and not to forbid it?
fn reads_gzip(asked: &HeaderMap) -> bool {
    let mut found = None;
    for coding in values(asked, header::ACCEPT_ENCODING) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f64>().ok());
        let may = weight.unwrap_or(1.0) > 0.0;
        if name.eq_ignore_ascii_case("gzip") {
            return may;
        }
        if name == "*" {
            found = Some(may);
        }
    }
    found.unwrap_or(false)
}

/// Does `If-None-Match` name this form of the file?
fn has(asked: &HeaderMap, tag: &str) -> bool {
    let mut known = values(asked, header::IF_NONE_MATCH);
    known.any(|it| it == "*" || it.strip_prefix("W/").unwrap_or(it) == tag)
}

/// While pages are being written: a debug build reads them from the folder that this names.
#[cfg(debug_assertions)]
fn on_disk(path: &str) -> Option<Asset> {
    let folder = std::path::PathBuf::from(std::env::var("SANMEN_DESK_ASSETS").ok()?);
    let kind = crate::desk::assets::kind(path).filter(|_| !path.contains(".."))?;
    let bytes = std::fs::read(folder.join(path)).ok()?;
    let tag = crate::base::time::wall_now().as_ms().to_string();
    Some(Asset { bytes, packed: None, kind, tag })
}

#[cfg(not(debug_assertions))]
fn on_disk(_path: &str) -> Option<Asset> {
    None
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asked(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("a header"))])
    }

    fn said(response: &Response, name: HeaderName) -> Option<&str> {
        response.headers().get(name).map(|it| it.to_str().expect("text"))
    }

    #[test]
    fn only_who_reads_gzip_gets_it() {
        for (accepts, may) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.8", true),
            ("GZIP", true),
            ("*", true),
            ("identity", false),
            ("gzip;q=0", false),
            ("*, gzip;q=0", false),
            ("br", false),
            ("", false),
        ] {
            assert_eq!(reads_gzip(&asked(header::ACCEPT_ENCODING, accepts)), may, "{accepts}");
        }
        assert!(!reads_gzip(&HeaderMap::new()));
    }

    #[test]
    fn each_form_of_a_file_has_its_own_name_and_who_has_it_gets_nothing() {
        let asset = Asset::new(vec![b'a'; 999], "text/plain", "7".to_owned());
        let plain = sent(&asset, &HeaderMap::new(), "no-cache");
        assert_eq!(said(&plain, header::ETAG), Some("\"7\""));
        assert_eq!(said(&plain, header::CONTENT_ENCODING), None);
        assert_eq!(said(&plain, header::VARY), Some("accept-encoding"));
        let mut reads = asked(header::ACCEPT_ENCODING, "gzip");
        let packed = sent(&asset, &reads, "no-cache");
        assert_eq!(said(&packed, header::ETAG), Some("\"7-gzip\""));
        assert_eq!(said(&packed, header::CONTENT_ENCODING), Some("gzip"));
        reads.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"7\", W/\"7-gzip\""));
        assert_eq!(sent(&asset, &reads, "no-cache").status(), StatusCode::NOT_MODIFIED);
        reads.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"7\""));
        assert_eq!(sent(&asset, &reads, "no-cache").status(), StatusCode::OK, "the other form");
    }
}
