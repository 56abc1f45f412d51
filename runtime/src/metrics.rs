//! What every process needs to show its metrics: a registry, its text, and who may read it.
//!
//! The rule: names are `sendry_…` with base units (seconds, bytes), as Prometheus wants them, and a metric is never
//! labelled with what users name: no client, service or endpoint. Figures tell how busy an installation is, so they are
//! for this machine, or for whoever brings the token ([`Guard`]).
//!
//! A process registers its metrics once at start, sets its gauges just before [`encode`], and answers with the text
//! under [`CONTENT_TYPE`].

use http::HeaderMap;
use http::header::AUTHORIZATION;
use prometheus_client::encoding::text;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use queue::breaker::BreakerState;
use std::fmt;
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// What [`encode`] writes: OpenMetrics, which is Prometheus' text with an end mark.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Bounds of histograms of durations, in seconds: from what a fast disk needs to what counts as down.
pub const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// An empty registry whose names all begin with `sendry_`, but for `sendry_build_info`.
pub fn registry() -> Registry {
    let mut registry = Registry::with_prefix("sendry");
    registry.register(
        "build",
        "The version that is running",
        Info::new([("version", env!("CARGO_PKG_VERSION"))]),
    );
    registry
}

/// The text that Prometheus reads.
pub fn encode(registry: &Registry) -> Result<String, fmt::Error> {
    let mut encoded = String::with_capacity(8 << 10);
    text::encode(&mut encoded, registry)?;
    Ok(encoded)
}

/// What gauges of breakers mean; append it to their help.
pub const BREAKER_STATES: &str = "0 closed, 1 half-open, 2 open";

/// A breaker's state as a gauge shows it: the higher, the worse.
pub const fn breaker_gauge(state: BreakerState) -> i64 {
    match state {
        BreakerState::Closed => 0,
        BreakerState::HalfOpen => 1,
        BreakerState::Open => 2,
    }
}

/// Who may read metrics: programs on this machine, or whoever sends the token.
#[derive(Clone)]
pub struct Guard {
    token: Option<String>,
}

impl Guard {
    /// `token` is the setting `metrics_token`; an empty one is none.
    pub fn new(token: Option<String>) -> Self {
        Self { token: token.filter(|token| !token.is_empty()) }
    }

    /// Whether a request from `peer` may be answered. A request that a proxy on this machine passes on comes from
    /// another one, and needs the token.
    pub fn admits(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        (peer.to_canonical().is_loopback() && !passed_on(headers)) || self.is_token_of(headers)
    }

    fn is_token_of(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return false };
        let sent = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().split_first_chunk::<7>());
        let Some((scheme, sent)) = sent else { return false };
        // In constant time: how long the answer takes must not tell how much of a guess was right.
        scheme.eq_ignore_ascii_case(b"bearer ") && bool::from(sent.ct_eq(token.as_bytes()))
    }
}

/// Whether a proxy says that it passes a request on.
pub fn passed_on(headers: &HeaderMap) -> bool {
    let marks = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    marks.into_iter().any(|name| headers.contains_key(name))
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("with_token", &self.token.is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::metrics::counter::Counter;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn names_begin_with_sendry_and_the_text_has_its_end() {
        let mut registry = registry();
        let hits: Counter = Counter::default();
        hits.inc_by(7);
        registry.register("hits_counted", "Hits added to the rollups", hits);
        let text = encode(&registry).unwrap();
        assert!(text.contains("sendry_hits_counted_total 7\n"), "{text}");
        assert!(text.contains(concat!("sendry_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1")));
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    #[test]
    fn this_machine_may_read_unless_it_passes_on_what_others_ask() {
        let guard = Guard::new(None);
        for (peer, pairs, admitted) in [
            ("127.0.0.1", &[][..], true),
            ("::1", &[][..], true),
            ("::ffff:127.0.0.1", &[][..], true),
            ("10.0.0.7", &[][..], false),
            ("10.0.0.7", &[("authorization", "Bearer ")][..], false),
            ("127.0.0.1", &[("x-forwarded-for", "10.0.0.7")][..], false),
        ] {
            assert_eq!(guard.admits(peer.parse().unwrap(), &headers(pairs)), admitted, "{peer} {pairs:?}");
        }
        assert!(
            !Guard::new(Some(String::new()))
                .admits("10.0.0.7".parse().unwrap(), &headers(&[("authorization", "Bearer ")]))
        );
    }

    #[test]
    fn the_token_opens_it_from_everywhere_and_is_never_shown() {
        let guard = Guard::new(Some("open sesame".to_owned()));
        let far: IpAddr = "192.0.2.1".parse().unwrap();
        for (value, admitted) in [
            ("Bearer open sesame", true),
            ("bearer open sesame", true),
            ("Bearer open sesam", false),
            ("Bearer open sesame!", false),
            ("open sesame", false),
        ] {
            assert_eq!(guard.admits(far, &headers(&[("authorization", value)])), admitted, "{value}");
        }
        assert!(!guard.admits(far, &HeaderMap::new()));
        assert!(!format!("{guard:?}").contains("sesame"));
    }
}
