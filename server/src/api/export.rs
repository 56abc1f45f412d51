//! The request log as a file: `/api/requests/export`.
//!
//! The rule: it is read page by page as the reader takes it, so it costs no more memory however long it is; and what
//! cannot be told to its end breaks off, so that nobody takes a part for the whole.

use super::document::Refusals;
use super::query::{Ask, ReportParams, SearchParams, given};
use crate::auth::SignedIn;
use crate::reply::{Answer, Query};
use crate::state::AppState;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Deserialize;
use std::io;
use std::time::Duration;
use store::Stores;
use store::access::ClientScope;
use store::analytics::{self, RequestsQuery};
use telemetry::error::ApiError;
use telemetry::report::RequestRow;
use telemetry::time::date;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Pages that are read for exports at once. Held while one is read and not while it is sent: whoever takes a file slowly
/// keeps nobody else waiting.
static TURNS: Semaphore = Semaphore::const_new(4);
/// The longest that one may take.
const LONGEST: Duration = Duration::from_secs(600);
/// Rows that are read at once.
const ROWS: usize = 500;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportParams {
    /// `csv`, `json` (an array) or `ndjson` (one object a line).
    format: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
    Ndjson,
}

impl ExportParams {
    fn format(&self) -> Result<Format, ApiError> {
        match given(&self.format) {
            Some("csv") => Ok(Format::Csv),
            Some("json") => Ok(Format::Json),
            Some("ndjson") => Ok(Format::Ndjson),
            _ => Err(ApiError::invalid("format", "format must be csv, json or ndjson")),
        }
    }
}

impl Format {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// What stands before the first row.
    const fn head(self) -> &'static str {
        match self {
            Self::Csv => {
                "timestamp,service,environment,method,endpoint,status,latency_ms,consumer,trace_id,event_id,error,id\n"
            }
            Self::Json => "[",
            Self::Ndjson => "",
        }
    }

    /// What stands after the last one.
    const fn tail(self) -> &'static str {
        match self {
            Self::Json => "]\n",
            Self::Csv | Self::Ndjson => "",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
        }
    }
}

/// Export raw hits
///
/// All that match, newest first, as a file. Ten minutes at most: what takes longer breaks off.
#[utoipa::path(get, path = "/api/requests/export", tag = "requests", security(("session" = [])),
    params(ReportParams, SearchParams, ExportParams),
    responses((status = 200, description = "The file",
        content((String = "text/csv"), (Vec<RequestRow> = "application/json"), (String = "application/x-ndjson"))), Refusals))]
pub(super) async fn export(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<ReportParams>,
    Query(search): Query<SearchParams>,
    Query(wish): Query<ExportParams>,
) -> Answer<Response> {
    let ask = Ask::new(&state, &user, &params).await?;
    let format = wish.format()?;
    let range = ask.query.range;
    let query = RequestsQuery {
        analytics: ask.query,
        trace_id: search.trace_id()?,
        consumer: search.consumer()?,
        min_latency_ms: search.min_latency_ms()?,
        text: search.text()?,
        limit: ROWS,
        cursor: None,
    };
    let export = Export {
        stores: state.stores.clone(),
        scope: ask.scope,
        query,
        format,
        begun: false,
        any_row: false,
        end: Instant::now() + LONGEST,
    };
    let parts = stream::try_unfold(Some(export), async |export| match export {
        Some(export) => export.part().await.map(Some),
        None => Ok(None),
    });
    let (from, to) = (date(range.from.as_second()), date(range.to.as_second()));
    let name = format!("attachment; filename=\"sendry-requests-{from}-{to}.{}\"", format.extension());
    let headers =
        [(header::CONTENT_TYPE, format.content_type().to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(parts)).into_response())
}

/// An export under way.
struct Export {
    stores: Stores,
    scope: ClientScope,
    query: RequestsQuery,
    format: Format,
    /// Whether a part has been written, and whether a row has.
    begun: bool,
    any_row: bool,
    end: Instant,
}

impl Export {
    /// The next part, and what is left.
    async fn part(mut self) -> io::Result<(Vec<u8>, Option<Self>)> {
        let reading = async {
            let _turn = TURNS.acquire().await;
            analytics::requests(&*self.stores.events, &self.scope, &self.query).await
        };
        let page = match tokio::time::timeout_at(self.end, reading).await {
            Ok(Ok(page)) => page,
            Ok(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "an export broke off");
                return Err(io::Error::other("the store does not answer"));
            }
            Err(_) => return Err(io::ErrorKind::TimedOut.into()),
        };
        let last = page.next.is_none();
        let mut bytes = Vec::with_capacity(page.requests.len() * 256);
        if !self.begun {
            bytes.extend(self.format.head().as_bytes());
        }
        for row in &page.requests {
            match self.format {
                Format::Csv => bytes.extend(csv_line(row)?),
                Format::Json => {
                    bytes.extend(if self.any_row { ",\n" } else { "" }.as_bytes());
                    serde_json::to_writer(&mut bytes, row)?;
                }
                Format::Ndjson => {
                    serde_json::to_writer(&mut bytes, row)?;
                    bytes.push(b'\n');
                }
            }
            self.any_row = true;
        }
        if last {
            bytes.extend(self.format.tail().as_bytes());
        }
        self.begun = true;
        self.query.cursor = page.next;
        Ok((bytes, (!last).then_some(self)))
    }
}

fn csv_line(row: &RequestRow) -> io::Result<Vec<u8>> {
    let text = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
    let mut line = csv::Writer::from_writer(Vec::with_capacity(256));
    line.write_record([
        row.timestamp.to_string(),
        harmless(&row.service),
        harmless(&row.environment),
        row.method.to_string(),
        harmless(&row.endpoint),
        row.status.to_string(),
        row.latency_ms.to_string(),
        text(&row.consumer),
        text(&row.trace_id),
        text(&row.event_id),
        text(&row.error),
        row.id.clone(),
    ])?;
    line.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

/// Spreadsheets take a text that begins like this for a formula, and hits are written by anybody.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
