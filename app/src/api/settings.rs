//! What settings show. Each view says what its reader may do there, by the table that decides it when they try.

use super::Stamped;
use super::asking::Asking;
use crate::problem::Problem;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use telemetry::report::accounts::{AuditPage, Invitation, Member, SessionInfo, UserInfo};
use telemetry::report::limits::ClientLimits;
use telemetry::report::{Client, ClientId, KeyInfo, UsageDay};

/// Rows of the audit log on a page.
#[cfg(feature = "ssr")]
const AUDIT_ROWS: u32 = 50;

/// A client's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysView {
    pub client: ClientId,
    pub keys: Vec<KeyInfo>,
    /// Whether the reader may make, rotate and revoke them.
    pub manages: bool,
}

/// A client's keys, newest first, revoked ones included.
#[server(name = GetKeys, prefix = "/api/fn", endpoint = "keys", protocol = Asking)]
pub async fn keys(client: Option<ClientId>) -> Result<Stamped<KeysView>, Problem> {
    allowed::in_client(client, store::access::Permission::SeeKeys, async |ask: allowed::InClient| {
        let keys = ask.stores.accounts.keys(&ask.scope).await?;
        let manages = ask.may(store::access::Permission::ManageKeys);
        Ok(KeysView { client: ask.scope.client(), keys, manages })
    })
    .await
}

/// What a client may send, and what it has sent this month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsView {
    pub client: Client,
    pub limits: ClientLimits,
    /// From the first of the month to today, in UTC.
    pub days: Vec<UsageDay>,
    /// Whether the reader may change the limits.
    pub manages: bool,
}

/// A client's limits and usage.
#[server(name = GetLimits, prefix = "/api/fn", endpoint = "limits", protocol = Asking)]
pub async fn limits(client: Option<ClientId>) -> Result<Stamped<LimitsView>, Problem> {
    use telemetry::time::{DAY, first_of_month};
    allowed::in_client(client, store::access::Permission::View, async |ask: allowed::InClient| {
        let now = ask.now.as_second();
        let (first, today) = (first_of_month(now), now - now.rem_euclid(DAY));
        Ok(LimitsView {
            client: ask.stores.accounts.client(&ask.scope).await?,
            limits: ask.stores.accounts.limits(&ask.scope).await?,
            days: store::analytics::usage(&ask.stores, &ask.scope, first, today).await?,
            manages: ask.may(store::access::Permission::Administer),
        })
    })
    .await
}

/// A client's members, and who is invited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersView {
    pub client: Client,
    pub members: Vec<Member>,
    /// Only for those who may invite.
    pub invitations: Vec<Invitation>,
    /// Whether the reader may invite, change roles and remove members.
    pub manages: bool,
}

/// A client's members by name, and its open invitations.
#[server(name = GetMembers, prefix = "/api/fn", endpoint = "members", protocol = Asking)]
pub async fn members(client: Option<ClientId>) -> Result<Stamped<MembersView>, Problem> {
    allowed::in_client(client, store::access::Permission::SeeMembers, async |ask: allowed::InClient| {
        let accounts = &ask.stores.accounts;
        let manages = ask.may(store::access::Permission::ManageMembers);
        Ok(MembersView {
            client: accounts.client(&ask.scope).await?,
            members: accounts.members(&ask.scope).await?,
            invitations: match manages {
                true => accounts.invitations(&ask.scope, ask.now).await?,
                false => Vec::new(),
            },
            manages,
        })
    })
    .await
}

/// What was done in a client, newest first, from before the entry `cursor` on.
#[server(name = GetAudit, prefix = "/api/fn", endpoint = "audit", protocol = Asking)]
pub async fn audit(client: Option<ClientId>, cursor: Option<i64>) -> Result<Stamped<AuditPage>, Problem> {
    allowed::in_client(client, store::access::Permission::SeeAudit, async |ask: allowed::InClient| {
        Ok(ask.stores.accounts.audit_of(&ask.scope, cursor, AUDIT_ROWS).await?)
    })
    .await
}

/// What was done anywhere. For super admins.
#[server(name = GetInstanceAudit, prefix = "/api/fn", endpoint = "instance-audit", protocol = Asking)]
pub async fn instance_audit(cursor: Option<i64>) -> Result<Stamped<AuditPage>, Problem> {
    allowed::in_instance(store::access::Permission::SeeInstanceAudit, async |ask: allowed::InInstance| {
        Ok(ask.stores.accounts.audit(&ask.scope, cursor, AUDIT_ROWS).await?)
    })
    .await
}

/// All users. For super admins.
#[server(name = GetUsers, prefix = "/api/fn", endpoint = "users", protocol = Asking)]
pub async fn users() -> Result<Stamped<Vec<UserInfo>>, Problem> {
    allowed::in_instance(store::access::Permission::SeeUsers, async |ask: allowed::InInstance| {
        Ok(ask.stores.accounts.users(&ask.scope).await?)
    })
    .await
}

/// All clients. For super admins.
#[server(name = GetClients, prefix = "/api/fn", endpoint = "clients", protocol = Asking)]
pub async fn clients() -> Result<Stamped<Vec<Client>>, Problem> {
    allowed::in_instance(store::access::Permission::MakeClients, async |ask: allowed::InInstance| {
        Ok(ask.stores.accounts.clients_of(&ask.user).await?)
    })
    .await
}

/// The reader's own sessions, the one used last first.
#[server(name = GetSessions, prefix = "/api/fn", endpoint = "sessions", protocol = Asking)]
pub async fn sessions() -> Result<Stamped<Vec<SessionInfo>>, Problem> {
    use crate::ssr;
    ssr::telling_status(async {
        let (stores, now, user) = (ssr::stores()?, ssr::now()?, ssr::caller()?);
        let current = ssr::session_id();
        let sessions = stores.accounts.sessions_of(user.id, now).await?;
        let report = sessions.into_iter().map(|session| session.shown(current.as_deref())).collect();
        Ok(Stamped { clock: ssr::clock(now, None, None), report })
    })
    .await
}

#[cfg(feature = "ssr")]
pub(super) mod allowed {
    use super::Stamped;
    use crate::problem::Problem;
    use crate::ssr;
    use jiff::Timestamp;
    use store::access::{ClientScope, InstanceScope, Permission, authorise, require};
    use store::{Failure, Stores};
    use telemetry::error::ApiError;
    use telemetry::report::{ClientId, User};

    /// A question about a client, by somebody who may ask it.
    pub(crate) struct InClient {
        pub(crate) stores: Stores,
        pub(crate) scope: ClientScope,
        pub(crate) user: User,
        pub(crate) now: Timestamp,
    }

    impl InClient {
        pub(crate) fn may(&self, permission: Permission) -> bool {
            permission.is_given_to(Some(self.scope.role()), self.user.super_admin)
        }
    }

    /// A question about the instance, by somebody who may ask it.
    pub(crate) struct InInstance {
        pub(crate) stores: Stores,
        pub(crate) scope: InstanceScope,
        pub(crate) user: User,
    }

    pub(crate) async fn in_instance<T>(
        permission: Permission,
        view: impl AsyncFnOnce(InInstance) -> Result<T, Failure>,
    ) -> Result<Stamped<T>, Problem> {
        ssr::telling_status(async {
            let (stores, now, user) = (ssr::stores()?, ssr::now()?, ssr::caller()?);
            let scope = require(&user, permission)?;
            let report = view(InInstance { stores, scope, user }).await?;
            Ok(Stamped { clock: ssr::clock(now, None, None), report })
        })
        .await
    }

    /// Finds out whether the caller may ask, and lets `view` answer. Without a client: about the first that they may see.
    pub(crate) async fn in_client<T>(
        client: Option<ClientId>,
        permission: Permission,
        view: impl AsyncFnOnce(InClient) -> Result<T, Failure>,
    ) -> Result<Stamped<T>, Problem> {
        ssr::telling_status(async {
            let (stores, now, user) = (ssr::stores()?, ssr::now()?, ssr::caller()?);
            let client = match client {
                Some(client) => client,
                None => {
                    let clients = stores.accounts.clients_of(&user).await?;
                    clients.first().map(|client| client.id).ok_or_else(|| ApiError::not_found("client"))?
                }
            };
            let scope = authorise(&*stores.accounts, &user, client, permission).await?;
            let report = view(InClient { stores, scope, user, now }).await?;
            Ok(Stamped { clock: ssr::clock(now, None, None), report })
        })
        .await
    }
}
