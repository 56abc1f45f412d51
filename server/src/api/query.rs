//! Reads what analytics routes are asked: the same parameters with the same meaning on all of them.
//!
//! The rule: a parameter that cannot be read is refused by its name, never ignored; an empty one counts as absent.

use crate::reply::Answer;
use crate::state::AppState;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};
use store::access::{ClientScope, Permission, authorise};
use store::analytics::AnalyticsQuery;
use telemetry::error::ApiError;
use telemetry::hit::Method;
use telemetry::limits::{CONSUMER_BYTES, ENDPOINT_BYTES, ENVIRONMENT_BYTES, SEARCH_BYTES, SERVICE_BYTES};
use telemetry::report::{ClientId, EndpointSort, StatusFilter, StatusFilterError, User};
use telemetry::time::{DAY, Range, RangeError, Step, from_second, parse_length};
use telemetry::zone::Zone;

/// The range where none is asked for, in seconds.
const DEFAULT_RANGE: i64 = DAY;
/// The most slots of a time series: minutes of all the time that minutes are kept.
const MOST_SLOTS: i64 = 3_000;
const DEFAULT_LIMIT: usize = 50;
const MOST_ROWS: usize = 500;
const CURSOR_BYTES: usize = 4_096;

/// What all reports can be asked.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportParams {
    /// The client's id. May be left out by those who see exactly one client.
    pub(super) client: Option<String>,
    /// So long up to now, as minutes, hours or days: `90m`, `24h`, `7d`; `24h` unless anything is given.
    pub(super) range: Option<String>,
    /// Begin, inclusive: RFC 3339 or epoch milliseconds; 24 hours before `to` unless given.
    pub(super) from: Option<String>,
    /// End, exclusive: RFC 3339 or epoch milliseconds; now unless given.
    pub(super) to: Option<String>,
    /// The time zone whose days and quarters of days slots are cut at, such as `Europe/Berlin`; `UTC` unless given.
    pub(super) tz: Option<String>,
    /// Only this service.
    pub(super) service: Option<String>,
    /// Only this route template, e.g. `/users/:id`.
    pub(super) endpoint: Option<String>,
    /// Only this HTTP method, or `OTHER`.
    pub(super) method: Option<String>,
    /// Only this environment.
    pub(super) environment: Option<String>,
    /// Only this status code (`503`) or class (`5xx`).
    pub(super) status: Option<String>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StepParams {
    /// Width of a slot: `auto`, 1m, 5m, 15m, 30m, 1h, 6h or 1d.
    pub(super) step: Option<String>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EndpointsParams {
    /// requests, errors, errorRate, p50, p95, p99, totalTime or name.
    pub(super) sort: Option<String>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParams {
    /// Rows of a page, 1 to 500; 50 unless given.
    pub(super) limit: Option<String>,
    /// `next` of the page before.
    pub(super) cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct SearchParams {
    /// Part of endpoint, error, trace id, event id or consumer.
    pub(super) q: Option<String>,
    /// 32 hexadecimal digits.
    pub(super) trace_id: Option<String>,
    /// Only this consumer.
    pub(super) consumer: Option<String>,
    /// Only what took so long or longer, in milliseconds.
    pub(super) min_latency_ms: Option<String>,
}

/// A question that may be asked: read and authorised.
pub(super) struct Ask {
    pub(super) scope: ClientScope,
    pub(super) query: AnalyticsQuery,
    pub(super) now: Timestamp,
}

impl Ask {
    /// Reads the question and checks that the user may ask it.
    pub(super) async fn new(state: &AppState, user: &User, params: &ReportParams) -> Answer<Self> {
        let now = (state.clock)();
        let scope = scope(state, user, params.client.as_deref()).await?;
        Ok(Self { scope, query: params.query(now)?, now })
    }
}

/// The client that is asked about, if the user may see it.
pub(super) async fn scope(state: &AppState, user: &User, client: Option<&str>) -> Answer<ClientScope> {
    let accounts = &*state.stores.accounts;
    let client = match client.filter(|text| !text.is_empty()) {
        Some(text) => {
            text.parse().map_err(|_| ApiError::invalid("client", "client must be the number of a client"))?
        }
        None => {
            only_client(&accounts.clients_of(user).await?.iter().map(|client| client.id).collect::<Vec<_>>())?
        }
    };
    Ok(authorise(accounts, user, client, Permission::View).await?)
}

fn only_client(seen: &[ClientId]) -> Result<ClientId, ApiError> {
    match seen {
        [only] => Ok(*only),
        [] => Err(ApiError::not_found("client")),
        _ => Err(ApiError::invalid("client", "say which client: you see several")),
    }
}

impl ReportParams {
    fn query(&self, now: Timestamp) -> Result<AnalyticsQuery, ApiError> {
        let range = self.time_range(now)?;
        Ok(AnalyticsQuery {
            range,
            zone: given(&self.tz).map_or_else(|| Ok(Zone::default()), |name| zone(name, range))?,
            service: text("service", &self.service, SERVICE_BYTES)?,
            endpoint: text("endpoint", &self.endpoint, ENDPOINT_BYTES)?,
            method: given(&self.method).map(method).transpose()?,
            environment: text("environment", &self.environment, ENVIRONMENT_BYTES)?,
            status: given(&self.status).map(status).transpose()?,
        })
    }

    fn time_range(&self, now: Timestamp) -> Result<Range, ApiError> {
        let (from, to) = (given(&self.from), given(&self.to));
        if let Some(range) = given(&self.range) {
            if from.is_some() || to.is_some() {
                return Err(ApiError::invalid("range", "give either range, or from and to"));
            }
            return relative(range, now);
        }
        if from.is_none() && to.is_none() {
            return Ok(Range::last(DEFAULT_RANGE, now));
        }
        let to = to.map(|text| time("to", text)).transpose()?.unwrap_or(now);
        let from = match from {
            Some(text) => time("from", text)?,
            None => from_second(to.as_second().saturating_sub(DEFAULT_RANGE)),
        };
        Range::new(from, to).map_err(|error| {
            let field = if error == RangeError::Empty { "to" } else { "from" };
            ApiError::invalid(field, error.to_string())
        })
    }
}

impl StepParams {
    /// `None` for what fits best.
    pub(super) fn step(&self, range: Range) -> Result<Option<Step>, ApiError> {
        let Some(text) = given(&self.step).filter(|text| *text != "auto") else { return Ok(None) };
        let step = Step::parse(text)
            .ok_or_else(|| ApiError::invalid("step", "step must be auto, 1m, 5m, 15m, 30m, 1h, 6h or 1d"))?;
        if range.seconds() / step.seconds() > MOST_SLOTS {
            return Err(ApiError::invalid(
                "step",
                "the range has too many slots of that width; take a wider step",
            ));
        }
        Ok(Some(step))
    }
}

impl EndpointsParams {
    pub(super) fn sort(&self) -> Result<EndpointSort, ApiError> {
        let Some(text) = given(&self.sort) else { return Ok(EndpointSort::default()) };
        let named: StrDeserializer<'_, ValueError> = text.into_deserializer();
        EndpointSort::deserialize(named).map_err(|_| {
            ApiError::invalid(
                "sort",
                "sort must be requests, errors, errorRate, p50, p95, p99, totalTime or name",
            )
        })
    }
}

impl PageParams {
    pub(super) fn limit(&self) -> Result<usize, ApiError> {
        let Some(text) = given(&self.limit) else { return Ok(DEFAULT_LIMIT) };
        let limit = text.parse().ok().filter(|limit| (1..=MOST_ROWS).contains(limit));
        limit.ok_or_else(|| {
            ApiError::invalid("limit", format!("limit must be a number from 1 to {MOST_ROWS}"))
        })
    }

    pub(super) fn cursor(&self) -> Result<Option<String>, ApiError> {
        text("cursor", &self.cursor, CURSOR_BYTES)
    }
}

impl SearchParams {
    pub(super) fn consumer(&self) -> Result<Option<String>, ApiError> {
        text("consumer", &self.consumer, CONSUMER_BYTES)
    }

    pub(super) fn min_latency_ms(&self) -> Result<Option<f64>, ApiError> {
        let Some(text) = given(&self.min_latency_ms) else { return Ok(None) };
        let latency = text.parse().ok().filter(|latency: &f64| latency.is_finite() && *latency >= 0.0);
        let wrong =
            || ApiError::invalid("minLatencyMs", "minLatencyMs must be a number of milliseconds from 0");
        latency.map(Some).ok_or_else(wrong)
    }

    pub(super) fn text(&self) -> Result<Option<String>, ApiError> {
        text("q", &self.q, SEARCH_BYTES)
    }

    pub(super) fn trace_id(&self) -> Result<Option<String>, ApiError> {
        let Some(text) = given(&self.trace_id) else { return Ok(None) };
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ApiError::invalid("traceId", "traceId must be 32 hexadecimal digits"));
        }
        Ok(Some(text.to_ascii_lowercase()))
    }
}

/// What a parameter says, unless it says nothing.
pub(super) fn given(param: &Option<String>) -> Option<&str> {
    param.as_deref().filter(|text| !text.is_empty())
}

fn text(field: &str, param: &Option<String>, bytes: usize) -> Result<Option<String>, ApiError> {
    match given(param) {
        Some(text) if text.len() > bytes => {
            Err(ApiError::invalid(field, format!("{field} is longer than {bytes} bytes")))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

fn relative(text: &str, now: Timestamp) -> Result<Range, ApiError> {
    let seconds = parse_length(text).ok_or_else(|| {
        ApiError::invalid("range", "range must be a number of minutes, hours or days, such as 90m, 24h or 7d")
    })?;
    Ok(Range::last(seconds, now))
}

/// With all its changes in the range and a little around it.
fn zone(name: &str, range: Range) -> Result<Zone, ApiError> {
    Zone::named(name, range.from.as_second() - 2 * DAY, range.to.as_second() + 2 * DAY)
        .ok_or_else(|| ApiError::invalid("tz", "tz must be a time zone such as Europe/Berlin, or UTC"))
}

/// RFC 3339 or epoch milliseconds.
fn time(field: &str, text: &str) -> Result<Timestamp, ApiError> {
    let time = match text.parse::<i64>() {
        Ok(millisecond) => Timestamp::from_millisecond(millisecond).ok(),
        Err(_) => text.parse().ok(),
    };
    time.ok_or_else(|| {
        let message =
            format!("{field} must be RFC 3339, such as 2026-01-31T14:00:00Z, or epoch milliseconds");
        ApiError::invalid(field, message)
    })
}

fn method(text: &str) -> Result<Method, ApiError> {
    let known = Method::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(text));
    known.ok_or_else(|| ApiError::invalid("method", "method must be one of HTTP's nine, or OTHER"))
}

/// Inclusive bounds.
fn status(text: &str) -> Result<(u16, u16), ApiError> {
    let filter: StatusFilter =
        text.parse().map_err(|error: StatusFilterError| ApiError::invalid("status", error.to_string()))?;
    Ok(filter.bounds())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> Timestamp {
        "2026-11-23T14:00:00Z".parse().unwrap()
    }

    fn params(json: &str) -> ReportParams {
        serde_json::from_str(json).unwrap()
    }

    fn range(json: &str) -> Result<(String, String), String> {
        match params(json).query(now()) {
            Ok(query) => Ok((query.range.from.to_string(), query.range.to.to_string())),
            Err(error) => Err(error.field.unwrap()),
        }
    }

    #[test]
    fn ranges_in_all_their_forms() {
        let is = |from: &str, to: &str| Ok((from.to_owned(), to.to_owned()));
        assert_eq!(range("{}"), is("2026-11-22T14:00:00Z", "2026-11-23T14:00:00Z"));
        assert_eq!(range(r#"{"range":"","from":""}"#), is("2026-11-22T14:00:00Z", "2026-11-23T14:00:00Z"));
        assert_eq!(range(r#"{"range":"15m"}"#), is("2026-11-23T13:45:00Z", "2026-11-23T14:00:00Z"));
        assert_eq!(
            range(r#"{"from":"2026-11-20T00:00:00+01:00"}"#),
            is("2026-11-19T23:00:00Z", "2026-11-23T14:00:00Z")
        );
        assert_eq!(
            range(r#"{"to":"2026-11-20T00:00:00Z"}"#),
            is("2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z")
        );
        assert_eq!(range(r#"{"from":"0","to":"60000"}"#), is("1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z"));
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_name() {
        for (json, field) in [
            (r#"{"from":"yesterday"}"#, "from"),
            (r#"{"from":"2026-11-23"}"#, "from"),
            (r#"{"from":"99999999999999999"}"#, "from"),
            (r#"{"from":"1000-01-01T00:00:00Z"}"#, "from"),
            (r#"{"from":"2026-11-24T00:00:00Z"}"#, "to"),
            (r#"{"to":"-"}"#, "to"),
            (r#"{"range":"2w"}"#, "range"),
            (r#"{"range":"1h","to":"60000"}"#, "range"),
            (r#"{"method":"FETCH"}"#, "method"),
            (r#"{"status":"6xx"}"#, "status"),
            (r#"{"status":"099"}"#, "status"),
            (r#"{"status":"5"}"#, "status"),
            (r#"{"status":"+50"}"#, "status"),
        ] {
            assert_eq!(range(json), Err(field.to_owned()), "{json}");
        }
        let long = ReportParams { service: Some("x".repeat(129)), ..ReportParams::default() };
        assert_eq!(long.query(now()).unwrap_err().field.as_deref(), Some("service"));
    }

    #[test]
    fn filters_are_read() {
        let query = params(r#"{"service":"shop","method":"get","status":"5XX","endpoint":"/a/:id"}"#)
            .query(now())
            .unwrap();
        assert_eq!(query.service.as_deref(), Some("shop"));
        assert_eq!(query.method, Some(Method::Get));
        assert_eq!(query.status, Some((500, 599)));
        assert_eq!(query.endpoint.as_deref(), Some("/a/:id"));
        assert_eq!(params(r#"{"status":"404"}"#).query(now()).unwrap().status, Some((404, 404)));
    }

    #[test]
    fn the_only_client_need_not_be_named() {
        assert_eq!(only_client(&[ClientId(3)]), Ok(ClientId(3)));
        assert_eq!(only_client(&[ClientId(3), ClientId(4)]).unwrap_err().field.as_deref(), Some("client"));
        assert!(only_client(&[]).is_err());
    }

    #[test]
    fn steps_sorts_limits_and_trace_ids() {
        let range = Range::last(30 * DAY, now());
        let step =
            |text: &str| StepParams { step: Some(text.to_owned()) }.step(range).map_err(|error| error.field);
        assert_eq!(step("auto"), Ok(None));
        assert_eq!(step("6h"), Ok(Some(Step::Hour6)));
        for text in ["2h", "1m"] {
            assert_eq!(step(text), Err(Some("step".to_owned())), "{text}");
        }
        let sort = |text: &str| EndpointsParams { sort: Some(text.to_owned()) }.sort().ok();
        assert_eq!(sort("totalTime"), Some(EndpointSort::TotalTime));
        assert_eq!(sort(""), Some(EndpointSort::Requests));
        assert_eq!(sort("total_time"), None);
        let limit = |text: &str| PageParams { limit: Some(text.to_owned()), cursor: None }.limit().ok();
        assert_eq!(
            [limit("1"), limit("500"), limit("0"), limit("501"), limit("-1")],
            [Some(1), Some(500), None, None, None]
        );
        let trace = |text: &str| {
            SearchParams { trace_id: Some(text.to_owned()), ..SearchParams::default() }.trace_id().ok()
        };
        assert_eq!(trace(&"Ab".repeat(16)), Some(Some("ab".repeat(16))));
        assert_eq!(trace("ab"), None);
    }

    #[test]
    fn a_zone_is_found_or_refused_by_name() {
        let asked = |tz: &str| {
            let params = ReportParams { tz: Some(tz.to_owned()), ..ReportParams::default() };
            params.query(now()).map(|query| query.zone.name().to_owned()).map_err(|error| error.field)
        };
        assert_eq!(asked("asia/kolkata"), Ok("Asia/Kolkata".to_owned()));
        assert_eq!(asked(""), Ok("UTC".to_owned()));
        assert_eq!(asked("Mars/Olympus"), Err(Some("tz".to_owned())));
    }

    proptest! {
        #[test]
        fn junk_never_panics(junk: String) {
            let all = Some(junk);
            let params = ReportParams {
                client: all.clone(), range: None, from: all.clone(), to: all.clone(), service: all.clone(),
                endpoint: all.clone(), method: all.clone(), environment: all.clone(), status: all.clone(), tz: all,
            };
            let _ = params.query(now());
        }
    }
}
