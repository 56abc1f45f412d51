//! What the server gives to pages and server functions, by Leptos' context.
//!
//! Besides these it provides [`store::Stores`]; `http::request::Parts` comes from leptos_axum. All of them are
//! absent while the routes are being listed, so nothing may demand them outside a request.

use crate::clock::Clock;
use crate::problem::Problem;
use async_trait::async_trait;
use axum::http::StatusCode;
use axum::http::request::Parts;
use jiff::Timestamp;
use leptos::prelude::use_context;
use std::sync::Arc;
use store::{Failure, Stores};
use telemetry::error::ApiError;
use telemetry::report::User;
use telemetry::report::ops::{DeadLetterDetail, DeadLetters, Flow, Pipeline};
use telemetry::time::{DAY, Range};
use telemetry::zone::Zone;

/// Who is signed in, as the session middleware found out.
#[derive(Debug, Clone, Default)]
pub struct Caller(pub Option<User>);

/// The id of their session, where somebody is.
#[derive(Debug, Clone, Default)]
pub struct SessionId(pub Option<String>);

/// The server's clock.
#[derive(Clone)]
pub struct Now(pub Arc<dyn Fn() -> Timestamp + Send + Sync>);

/// What pages say about this installation.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// Where applications reach this server, without a slash at the end: `https://sendry.example.com`.
    pub public_url: String,
    /// Whether the first account needs the set-up token that the server printed at start.
    pub setup_token: bool,
}

/// What the server tells of itself. Whether the user may know is decided there.
#[async_trait]
pub trait Operations: Send + Sync {
    /// Whether hits come through.
    async fn flow(&self) -> Flow;
    async fn pipeline(&self, user: &User) -> Result<Pipeline, Failure>;
    async fn dead_letters(&self, user: &User, skip: usize, limit: usize) -> Result<DeadLetters, Failure>;
    /// One dead letter, by its message id.
    async fn dead_letter(&self, user: &User, id: &str) -> Result<DeadLetterDetail, Failure>;
}

/// See [`Operations`].
#[derive(Clone)]
pub struct Ops(pub Arc<dyn Operations>);

/// The signed-in user, or a 401.
pub(crate) fn caller() -> Result<User, Problem> {
    use_context::<Caller>()
        .and_then(|caller| caller.0)
        .ok_or_else(|| ApiError::unauthorized("your session has ended; sign in again").into())
}

pub(crate) fn session_id() -> Option<String> {
    use_context::<SessionId>().and_then(|id| id.0)
}

pub(crate) fn stores() -> Result<Stores, Problem> {
    use_context::<Stores>().ok_or_else(|| not_provided("store::Stores"))
}

pub(crate) fn now() -> Result<Timestamp, Problem> {
    use_context::<Now>().map(|clock| (clock.0)()).ok_or_else(|| not_provided("app::ssr::Now"))
}

/// Times as whoever asks wants them told: in the zone they name, else in the one they have chosen, else in UTC. The zone
/// holds for `range` and for a year around now.
pub(crate) fn clock(now: Timestamp, zone: Option<&str>, range: Option<Range>) -> Clock {
    const YEAR: i64 = 366 * DAY;
    let second = now.as_second();
    // twice as far back as the range: that is what it is compared with
    let from = range.map_or(second, |range| range.from.as_second() - range.seconds() - 8 * DAY);
    let (from, to) = (from.min(second - YEAR), second + YEAR);
    let named = |name: &str| Zone::named(name, from, to);
    let zone = zone.and_then(named).or_else(|| named(&crate::zone::rendered()));
    Clock::new(now, zone.unwrap_or_default())
}

pub(crate) fn ops() -> Result<Arc<dyn Operations>, Problem> {
    use_context::<Ops>().map(|ops| ops.0).ok_or_else(|| not_provided("app::ssr::Ops"))
}

pub(crate) fn site() -> Result<Site, Problem> {
    use_context::<Site>().ok_or_else(|| not_provided("app::ssr::Site"))
}

/// Runs a server function's work; where a browser called it, the reply's status says what the error says. While a
/// page is being rendered the page's status stays: one card that fails does not make the page fail.
pub(crate) async fn telling_status<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let answer = work.await;
    if let Err(problem) = &answer {
        let called = use_context::<Parts>().is_some_and(|parts| parts.uri.path().starts_with("/api/"));
        if let (true, Some(reply)) = (called, use_context::<leptos_axum::ResponseOptions>()) {
            reply.set_status(
                StatusCode::from_u16(problem.error.code.status())
                    .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            );
        }
    }
    answer
}

fn not_provided(what: &str) -> Problem {
    tracing::error!(what, "the server did not provide a context that pages need");
    ApiError::internal().into()
}

/// What the reader may know of a failure; what they may not goes into the log.
impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error.into(),
            Failure::Store(error) => error.into(),
        }
    }
}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Self {
        let retryable = error.is_retryable();
        tracing::error!(error = &error as &dyn std::error::Error, retryable, "a report could not be read");
        if retryable {
            ApiError::unavailable("the database does not answer; trying again").into()
        } else {
            ApiError::internal().into()
        }
    }
}
