//! One-time links: who gets in by them, once, and what they are worth afterwards.

use crate::harness::{Browser, PASSWORD, TestServer, account};
use reqwest::Method;
use runtime::config::Registration;
use serde_json::{Value, json};
use store::access::Role;

const DAY: i64 = 24 * 60 * 60;

/// What follows the `#` of a link.
fn token(link: &Value) -> String {
    let (page, token) = link["link"].as_str().unwrap().split_once('#').unwrap();
    assert!(page.starts_with("http://127.0.0.1:") && !page.contains('?'), "{page}");
    token.to_owned()
}

async fn invite(browser: &Browser, client: i64, role: &str) -> Value {
    let wish = json!({"name": "a guest", "role": role});
    browser.post(&format!("/api/clients/{client}/invitations"), &wish).await.expect(201)
}

fn accepting(token: &str, username: &str) -> Value {
    let mut body = account(username);
    body["token"] = json!(token);
    body
}

#[tokio::test]
async fn an_invitation_makes_an_account_with_its_role_and_no_other() {
    let server = TestServer::start().await.with_admin().await;
    let shop = server.with_key("shop").await;
    let made = invite(&server, shop.client, "viewer").await;
    assert_eq!((&made["madeBy"], &made["role"]), (&json!("admin"), &json!("viewer")));
    let token = token(&made);
    let guest = server.browser();
    let offer = guest.post("/api/auth/invitation", &json!({"token": token})).await.expect(200);
    assert_eq!((&offer["client"]["name"], &offer["role"]), (&json!("shop"), &json!("viewer")));

    let mut wish = accepting(&token, "guest");
    wish["role"] = json!("admin");
    wish["superAdmin"] = json!(true);
    let user = guest.post("/api/auth/accept", &wish).await.expect(201);
    assert_eq!(user["user"]["superAdmin"], false);
    let members = guest.get(&format!("/api/clients/{}/members", shop.client)).await.expect(200);
    assert_eq!(members["members"][0]["role"], "viewer");
    guest.post(&format!("/api/clients/{}/keys", shop.client), &json!({"name": "mine"})).await.refused(403);
    // It worked once.
    let second = server.browser();
    second.post("/api/auth/accept", &accepting(&token, "second")).await.refused(404);
    second.post("/api/auth/invitation", &json!({"token": token})).await.refused(404);
    // Of the token only a digest is stored, and it stands in no list.
    let list = server.get(&format!("/api/clients/{}/invitations", shop.client)).await;
    assert_eq!(list.expect(200)["invitations"], json!([]));
    for file in std::fs::read_dir(server.data()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let found = bytes.windows(token.len()).any(|window| window == token.as_bytes());
        assert!(!found, "the token lies in a file");
    }
}

#[tokio::test]
async fn who_has_an_account_joins_with_it() {
    let server = TestServer::start_with(|config| config.registration = Registration::Open).await;
    let server = server.with_admin().await;
    let (shop, own) = (server.with_key("shop").await, server.with_key("own").await);
    let ann = server.with_member("ann", &[(own.client, Role::Admin)]).await;
    let link = token(&invite(&server, shop.client, "operator").await);
    ann.post("/api/auth/accept", &json!({"token": link})).await.expect(200);
    let clients = ann.get("/api/clients").await.expect(200);
    assert_eq!(clients["clients"].as_array().unwrap().len(), 2);
    ann.get(&format!("/api/clients/{}/audit", shop.client)).await.refused(403);
    ann.post("/api/auth/accept", &json!({"token": link})).await.refused(404);
}

#[tokio::test]
async fn an_invitation_is_worth_nothing_once_it_is_over() {
    let server = TestServer::start().await.with_admin().await;
    let shop = server.with_key("shop").await;
    let (late, withdrawn) =
        (invite(&server, shop.client, "viewer").await, invite(&server, shop.client, "viewer").await);
    let path = format!("/api/clients/{}/invitations/{}", shop.client, withdrawn["id"]);
    server.delete(&path).await.expect(204);
    server.delete(&path).await.refused(404);
    let guest = server.browser();
    let over = guest.post("/api/auth/accept", &accepting(&token(&withdrawn), "guest")).await;
    over.refused(404);
    server.advance(7 * DAY);
    // One answer for all that can be wrong with a link; nothing was made.
    for token in [token(&late), "A".repeat(43), "short".to_owned()] {
        let reply = guest.post("/api/auth/accept", &accepting(&token, "guest")).await;
        assert_eq!((reply.status, &reply.text), (over.status, &over.text));
        let reply = guest.post("/api/auth/reset", &json!({"token": token, "password": PASSWORD})).await;
        assert_eq!((reply.status, &reply.text), (over.status, &over.text));
    }
    guest.log_in("guest", PASSWORD).await.refused(401);
}

#[tokio::test]
async fn where_registration_is_off_nobody_new_comes_in() {
    let server = TestServer::start_with(|config| config.registration = Registration::Off).await;
    let server = server.with_admin().await;
    let shop = server.with_key("shop").await;
    let link = token(&invite(&server, shop.client, "viewer").await);
    let guest = server.browser();
    guest.post("/api/auth/register", &account("guest")).await.refused(403);
    guest.post("/api/auth/accept", &accepting(&link, "guest")).await.refused(403);
    // Who has an account may still join.
    server.post("/api/auth/accept", &json!({"token": link})).await.expect(200);
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_from_an_address_by_nothing() {
    let server = TestServer::start_with(|config| config.registration = Registration::Open).await;
    let server = server.with_admin().await;
    let shop = server.with_key("shop").await;
    let link = token(&invite(&server, shop.client, "viewer").await);
    let guest = server.browser();
    let (mut name, mut address) = (account("admin"), account("fresh"));
    name["email"] = json!("fresh@example.com");
    address["email"] = json!("admin@example.com");
    let by_name = guest.post("/api/auth/register", &name).await;
    let by_address = guest.post("/api/auth/register", &address).await;
    assert_eq!(by_name.refused(409).0, "conflict");
    assert_eq!(by_name.text, by_address.text);
    for mut body in [name, address] {
        body["token"] = json!(link);
        assert_eq!(guest.post("/api/auth/accept", &body).await.text, by_name.text);
    }
    // The invitation is still good.
    guest.post("/api/auth/accept", &accepting(&link, "guest")).await.expect(201);
}

#[tokio::test]
async fn links_cannot_be_guessed_without_being_slowed_down() {
    let server = TestServer::start().await.with_admin().await;
    server.advance(60);
    let guest = server.browser();
    let guess = json!({"token": "A".repeat(43), "password": PASSWORD});
    let mut statuses = Vec::new();
    for n in 0..31 {
        let path = ["/api/auth/invitation", "/api/auth/accept", "/api/auth/reset"][n % 3];
        statuses.push(guest.post(path, &guess).await.status);
    }
    assert!(statuses[..30].iter().all(|status| *status == 404), "{statuses:?}");
    assert_eq!(statuses[30], 429);
}

#[tokio::test]
async fn a_reset_link_lets_its_user_choose_a_password_once() {
    let server = TestServer::start_with(|config| config.registration = Registration::Open).await;
    let server = server.with_admin().await;
    let ann = server.with_member("ann", &[]).await;
    let id = ann.get("/api/auth/me").await.expect(200)["user"]["id"].clone();
    let make = format!("/api/users/{id}/reset");
    ann.post(&make, &json!({})).await.refused(403);
    let (link, other) = (
        token(&server.post(&make, &json!({})).await.expect(201)),
        token(&server.post(&make, &json!({})).await.expect(201)),
    );
    server.post("/api/users/999/reset", &json!({})).await.refused(404);
    assert!(ann.is_signed_in().await, "until it is used nothing changes");
    let guest = server.browser();
    let short = guest.post("/api/auth/reset", &json!({"token": link, "password": "short"})).await;
    assert_eq!(short.wrong_field(), "password");
    let body = json!({"token": link, "password": "another good password"});
    guest.post("/api/auth/reset", &body).await.expect(204);
    guest.post("/api/auth/reset", &body).await.refused(404);
    let body = json!({"token": other, "password": "another good password"});
    guest.post("/api/auth/reset", &body).await.refused(404);
    assert!(!ann.is_signed_in().await, "sessions end");
    ann.log_in("ann", PASSWORD).await.refused(401);
    ann.log_in("ann", "another good password").await.expect(200);

    let late = token(&server.post(&make, &json!({})).await.expect(201));
    server.advance(DAY);
    let body = json!({"token": late, "password": "a third good password"});
    guest.post("/api/auth/reset", &body).await.refused(404);
}

#[tokio::test]
async fn roles_change_at_once_and_the_last_admin_stays() {
    let server = TestServer::start_with(|config| config.registration = Registration::Open).await;
    let server = server.with_admin().await;
    let shop = server.with_key("shop").await;
    let ann = server.with_member("ann", &[(shop.client, Role::Admin)]).await;
    let bob = server.with_member("bob", &[]).await;
    let id = async |browser: &Browser| browser.get("/api/auth/me").await.expect(200)["user"]["id"].clone();
    let (ann_id, bob_id) = (id(&ann).await, id(&bob).await);
    let members = format!("/api/clients/{}/members", shop.client);
    let set = async |browser: &Browser, user: &Value, role: &str| {
        let call = browser.request(Method::PATCH, &format!("{members}/{user}")).json(&json!({"role": role}));
        browser.send(call).await
    };
    // Admins of a client know its members only: they invite, and only a super admin adds whom they like.
    ann.post(&members, &json!({"user": bob_id, "role": "viewer"})).await.refused(403);
    set(&ann, &bob_id, "viewer").await.refused(404);
    server.post(&members, &json!({"user": bob_id, "role": "viewer"})).await.expect(204);
    for (body, field) in [
        (json!({"role": "viewer"}), "user"),
        (json!({"user": 999, "role": "viewer"}), "user"),
        (json!({"user": bob_id, "role": "root"}), "role"),
        (json!({"user": bob_id}), "role"),
    ] {
        assert_eq!(server.post(&members, &body).await.wrong_field(), field, "{body}");
    }
    // Nobody raises themselves.
    set(&bob, &bob_id, "admin").await.refused(403);
    assert_eq!(set(&ann, &ann_id, "viewer").await.refused(409).0, "conflict");
    ann.delete(&format!("{members}/{ann_id}")).await.refused(409);
    set(&ann, &bob_id, "admin").await.expect(204);
    set(&bob, &ann_id, "operator").await.expect(204);
    ann.get(&format!("/api/clients/{}/audit", shop.client)).await.refused(403);
    bob.delete(&format!("{members}/{ann_id}")).await.expect(204);
    ann.get(&members).await.refused(404);
}
