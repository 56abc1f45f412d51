//! What edges may do, and what nobody else may, as an attacker would try it.

use crate::harness::{Reply, Tenant, TestServer};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};
use telemetry::batch::{Acceptance, Format, Origin, read};
use telemetry::edge::{self, AUDIENCE, CALL_MESSAGES, Claims, EdgeSecret, Hex, REVOCATION_DELAY, pack};
use telemetry::envelope::{MessageId, Place, SegmentWriter, begin};
use telemetry::hit::{self, Hit};
use telemetry::key::ApiKey;
use telemetry::mask::Masking;
use telemetry::report::ClientId;

/// An edge as the API made it.
struct TestEdge {
    id: i64,
    secret: EdgeSecret,
}

impl TestEdge {
    async fn new(server: &TestServer, name: &str, clients: Value) -> Self {
        let made = server.post("/api/edges", &json!({"name": name, "clients": clients})).await.expect(201);
        let secret = made["secret"].as_str().unwrap().parse().unwrap();
        Self { id: made["id"].as_i64().unwrap(), secret }
    }

    fn claims(&self, server: &TestServer) -> Claims {
        let iat = server.now().as_second();
        Claims { iss: self.id.to_string(), aud: AUDIENCE.to_owned(), iat, exp: iat + 60 }
    }

    fn token(&self, server: &TestServer) -> String {
        sign(&self.secret, &self.claims(server))
    }

    async fn batches(&self, server: &TestServer, body: Vec<u8>) -> Reply {
        post(server, &self.token(server), "/edge/batches", body).await
    }

    async fn outcomes(&self, server: &TestServer, messages: &[Vec<u8>]) -> Vec<String> {
        let body = pack(messages.iter().map(Vec::as_slice));
        outcomes(&self.batches(server, body).await)
    }
}

fn sign(secret: &EdgeSecret, claims: &Claims) -> String {
    // PKCS#8 around the seed, as RFC 8410 has it.
    let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend_from_slice(&secret.seed);
    encode(&Header::new(Algorithm::EdDSA), claims, &EncodingKey::from_ed_der(&der)).unwrap()
}

async fn post(server: &TestServer, token: &str, path: &str, body: Vec<u8>) -> Reply {
    let call = server.browser().request(Method::POST, path).bearer_auth(token).body(body);
    server.send(call).await
}

async fn get(server: &TestServer, token: &str, path: &str) -> Reply {
    server.send(server.browser().request(Method::GET, path).bearer_auth(token)).await
}

fn outcomes(reply: &Reply) -> Vec<String> {
    let body = reply.expect(200);
    let list = body["outcomes"].as_array().unwrap().iter();
    list.map(|outcome| outcome["outcome"].as_str().unwrap().to_owned()).collect()
}

fn digest(key: &str) -> [u8; 32] {
    ApiKey::parse(key).unwrap().digest()
}

/// What an edge would send of two hits accepted at `at` with this key.
fn message(id: u8, key: &str, client: i64, at: Timestamp) -> Vec<u8> {
    message_of(MessageId::new(at.as_millisecond(), [id; 10]), key, client, at)
}

fn message_of(id: MessageId, key: &str, client: i64, at: Timestamp) -> Vec<u8> {
    let masking = Masking::default();
    let hit = json!({"serviceName": "orders", "endpoint": "/orders", "method": "GET", "statusCode": 200, "latencyMs": 5});
    let acceptance = Acceptance {
        capture_bodies: true,
        now: at.as_millisecond(),
        sent_at: None,
        raw_retention: 30 * 86_400_000,
        environment: "live",
        masking: &masking,
        services: &[],
        origin: Origin::default(),
    };
    let accepted = read(json!([hit, hit]).to_string().as_bytes(), Format::Many, None, &acceptance).unwrap();
    let mut envelope = Vec::new();
    begin(id, ClientId(client), at.as_millisecond(), &mut envelope);
    envelope.extend_from_slice(accepted.segment.as_bytes());
    edge::encode(&digest(key), &envelope)
}

async fn counted(server: &TestServer, tenant: &Tenant, hits: u64) {
    let path = format!("/api/analytics/overview?range=30d&client={}", tenant.client);
    for _ in 0..2_000 {
        let requests = server.get(&path).await.expect(200)["requests"].as_u64().unwrap();
        assert!(requests <= hits, "{requests} hits are counted instead of {hits}");
        if requests == hits {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the hits were not counted");
}

async fn causes(server: &TestServer, number: usize) -> Vec<String> {
    let body = server.get("/api/ops/dead-letters").await.expect(200);
    let letters = body["deadLetters"].as_array().unwrap();
    assert_eq!(letters.len(), number, "{body}");
    letters.iter().map(|letter| letter["cause"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_an_edge_accepted_is_counted_once_however_often_it_comes() {
    let server = TestServer::start().await.with_admin().await;
    let tenant = server.with_key("Shop").await;
    let edge = TestEdge::new(&server, "Frankfurt", Value::Null).await;
    let one = message(1, &tenant.key, tenant.client, server.now());
    let two = message(2, &tenant.key, tenant.client, server.now());
    let sent = [one.clone(), two.clone(), one.clone()];
    assert_eq!(edge.outcomes(&server, &sent).await, ["accepted"; 3]);
    counted(&server, &tenant, 4).await;
    assert_eq!(edge.outcomes(&server, &[two, one]).await, ["accepted"; 2]);
    server.send_hits(&tenant, &json!([{"serviceName": "orders", "endpoint": "/", "method": "GET", "statusCode": 200, "latencyMs": 1}]), 5).await;
    counted(&server, &tenant, 5).await;
    assert_eq!(edge.outcomes(&server, &[]).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_edge_learns_of_keys_what_judging_needs() {
    let server = TestServer::start_with(|config| config.masked_fields = vec!["card_holder".to_owned()]).await;
    let server = server.with_admin().await;
    let (one, two) = (server.with_key("One").await, server.with_key("Two").await);
    let free = TestEdge::new(&server, "free", Value::Null).await;
    let held = TestEdge::new(&server, "held", json!([two.client])).await;
    let path = |key: &str| format!("/edge/keys/{}", Hex(digest(key)));
    let told = get(&server, &free.token(&server), &path(&one.key)).await.expect(200);
    let expected = json!({"client": one.client, "environment": "live", "rawRetentionDays": 30, "captureBodies": true,
        "maskedFields": ["card_holder"], "expiresAt": null, "origins": [], "services": []});
    assert_eq!(told, expected);
    let wish = json!({"name": "narrow", "expiresAt": "2026-11-18T13:30:30Z", "origins": ["https://shop.example"],
        "services": ["cart"]});
    let narrow = server.post(&format!("/api/clients/{}/keys", one.client), &wish).await.expect(201);
    let narrow = path(narrow["key"].as_str().unwrap());
    let told = get(&server, &free.token(&server), &narrow).await.expect(200);
    assert_eq!(told["expiresAt"], server.now().as_millisecond() + 3_600_000);
    assert_eq!((&told["origins"][0], &told["services"]), (&json!("https://shop.example"), &json!(["cart"])));
    server.advance(3_600);
    get(&server, &free.token(&server), &narrow).await.refused(404);
    assert_eq!(get(&server, &held.token(&server), &path(&two.key)).await.status, 200);
    let unknown = ApiKey::generate("live", [9; 32]).unwrap();
    for (token, path) in [
        (held.token(&server), path(&one.key)),
        (free.token(&server), path(unknown.reveal())),
        (free.token(&server), "/edge/keys/abc".to_owned()),
        (free.token(&server), format!("/edge/keys/{}", one.key)),
    ] {
        get(&server, &token, &path).await.refused(404);
    }
    server.delete(&format!("/api/clients/{}/keys/{}", one.client, one.key_id)).await.expect(204);
    get(&server, &free.token(&server), &path(&one.key)).await.refused(404);
}

#[tokio::test]
async fn a_key_s_end_counts_as_of_when_the_hits_were_accepted() {
    let server = TestServer::start().await.with_admin().await;
    let tenant = server.with_key("Shop").await;
    let edge = TestEdge::new(&server, "Frankfurt", Value::Null).await;
    let rotate = format!("/api/clients/{}/keys/{}/rotate?overlapHours=1", tenant.client, tenant.key_id);
    let end = server.now() + SignedDuration::from_hours(1);
    server.post(&rotate, &json!({})).await.expect(201);
    let delay = SignedDuration::from_secs(REVOCATION_DELAY);
    server.advance(3 * 3_600);
    // An edge that was told of the key before the rotation could not know its end.
    let stands = message(1, &tenant.key, tenant.client, end + delay);
    let late = message(2, &tenant.key, tenant.client, end + delay + SignedDuration::from_secs(1));
    assert_eq!(edge.outcomes(&server, &[stands, late]).await, ["accepted", "refused"]);
    counted(&server, &tenant, 2).await;
    assert!(causes(&server, 1).await[0].contains("had expired"));
}

#[tokio::test]
async fn a_token_is_good_only_as_it_should_be() {
    let server = TestServer::start().await.with_admin().await;
    let tenant = server.with_key("Shop").await;
    let edge = TestEdge::new(&server, "one", Value::Null).await;
    let other = TestEdge::new(&server, "other", Value::Null).await;
    let claims = edge.claims(&server);
    let good = edge.token(&server);
    let at = claims.iat;
    let changed = |change: &dyn Fn(&mut Claims)| {
        let mut changed = claims.clone();
        change(&mut changed);
        sign(&edge.secret, &changed)
    };
    let (head, payload) = (good.split('.').next().unwrap(), good.split('.').nth(1).unwrap());
    let public = ed25519(&edge.secret);
    let confused =
        encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(&public)).unwrap();
    let tokens = [
        ("signed by another edge", sign(&other.secret, &claims)),
        ("for somebody else", changed(&|claims| claims.aud = "another".to_owned())),
        ("expired", changed(&|claims| (claims.iat, claims.exp) = (at - 71, at - 11))),
        ("from the future", changed(&|claims| (claims.iat, claims.exp) = (at + 11, at + 71))),
        ("good for too long", changed(&|claims| claims.exp = at + 61)),
        ("of an unknown edge", changed(&|claims| claims.iss = "99".to_owned())),
        ("of no edge", changed(&|claims| claims.iss = "x".to_owned())),
        ("signed with the public key as a secret", confused),
        ("without a signature", format!("eyJhbGciOiJub25lIn0.{payload}.")),
        ("cut", format!("{head}.{payload}.")),
        ("an API key", tenant.key.clone()),
        ("the secret itself", edge.secret.reveal()),
        ("junk", "a.b.c".to_owned()),
        ("nothing", String::new()),
        ("endless", "a".repeat(100_000)),
    ];
    for (what, token) in tokens {
        for reply in [
            post(&server, &token, "/edge/batches", Vec::new()).await,
            get(&server, &token, &format!("/edge/keys/{}", Hex(digest(&tenant.key)))).await,
        ] {
            // What is too long for a header may be refused by the server's library before us.
            assert!(
                reply.status == 401 || (what == "endless" && reply.status == 431),
                "{what}: {}",
                reply.status
            );
        }
    }
    assert_eq!(edge.batches(&server, Vec::new()).await.status, 200);
}

fn ed25519(secret: &EdgeSecret) -> [u8; 32] {
    ed25519_dalek::SigningKey::from_bytes(&secret.seed).verifying_key().to_bytes()
}

#[tokio::test]
async fn sessions_and_edges_have_their_own_doors() {
    let server =
        TestServer::start_with(|config| config.registration = runtime::config::Registration::Open).await;
    let server = server.with_admin().await;
    let tenant = server.with_key("Shop").await;
    let edge = TestEdge::new(&server, "one", Value::Null).await;
    // A super admin's session opens no route of the edges.
    server.send(server.request(Method::POST, "/edge/batches")).await.refused(401);
    server.get(&format!("/edge/keys/{}", Hex(digest(&tenant.key)))).await.refused(401);
    // An edge's token opens no other route.
    let token = edge.token(&server);
    for path in ["/api/auth/me", "/api/clients", "/api/edges", "/api/ops/pipeline", "/api/requests?client=1"]
    {
        get(&server, &token, path).await.refused(401);
    }
    post(&server, &token, "/api/hit", b"{}".to_vec()).await.refused(401);
    assert_eq!(get(&server, &token, "/edge/batches").await.status, 405);
    // And nobody but a super admin deals with edges.
    let member = server.with_member("bob", &[(tenant.client, store::access::Role::Admin)]).await;
    let rotate = format!("/api/edges/{}/rotate", edge.id);
    for reply in [
        member.get("/api/edges").await,
        member.post("/api/edges", &json!({"name": "mine"})).await,
        member.post(&rotate, &json!({})).await,
        member.delete(&format!("/api/edges/{}", edge.id)).await,
    ] {
        reply.refused(403);
    }
    server.browser().get("/api/edges").await.refused(401);
}

#[tokio::test]
async fn secrets_are_shown_once_rotated_with_an_overlap_and_revoked() {
    let server = TestServer::start().await.with_admin().await;
    let mut edge = TestEdge::new(&server, "one", Value::Null).await;
    let listed = server.get("/api/edges").await;
    assert!(!listed.text.contains("sne_") && !listed.text.contains(&Hex(edge.secret.seed).to_string()));
    assert_eq!(
        server.post("/api/edges", &json!({"name": "ONE"})).await.refused(409).1.as_deref(),
        Some("name")
    );
    assert_eq!(
        server.post("/api/edges", &json!({"name": "x", "clients": [77]})).await.wrong_field(),
        "clients"
    );
    assert_eq!(
        server.post("/api/edges", &json!({"name": "x", "clients": "1"})).await.wrong_field(),
        "clients"
    );
    assert_eq!(server.post("/api/edges", &json!({})).await.wrong_field(), "name");

    let rotated = server.post(&format!("/api/edges/{}/rotate", edge.id), &json!({})).await.expect(200);
    let old = std::mem::replace(&mut edge.secret, rotated["secret"].as_str().unwrap().parse().unwrap());
    let with_old = |server: &TestServer| sign(&old, &edge.claims(server));
    assert_eq!(edge.batches(&server, Vec::new()).await.status, 200);
    assert_eq!(post(&server, &with_old(&server), "/edge/batches", Vec::new()).await.status, 200);
    server.advance(3_601);
    assert_eq!(post(&server, &with_old(&server), "/edge/batches", Vec::new()).await.status, 401);
    assert_eq!(edge.batches(&server, Vec::new()).await.status, 200);

    let path = format!("/api/edges/{}", edge.id);
    server.delete(&path).await.expect(204);
    assert_eq!(edge.batches(&server, Vec::new()).await.status, 401);
    server.post(&format!("{path}/rotate"), &json!({})).await.refused(404);
    server.delete("/api/edges/99").await.refused(404);
}

#[tokio::test]
async fn a_key_revoked_after_the_202_still_counts_and_one_revoked_long_before_does_not() {
    let server = TestServer::start().await.with_admin().await;
    let tenant = server.with_key("Shop").await;
    let edge = TestEdge::new(&server, "one", Value::Null).await;
    let before = message(1, &tenant.key, tenant.client, server.now());
    server.delete(&format!("/api/clients/{}/keys/{}", tenant.client, tenant.key_id)).await.expect(204);
    server.advance(edge::REVOCATION_DELAY);
    let just_within = message(2, &tenant.key, tenant.client, server.now());
    server.advance(1);
    let beyond = message(3, &tenant.key, tenant.client, server.now());
    let outcomes = edge.outcomes(&server, &[before, just_within, beyond]).await;
    assert_eq!(outcomes, ["accepted", "accepted", "refused"]);
    counted(&server, &tenant, 4).await;
    let causes = causes(&server, 1).await;
    assert!(causes[0].contains("revoked") && causes[0].contains("edge 1"), "{causes:?}");
    // An operator who knows better may have them counted.
    server.post("/api/ops/dead-letters/replay", &json!({"all": true})).await.expect(200);
    counted(&server, &tenant, 6).await;
}

#[tokio::test]
async fn what_can_never_count_is_refused_alone_and_kept_with_its_cause() {
    let server = TestServer::start().await.with_admin().await;
    let (one, two) = (server.with_key("One").await, server.with_key("Two").await);
    let held = TestEdge::new(&server, "held", json!([one.client])).await;
    let at = server.now();
    let day = 86_400;
    let unknown = ApiKey::generate("live", [9; 32]).unwrap();
    let ago = |seconds: i64| at - jiff::SignedDuration::from_secs(seconds);
    let mut newer = message(9, &one.key, one.client, at);
    newer[2] = 9;
    let bomb = edge::encode(&digest(&one.key), &vec![0; edge::ENVELOPE_BYTES + 1]);
    let messages = [
        message(1, &one.key, one.client, at),
        b"garbage".to_vec(),
        bomb,
        newer,
        edge::encode(&digest(&one.key), b"no envelope"),
        message(2, &two.key, two.client, at),
        message(3, &one.key, two.client, at),
        message(4, unknown.reveal(), one.client, at),
        message(5, &one.key, one.client, ago(-11 * 60)),
        message(6, &one.key, one.client, ago(14 * day + 1)),
        message_of(MessageId(7), &one.key, one.client, at),
        message_of(MessageId::new(0, [8; 10]), &one.key, one.client, at),
        message(9, &one.key, one.client, ago(13 * day)),
    ];
    let outcomes = held.outcomes(&server, &messages).await;
    let refused = outcomes.iter().filter(|outcome| *outcome == "refused").count();
    assert_eq!((outcomes[0].as_str(), outcomes[12].as_str(), refused), ("accepted", "accepted", 11));
    counted(&server, &one, 4).await;
    let causes = causes(&server, 11).await;
    for told in [
        "not a message",
        "larger than",
        "version 9",
        "not an envelope",
        "may not forward",
        "not of the key's client",
        "unknown",
        "future",
        "14 days",
        "message id",
    ] {
        assert!(causes.iter().any(|cause| cause.contains(told)), "{told} is not in {causes:?}");
    }
    let overview = format!("/api/analytics/overview?range=30d&client={}", two.client);
    assert_eq!(server.get(&overview).await.expect(200)["requests"], 0);
}

#[tokio::test]
async fn whoever_waits_for_the_outcome_is_told_and_nothing_is_kept() {
    let server = TestServer::start().await.with_admin().await;
    let tenant = server.with_key("Shop").await;
    let edge = TestEdge::new(&server, "one", Value::Null).await;
    let unknown = ApiKey::generate("live", [9; 32]).unwrap();
    let message = message(1, unknown.reveal(), tenant.client, server.now());
    let reply = post(&server, &edge.token(&server), "/edge/batches?direct=true", pack([&message[..]])).await;
    let body = reply.expect(200);
    assert_eq!(body["outcomes"][0]["error"]["code"], "unauthorized", "{body}");
    causes(&server, 0).await;
}

#[tokio::test]
async fn calls_have_limits() {
    let server = TestServer::start().await.with_admin().await;
    let edge = TestEdge::new(&server, "one", Value::Null).await;
    assert_eq!(edge.batches(&server, vec![255; 100]).await.wrong_field(), "body");
    let many = pack(std::iter::repeat_n(&b"x"[..], CALL_MESSAGES + 1));
    assert_eq!(edge.batches(&server, many).await.wrong_field(), "body");
    edge.batches(&server, vec![0; edge::CALL_BYTES + 1]).await.refused(413);
    causes(&server, 0).await;
}

#[tokio::test]
async fn what_edges_do_is_on_the_pipeline_page() {
    let server = TestServer::start().await.with_admin().await;
    let tenant = server.with_key("Shop").await;
    let edge = TestEdge::new(&server, "Frankfurt", Value::Null).await;
    let good = message(1, &tenant.key, tenant.client, server.now());
    edge.outcomes(&server, &[good, b"garbage".to_vec()]).await;
    // Noted in the store every ten seconds.
    let mut seen = Value::Null;
    for _ in 0..300 {
        seen = server.get("/api/ops/pipeline").await.expect(200)["edges"][0].clone();
        if seen["messages"] == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let figures = ["name", "messages", "hits", "refused"].map(|field| seen[field].clone());
    assert_eq!(figures, [json!("Frankfurt"), json!(1), json!(2), json!(1)]);
    assert_eq!(seen["lastSeenAt"], crate::harness::NOON);
    let page = server.get("/pipeline").await;
    assert!(page.text.contains("Frankfurt"), "the page names the edge");
    server.delete(&format!("/api/edges/{}", edge.id)).await.expect(204);
    assert_eq!(server.get("/api/ops/pipeline").await.expect(200)["edges"], json!([]));
}

/// A message that our own code would not have made.
fn forged(client: i64, key: &str, at: Timestamp, hits: usize, change: impl Fn(&mut Hit<'static>)) -> Vec<u8> {
    let mut hit = Hit {
        at: at.as_millisecond(),
        service: "orders",
        environment: "live",
        method: hit::Method::Get,
        endpoint: "/",
        status: 200,
        latency_ms: 1.0,
        request_size: None,
        response_size: None,
        consumer: None,
        trace_id: None,
        event_id: None,
        error: None,
        ip: None,
        user_agent: None,
        request_headers: None,
        response_headers: None,
        request_body: None,
        response_body: None,
        attributes: None,
    };
    change(&mut hit);
    let mut writer = SegmentWriter::new(None, 0);
    (0..hits).for_each(|_| writer.push(Place::Idless, &hit));
    let mut envelope = Vec::new();
    begin(MessageId::new(at.as_millisecond(), [3; 10]), ClientId(client), at.as_millisecond(), &mut envelope);
    envelope.extend_from_slice(writer.finish(10, Vec::new()).as_bytes());
    edge::encode(&digest(key), &envelope)
}

#[tokio::test]
async fn hits_that_our_judgement_would_not_have_passed_are_refused() {
    let server = TestServer::start().await.with_admin().await;
    let tenant = server.with_key("Shop").await;
    let edge = TestEdge::new(&server, "one", Value::Null).await;
    let forge =
        |hits, change: fn(&mut Hit<'static>)| forged(tenant.client, &tenant.key, server.now(), hits, change);
    let messages = [
        forge(10_001, |_| {}),
        forge(1, |hit| hit.status = 0),
        forge(1, |hit| hit.latency_ms = -1.0),
        forge(1, |hit| hit.latency_ms = f64::NAN),
        forge(1, |hit| hit.at = i64::MAX),
        forge(1, |hit| hit.service = ""),
        forge(1, |hit| hit.request_size = Some(u64::MAX)),
        forge(3, |_| {}),
    ];
    let outcomes = edge.outcomes(&server, &messages).await;
    assert_eq!(outcomes[..7], ["refused"; 7]);
    assert_eq!(outcomes[7], "accepted");
    counted(&server, &tenant, 3).await;
}

#[tokio::test]
async fn what_an_edge_may_not_forward_is_not_replayed_into_numbers() {
    let server = TestServer::start().await.with_admin().await;
    let (one, two) = (server.with_key("One").await, server.with_key("Two").await);
    let held = TestEdge::new(&server, "held", json!([one.client])).await;
    let at = server.now();
    let messages = [message(2, &two.key, two.client, at), message(3, &one.key, two.client, at)];
    assert_eq!(held.outcomes(&server, &messages).await, ["refused"; 2]);
    causes(&server, 2).await;
    server.post("/api/ops/dead-letters/replay", &json!({"all": true})).await.expect(200);
    // The consumer puts them back where they were, and by then has counted what it would count.
    let letters = async || server.get("/api/ops/dead-letters").await.expect(200)["deadLetters"].clone();
    let mut tries = 0;
    while letters().await.as_array().is_none_or(|letters| letters.len() < 2) {
        tries += 1;
        assert!(tries < 2_000, "the letters did not come back");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    counted(&server, &two, 0).await;
}
