//! Rollups of a client written anew.
//!
//! The rule: it is the writing transaction from its beginning to its end, so nobody else writes to the file meanwhile.

use super::complete::write;
use super::series::resolve;
use crate::access::ClientScope;
use crate::error::StoreError;
use crate::metrics::{Aggregate, Rebuild, RollupKey, SeriesId, SeriesKey};
use crate::sql::Resolved;
use crate::sqlite::SqliteDatabase;
use async_trait::async_trait;
use sqlx::{Sqlite, Transaction};
use std::collections::{BTreeMap, HashSet};
use telemetry::report::ClientId;
use telemetry::time::Span;

pub(super) struct Rebuilding {
    database: SqliteDatabase,
    client: ClientId,
    transaction: Transaction<'static, Sqlite>,
    resolved: Vec<Resolved>,
}

pub(super) async fn begin(database: &SqliteDatabase, scope: &ClientScope) -> Result<Rebuilding, StoreError> {
    let transaction = database.connections.write().await?;
    Ok(Rebuilding { database: database.clone(), client: scope.client(), transaction, resolved: Vec::new() })
}

#[async_trait]
impl Rebuild for Rebuilding {
    async fn open_batches(&mut self) -> Result<HashSet<String>, StoreError> {
        let batches: Vec<String> =
            sqlx::query_scalar("SELECT batch FROM inbox WHERE client = ? AND done = 0")
                .bind(self.client.0)
                .fetch_all(&mut *self.transaction)
                .await?;
        Ok(batches.into_iter().collect())
    }

    async fn resolve(&mut self, keys: &[SeriesKey]) -> Result<Vec<SeriesId>, StoreError> {
        let SqliteDatabase { caps, series, .. } = &self.database;
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
        for span in spans {
            sqlx::query(include_str!("../queries/rollups/delete.sql"))
                .bind(self.client.0)
                .bind(span.resolution.seconds())
                .bind(span.start)
                .bind(span.end)
                .execute(&mut *self.transaction)
                .await?;
        }
        let rows: Vec<(&RollupKey, &Aggregate)> = rows.iter().filter(|(_, row)| row.count > 0).collect();
        write(&mut self.transaction, &rows).await
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.transaction.commit().await?;
        for resolved in self.resolved {
            resolved.committed(&self.database.series);
        }
        Ok(())
    }
}
