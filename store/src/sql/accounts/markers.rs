//! What was deployed, or happened otherwise, when.

use super::dialect::{Connections, begin, readers};
use super::milliseconds;
use crate::access::ClientScope;
use crate::accounts::{MARKERS_KEPT, NewMarker};
use crate::error::StoreError;
use sqlx::Row as _;
use telemetry::report::Marker;
use telemetry::time::{Range, from_millisecond};

pub(super) async fn add(
    connections: &Connections,
    scope: &ClientScope,
    marker: &NewMarker,
) -> Result<Marker, StoreError> {
    let at = milliseconds(marker.at);
    let mut transaction = begin(connections).await?;
    let id: i64 = sqlx::query_scalar(include_str!("queries/markers/insert.sql"))
        .bind(scope.client().0)
        .bind(at)
        .bind(marker.service.as_deref().unwrap_or_default())
        .bind(&marker.title)
        .bind(&marker.url)
        .fetch_one(&mut *transaction)
        .await?;
    sqlx::query(include_str!("queries/markers/keep_newest.sql"))
        .bind(scope.client().0)
        .bind(MARKERS_KEPT)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    let NewMarker { title, service, url, .. } = marker.clone();
    Ok(Marker { id, at: from_millisecond(at), title, service, url })
}

pub(super) async fn list(
    connections: &Connections,
    scope: &ClientScope,
    range: Range,
    service: Option<&str>,
    limit: u32,
) -> Result<Vec<Marker>, StoreError> {
    let rows = sqlx::query(include_str!("queries/markers/list.sql"))
        .bind(scope.client().0)
        .bind(milliseconds(range.from))
        .bind(milliseconds(range.to))
        .bind(service.unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(readers(connections).await?)
        .await?;
    rows.iter()
        .map(|row| {
            let service: String = row.try_get("service")?;
            Ok(Marker {
                id: row.try_get("id")?,
                at: from_millisecond(row.try_get("at")?),
                title: row.try_get("title")?,
                service: Some(service).filter(|service| !service.is_empty()),
                url: row.try_get("url")?,
            })
        })
        .collect()
}
