//! What the Worker is told by its bindings; `wrangler.toml` says what each is for.

use std::time::Duration;
use telemetry::edge::{EdgeSecret, KEY_LIFETIME, STALE_GRACE, UNKNOWN_KEY_LIFETIME};
use worker::kv::KvStore;
use worker::{Env, Queue, RateLimiter};

/// The core, and what the edge proves itself with.
pub(crate) struct CoreAddress {
    /// Without a slash at the end.
    pub(crate) url: String,
    pub(crate) secret: EdgeSecret,
}

/// `CORE_URL` and `EDGE_SECRET`; nothing where one of them is missing or wrong.
pub(crate) fn core(env: &Env) -> Option<CoreAddress> {
    let url = env.var("CORE_URL").ok()?.to_string();
    let url = url.trim().trim_end_matches('/').to_owned();
    let secret = env.secret("EDGE_SECRET").ok()?.to_string().parse();
    match secret {
        Ok(secret) if !url.is_empty() => Some(CoreAddress { url, secret }),
        Ok(_) => None,
        Err(_) => {
            worker::console_error!("EDGE_SECRET is not what `sendry edge create` printed");
            None
        }
    }
}

/// `HITS`
pub(crate) fn queue(env: &Env) -> Option<Queue> {
    env.queue("HITS").ok()
}

/// `KEYS`
pub(crate) fn keys(env: &Env) -> Option<KvStore> {
    env.kv("KEYS").ok()
}

/// `LIMIT`
pub(crate) fn rate_limiter(env: &Env) -> Option<RateLimiter> {
    env.rate_limiter("LIMIT").ok()
}

/// How long the core's word on a key is believed. Each can be made shorter, never longer: the core counts on it when it
/// judges hits of revoked keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetimes {
    /// `KEY_SECONDS`
    pub(crate) known: Duration,
    /// `UNKNOWN_KEY_SECONDS`
    pub(crate) unknown: Duration,
    /// `STALE_SECONDS`: beyond `known`, while the core does not answer.
    pub(crate) grace: Duration,
}

impl Lifetimes {
    pub(crate) fn of(env: &Env) -> Self {
        let at_most = |name: &str, most: i64| {
            let set = env.var(name).ok().and_then(|value| value.to_string().trim().parse::<u64>().ok());
            Duration::from_secs(set.unwrap_or(u64::MAX).min(most.unsigned_abs()))
        };
        Self {
            known: at_most("KEY_SECONDS", KEY_LIFETIME),
            unknown: at_most("UNKNOWN_KEY_SECONDS", UNKNOWN_KEY_LIFETIME),
            grace: at_most("STALE_SECONDS", STALE_GRACE),
        }
    }
}
