//! Markers: what was deployed, or happened otherwise, when. `POST /api/markers` is for deploy jobs, so it takes a key.
//!
//! The rule: a key that web pages carry is known to everybody, so it may send hits and mark nothing; a key that is held to
//! some services marks these alone.

use super::document::Refusals;
use super::input::Text;
use super::query::{Ask, ReportParams};
use crate::auth::SignedIn;
use crate::ingest::presented_key;
use crate::reply::{Answer, JsonBody, Query};
use crate::state::AppState;
use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use store::access::ClientScope;
use store::accounts::NewMarker;
use store::analytics;
use telemetry::batch::parse_time;
use telemetry::error::ApiError;
use telemetry::limits::SERVICE_BYTES;
use telemetry::report::{Marker, Markers};
use telemetry::time::{DAY, MINUTE, from_millisecond};

/// How old, and how far ahead of our clock, a marker may be, in seconds.
const OLDEST: i64 = 365 * DAY;
const NEWEST: i64 = 10 * MINUTE;
const TITLE_CHARACTERS: usize = 100;
const URL_BYTES: usize = 500;

/// A marker to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct MarkerWish {
    /// 1 to 100 characters on one line, such as `shop 2.4.1`.
    #[serde(default)]
    #[schema(required)]
    title: Text,
    /// The service that it is about; all unless given.
    #[serde(default)]
    service: Text,
    /// RFC 3339 or epoch milliseconds, from a year ago to ten minutes ahead; now unless given.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    at: Value,
    /// Where there is more to read, by http or https.
    #[serde(default)]
    url: Text,
}

impl MarkerWish {
    fn marker(&self, now: Timestamp) -> Result<NewMarker, ApiError> {
        let title = line(self.title.required("title")?, "title", TITLE_CHARACTERS)?;
        let service = self.service.optional("service")?;
        if service.is_some_and(|service| service.len() > SERVICE_BYTES) {
            return Err(ApiError::invalid(
                "service",
                format!("service is longer than {SERVICE_BYTES} bytes"),
            ));
        }
        let service = service.map(|service| line(service, "service", SERVICE_BYTES)).transpose()?;
        let url = self.url.optional("url")?;
        if !url.is_none_or(is_web_address) {
            return Err(ApiError::invalid(
                "url",
                "url must begin with http:// or https:// and have at most 500 bytes",
            ));
        }
        Ok(NewMarker { at: self.at(now)?, title, service, url: url.map(str::to_owned) })
    }

    fn at(&self, now: Timestamp) -> Result<Timestamp, ApiError> {
        let wrong = || {
            let message = "at must be RFC 3339 or epoch milliseconds, from a year ago to ten minutes ahead";
            ApiError::invalid("at", message)
        };
        let at = match &self.at {
            Value::Null => return Ok(now),
            Value::String(text) => parse_time(text.trim()),
            Value::Number(number) => number.as_i64(),
            _ => None,
        };
        let at = at.ok_or_else(wrong)?;
        let now = now.as_millisecond();
        let allowed = now - OLDEST * 1_000..=now + NEWEST * 1_000;
        if allowed.contains(&at) { Ok(from_millisecond(at)) } else { Err(wrong()) }
    }
}

fn line(text: &str, field: &str, most: usize) -> Result<String, ApiError> {
    if text.chars().count() > most || text.contains(char::is_control) {
        return Err(ApiError::invalid(field, format!("{field} has 1 to {most} characters, on one line")));
    }
    Ok(text.to_owned())
}

/// An address that a browser may be sent to: nothing that runs.
fn is_web_address(url: &str) -> bool {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web && url.len() <= URL_BYTES && !url.contains(|c: char| c.is_control() || c.is_whitespace())
}

/// Make a marker
///
/// For deploy jobs: it is shown on every chart over time. One of the same time, service and title is made once.
#[utoipa::path(post, path = "/api/markers", tag = "ingest", security(("apiKey" = [])), request_body = MarkerWish,
    responses((status = 201, body = Marker), Refusals))]
pub(super) async fn create(
    State(state): State<AppState>,
    request: Request,
) -> Answer<(StatusCode, Json<Marker>)> {
    // Nothing is read of strangers.
    let key = state.ingest.keys.check(presented_key(request.headers())).await?;
    if !key.origins.is_empty() {
        return Err(
            ApiError::forbidden("this key is one for web pages; deploy jobs need one of their own").into()
        );
    }
    let JsonBody(body) = JsonBody::<MarkerWish>::from_request(request, &state).await?;
    let marker = body.marker((state.clock)())?;
    let may = |service: &String| key.services.is_empty() || key.services.contains(service);
    if !marker.service.as_ref().map_or(key.services.is_empty(), may) {
        return Err(
            ApiError::forbidden("this key is held to some services; name one of them as service").into()
        );
    }
    let scope = ClientScope::of_the_instance(key.client);
    let made = state.stores.accounts.add_marker(&scope, &marker).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Markers
///
/// Of a range, newest first; with a service, those about it and those about all.
#[utoipa::path(get, path = "/api/markers", tag = "analytics", security(("session" = [])),
    params(ReportParams), responses((status = 200, body = Markers), Refusals))]
pub(super) async fn list(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<ReportParams>,
) -> Answer<Json<Markers>> {
    let Ask { scope, query, now } = Ask::new(&state, &user, &params).await?;
    Ok(Json(analytics::markers(&*state.stores.accounts, &scope, &query, now).await?))
}
