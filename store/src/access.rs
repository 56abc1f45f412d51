//! Who may do what, as types: a query needs a [`ClientScope`], and only authorisation makes one.
//!
//! The rule: another client's data cannot be asked for, because the scope that every store call needs can only be had
//! from [`authorise`]; and what belongs to the instance needs an [`InstanceScope`], from [`require`]. Whoever may not see
//! a client gets the same 404 as for a client that does not exist. [`Permission::needs`] is the one table of who may do
//! what; a test walks all of it, route by route.

use crate::accounts::AccountStore;
use crate::error::Failure;
use jiff::Timestamp;
use std::net::IpAddr;
use telemetry::error::ApiError;
use telemetry::report::{ClientId, User};

pub use telemetry::report::accounts::Role;

/// What a caller wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Reports, raw requests, usage, the client's name.
    View,
    /// The list of keys; never a key itself.
    SeeKeys,
    /// Who belongs to the client, and in which role.
    SeeMembers,
    /// Deploy markers and the like.
    Operate,
    /// Make, rotate and revoke keys.
    ManageKeys,
    /// Invite, change roles, remove members.
    ManageMembers,
    /// What was done in the client.
    SeeAudit,
    /// Limits and other settings of the client.
    Administer,
    /// Make clients.
    MakeClients,
    /// Make any user a member of any client.
    AddMembers,
    /// All users of the instance.
    SeeUsers,
    /// Disable users, end their sessions, let them choose a new password.
    ManageUsers,
    /// What was done anywhere in the instance.
    SeeInstanceAudit,
    /// The keys that sessions are signed with.
    ManageSigningKeys,
    /// The Workers that forward hits.
    ManageEdges,
    /// Queue, consumers, stores, dead letters.
    SeePipeline,
    /// Put dead letters back.
    ReplayDeadLetters,
}

/// What it takes to have a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// At least this role in the client; a super admin has it in all of them.
    Role(Role),
    /// The administration of the instance.
    SuperAdmin,
}

impl Permission {
    /// Who may do what.
    pub const fn needs(self) -> Needs {
        match self {
            Self::View | Self::SeeKeys | Self::SeeMembers => Needs::Role(Role::Viewer),
            Self::Operate => Needs::Role(Role::Operator),
            Self::ManageKeys | Self::ManageMembers | Self::SeeAudit | Self::Administer => {
                Needs::Role(Role::Admin)
            }
            Self::MakeClients
            | Self::AddMembers
            | Self::SeeUsers
            | Self::ManageUsers
            | Self::SeeInstanceAudit
            | Self::ManageSigningKeys
            | Self::ManageEdges
            | Self::SeePipeline
            | Self::ReplayDeadLetters => Needs::SuperAdmin,
        }
    }

    /// Whether somebody of this role in the client has it; `super_admin` if they administer the instance.
    pub fn is_given_to(self, role: Option<Role>, super_admin: bool) -> bool {
        match self.needs() {
            Needs::Role(needed) => super_admin || role.is_some_and(|role| role >= needed),
            Needs::SuperAdmin => super_admin,
        }
    }
}

/// Who does something, from where and when: what the audit log says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// `None`: whoever sits at the server's command line.
    pub user: Option<i64>,
    pub name: String,
    pub address: Option<IpAddr>,
    pub at: Timestamp,
}

impl Author {
    pub fn user(user: &User, address: IpAddr, at: Timestamp) -> Self {
        Self { user: Some(user.id), name: user.username.clone(), address: Some(address), at }
    }

    /// Whoever runs `sendry` on the server itself.
    pub fn command_line(at: Timestamp) -> Self {
        Self { user: None, name: "command line".to_owned(), address: None, at }
    }
}

/// Proof that the caller may act in a client. Every store call about a client takes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientScope {
    client: ClientId,
    role: Role,
    author: Option<Author>,
}

impl ClientScope {
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// The caller's role in the client; a super admin acts as admin.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The same, for a call that changes something: the store writes down who did it, with the change itself.
    pub fn on_record(self, author: Author) -> Self {
        Self { author: Some(author), ..self }
    }

    pub fn author(&self) -> Option<&Author> {
        self.author.as_ref()
    }

    /// For the instance's own work (the consumer, the retention sweeper, `sendry reconcile`) and for tests: nobody
    /// asked, so nobody needs a right. Never call this on behalf of a request.
    pub fn of_the_instance(client: ClientId) -> Self {
        Self { client, role: Role::Admin, author: None }
    }
}

/// Proof that the caller may do something that is not a single client's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceScope {
    author: Option<Author>,
}

impl InstanceScope {
    /// The same, for a call that changes something: the store writes down who did it, with the change itself.
    pub fn on_record(self, author: Author) -> Self {
        Self { author: Some(author) }
    }

    pub fn author(&self) -> Option<&Author> {
        self.author.as_ref()
    }

    /// For the command line and for tests. Never call this on behalf of a request.
    pub fn of_the_instance() -> Self {
        Self { author: None }
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
    match role.filter(|_| membership.exists) {
        Some(role) if permission.is_given_to(Some(role), user.super_admin) => {
            Ok(ClientScope { client, role, author: None })
        }
        Some(_) => {
            Err(ApiError::forbidden("your role in this client does not allow that; ask one of its admins")
                .into())
        }
        None => Err(ApiError::not_found("client").into()),
    }
}

/// Checks that `user` may do `permission`, which is about the instance.
pub fn require(user: &User, permission: Permission) -> Result<InstanceScope, ApiError> {
    // A role in some client says nothing about the instance, whatever the table says of the permission.
    if user.super_admin && permission.is_given_to(None, true) {
        Ok(InstanceScope { author: None })
    } else {
        Err(ApiError::forbidden("only a super admin of this instance may do that"))
    }
}
