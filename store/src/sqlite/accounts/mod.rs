//! Accounts in SQLite: one file per noun.
//!
//! The rule: what must happen to one caller only (the first user, a token's replacement, a taken name) is decided in
//! one statement or one writing transaction.

mod clients;
mod keys;
mod sessions;
mod users;

use super::SqliteDatabase;
use crate::access::{ClientScope, Role};
use crate::accounts::{
    AccountStore, ClientMembership, IngestKey, NewKeyRecord, NewUser, Rotation, Session, UserRecord,
};
use crate::error::StoreError;
use async_trait::async_trait;
use jiff::Timestamp;
use telemetry::report::{Client, ClientId, KeyInfo, User};

/// As times are stored.
fn milliseconds(time: Timestamp) -> i64 {
    time.as_millisecond()
}

#[async_trait]
impl AccountStore for SqliteDatabase {
    async fn create_first_user(&self, user: &NewUser, now: Timestamp) -> Result<Option<User>, StoreError> {
        users::create_first(&self.connections, user, now).await
    }

    async fn create_user(&self, user: &NewUser, now: Timestamp) -> Result<User, StoreError> {
        users::create(&self.connections, user, now).await
    }

    async fn any_user(&self) -> Result<bool, StoreError> {
        users::any(&self.connections).await
    }

    async fn user_by_login(&self, login: &str) -> Result<Option<UserRecord>, StoreError> {
        users::by_login(&self.connections, login).await
    }

    async fn user(&self, id: i64) -> Result<Option<UserRecord>, StoreError> {
        users::by_id(&self.connections, id).await
    }

    async fn create_session(&self, session: &Session, refresh_digest: [u8; 32]) -> Result<(), StoreError> {
        sessions::create(&self.connections, session, refresh_digest).await
    }

    async fn session(&self, id: &str, now: Timestamp) -> Result<Option<Session>, StoreError> {
        sessions::get(&self.connections, id, now).await
    }

    async fn session_by_refresh(
        &self,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        sessions::by_refresh(&self.connections, digest, now).await
    }

    async fn rotate_session(
        &self,
        digest: [u8; 32],
        successor: [u8; 32],
        now: Timestamp,
        grace_seconds: i64,
    ) -> Result<Rotation, StoreError> {
        sessions::rotate(&self.connections, digest, successor, now, grace_seconds).await
    }

    async fn end_session(&self, id: &str) -> Result<(), StoreError> {
        sessions::end_by_id(&self.connections, id).await
    }

    async fn create_client(&self, name: &str, now: Timestamp) -> Result<Client, StoreError> {
        clients::create(&self.connections, name, now).await
    }

    async fn all_clients(&self) -> Result<Vec<(Client, u32)>, StoreError> {
        clients::all(&self.connections).await
    }

    async fn clients_of(&self, user: &User) -> Result<Vec<Client>, StoreError> {
        clients::of_user(&self.connections, user).await
    }

    async fn client(&self, scope: &ClientScope) -> Result<Client, StoreError> {
        clients::get(&self.connections, scope).await
    }

    async fn role_in(&self, user: i64, client: ClientId) -> Result<ClientMembership, StoreError> {
        clients::role_in(&self.connections, user, client).await
    }

    async fn set_member(&self, scope: &ClientScope, user: i64, role: Role) -> Result<(), StoreError> {
        clients::set_member(&self.connections, scope, user, role).await
    }

    async fn create_key(
        &self,
        scope: &ClientScope,
        key: &NewKeyRecord,
        now: Timestamp,
    ) -> Result<KeyInfo, StoreError> {
        keys::create(&self.connections, scope, key, now).await
    }

    async fn keys(&self, scope: &ClientScope) -> Result<Vec<KeyInfo>, StoreError> {
        keys::list(&self.connections, scope).await
    }

    async fn revoke_key(&self, scope: &ClientScope, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        keys::revoke(&self.connections, scope, id, now).await
    }

    async fn ingest_key(&self, digest: [u8; 32]) -> Result<Option<IngestKey>, StoreError> {
        keys::for_ingest(&self.connections, digest).await
    }

    async fn touch_keys(&self, used: &[(i64, Timestamp)]) -> Result<(), StoreError> {
        keys::touch(&self.connections, used).await
    }

    async fn instance_secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], StoreError> {
        let mut transaction = self.connections.write().await?;
        sqlx::query(include_str!("../queries/secrets/insert.sql"))
            .bind(name)
            .bind(&fresh[..])
            .execute(&mut *transaction)
            .await?;
        let secret: Vec<u8> = sqlx::query_scalar("SELECT secret FROM instance_secrets WHERE name = ?")
            .bind(name)
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        secret.try_into().map_err(|_| StoreError::Damaged(format!("the secret {name:?} has not 32 bytes")))
    }

    async fn prune_sessions(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        sessions::prune(&self.connections, now, limit).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.connections.ping().await
    }
}
