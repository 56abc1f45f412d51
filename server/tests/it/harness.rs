//! A real server on a port and a data folder of its own, and browsers that call it.

use jiff::Timestamp;
use reqwest::header::{HeaderMap, SET_COOKIE};
use reqwest::{Method, RequestBuilder};
use runtime::config::Config;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use store::Stores;
use store::access::{ClientScope, Role};
use telemetry::report::ClientId;
use telemetry::time::{Clock, from_millisecond};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Where every server's clock begins: in the middle of a day, of an hour, of a minute.
pub(crate) const NOON: &str = "2026-11-18T12:30:30Z";
pub(crate) const SETUP_TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A running server; dropping it stops it. It is also the browser of its first user.
pub(crate) struct TestServer {
    browser: Browser,
    now: Arc<AtomicI64>,
    shutdown: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
    data: PathBuf,
    setup_token: Option<String>,
    _folder: TempDir,
}

/// A client and a key of it.
pub(crate) struct Tenant {
    pub(crate) client: i64,
    pub(crate) key_id: i64,
    pub(crate) key: String,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With settings changed.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config {
            data_dir: folder.path().join("data"),
            addr: "127.0.0.1:0".parse().unwrap(),
            ..Config::default()
        };
        change(&mut config);
        let listener = TcpListener::bind(config.addr).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let now = Arc::new(AtomicI64::new(NOON.parse::<Timestamp>().unwrap().as_millisecond()));
        let clock: Clock = {
            let now = Arc::clone(&now);
            Arc::new(move || from_millisecond(now.load(Ordering::SeqCst)))
        };
        let shutdown = CancellationToken::new();
        let (data, setup_token) = (config.data_dir.clone(), config.setup_token.clone());
        let mut running = tokio::spawn(server::run::run(config, listener, clock, shutdown.clone()));
        let browser = Browser::new(SocketAddr::from(([127, 0, 0, 1], port)));
        tokio::select! {
            ended = &mut running => panic!("the server did not start: {ended:?}"),
            _ = browser.get("/healthz") => {}
        }
        Self { browser, now, shutdown, running, data, setup_token, _folder: folder }
    }

    /// Makes its super admin.
    pub(crate) async fn set_up(&self) -> Reply {
        let mut first = account("admin");
        first["setupToken"] = self.setup_token.clone().into();
        self.post("/api/auth/onboard", &first).await
    }

    /// With its super admin, signed in in the server's own browser.
    pub(crate) async fn with_admin(self) -> Self {
        let reply = self.set_up().await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        self
    }

    /// Makes a client with a key.
    pub(crate) async fn with_key(&self, client: &str) -> Tenant {
        let client =
            self.post("/api/clients", &json!({"name": client})).await.expect(201)["id"].as_i64().unwrap();
        let key =
            self.post(&format!("/api/clients/{client}/keys"), &json!({"name": "test"})).await.expect(201);
        Tenant { client, key_id: key["id"].as_i64().unwrap(), key: key["key"].as_str().unwrap().to_owned() }
    }

    /// Somebody else, signed in in a browser of their own, with roles in some clients. Registration must be open.
    pub(crate) async fn with_member(&self, username: &str, roles: &[(i64, Role)]) -> Browser {
        let browser = self.browser();
        let user = browser.post("/api/auth/register", &account(username)).await.expect(201);
        let stores = self.stores().await;
        for (client, role) in roles {
            let scope = ClientScope::of_the_instance(ClientId(*client));
            stores.accounts.set_member(&scope, user["user"]["id"].as_i64().unwrap(), *role).await.unwrap();
        }
        browser
    }

    /// The stores, opened beside the server.
    pub(crate) async fn stores(&self) -> Stores {
        store::sqlite::open_embedded(&self.data.join("events.db"), &self.data.join("sendry.db"))
            .await
            .unwrap()
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &std::path::Path {
        &self.data
    }

    /// Why a server with these settings does not start.
    pub(crate) async fn fails_to_start(change: impl FnOnce(&mut Config)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config { data_dir: folder.path().join("data"), ..Config::default() };
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock: Clock = Arc::new(Timestamp::now);
        let ended = server::run::run(config, listener, clock, CancellationToken::new()).await;
        format!("{:#}", ended.expect_err("it started"))
    }

    /// A browser that nobody has signed in with.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.browser.address)
    }

    /// The server's time.
    pub(crate) fn now(&self) -> Timestamp {
        from_millisecond(self.now.load(Ordering::SeqCst))
    }

    /// Lets the server's time pass.
    pub(crate) fn advance(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    /// Sends hits and waits until all that the client has ever sent are counted.
    pub(crate) async fn send_hits(&self, tenant: &Tenant, hits: &Value, total: u64) {
        let reply = self.request(Method::POST, "/api/hits").header("x-api-key", &tenant.key).json(hits);
        assert_eq!(self.send(reply).await.expect(202)["rejected"], json!([]));
        let overview = format!("/api/analytics/overview?range=30d&client={}", tenant.client);
        let counted = async {
            while self.get(&overview).await.expect(200)["requests"] != total {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), counted).await.expect("the hits were not counted");
    }

    /// Stops it and starts another on its data, at the same time, with the same browser's cookies.
    pub(crate) async fn restarted(mut self) -> Self {
        self.shutdown.cancel();
        (&mut self.running).await.unwrap().unwrap();
        let config = Config { data_dir: self.data.clone(), addr: self.browser.address, ..Config::default() };
        let listener = TcpListener::bind(config.addr).await.unwrap();
        let now = Arc::clone(&self.now);
        let clock: Clock = Arc::new(move || from_millisecond(now.load(Ordering::SeqCst)));
        self.shutdown = CancellationToken::new();
        self.running = tokio::spawn(server::run::run(config, listener, clock, self.shutdown.clone()));
        self.browser.get("/healthz").await.expect(200);
        self
    }

    /// Stops it as SIGTERM does; it must end well.
    pub(crate) async fn stop(mut self) {
        self.shutdown.cancel();
        (&mut self.running).await.unwrap().unwrap();
    }
}

impl Deref for TestServer {
    type Target = Browser;
    fn deref(&self) -> &Browser {
        &self.browser
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Somebody who calls, with their own cookies.
pub(crate) struct Browser {
    http: reqwest::Client,
    pub(crate) address: SocketAddr,
}

impl Browser {
    fn new(address: SocketAddr) -> Self {
        let http = reqwest::Client::builder().cookie_store(true).timeout(Duration::from_secs(30));
        Self { http: http.build().unwrap(), address }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Reply {
        Reply::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn log_in(&self, username: &str, password: &str) -> Reply {
        self.post("/api/auth/login", &json!({"username": username, "password": password})).await
    }

    /// Whether somebody is signed in.
    pub(crate) async fn is_signed_in(&self) -> bool {
        let reply = self.get("/api/auth/me").await;
        assert!(matches!(reply.status, 200 | 401), "{}", reply.text);
        reply.status == 200
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    async fn read(reply: reqwest::Response) -> Self {
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        Self { status, headers, text: reply.text().await.unwrap() }
    }

    /// The body, which must be JSON.
    pub(crate) fn body(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("{} is no JSON: {:?}", self.status, self.text))
    }

    /// The body of a reply of this status.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.body() }
    }

    /// The code and field of a refusal with this status.
    pub(crate) fn refused(&self, status: u16) -> (String, Option<String>) {
        let body = self.expect(status);
        assert!(!body["error"]["message"].as_str().unwrap().is_empty());
        (
            body["error"]["code"].as_str().unwrap().to_owned(),
            body["error"]["field"].as_str().map(str::to_owned),
        )
    }

    /// The field that a 400 names.
    pub(crate) fn wrong_field(&self) -> String {
        self.refused(400).1.unwrap_or_else(|| panic!("no field is named: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// All cookies set, whole.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The value of a cookie set.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let pairs = self.cookies().into_iter().filter_map(|cookie| cookie.split(';').next()?.split_once('='));
        pairs.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value.to_owned())
    }
}

/// Reached under this address by way of a proxy, and set up with [`SETUP_TOKEN`].
pub(crate) fn publicly(config: &mut Config, url: &str) {
    config.public_url = Some(url.to_owned());
    config.setup_token = Some(SETUP_TOKEN.to_owned());
}

/// What one registers with.
pub(crate) fn account(username: &str) -> Value {
    json!({"username": username, "email": format!("{username}@example.com"), "password": PASSWORD})
}
