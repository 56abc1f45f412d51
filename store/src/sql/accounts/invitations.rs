//! Invitations: one-time links into a client.
//!
//! The rule: whoever uses one deletes its row first, in the transaction that makes the member: so it works once, and
//! what fails leaves it good.

use super::dialect::{Connection, Connections, Row, begin, readers, take_turn};
use super::{audit, members, milliseconds, users};
use crate::access::{Author, ClientScope};
use crate::accounts::{NewInvitationRecord, NewUser};
use crate::error::StoreError;
use jiff::Timestamp;
use sqlx::Row as _;
use std::net::IpAddr;
use telemetry::report::accounts::{Invitation, Offer, Role};
use telemetry::report::{Client, ClientId, User};
use telemetry::time::from_millisecond;

pub(super) async fn create(
    connections: &Connections,
    scope: &ClientScope,
    invitation: &NewInvitationRecord,
) -> Result<Invitation, StoreError> {
    let made_by = scope.author().map_or("", |author| author.name.as_str());
    let mut transaction = begin(connections).await?;
    let id: i64 = sqlx::query_scalar(include_str!("queries/invitations/insert.sql"))
        .bind(&invitation.digest[..])
        .bind(scope.client().0)
        .bind(invitation.role.word())
        .bind(&invitation.name)
        .bind(made_by)
        .bind(milliseconds(invitation.created_at))
        .bind(milliseconds(invitation.expires_at))
        .fetch_one(&mut *transaction)
        .await?;
    let target = format!("{}: {}", invitation.name, invitation.role.word());
    audit::write(&mut transaction, scope.author(), Some(scope.client()), "invitation.made", &target).await?;
    transaction.commit().await?;
    Ok(Invitation {
        id,
        name: invitation.name.clone(),
        role: invitation.role,
        made_by: made_by.to_owned(),
        created_at: invitation.created_at,
        expires_at: invitation.expires_at,
    })
}

pub(super) async fn list(
    connections: &Connections,
    scope: &ClientScope,
    now: Timestamp,
) -> Result<Vec<Invitation>, StoreError> {
    let rows = sqlx::query(include_str!("queries/invitations/list.sql"))
        .bind(scope.client().0)
        .bind(milliseconds(now))
        .fetch_all(readers(connections).await?)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Invitation {
                id: row.try_get("id")?,
                name: row.try_get("name")?,
                role: members::read_role(row.try_get("role")?)?,
                made_by: row.try_get("made_by")?,
                created_at: from_millisecond(row.try_get("created_at")?),
                expires_at: from_millisecond(row.try_get("expires_at")?),
            })
        })
        .collect()
}

pub(super) async fn withdraw(
    connections: &Connections,
    scope: &ClientScope,
    id: i64,
) -> Result<bool, StoreError> {
    let mut transaction = begin(connections).await?;
    let name: Option<String> =
        sqlx::query_scalar("DELETE FROM invitations WHERE client = $1 AND id = $2 RETURNING name")
            .bind(scope.client().0)
            .bind(id)
            .fetch_optional(&mut *transaction)
            .await?;
    let Some(name) = name else { return Ok(false) };
    let client = Some(scope.client());
    audit::write(&mut transaction, scope.author(), client, "invitation.withdrawn", &name).await?;
    transaction.commit().await?;
    Ok(true)
}

pub(super) async fn offer(
    connections: &Connections,
    digest: [u8; 32],
    now: Timestamp,
) -> Result<Option<Offer>, StoreError> {
    let row = sqlx::query(include_str!("queries/invitations/offer.sql"))
        .bind(&digest[..])
        .bind(milliseconds(now))
        .fetch_optional(readers(connections).await?)
        .await?;
    row.as_ref().map(read_offer).transpose()
}

pub(super) async fn accept_as_new(
    connections: &Connections,
    digest: [u8; 32],
    user: &NewUser,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<Option<User>, StoreError> {
    let mut transaction = begin(connections).await?;
    let Some(offer) = take(&mut transaction, digest, now).await? else { return Ok(None) };
    let user = users::insert_into(&mut transaction, user, now).await?;
    members::put(&mut transaction, offer.client.id, user.id, offer.role).await?;
    let author = Author { user: Some(user.id), name: user.username.clone(), address, at: now };
    write(&mut transaction, &author, offer.client.id, offer.role).await?;
    transaction.commit().await?;
    Ok(Some(user))
}

pub(super) async fn accept(
    connections: &Connections,
    digest: [u8; 32],
    author: &Author,
    user: i64,
) -> Result<Option<Offer>, StoreError> {
    let mut transaction = begin(connections).await?;
    // Before any row is held: as whoever changes a role does.
    take_turn(&mut transaction, members::ADMINS).await?;
    let Some(offer) = take(&mut transaction, digest, author.at).await? else { return Ok(None) };
    let held = members::standing(&mut transaction, offer.client.id, user).await?;
    let role = held.map_or(offer.role, |held| held.role.max(offer.role));
    members::put(&mut transaction, offer.client.id, user, role).await?;
    write(&mut transaction, author, offer.client.id, role).await?;
    transaction.commit().await?;
    Ok(Some(Offer { role, ..offer }))
}

/// Uses an invitation up.
async fn take(
    connection: &mut Connection,
    digest: [u8; 32],
    now: Timestamp,
) -> Result<Option<Offer>, StoreError> {
    let row = sqlx::query(include_str!("queries/invitations/offer.sql"))
        .bind(&digest[..])
        .bind(milliseconds(now))
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    // Of several who read it, one deletes it.
    let taken = sqlx::query("DELETE FROM invitations WHERE digest = $1")
        .bind(&digest[..])
        .execute(connection)
        .await?
        .rows_affected();
    if taken == 1 { read_offer(&row).map(Some) } else { Ok(None) }
}

async fn write(
    connection: &mut Connection,
    author: &Author,
    client: ClientId,
    role: Role,
) -> Result<(), StoreError> {
    audit::write(connection, Some(author), Some(client), "invitation.accepted", role.word()).await
}

fn read_offer(row: &Row) -> Result<Offer, StoreError> {
    Ok(Offer {
        client: Client {
            id: ClientId(row.try_get("id")?),
            name: row.try_get("name")?,
            created_at: from_millisecond(row.try_get("created_at")?),
        },
        role: members::read_role(row.try_get("role")?)?,
        expires_at: from_millisecond(row.try_get("expires_at")?),
    })
}
