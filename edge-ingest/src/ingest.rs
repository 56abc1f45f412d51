//! `POST /api/hit` and `POST /api/hits`, as the core answers them.
//!
//! The rule: never 202 before the hits are durable, in the platform's queue or in the core's.

use crate::delivery;
use crate::keys::{self, Key};
use crate::reply::{self, Readers, Refusal};
use crate::wait::now;
use crate::{body, settings};
use js_sys::Reflect;
use telemetry::batch::{self, Acceptance, Accepted, Format, Origin};
use telemetry::edge;
use telemetry::envelope::{self, MessageId};
use telemetry::error::{ApiError, ErrorCode};
use telemetry::key::{FOREIGN_ORIGIN, is_allowed_origin};
use wasm_bindgen::JsValue;
use worker::{Context, Env, Headers, Request, Response};

const DAY_MS: i64 = 86_400_000;
/// The period of the rate limit in `wrangler.toml`, in seconds.
const LIMIT_PERIOD: u64 = 10;

pub(crate) async fn answer(
    request: Request,
    env: &Env,
    context: &Context,
    format: Format,
) -> worker::Result<Response> {
    let mut readers = Readers::All;
    match accept(request, env, context, format, &mut readers).await {
        Ok(Accepted { hits, rejected, .. }) => reply::accepted(hits, &rejected, &readers),
        Err(refusal) => reply::refused(&refusal, &readers),
    }
}

async fn accept(
    mut request: Request,
    env: &Env,
    context: &Context,
    format: Format,
    readers: &mut Readers,
) -> Result<Accepted, Refusal> {
    let headers = request.headers();
    let key = keys::check(env, context, presented_key(headers).as_deref()).await?;
    if !key.told.origins.is_empty() {
        let origin = header(headers, "origin");
        *readers = Readers::Nobody;
        if !is_allowed_origin(&key.told.origins, origin.as_deref()) {
            return Err(ApiError::new(ErrorCode::Forbidden, FOREIGN_ORIGIN).into());
        }
        *readers = origin.map_or(Readers::Nobody, Readers::Only);
    }
    let batch_id = header(headers, "idempotency-key");
    let batch_id = batch_id.as_deref().map(batch::check_batch_id).transpose()?;
    let sent_at = header(headers, "x-sendry-sent-at").as_deref().map(sent_at).transpose()?;
    let format = match format {
        Format::Many if is_ndjson(headers) => Format::Ndjson,
        format => format,
    };
    limit(env, &key).await?;
    let origin = OwnOrigin::of(&request);
    let body = body::read(&mut request).await?;
    let accepted_at = now();
    let acceptance = Acceptance {
        now: accepted_at,
        sent_at,
        raw_retention: i64::from(key.told.raw_retention_days) * DAY_MS,
        environment: &key.told.environment,
        masking: &key.masking,
        capture_bodies: key.told.capture_bodies,
        services: &key.told.services,
        origin: origin.as_origin(),
    };
    let read = batch::read(&body, format, batch_id, &acceptance);
    drop(body);
    let accepted = read.map_err(|error| error.into_api_error(format))?;
    delivery::deliver(env, &wrap(&key, &accepted, accepted_at)?).await?;
    Ok(accepted)
}

/// The message that carries what was accepted, under an id that it keeps.
fn wrap(key: &Key, accepted: &Accepted, accepted_at: i64) -> Result<Vec<u8>, ApiError> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|_| ApiError::internal())?;
    let segment = accepted.segment.as_bytes();
    let mut bytes = Vec::with_capacity(segment.len() + 48);
    envelope::begin(MessageId::new(accepted_at, random), key.told.client, accepted_at, &mut bytes);
    bytes.extend_from_slice(segment);
    Ok(edge::encode(&key.digest, &bytes))
}

/// 429 where the platform's rate limiter is bound and the key is over it. One that does not answer limits nobody.
async fn limit(env: &Env, key: &Key) -> Result<(), Refusal> {
    let Some(limiter) = settings::rate_limiter(env) else { return Ok(()) };
    match limiter.limit(edge::Hex(key.digest).to_string()).await {
        Ok(outcome) if !outcome.success => {
            let error = ApiError::new(ErrorCode::Limited, "this key sends more than its edge allows");
            Err(Refusal::from(error).retry_after(LIMIT_PERIOD))
        }
        _ => Ok(()),
    }
}

fn header(headers: &Headers, name: &str) -> Option<String> {
    headers.get(name).ok().flatten()
}

/// The key from `x-api-key`, or else from `Authorization: Bearer`.
fn presented_key(headers: &Headers) -> Option<String> {
    if let Some(key) = header(headers, "x-api-key") {
        return Some(key);
    }
    let authorization = header(headers, "authorization")?;
    let (scheme, key) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().to_owned())
}

fn is_ndjson(headers: &Headers) -> bool {
    header(headers, "content-type").is_some_and(|kind| kind.contains("ndjson") || kind.contains("jsonl"))
}

/// RFC 3339 or epoch milliseconds.
fn sent_at(text: &str) -> Result<i64, ApiError> {
    let field = "x-sendry-sent-at";
    batch::parse_time(text.trim())
        .ok_or_else(|| ApiError::invalid(field, format!("{field} must be RFC 3339 or epoch milliseconds")))
}

/// What the platform says of the sender.
struct OwnOrigin {
    address: Option<String>,
    country: Option<String>,
    colo: Option<String>,
}

impl OwnOrigin {
    fn of(request: &Request) -> Self {
        let cf = Reflect::get(request.inner(), &"cf".into()).unwrap_or(JsValue::UNDEFINED);
        let told = |name: &str| {
            // Not through `worker::Cf`, which panics where the platform leaves something out.
            let value = if cf.is_object() { Reflect::get(&cf, &name.into()).ok()? } else { return None };
            value.as_string().filter(|value| !value.is_empty())
        };
        Self {
            address: header(request.headers(), "cf-connecting-ip"),
            country: told("country"),
            colo: told("colo"),
        }
    }

    fn as_origin(&self) -> Origin<'_> {
        Origin {
            address: self.address.as_deref(),
            country: self.country.as_deref(),
            colo: self.colo.as_deref(),
        }
    }
}
