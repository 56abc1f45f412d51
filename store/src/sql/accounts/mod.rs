//! Accounts in a SQL database, one file per noun: one source for SQLite and PostgreSQL.
//!
//! `sqlite/mod.rs` and `postgres/mod.rs` both mount this folder as their `accounts`, so it is compiled once for each.
//! What differs between them is called the same in both: `super::dialect`.
//!
//! The rule: every statement is in words that both understand. Placeholders are `$1`; times are Unix milliseconds;
//! integers are read as `i64`; names are compared by `lower`; `"user"` stands in quotes, as PostgreSQL has a `user` of
//! its own. Each statement must also be right where other processes commit between any two: what must happen to one
//! caller only (the first user, a token's replacement, a taken name) is decided by a unique index, under a row that is
//! held, or in a turn (`take_turn`).

mod audit;
mod calls;
mod clients;
mod edges;
mod invitations;
mod keys;
mod markers;
mod members;
mod resets;
mod secrets;
mod sessions;
mod signing_keys;
mod users;

use super::dialect::{self, Store, bounded};
use crate::access::{Author, ClientScope, InstanceScope, Role};
use crate::accounts::{
    AccountStore, CallNotes, ClientMembership, EdgeCredential, EdgeTraffic, IngestKey, KeyAtAnyTime,
    KeyRotation, NewEdge, NewInvitationRecord, NewKeyRecord, NewMarker, NewUser, RefusedCalls, Rotation,
    Session, SigningKey, UserRecord,
};
use crate::error::StoreError;
use async_trait::async_trait;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::net::IpAddr;
use telemetry::report::accounts::{AuditPage, Invitation, Member, Offer, SigningKeyInfo, UserInfo};
use telemetry::report::edges::EdgeInfo;
use telemetry::report::limits::ClientLimits;
use telemetry::report::{Client, ClientId, KeyInfo, Marker, User};
use telemetry::time::Range;

/// As times are stored.
fn milliseconds(time: Timestamp) -> i64 {
    time.as_millisecond()
}

#[async_trait]
impl AccountStore for Store {
    async fn create_first_user(&self, user: &NewUser, now: Timestamp) -> Result<Option<User>, StoreError> {
        bounded(&self.connections, users::create_first(&self.connections, user, now)).await
    }

    async fn create_user(&self, user: &NewUser, now: Timestamp) -> Result<User, StoreError> {
        bounded(&self.connections, users::create(&self.connections, user, now)).await
    }

    async fn any_user(&self) -> Result<bool, StoreError> {
        bounded(&self.connections, users::any(&self.connections)).await
    }

    async fn user_by_login(&self, login: &str) -> Result<Option<UserRecord>, StoreError> {
        bounded(&self.connections, users::by_login(&self.connections, login)).await
    }

    async fn user(&self, id: i64) -> Result<Option<UserRecord>, StoreError> {
        bounded(&self.connections, users::by_id(&self.connections, id)).await
    }

    async fn users(&self, _: &InstanceScope) -> Result<Vec<UserInfo>, StoreError> {
        bounded(&self.connections, users::list(&self.connections)).await
    }

    async fn set_disabled(
        &self,
        scope: &InstanceScope,
        user: i64,
        disabled: bool,
    ) -> Result<bool, StoreError> {
        bounded(&self.connections, users::set_disabled(&self.connections, scope, user, disabled)).await
    }

    async fn set_password(
        &self,
        author: &Author,
        user: i64,
        password_hash: &str,
        keep: Option<&str>,
    ) -> Result<(), StoreError> {
        let call = resets::set_password(&self.connections, author, user, password_hash, keep);
        bounded(&self.connections, call).await
    }

    async fn create_reset(
        &self,
        scope: &InstanceScope,
        user: i64,
        digest: [u8; 32],
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        bounded(&self.connections, resets::create(&self.connections, scope, user, digest, expires_at)).await
    }

    async fn reset_is_good(&self, digest: [u8; 32], now: Timestamp) -> Result<bool, StoreError> {
        bounded(&self.connections, resets::is_good(&self.connections, digest, now)).await
    }

    async fn use_reset(
        &self,
        digest: [u8; 32],
        password_hash: &str,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let call = resets::use_up(&self.connections, digest, password_hash, address, now);
        bounded(&self.connections, call).await
    }

    async fn create_session(&self, session: &Session, refresh_digest: [u8; 32]) -> Result<(), StoreError> {
        bounded(&self.connections, sessions::create(&self.connections, session, refresh_digest)).await
    }

    async fn session(&self, id: &str, now: Timestamp) -> Result<Option<Session>, StoreError> {
        bounded(&self.connections, sessions::get(&self.connections, id, now)).await
    }

    async fn session_by_refresh(
        &self,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        bounded(&self.connections, sessions::by_refresh(&self.connections, digest, now)).await
    }

    async fn rotate_session(
        &self,
        digest: [u8; 32],
        successor: [u8; 32],
        now: Timestamp,
        grace_seconds: i64,
    ) -> Result<Rotation, StoreError> {
        bounded(&self.connections, sessions::rotate(&self.connections, digest, successor, now, grace_seconds))
            .await
    }

    async fn end_session(&self, id: &str) -> Result<(), StoreError> {
        bounded(&self.connections, sessions::end_by_id(&self.connections, id)).await
    }

    async fn sessions_of(&self, user: i64, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        bounded(&self.connections, sessions::of_user(&self.connections, user, now)).await
    }

    async fn end_session_of(&self, author: &Author, user: i64, id: &str) -> Result<bool, StoreError> {
        bounded(&self.connections, sessions::end_one_of_user(&self.connections, author, user, id)).await
    }

    async fn end_sessions_of(&self, user: i64) -> Result<u64, StoreError> {
        bounded(&self.connections, sessions::end_of_user(&self.connections, user)).await
    }

    async fn create_client(
        &self,
        scope: &InstanceScope,
        name: &str,
        now: Timestamp,
    ) -> Result<Client, StoreError> {
        bounded(&self.connections, clients::create(&self.connections, scope, name, now)).await
    }

    async fn all_clients(&self) -> Result<Vec<(Client, u32)>, StoreError> {
        bounded(&self.connections, clients::all(&self.connections)).await
    }

    async fn clients_of(&self, user: &User) -> Result<Vec<Client>, StoreError> {
        bounded(&self.connections, clients::of_user(&self.connections, user)).await
    }

    async fn client(&self, scope: &ClientScope) -> Result<Client, StoreError> {
        bounded(&self.connections, clients::get(&self.connections, scope)).await
    }

    async fn limits(&self, scope: &ClientScope) -> Result<ClientLimits, StoreError> {
        bounded(&self.connections, clients::limits(&self.connections, scope)).await
    }

    async fn set_limits(&self, scope: &ClientScope, limits: &ClientLimits) -> Result<(), StoreError> {
        bounded(&self.connections, clients::set_limits(&self.connections, scope, limits)).await
    }

    async fn role_in(&self, user: i64, client: ClientId) -> Result<ClientMembership, StoreError> {
        bounded(&self.connections, members::role_in(&self.connections, user, client)).await
    }

    async fn set_member(&self, scope: &ClientScope, user: i64, role: Role) -> Result<(), StoreError> {
        bounded(&self.connections, members::set(&self.connections, scope, user, role)).await
    }

    async fn members(&self, scope: &ClientScope) -> Result<Vec<Member>, StoreError> {
        bounded(&self.connections, members::list(&self.connections, scope)).await
    }

    async fn change_role(&self, scope: &ClientScope, user: i64, role: Role) -> Result<bool, StoreError> {
        bounded(&self.connections, members::change(&self.connections, scope, user, role)).await
    }

    async fn remove_member(&self, scope: &ClientScope, user: i64) -> Result<bool, StoreError> {
        bounded(&self.connections, members::remove(&self.connections, scope, user)).await
    }

    async fn create_invitation(
        &self,
        scope: &ClientScope,
        invitation: &NewInvitationRecord,
    ) -> Result<Invitation, StoreError> {
        bounded(&self.connections, invitations::create(&self.connections, scope, invitation)).await
    }

    async fn invitations(&self, scope: &ClientScope, now: Timestamp) -> Result<Vec<Invitation>, StoreError> {
        bounded(&self.connections, invitations::list(&self.connections, scope, now)).await
    }

    async fn withdraw_invitation(&self, scope: &ClientScope, id: i64) -> Result<bool, StoreError> {
        bounded(&self.connections, invitations::withdraw(&self.connections, scope, id)).await
    }

    async fn offer(&self, digest: [u8; 32], now: Timestamp) -> Result<Option<Offer>, StoreError> {
        bounded(&self.connections, invitations::offer(&self.connections, digest, now)).await
    }

    async fn accept_as_new(
        &self,
        digest: [u8; 32],
        user: &NewUser,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let call = invitations::accept_as_new(&self.connections, digest, user, address, now);
        bounded(&self.connections, call).await
    }

    async fn accept(
        &self,
        digest: [u8; 32],
        author: &Author,
        user: i64,
    ) -> Result<Option<Offer>, StoreError> {
        bounded(&self.connections, invitations::accept(&self.connections, digest, author, user)).await
    }

    async fn create_key(
        &self,
        scope: &ClientScope,
        key: &NewKeyRecord,
        now: Timestamp,
    ) -> Result<KeyInfo, StoreError> {
        bounded(&self.connections, keys::create(&self.connections, scope, key, now)).await
    }

    async fn rotate_key(
        &self,
        scope: &ClientScope,
        id: i64,
        prefix: &str,
        digest: [u8; 32],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<KeyRotation, StoreError> {
        let call = keys::rotate(&self.connections, scope, id, prefix, digest, until, now);
        bounded(&self.connections, call).await
    }

    async fn keys(&self, scope: &ClientScope) -> Result<Vec<KeyInfo>, StoreError> {
        bounded(&self.connections, keys::list(&self.connections, scope)).await
    }

    async fn revoke_key(&self, scope: &ClientScope, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        bounded(&self.connections, keys::revoke(&self.connections, scope, id, now)).await
    }

    async fn ingest_key(&self, digest: [u8; 32]) -> Result<Option<IngestKey>, StoreError> {
        bounded(&self.connections, keys::for_ingest(&self.connections, digest)).await
    }

    async fn key_at_any_time(&self, digest: [u8; 32]) -> Result<Option<KeyAtAnyTime>, StoreError> {
        bounded(&self.connections, keys::at_any_time(&self.connections, digest)).await
    }

    async fn note_calls(&self, notes: &CallNotes) -> Result<(), StoreError> {
        bounded(&self.connections, calls::note(&self.connections, notes)).await
    }

    async fn refused_calls(
        &self,
        scope: &ClientScope,
        from: i64,
        to: i64,
    ) -> Result<Vec<RefusedCalls>, StoreError> {
        bounded(&self.connections, calls::refused(&self.connections, scope, from, to)).await
    }

    async fn key_use(
        &self,
        scope: &ClientScope,
        key: i64,
        from: i64,
        to: i64,
    ) -> Result<BTreeMap<i64, u64>, StoreError> {
        bounded(&self.connections, calls::uses(&self.connections, scope, key, from, to)).await
    }

    async fn add_marker(&self, scope: &ClientScope, marker: &NewMarker) -> Result<Marker, StoreError> {
        bounded(&self.connections, markers::add(&self.connections, scope, marker)).await
    }

    async fn markers(
        &self,
        scope: &ClientScope,
        range: Range,
        service: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Marker>, StoreError> {
        bounded(&self.connections, markers::list(&self.connections, scope, range, service, limit)).await
    }

    async fn touch_keys(&self, used: &[(i64, Timestamp)]) -> Result<(), StoreError> {
        bounded(&self.connections, keys::touch(&self.connections, used)).await
    }

    async fn create_edge(
        &self,
        scope: &InstanceScope,
        edge: &NewEdge,
        now: Timestamp,
    ) -> Result<EdgeInfo, StoreError> {
        bounded(&self.connections, edges::create(&self.connections, scope, edge, now)).await
    }

    async fn edges(&self) -> Result<Vec<EdgeInfo>, StoreError> {
        bounded(&self.connections, edges::list(&self.connections)).await
    }

    async fn edge_credential(&self, id: i64) -> Result<Option<EdgeCredential>, StoreError> {
        bounded(&self.connections, edges::credential(&self.connections, id)).await
    }

    async fn rotate_edge(
        &self,
        scope: &InstanceScope,
        id: i64,
        key: [u8; 32],
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        bounded(&self.connections, edges::rotate(&self.connections, scope, id, key, until)).await
    }

    async fn revoke_edge(&self, scope: &InstanceScope, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        bounded(&self.connections, edges::revoke(&self.connections, scope, id, now)).await
    }

    async fn note_edges(&self, traffic: &[EdgeTraffic]) -> Result<(), StoreError> {
        bounded(&self.connections, edges::note(&self.connections, traffic)).await
    }

    async fn instance_secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], StoreError> {
        bounded(&self.connections, secrets::get_or_insert(&self.connections, name, fresh)).await
    }

    async fn signing_keys(
        &self,
        fresh: [u8; 32],
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<SigningKey>, StoreError> {
        bounded(&self.connections, signing_keys::list(&self.connections, fresh, since, now)).await
    }

    async fn rotate_signing_key(
        &self,
        scope: &InstanceScope,
        fresh: [u8; 32],
        now: Timestamp,
    ) -> Result<SigningKeyInfo, StoreError> {
        bounded(&self.connections, signing_keys::rotate(&self.connections, scope, fresh, now)).await
    }

    async fn note(&self, author: &Author, action: &'static str, target: &str) -> Result<(), StoreError> {
        bounded(&self.connections, audit::note(&self.connections, author, action, target)).await
    }

    async fn audit_of(
        &self,
        scope: &ClientScope,
        cursor: Option<i64>,
        limit: u32,
    ) -> Result<AuditPage, StoreError> {
        let call = audit::page(&self.connections, Some(scope.client()), cursor, limit);
        bounded(&self.connections, call).await
    }

    async fn audit(
        &self,
        _: &InstanceScope,
        cursor: Option<i64>,
        limit: u32,
    ) -> Result<AuditPage, StoreError> {
        bounded(&self.connections, audit::page(&self.connections, None, cursor, limit)).await
    }

    async fn prune_audit(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        bounded(&self.connections, audit::prune(&self.connections, before, limit)).await
    }

    async fn prune_sessions(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        bounded(&self.connections, sessions::prune(&self.connections, now, limit)).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.connections.ping().await
    }
}
