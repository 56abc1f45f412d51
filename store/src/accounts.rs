//! Users, sessions, clients, members, keys, and the instance's own secrets.
//!
//! Secrets enter as digests: of an API key or a refresh token only its SHA-256 is stored, of a password its argon2id
//! hash.

use crate::access::{ClientScope, Role};
use crate::error::StoreError;
use async_trait::async_trait;
use jiff::Timestamp;
use telemetry::report::{Client, ClientId, KeyInfo, User};

/// A user to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub username: String,
    pub email: String,
    /// A PHC string.
    pub password_hash: String,
    pub super_admin: bool,
}

/// A user with what is needed to check a password.
#[derive(Debug, Clone)]
pub struct UserRecord {
    pub user: User,
    pub password_hash: String,
    pub disabled: bool,
}

/// A signed-in browser. Its refresh token is stored as a digest, and replaced at each use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// A UUID as text.
    pub id: String,
    pub user: i64,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    /// The absolute end.
    pub expires_at: Timestamp,
    pub user_agent: String,
}

/// What presenting a refresh token leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// It was current and has been replaced.
    Rotated(Session),
    /// It was current until `grace` ago: a second tab; the session is fine, nothing was replaced.
    Recent(Session),
    /// It was replaced before: somebody has a copy. The session has been ended.
    Reused,
    /// Unknown, ended or expired.
    Unknown,
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewKeyRecord {
    pub name: String,
    pub prefix: String,
    pub digest: [u8; 32],
    pub environment: String,
}

/// What ingest needs to know of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestKey {
    pub id: i64,
    pub client: ClientId,
    pub environment: String,
    /// How long the client keeps raw events, in days.
    pub raw_retention_days: u32,
}

/// Accounts. Every backend passes `tests/it/contract/accounts.rs`.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Makes the first user of the instance; `None` if there is a user already. Exactly one of concurrent calls wins.
    async fn create_first_user(&self, user: &NewUser, now: Timestamp) -> Result<Option<User>, StoreError>;

    /// Makes a user. `Conflict("username")` or `Conflict("email")` if taken (without regard to case).
    async fn create_user(&self, user: &NewUser, now: Timestamp) -> Result<User, StoreError>;

    async fn any_user(&self) -> Result<bool, StoreError>;

    /// By user name or e-mail address, without regard to case.
    async fn user_by_login(&self, login: &str) -> Result<Option<UserRecord>, StoreError>;

    async fn user(&self, id: i64) -> Result<Option<UserRecord>, StoreError>;

    /// Begins a session.
    async fn create_session(&self, session: &Session, refresh_digest: [u8; 32]) -> Result<(), StoreError>;

    /// A session that has neither ended nor expired at `now`.
    async fn session(&self, id: &str, now: Timestamp) -> Result<Option<Session>, StoreError>;

    /// The session whose current refresh token has this digest, without replacing the token.
    async fn session_by_refresh(
        &self,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError>;

    /// Replaces a refresh token by its successor. The token before the last stays good for `grace_seconds`.
    async fn rotate_session(
        &self,
        digest: [u8; 32],
        successor: [u8; 32],
        now: Timestamp,
        grace_seconds: i64,
    ) -> Result<Rotation, StoreError>;

    async fn end_session(&self, id: &str) -> Result<(), StoreError>;

    /// Makes a client. `Conflict("name")` if taken.
    async fn create_client(&self, name: &str, now: Timestamp) -> Result<Client, StoreError>;

    /// All clients with their raw retention in days: for the retention sweeper, not for replies.
    async fn all_clients(&self) -> Result<Vec<(Client, u32)>, StoreError>;

    /// The clients a user may see: all for a super admin, else those they are a member of.
    async fn clients_of(&self, user: &User) -> Result<Vec<Client>, StoreError>;

    async fn client(&self, scope: &ClientScope) -> Result<Client, StoreError>;

    /// Whether a client exists, and the user's role in it. For [`crate::access`] only.
    async fn role_in(&self, user: i64, client: ClientId) -> Result<ClientMembership, StoreError>;

    /// Makes a user a member of a client, or changes their role.
    async fn set_member(&self, scope: &ClientScope, user: i64, role: Role) -> Result<(), StoreError>;

    async fn create_key(
        &self,
        scope: &ClientScope,
        key: &NewKeyRecord,
        now: Timestamp,
    ) -> Result<KeyInfo, StoreError>;

    /// A client's keys, newest first, revoked ones included.
    async fn keys(&self, scope: &ClientScope) -> Result<Vec<KeyInfo>, StoreError>;

    /// Revokes a key of the client; `false` if there is none of that id. Revoking twice keeps the first time.
    async fn revoke_key(&self, scope: &ClientScope, id: i64, now: Timestamp) -> Result<bool, StoreError>;

    /// The key of this digest, unless revoked.
    async fn ingest_key(&self, digest: [u8; 32]) -> Result<Option<IngestKey>, StoreError>;

    /// Notes when keys were last used; never moves a time back.
    async fn touch_keys(&self, used: &[(i64, Timestamp)]) -> Result<(), StoreError>;

    /// A secret of the instance, made by `fresh` on first use. All callers get the same one.
    async fn instance_secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], StoreError>;

    /// Deletes up to `limit` sessions that expired before `now`; the number deleted.
    async fn prune_sessions(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Answers when the store does.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// The answer of [`AccountStore::role_in`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientMembership {
    pub exists: bool,
    pub role: Option<Role>,
}
