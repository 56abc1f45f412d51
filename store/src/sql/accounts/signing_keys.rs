//! The keys that sessions are signed with: one signs, those before it are believed until what they signed has ended.

use super::dialect::{Connections, Row, begin, take_turn};
use super::{audit, milliseconds};
use crate::access::InstanceScope;
use crate::accounts::SigningKey;
use crate::error::StoreError;
use jiff::Timestamp;
use sqlx::Row as _;
use telemetry::report::accounts::SigningKeyInfo;
use telemetry::time::from_millisecond;

/// The turn of those who may make one: exactly one signs.
const TURN: &str = "signing keys";

pub(super) async fn list(
    connections: &Connections,
    fresh: [u8; 32],
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<SigningKey>, StoreError> {
    let mut transaction = begin(connections).await?;
    let read = async |transaction: &mut super::dialect::Connection| {
        sqlx::query(include_str!("queries/signing_keys/good.sql"))
            .bind(milliseconds(since))
            .fetch_all(transaction)
            .await
    };
    let mut rows = read(&mut transaction).await?;
    if rows.is_empty() {
        take_turn(&mut transaction, TURN).await?;
        sqlx::query(include_str!("queries/signing_keys/insert_first.sql"))
            .bind(&fresh[..])
            .bind(milliseconds(now))
            .execute(&mut *transaction)
            .await?;
        rows = read(&mut transaction).await?;
    }
    let keys = rows.iter().map(key).collect::<Result<_, _>>()?;
    transaction.commit().await?;
    Ok(keys)
}

pub(super) async fn rotate(
    connections: &Connections,
    scope: &InstanceScope,
    fresh: [u8; 32],
    now: Timestamp,
) -> Result<SigningKeyInfo, StoreError> {
    let mut transaction = begin(connections).await?;
    take_turn(&mut transaction, TURN).await?;
    sqlx::query("UPDATE signing_keys SET retired_at = $1 WHERE retired_at IS NULL")
        .bind(milliseconds(now))
        .execute(&mut *transaction)
        .await?;
    let id: i64 =
        sqlx::query_scalar("INSERT INTO signing_keys (secret, created_at) VALUES ($1, $2) RETURNING id")
            .bind(&fresh[..])
            .bind(milliseconds(now))
            .fetch_one(&mut *transaction)
            .await?;
    let target = format!("key {id}");
    audit::write(&mut transaction, scope.author(), None, "signing-key.rotated", &target).await?;
    transaction.commit().await?;
    Ok(SigningKeyInfo { id, created_at: from_millisecond(milliseconds(now)), retired_at: None })
}

fn key(row: &Row) -> Result<SigningKey, StoreError> {
    let secret: Vec<u8> = row.try_get("secret")?;
    let retired_at: Option<i64> = row.try_get("retired_at")?;
    Ok(SigningKey {
        info: SigningKeyInfo {
            id: row.try_get("id")?,
            created_at: from_millisecond(row.try_get("created_at")?),
            retired_at: retired_at.map(from_millisecond),
        },
        secret: secret
            .try_into()
            .map_err(|_| StoreError::Damaged("a signing key has not 32 bytes".to_owned()))?,
    })
}
