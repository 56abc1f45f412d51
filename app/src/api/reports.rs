//! The reports of the dashboard, each with the time at which it was made.

use super::asking::Asking;
use crate::clock::Clock;
use crate::compare::Against;
use crate::filter::Filter;
use crate::place::Place;
use crate::problem::Problem;
use crate::range::Span;
#[cfg(feature = "ssr")]
use jiff::Timestamp;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use telemetry::report::{
    Changes, ClientId, Consumers, EndpointSort, Endpoints, Failures, Latencies, Markers, Overview,
    RequestRow, Services, StatusCodes, Timeseries,
};
#[cfg(feature = "ssr")]
use telemetry::time::{Range, Step, from_second};

/// What a report is to be about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// `None`: the first client that the caller may see.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client: Option<ClientId>,
    pub span: Span,
    /// `None`: the zone that the caller has chosen.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub zone: Option<String>,
    #[serde(skip_serializing_if = "Filter::is_empty", default)]
    pub filter: Filter,
}

impl Asked {
    /// What a page asks where it stands.
    pub(crate) fn of(place: &Place) -> Self {
        let Place { client, span, zone, filter, .. } = place;
        Self { client: *client, span: *span, zone: zone.clone(), filter: filter.clone() }
    }

    /// What there is to choose from stays when a status is chosen.
    pub(crate) fn without_status(self) -> Self {
        Self { filter: Filter { status: None, ..self.filter }, ..self }
    }
}

/// A report, and the time at which it was made in the zone of whoever asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamped<T> {
    pub clock: Clock,
    pub report: T,
}

/// The overview, and what helps where it is empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Glance {
    pub overview: Overview,
    /// The newest hit of the client; looked up only where the range has none.
    pub latest: Option<RequestRow>,
}

/// Totals of the range and of the period before.
#[server(name = GetOverview, prefix = "/api/fn", endpoint = "overview", protocol = Asking)]
pub async fn overview(asked: Asked) -> Result<Stamped<Glance>, Problem> {
    authorised::answer(asked, async |ask: authorised::Ask| {
        let overview =
            store::analytics::overview(&*ask.stores.metrics, &ask.scope, &ask.query, ask.now).await?;
        let latest = match overview.totals.requests {
            0 => authorised::latest(&ask.stores, &ask.scope, ask.now).await?,
            _ => None,
        };
        Ok(Glance { overview, latest })
    })
    .await
}

/// The range in slots.
#[server(name = GetTimeseries, prefix = "/api/fn", endpoint = "timeseries", protocol = Asking)]
pub async fn timeseries(asked: Asked) -> Result<Stamped<Timeseries>, Problem> {
    authorised::answer(asked, async |ask: authorised::Ask| {
        store::analytics::timeseries(&*ask.stores.metrics, &ask.scope, &ask.query, None, ask.now).await
    })
    .await
}

/// The range that a page is compared with, in slots as wide as the page's, or as near to that as can still be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// What it is.
    pub against: Against,
    /// How many seconds before the page's range it lies.
    pub back: i64,
    pub series: Timeseries,
}

/// What a page is compared with; `None` where that is nothing.
#[server(name = GetCompared, prefix = "/api/fn", endpoint = "compared", protocol = Asking)]
pub async fn compared(asked: Asked, against: Option<Against>) -> Result<Stamped<Option<Compared>>, Problem> {
    let filter = match &against {
        Some(against) => against.filter(asked.filter),
        None => asked.filter,
    };
    let asked = Asked { filter, ..asked };
    authorised::answer(asked, async move |mut ask: authorised::Ask| {
        let Some(against) = against else { return Ok(None) };
        let range = ask.query.range;
        let (back, step) = (against.back(range), Step::auto(range, ask.now));
        let earlier = |time: Timestamp| from_second(time.as_second().saturating_sub(back));
        ask.query.range = Range { from: earlier(range.from), to: earlier(range.to) };
        let series =
            store::analytics::timeseries(&*ask.stores.metrics, &ask.scope, &ask.query, Some(step), ask.now)
                .await?;
        Ok(Some(Compared { against, back, series }))
    })
    .await
}

/// The first `limit` endpoints in an order.
#[server(name = GetEndpoints, prefix = "/api/fn", endpoint = "endpoints", protocol = Asking)]
pub async fn endpoints(
    asked: Asked,
    sort: EndpointSort,
    limit: usize,
) -> Result<Stamped<Endpoints>, Problem> {
    let limit = limit.clamp(1, 500);
    authorised::answer(asked, async move |ask: authorised::Ask| {
        store::analytics::endpoints(&*ask.stores.metrics, &ask.scope, &ask.query, sort, limit, None, ask.now)
            .await
    })
    .await
}

/// All services with their health, worst first.
#[server(name = GetServices, prefix = "/api/fn", endpoint = "services", protocol = Asking)]
pub async fn services(asked: Asked) -> Result<Stamped<Services>, Problem> {
    authorised::answer(asked, async |ask: authorised::Ask| {
        store::analytics::services(&*ask.stores.metrics, &ask.scope, &ask.query, ask.now).await
    })
    .await
}

/// All status codes, most frequent first.
#[server(name = GetStatusCodes, prefix = "/api/fn", endpoint = "status-codes", protocol = Asking)]
pub async fn status_codes(asked: Asked) -> Result<Stamped<StatusCodes>, Problem> {
    authorised::answer(asked, async |ask: authorised::Ask| {
        store::analytics::status_codes(&*ask.stores.metrics, &ask.scope, &ask.query, ask.now).await
    })
    .await
}

/// What a rise of errors or of slow requests comes from.
#[server(name = GetChanges, prefix = "/api/fn", endpoint = "changes", protocol = Asking)]
pub async fn changes(asked: Asked) -> Result<Stamped<Changes>, Problem> {
    authorised::answer(asked, async |ask: authorised::Ask| {
        store::analytics::changes(&*ask.stores.metrics, &ask.scope, &ask.query, ask.now).await
    })
    .await
}

/// How latencies are spread.
#[server(name = GetLatencies, prefix = "/api/fn", endpoint = "latencies", protocol = Asking)]
pub async fn latencies(asked: Asked) -> Result<Stamped<Latencies>, Problem> {
    authorised::answer(asked, async |ask: authorised::Ask| {
        store::analytics::latencies(&*ask.stores.metrics, &ask.scope, &ask.query, ask.now).await
    })
    .await
}

/// The newest failed requests, grouped by what went wrong.
#[server(name = GetFailures, prefix = "/api/fn", endpoint = "failures", protocol = Asking)]
pub async fn failures(asked: Asked) -> Result<Stamped<Failures>, Problem> {
    authorised::answer(asked, async |ask: authorised::Ask| {
        store::analytics::failures(&*ask.stores.events, &ask.scope, &ask.query).await
    })
    .await
}

/// Who called, most requests first.
#[server(name = GetConsumers, prefix = "/api/fn", endpoint = "consumers", protocol = Asking)]
pub async fn consumers(asked: Asked) -> Result<Stamped<Consumers>, Problem> {
    authorised::answer(asked, async |ask: authorised::Ask| {
        let (metrics, events) = (&*ask.stores.metrics, &*ask.stores.events);
        store::analytics::consumers(metrics, events, &ask.scope, &ask.query, ask.now).await
    })
    .await
}

/// What was deployed when; of the filters only the service counts.
#[server(name = GetMarkers, prefix = "/api/fn", endpoint = "markers", protocol = Asking)]
pub async fn markers(asked: Asked) -> Result<Stamped<Markers>, Problem> {
    authorised::answer(asked, async |ask: authorised::Ask| {
        store::analytics::markers(&*ask.stores.accounts, &ask.scope, &ask.query, ask.now).await
    })
    .await
}

#[cfg(feature = "ssr")]
pub(super) mod authorised {
    use super::{Asked, Stamped};
    use crate::problem::Problem;
    use crate::ssr;
    use jiff::Timestamp;
    use std::time::Duration;
    use store::access::{ClientScope, Permission, authorise};
    use store::analytics::AnalyticsQuery;
    use store::events::EventFilter;
    use store::{Failure, Stores};
    use telemetry::error::ApiError;
    use telemetry::report::{ClientId, RequestRow, StatusFilter, User};
    use telemetry::time::{DAY, Range, from_second};

    /// A question that may be asked.
    pub(crate) struct Ask {
        pub(crate) stores: Stores,
        pub(crate) scope: ClientScope,
        pub(crate) query: AnalyticsQuery,
        pub(crate) now: Timestamp,
    }

    /// Finds out whether the caller may ask, and lets `report` answer.
    pub(crate) async fn answer<T>(
        asked: Asked,
        report: impl AsyncFnOnce(Ask) -> Result<T, Failure>,
    ) -> Result<Stamped<T>, Problem> {
        ssr::telling_status(async {
            let (stores, now) = (ssr::stores()?, ssr::now()?);
            let scope = scope(&stores, &ssr::caller()?, asked.client).await?;
            let range = asked.span.resolve(now);
            let clock = ssr::clock(now, asked.zone.as_deref(), Some(range));
            let query = AnalyticsQuery {
                range,
                service: asked.filter.service,
                endpoint: asked.filter.endpoint,
                method: asked.filter.method,
                environment: asked.filter.environment,
                status: asked.filter.status.map(StatusFilter::bounds),
                zone: clock.zone().clone(),
            };
            let report = report(Ask { stores, scope, query, now }).await?;
            Ok(Stamped { clock, report })
        })
        .await
    }

    /// The client asked for, or the first that the user may see.
    pub(crate) async fn scope(
        stores: &Stores,
        user: &User,
        client: Option<ClientId>,
    ) -> Result<ClientScope, Problem> {
        let client = match client {
            Some(client) => client,
            None => {
                let clients = stores.accounts.clients_of(user).await?;
                clients.first().map(|client| client.id).ok_or_else(|| ApiError::not_found("client"))?
            }
        };
        Ok(authorise(&*stores.accounts, user, client, Permission::View).await?)
    }

    /// The newest hit of a client, if its raw events still have one.
    pub(crate) async fn latest(
        stores: &Stores,
        scope: &ClientScope,
        now: Timestamp,
    ) -> Result<Option<RequestRow>, Failure> {
        // hits may be a few minutes ahead of our clock
        let range = Range { from: from_second(0), to: from_second(now.as_second() + DAY) };
        let budget = Duration::from_millis(200);
        let page = stores.events.page(scope, range, &EventFilter::default(), None, 1, budget).await?;
        Ok(page.rows.into_iter().next())
    }
}
