//! Who may do what, as types: a query needs a [`ClientScope`], and only authorisation makes one.
//!
//! The rule: another client's data cannot be asked for, because the scope that every store call needs can only be had
//! from [`authorise`]. Whoever may not see a client gets the same 404 as for a client that does not exist.

use crate::accounts::AccountStore;
use crate::error::Failure;
use serde::{Deserialize, Serialize};
use telemetry::error::ApiError;
use telemetry::report::{ClientId, User};

/// A member's role in a client, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Viewer,
    Operator,
    Admin,
}

/// What a caller wants to do in a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Reports, raw requests, usage, the list of keys.
    View,
    /// Deploy markers and the like.
    Operate,
    /// Keys, members, limits.
    Administer,
}

impl Permission {
    /// The weakest role that has it.
    const fn needs(self) -> Role {
        match self {
            Self::View => Role::Viewer,
            Self::Operate => Role::Operator,
            Self::Administer => Role::Admin,
        }
    }
}

/// Proof that the caller may act in a client. Every store call about a client takes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientScope {
    client: ClientId,
    role: Role,
}

impl ClientScope {
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// The caller's role in the client; a super admin acts as admin.
    pub fn role(&self) -> Role {
        self.role
    }

    /// For the instance's own work (the consumer, the retention sweeper, `sendry reconcile`) and for tests: nobody
    /// asked, so nobody needs a right. Never call this on behalf of a request.
    pub fn of_the_instance(client: ClientId) -> Self {
        Self { client, role: Role::Admin }
    }
}

/// Checks that `user` may do `permission` in `client`.
///
/// 404 when the client does not exist or the user is no member; 403 when their role is too weak.
pub async fn authorise(
    accounts: &dyn AccountStore,
    user: &User,
    client: ClientId,
    permission: Permission,
) -> Result<ClientScope, Failure> {
    let membership = accounts.role_in(user.id, client).await?;
    let role = if user.super_admin { Some(Role::Admin) } else { membership.role };
    match role {
        Some(role) if membership.exists && role >= permission.needs() => Ok(ClientScope { client, role }),
        Some(_) if membership.exists => {
            Err(ApiError::forbidden("your role in this client does not allow that; ask one of its admins")
                .into())
        }
        _ => Err(ApiError::not_found("client").into()),
    }
}

/// Checks that `user` administers the instance.
pub fn require_super_admin(user: &User) -> Result<(), ApiError> {
    if user.super_admin {
        Ok(())
    } else {
        Err(ApiError::forbidden("only a super admin of this instance may do that"))
    }
}
