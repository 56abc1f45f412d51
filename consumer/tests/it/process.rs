//! The consumer as a process: it comes up whatever is away, tells how it fares, and dies wherever it is told to.

use crate::house::{House, NOW, clock, hits};
use consumer::process;
use queue::Queue;
use queue::rabbitmq::{RabbitOptions, RabbitQueue};
use runtime::config::{Config, EngineUrl};
use runtime::engines;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use testbed::RabbitMq;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A GET; the reply with its head. Empty while nobody answers.
async fn get(address: SocketAddr, path: &str) -> String {
    let mut reply = Vec::new();
    let asking = async {
        let mut stream = TcpStream::connect(address).await?;
        let head = format!("GET {path} HTTP/1.1\r\nhost: consumer\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        stream.read_to_end(&mut reply).await
    };
    let _ = tokio::time::timeout(Duration::from_secs(10), asking).await.expect("no answer in time");
    String::from_utf8(reply).unwrap()
}

/// Waits until a reply contains `wanted`, and returns it.
async fn until(address: SocketAddr, path: &str, wanted: &str) -> String {
    let mut last = String::new();
    let asking = async {
        loop {
            last = get(address, path).await;
            if last.contains(wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), asking).await.is_ok();
    assert!(in_time, "{path} did not come to {wanted:?}: {last}");
    last
}

/// A consumer process inside this one, over the files of a house.
struct Inside {
    address: SocketAddr,
    shutdown: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Inside {
    async fn start(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
        let running = tokio::spawn(process::run(config, listener, clock(), shutdown.clone()));
        Self { address, shutdown, running }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(20), self.running).await;
        ended.expect("it did not stop in time").unwrap().unwrap();
    }
}

fn settings(folder: &Path) -> Config {
    Config { data_dir: folder.to_owned(), ..Config::default() }
}

#[tokio::test]
async fn it_counts_and_tells_how_it_fares() {
    let house = House::new().await;
    house.publish(1, None, &hits(0..20)).await;
    house.publish_bytes(2, b"not an envelope".to_vec()).await;
    // The queue's file belongs to whoever has it open.
    let House { queue, stores, client, now, folder } = house;
    drop(queue);
    let process = Inside::start(settings(folder.path())).await;

    let metrics = until(process.address, "/metrics", "sendry_hits_counted_total 20\n").await;
    assert!(metrics.starts_with("HTTP/1.1 200"), "{metrics}");
    until(process.address, "/metrics", "sendry_consumer_messages_buried_total 1\n").await;
    let metrics = until(process.address, "/metrics", "sendry_consumer_messages_in_hand 0\n").await;
    for line in [
        "sendry_consumer_messages_acked_total 1\n",
        "sendry_consumer_duplicate_batches_total 0\n",
        "sendry_consumer_breaker_state 0\n",
        "sendry_consumer_paused_lanes 0\n",
        "sendry_consumer_group_messages_count 1\n",
        "sendry_consumer_lag_seconds_count 1\n",
        "sendry_consumer_step_seconds_count{step=\"claim\"} 1\n",
        "sendry_consumer_step_seconds_count{step=\"ack\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{line} is missing in {metrics}");
    }
    let ready = get(process.address, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    for part in [
        r#"{"name":"queue","ok":true}"#,
        r#"{"name":"events","ok":true}"#,
        r#"{"name":"metrics","ok":true}"#,
        r#""breaker":"closed""#,
        r#""paused":false"#,
    ] {
        assert!(ready.contains(part), "{part} is missing in {ready}");
    }
    assert!(get(process.address, "/healthz").await.contains(r#""status":"ok""#));
    process.stop().await;
    let workers = stores.metrics.workers(0).await.unwrap();
    let told: Vec<_> = workers.iter().map(|worker| (&*worker.breaker, worker.started_at)).collect();
    assert_eq!(told, [("closed", NOW * 1_000)]);
    let queue = engines::queue(&settings(folder.path())).await.unwrap();
    House { queue, stores, client, now, folder }.expect(20).await;
}

#[tokio::test]
async fn it_comes_up_while_a_store_is_away_and_works_when_it_is_there() {
    let House { queue, stores, client, now, folder } = {
        let house = House::new().await;
        house.publish(1, None, &hits(0..10)).await;
        house
    };
    drop(queue);
    // No folder can be made where a file lies.
    let away = folder.path().join("away");
    std::fs::write(&away, "in the way").unwrap();
    let events = away.join("events.db");
    let config = Config {
        events_url: Some(EngineUrl::new(format!("sqlite://{}", events.display()))),
        ..settings(folder.path())
    };
    let process = Inside::start(config.clone()).await;
    let ready = until(process.address, "/readyz", "HTTP/1.1 503").await;
    assert!(ready.contains(r#""status":"unavailable""#), "{ready}");
    assert!(get(process.address, "/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(get(process.address, "/metrics").await.contains("sendry_build_info"));

    std::fs::remove_file(&away).unwrap();
    until(process.address, "/metrics", "sendry_hits_counted_total 10\n").await;
    assert!(get(process.address, "/readyz").await.starts_with("HTTP/1.1 200"));
    process.stop().await;
    let stores = store::Stores { events: engines::stores(&config).await.unwrap().events, ..stores };
    House { queue: engines::queue(&config).await.unwrap(), stores, client, now, folder }.expect(10).await;
}

#[tokio::test]
async fn it_stops_while_a_store_is_away() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("away"), "in the way").unwrap();
    let events = EngineUrl::new(format!("sqlite://{}/away/events.db", folder.path().display()));
    let process = Inside::start(Config { events_url: Some(events), ..settings(folder.path()) }).await;
    until(process.address, "/readyz", "HTTP/1.1 503").await;
    process.stop().await;
}

/// The binary, as it is built beside these tests.
fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sendry-consumer"));
    command.kill_on_drop(true).stderr(Stdio::piped());
    command
}

#[tokio::test]
async fn it_refuses_a_queue_that_belongs_to_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let refused = binary().current_dir(folder.path()).output().await.unwrap();
    assert!(!refused.status.success());
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("SENDRY_QUEUE_URL"), "{text}");
}

/// Starts the binary on a broker, over SQLite files.
fn start(broker: &str, folder: &Path, fail_points: &str) -> (Child, SocketAddr) {
    let address = SocketAddr::from(([127, 0, 0, 1], testbed::free_port().unwrap()));
    let mut child = binary()
        .current_dir(folder)
        .env("SENDRY_QUEUE_URL", broker)
        .env("SENDRY_DATA_DIR", folder)
        .env("SENDRY_CONSUMER_ADDR", address.to_string())
        .env("SENDRY_CONSUMER_LANES", "1")
        .env("FAILPOINTS", fail_points)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // Read all the time, so that it never blocks on a full pipe.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_dies_at_each_place_it_is_told_to_and_everything_counts_once() {
    let broker = tokio::task::spawn_blocking(|| RabbitMq::start().unwrap()).await.unwrap();
    let queue: Arc<dyn Queue> = Arc::new(RabbitQueue::open(RabbitOptions::new(broker.url())).await.unwrap());
    let mut house = House::new_with(Some(queue)).await;
    // The process goes by the real clock, and sweeps.
    house.now = jiff::Timestamp::now().as_second();
    let mut sent = 0;
    for (number, (place, poison)) in [
        ("consumer::after_claim", false),
        ("consumer::after_raw", false),
        ("consumer::after_complete", false),
        ("consumer::after_ack", false),
        ("consumer::before_bury", true),
        ("queue::in_bury", true),
        ("consumer::after_bury", true),
    ]
    .into_iter()
    .enumerate()
    {
        let id = 2 * number as u128;
        house.publish(id, None, &hits(sent..sent + 8)).await;
        sent += 8;
        if poison {
            house.publish_bytes(id + 1, format!("poison {number}").into_bytes()).await;
        }
        let (mut child, _) = start(&broker.url(), house.folder.path(), &format!("{place}=return"));
        let ended = tokio::time::timeout(Duration::from_secs(60), child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("it did not die at {place}")).unwrap();
        assert!(!ended.success(), "{place}: {ended}");
    }

    let (mut child, address) = start(&broker.url(), house.folder.path(), "");
    until(address, "/readyz", "HTTP/1.1 200").await;
    let settled = async {
        let scope = store::access::ClientScope::of_the_instance(house.client);
        loop {
            let depth = house.queue.depth().await.unwrap();
            let counted = house.stores.metrics.usage(&scope, 0, i64::MAX / 2).await.unwrap();
            let counted: u64 = counted.iter().map(|day| day.accepted).sum();
            assert!(counted <= sent, "counted {counted} of {sent}");
            if depth.waiting == 0 && counted == sent {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), settled).await.expect("not everything was counted");
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    let ended = tokio::time::timeout(Duration::from_secs(20), child.wait()).await;
    assert!(ended.expect("it did not stop in time").unwrap().success());
    house.expect(sent).await;

    // A poison message that was published to the dead letters and not acked is there twice.
    let dead = house.queue.dead_letters(0, 10).await.unwrap();
    let mut bodies: Vec<_> = dead.iter().map(|dead| dead.message.body.clone()).collect();
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies, [b"poison 4", b"poison 5", b"poison 6"]);
}
