//! Reads a body within its limits: of bytes as sent, of bytes inflated, of time.

use crate::reply::Answer;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::io::Read;
use std::time::Duration;
use telemetry::error::{ApiError, ErrorCode};
use telemetry::limits::{BODY_BYTES, INFLATED_BYTES};

/// Inflating more than this is moved off the threads that serve connections.
const INFLATE_INLINE: usize = 16 << 10;

#[derive(Debug, Clone, Copy)]
enum Coding {
    Gzip,
    Zstd,
}

/// Of a refused body, bytes that are read and dropped, and how long that may take.
const DRAINED: usize = 4 * BODY_BYTES;
const DRAIN: Duration = Duration::from_secs(2);

/// Reads on for a while: where a connection is closed while its sender still writes, the sender never sees the reply.
async fn drain(body: &mut Body) {
    let reading = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > DRAINED {
                break;
            }
        }
    };
    // Whoever is slower learns it from the closed connection.
    let _ = tokio::time::timeout(DRAIN, reading).await;
}

/// Reads and inflates the body of a request.
pub(super) async fn read(request: Request<Body>, timeout: Duration) -> Answer<Bytes> {
    let coding = coding(request.headers())?;
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    // Who asks before sending has sent nothing yet.
    let asks = request.headers().contains_key(header::EXPECT);
    let mut body = request.into_body();
    if length.is_some_and(|length: u64| length > BODY_BYTES as u64) {
        if !asks {
            drain(&mut body).await;
        }
        return Err(too_large("sent", BODY_BYTES).into());
    }
    let collecting = Limited::new(&mut body, BODY_BYTES).collect();
    let bytes = match tokio::time::timeout(timeout, collecting).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            drain(&mut body).await;
            return Err(too_large("sent", BODY_BYTES).into());
        }
        Ok(Err(_)) => return Err(ApiError::invalid("body", "the body ended early").into()),
        Err(_) => return Err(ApiError::invalid("body", "the body did not arrive in time").into()),
    };
    match coding {
        None => Ok(bytes),
        Some(coding) if bytes.len() <= INFLATE_INLINE => Ok(inflate(&bytes, coding, INFLATED_BYTES)?.into()),
        Some(coding) => {
            let inflating = tokio::task::spawn_blocking(move || inflate(&bytes, coding, INFLATED_BYTES));
            Ok(inflating.await.map_err(|_| ApiError::internal())??.into())
        }
    }
}

fn coding(headers: &HeaderMap) -> Result<Option<Coding>, ApiError> {
    let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(None) };
    match value.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(None),
        "gzip" | "x-gzip" => Ok(Some(Coding::Gzip)),
        "zstd" => Ok(Some(Coding::Zstd)),
        _ => Err(ApiError {
            field: Some("content-encoding".to_owned()),
            ..ApiError::new(ErrorCode::Unsupported, "content-encoding must be gzip, zstd or identity")
        }),
    }
}

/// Inflates at most `limit` bytes: what would become more is refused before it is there.
fn inflate(bytes: &[u8], coding: Coding, limit: usize) -> Result<Vec<u8>, ApiError> {
    let damaged = |_| ApiError::invalid("body", "the compressed body is damaged");
    let reader: Box<dyn Read + '_> = match coding {
        Coding::Gzip => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        Coding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(damaged)?;
            // A frame may ask for a window as large as it likes; more than the limit it never needs.
            decoder.window_log_max(25).map_err(damaged)?;
            Box::new(decoder)
        }
    };
    let mut inflated = Vec::new();
    reader.take(limit as u64 + 1).read_to_end(&mut inflated).map_err(damaged)?;
    if inflated.len() > limit {
        return Err(too_large("inflated", limit));
    }
    Ok(inflated)
}

fn too_large(how: &str, limit: usize) -> ApiError {
    let message = format!("the body is over {} MiB {how}; send smaller batches", limit >> 20);
    ApiError { field: Some("body".to_owned()), ..ApiError::new(ErrorCode::TooLarge, message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn bombs_are_refused_at_the_limit() {
        let zeros = vec![0; 1 << 20];
        let zstd = zstd::stream::encode_all(&zeros[..], 3).unwrap();
        for (bytes, coding) in [(gzip(&zeros), Coding::Gzip), (zstd, Coding::Zstd)] {
            assert_eq!(inflate(&bytes, coding, 1 << 20).unwrap().len(), 1 << 20);
            assert_eq!(inflate(&bytes, coding, (1 << 20) - 1).unwrap_err().code, ErrorCode::TooLarge);
        }
    }

    #[test]
    fn damage_is_told_from_data() {
        for coding in [Coding::Gzip, Coding::Zstd] {
            assert_eq!(inflate(b"not compressed", coding, 100).unwrap_err().code, ErrorCode::Invalid);
        }
        let whole = gzip(b"some text that is long enough to be cut");
        assert!(inflate(&whole[..whole.len() - 9], Coding::Gzip, 100).is_err());
    }

    proptest::proptest! {
        #[test]
        fn what_was_damaged_is_refused_or_stays_within_the_limit(
            text in "[a-z]{0,600}",
            place: proptest::sample::Index,
            byte: u8,
            cut: proptest::sample::Index,
        ) {
            let zstd = zstd::stream::encode_all(text.as_bytes(), 3).unwrap();
            for (mut bytes, coding) in [(gzip(text.as_bytes()), Coding::Gzip), (zstd, Coding::Zstd)] {
                proptest::prop_assert_eq!(inflate(&bytes, coding, 600).unwrap(), text.as_bytes());
                let place = place.index(bytes.len());
                bytes[place] = byte;
                bytes.truncate(1 + cut.index(bytes.len()));
                match inflate(&bytes, coding, 500) {
                    Ok(inflated) => proptest::prop_assert!(inflated.len() <= 500),
                    Err(error) => proptest::prop_assert_eq!(error.field.as_deref(), Some("body")),
                }
            }
        }

        #[test]
        fn junk_never_panics(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = inflate(&bytes, Coding::Gzip, 1_000);
            let _ = inflate(&bytes, Coding::Zstd, 1_000);
        }
    }
}
