//! Who gets a scope.

use crate::contract::accounts::{new_user, now};
use store::access::{ClientScope, Permission, Role, authorise, require_super_admin};
use store::sqlite::SqliteDatabase;
use store::{AccountStore, Failure};
use telemetry::error::ErrorCode;
use telemetry::report::{ClientId, User};

#[tokio::test]
async fn a_scope_is_for_members_whose_role_suffices() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = SqliteDatabase::open(&folder.path().join("sendry.db")).await.unwrap();
    let user = accounts.create_user(&new_user("ann"), now()).await.unwrap();
    let client = accounts.create_client("one", now()).await.unwrap().id;
    let ask =
        async |user: &User, client, permission| match authorise(&accounts, user, client, permission).await {
            Ok(scope) => Ok((scope.client(), scope.role())),
            Err(Failure::Refused(error)) => Err(error.code),
            Err(Failure::Store(error)) => panic!("{error}"),
        };

    assert_eq!(
        ask(&user, client, Permission::View).await,
        Err(ErrorCode::NotFound),
        "no member sees nothing"
    );
    let table = [
        (Role::Viewer, [true, false, false]),
        (Role::Operator, [true, true, false]),
        (Role::Admin, [true, true, true]),
    ];
    for (role, allowed) in table {
        accounts.set_member(&ClientScope::of_the_instance(client), user.id, role).await.unwrap();
        for (permission, allowed) in
            [Permission::View, Permission::Operate, Permission::Administer].into_iter().zip(allowed)
        {
            let expected = if allowed { Ok((client, role)) } else { Err(ErrorCode::Forbidden) };
            assert_eq!(ask(&user, client, permission).await, expected, "{role:?} {permission:?}");
        }
    }
    let root = User { id: 99, super_admin: true, ..user.clone() };
    assert_eq!(ask(&root, client, Permission::Administer).await, Ok((client, Role::Admin)));
    for user in [&user, &root] {
        assert_eq!(ask(user, ClientId(99), Permission::View).await, Err(ErrorCode::NotFound));
    }
    assert!(require_super_admin(&root).is_ok() && require_super_admin(&user).is_err());
}
