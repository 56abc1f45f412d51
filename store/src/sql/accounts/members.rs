//! Members: which users belong to a client, and in which role.
//!
//! The rule: of the admins of a client who can sign in, the last one stays. Whoever takes one away (by removing, by a
//! weaker role, by disabling) does so in a turn, so that of two at the same time the second sees the first.

use super::dialect::{Connection, Connections, begin, readers, take_turn};
use super::{audit, users};
use crate::access::{ClientScope, Role};
use crate::accounts::ClientMembership;
use crate::error::StoreError;
use sqlx::Row as _;
use telemetry::report::ClientId;
use telemetry::report::accounts::Member;

/// The turn of those who may take an admin away.
pub(super) const ADMINS: &str = "admins of a client";

pub(super) async fn role_in(
    connections: &Connections,
    user: i64,
    client: ClientId,
) -> Result<ClientMembership, StoreError> {
    let row = sqlx::query(include_str!("queries/members/role.sql"))
        .bind(client.0)
        .bind(user)
        .fetch_optional(readers(connections).await?)
        .await?;
    let Some(row) = row else { return Ok(ClientMembership { exists: false, role: None }) };
    let role = row.try_get::<Option<&str>, _>(0)?.map(read_role).transpose()?;
    Ok(ClientMembership { exists: true, role })
}

pub(super) async fn list(connections: &Connections, scope: &ClientScope) -> Result<Vec<Member>, StoreError> {
    let rows = sqlx::query(include_str!("queries/members/list.sql"))
        .bind(scope.client().0)
        .fetch_all(readers(connections).await?)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Member {
                user: users::read(row)?,
                role: read_role(row.try_get("role")?)?,
                disabled: row.try_get("disabled")?,
            })
        })
        .collect()
}

pub(super) async fn set(
    connections: &Connections,
    scope: &ClientScope,
    user: i64,
    role: Role,
) -> Result<(), StoreError> {
    let mut transaction = begin(connections).await?;
    take_turn(&mut transaction, ADMINS).await?;
    let before = standing(&mut transaction, scope.client(), user).await?;
    put(&mut transaction, scope.client(), user, role).await?;
    settle(&mut transaction, scope, user, before, role).await?;
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn change(
    connections: &Connections,
    scope: &ClientScope,
    user: i64,
    role: Role,
) -> Result<bool, StoreError> {
    let mut transaction = begin(connections).await?;
    take_turn(&mut transaction, ADMINS).await?;
    let before = standing(&mut transaction, scope.client(), user).await?;
    if before.is_none() {
        return Ok(false);
    }
    put(&mut transaction, scope.client(), user, role).await?;
    settle(&mut transaction, scope, user, before, role).await?;
    transaction.commit().await?;
    Ok(true)
}

pub(super) async fn remove(
    connections: &Connections,
    scope: &ClientScope,
    user: i64,
) -> Result<bool, StoreError> {
    let mut transaction = begin(connections).await?;
    take_turn(&mut transaction, ADMINS).await?;
    let before = standing(&mut transaction, scope.client(), user).await?;
    let Some(standing) = before else { return Ok(false) };
    sqlx::query(r#"DELETE FROM members WHERE client = $1 AND "user" = $2"#)
        .bind(scope.client().0)
        .bind(user)
        .execute(&mut *transaction)
        .await?;
    if standing.counts() {
        keep_an_admin(&mut transaction, scope.client()).await?;
    }
    let author = scope.author();
    audit::write(&mut transaction, author, Some(scope.client()), "member.removed", &standing.name).await?;
    transaction.commit().await?;
    Ok(true)
}

/// A member as they are before a change.
pub(super) struct Standing {
    pub(super) name: String,
    pub(super) role: Role,
    disabled: bool,
}

impl Standing {
    /// Whether they are one of the admins of whom the last stays.
    fn counts(&self) -> bool {
        self.role == Role::Admin && !self.disabled
    }
}

pub(super) async fn standing(
    connection: &mut Connection,
    client: ClientId,
    user: i64,
) -> Result<Option<Standing>, StoreError> {
    let row = sqlx::query(include_str!("queries/members/standing.sql"))
        .bind(client.0)
        .bind(user)
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        Ok(Standing {
            name: row.try_get("username")?,
            role: read_role(row.try_get("role")?)?,
            disabled: row.try_get("disabled")?,
        })
    })
    .transpose()
}

pub(super) async fn put(
    connection: &mut Connection,
    client: ClientId,
    user: i64,
    role: Role,
) -> Result<(), StoreError> {
    sqlx::query(include_str!("queries/members/set.sql"))
        .bind(client.0)
        .bind(user)
        .bind(role.word())
        .execute(connection)
        .await?;
    Ok(())
}

/// What has to be true, and to be written down, after somebody's role was put.
async fn settle(
    connection: &mut Connection,
    scope: &ClientScope,
    user: i64,
    before: Option<Standing>,
    role: Role,
) -> Result<(), StoreError> {
    let client = scope.client();
    if before.as_ref().is_some_and(Standing::counts) && role != Role::Admin {
        keep_an_admin(connection, client).await?;
    }
    if scope.author().is_none() {
        return Ok(());
    }
    let (action, target) = match before {
        Some(before) => {
            ("member.changed", format!("{}: {} → {}", before.name, before.role.word(), role.word()))
        }
        None => {
            let name: Option<String> = sqlx::query_scalar("SELECT username FROM users WHERE id = $1")
                .bind(user)
                .fetch_optional(&mut *connection)
                .await?;
            ("member.added", format!("{}: {}", name.unwrap_or_default(), role.word()))
        }
    };
    audit::write(connection, scope.author(), Some(client), action, &target).await
}

async fn keep_an_admin(connection: &mut Connection, client: ClientId) -> Result<(), StoreError> {
    let left: i64 = sqlx::query_scalar(include_str!("queries/members/admins.sql"))
        .bind(client.0)
        .fetch_one(connection)
        .await?;
    if left == 0 { Err(StoreError::LastAdmin) } else { Ok(()) }
}

pub(super) fn read_role(text: &str) -> Result<Role, StoreError> {
    Role::of_word(text).ok_or_else(|| StoreError::Damaged(format!("there is no role {text:?}")))
}
