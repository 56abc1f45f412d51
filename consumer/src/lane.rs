//! One lane of a consumer: takes groups of messages from the queue and brings each to its end.
//!
//! The rule: while a store is away, a lane keeps what it has and takes no more; while the queue is away, it asks again,
//! less and less often. Neither loses, buries or requeues anything.

use crate::fail_points::pass;
use crate::failure::{StepError, Verdict, chain};
use crate::group::Group;
use crate::stats::{Raised, Step};
use crate::{Consumer, lock};
use futures::FutureExt;
use queue::breaker::BreakerState;
use queue::{Burial, Delivery, QueueError, Subscription};
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// The longest that a store may take to say that it is there.
const PING: Duration = Duration::from_secs(5);

impl Consumer {
    /// Consumes until `shutdown`; what is in hand then is finished if the stores answer, else given back. Comes up also
    /// while queue or stores are away, and begins when they are there.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut failures = 0;
        while !shutdown.is_cancelled() {
            self.await_stores(&shutdown).await;
            if let Err(error) = self.subscribe_and_consume(&mut failures, &shutdown).await {
                self.shared.queue_outage.shows(&chain(&error));
                self.pause(self.backoff(failures), &shutdown).await;
                failures += 1;
            }
        }
    }

    /// Waits until the stores answer: before that, messages are better off in the queue.
    async fn await_stores(&self, shutdown: &CancellationToken) {
        let mut attempt = 0;
        while !shutdown.is_cancelled() {
            let open_for = lock(&self.shared.breaker).open_for(Instant::now());
            if !open_for.is_zero() {
                self.pause(open_for, shutdown).await;
                continue;
            }
            let pinging = async { tokio::try_join!(self.stores.events.ping(), self.stores.metrics.ping()) };
            match tokio::time::timeout(PING, pinging).await {
                Ok(Ok(_)) => return self.shared.stores_outage.is_over(),
                Ok(Err(error)) => self.shared.stores_outage.shows(&chain(&error)),
                Err(_) => self.shared.stores_outage.shows("no answer in time"),
            }
            self.pause(self.backoff(attempt), shutdown).await;
            attempt += 1;
        }
    }

    /// Returns on shutdown, and when an outage of the stores lasts; what it holds then goes back to the queue.
    async fn subscribe_and_consume(
        &self,
        failures: &mut u32,
        shutdown: &CancellationToken,
    ) -> Result<(), QueueError> {
        if shutdown.is_cancelled() {
            return Ok(());
        }
        let mut subscription = self.queue.subscribe().await?;
        self.shared.queue_outage.is_over();
        while !self.shared.stores_outage.lasts() {
            let deliveries = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                received = subscription.receive(self.config.group) => received?,
            };
            *failures = 0;
            self.consume(&mut *subscription, deliveries, shutdown).await?;
        }
        Ok(())
    }

    /// Brings a group of deliveries to their end: acked or buried. Returns early, with some of them unsettled, only when
    /// an outage outlasts [`hold`](crate::ConsumerConfig::hold) or the shutdown, or when the queue itself fails.
    pub async fn consume(
        &self,
        subscription: &mut dyn Subscription,
        deliveries: Vec<Delivery>,
        shutdown: &CancellationToken,
    ) -> Result<(), QueueError> {
        let stats = &self.shared.stats;
        let _in_hand = Raised::new(&stats.in_hand, deliveries.len() as i64);
        let (first_seen, began) = ((self.clock)().as_millisecond(), Instant::now());
        let mut pieces = VecDeque::from([(deliveries, 0u32)]);
        let mut outages = 0;
        while let Some((deliveries, attempts)) = pieces.pop_front() {
            let (group, undecodable) = Group::decode(&deliveries);
            for (delivery, cause) in undecodable {
                self.bury(subscription, delivery, cause, 1, first_seen).await?;
            }
            let Err(error) = self.settle(subscription, &group).await? else {
                continue;
            };
            match error.verdict() {
                Verdict::Outage => {
                    let wait = self.wait_after(&error, &mut outages);
                    self.pause(wait, shutdown).await;
                    if shutdown.is_cancelled() || began.elapsed() >= self.config.hold {
                        return Ok(());
                    }
                    let mut unsettled = group.into_deliveries();
                    // A store that is slow rather than away never gets through with what takes longer than it may:
                    // less at once does.
                    let was_tried = !matches!(error, StepError::BreakerOpen(_));
                    if was_tried && outages > 1 && unsettled.len() > 1 {
                        pieces.push_front((unsettled.split_off(unsettled.len() / 2), attempts));
                    }
                    pieces.push_front((unsettled, attempts));
                }
                Verdict::Poison => {
                    let mut unsettled = group.into_deliveries();
                    if unsettled.len() > 1 {
                        let second = unsettled.split_off(unsettled.len() / 2);
                        pieces.push_front((second, attempts));
                        pieces.push_front((unsettled, attempts));
                    } else if attempts + 1 < self.config.attempts {
                        self.pause(self.backoff(attempts), shutdown).await;
                        if shutdown.is_cancelled() {
                            return Ok(());
                        }
                        pieces.push_front((unsettled, attempts + 1));
                    } else if let [delivery] = &unsettled[..] {
                        self.bury(subscription, delivery, chain(&error), attempts + 1, first_seen).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// How long to wait after a failure that is an outage: `outages` counts those of this group.
    fn wait_after(&self, error: &StepError, outages: &mut u32) -> Duration {
        if let StepError::BreakerOpen(wait) = error {
            return *wait;
        }
        if let Some(step) = error.step() {
            self.shared.stats.retried(step);
        }
        self.shared.stores_outage.shows(&chain(error));
        let wait = self.backoff(*outages);
        *outages += 1;
        wait
    }

    /// Steps 1 to 4. The outer error is the queue's, the inner one the stores'.
    async fn settle(
        &self,
        subscription: &mut dyn Subscription,
        group: &Group<'_>,
    ) -> Result<Result<(), StepError>, QueueError> {
        if group.is_empty() {
            return Ok(Ok(()));
        }
        if let Err(wait) = lock(&self.shared.breaker).admit(Instant::now()) {
            return Ok(Err(StepError::BreakerOpen(wait)));
        }
        let counting = AssertUnwindSafe(self.count(group)).catch_unwind();
        let counted = counting.await.unwrap_or(Err(StepError::Panicked));
        self.tell_breaker(counted.as_ref().err());
        let counted = match counted {
            Ok(counted) => counted,
            Err(error) => return Ok(Err(error)),
        };
        self.shared.stores_outage.is_over();
        let stats = &self.shared.stats;
        let accepted = group.envelopes().map(|envelope| envelope.accepted_at);
        stats.counted(accepted, (self.clock)().as_millisecond());
        stats.duplicates.inc_by(counted.duplicates);
        for (client, hits) in counted.hits {
            stats.hits.inc_by(hits);
            (self.on_counted)(client, hits);
        }
        let began = Instant::now();
        let acked = subscription.ack(&group.tags()).await;
        stats.took(Step::Ack, began.elapsed());
        acked?;
        pass!("after_ack");
        stats.messages.inc_by(group.len() as u64);
        stats.groups.observe(group.len() as f64);
        Ok(Ok(()))
    }

    /// Tells the breaker how a group fared. Only an outage is a failure of the stores.
    fn tell_breaker(&self, error: Option<&StepError>) {
        let (mut breaker, now) = (lock(&self.shared.breaker), Instant::now());
        let before = breaker.state(now);
        match error {
            Some(error) if error.verdict() == Verdict::Outage => breaker.failed(now),
            _ => breaker.succeeded(),
        }
        match (before, breaker.state(now)) {
            (BreakerState::Closed, BreakerState::Open) => {
                tracing::warn!("the breaker before the stores has opened");
            }
            (BreakerState::HalfOpen, BreakerState::Closed) => {
                tracing::info!("the breaker before the stores has closed");
            }
            _ => {}
        }
    }

    async fn bury(
        &self,
        subscription: &mut dyn Subscription,
        delivery: &Delivery,
        cause: String,
        attempts: u32,
        first_seen: i64,
    ) -> Result<(), QueueError> {
        let (id, client) = (delivery.message.id, delivery.message.client);
        let burial =
            Burial { cause: cause.clone(), attempts, first_seen, buried_at: (self.clock)().as_millisecond() };
        pass!("before_bury");
        subscription.bury(delivery.tag, burial).await?;
        pass!("after_bury");
        tracing::error!(message = %id, %client, cause, attempts, "buried a message");
        self.shared.stats.buried.inc();
        Ok(())
    }

    fn backoff(&self, attempt: u32) -> Duration {
        // Spread by the clock's fine digits: consumers that fail together need not come back together.
        let random = f64::from((self.clock)().subsec_nanosecond().unsigned_abs() % 1_000_000) / 1e6;
        self.config.backoff.delay(attempt, random)
    }

    /// Waits for so long, or until shutdown, and shows it.
    async fn pause(&self, delay: Duration, shutdown: &CancellationToken) {
        let _paused = Raised::new(&self.shared.stats.paused, 1);
        let _ = tokio::time::timeout(delay, shutdown.cancelled()).await;
    }
}
