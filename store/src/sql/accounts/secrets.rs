//! The instance's own secrets.

use super::dialect::{Connections, begin};
use crate::error::StoreError;

pub(super) async fn get_or_insert(
    connections: &Connections,
    name: &str,
    fresh: [u8; 32],
) -> Result<[u8; 32], StoreError> {
    let mut transaction = begin(connections).await?;
    sqlx::query(include_str!("queries/secrets/insert.sql"))
        .bind(name)
        .bind(&fresh[..])
        .execute(&mut *transaction)
        .await?;
    let secret: Vec<u8> = sqlx::query_scalar("SELECT secret FROM instance_secrets WHERE name = $1")
        .bind(name)
        .fetch_one(&mut *transaction)
        .await?;
    transaction.commit().await?;
    secret.try_into().map_err(|_| StoreError::Damaged(format!("the secret {name:?} has not 32 bytes")))
}
