//! Rates and quotas that several servers share, in Redis.
//!
//! The rule: Redis is asked for a quarter of a second at most, and not at all for a while after it has failed to answer:
//! then each server goes on by itself. Nothing in it needs to survive.

use super::{Counted, Quotas, Rate, Reserved, Taken, WINDOW, Whose};
use anyhow::Context;
use prometheus_client::metrics::counter::Counter;
use queue::breaker::{Breaker, BreakerConfig};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{FromRedisValue, Script, ScriptInvocation};
use runtime::config::EngineUrl;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The longest that Redis may hold up hits.
const PATIENCE: Duration = Duration::from_millis(250);
const BREAKER: BreakerConfig = BreakerConfig {
    errors: 3,
    window: Duration::from_secs(10),
    cool_down: Duration::from_secs(5),
    probes: 1,
};

pub(super) struct Shared {
    connection: ConnectionManager,
    breaker: Mutex<Breaker>,
    rate: Script,
    quota: Script,
    /// Questions that Redis did not answer, or was not asked.
    pub(super) unanswered: Counter,
}

/// What Redis says of a quota.
pub(super) enum Answered {
    Reserved(Reserved),
    /// No server has looked in this window yet what was counted before.
    NobodyLooked,
}

impl Shared {
    /// Connects when it is first asked.
    pub(super) fn new(url: &EngineUrl, connect_timeout: Duration) -> anyhow::Result<Self> {
        // The error would show the URL.
        let client = redis::Client::open(url.expose())
            .map_err(|error| anyhow::anyhow!("{} ({url})", error.category()))
            .context("limits_url is not right")?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(connect_timeout))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(0);
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client, config)
                .context("could not prepare the connection to Redis")?,
            breaker: Mutex::new(Breaker::new(BREAKER)),
            rate: Script::new(include_str!("rate.lua")),
            quota: Script::new(include_str!("quota.lua")),
            unanswered: Counter::default(),
        })
    }

    /// `None` where Redis does not answer.
    pub(super) async fn take(&self, whose: Whose, rate: Rate, hits: NonZeroU32) -> Option<Taken> {
        if hits > rate.burst {
            return Some(Taken::Never);
        }
        let Rate { hits_per_second, burst } = rate;
        let mut question = self.rate.key(format!("sendry:rate:{}:{hits_per_second}:{burst}", whose.key()));
        question.arg(hits_per_second.get()).arg(burst.get()).arg(hits.get());
        let wait: u64 = self.ask(&question).await?;
        Some(if wait == 0 { Taken::Yes } else { Taken::After(Duration::from_micros(wait)) })
    }

    /// `None` where Redis does not answer. What was taken is not given back: the next window looks anew.
    pub(super) async fn reserve(
        &self,
        whose: Whose,
        window: i64,
        quotas: Quotas,
        hits: u64,
        counted: Option<Counted>,
    ) -> Option<Answered> {
        let quota = |quota: Option<u64>| quota.and_then(|quota| i64::try_from(quota).ok()).unwrap_or(-1);
        let mut question = self.quota.key(format!("sendry:used:{}:{window}", whose.key()));
        question.arg(hits).arg(quota(quotas.day)).arg(quota(quotas.month));
        match counted {
            Some(counted) => question.arg(counted.day).arg(counted.month),
            None => question.arg("").arg(""),
        };
        question.arg(3 * WINDOW);
        let (outcome, day, month): (i64, u64, u64) = self.ask(&question).await?;
        if outcome < 0 {
            return Some(Answered::NobodyLooked);
        }
        let held = (outcome > 0).then_some(None);
        Some(Answered::Reserved(Reserved { used: Counted { day, month }, held }))
    }

    async fn ask<T: FromRedisValue>(&self, question: &ScriptInvocation<'_>) -> Option<T> {
        if self.breaker().admit(Instant::now()).is_err() {
            self.unanswered.inc();
            return None;
        }
        let mut asking = Asking { shared: self, answered: false };
        let mut connection = self.connection.clone();
        match tokio::time::timeout(PATIENCE, question.invoke_async(&mut connection)).await {
            Ok(Ok(answer)) => {
                asking.answered = true;
                return Some(answer);
            }
            Ok(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "Redis did not answer: limits are held by each server alone");
            }
            Err(_) => {
                tracing::warn!("Redis did not answer in time: limits are held by each server alone");
            }
        }
        self.unanswered.inc();
        None
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the breaker how a question ended, also where whoever sent the hits has gone.
struct Asking<'a> {
    shared: &'a Shared,
    answered: bool,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let mut breaker = self.shared.breaker();
        if self.answered { breaker.succeeded() } else { breaker.failed(Instant::now()) }
    }
}
