//! One listener's events, in the order in which things happen.

use super::Place;
use super::window::{Sample, Window};
use jiff::Timestamp;
use queue::Queue;
use std::sync::Arc;
use std::time::Duration;
use store::access::ClientScope;
use store::analytics::RequestsQuery;
use store::events::EventFilter;
use store::{MetricsStore, StoreError, identity};
use telemetry::envelope::Envelope;
use telemetry::hit;
use telemetry::report::{Counted, RequestRow, Tailed};
use telemetry::time::{Clock, DAY};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

/// How often it is looked whether more has been counted.
const LOOK: Duration = Duration::from_millis(500);

/// How often what has come is sent.
const FLUSH: Duration = Duration::from_millis(250);

/// How long after a failure the queue is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// Messages that wait here to be looked at. Beyond that they wait where they are dropped.
const WAITING: usize = 16;

/// What is told.
pub enum Told {
    Counted(Counted),
    Tailed(Tailed),
    /// What is published cannot be seen just now.
    Gap,
}

/// What is looked at for a listener.
pub struct Feed {
    place: Place,
    counted: watch::Receiver<u64>,
    tailing: Option<Tailing>,
    clock: Clock,
    /// Those that look: they end with it.
    _tasks: JoinSet<()>,
}

impl Feed {
    /// With `tailed`, requests that match it are told too.
    pub fn new(
        place: Place,
        queue: Arc<dyn Queue>,
        metrics: Arc<dyn MetricsStore>,
        scope: ClientScope,
        clock: Clock,
        tailed: Option<&RequestsQuery>,
    ) -> Self {
        let mut tasks = JoinSet::new();
        let tailing = tailed.map(|query| {
            let (come, coming) = mpsc::channel(WAITING);
            tasks.spawn(tail(queue, scope.clone(), come));
            Tailing::new(query.filter(), coming, clock().as_second())
        });
        let (tell, counted) = watch::channel(0);
        tasks.spawn(look(metrics, scope, Arc::clone(&clock), tell));
        Self { place, counted, tailing, clock, _tasks: tasks }
    }

    /// Waits for the next event; `None` at the end.
    pub async fn next(&mut self) -> Option<Told> {
        let tailed = async {
            match &mut self.tailing {
                Some(tailing) => tailing.next(&self.clock).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.place.shutdown.cancelled() => None,
            () = tokio::time::sleep_until(self.place.end) => None,
            told = tailed => Some(told),
            changed = self.counted.changed() => {
                changed.ok()?;
                Some(Told::Counted(Counted { accepted: *self.counted.borrow_and_update() }))
            }
        }
    }
}

/// Tells whenever more has been counted; first, after the first look, how much there is.
async fn look(metrics: Arc<dyn MetricsStore>, scope: ClientScope, clock: Clock, tell: watch::Sender<u64>) {
    let mut looks = every(LOOK);
    loop {
        looks.tick().await;
        match accepted(&*metrics, &scope, clock().as_second()).await {
            Ok(accepted) => {
                tell.send_if_modified(|told| std::mem::replace(told, accepted) != accepted);
            }
            // Reports say it themselves when they are asked for.
            Err(error) => tracing::debug!(%error, "a listener cannot be told what has been counted"),
        }
    }
}

/// Hits are counted in the transaction that adds them to the usage of the day of their acceptance.
async fn accepted(metrics: &dyn MetricsStore, scope: &ClientScope, now: i64) -> Result<u64, StoreError> {
    let today = now - now.rem_euclid(DAY);
    let usage = metrics.usage(scope, today - DAY, today + DAY).await?;
    Ok(usage.iter().map(|day| day.accepted).sum())
}

/// Passes on what is published, and `None` where that has ended for a while.
async fn tail(queue: Arc<dyn Queue>, scope: ClientScope, come: mpsc::Sender<Option<Vec<u8>>>) {
    loop {
        let watched = async {
            let mut tail = queue.tail(scope.client()).await?;
            loop {
                let body = tail.next().await?;
                if come.send(Some(body)).await.is_err() {
                    return Ok(());
                }
            }
        };
        let ended: Result<(), queue::QueueError> = watched.await;
        let Err(error) = ended else { return };
        tracing::debug!(%error, "a listener cannot see what is published");
        if come.send(None).await.is_err() {
            return;
        }
        sleep(AGAIN).await;
    }
}

struct Tailing {
    filter: EventFilter,
    coming: mpsc::Receiver<Option<Vec<u8>>>,
    flush: Interval,
    window: Window,
    sample: Sample,
    /// When figures were told last, Unix seconds.
    told_at: i64,
    /// Whether the last figures were of nothing.
    quiet: bool,
}

impl Tailing {
    fn new(filter: EventFilter, coming: mpsc::Receiver<Option<Vec<u8>>>, now: i64) -> Self {
        let (window, sample) = (Window::new(now), Sample::default());
        Self { filter, coming, flush: every(FLUSH), window, sample, told_at: 0, quiet: false }
    }

    async fn next(&mut self, clock: &Clock) -> Told {
        loop {
            tokio::select! {
                // What has come goes out before more is taken in.
                biased;
                _ = self.flush.tick() => {
                    if let Some(tailed) = self.flushed(clock()) {
                        return Told::Tailed(tailed);
                    }
                }
                come = self.coming.recv() => match come {
                    Some(Some(body)) => self.take(&body, clock().as_second()),
                    Some(None) => return Told::Gap,
                    None => std::future::pending().await,
                }
            }
        }
    }

    fn take(&mut self, body: &[u8], now: i64) {
        // One that cannot be read will be told of by whoever counts it.
        let Ok(Envelope { client, batches, .. }) = Envelope::decode(body) else { return };
        for batch in &batches {
            for (position, hit) in batch.hits.iter().filter(|(_, hit)| self.filter.matches(hit)) {
                self.window.add(hit, now);
                self.sample.offer(|| {
                    let identity = hit::identity(client, &batch.id, *position);
                    RequestRow::of(identity::to_public(&identity), hit)
                });
            }
        }
    }

    /// What has come since the last time. Where nothing has, the figures still change: they are told once a second, until
    /// all that they are of is a minute old.
    fn flushed(&mut self, at: Timestamp) -> Option<Tailed> {
        let now = at.as_second();
        if self.sample.matched == 0 && (self.quiet || self.told_at == now) {
            return None;
        }
        let (sample, last_minute) = (std::mem::take(&mut self.sample), self.window.last_minute(now));
        (self.told_at, self.quiet) = (now, last_minute.requests == 0);
        Some(Tailed { at, matched: sample.matched, requests: sample.into_rows(), last_minute })
    }
}

fn every(period: Duration) -> Interval {
    let mut every = interval(period);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every
}
