//! Users, sessions, clients, members, keys, edges, the audit log, and the instance's own secrets.
//!
//! Secrets enter as digests: of an API key, a refresh token or a one-time link only its SHA-256 is stored, of a password
//! its argon2id hash. What changes something for somebody ([`ClientScope::on_record`]) is written into the audit log in
//! the same transaction.

use crate::access::{Author, ClientScope, InstanceScope, Role};
use crate::error::StoreError;
use async_trait::async_trait;
use jiff::Timestamp;
use std::collections::BTreeMap;
use telemetry::report::accounts::{
    AuditPage, Invitation, Member, Offer, SessionInfo, SigningKeyInfo, UserInfo,
};
use telemetry::report::edges::EdgeInfo;
use telemetry::report::limits::ClientLimits;
use telemetry::report::{Client, ClientId, KeyInfo, Marker, User};
use telemetry::time::Range;

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

impl Session {
    /// As it is shown. `current`: the id of the one that asks.
    pub fn shown(self, current: Option<&str>) -> SessionInfo {
        SessionInfo {
            current: current == Some(self.id.as_str()),
            id: self.id,
            user_agent: self.user_agent,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
            expires_at: self.expires_at,
        }
    }
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
#[derive(Debug, Clone, Default)]
pub struct NewKeyRecord {
    pub name: String,
    pub prefix: String,
    pub digest: [u8; 32],
    pub environment: String,
    /// From when on it is refused; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// The only web origins whose pages may use it; empty: no restriction. None holds a line break.
    pub origins: Vec<String>,
    /// The only services whose hits it may send; empty: all. None holds a line break.
    pub services: Vec<String>,
    /// Hits a second, on average; `None`: no limit.
    pub hits_per_second: Option<u32>,
    /// Hits at once; `None`: as many as in a second.
    pub burst: Option<u32>,
    /// Hits of a UTC day; `None`: no limit.
    pub hits_per_day: Option<u64>,
    /// Hits of a UTC month; `None`: no limit.
    pub hits_per_month: Option<u64>,
}

/// The newest markers of a client that are kept.
pub const MARKERS_KEPT: i64 = 1_000;

/// A marker to be made.
#[derive(Debug, Clone)]
pub struct NewMarker {
    pub at: Timestamp,
    pub title: String,
    /// `None`: all services.
    pub service: Option<String>,
    pub url: Option<String>,
}

/// What becomes of a key that is to be rotated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRotation {
    /// Its successor.
    Rotated(Box<KeyInfo>),
    /// It is revoked, has expired, or was rotated before.
    Over,
    /// The client has no such key.
    Unknown,
}

/// An invitation to be made.
#[derive(Debug, Clone)]
pub struct NewInvitationRecord {
    /// Whom it is meant for.
    pub name: String,
    pub role: Role,
    /// SHA-256 of its token.
    pub digest: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A key that sessions are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    pub info: SigningKeyInfo,
    pub secret: [u8; 32],
}

/// What ingest needs to know of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestKey {
    pub id: i64,
    pub client: ClientId,
    pub environment: String,
    /// What its client may send, and what is kept of it.
    pub limits: ClientLimits,
    /// Hits a second, on average, that it may send itself; `None`: no limit.
    pub hits_per_second: Option<u32>,
    /// Hits that may come with it at once; `None`: as many as in a second.
    pub burst: Option<u32>,
    /// Hits of a UTC day and month that may come with it; `None`: no limit of its own.
    pub hits_per_day: Option<u64>,
    pub hits_per_month: Option<u64>,
    /// From when on it is refused; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// The only web origins whose pages may use it; empty: no restriction.
    pub origins: Vec<String>,
    /// The only services whose hits it may send; empty: all.
    pub services: Vec<String>,
}

/// A key, also after it was revoked: hits may have been accepted with it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAtAnyTime {
    pub key: IngestKey,
    pub revoked_at: Option<Timestamp>,
}

/// Calls that were refused as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedCalls {
    pub client: ClientId,
    /// Start of the UTC day, Unix seconds.
    pub day: i64,
    /// HTTP status.
    pub status: u16,
    pub calls: u64,
}

/// Hits accepted with a key that has a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse {
    pub client: ClientId,
    pub key: i64,
    /// Start of the UTC day, Unix seconds.
    pub day: i64,
    pub accepted: u64,
}

/// What a server has noted of calls since it last wrote them down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallNotes {
    pub refused: Vec<RefusedCalls>,
    pub uses: Vec<KeyUse>,
}

/// An edge to be made.
#[derive(Debug, Clone)]
pub struct NewEdge {
    pub name: String,
    /// Ed25519.
    pub public_key: [u8; 32],
    /// The only clients whose hits it may forward; `None`: all.
    pub clients: Option<Vec<ClientId>>,
}

/// What telling an edge from others needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeCredential {
    pub public_key: [u8; 32],
    /// The key before the last rotation, and until when it is good.
    pub previous_key: Option<([u8; 32], Timestamp)>,
    /// The only clients it may speak of; `None`: all.
    pub clients: Option<Vec<ClientId>>,
}

/// What an edge has done since it was last noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeTraffic {
    pub edge: i64,
    pub seen_at: Timestamp,
    /// Messages accepted, and the hits in them.
    pub messages: u64,
    pub hits: u64,
    /// Messages refused.
    pub refused: u64,
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

    /// All users by name; at most 10,000.
    async fn users(&self, scope: &InstanceScope) -> Result<Vec<UserInfo>, StoreError>;

    /// Disables a user, which ends their sessions, or enables them again; `false` if there is none of that id.
    /// `LastSuperAdmin` if nobody would be left to administer the instance.
    async fn set_disabled(
        &self,
        scope: &InstanceScope,
        user: i64,
        disabled: bool,
    ) -> Result<bool, StoreError>;

    /// Gives a user another password, ends all their sessions but `keep`, and voids their reset links.
    async fn set_password(
        &self,
        author: &Author,
        user: i64,
        password_hash: &str,
        keep: Option<&str>,
    ) -> Result<(), StoreError>;

    /// Remembers a link with which a user may choose a new password. `false` if there is none of that id.
    async fn create_reset(
        &self,
        scope: &InstanceScope,
        user: i64,
        digest: [u8; 32],
        expires_at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Whether a reset link of this digest is good at `now`.
    async fn reset_is_good(&self, digest: [u8; 32], now: Timestamp) -> Result<bool, StoreError>;

    /// Uses up a reset link: gives its user another password, ends all their sessions, voids their other links. `None`
    /// if it is unknown, used or expired. Exactly one of concurrent calls gets the user.
    async fn use_reset(
        &self,
        digest: [u8; 32],
        password_hash: &str,
        address: Option<std::net::IpAddr>,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError>;

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

    /// A user's sessions that have neither ended nor expired at `now`, the one used last first.
    async fn sessions_of(&self, user: i64, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Ends one session of a user; `false` if they have none of that id.
    async fn end_session_of(&self, author: &Author, user: i64, id: &str) -> Result<bool, StoreError>;

    /// Ends all sessions of a user; how many there were, expired ones included.
    async fn end_sessions_of(&self, user: i64) -> Result<u64, StoreError>;

    /// Makes a client. `Conflict("name")` if taken.
    async fn create_client(
        &self,
        scope: &InstanceScope,
        name: &str,
        now: Timestamp,
    ) -> Result<Client, StoreError>;

    /// All clients with their raw retention in days: for the retention sweeper, not for replies.
    async fn all_clients(&self) -> Result<Vec<(Client, u32)>, StoreError>;

    /// The clients a user may see: all for a super admin, else those they are a member of.
    async fn clients_of(&self, user: &User) -> Result<Vec<Client>, StoreError>;

    async fn client(&self, scope: &ClientScope) -> Result<Client, StoreError>;

    /// What a client may send, and what is kept of it.
    async fn limits(&self, scope: &ClientScope) -> Result<ClientLimits, StoreError>;

    /// Changes all limits of a client.
    async fn set_limits(&self, scope: &ClientScope, limits: &ClientLimits) -> Result<(), StoreError>;

    /// Whether a client exists, and the user's role in it. For [`crate::access`] only.
    async fn role_in(&self, user: i64, client: ClientId) -> Result<ClientMembership, StoreError>;

    /// Makes a user a member of a client, or changes their role. `LastAdmin` if no admin would be left who can sign in.
    async fn set_member(&self, scope: &ClientScope, user: i64, role: Role) -> Result<(), StoreError>;

    /// A client's members by name.
    async fn members(&self, scope: &ClientScope) -> Result<Vec<Member>, StoreError>;

    /// Changes the role of somebody who is a member; `false` if they are none. `LastAdmin` as above.
    async fn change_role(&self, scope: &ClientScope, user: i64, role: Role) -> Result<bool, StoreError>;

    /// Takes a user out of a client; `false` if they were no member. `LastAdmin` as above.
    async fn remove_member(&self, scope: &ClientScope, user: i64) -> Result<bool, StoreError>;

    /// Makes an invitation into a client.
    async fn create_invitation(
        &self,
        scope: &ClientScope,
        invitation: &NewInvitationRecord,
    ) -> Result<Invitation, StoreError>;

    /// A client's invitations that are good at `now`, newest first.
    async fn invitations(&self, scope: &ClientScope, now: Timestamp) -> Result<Vec<Invitation>, StoreError>;

    /// Takes an invitation back; `false` if the client has none of that id.
    async fn withdraw_invitation(&self, scope: &ClientScope, id: i64) -> Result<bool, StoreError>;

    /// What the invitation of this digest offers, if it is good at `now`.
    async fn offer(&self, digest: [u8; 32], now: Timestamp) -> Result<Option<Offer>, StoreError>;

    /// Uses up an invitation: makes a user, a member as it says. `None` if it is unknown, used or expired: exactly one of
    /// concurrent calls gets the user. `Conflict("username")` or `Conflict("email")` if taken; then it stays good.
    async fn accept_as_new(
        &self,
        digest: [u8; 32],
        user: &NewUser,
        address: Option<std::net::IpAddr>,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError>;

    /// Uses up an invitation for somebody who has an account: makes them a member as it says. Who has a stronger role
    /// already keeps it. `None` as above.
    async fn accept(&self, digest: [u8; 32], author: &Author, user: i64)
    -> Result<Option<Offer>, StoreError>;

    async fn create_key(
        &self,
        scope: &ClientScope,
        key: &NewKeyRecord,
        now: Timestamp,
    ) -> Result<KeyInfo, StoreError>;

    /// Makes a successor of a key, like it in all but `prefix` and `digest`; the key itself is good until `until` at most.
    async fn rotate_key(
        &self,
        scope: &ClientScope,
        id: i64,
        prefix: &str,
        digest: [u8; 32],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<KeyRotation, StoreError>;

    /// A client's keys, newest first, revoked ones included.
    async fn keys(&self, scope: &ClientScope) -> Result<Vec<KeyInfo>, StoreError>;

    /// Revokes a key of the client; `false` if there is none of that id. Revoking twice keeps the first time.
    async fn revoke_key(&self, scope: &ClientScope, id: i64, now: Timestamp) -> Result<bool, StoreError>;

    /// The key of this digest, unless revoked; whether it has expired is for the caller to see.
    async fn ingest_key(&self, digest: [u8; 32]) -> Result<Option<IngestKey>, StoreError>;

    /// The key of this digest, revoked or not.
    async fn key_at_any_time(&self, digest: [u8; 32]) -> Result<Option<KeyAtAnyTime>, StoreError>;

    /// Makes an edge. `Conflict("name")` if the name is taken (without regard to case).
    async fn create_edge(
        &self,
        scope: &InstanceScope,
        edge: &NewEdge,
        now: Timestamp,
    ) -> Result<EdgeInfo, StoreError>;

    /// All edges, oldest first, revoked ones included.
    async fn edges(&self) -> Result<Vec<EdgeInfo>, StoreError>;

    /// What an edge signs with, unless it was revoked.
    async fn edge_credential(&self, id: i64) -> Result<Option<EdgeCredential>, StoreError>;

    /// Gives an edge another public key; the one it had is good until `until`. `false` if there is no such edge, or it
    /// was revoked.
    async fn rotate_edge(
        &self,
        scope: &InstanceScope,
        id: i64,
        key: [u8; 32],
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Revokes an edge; `false` if there is none of that id. Revoking twice keeps the first time.
    async fn revoke_edge(&self, scope: &InstanceScope, id: i64, now: Timestamp) -> Result<bool, StoreError>;

    /// Adds to what edges have done; never moves "last seen" back.
    async fn note_edges(&self, traffic: &[EdgeTraffic]) -> Result<(), StoreError>;

    /// Adds what a server has noted.
    async fn note_calls(&self, notes: &CallNotes) -> Result<(), StoreError>;

    /// Calls refused as a whole on the days from `from` to `to` (Unix seconds, `to` exclusive), by day and status.
    async fn refused_calls(
        &self,
        scope: &ClientScope,
        from: i64,
        to: i64,
    ) -> Result<Vec<RefusedCalls>, StoreError>;

    /// Hits accepted with a key that has a quota, by day from `from` to `to` (Unix seconds, `to` exclusive).
    async fn key_use(
        &self,
        scope: &ClientScope,
        key: i64,
        from: i64,
        to: i64,
    ) -> Result<BTreeMap<i64, u64>, StoreError>;

    /// Makes a marker, and forgets all but the newest [`MARKERS_KEPT`] of its client. One of the same time (to the
    /// millisecond), service and title is the same marker.
    async fn add_marker(&self, scope: &ClientScope, marker: &NewMarker) -> Result<Marker, StoreError>;

    /// Markers of a range, newest first; with a service, those about it and those about all.
    async fn markers(
        &self,
        scope: &ClientScope,
        range: Range,
        service: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Marker>, StoreError>;

    /// Notes when keys were last used; never moves a time back.
    async fn touch_keys(&self, used: &[(i64, Timestamp)]) -> Result<(), StoreError>;

    /// A secret of the instance, made by `fresh` on first use. All callers get the same one.
    async fn instance_secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], StoreError>;

    /// The keys that sessions are signed with, newest first: the one that signs, and those retired after `since`. `fresh`
    /// becomes the first one where there is none; all callers get the same ones.
    async fn signing_keys(
        &self,
        fresh: [u8; 32],
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<SigningKey>, StoreError>;

    /// Retires the key that signs, and makes `fresh` its successor.
    async fn rotate_signing_key(
        &self,
        scope: &InstanceScope,
        fresh: [u8; 32],
        now: Timestamp,
    ) -> Result<SigningKeyInfo, StoreError>;

    /// Writes into the audit log what no other call of this store does: a sign-in, a replay of dead letters. `action` is
    /// `noun.participle`.
    async fn note(&self, author: &Author, action: &'static str, target: &str) -> Result<(), StoreError>;

    /// What was done in a client, newest first, from before the entry `cursor` on.
    async fn audit_of(
        &self,
        scope: &ClientScope,
        cursor: Option<i64>,
        limit: u32,
    ) -> Result<AuditPage, StoreError>;

    /// What was done anywhere, newest first, from before the entry `cursor` on.
    async fn audit(
        &self,
        scope: &InstanceScope,
        cursor: Option<i64>,
        limit: u32,
    ) -> Result<AuditPage, StoreError>;

    /// Deletes up to `limit` entries of the audit log from before `before`; the number deleted.
    async fn prune_audit(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Deletes up to `limit` sessions that expired before `now`, and as many invitations and reset links; the number
    /// deleted.
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
