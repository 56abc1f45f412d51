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
}

pub(crate) fn columns(kind: &SeriesKind) -> Columns<'_> {
    match kind {
        SeriesKind::Client => {
            Columns { kind: text(SeriesFilterKind::Client), service: "", method: "", endpoint: "" }
        }
        SeriesKind::Service { service } => {
            Columns { kind: text(SeriesFilterKind::Service), service, method: "", endpoint: "" }
        }
        SeriesKind::Endpoint { service, method, endpoint } => {
            Columns { kind: text(SeriesFilterKind::Endpoint), service, method: method.as_str(), endpoint }
        }
    }
}

pub(crate) const fn text(kind: SeriesFilterKind) -> &'static str {
    match kind {
        SeriesFilterKind::Client => "client",
        SeriesFilterKind::Service => "service",
        SeriesFilterKind::Endpoint => "endpoint",
    }
}

/// A row of `id, environment, service, method, endpoint`.
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
    };
    Ok(Series {
        id: SeriesId(row.try_get(0)?),
        key: SeriesKey { client, environment: row.try_get(1)?, kind },
    })
}
