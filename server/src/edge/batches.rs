//! `POST /edge/batches`: messages into the queue, each with an outcome of its own.

use super::caller::Caller;
use super::judge::Verdict;
use super::traffic::Counts;
use crate::reply::{Answer, Query};
use crate::state::AppState;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jiff::Timestamp;
use queue::{Burial, Message};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::accounts::KeyAtAnyTime;
use telemetry::edge::{CALL_BYTES, Outcome, Outcomes, unpack};
use telemetry::envelope::MessageId;
use telemetry::error::{ApiError, ErrorCode};

/// How long a call waits while as many as may be are worked on.
const TURN: Duration = Duration::from_secs(3);
/// Envelopes are published together until they are so large.
const TOGETHER_BYTES: usize = 8 << 20;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BatchesParams {
    /// `true`: whoever sent the hits is waiting for the outcome. What is refused is then not put among the dead letters,
    /// since nobody was promised anything.
    #[serde(default)]
    direct: bool,
}

/// Take what an edge has accepted
///
/// Messages behind their lengths (`telemetry/src/edge.rs`), at most 100 and 16 MiB. One outcome for each: `accepted` when
/// it is durable in the queue, `refused` when it never can be counted, `retry` otherwise. 503: retry all.
#[utoipa::path(post, path = "/edge/batches", tag = "edge", security(("edge" = [])), params(BatchesParams),
    request_body(content = String, content_type = "application/octet-stream", description = "Messages"),
    responses((status = 200, body = Outcomes), (status = 400, body = telemetry::error::ErrorBody),
        (status = 401, body = telemetry::error::ErrorBody), (status = 413, body = telemetry::error::ErrorBody),
        (status = 503, body = telemetry::error::ErrorBody)))]
pub async fn batches(
    State(state): State<AppState>,
    Query(params): Query<BatchesParams>,
    request: Request,
) -> Answer<Json<Outcomes>> {
    let edge = &state.edge;
    let caller = edge.identify(request.headers()).await?;
    edge.traffic.seen(caller.edge, (edge.clock)());
    let Ok(Ok(_turn)) = tokio::time::timeout(TURN, edge.calls.acquire()).await else {
        return Err(ApiError::unavailable("many edges are forwarding just now; try again in a moment").into());
    };
    state.ingest.committer.check_open()?;
    let body = read(request.into_body(), &state).await?;
    let messages = unpack(&body).map_err(|error| ApiError::invalid("body", error.to_string()))?;
    let messages: Vec<Bytes> = messages.into_iter().map(|message| body.slice_ref(message)).collect();
    drop(body);
    let mut call = Call {
        state: &state,
        caller,
        direct: params.direct,
        now: (edge.clock)(),
        outcomes: vec![Outcome::Retry; messages.len()],
        gathered: Vec::new(),
        bytes: 0,
        counts: Counts::default(),
    };
    call.take(messages).await;
    edge.traffic.add(call.caller.edge, call.now, call.counts);
    Ok(Json(Outcomes { outcomes: call.outcomes }))
}

async fn read(body: Body, state: &AppState) -> Answer<Bytes> {
    let collecting = Limited::new(body, CALL_BYTES).collect();
    match tokio::time::timeout(state.config.body_timeout(), collecting).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let message = format!("the body is over {} MiB", CALL_BYTES >> 20);
            Err(ApiError::new(ErrorCode::TooLarge, message).into())
        }
        Ok(Err(_)) => Err(ApiError::invalid("body", "the body ended early").into()),
        Err(_) => Err(ApiError::invalid("body", "the body did not arrive in time").into()),
    }
}

/// A call being worked on.
struct Call<'a> {
    state: &'a AppState,
    caller: Caller,
    direct: bool,
    now: Timestamp,
    /// `Retry` until something better is known.
    outcomes: Vec<Outcome>,
    /// Messages that may be counted.
    gathered: Vec<(Passed, Message)>,
    bytes: usize,
    counts: Counts,
}

/// A message that may be counted.
struct Passed {
    /// In the call.
    place: usize,
    hits: u64,
    key: Arc<KeyAtAnyTime>,
}

impl Call<'_> {
    async fn take(&mut self, messages: Vec<Bytes>) {
        let mut first_places: HashMap<MessageId, usize> = HashMap::new();
        let mut repeated = Vec::new();
        for (place, sent) in messages.into_iter().enumerate() {
            match self.state.edge.judge(&self.caller, sent, self.now).await {
                Verdict::Wait => {}
                Verdict::Refuse(message, error) => self.refuse(place, message, error).await,
                Verdict::Pass(message, hits, key) => {
                    // The platform delivers at least once: the same message may come twice in one call.
                    if let Some(first) = first_places.get(&message.id) {
                        repeated.push((place, *first));
                        continue;
                    }
                    first_places.insert(message.id, place);
                    self.bytes += message.body.len();
                    self.gathered.push((Passed { place, hits, key }, message));
                    if self.bytes >= TOGETHER_BYTES {
                        self.publish().await;
                    }
                }
            }
        }
        self.publish().await;
        for (place, first) in repeated {
            self.outcomes[place] = self.outcomes[first].clone();
        }
    }

    async fn publish(&mut self) {
        self.bytes = 0;
        let (passed, messages): (Vec<Passed>, Vec<Message>) = self.gathered.drain(..).unzip();
        let ingest = &self.state.ingest;
        if messages.is_empty() || ingest.committer.pass_on(messages).await.is_err() {
            return;
        }
        for Passed { place, hits, key } in passed {
            self.outcomes[place] = Outcome::Accepted;
            self.counts.messages += 1;
            self.counts.hits += hits;
            ingest.notes.accepted(&key.key, hits, self.now.as_second());
        }
    }

    /// Somebody was promised that these hits count, so they are kept, where it can be seen that they do not.
    async fn refuse(&mut self, place: usize, message: Message, error: ApiError) {
        if !self.direct {
            let now = self.now.as_millisecond();
            let cause = format!("refused from edge {}: {}", self.caller.edge, error.message);
            let burial = Burial { cause, attempts: 1, first_seen: now, buried_at: now };
            let burying = self.state.queue.bury(message, burial);
            if !matches!(tokio::time::timeout(self.state.config.confirm_timeout(), burying).await, Ok(Ok(())))
            {
                return;
            }
        }
        tracing::warn!(edge = self.caller.edge, error = error.message, "hits of an edge were refused");
        self.counts.refused += 1;
        self.outcomes[place] = Outcome::Refused { error };
    }
}
