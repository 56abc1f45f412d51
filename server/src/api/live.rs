//! What is happening just now, as server-sent events: `/api/live`.

use super::document::Refusals;
use super::query::{Ask, ReportParams, SearchParams, given};
use crate::auth::SignedIn;
use crate::live::{Feed, Told};
use crate::reply::{Answer, ErrorReply, Query};
use crate::state::AppState;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use store::analytics::RequestsQuery;
use telemetry::error::ApiError;

/// How long a browser waits before it comes again, milliseconds.
const RETRY: u64 = 2_000;
/// How often something is sent where nothing happens, so that nobody between takes the connection for dead.
const ALIVE: Duration = Duration::from_secs(15);

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LiveParams {
    /// `true`: also the requests that match, as they arrive.
    tail: Option<String>,
}

/// What is happening just now
///
/// Server-sent events. `counted`: numbers have changed. With `tail=true` also `tail`: requests that have just arrived, a random
/// sample of at most 20 every quarter of a second where there are more, with the figures of the last minute; and `gap`: what
/// arrives cannot be seen just now. Ends after five minutes: come again. Filters are those of the request log; the range
/// does not matter.
#[utoipa::path(get, path = "/api/live", tag = "requests", security(("session" = [])),
    params(ReportParams, SearchParams, LiveParams),
    responses((status = 200, content_type = "text/event-stream", body = String), Refusals))]
pub(super) async fn live(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<ReportParams>,
    Query(search): Query<SearchParams>,
    Query(live): Query<LiveParams>,
) -> Answer<Response> {
    let ask = Ask::new(&state, &user, &params).await?;
    let tailed = match given(&live.tail) {
        None | Some("false") => None,
        Some("true") => Some(RequestsQuery {
            trace_id: search.trace_id()?,
            text: search.text()?,
            consumer: search.consumer()?,
            min_latency_ms: search.min_latency_ms()?,
            ..RequestsQuery::of(ask.query)
        }),
        Some(_) => return Err(ApiError::invalid("tail", "tail must be true or false").into()),
    };
    let place = state.live.enter().ok_or_else(|| {
        ErrorReply::from(ApiError::unavailable("too many are listening already")).retry_after(10)
    })?;
    let (queue, metrics) = (Arc::clone(&state.queue), Arc::clone(&state.stores.metrics));
    let feed = Feed::new(place, queue, metrics, ask.scope, Arc::clone(&state.clock), tailed.as_ref());
    let begun =
        stream::once(async { Ok(Event::default().retry(Duration::from_millis(RETRY)).comment("begun")) });
    let events =
        stream::unfold(feed, async |mut feed| Some((Ok::<_, Infallible>(event(feed.next().await?)), feed)));
    let events =
        Sse::new(stream::StreamExt::chain(begun, events)).keep_alive(KeepAlive::new().interval(ALIVE));
    // a proxy that gathers would turn moments into minutes
    let headers = [(CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((headers, events).into_response())
}

fn event(told: Told) -> Event {
    match told {
        Told::Counted(counted) => written("counted", &counted),
        Told::Tailed(tailed) => written("tail", &tailed),
        Told::Gap => Event::default().event("gap").data("{}"),
    }
}

fn written(name: &str, what: &impl Serialize) -> Event {
    let text = serde_json::to_string(what).unwrap_or_default();
    Event::default().event(name).data(text)
}
