//! Accounts: who may make one, and who may sign in.

use crate::harness::{PASSWORD, SETUP_TOKEN, TestServer, account, publicly};
use reqwest::Method;
use runtime::config::Registration;
use serde_json::json;

fn open(config: &mut runtime::config::Config) {
    config.registration = Registration::Open;
}

#[tokio::test]
async fn onboarding_makes_the_super_admin_and_signs_them_in() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/api/auth/me").await.refused(401).0, "unauthorized");
    let made = server.post("/api/auth/onboard", &account("admin")).await.expect(201);
    assert_eq!(made["user"]["superAdmin"], true);
    assert_eq!(made["user"]["username"], "admin");
    let me = server.get("/api/auth/me").await.expect(200);
    assert_eq!(me, json!({"user": made["user"], "clients": []}));
    assert_eq!(
        server.browser().post("/api/auth/onboard", &account("second")).await.refused(409).0,
        "conflict"
    );
    server.stop().await;
}

#[tokio::test]
async fn of_many_onboardings_at_once_exactly_one_wins() {
    let server = TestServer::start().await;
    let tries = (0..6).map(|n| {
        let browser = server.browser();
        async move { browser.post("/api/auth/onboard", &account(&format!("admin{n}"))).await.status }
    });
    let mut statuses = futures::future::join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn a_server_that_others_can_reach_is_set_up_with_its_token_only() {
    let server = TestServer::start_with(|config| config.addr = "0.0.0.0:0".parse().unwrap()).await;
    let refused = |field: &str| ("forbidden".to_owned(), Some(field.to_owned()));
    assert_eq!(server.post("/api/auth/onboard", &account("admin")).await.refused(403), refused("setupToken"));
    let mut guess = account("admin");
    guess["setupToken"] = json!("0123456789abcdef0123456789abcdef");
    assert_eq!(server.post("/api/auth/onboard", &guess).await.refused(403), refused("setupToken"));
}

#[tokio::test]
async fn a_server_behind_a_proxy_is_set_up_with_its_token_only() {
    // It listens on loopback, and the public URL says that a proxy makes it reachable.
    let server = TestServer::start_with(|config| publicly(config, "https://sendry.test")).await;
    let mut first = account("admin");
    assert_eq!(server.post("/api/auth/onboard", &first).await.refused(403).1.unwrap(), "setupToken");
    first["setupToken"] = json!(SETUP_TOKEN);
    server.post("/api/auth/onboard", &first).await.expect(201);
    // Without a public URL: what a proxy passes on does not come from this machine.
    let server = TestServer::start().await;
    for mark in ["x-forwarded-for", "x-real-ip", "via", "forwarded"] {
        let call = server.request(Method::POST, "/api/auth/onboard").json(&account("admin"));
        assert_eq!(server.send(call.header(mark, "192.0.2.7")).await.refused(403).0, "forbidden");
    }
    server.post("/api/auth/onboard", &account("admin")).await.expect(201);
}

#[tokio::test]
async fn only_a_trusted_proxy_says_where_a_call_comes_from() {
    let guess = async |server: &TestServer, n: u32| {
        let call = server.request(Method::POST, "/api/auth/login");
        let call = call.json(&json!({"username": format!("user{n}"), "password": "not this one"}));
        server.send(call.header("x-forwarded-for", format!("198.51.100.{n}"))).await.status
    };
    let trusting = TestServer::start().await.with_admin().await;
    for n in 0..40 {
        assert_eq!(guess(&trusting, n).await, 401, "another address each time");
    }
    let wary = TestServer::start_with(|config| config.trusted_proxies.clear()).await.with_admin().await;
    let mut statuses = Vec::new();
    for n in 0..40 {
        statuses.push(guess(&wary, n).await);
    }
    assert!(statuses.contains(&429), "all of them come from one address: {statuses:?}");
}

#[tokio::test]
async fn a_page_that_pretends_to_be_local_cannot_set_the_instance_up() {
    let server = TestServer::start().await;
    // DNS rebinding: the page's own name points at us, so its origin and the host agree.
    let call = server.request(Method::POST, "/api/auth/onboard").json(&account("admin"));
    let call = call.header("host", "evil.example:3000").header("origin", "http://evil.example:3000");
    assert_eq!(server.send(call).await.refused(403).0, "forbidden");
    server.post("/api/auth/onboard", &account("admin")).await.expect(201);
}

#[tokio::test]
async fn registration_is_by_invitation_unless_opened() {
    let server = TestServer::start().await.with_admin().await;
    assert_eq!(
        server.browser().post("/api/auth/register", &account("ann")).await.refused(403).0,
        "forbidden"
    );
}

#[tokio::test]
async fn whoever_registers_gets_no_rights_whatever_they_ask_for() {
    let server = TestServer::start_with(open).await;
    // Nobody can be first by registering.
    server.post("/api/auth/register", &account("early")).await.refused(403);
    let server = server.with_admin().await;
    let ann = server.browser();
    let mut wish = account("ann");
    for (name, value) in [
        ("role", json!("admin")),
        ("roles", json!(["admin"])),
        ("superAdmin", json!(true)),
        ("super_admin", json!(true)),
        ("id", json!(1)),
    ] {
        wish[name] = value;
    }
    let made = ann.post("/api/auth/register", &wish).await.expect(201);
    assert_eq!(made["user"]["superAdmin"], false);
    assert_eq!(ann.get("/api/auth/me").await.expect(200)["user"], made["user"]);
    ann.post("/api/clients", &json!({"name": "mine"})).await.refused(403);

    let mut again = account("ANN");
    assert_eq!(ann.post("/api/auth/register", &again).await.refused(409).0, "conflict");
    again["username"] = json!("other");
    assert_eq!(ann.post("/api/auth/register", &again).await.refused(409).0, "conflict");
}

#[tokio::test]
async fn what_is_wrong_with_an_account_is_named() {
    let server = TestServer::start_with(open).await;
    for path in ["/api/auth/onboard", "/api/auth/register"] {
        for (field, value) in [
            ("username", json!("ab")),
            ("username", json!("a b c")),
            ("username", json!("x".repeat(65))),
            ("username", json!(null)),
            ("email", json!("nobody")),
            ("email", json!(format!("{}@example.com", "x".repeat(250)))),
            ("email", json!(["a@example.com"])),
            ("password", json!("1234567")),
            ("password", json!("x".repeat(129))),
            ("password", json!(12345678)),
        ] {
            let mut body = account("admin");
            body[field] = value;
            let reply = server.post(path, &body).await;
            assert_eq!(reply.wrong_field(), field, "{path} {body}");
        }
        for missing in ["username", "email", "password"] {
            let mut body = account("admin");
            body.as_object_mut().unwrap().remove(missing);
            assert_eq!(server.post(path, &body).await.wrong_field(), missing);
        }
        // Each try counts; let them come back before the next round.
        server.advance(60);
        if path == "/api/auth/onboard" {
            server.post("/api/auth/onboard", &account("admin")).await.expect(201);
        }
    }
}

#[tokio::test]
async fn one_signs_in_by_name_or_address_in_any_case() {
    let server = TestServer::start().await.with_admin().await;
    for body in [
        json!({"username": "admin", "password": PASSWORD}),
        json!({"username": " Admin ", "password": PASSWORD}),
        json!({"email": "ADMIN@example.com", "password": PASSWORD}),
        json!({"username": "", "email": "admin@example.com", "password": PASSWORD}),
    ] {
        let browser = server.browser();
        assert_eq!(browser.post("/api/auth/login", &body).await.expect(200)["user"]["username"], "admin");
        assert!(browser.is_signed_in().await);
    }
    assert_eq!(
        server.post("/api/auth/login", &json!({"password": PASSWORD})).await.wrong_field(),
        "username"
    );
    assert_eq!(server.post("/api/auth/login", &json!({"username": "admin"})).await.wrong_field(), "password");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let server = TestServer::start().await.with_admin().await;
    let browser = server.browser();
    let wrong = browser.log_in("admin", "correct horse batterz").await;
    let unknown = browser.log_in("nobody", "correct horse batterz").await;
    let overlong = browser.log_in("admin", &format!("{PASSWORD}{}", "x".repeat(1_000))).await;
    assert_eq!(wrong.refused(401), ("unauthorized".to_owned(), None));
    assert_eq!((wrong.status, &wrong.text), (unknown.status, &unknown.text));
    assert_eq!((wrong.status, &wrong.text), (overlong.status, &overlong.text));
    assert!(wrong.cookies().is_empty() && unknown.cookies().is_empty());
}

#[tokio::test]
async fn guessing_is_slowed_down_and_nobody_is_locked_out() {
    let server = TestServer::start().await.with_admin().await;
    // Setting up was a call of this address too.
    server.advance(60);
    let attacker = server.browser();
    for _ in 0..10 {
        attacker.log_in("admin", "a wrong guess").await.refused(401);
    }
    for name in ["admin", "ADMIN"] {
        let slowed = attacker.log_in(name, "a wrong guess").await;
        assert_eq!(slowed.refused(429).0, "limited");
        assert_eq!(slowed.header("retry-after"), "6");
    }
    // Also with the right password, so that the limit tells nothing.
    attacker.log_in("admin", PASSWORD).await.refused(429);

    // The user, at another address, is let in meanwhile.
    let body = json!({"username": "admin", "password": PASSWORD});
    let user = server.browser();
    let call =
        user.request(Method::POST, "/api/auth/login").header("x-forwarded-for", "192.0.2.1").json(&body);
    user.send(call).await.expect(200);

    // An address that goes through many names is slowed down too, and names that do not exist count as others.
    for n in 0..20 {
        attacker.log_in(&format!("nobody{n}"), "a wrong guess").await.refused(401);
    }
    attacker.log_in("somebody", "a wrong guess").await.refused(429);

    server.advance(6);
    attacker.log_in("admin", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn signing_in_rightly_is_not_slowed_down() {
    let server = TestServer::start().await.with_admin().await;
    for _ in 0..35 {
        server.browser().log_in("admin", PASSWORD).await.expect(200);
    }
}

#[tokio::test]
async fn a_password_that_is_guessed_at_once_is_refused() {
    let server = TestServer::start().await.with_admin().await;
    for weak in
        ["password1", "12345678", "qwertyuiop", "sendry123", "admin@example.com", "aaaaaaaaaaaaaaaaaaaaaaaa"]
    {
        let wish = json!({"current": PASSWORD, "password": weak});
        let reply = server.post("/api/auth/password", &wish).await;
        assert_eq!(reply.wrong_field(), "password", "{weak}");
        assert!(reply.text.contains("harder to guess") && !reply.text.contains(weak), "{}", reply.text);
    }
    server.log_in("admin", PASSWORD).await.expect(200);
}
