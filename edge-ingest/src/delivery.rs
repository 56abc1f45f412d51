//! Makes what was accepted durable: in the platform's queue, or at the core.
//!
//! The rule: a message is never split, and keeps its id by every way; so where the queue says nothing, the core can be
//! asked to take the same message, and it counts once.

use crate::core::CoreReply;
use crate::reply::Refusal;
use crate::settings;
use crate::wait::within;
use js_sys::Uint8Array;
use std::time::Duration;
use telemetry::edge::{Outcome, Outcomes, pack};
use telemetry::error::{ApiError, ErrorBody, ErrorCode};
use worker::{Env, Queue, QueueContentType, RawMessageBuilder};

/// The platform takes messages of 128 KB, of which it needs some for itself.
const QUEUE_BYTES: usize = 127_000;
/// How long the queue may take to confirm.
const QUEUE: Duration = Duration::from_secs(5);
/// How long the core may take to take a message.
const CORE: Duration = Duration::from_secs(10);

/// Returns when the message is durable.
pub(crate) async fn deliver(env: &Env, message: &[u8]) -> Result<(), Refusal> {
    if message.len() <= QUEUE_BYTES
        && let Some(queue) = settings::queue(env)
        && enqueue(&queue, message).await
    {
        return Ok(());
    }
    directly(env, message).await
}

async fn enqueue(queue: &Queue, message: &[u8]) -> bool {
    // The binding does not know the type `bytes`; `v8` carries the same array.
    let raw = RawMessageBuilder::new(Uint8Array::from(message).into());
    let sending = queue.send_raw(raw.build_with_content_type(QueueContentType::V8));
    match within(QUEUE, sending).await {
        Some(Ok(())) => true,
        Some(Err(error)) => {
            worker::console_error!("the queue does not take a message: {error}");
            false
        }
        None => {
            worker::console_error!("the queue does not confirm a message in time");
            false
        }
    }
}

/// To the core, whose answer is the caller's.
async fn directly(env: &Env, message: &[u8]) -> Result<(), Refusal> {
    let away = || {
        ApiError::unavailable("the hits cannot be kept at the moment; nothing was stored, send again later")
    };
    let core = settings::core(env).ok_or_else(away)?;
    let reply =
        core.call("/edge/batches?direct=true", Some(&pack([message])), CORE).await.ok_or_else(away)?;
    let outcomes = match reply {
        CoreReply { status: 200, body, .. } => serde_json::from_slice::<Outcomes>(&body),
        CoreReply { status: 413, body, .. } => {
            let told = serde_json::from_slice::<ErrorBody>(&body).map(|body| body.error);
            return Err(told
                .unwrap_or_else(|_| ApiError::new(ErrorCode::TooLarge, "the batch is too large"))
                .into());
        }
        CoreReply { retry_after, .. } => {
            return Err(Refusal::from(away()).retry_after(retry_after.unwrap_or(1)));
        }
    };
    match outcomes.ok().and_then(|all| all.outcomes.into_iter().next()) {
        Some(Outcome::Accepted) => Ok(()),
        Some(Outcome::Refused { error }) => Err(error.into()),
        Some(Outcome::Retry) | None => Err(away().into()),
    }
}
