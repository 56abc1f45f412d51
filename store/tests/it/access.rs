//! Who gets a scope: the table of `access::Permission`, walked whole.

use crate::contract::accounts::{new_user, now};
use store::access::{ClientScope, InstanceScope, Needs, Permission, Role, authorise, require};
use store::sqlite::SqliteDatabase;
use store::{AccountStore, Failure};
use telemetry::error::ErrorCode;
use telemetry::report::{ClientId, User};

/// What each needs, said a second time: a change of the table is a change here.
const TABLE: [(Permission, Needs); 17] = [
    (Permission::View, Needs::Role(Role::Viewer)),
    (Permission::SeeKeys, Needs::Role(Role::Viewer)),
    (Permission::SeeMembers, Needs::Role(Role::Viewer)),
    (Permission::Operate, Needs::Role(Role::Operator)),
    (Permission::ManageKeys, Needs::Role(Role::Admin)),
    (Permission::ManageMembers, Needs::Role(Role::Admin)),
    (Permission::SeeAudit, Needs::Role(Role::Admin)),
    (Permission::Administer, Needs::Role(Role::Admin)),
    (Permission::MakeClients, Needs::SuperAdmin),
    (Permission::AddMembers, Needs::SuperAdmin),
    (Permission::SeeUsers, Needs::SuperAdmin),
    (Permission::ManageUsers, Needs::SuperAdmin),
    (Permission::SeeInstanceAudit, Needs::SuperAdmin),
    (Permission::ManageSigningKeys, Needs::SuperAdmin),
    (Permission::ManageEdges, Needs::SuperAdmin),
    (Permission::SeePipeline, Needs::SuperAdmin),
    (Permission::ReplayDeadLetters, Needs::SuperAdmin),
];

#[tokio::test]
async fn a_scope_is_for_those_whose_role_suffices() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = SqliteDatabase::open(&folder.path().join("sendry.db")).await.unwrap();
    let user = accounts.create_user(&new_user("ann"), now()).await.unwrap();
    let other = accounts.create_user(&new_user("admin"), now()).await.unwrap();
    let client = accounts.create_client(&InstanceScope::of_the_instance(), "one", now()).await.unwrap().id;
    let scope = ClientScope::of_the_instance(client);
    // Somebody who stays admin, so that the other may become less.
    accounts.set_member(&scope, other.id, Role::Admin).await.unwrap();
    let ask =
        async |user: &User, client, permission| match authorise(&accounts, user, client, permission).await {
            Ok(scope) => Ok((scope.client(), scope.role())),
            Err(Failure::Refused(error)) => Err(error.code),
            Err(Failure::Store(error)) => panic!("{error}"),
        };

    let root = User { id: 99, super_admin: true, ..user.clone() };
    for (permission, needs) in TABLE {
        assert_eq!(permission.needs(), needs, "{permission:?}");
        accounts.remove_member(&scope, user.id).await.unwrap();
        assert_eq!(ask(&user, client, permission).await, Err(ErrorCode::NotFound), "no member sees nothing");
        for role in Role::ALL {
            accounts.set_member(&scope, user.id, role).await.unwrap();
            let suffices = matches!(needs, Needs::Role(needed) if role >= needed);
            let expected = if suffices { Ok((client, role)) } else { Err(ErrorCode::Forbidden) };
            assert_eq!(ask(&user, client, permission).await, expected, "{role:?} {permission:?}");
            assert!(require(&user, permission).is_err(), "a role is not the instance's");
        }
        assert_eq!(ask(&root, client, permission).await, Ok((client, Role::Admin)));
        assert!(require(&root, permission).is_ok());
        for user in [&user, &root] {
            assert_eq!(ask(user, ClientId(99), permission).await, Err(ErrorCode::NotFound));
        }
    }
}
