//! Servers, consumers and engines, all private, all killable.

use crate::lengths::{self, CONFIRM};
use crate::process::Process;
use runtime::config::{Config, EngineUrl};
use runtime::engines;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::Stores;
use telemetry::report::ClientId;
use tempfile::TempDir;
use testbed::{MongoDb, Postgres, RabbitMq, Service};

/// The engines of a distributed installation.
pub(crate) struct Engines {
    pub(crate) rabbitmq: RabbitMq,
    pub(crate) postgres: Postgres,
    pub(crate) mongodb: MongoDb,
}

impl Engines {
    fn start() -> Self {
        std::thread::scope(|scope| {
            let rabbitmq = scope.spawn(|| RabbitMq::start().unwrap());
            let postgres = scope.spawn(|| Postgres::start().unwrap());
            let mongodb = MongoDb::start().unwrap();
            Self { rabbitmq: rabbitmq.join().unwrap(), postgres: postgres.join().unwrap(), mongodb }
        })
    }
}

/// An installation under test.
pub(crate) struct Installation {
    /// Ended before the engines.
    pub(crate) servers: Vec<Process>,
    pub(crate) consumers: Vec<Process>,
    pub(crate) engines: Engines,
    pub(crate) client: ClientId,
    pub(crate) key: String,
    /// Signed in as the super admin.
    pub(crate) http: reqwest::Client,
    config: Config,
    environment: Vec<(String, String)>,
    folder: TempDir,
}

/// Runs what blocks for seconds (starting an engine) without stopping the others.
pub(crate) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// Kills an engine, leaves it away for a while, and starts it again.
pub(crate) async fn absent(engine: &mut Service, how_long: Duration) {
    blocking(|| engine.kill());
    // The outage itself, not a wait for something.
    tokio::time::sleep(how_long).await;
    blocking(|| engine.restart().unwrap());
}

impl Installation {
    /// Starts engines, servers and consumers, and makes a client with a key.
    pub(crate) async fn start(servers: usize, consumers: usize) -> Self {
        let engines = blocking(Engines::start);
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            data_dir: folder.path().join("data"),
            queue_url: Some(EngineUrl::new(engines.rabbitmq.url())),
            events_url: Some(EngineUrl::new(engines.mongodb.url("sendry"))),
            database_url: Some(EngineUrl::new(engines.postgres.url("postgres"))),
            ..Config::default()
        };
        let url = |url: &Option<EngineUrl>| url.as_ref().unwrap().expose().to_owned();
        let milliseconds = |time: Duration| time.as_millis().to_string();
        let environment = [
            ("SENDRY_QUEUE_URL", url(&config.queue_url)),
            ("SENDRY_EVENTS_URL", url(&config.events_url)),
            ("SENDRY_DATABASE_URL", url(&config.database_url)),
            ("SENDRY_CONFIRM_TIMEOUT_MS", milliseconds(CONFIRM)),
            ("SENDRY_BREAKER_COOL_DOWN_MS", milliseconds(lengths::cool_down())),
            // A frozen store is to be noticed within the test.
            ("SENDRY_STORE_TIMEOUT_MS", "5000".to_owned()),
            ("SENDRY_CONNECT_TIMEOUT_MS", "2000".to_owned()),
            ("SENDRY_LOG", "info".to_owned()),
        ];
        let mut installation = Self {
            servers: Vec::new(),
            consumers: Vec::new(),
            engines,
            client: ClientId(0),
            key: String::new(),
            http: reqwest::Client::builder()
                .cookie_store(true)
                .timeout(Duration::from_secs(30))
                .build()
                .unwrap(),
            config,
            environment: environment.map(|(name, value)| (name.to_owned(), value)).into(),
            folder,
        };
        for _ in 0..servers {
            installation.add_server().await;
        }
        installation.set_up().await;
        blocking(|| installation.engines.rabbitmq.sync().unwrap());
        for _ in 0..consumers {
            installation.add_consumer(&[]).await;
        }
        installation
    }

    /// Starts another server.
    pub(crate) async fn add_server(&mut self) {
        let address = format!("127.0.0.1:{}", testbed::free_port().unwrap());
        let data = self.folder.path().join(format!("server-{}", self.servers.len()));
        let mut environment = self.environment.clone();
        environment.push(("SENDRY_ADDR".to_owned(), address.clone()));
        environment.push(("SENDRY_DATA_DIR".to_owned(), data.display().to_string()));
        let command = vec![env!("CARGO_BIN_EXE_sendry").to_owned(), "serve".to_owned()];
        self.servers.push(Process::start(command, environment, self.folder.path(), address).await);
    }

    /// Starts another consumer with some more variables.
    pub(crate) async fn add_consumer(&mut self, more: &[(&str, &str)]) {
        let address = format!("127.0.0.1:{}", testbed::free_port().unwrap());
        let mut environment = self.environment.clone();
        environment.push(("SENDRY_CONSUMER_ADDR".to_owned(), address.clone()));
        environment.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let command = vec![consumer_binary().display().to_string()];
        self.consumers.push(Process::start(command, environment, self.folder.path(), address).await);
    }

    /// The queue, as another process would see it.
    pub(crate) async fn queue(&self) -> Arc<dyn queue::Queue> {
        engines::queue(&self.config).await.unwrap()
    }

    /// The stores, as another process would see them.
    pub(crate) async fn stores(&self) -> Stores {
        engines::stores(&self.config).await.unwrap()
    }

    /// The first admin, a client, a key.
    async fn set_up(&mut self) {
        let admin =
            json!({"username": "admin", "email": "admin@example.com", "password": "correct horse battery"});
        self.post("/api/auth/onboard", &admin).await;
        let client = self.post("/api/clients", &json!({"name": "shop"})).await["id"].as_i64().unwrap();
        let key = self.post(&format!("/api/clients/{client}/keys"), &json!({"name": "test"})).await;
        self.client = ClientId(client);
        self.key = key["key"].as_str().unwrap().to_owned();
    }

    /// A call that must succeed.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let reply = self.http.post(self.servers[0].url(path)).json(body).send().await.unwrap();
        let (status, body) = (reply.status(), reply.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// A call that must succeed.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let reply = self.http.get(self.servers[0].url(path)).send().await.unwrap();
        let (status, body) = (reply.status(), reply.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap()
    }
}

/// It lies where the server's binary lies: both are built for the tests.
fn consumer_binary() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_BIN_EXE_sendry")).with_file_name("sendry-consumer");
    assert!(path.is_file(), "{} is missing: build it by `cargo build --workspace --bins`", path.display());
    path
}

/// Waits until `condition` holds; panics with `what` when it does not within `patience`.
pub(crate) async fn until(what: &str, patience: Duration, mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    if tokio::time::timeout(patience, waiting).await.is_err() {
        panic!("within {patience:?}, this did not happen: {what}");
    }
}
