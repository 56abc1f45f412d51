//! Clients that send hits the way SDKs do, and remember what they were answered.

use crate::hits::hit;
use crate::installation::Installation;
use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Hits in one batch of the load.
pub(crate) const BATCH: u64 = 40;

/// How long a client rests between two calls. Unchecked, a few clients send ten times what the MongoDB wire server of the
/// tests stores, and every outage ends in minutes of draining.
const PAUSE: Duration = Duration::from_millis(40);

/// How a sender makes sure that its hits count once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A batch with an `Idempotency-Key`, sent again until it is taken.
    Batch,
    /// One hit with an `eventId`, sent again until it is taken.
    Event,
    /// One hit with no id at all: sent once, whatever the answer.
    Bare,
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) at: Instant,
    pub(crate) took: Duration,
    /// `None`: no answer, because the connection broke or could not be made.
    pub(crate) status: Option<StatusCode>,
    /// What a refusal said.
    pub(crate) refusal: String,
}

/// What was sent, and what became of it.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Hits by number: whether a 2xx was received for it.
    pub(crate) hits: BTreeMap<u64, bool>,
    pub(crate) calls: Vec<Call>,
}

/// Senders under way. They go on until [`Load::finish`].
pub(crate) struct Load {
    shared: Arc<Shared>,
    senders: JoinSet<()>,
}

struct Shared {
    http: reqwest::Client,
    urls: Vec<String>,
    key: String,
    pause: Duration,
    next: AtomicU64,
    stopping: AtomicBool,
    ledger: Mutex<Ledger>,
}

impl Load {
    /// Starts `senders` clients against all servers.
    pub(crate) fn start(installation: &Installation, senders: usize) -> Self {
        Self::start_at_pace(installation, senders, PAUSE)
    }

    /// As [`Load::start`]; each client rests for `pause` between two calls.
    pub(crate) fn start_at_pace(installation: &Installation, senders: usize, pause: Duration) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        let shared = Arc::new(Shared {
            http,
            urls: installation.servers.iter().map(|server| server.url("")).collect(),
            key: installation.key.clone(),
            pause,
            next: AtomicU64::new(1),
            stopping: AtomicBool::new(false),
            ledger: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        for sender in 0..senders {
            let shared = Arc::clone(&shared);
            tasks.spawn(async move { shared.send_on(sender).await });
        }
        Self { shared, senders: tasks }
    }

    /// Hits for which a 2xx has been received so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.shared.ledger.lock().unwrap().hits.values().filter(|taken| **taken).count() as u64
    }

    /// All calls so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.ledger.lock().unwrap().calls.clone()
    }

    /// Waits until `more` further hits have been acknowledged.
    pub(crate) async fn progress(&self, more: u64, patience: Duration) {
        let due = self.acknowledged() + more;
        let waiting = async {
            while self.acknowledged() < due {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if tokio::time::timeout(patience, waiting).await.is_err() {
            let last: Vec<Call> = self.calls().into_iter().rev().take(5).collect();
            panic!("no {more} hits were taken within {patience:?}; the last calls: {last:#?}");
        }
    }

    /// Starts nothing new; what has an id is sent until it is taken.
    pub(crate) async fn finish(mut self) -> Ledger {
        self.shared.stopping.store(true, Ordering::SeqCst);
        let sending = async {
            while let Some(sent) = self.senders.join_next().await {
                sent.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(120), sending)
            .await
            .expect("the senders did not come to an end");
        std::mem::take(&mut self.shared.ledger.lock().unwrap())
    }
}

impl Shared {
    async fn send_on(&self, sender: usize) {
        let mut turn = sender;
        while !self.stopping.load(Ordering::SeqCst) {
            turn += 1;
            let way = [Way::Batch, Way::Event, Way::Bare][turn % 3];
            let size = if way == Way::Batch { BATCH } else { 1 };
            let first = self.next.fetch_add(size, Ordering::SeqCst);
            self.send(first..first + size, way, turn).await;
            tokio::time::sleep(self.pause).await;
        }
    }

    async fn send(&self, numbers: Range<u64>, way: Way, turn: usize) {
        // Every other call says when its hits happened; the others take the time of their acceptance.
        let at =
            turn.is_multiple_of(2).then(|| Timestamp::now().as_millisecond() - (turn as i64 % 50) * 60_000);
        let hits: Vec<Value> = numbers.clone().map(|n| hit(n, at)).collect();
        let body = match (way, &hits[..]) {
            (Way::Event, [one]) => {
                let mut one = one.clone();
                one["eventId"] = json!(format!("event-{}", numbers.start));
                one
            }
            (Way::Bare, [one]) => one.clone(),
            _ => json!(hits),
        };
        self.note(|ledger| ledger.hits.extend(numbers.clone().map(|n| (n, false))));
        for attempt in turn.. {
            let path = if way == Way::Batch { "/api/hits" } else { "/api/hit" };
            let url = format!("{}{path}", self.urls[attempt % self.urls.len()]);
            let mut request = self.http.post(url).header("x-api-key", &self.key).json(&body);
            if way == Way::Batch {
                request = request.header("idempotency-key", format!("batch-number-{:08}", numbers.start));
            }
            let at = Instant::now();
            let reply = request.send().await;
            let status = reply.as_ref().ok().map(reqwest::Response::status);
            // A reply that a kill cut off was no acknowledgement.
            let said = match reply {
                Ok(reply) => reply.json::<Value>().await.ok(),
                Err(_) => None,
            };
            let refusal =
                said.as_ref().and_then(|said| said["error"]["message"].as_str()).unwrap_or_default();
            let call = Call { at, took: at.elapsed(), status, refusal: refusal.to_owned() };
            self.note(|ledger| ledger.calls.push(call));
            let taken = said.filter(|_| status == Some(StatusCode::ACCEPTED));
            if let Some(taken) = taken {
                assert_eq!(taken["accepted"], numbers.end - numbers.start, "{taken}");
                self.note(|ledger| ledger.hits.extend(numbers.map(|n| (n, true))));
                return;
            }
            let known = [None, Some(StatusCode::SERVICE_UNAVAILABLE), Some(StatusCode::ACCEPTED)];
            assert!(known.contains(&status), "an unexpected answer: {status:?}");
            if way == Way::Bare {
                return;
            }
            // A client's own pause before it tries again.
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    fn note(&self, change: impl FnOnce(&mut Ledger)) {
        change(&mut self.ledger.lock().unwrap());
    }
}
