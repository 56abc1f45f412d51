//! Sends requests over connections that stay open, one at a time on each, and times the replies.
//!
//! The rule: one thread, one system call to send, one to receive, and nothing allocated while it measures, as it shares
//! the processor with what it measures. It ends only when every request is answered, so what was accepted is exact.

mod connection;

use crate::hits;
use anyhow::{Context, Result, bail};
use connection::Connection;
use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token};
use std::fmt::{Display, Formatter};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// No server that is worth measuring takes longer to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// How hard a server is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) connections: usize,
    /// In one request.
    pub(crate) hits: usize,
}

impl Display for Point {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let plural = if self.connections == 1 { "" } else { "s" };
        match self.hits {
            1 => write!(f, "one hit, {} connection{plural}", self.connections),
            hits => write!(f, "{hits} hits, {} connection{plural}", self.connections),
        }
    }
}

pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) requests: Vec<Vec<u8>>,
    pub(crate) idempotency_keys: bool,
    pub(crate) point: Point,
    pub(crate) warm_up: Duration,
    pub(crate) measure: Duration,
}

/// What came of a load.
pub(crate) struct Measured {
    /// Hits accepted from the first request to the last, warm-up included.
    pub(crate) accepted: u64,
    /// Requests answered by anything but 202.
    pub(crate) refused: u64,
    /// Hits accepted while it was measured.
    pub(crate) hits: u64,
    pub(crate) window: Duration,
    /// What the server's processors did in that time.
    pub(crate) cpu: Duration,
    /// Nanoseconds.
    latency: Histogram<u64>,
}

impl Measured {
    pub(crate) fn hits_per_second(&self) -> f64 {
        self.hits as f64 / self.window.as_secs_f64()
    }

    pub(crate) fn p50_ms(&self) -> f64 {
        self.latency.value_at_quantile(0.5) as f64 / 1e6
    }

    pub(crate) fn p99_ms(&self) -> f64 {
        self.latency.value_at_quantile(0.99) as f64 / 1e6
    }
}

#[derive(PartialEq, Eq)]
enum Phase {
    WarmUp,
    Measure,
    /// Nothing new is sent.
    Finish,
}

/// Loads a server; `cpu` tells how much processor time it has used so far.
pub(crate) fn run(load: &Load, cpu: impl Fn() -> Result<Duration>) -> Result<Measured> {
    let mut batch_ids = load.idempotency_keys.then(BatchIds::new);
    let with_ids = batch_ids.is_some().then(|| hits::with_idempotency_keys(&load.requests));
    let requests = with_ids.as_ref().unwrap_or(&load.requests);
    let mut poll = Poll::new().context("could not make a poll")?;
    let mut connections = connect(load, &poll, requests.len())?;
    let mut events = Events::with_capacity(load.point.connections.max(16));
    let mut measured = Measured {
        accepted: 0,
        refused: 0,
        hits: 0,
        window: Duration::ZERO,
        cpu: Duration::ZERO,
        latency: Histogram::new_with_bounds(1_000, 60_000_000_000, 3)?,
    };

    let mut phase = Phase::WarmUp;
    let mut phase_began = Instant::now();
    let mut cpu_before = Duration::ZERO;
    let mut last_reply = phase_began;
    for connection in &mut connections {
        connection.send(requests, batch_ids.as_mut())?;
    }
    let mut waiting = connections.len();
    while waiting > 0 {
        match poll.poll(&mut events, Some(Duration::from_millis(100))) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            polled => polled.context("could not wait for replies")?,
        }
        let now = Instant::now();
        if phase == Phase::WarmUp && now - phase_began >= load.warm_up {
            (phase, phase_began, cpu_before) = (Phase::Measure, now, cpu()?);
        } else if phase == Phase::Measure && now - phase_began >= load.measure {
            measured.window = now - phase_began;
            measured.cpu = cpu()?.saturating_sub(cpu_before);
            phase = Phase::Finish;
        }
        for event in &events {
            let connection = &mut connections[event.token().0];
            if event.is_writable() {
                connection.continue_sending()?;
            }
            if !event.is_readable() {
                continue;
            }
            let Some(reply) = connection.receive()? else { continue };
            last_reply = now;
            let accepted = if reply.status == 202 { reply.accepted } else { 0 };
            measured.accepted += accepted;
            measured.refused += u64::from(reply.status != 202);
            if phase == Phase::Measure {
                measured.hits += accepted;
                measured.latency.saturating_record(reply.after.as_nanos() as u64);
            }
            if phase == Phase::Finish {
                waiting -= 1;
            } else {
                connection.send(requests, batch_ids.as_mut())?;
            }
        }
        if now.saturating_duration_since(last_reply) > PATIENCE {
            bail!("{waiting} requests are unanswered after {PATIENCE:?}");
        }
    }
    Ok(measured)
}

fn connect(load: &Load, poll: &Poll, requests: usize) -> Result<Vec<Connection>> {
    let mut connections = Vec::with_capacity(load.point.connections);
    for number in 0..load.point.connections {
        let mut connection = Connection::open(load.address, number * requests / load.point.connections)
            .with_context(|| format!("could not connect to {}", load.address))?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(connection.stream(), Token(number), interest)?;
        connections.push(connection);
    }
    Ok(connections)
}

/// Ids for batches, each used once: the time this began, and a number.
struct BatchIds {
    next: u64,
}

impl BatchIds {
    fn new() -> Self {
        Self { next: (jiff::Timestamp::now().as_microsecond() as u64) << 12 }
    }

    fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}
