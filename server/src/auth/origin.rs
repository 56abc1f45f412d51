//! Refuses what a foreign web page makes a browser send.
//!
//! The rule: a call that changes something must come from a page of this server, or from no browser at all: one with
//! neither `Origin` nor `Sec-Fetch-Site`. A dashboard of another origin may be configured; then its pages count as ours.

use crate::reply::ErrorReply;
use crate::request_id;
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;
use telemetry::error::ApiError;
use tower_http::cors::CorsLayer;

/// Answers 403 to calls from foreign pages.
pub async fn origin_layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let dashboard = state.config.dashboard_origin.as_deref();
    if !safe
        && !is_dashboard(request.headers(), dashboard)
        && is_foreign(request.headers(), host(&request), &state.public_url)
    {
        let message = format!(
            "this call comes from a page of another origin than {}; if that is how you reach Sendry, \
             set SENDRY_PUBLIC_URL to the address in your browser",
            state.public_url
        );
        return ErrorReply::from(ApiError::forbidden(message)).into_response();
    }
    next.run(request).await
}

/// Whether a request was addressed to this machine by a name of loopback. A page whose name its owner points at us (DNS
/// rebinding) calls us by another one.
pub(crate) fn is_on_this_machine(headers: &HeaderMap, uri: &Uri) -> bool {
    named_host(headers, uri).and_then(|host| host.parse().ok()).is_some_and(|host| is_loopback(&host))
}

/// Whether a URL leads to this machine alone.
pub(crate) fn is_on_loopback(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|url| url.authority().is_some_and(is_loopback))
}

fn is_loopback(host: &Authority) -> bool {
    let name = host.host().trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn is_dashboard(headers: &HeaderMap, configured: Option<&str>) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|origin| Origin::of(origin.to_str().ok()?));
    configured.and_then(Origin::of).is_some_and(|dashboard| origin == Some(dashboard))
}

/// Lets the configured dashboard of another origin read what it is answered; nobody else.
pub fn foreign_dashboard(configured: Option<&str>) -> Option<CorsLayer> {
    let origin = configured.and_then(Origin::of)?.text();
    let origin = HeaderValue::try_from(origin).ok()?;
    let methods = [Method::GET, Method::POST, Method::PATCH, Method::DELETE];
    Some(
        CorsLayer::new()
            .allow_origin(origin)
            .allow_credentials(true)
            .allow_methods(methods)
            .allow_headers([header::CONTENT_TYPE])
            .expose_headers([HeaderName::from_static(request_id::HEADER), header::RETRY_AFTER]),
    )
}

fn host(request: &Request) -> Option<&str> {
    named_host(request.headers(), request.uri())
}

/// From the header, or in HTTP/2 from the URI.
fn named_host<'r>(headers: &'r HeaderMap, uri: &'r Uri) -> Option<&'r str> {
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    named.or_else(|| uri.authority().map(Authority::as_str))
}

fn is_foreign(headers: &HeaderMap, host: Option<&str>, public_url: &str) -> bool {
    let site = headers.get("sec-fetch-site").map(|site| site.to_str().unwrap_or("cross-site"));
    if site == Some("cross-site") {
        return true;
    }
    match headers.get(header::ORIGIN) {
        Some(origin) => !origin.to_str().is_ok_and(|origin| is_own_origin(origin, host, public_url)),
        None => site.is_some_and(|site| site != "same-origin" && site != "none"),
    }
}

fn is_own_origin(origin: &str, host: Option<&str>, public_url: &str) -> bool {
    let (Some(origin), Some(public)) = (Origin::of(origin), Origin::of(public_url)) else { return false };
    if origin == public {
        return true;
    }
    // Reached by another name than the configured one: then by the one that the browser says it calls. A page that was
    // not loaded by https does not speak for a server that is.
    let (secure, must_be_secure) = (origin.scheme == "https", public.scheme == "https");
    let called = host.and_then(|host| Origin::of(&format!("{}://{host}", origin.scheme)));
    (secure || !must_be_secure) && called.is_some_and(|called| called == origin)
}

/// Scheme, host and port of a URL, in lower case, with the port that the scheme implies.
#[derive(Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// As browsers write it: without the port that the scheme implies.
    fn text(&self) -> String {
        let Self { scheme, host, port } = self;
        match (scheme.as_str(), port) {
            ("http", 80) | ("https", 443) => format!("{scheme}://{host}"),
            _ => format!("{scheme}://{host}:{port}"),
        }
    }

    fn of(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let port = uri.port_u16().or(match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        })?;
        Some(Self { scheme, host: uri.host()?.to_ascii_lowercase(), port })
    }
}

/// An origin such as `https://shop.example`, as browsers write it; `None` where a text is none.
pub(crate) fn as_origin(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let plain = uri.path_and_query().is_none_or(|rest| rest.as_str() == "/")
        && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        && !text.contains('#');
    let origin =
        Origin::of(text).filter(|origin| plain && matches!(origin.scheme.as_str(), "http" | "https"));
    origin.map(|origin| origin.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "https://sendry.example.com/base";

    fn foreign(
        origin: Option<&'static str>,
        site: Option<&'static str>,
        host: &str,
        public_url: &str,
    ) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        if let Some(site) = site {
            headers.insert("sec-fetch-site", HeaderValue::from_static(site));
        }
        is_foreign(&headers, Some(host), public_url)
    }

    #[test]
    fn own_pages_and_programs_pass() {
        assert!(!foreign(None, None, "anything", PUBLIC));
        assert!(!foreign(Some("https://sendry.example.com"), Some("same-origin"), "10.0.0.1:3000", PUBLIC));
        assert!(!foreign(Some("https://SENDRY.example.com:443"), None, "10.0.0.1:3000", PUBLIC));
        assert!(!foreign(None, Some("same-origin"), "sendry.example.com", PUBLIC));
        assert!(!foreign(
            Some("http://localhost:3000"),
            Some("same-origin"),
            "localhost:3000",
            "http://127.0.0.1:3000"
        ));
        assert!(!foreign(Some("http://box.local"), None, "box.local", "http://127.0.0.1:3000"));
    }

    #[test]
    fn foreign_pages_do_not() {
        for origin in
            ["https://evil.example", "null", "", "https://sendry.example.com.evil.example", "file://"]
        {
            assert!(foreign(Some(origin), None, "sendry.example.com", PUBLIC), "{origin}");
        }
        // Another port and another scheme are other origins.
        assert!(foreign(Some("https://sendry.example.com:8443"), None, "sendry.example.com", PUBLIC));
        assert!(foreign(Some("http://sendry.example.com"), None, "sendry.example.com", PUBLIC));
        assert!(foreign(
            Some("http://localhost:8080"),
            Some("same-site"),
            "localhost:3000",
            "http://localhost:3000"
        ));
        assert!(foreign(None, Some("cross-site"), "sendry.example.com", PUBLIC));
        assert!(foreign(None, Some("same-site"), "sendry.example.com", PUBLIC));
        assert!(foreign(
            Some("https://sendry.example.com"),
            Some("cross-site"),
            "sendry.example.com",
            PUBLIC
        ));
    }

    #[test]
    fn origins_are_written_as_browsers_do() {
        for (text, origin) in [
            ("https://Shop.example", Some("https://shop.example")),
            ("https://shop.example:443/", Some("https://shop.example")),
            ("http://localhost:8080", Some("http://localhost:8080")),
            ("https://shop.example/cart", None),
            ("https://shop.example/?a", None),
            ("https://user@shop.example", None),
            ("https://shop.example/#a", None),
            ("shop.example", None),
            ("ftp://shop.example:21", None),
            ("null", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(as_origin(text).as_deref(), origin, "{text}");
        }
    }

    #[test]
    fn names_of_this_machine_are_told_from_others() {
        let named = |host: &'static str| {
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            is_on_this_machine(&headers, &Uri::from_static("/"))
        };
        for own in ["localhost", "127.0.0.1:3000", "[::1]:3000", "LocalHost:1"] {
            assert!(named(own) && is_on_loopback(&format!("http://{own}")), "{own}");
        }
        for other in ["evil.example:3000", "localhost.evil.example", "192.0.2.1", "sendry.example.com", ""] {
            assert!(!named(other) && !is_on_loopback(&format!("http://{other}")), "{other}");
        }
    }
}
