//! The servers that Sendry is held against: one that makes hits durable and does nothing else, one that forgets them.
//!
//! The rule: the least that keeps the promise of a 202. The durable ones parse, encode, gather while the last commit is
//! being synced (or a few publishes are being confirmed: [`broker`]), and answer after their own; no keys, no checks, no
//! limits, no time-outs. SQLite and queue are set up as Sendry's are.

pub(crate) mod broker;

use anyhow::{Context, Result};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::Path;
use tokio::sync::{mpsc, oneshot};

pub(crate) enum Work<'a> {
    /// Every hit is in this file, and synced, before its 202.
    Durable(&'a Path),
    /// Every hit is confirmed by the broker at this URL before its 202.
    Confirmed(&'a str),
    ParseOnly,
}

/// Serves until the process is told to end.
pub(crate) fn serve(address: SocketAddr, work: Work<'_>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let router = match work {
            Work::Durable(file) => durable(Writer::start(open(file)?)?),
            Work::Confirmed(url) => {
                let (segments, waiting) = mpsc::unbounded_channel();
                tokio::spawn(broker::publish(broker::connect(url).await?, waiting));
                durable(Writer { segments })
            }
            Work::ParseOnly => Router::new()
                .route("/api/hit", post(async |body: Bytes| forget::<Hit>(&body)))
                .route("/api/hits", post(async |body: Bytes| forget::<Vec<Hit>>(&body))),
        };
        let listener = tokio::net::TcpListener::bind(address).await.context("could not listen")?;
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, router).await.context("serving failed")
    })
}

fn durable(writer: Writer) -> Router {
    let hit = async |State(writer): State<Writer>, body: Bytes| writer.take::<Hit>(&body).await;
    let hits = async |State(writer): State<Writer>, body: Bytes| writer.take::<Vec<Hit>>(&body).await;
    Router::new().route("/api/hit", post(hit)).route("/api/hits", post(hits)).with_state(writer)
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hit<'a> {
    #[serde(borrow)]
    service_name: Cow<'a, str>,
    #[serde(borrow)]
    endpoint: Cow<'a, str>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    status_code: u16,
    latency_ms: f64,
}

/// What a body holds: one hit or several.
trait Hits<'a>: Serialize + Deserialize<'a> {
    fn number(&self) -> usize;
}

impl<'a> Hits<'a> for Hit<'a> {
    fn number(&self) -> usize {
        1
    }
}

impl<'a> Hits<'a> for Vec<Hit<'a>> {
    fn number(&self) -> usize {
        self.len()
    }
}

#[derive(Serialize)]
struct Accepted {
    accepted: usize,
    rejected: [(); 0],
}

fn accepted(number: usize) -> Response {
    (StatusCode::ACCEPTED, Json(Accepted { accepted: number, rejected: [] })).into_response()
}

fn not_json(error: &serde_json::Error) -> Response {
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "text/plain")], error.to_string()).into_response()
}

fn forget<'a, T: Hits<'a>>(body: &'a Bytes) -> Response {
    match serde_json::from_slice::<T>(body) {
        Ok(hits) => accepted(hits.number()),
        Err(error) => not_json(&error),
    }
}

struct Segment {
    bytes: Vec<u8>,
    durable: oneshot::Sender<()>,
}

#[derive(Clone)]
struct Writer {
    segments: mpsc::UnboundedSender<Segment>,
}

impl Writer {
    fn start(connection: Connection) -> Result<Self> {
        let (segments, waiting) = mpsc::unbounded_channel();
        let write = move || {
            if let Err(error) = write(&connection, waiting) {
                eprintln!("could not write: {error}");
                std::process::exit(1);
            }
        };
        std::thread::Builder::new().name("writer".to_owned()).spawn(write)?;
        Ok(Self { segments })
    }

    async fn take<'a, T: Hits<'a>>(&self, body: &'a Bytes) -> Response {
        let (bytes, number) = match serde_json::from_slice::<T>(body) {
            Ok(hits) => (postcard::to_stdvec(&hits).unwrap_or_default(), hits.number()),
            Err(error) => return not_json(&error),
        };
        let (durable, answer) = oneshot::channel();
        if self.segments.send(Segment { bytes, durable }).is_err() || answer.await.is_err() {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        accepted(number)
    }
}

/// One commit for all that came while the last one was being synced.
fn write(connection: &Connection, mut waiting: mpsc::UnboundedReceiver<Segment>) -> rusqlite::Result<()> {
    let mut insert = connection.prepare("INSERT INTO messages (body) VALUES (?1)")?;
    while let Some(first) = waiting.blocking_recv() {
        let mut body = first.bytes;
        let mut gathered = vec![first.durable];
        while let Ok(Segment { bytes, durable }) = waiting.try_recv() {
            body.extend_from_slice(&bytes);
            gathered.push(durable);
        }
        // Outside of a transaction each statement is one.
        insert.execute([body])?;
        for durable in gathered {
            // Whoever sent it may have gone.
            let _ = durable.send(());
        }
    }
    Ok(())
}

/// A SQLite file with one table, set up as the queue's file is.
pub(crate) fn open(file: &Path) -> Result<Connection> {
    let connection = Connection::open(file).with_context(|| format!("could not open {}", file.display()))?;
    connection.execute_batch(
        "PRAGMA page_size = 8192;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 2000;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA cache_size = -4096;
         CREATE TABLE IF NOT EXISTS messages (sequence INTEGER PRIMARY KEY, body BLOB NOT NULL);",
    )?;
    Ok(connection)
}
