//! What servers have noted of calls.

use super::dialect::{Connections, begin, readers};
use crate::access::ClientScope;
use crate::accounts::{CallNotes, RefusedCalls};
use crate::error::StoreError;
use crate::sql::aggregates::{signed, unsigned};
use sqlx::Row as _;
use std::collections::BTreeMap;

pub(super) async fn note(connections: &Connections, notes: &CallNotes) -> Result<(), StoreError> {
    // Each row once, and in key order: two servers never wait in a circle.
    let mut refused = BTreeMap::new();
    for RefusedCalls { client, day, status, calls } in &notes.refused {
        *refused.entry((client.0, *day, *status)).or_insert(0) += calls;
    }
    let mut uses = BTreeMap::new();
    for used in &notes.uses {
        *uses.entry((used.client.0, used.key, used.day)).or_insert(0) += used.accepted;
    }
    let mut transaction = begin(connections).await?;
    for ((client, day, status), calls) in refused {
        sqlx::query(include_str!("queries/calls/add_refused.sql"))
            .bind(client)
            .bind(day)
            .bind(i64::from(status))
            .bind(signed(calls))
            .execute(&mut *transaction)
            .await?;
    }
    for ((client, key, day), accepted) in uses {
        sqlx::query(include_str!("queries/calls/add_use.sql"))
            .bind(client)
            .bind(key)
            .bind(day)
            .bind(signed(accepted))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn refused(
    connections: &Connections,
    scope: &ClientScope,
    from: i64,
    to: i64,
) -> Result<Vec<RefusedCalls>, StoreError> {
    let rows = sqlx::query(include_str!("queries/calls/refused.sql"))
        .bind(scope.client().0)
        .bind(from)
        .bind(to)
        .fetch_all(readers(connections).await?)
        .await?;
    let read = |row| {
        let status: i64 = sqlx::Row::try_get(row, "status")?;
        let damaged = |_| StoreError::Damaged(format!("calls were refused with the status {status}"));
        Ok(RefusedCalls {
            client: scope.client(),
            day: sqlx::Row::try_get(row, "day")?,
            status: u16::try_from(status).map_err(damaged)?,
            calls: unsigned(sqlx::Row::try_get(row, "calls")?)?,
        })
    };
    rows.iter().map(read).collect()
}

/// By day.
pub(super) async fn uses(
    connections: &Connections,
    scope: &ClientScope,
    key: i64,
    from: i64,
    to: i64,
) -> Result<BTreeMap<i64, u64>, StoreError> {
    let rows = sqlx::query(include_str!("queries/calls/use.sql"))
        .bind(scope.client().0)
        .bind(key)
        .bind(from)
        .bind(to)
        .fetch_all(readers(connections).await?)
        .await?;
    rows.iter().map(|row| Ok((row.try_get("day")?, unsigned(row.try_get("accepted")?)?))).collect()
}
