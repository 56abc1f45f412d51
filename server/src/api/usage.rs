//! What a client has used: `/api/clients/{id}/usage`.

use super::document::Refusals;
use super::query::given;
use crate::auth::SignedIn;
use crate::reply::{Answer, Path, Query};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::access::{Permission, authorise};
use store::analytics;
use telemetry::error::ApiError;
use telemetry::report::{ClientId, UsageDay};
use telemetry::time::{DAY, date};

const NOTE: &str = "Accepted hits, their bytes and the hits refused inside accepted calls are exact. Calls refused as a \
                    whole are counted approximately: a crash loses the last seconds, and calls without a known key are \
                    nobody's.";

/// The most days that one reply shows.
const MOST_DAYS: i64 = 400;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UsageParams {
    /// The first day, as a date or an RFC 3339 time; the first of this month unless given.
    from: Option<String>,
    /// The last day (with a time: the day that holds the moment before it); today unless given.
    to: Option<String>,
    /// `json`, which it is unless given, or `csv`.
    format: Option<String>,
}

/// Usage by UTC day.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct UsageReport {
    /// The first day, `2026-01-01`.
    from: String,
    /// The last day, inclusive.
    to: String,
    /// Every day from first to last, also those without use.
    days: Vec<UsageDay>,
    /// What is exact and what is not.
    note: &'static str,
}

/// Usage of a client
///
/// What was accepted and refused, by UTC day.
#[utoipa::path(get, path = "/api/clients/{id}/usage", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path), UsageParams), responses((status = 200, body = UsageReport), Refusals))]
pub(super) async fn usage(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Path(client): Path<ClientId>,
    Query(params): Query<UsageParams>,
) -> Answer<Response> {
    let scope = authorise(&*state.stores.accounts, &user, client, Permission::View).await?;
    let (from, to) = days(&params, (state.clock)())?;
    let days = analytics::usage(&state.stores, &scope, from, to).await?;
    let report = UsageReport { from: date(from), to: date(to), days, note: NOTE };
    match given(&params.format) {
        None | Some("json") => Ok(Json(report).into_response()),
        Some("csv") => Ok(csv(&report)?),
        Some(_) => Err(ApiError::invalid("format", "format must be json or csv").into()),
    }
}

/// One line a day: `day,accepted,bytes,rejected,rejected_by_field,refused_calls,refused_calls_by_status`, the reasons as
/// `latencyMs=3 method=1`.
fn csv(report: &UsageReport) -> Result<Response, ApiError> {
    let mut lines = csv::Writer::from_writer(Vec::new());
    let head = [
        "day",
        "accepted",
        "bytes",
        "rejected",
        "rejected_by_field",
        "refused_calls",
        "refused_calls_by_status",
    ];
    let mut written = lines.write_record(head);
    for day in &report.days {
        let [accepted, bytes] = [day.accepted, day.bytes].map(|n| n.to_string());
        let (rejected, by_field) = with_reasons(&day.rejected);
        let (calls, by_status) = with_reasons(&day.refused_calls);
        let line = [&day.day, &accepted, &bytes, &rejected, &by_field, &calls, &by_status];
        written = written.and_then(|()| lines.write_record(line));
    }
    written.map_err(|_| ApiError::internal())?;
    let text = lines.into_inner().map_err(|_| ApiError::internal())?;
    let name = format!("attachment; filename=\"sendry-usage-{}-{}.csv\"", report.from, report.to);
    let kind = "text/csv; charset=utf-8".to_owned();
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], text).into_response())
}

/// The sum, and `reason=n` for each.
fn with_reasons(counts: &BTreeMap<String, u64>) -> (String, String) {
    let reasons: Vec<String> = counts.iter().map(|(reason, n)| format!("{reason}={n}")).collect();
    (counts.values().sum::<u64>().to_string(), reasons.join(" "))
}

/// The first and the last day asked for, each as the Unix second of its start.
fn days(params: &UsageParams, now: Timestamp) -> Result<(i64, i64), ApiError> {
    let today = start_of(now.as_second());
    let from = match given(&params.from) {
        Some(text) => day("from", text, 0)?,
        None => {
            let date = Offset::UTC.to_datetime(now).date();
            seconds(date.first_of_month()).unwrap_or(today)
        }
    };
    let to = match given(&params.to) {
        Some(text) => day("to", text, 1)?,
        None => today.max(from),
    };
    if to < from {
        return Err(ApiError::invalid("to", "`to` must not be earlier than `from`"));
    }
    if (to - from) / DAY >= MOST_DAYS {
        return Err(ApiError::invalid("from", format!("ask for at most {MOST_DAYS} days at once")));
    }
    Ok((from, to))
}

/// The day of a date, or of the moment `before` a time by that many seconds.
fn day(field: &str, text: &str, before: i64) -> Result<i64, ApiError> {
    let date = text.parse::<Timestamp>().map(|time| {
        let up = i64::from(time.subsec_nanosecond() > 0);
        start_of(time.as_second() + up.min(before) - before)
    });
    // A time is tried first: a date parser would take one and drop its zone.
    date.ok().or_else(|| text.parse::<Date>().ok().and_then(seconds)).ok_or_else(|| {
        ApiError::invalid(field, format!("{field} must be a date such as 2026-01-31, or RFC 3339"))
    })
}

fn start_of(second: i64) -> i64 {
    second - second.rem_euclid(DAY)
}

fn seconds(date: Date) -> Option<i64> {
    Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok().map(Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(from: Option<&str>, to: Option<&str>) -> Result<(String, String), String> {
        let params = UsageParams { from: from.map(str::to_owned), to: to.map(str::to_owned), format: None };
        match days(&params, "2026-11-23T14:00:00Z".parse().unwrap()) {
            Ok((from, to)) => Ok((date(from), date(to))),
            Err(error) => Err(error.field.unwrap()),
        }
    }

    #[test]
    fn days_are_inclusive_and_default_to_this_month() {
        let days = |from: &str, to: &str| Ok((from.to_owned(), to.to_owned()));
        assert_eq!(asked(None, None), days("2026-11-01", "2026-11-23"));
        assert_eq!(asked(Some("2026-01-01"), Some("2026-01-31")), days("2026-01-01", "2026-01-31"));
        assert_eq!(
            asked(Some("2026-01-01T23:00:00-02:00"), Some("2026-02-01T00:00:00Z")),
            days("2026-01-02", "2026-01-31")
        );
        assert_eq!(asked(None, Some("2026-11-24T00:00:00.5Z")), days("2026-11-01", "2026-11-24"));
    }

    #[test]
    fn what_is_no_range_of_days_is_refused_by_name() {
        assert_eq!(asked(Some("yesterday"), None), Err("from".to_owned()));
        assert_eq!(asked(None, Some("2026-02-30")), Err("to".to_owned()));
        assert_eq!(asked(Some("2026-02-02"), Some("2026-02-01")), Err("to".to_owned()));
        assert_eq!(asked(Some("2020-01-01"), None), Err("from".to_owned()));
    }
}
