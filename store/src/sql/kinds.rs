//! Series kinds as columns, there and back.

use crate::error::StoreError;
use crate::metrics::{Series, SeriesFilterKind, SeriesId, SeriesKey, SeriesKind};
use sqlx::{ColumnIndex, Decode, Row, Type};
use telemetry::hit::Method;
use telemetry::report::ClientId;

/// The columns of a kind; names that it does not have are empty.
pub(crate) struct Columns<'a> {
    pub(crate) kind: &'static str,
    pub(crate) service: &'a str,
    pub(crate) method: &'static str,
    pub(crate) endpoint: &'a str,
    pub(crate) consumer: &'a str,
}

pub(crate) fn columns(kind: &SeriesKind) -> Columns<'_> {
    let of = |kind| Columns { kind: text(kind), service: "", method: "", endpoint: "", consumer: "" };
    match kind {
        SeriesKind::Client => of(SeriesFilterKind::Client),
        SeriesKind::Service { service } => Columns { service, ..of(SeriesFilterKind::Service) },
        SeriesKind::Endpoint { service, method, endpoint } => {
            Columns { service, method: method.as_str(), endpoint, ..of(SeriesFilterKind::Endpoint) }
        }
        SeriesKind::Consumer { service, consumer } => {
            Columns { service, consumer, ..of(SeriesFilterKind::Consumer) }
        }
    }
}

pub(crate) const fn text(kind: SeriesFilterKind) -> &'static str {
    match kind {
        SeriesFilterKind::Client => "client",
        SeriesFilterKind::Service => "service",
        SeriesFilterKind::Endpoint => "endpoint",
        SeriesFilterKind::Consumer => "consumer",
    }
}

/// A row of `id, environment, service, method, endpoint, consumer`.
pub(crate) fn series<'r, R: Row>(
    client: ClientId,
    kind: SeriesFilterKind,
    row: &'r R,
) -> Result<Series, StoreError>
where
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    let kind = match kind {
        SeriesFilterKind::Client => SeriesKind::Client,
        SeriesFilterKind::Service => SeriesKind::Service { service: row.try_get(2)? },
        SeriesFilterKind::Endpoint => SeriesKind::Endpoint {
            service: row.try_get(2)?,
            method: Method::parse(&row.try_get::<String, _>(3)?),
            endpoint: row.try_get(4)?,
        },
        SeriesFilterKind::Consumer => {
            SeriesKind::Consumer { service: row.try_get(2)?, consumer: row.try_get(5)? }
        }
    };
    Ok(Series {
        id: SeriesId(row.try_get(0)?),
        key: SeriesKey { client, environment: row.try_get(1)?, kind },
    })
}
