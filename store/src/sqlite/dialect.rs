//! What the accounts (`sql/accounts`) call by the same names in every SQL backend.

pub(super) use super::connections::Connections;
pub(super) use super::database::SqliteDatabase as Store;
pub(super) use sqlx::Sqlite as Database;
pub(super) use sqlx::sqlite::{SqliteConnection as Connection, SqliteRow as Row};

use crate::error::StoreError;
use sqlx::{SqlitePool, Transaction};

/// Runs a whole call under a time-out. Here each of its waits has one already.
pub(super) async fn bounded<T>(
    _: &Connections,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    call.await
}

/// Begins a transaction that may write.
pub(super) async fn begin(connections: &Connections) -> Result<Transaction<'static, Database>, StoreError> {
    connections.write().await
}

/// Where single reading statements go.
pub(super) async fn readers(connections: &Connections) -> Result<&SqlitePool, StoreError> {
    Ok(connections.readers())
}

/// Waits until no other transaction, of whatever process, is in the turn of this name; the turn ends with the
/// transaction. In SQLite only one transaction writes at a time, and whoever asks has begun to write.
pub(super) async fn take_turn(_: &mut Connection, _turn: &'static str) -> Result<(), StoreError> {
    Ok(())
}
