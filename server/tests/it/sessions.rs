//! Sessions: how their cookies look, how long they last, how they end, and who may not use them.

use crate::harness::{Browser, PASSWORD, Reply, TestServer, publicly};
use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::json;

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

/// A call with just these cookies.
async fn with_cookies(browser: &Browser, method: Method, path: &str, cookies: &[(&str, &str)]) -> Reply {
    let cookies: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    browser.send(browser.request(method, path).header(COOKIE, cookies.join("; "))).await
}

/// Signs in; the access and the refresh token.
async fn tokens(server: &TestServer) -> (String, String) {
    let reply = server.browser().log_in("admin", PASSWORD).await;
    reply.expect(200);
    (reply.cookie("sendry_access").unwrap(), reply.cookie("sendry_refresh").unwrap())
}

#[tokio::test]
async fn cookies_on_http_have_plain_names() {
    let server = TestServer::start().await;
    let reply = server.set_up().await;
    let cookies = reply.cookies();
    assert_eq!(cookies.len(), 2);
    assert!(
        cookies[0].starts_with("sendry_access=") && cookies[1].starts_with("sendry_refresh="),
        "{cookies:?}"
    );
    assert!(cookies[0].ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=900"), "{cookies:?}");
    assert!(cookies[1].ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=1209600"), "{cookies:?}");
    assert_eq!(reply.header("cache-control"), "no-store");
}

#[tokio::test]
async fn cookies_on_https_are_bound_to_the_host() {
    let server = TestServer::start_with(|config| publicly(config, "https://sendry.test/")).await;
    let reply = server.set_up().await;
    reply.expect(201);
    let cookies = reply.cookies();
    assert!(
        cookies[0].starts_with("__Host-sendry_access=") && cookies[1].starts_with("__Host-sendry_refresh=")
    );
    for cookie in &cookies {
        assert!(cookie.contains("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age="), "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let access = reply.cookie("__Host-sendry_access").unwrap();
    let browser = server.browser();
    with_cookies(&browser, Method::GET, "/api/auth/me", &[("__Host-sendry_access", &access)])
        .await
        .expect(200);
    // The name that any page of the host could set means nothing here.
    with_cookies(&browser, Method::GET, "/api/auth/me", &[("sendry_access", &access)]).await.refused(401);

    let call = browser.request(Method::POST, "/api/auth/logout").header("origin", "https://sendry.test");
    browser.send(call).await.expect(204);
    let call = browser.request(Method::POST, "/api/auth/logout").header("origin", "http://sendry.test");
    browser.send(call).await.refused(403);
}

#[tokio::test]
async fn an_expired_access_token_is_renewed_by_the_refresh_token() {
    let server = TestServer::start().await.with_admin().await;
    let (access, refresh) = tokens(&server).await;
    let browser = server.browser();
    server.advance(16 * MINUTE);
    with_cookies(&browser, Method::GET, "/api/auth/me", &[("sendry_access", &access)]).await.refused(401);
    let both = [("sendry_access", access.as_str()), ("sendry_refresh", refresh.as_str())];
    let reply = with_cookies(&browser, Method::GET, "/api/auth/me", &both).await;
    reply.expect(200);
    assert_eq!(reply.cookies().len(), 1, "the refresh token stays");
    let renewed = reply.cookie("sendry_access").unwrap();
    with_cookies(&browser, Method::GET, "/api/auth/me", &[("sendry_access", &renewed)]).await.expect(200);
    // And again with the same refresh token: a page asks for several things at once.
    with_cookies(&browser, Method::GET, "/api/auth/me", &both).await.expect(200);
}

#[tokio::test]
async fn refreshing_replaces_the_token_and_the_old_one_ends_the_session() {
    let server = TestServer::start().await.with_admin().await;
    let (_, first) = tokens(&server).await;
    let browser = server.browser();
    let refresh = async |token: &str| {
        with_cookies(&browser, Method::POST, "/api/auth/refresh", &[("sendry_refresh", token)]).await
    };
    let reply = refresh(&first).await;
    assert_eq!(reply.expect(200)["user"]["username"], "admin");
    let (access, second) = (reply.cookie("sendry_access").unwrap(), reply.cookie("sendry_refresh").unwrap());
    assert_ne!(first, second);

    // A second tab that was on its way is served, and gets no token of its own.
    let late = refresh(&first).await;
    late.expect(200);
    assert_eq!(late.cookie("sendry_refresh"), None);

    server.advance(5 * MINUTE);
    with_cookies(&browser, Method::GET, "/api/auth/me", &[("sendry_access", &access)]).await.expect(200);
    let stolen = refresh(&first).await;
    stolen.refused(401);
    assert_eq!(stolen.cookie("sendry_access").as_deref(), Some(""));
    assert_eq!(stolen.cookie("sendry_refresh").as_deref(), Some(""));
    // Everybody is out, at once: also whoever holds the current tokens.
    with_cookies(&browser, Method::GET, "/api/auth/me", &[("sendry_access", &access)]).await.refused(401);
    refresh(&second).await.refused(401);
}

#[tokio::test]
async fn a_replaced_token_ends_the_session_wherever_it_turns_up() {
    let server = TestServer::start().await.with_admin().await;
    let (_, first) = tokens(&server).await;
    let browser = server.browser();
    let reply =
        with_cookies(&browser, Method::POST, "/api/auth/refresh", &[("sendry_refresh", &first)]).await;
    let second = reply.cookie("sendry_refresh").unwrap();
    server.advance(5 * MINUTE);
    with_cookies(&browser, Method::GET, "/api/auth/me", &[("sendry_refresh", &first)]).await.refused(401);
    with_cookies(&browser, Method::GET, "/api/auth/me", &[("sendry_refresh", &second)]).await.refused(401);
}

#[tokio::test]
async fn what_was_never_handed_out_refreshes_nothing() {
    let server = TestServer::start().await.with_admin().await;
    let (access, _) = tokens(&server).await;
    let browser = server.browser();
    browser.post("/api/auth/refresh", &json!({})).await.refused(401);
    for junk in ["", "x", &"A".repeat(43), &access] {
        with_cookies(&browser, Method::POST, "/api/auth/refresh", &[("sendry_refresh", junk)])
            .await
            .refused(401);
    }
    let (head, signature) = access.rsplit_once('.').unwrap();
    for junk in [head.to_owned(), format!("{head}."), format!("{head}.{}", "A".repeat(signature.len()))] {
        with_cookies(&browser, Method::GET, "/api/auth/me", &[("sendry_access", &junk)]).await.refused(401);
    }
}

#[tokio::test]
async fn a_session_in_use_lasts_thirty_days() {
    let server = TestServer::start().await.with_admin().await;
    // The first visit of a day brings a new refresh token.
    server.advance(DAY);
    let visit = server.get("/api/auth/me").await;
    visit.expect(200);
    assert!(visit.cookie("sendry_refresh").is_some_and(|token| !token.is_empty()));
    assert!(server.get("/api/auth/me").await.cookies().is_empty(), "the second one does not");
    for day in 2..30 {
        server.advance(DAY);
        assert!(server.is_signed_in().await, "day {day}");
    }
    server.advance(DAY);
    assert!(!server.is_signed_in().await);
}

#[tokio::test]
async fn a_session_that_nobody_uses_lasts_two_weeks() {
    let server = TestServer::start().await.with_admin().await;
    let (_, used) = tokens(&server).await;
    let (_, idle) = tokens(&server).await;
    let browser = server.browser();
    server.advance(14 * DAY - MINUTE);
    with_cookies(&browser, Method::GET, "/api/auth/me", &[("sendry_refresh", &used)]).await.expect(200);
    server.advance(MINUTE);
    for (method, path) in [(Method::POST, "/api/auth/refresh"), (Method::GET, "/api/auth/me")] {
        with_cookies(&browser, method, path, &[("sendry_refresh", &idle)]).await.refused(401);
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_at_once_and_only_that_one() {
    let server = TestServer::start().await.with_admin().await;
    let (access, refresh) = tokens(&server).await;
    let browser = server.browser();
    let both = [("sendry_access", access.as_str()), ("sendry_refresh", refresh.as_str())];
    let reply = with_cookies(&browser, Method::POST, "/api/auth/logout", &both).await;
    reply.expect(204);
    assert!(reply.cookies().iter().all(|cookie| cookie.contains("Max-Age=0")) && reply.cookies().len() == 2);
    // A copy of the cookies is worth nothing from now on.
    with_cookies(&browser, Method::GET, "/api/auth/me", &both).await.refused(401);
    with_cookies(&browser, Method::POST, "/api/auth/refresh", &both).await.refused(401);
    assert!(server.is_signed_in().await, "another session of the same user goes on");
    // Without a session there is nothing to end.
    server.browser().post("/api/auth/logout", &json!({})).await.expect(204);
}

#[tokio::test]
async fn signing_out_with_an_expired_access_token_ends_the_session_too() {
    let server = TestServer::start().await.with_admin().await;
    let (_, refresh) = tokens(&server).await;
    let browser = server.browser();
    let only = [("sendry_refresh", refresh.as_str())];
    let reply = with_cookies(&browser, Method::POST, "/api/auth/logout", &only).await;
    reply.expect(204);
    assert_eq!(reply.cookie("sendry_access").as_deref(), Some(""));
    with_cookies(&browser, Method::GET, "/api/auth/me", &only).await.refused(401);
}

#[tokio::test]
async fn a_foreign_page_can_change_nothing() {
    let server = TestServer::start().await.with_admin().await;
    let own = format!("http://{}", server.address);
    let create = |name: &str| server.request(Method::POST, "/api/clients").json(&json!({"name": name}));
    for origin in ["https://evil.example", "null", "http://localhost:8080", &format!("{own}.evil.example")] {
        server.send(create("evil").header("origin", origin)).await.refused(403);
    }
    for site in ["cross-site", "same-site"] {
        server.send(create("evil").header("sec-fetch-site", site)).await.refused(403);
    }
    server
        .send(create("evil").header("origin", &own).header("sec-fetch-site", "cross-site"))
        .await
        .refused(403);
    let call = server.request(Method::POST, "/api/auth/login").header("origin", "https://evil.example");
    server.send(call.json(&json!({"username": "admin", "password": PASSWORD}))).await.refused(403);
    let call = server.request(Method::POST, "/api/auth/logout").header("origin", "https://evil.example");
    server.send(call).await.refused(403);
    assert_eq!(server.get("/api/clients").await.expect(200)["clients"], json!([]));

    // Our own pages and programs may; reading is up to the browser's own rules.
    server
        .send(create("one").header("origin", &own).header("sec-fetch-site", "same-origin"))
        .await
        .expect(201);
    server.send(create("two")).await.expect(201);
    let call = server.request(Method::GET, "/api/clients").header("origin", "https://evil.example");
    let read = server.send(call).await;
    assert_eq!(read.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_form_cannot_pass_for_json() {
    let server = TestServer::start().await.with_admin().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let call = server.request(Method::POST, "/api/clients").header("content-type", kind);
        server.send(call.body(r#"{"name":"evil"}"#)).await.refused(415);
    }
}
