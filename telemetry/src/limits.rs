//! Every cap on what a client may send, in one table.
//!
//! Fields that name things (service, endpoint, ids) are refused when they are too long: a cut name would be another
//! name. Free text (errors, bodies) is cut at a character boundary. JSON that is too long is replaced by a note.

/// Bytes of a request body as sent.
pub const BODY_BYTES: usize = 8 << 20;
/// Bytes of a request body after decompression.
pub const INFLATED_BYTES: usize = 32 << 20;
/// Hits in one batch.
pub const BATCH_HITS: usize = 10_000;

/// Characters of an `Idempotency-Key`, visible ASCII.
pub const BATCH_ID: std::ops::RangeInclusive<usize> = 16..=128;

/// Bytes of `serviceName`; more is refused.
pub const SERVICE_BYTES: usize = 128;
/// Bytes of `endpoint` as sent; more is refused.
pub const ENDPOINT_BYTES: usize = 2_048;
/// Bytes of `method`; more is refused.
pub const METHOD_BYTES: usize = 32;
/// Bytes of `environment`; more is refused.
pub const ENVIRONMENT_BYTES: usize = 32;
/// Bytes of `eventId`; more is refused.
pub const EVENT_ID_BYTES: usize = 128;
/// Bytes of `consumer`; more is refused.
pub const CONSUMER_BYTES: usize = 256;
/// Bytes of `ip`; more is refused.
pub const IP_BYTES: usize = 64;

/// Bytes of `userAgent`; more is cut.
pub const USER_AGENT_BYTES: usize = 512;
/// Bytes of `error`; more is cut.
pub const ERROR_BYTES: usize = 4_096;
/// Bytes of `requestBody` and of `responseBody`; more is cut.
pub const CAPTURED_BODY_BYTES: usize = 64 << 10;
/// Bytes of `requestHeaders` and of `responseHeaders` as JSON; more is replaced by a note.
pub const HEADERS_BYTES: usize = 32 << 10;
/// Bytes of `attributes` as JSON; more is replaced by a note.
pub const ATTRIBUTES_BYTES: usize = 32 << 10;

/// The largest `latencyMs`: a day. Sums of a day's latencies in microseconds stay far inside 64 bits.
pub const LATENCY_MS: f64 = 86_400_000.0;
/// The largest `requestSize` and `responseSize`: a tebibyte.
pub const SIZE_BYTES: u64 = 1 << 40;

/// How far in the future a hit's time may lie, in milliseconds.
pub const FUTURE_MS: i64 = 10 * 60 * 1_000;
/// A sender's clock that is off by more than this is corrected, in milliseconds.
pub const SKEW_MS: i64 = 60 * 1_000;

/// Cuts `text` to at most `bytes`, at a character boundary.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let mut end = bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Bytes of a text that requests are searched for; more is refused.
pub const SEARCH_BYTES: usize = 256;
