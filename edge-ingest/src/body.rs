//! Reads a body within the same limits as the core: of bytes as sent, of bytes inflated, of time.
//!
//! Beside these stands a limit on what all requests of the isolate hold at once, since they share its 128 MB.

use crate::reply::Refusal;
use crate::wait::within;
use futures_util::StreamExt;
use std::cell::Cell;
use std::io::Read;
use std::time::Duration;
use telemetry::error::{ApiError, ErrorCode};
use telemetry::limits::{BODY_BYTES, INFLATED_BYTES};
use worker::{Headers, Request};

/// How long a body may take to come.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of bodies that are being received at once, at most.
const HELD: usize = 3 * BODY_BYTES;
/// What a body counts for that does not tell its length.
const UNTOLD: usize = 1 << 20;
/// How much of a body that is too long is still received, and thrown away: who is cut off while sending sees a broken
/// line instead of the 413, and sends the same again.
const READ_AT_MOST: usize = 4 * BODY_BYTES;

thread_local! {
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

/// A share of the memory for bodies; given back when it is dropped.
struct Share(usize);

impl Share {
    fn take(bytes: usize) -> Result<Self, Refusal> {
        if BYTES.get() + bytes > HELD {
            return Err(ApiError::unavailable("too many bodies are coming in at once; try again").into());
        }
        BYTES.set(BYTES.get() + bytes);
        Ok(Self(bytes))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        BYTES.set(BYTES.get() - self.0);
    }
}

/// Reads and inflates the body of a request.
pub(crate) async fn read(request: &mut Request) -> Result<Vec<u8>, Refusal> {
    let zipped = is_zipped(request.headers())?;
    let length: Option<usize> =
        request.headers().get("content-length").ok().flatten().and_then(|length| length.parse().ok());
    let share = Share::take(length.filter(|&length| length <= BODY_BYTES).unwrap_or(UNTOLD))?;
    let Some(received) = within(TIMEOUT, receive(request, length)).await else {
        return Err(ApiError::invalid("body", "the body did not arrive in time").into());
    };
    drop(share);
    let sent = received?;
    if zipped { Ok(inflate(&sent, INFLATED_BYTES)?) } else { Ok(sent) }
}

async fn receive(request: &mut Request, length: Option<usize>) -> Result<Vec<u8>, ApiError> {
    let cut = |_| ApiError::invalid("body", "the body ended early");
    let too_long = length.is_some_and(|length| length > BODY_BYTES);
    if length.is_some() && !too_long {
        // The platform hands over no more than was announced.
        return request.bytes().await.map_err(cut);
    }
    // Without a length there may be no body at all.
    let Ok(mut stream) = request.stream() else { return Ok(Vec::new()) };
    let mut bytes = Vec::new();
    let mut seen = 0;
    while seen <= READ_AT_MOST
        && let Some(chunk) = stream.next().await
    {
        let chunk = chunk.map_err(cut)?;
        seen += chunk.len();
        if too_long || seen > BODY_BYTES {
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&chunk);
        }
    }
    if too_long || seen > BODY_BYTES { Err(too_large("sent", BODY_BYTES)) } else { Ok(bytes) }
}

/// Whether a body is gzip. zstd, which the core takes too, would make the Worker a tenth larger.
fn is_zipped(headers: &Headers) -> Result<bool, ApiError> {
    let Some(value) = headers.get("content-encoding").ok().flatten() else { return Ok(false) };
    match value.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(false),
        "gzip" | "x-gzip" => Ok(true),
        _ => Err(ApiError {
            field: Some("content-encoding".to_owned()),
            ..ApiError::new(ErrorCode::Unsupported, "at the edge, content-encoding must be gzip or identity")
        }),
    }
}

/// Inflates at most `limit` bytes: what would become more is refused before it is there.
fn inflate(sent: &[u8], limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut inflated = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(sent).take(limit as u64 + 1);
    reader
        .read_to_end(&mut inflated)
        .map_err(|_| ApiError::invalid("body", "the compressed body is damaged"))?;
    if inflated.len() > limit {
        return Err(too_large("inflated", limit));
    }
    Ok(inflated)
}

fn too_large(how: &str, limit: usize) -> ApiError {
    let message = format!("the body is over {} MiB {how}; send smaller batches", limit >> 20);
    ApiError { field: Some("body".to_owned()), ..ApiError::new(ErrorCode::TooLarge, message) }
}
