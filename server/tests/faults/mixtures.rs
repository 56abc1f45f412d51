//! Every mixture of engines counts alike: each of the three parts on SQLite or on its engine.

use crate::hits::hit;
use crate::installation::until;
use crate::oracle::today;
use consumer::reconcile::reconcile;
use runtime::config::{Config, EngineUrl};
use runtime::engines;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use telemetry::report::ClientId;
use testbed::{MongoDb, Postgres, RabbitMq};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const HITS: u64 = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_mixture_of_engines_counts_alike() {
    let (rabbitmq, postgres, mongodb) = tokio::task::block_in_place(|| {
        (RabbitMq::start().unwrap(), Postgres::start().unwrap(), MongoDb::start().unwrap())
    });
    for mixture in 0..8 {
        let [broker, documents, relations] = [1, 2, 4].map(|bit| mixture & bit != 0);
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            data_dir: folder.path().to_owned(),
            addr: "127.0.0.1:0".parse().unwrap(),
            queue_url: broker.then(|| EngineUrl::new(rabbitmq.url())),
            events_url: documents.then(|| EngineUrl::new(mongodb.url(&format!("mixture{mixture}")))),
            database_url: relations.then(|| EngineUrl::new(postgres.fresh_database().unwrap())),
            consumer: runtime::config::ConsumerPlace::Inline,
            ..Config::default()
        };
        counts(config).await;
        eprintln!("broker {broker}, documents {documents}, relations {relations}: exact");
    }
}

/// A server with these engines: hits in, numbers out, equal to the raw events.
async fn counts(config: Config) {
    let listener = TcpListener::bind(config.addr).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(server::run::run(
        config.clone(),
        listener,
        Arc::new(jiff::Timestamp::now),
        shutdown.clone(),
    ));
    let http =
        reqwest::Client::builder().cookie_store(true).timeout(Duration::from_secs(20)).build().unwrap();
    let call = async |path: &str, body: serde_json::Value| -> serde_json::Value {
        let reply = http.post(format!("{url}{path}")).json(&body).send().await.unwrap();
        let (status, text) = (reply.status(), reply.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    };
    let admin =
        json!({"username": "admin", "email": "admin@example.com", "password": "correct horse battery"});
    call("/api/auth/onboard", admin).await;
    let client = call("/api/clients", json!({"name": "shop"})).await["id"].as_i64().unwrap();
    let key = call(&format!("/api/clients/{client}/keys"), json!({"name": "test"})).await;
    for first in (1..=HITS).step_by(100) {
        let hits: Vec<_> = (first..first + 100).map(|n| hit(n, None)).collect();
        let request = http.post(format!("{url}/api/hits")).header("x-api-key", key["key"].as_str().unwrap());
        let reply = request.json(&hits).send().await.unwrap();
        assert_eq!(reply.status(), 202, "{}", reply.text().await.unwrap());
    }
    let overview = format!("{url}/api/analytics/overview?client={client}&range=24h");
    until("all are counted", Duration::from_secs(60), async || {
        let reply: serde_json::Value = http.get(&overview).send().await.unwrap().json().await.unwrap();
        reply["requests"] == HITS
    })
    .await;
    let log = format!("{url}/api/requests?client={client}&range=24h&limit=5");
    let log: serde_json::Value = http.get(log).send().await.unwrap().json().await.unwrap();
    assert_eq!(log["requests"].as_array().map(Vec::len), Some(5), "{log}");
    shutdown.cancel();
    running.await.unwrap().unwrap();
    let stores = engines::stores(&config).await.unwrap();
    let found = reconcile(&stores, ClientId(client), today()).await.unwrap();
    assert!(found.is_exact(), "{:#?}", found.differences);
    assert_eq!((found.raw, found.counted), (HITS, HITS));
}
