//! Who may do what: the table of `store::access`, walked over HTTP for every route and every server function.
//!
//! What there is to walk comes from the API's own description and from the server functions' own register: one that has
//! no line here fails the test.

use crate::harness::{Browser, Reply, TestServer};
use leptos::server_fn::axum::server_fn_paths;
use reqwest::Method;
use runtime::config::Registration;
use serde_json::json;
use std::collections::BTreeSet;
use store::access::{Needs, Permission, Role};

/// Whom a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    /// Whoever has this permission.
    Whoever(Permission),
    /// Whoever is signed in, about themselves.
    Everybody,
    /// Nobody has to be signed in: it has checks of its own.
    Anybody,
    /// Not for people: API keys, edges, orchestrators.
    Machines,
}

use For::{Anybody, Everybody, Machines, Whoever};
use Permission::*;

/// Every documented call.
const ROUTES: &[(&str, For)] = &[
    ("DELETE /api/auth/sessions/{sessionId}", Everybody),
    ("DELETE /api/clients/{id}/invitations/{invitationId}", Whoever(ManageMembers)),
    ("DELETE /api/clients/{id}/keys/{keyId}", Whoever(ManageKeys)),
    ("DELETE /api/clients/{id}/members/{userId}", Whoever(ManageMembers)),
    ("DELETE /api/edges/{id}", Whoever(ManageEdges)),
    ("DELETE /api/users/{userId}/sessions", Whoever(ManageUsers)),
    ("DELETE /api/users/{userId}/sessions/{sessionId}", Whoever(ManageUsers)),
    ("GET /api/analytics/changes", Whoever(View)),
    ("GET /api/analytics/consumers", Whoever(View)),
    ("GET /api/analytics/endpoints", Whoever(View)),
    ("GET /api/analytics/failures", Whoever(View)),
    ("GET /api/analytics/latencies", Whoever(View)),
    ("GET /api/analytics/overview", Whoever(View)),
    ("GET /api/analytics/services", Whoever(View)),
    ("GET /api/analytics/status-codes", Whoever(View)),
    ("GET /api/analytics/timeseries", Whoever(View)),
    ("GET /api/audit", Whoever(SeeInstanceAudit)),
    ("GET /api/auth/me", Everybody),
    ("GET /api/auth/sessions", Everybody),
    ("GET /api/clients", Everybody),
    ("GET /api/clients/{id}", Whoever(View)),
    ("GET /api/clients/{id}/audit", Whoever(SeeAudit)),
    ("GET /api/clients/{id}/invitations", Whoever(ManageMembers)),
    ("GET /api/clients/{id}/keys", Whoever(SeeKeys)),
    ("GET /api/clients/{id}/limits", Whoever(View)),
    ("GET /api/clients/{id}/members", Whoever(SeeMembers)),
    ("GET /api/clients/{id}/usage", Whoever(View)),
    ("GET /api/edges", Whoever(ManageEdges)),
    ("GET /api/live", Whoever(View)),
    ("GET /api/markers", Whoever(View)),
    ("GET /api/ops/dead-letters", Whoever(SeePipeline)),
    ("GET /api/ops/dead-letters/{messageId}", Whoever(SeePipeline)),
    ("GET /api/ops/pipeline", Whoever(SeePipeline)),
    ("GET /api/requests", Whoever(View)),
    ("GET /api/requests/export", Whoever(View)),
    ("GET /api/requests/{id}", Whoever(View)),
    ("GET /api/users", Whoever(SeeUsers)),
    ("GET /api/users/{userId}/sessions", Whoever(ManageUsers)),
    ("GET /edge/keys/{digest}", Machines),
    ("GET /healthz", Machines),
    ("GET /readyz", Machines),
    ("PATCH /api/clients/{id}/members/{userId}", Whoever(ManageMembers)),
    ("PATCH /api/users/{userId}", Whoever(ManageUsers)),
    ("POST /api/auth/accept", Anybody),
    ("POST /api/auth/invitation", Anybody),
    ("POST /api/auth/login", Anybody),
    ("POST /api/auth/logout", Anybody),
    ("POST /api/auth/onboard", Anybody),
    ("POST /api/auth/password", Everybody),
    ("POST /api/auth/refresh", Anybody),
    ("POST /api/auth/register", Anybody),
    ("POST /api/auth/reset", Anybody),
    ("POST /api/clients", Whoever(MakeClients)),
    ("POST /api/clients/{id}/invitations", Whoever(ManageMembers)),
    ("POST /api/clients/{id}/keys", Whoever(ManageKeys)),
    ("POST /api/clients/{id}/keys/{keyId}/rotate", Whoever(ManageKeys)),
    ("POST /api/clients/{id}/members", Whoever(AddMembers)),
    ("POST /api/edges", Whoever(ManageEdges)),
    ("POST /api/edges/{id}/rotate", Whoever(ManageEdges)),
    ("POST /api/hit", Machines),
    ("POST /api/hits", Machines),
    ("POST /api/markers", Machines),
    ("POST /api/ops/dead-letters/replay", Whoever(ReplayDeadLetters)),
    ("POST /api/signing-keys/rotate", Whoever(ManageSigningKeys)),
    ("POST /api/users/{userId}/reset", Whoever(ManageUsers)),
    ("POST /edge/batches", Machines),
    ("PUT /api/clients/{id}/limits", Whoever(Administer)),
];

/// Every server function, with what it is asked; `{client}` is the client's number.
const FUNCTIONS: &[(&str, &str, For)] = &[
    ("audit", "client={client}", Whoever(SeeAudit)),
    ("changes", "asked[client]={client}&asked[span]=24h", Whoever(View)),
    ("clients", "", Whoever(MakeClients)),
    ("compared", "asked[client]={client}&asked[span]=24h&against=day", Whoever(View)),
    ("consumers", "asked[client]={client}&asked[span]=24h", Whoever(View)),
    ("dead-letter", "id=1", Whoever(SeePipeline)),
    ("dead-letters", "skip=0&limit=10", Whoever(SeePipeline)),
    ("endpoints", "asked[client]={client}&asked[span]=24h&sort=requests&limit=10", Whoever(View)),
    ("failures", "asked[client]={client}&asked[span]=24h", Whoever(View)),
    ("flow", "", Everybody),
    ("instance-audit", "", Whoever(SeeInstanceAudit)),
    ("keys", "client={client}", Whoever(SeeKeys)),
    ("latencies", "asked[client]={client}&asked[span]=24h", Whoever(View)),
    ("latest-hit", "client={client}", Whoever(View)),
    ("limits", "client={client}", Whoever(View)),
    ("markers", "asked[client]={client}&asked[span]=24h", Whoever(View)),
    ("members", "client={client}", Whoever(SeeMembers)),
    ("overview", "asked[client]={client}&asked[span]=24h", Whoever(View)),
    ("pipeline", "", Whoever(SeePipeline)),
    ("request", "client={client}", Whoever(View)),
    ("requests", "asked[client]={client}&asked[span]=24h", Whoever(View)),
    ("services", "asked[client]={client}&asked[span]=24h", Whoever(View)),
    ("session", "", Anybody),
    ("sessions", "", Everybody),
    ("status-codes", "asked[client]={client}&asked[span]=24h", Whoever(View)),
    ("timeseries", "asked[client]={client}&asked[span]=24h", Whoever(View)),
    ("users", "", Whoever(SeeUsers)),
];

/// A call that can be made: a route or a server function about a client.
struct Call {
    method: Method,
    /// With `{client}` for the client's number.
    path: String,
    is_for: For,
}

fn calls() -> Vec<Call> {
    let routes = ROUTES.iter().map(|(route, is_for)| {
        let (method, path) = route.split_once(' ').unwrap();
        // Numbers that nothing has; what exists of others is tried in a test of its own.
        let client = path.replace("/api/clients/{id}", "/api/clients/{client}");
        let path = ["{id}", "{keyId}", "{userId}", "{invitationId}", "{sessionId}", "{messageId}"]
            .into_iter()
            .fold(client, |path, name| path.replace(name, "987654"));
        let named = path.starts_with("/api/analytics")
            || *route == "GET /api/markers"
            || *route == "GET /api/live"
            || path.starts_with("/api/requests");
        // a stream would not end
        let path = if named { format!("{path}?client={{client}}&format=csv&tail=refused") } else { path };
        Call { method: method.parse().unwrap(), path, is_for: *is_for }
    });
    let functions = FUNCTIONS.iter().map(|(name, query, is_for)| Call {
        method: Method::GET,
        path: format!("/api/fn/{name}?{query}"),
        is_for: *is_for,
    });
    routes.chain(functions).collect()
}

async fn make(call: &Call, client: i64, browser: &Browser) -> Reply {
    let path = call.path.replace("{client}", &client.to_string());
    let request = browser.request(call.method.clone(), &path);
    let takes_body = matches!(call.method, Method::POST | Method::PUT | Method::PATCH);
    browser.send(if takes_body { request.json(&json!({})) } else { request }).await
}

/// Whether it was the caller's rights that were refused, and not what was asked.
fn is_refused(reply: &Reply) -> bool {
    let unseen = reply.status == 404 && reply.text.contains("no such client");
    unseen || matches!(reply.status, 401 | 403)
}

#[tokio::test]
async fn every_route_and_server_function_stands_in_the_table() {
    let server = TestServer::start().await;
    let document = server.get("/api/openapi.json").await.expect(200);
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let listed: BTreeSet<String> = ROUTES.iter().map(|(route, _)| (*route).to_owned()).collect();
    assert_eq!(listed, described, "a route without a line, or a line without a route");
    let registered: BTreeSet<String> =
        server_fn_paths().map(|(path, _)| path.trim_start_matches("/api/fn/").to_owned()).collect();
    let listed: BTreeSet<String> = FUNCTIONS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(listed, registered, "a server function without a line, or a line without one");
}

#[tokio::test]
async fn each_may_do_what_the_table_says_and_nothing_else() {
    let server =
        TestServer::start_with(|config| config.registration = Registration::Open).await.with_admin().await;
    let (shop, other) = (server.with_key("shop").await, server.with_key("other").await);
    let nobody = server.browser();
    let stranger = server.with_member("stranger", &[(other.client, Role::Admin)]).await;
    let mut members = Vec::new();
    for role in Role::ALL {
        members
            .push((role, server.with_member(&format!("the-{}", role.word()), &[(shop.client, role)]).await));
    }
    for call in &calls() {
        let name = format!("{} {}", call.method, call.path);
        match call.is_for {
            Machines | Anybody => {}
            Everybody => {
                make(call, shop.client, &nobody).await.refused(401);
                for (_, member) in &members {
                    let reply = make(call, shop.client, member).await;
                    assert!(!is_refused(&reply), "{name}: {}", reply.text);
                }
            }
            Whoever(permission) => {
                make(call, shop.client, &nobody).await.refused(401);
                let needs = permission.needs();
                let unseen = make(call, shop.client, &stranger).await;
                match needs {
                    Needs::SuperAdmin => unseen.refused(403),
                    Needs::Role(_) => unseen.refused(404),
                };
                for (role, member) in &members {
                    let reply = make(call, shop.client, member).await;
                    if matches!(needs, Needs::Role(needed) if *role >= needed) {
                        assert!(!is_refused(&reply), "{role:?} {name}: {}", reply.text);
                    } else {
                        assert_eq!(reply.status, 403, "{role:?} {name}: {}", reply.text);
                    }
                }
                let reply = make(call, shop.client, &server).await;
                assert!(!is_refused(&reply), "super admin {name}: {}", reply.text);
            }
        }
    }
}

#[tokio::test]
async fn another_client_s_numbers_lead_nowhere() {
    let server =
        TestServer::start_with(|config| config.registration = Registration::Open).await.with_admin().await;
    let (shop, own) = (server.with_key("secret-shop").await, server.with_key("own").await);
    let hit = json!([{"serviceName": "secret-service", "endpoint": "/secret-route", "method": "GET",
        "statusCode": 200, "latencyMs": 1}]);
    server.send_hits(&shop, &hit, 1).await;
    server.advance(1);
    let invitations = format!("/api/clients/{}/invitations", shop.client);
    let wish = json!({"name": "secret-guest", "role": "viewer"});
    let invitation = server.post(&invitations, &wish).await.expect(201)["id"].clone();
    let victim = server.with_member("secret-member", &[(shop.client, Role::Viewer)]).await;
    let victim = victim.get("/api/auth/me").await.expect(200)["user"]["id"].clone();
    let row = server.get(&format!("/api/requests?client={}", shop.client)).await.expect(200);
    let request = row["requests"][0]["id"].as_str().unwrap().to_owned();

    let stranger = server.with_member("stranger", &[(own.client, Role::Admin)]).await;
    // By every call that names a client: the same answer as for one that does not exist.
    for call in calls().iter().filter(|call| call.path.contains("{client}")) {
        let real = make(call, shop.client, &stranger).await;
        let missing = make(call, 999_999, &stranger).await;
        assert_eq!(
            (real.status, &real.text),
            (missing.status, &missing.text),
            "{} {}",
            call.method,
            call.path
        );
        assert!(matches!(real.status, 403 | 404), "{} {}: {}", call.method, call.path, real.text);
        assert!(!real.text.contains("secret"), "{}", real.text);
    }
    // By way of one's own client: what belongs to another is not found there.
    let mine = format!("/api/clients/{}", own.client);
    for (method, path) in [
        (Method::DELETE, format!("{mine}/keys/{}", shop.key_id)),
        (Method::POST, format!("{mine}/keys/{}/rotate", shop.key_id)),
        (Method::DELETE, format!("{mine}/invitations/{invitation}")),
        (Method::DELETE, format!("{mine}/members/{victim}")),
        (Method::PATCH, format!("{mine}/members/{victim}")),
        (Method::GET, format!("/api/requests/{request}?client={}", own.client)),
    ] {
        let call = stranger.request(method.clone(), &path).json(&json!({"role": "viewer"}));
        let reply = stranger.send(call).await;
        reply.refused(404);
        assert!(!reply.text.contains("secret"), "{method} {path}: {}", reply.text);
    }
    // Nothing has changed for the other.
    assert_eq!(server.get(&invitations).await.expect(200)["invitations"][0]["id"], invitation);
    let keys = server.get(&format!("/api/clients/{}/keys", shop.client)).await.expect(200);
    assert!(keys["keys"][0]["revokedAt"].is_null() && keys["keys"].as_array().unwrap().len() == 1);
    let members = server.get(&format!("/api/clients/{}/members", shop.client)).await.expect(200);
    assert_eq!(members["members"].as_array().unwrap().len(), 1);
    // Nor does what everybody may ask tell of it.
    for path in ["/api/clients", "/api/auth/me", "/api/auth/sessions", "/api/fn/session", "/api/fn/sessions"]
    {
        assert!(!stranger.get(path).await.text.contains("secret"), "{path}");
    }
}
