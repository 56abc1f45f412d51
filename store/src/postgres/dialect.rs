//! What the accounts (`sql/accounts`) call by the same names in every SQL backend.

pub(super) use super::connections::Connections;
pub(super) use super::database::PostgresDatabase as Store;
pub(super) use sqlx::Postgres as Database;
pub(super) use sqlx::postgres::{PgConnection as Connection, PgRow as Row};

use crate::error::StoreError;
use sqlx::{PgPool, Transaction};

/// The first number of every turn's advisory lock: "send" in ASCII. The second is made of the turn's name.
const TURNS: i32 = 0x7365_6e64;

/// Runs a whole call under a time-out.
pub(super) async fn bounded<T>(
    connections: &Connections,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    connections.bounded(call).await
}

/// Begins a transaction that may write. Others may commit between any two of its statements.
pub(super) async fn begin(connections: &Connections) -> Result<Transaction<'static, Database>, StoreError> {
    connections.begin().await
}

/// Where single reading statements go.
pub(super) async fn readers(connections: &Connections) -> Result<&PgPool, StoreError> {
    connections.pool().await
}

/// Waits until no other transaction, of whatever process, is in the turn of this name; the turn ends with the
/// transaction. Whoever asks holds no row yet, so that nobody waits in a circle.
pub(super) async fn take_turn(connection: &mut Connection, turn: &'static str) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock($1, hashtext($2))")
        .bind(TURNS)
        .bind(turn)
        .execute(connection)
        .await?;
    Ok(())
}
