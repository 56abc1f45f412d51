//! Brings what lies in the platform's queue to the core.
//!
//! The rule: a message leaves the queue when the core has it, or says that it never will count; else it comes again,
//! later and later. After `max_retries` (`wrangler.toml`) the platform puts it into the queue for dead letters.

use crate::settings::{self, CoreAddress};
use crate::wait::now;
use js_sys::{ArrayBuffer, Uint8Array};
use std::time::Duration;
use telemetry::edge::{CALL_MESSAGES, Outcome, Outcomes, pack};
use wasm_bindgen::{JsCast, JsValue};
use worker::{Env, MessageBatch, MessageExt, QueueRetryOptionsBuilder, RawMessage};

/// Bytes of messages in one call, about.
const CALL: usize = 4 << 20;
/// How long the core may take for a call.
const CORE: Duration = Duration::from_secs(30);
/// A message comes again after half its age, within these seconds: so each wait is half as long again as the one before,
/// and no message waits much longer than the core was away.
const SOONEST: i64 = 2;
const LATEST: i64 = 4 * 3_600;

/// A message with its bytes.
struct Waiting {
    message: RawMessage,
    bytes: Vec<u8>,
}

pub(crate) async fn all(batch: &MessageBatch<()>, env: &Env) {
    let mut waiting: Vec<Waiting> =
        batch.raw_iter().map(|message| Waiting { bytes: bytes(&message.body()), message }).collect();
    // A message begins with the digest of its key: those of one client stand together.
    waiting.sort_unstable_by(|one, other| one.bytes.get(..35).cmp(&other.bytes.get(..35)));
    let Some(core) = settings::core(env) else {
        worker::console_error!("CORE_URL or EDGE_SECRET is missing: messages stay in the queue");
        waiting.iter().for_each(|waiting| again(&waiting.message));
        return;
    };
    let mut rest = waiting.as_slice();
    while !rest.is_empty() {
        let (together, after) = rest.split_at(count(rest));
        call(&core, together).await;
        rest = after;
    }
}

/// How many messages go together: one at least.
fn count(waiting: &[Waiting]) -> usize {
    let mut bytes = 0;
    let fit = waiting.iter().take(CALL_MESSAGES).take_while(|waiting| {
        bytes += waiting.bytes.len();
        bytes <= CALL
    });
    fit.count().max(1)
}

async fn call(core: &CoreAddress, together: &[Waiting]) {
    let body = pack(together.iter().map(|waiting| waiting.bytes.as_slice()));
    let reply = core.call("/edge/batches", Some(&body), CORE).await;
    let outcomes = reply.and_then(|reply| {
        if reply.status != 200 {
            worker::console_warn!("the core answers {} to a batch; it is sent again later", reply.status);
            return None;
        }
        serde_json::from_slice::<Outcomes>(&reply.body).ok().map(|reply| reply.outcomes)
    });
    let outcomes = outcomes.filter(|outcomes| outcomes.len() == together.len());
    for (place, Waiting { message, .. }) in together.iter().enumerate() {
        match outcomes.as_ref().map(|outcomes| &outcomes[place]) {
            Some(Outcome::Accepted) => message.ack(),
            Some(Outcome::Refused { error }) => {
                // The core keeps it among its dead letters.
                worker::console_error!("the core refuses a message: {}", error.message);
                message.ack();
            }
            Some(Outcome::Retry) | None => again(message),
        }
    }
}

fn again(message: &RawMessage) {
    let age = now().saturating_sub(message.timestamp().as_millis().cast_signed()) / 1_000;
    let delay = (age / 2).clamp(SOONEST, LATEST);
    let options = QueueRetryOptionsBuilder::new().with_delay_seconds(delay.unsigned_abs() as u32).build();
    message.retry_with_options(&options);
}

/// The bytes of a message; none where it is something else, which the core then refuses by name.
fn bytes(body: &JsValue) -> Vec<u8> {
    if let Some(array) = body.dyn_ref::<Uint8Array>() {
        return array.to_vec();
    }
    body.dyn_ref::<ArrayBuffer>().map(|buffer| Uint8Array::new(buffer).to_vec()).unwrap_or_default()
}
