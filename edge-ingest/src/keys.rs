//! Which key is presented, and what judging its hits needs.
//!
//! Four steps, each only where the one before does not know: the checksum; this isolate's memory; the platform's KV,
//! where it is bound; the core. What the core said carries the time when it said it, so its age counts from there by
//! whichever way it comes, and a revocation takes no longer for there being KV in between.
//!
//! The rule: while the core does not answer, what is known is believed for the stated grace, and what is not known is a
//! 503, never a 401. A core that refuses the edge itself has answered.

use crate::core::CoreReply;
use crate::generations::Generations;
use crate::reply::Refusal;
use crate::settings::{self, CoreAddress, Lifetimes};
use crate::wait::{now, within};
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use telemetry::edge::{EdgeKey, Hex};
use telemetry::error::ApiError;
use telemetry::key::ApiKey;
use telemetry::mask::Masking;
use worker::{Context, Delay, Env};

/// The longest that one look-up in KV may take, and one at the core.
const KV: Duration = Duration::from_millis(500);
const CORE: Duration = Duration::from_secs(2);
/// How soon a request looks again whether another one has found what it needs.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// A look-up under way is waited for so long, in milliseconds; whoever began it may be gone.
const PATIENCE: i64 = 3_000;
/// After the core did not answer it is left alone for so long, in milliseconds.
const REST: i64 = 5_000;
/// Keys in each generation of the memory.
const SIZE: usize = 5_000;

/// A digest of a key.
pub(crate) type Digest = [u8; 32];

/// A key that may send hits.
pub(crate) struct Key {
    pub(crate) digest: Digest,
    pub(crate) told: EdgeKey,
    pub(crate) masking: Masking,
}

/// What is remembered of a key.
#[derive(Clone)]
struct Known {
    /// `None`: the core does not know it.
    key: Option<Rc<Key>>,
    /// When the core said so, Unix milliseconds.
    at: i64,
}

/// The same as it lies in KV. Only good keys lie there: an entry lives a minute at least, too long for a bad one.
#[derive(Serialize, Deserialize)]
struct Stored {
    key: EdgeKey,
    at: i64,
}

thread_local! {
    static MEMORY: RefCell<Generations<Digest, Known>> = RefCell::new(Generations::new(SIZE));
    /// Look-ups under way, and when each began.
    static UNDER_WAY: RefCell<HashMap<Digest, i64>> = RefCell::default();
    /// Until when the core is left alone.
    static RESTS_UNTIL: Cell<i64> = const { Cell::new(0) };
}

/// The key that was presented, if it may send hits.
pub(crate) async fn check(env: &Env, context: &Context, presented: Option<&str>) -> Result<Rc<Key>, Refusal> {
    let refused = |message: &str| ApiError::unauthorized(message);
    let presented = presented.ok_or_else(|| refused("send your API key in the x-api-key header"))?;
    let parsed = ApiKey::parse(presented)
        .map_err(|_| refused("this is no API key of Sendry; check for missing characters"))?;
    let digest = parsed.digest();
    let known = match fresh(&digest, env) {
        Some(known) => known,
        None => look_up(env, context, digest).await?,
    };
    let key = known.key.ok_or_else(|| refused("this API key is unknown or revoked"))?;
    if key.told.expires_at.is_some_and(|at| at <= now()) {
        return Err(refused("this API key has expired").into());
    }
    Ok(key)
}

fn fresh(digest: &Digest, env: &Env) -> Option<Known> {
    let known = remembered(digest)?;
    let lifetimes = Lifetimes::of(env);
    let lifetime = if known.key.is_some() { lifetimes.known } else { lifetimes.unknown };
    is_younger(known.at, lifetime).then_some(known)
}

fn remembered(digest: &Digest) -> Option<Known> {
    MEMORY.with_borrow_mut(|memory| memory.get(digest))
}

fn is_younger(at: i64, lifetime: Duration) -> bool {
    now().saturating_sub(at) < i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX)
}

/// One look-up for all that want the same key at once.
async fn look_up(env: &Env, context: &Context, digest: Digest) -> Result<Known, Refusal> {
    let began = now();
    loop {
        if let Some(turn) = Turn::take(digest) {
            let found = ask(env, context, digest).await;
            drop(turn);
            return found;
        }
        Delay::from(LOOK_AGAIN).await;
        if let Some(known) = fresh(&digest, env) {
            return Ok(known);
        }
        if RESTS_UNTIL.get() > now() || now() - began > PATIENCE {
            return stale(&digest, env);
        }
    }
}

/// The right to look a key up; ends when it is dropped.
struct Turn(Digest);

impl Turn {
    fn take(digest: Digest) -> Option<Self> {
        UNDER_WAY.with_borrow_mut(|under_way| {
            let now = now();
            // A request that the platform has ended never drops its turn: it runs out.
            under_way.retain(|_, began| now - *began < PATIENCE);
            if under_way.contains_key(&digest) {
                return None;
            }
            under_way.insert(digest, now);
            Some(Self(digest))
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        UNDER_WAY.with_borrow_mut(|under_way| under_way.remove(&self.0));
    }
}

async fn ask(env: &Env, context: &Context, digest: Digest) -> Result<Known, Refusal> {
    // A process that has slept, or a request that waited for a turn, may find the answer here.
    if let Some(known) = fresh(&digest, env) {
        return Ok(known);
    }
    let lifetimes = Lifetimes::of(env);
    if let Some(stored) = from_kv(env, &digest).await {
        let newer = remembered(&digest).is_none_or(|known| known.at < stored.at);
        if newer {
            remember(digest, Some(stored.key), stored.at);
        }
        if let Some(known) = fresh(&digest, env) {
            return Ok(known);
        }
    }
    let Some(core) = settings::core(env) else {
        return Err(ApiError::unavailable("this edge does not know its core yet").into());
    };
    if RESTS_UNTIL.get() > now() {
        return stale(&digest, env);
    }
    let reply = core.call(&format!("/edge/keys/{}", Hex(digest)), None, CORE).await;
    let at = now();
    match told(reply, &core) {
        Told::Key(key) => {
            if settings::keys(env).is_some() {
                context.wait_until(to_kv(env.clone(), digest, Stored { key: key.clone(), at }, lifetimes));
            }
            Ok(remember(digest, Some(key), at))
        }
        Told::Unknown => Ok(remember(digest, None, at)),
        Told::Nothing => {
            RESTS_UNTIL.set(at + REST);
            stale(&digest, env)
        }
        Told::NotYou => {
            Err(ApiError::unavailable("the core refuses this edge; its operator has to renew its secret")
                .into())
        }
    }
}

/// What the core says about a key.
enum Told {
    Key(EdgeKey),
    Unknown,
    /// It does not answer, or not now.
    Nothing,
    /// The edge itself is refused.
    NotYou,
}

fn told(reply: Option<CoreReply>, core: &CoreAddress) -> Told {
    match reply {
        Some(CoreReply { status: 200, body, .. }) => {
            serde_json::from_slice(&body).map_or(Told::Nothing, Told::Key)
        }
        Some(CoreReply { status: 404, body, .. }) if is_ours(&body) => Told::Unknown,
        Some(CoreReply { status: 401 | 403, body, .. }) if is_ours(&body) => {
            worker::console_error!("the core at {} refuses this edge: rotate its secret", core.url);
            Told::NotYou
        }
        _ => Told::Nothing,
    }
}

/// Whether an error comes from Sendry: a proxy's 404 or 403 says nothing about a key.
fn is_ours(body: &[u8]) -> bool {
    serde_json::from_slice::<telemetry::error::ErrorBody>(body).is_ok()
}

fn remember(digest: Digest, told: Option<EdgeKey>, at: i64) -> Known {
    let key = told.map(|told| {
        let masking = Masking::with_fields(&told.masked_fields);
        Rc::new(Key { digest, told, masking })
    });
    let known = Known { key, at };
    MEMORY.with_borrow_mut(|memory| memory.insert(digest, known.clone()));
    known
}

/// What was known before the core fell silent, within the grace.
fn stale(digest: &Digest, env: &Env) -> Result<Known, Refusal> {
    let lifetimes = Lifetimes::of(env);
    let known = remembered(digest).filter(|known| {
        // That a key is unknown is worth nothing later on: it may have been made since.
        known.key.is_some() && is_younger(known.at, lifetimes.known + lifetimes.grace)
    });
    known.ok_or_else(|| ApiError::unavailable("keys cannot be checked at the moment; try again").into())
}

fn kv_name(digest: &Digest) -> String {
    format!("key:{}", Hex(*digest))
}

async fn from_kv(env: &Env, digest: &Digest) -> Option<Stored> {
    let reading = settings::keys(env)?.get(&kv_name(digest)).bytes();
    let bytes = within(KV, reading).await?.ok()??;
    serde_json::from_slice(&bytes).ok()
}

/// A failure to write means one more call to the core, no more.
async fn to_kv(env: Env, digest: Digest, stored: Stored, lifetimes: Lifetimes) {
    let Some(kv) = settings::keys(&env) else { return };
    let Ok(json) = serde_json::to_vec(&stored) else { return };
    // KV keeps nothing for less than a minute.
    let seconds = (lifetimes.known + lifetimes.grace).as_secs().max(60);
    if let Ok(put) = kv.put_bytes(&kv_name(&digest), &json) {
        let _ = within(KV, put.expiration_ttl(seconds).execute()).await;
    }
}
