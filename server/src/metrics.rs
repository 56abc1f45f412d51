//! `/metrics`: what this server and the parts around it do, as text for Prometheus.
//!
//! The rule: what is not known is left out, never told as zero. So the registry is made anew for each answer, from
//! counters that live where they are counted and from what [`crate::ops::probe`] found out within the last second.

use crate::ops::{Answered, Probe};
use crate::reply::Answer;
use crate::state::AppState;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};
use runtime::metrics::{BREAKER_STATES, CONTENT_TYPE, Guard, breaker_gauge, encode, registry};
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use telemetry::error::ApiError;

/// One label with its value.
type Label = [(&'static str, String); 1];

/// The text, for programs on this machine or for whoever brings the token.
pub async fn metrics(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Answer<impl IntoResponse> {
    if !Guard::new(state.config.metrics_token.clone()).admits(peer.ip(), &headers) {
        let refused = "metrics are for programs on this machine, or for whoever sends the metrics_token";
        return Err(ApiError::forbidden(refused).into());
    }
    let probe = state.watch.probe(&state.queue, &state.stores, (state.clock)()).await;
    let mut registry = registry();
    ingest(&mut registry, &state);
    queue(&mut registry, &state, &probe);
    parts(&mut registry, &probe);
    if state.lanes() > 0 {
        state.consumer.register(&mut registry);
    }
    let text = encode(&registry).map_err(|error| {
        tracing::error!(%error, "metrics could not be written");
        ApiError::internal()
    })?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text))
}

fn ingest(registry: &mut Registry, state: &AppState) {
    let (traffic, committer) = (&state.ingest.traffic, &state.ingest.committer);
    let stats = committer.stats();
    registry.register("ingest_hits", "Hits answered with 202", traffic.hits.clone());
    registry.register("ingest_calls", "Calls answered with 202", traffic.calls.clone());
    let refused = Family::<Label, Counter>::default();
    for (status, calls) in traffic.refusals() {
        refused.get_or_create(&[("status", status.to_string())]).inc_by(calls.get());
    }
    registry.register("ingest_calls_refused", "Calls refused, by HTTP status", refused);
    if let Some(unanswered) = state.ingest.limits_unanswered() {
        let help = "Questions about limits that Redis did not answer: the server decided by itself";
        registry.register("ingest_limits_unanswered", help, unanswered.clone());
    }
    registry.register("ingest_envelopes", "Envelopes that the queue has confirmed", stats.envelopes.clone());
    registry.register(
        "ingest_publishes_failed",
        "Publishes that the queue did not confirm in time",
        stats.failed.clone(),
    );
    registry.register(
        "ingest_not_tried",
        "Calls and publishes refused without trying: the breaker was open, or too much was waiting",
        stats.refused.clone(),
    );
    let help = "How long the queue took to confirm a publish";
    registry.register_with_unit("ingest_confirm", help, Unit::Seconds, stats.confirms.histogram.clone());
    let (waiting, most) = committer.waiting_bytes();
    let help = "Bytes of hits that wait for the queue's confirmation";
    registry.register_with_unit("ingest_waiting", help, Unit::Bytes, ConstGauge::new(waiting as u64));
    let help = "As many bytes may wait at once";
    registry.register_with_unit("ingest_waiting_limit", help, Unit::Bytes, ConstGauge::new(most as u64));
    registry.register(
        "ingest_breaker_state",
        format!("The breaker before the queue: {BREAKER_STATES}"),
        ConstGauge::new(breaker_gauge(committer.breaker().state)),
    );
}

fn queue(registry: &mut Registry, state: &AppState, probe: &Probe) {
    let Some(depth) = probe.depth else { return };
    let mut gauge = |name: &str, help: &str, value: Option<u64>| {
        if let Some(value) = value {
            registry.register(name, help, ConstGauge::new(value));
        }
    };
    gauge("queue_waiting", "Messages that no consumer holds", Some(depth.waiting));
    gauge("queue_leased", "Messages that consumers hold", depth.leased);
    gauge("queue_dead_letters", "Messages that could not be processed", Some(depth.dead_letters));
    let age = match depth.oldest {
        Some(oldest) => Some((state.clock)().as_millisecond().saturating_sub(oldest).max(0)),
        // Nothing waits, so nothing is late.
        None => (depth.waiting == 0 && depth.leased == Some(0)).then_some(0),
    };
    if let Some(age) = age {
        registry.register_with_unit(
            "queue_oldest_age",
            "How long ago the oldest message not yet counted was accepted",
            Unit::Seconds,
            ConstGauge::new(age as f64 / 1e3),
        );
    }
}

fn parts(registry: &mut Registry, probe: &Probe) {
    let up = Family::<Label, Gauge>::default();
    let ping = Family::<Label, Gauge<f64, AtomicU64>>::default();
    for (part, answered) in probe.parts() {
        let label = [("part", part.to_owned())];
        up.get_or_create(&label).set(i64::from(Answered::is_ok(answered)));
        if let Some(ms) = answered.millis() {
            ping.get_or_create(&label).set(ms / 1e3);
        }
    }
    registry.register("up", "Whether a part answers: 1, or 0", up);
    let help = "How long a part took to answer a ping";
    registry.register_with_unit("ping", help, Unit::Seconds, ping);
}
