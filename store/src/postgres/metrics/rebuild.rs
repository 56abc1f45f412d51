//! Rollups of a client written anew.
//!
//! The rule: one transaction that holds the client's advisory lock alone, while claims and completions share it; so
//! whatever is claimed and not done when it begins still is when it ends.

use super::advisory_locks;
use super::complete::insert;
use super::read::bind_spans;
use super::rows::Statement;
use super::series::resolve;
use crate::access::ClientScope;
use crate::error::StoreError;
use crate::metrics::{Aggregate, Rebuild, RollupKey, SeriesId, SeriesKey};
use crate::postgres::PostgresDatabase;
use crate::sql::Resolved;
use async_trait::async_trait;
use sqlx::{Postgres, Transaction};
use std::collections::{BTreeMap, HashSet};
use telemetry::report::ClientId;
use telemetry::time::Span;

/// How long the rebuilding process may be busy between two statements, and each statement take.
const PATIENCE: &str =
    "SET LOCAL idle_in_transaction_session_timeout = '10min'; SET LOCAL statement_timeout = '10min'";

/// Rows in one statement.
const PORTION: usize = 2_000;

pub(super) struct Rebuilding {
    database: PostgresDatabase,
    client: ClientId,
    transaction: Transaction<'static, Postgres>,
    resolved: Vec<Resolved>,
}

pub(super) async fn begin(
    database: &PostgresDatabase,
    scope: &ClientScope,
) -> Result<Rebuilding, StoreError> {
    let mut transaction = database.connections.begin().await?;
    for key in advisory_locks([scope.client()]) {
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(key).execute(&mut *transaction).await?;
    }
    sqlx::raw_sql(PATIENCE).execute(&mut *transaction).await?;
    Ok(Rebuilding { database: database.clone(), client: scope.client(), transaction, resolved: Vec::new() })
}

#[async_trait]
impl Rebuild for Rebuilding {
    async fn open_batches(&mut self) -> Result<HashSet<String>, StoreError> {
        let batches: Vec<String> = sqlx::query_scalar(include_str!("../queries/inbox/open.sql"))
            .bind(self.client.0)
            .fetch_all(&mut *self.transaction)
            .await?;
        Ok(batches.into_iter().collect())
    }

    async fn resolve(&mut self, keys: &[SeriesKey]) -> Result<Vec<SeriesId>, StoreError> {
        let PostgresDatabase { caps, series, .. } = &self.database;
        let resolved = resolve(&mut self.transaction, caps, series, keys.iter().collect()).await?;
        let numbers = resolved.of(keys)?;
        self.resolved.push(resolved);
        Ok(numbers)
    }

    async fn replace(
        &mut self,
        spans: &[Span],
        rows: &BTreeMap<RollupKey, Aggregate>,
    ) -> Result<(), StoreError> {
        let delete: Statement = sqlx::query(include_str!("../queries/rollups/delete.sql"));
        bind_spans(delete.bind(self.client.0), spans).execute(&mut *self.transaction).await?;
        let rows: Vec<(&RollupKey, &Aggregate)> = rows.iter().filter(|(_, row)| row.count > 0).collect();
        for rows in rows.chunks(PORTION) {
            let inserted = insert(&mut self.transaction, rows.iter().copied()).await?;
            if inserted.len() < rows.len() {
                return Err(StoreError::Refused("rollup rows that lie outside the spans to replace".into()));
            }
        }
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.transaction.commit().await?;
        for resolved in self.resolved {
            resolved.committed(&self.database.series);
        }
        Ok(())
    }
}
