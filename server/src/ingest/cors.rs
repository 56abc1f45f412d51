//! Which pages may send hits, and read what they are answered.
//!
//! Before a call a browser asks whether any page may send one, and is told yes: it does not tell the key then. The rule:
//! a key that is held to the pages of some origins is refused from elsewhere, and only those pages may read the answer.

use crate::reply::Answer;
use crate::request_id;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::Response;
use std::time::Duration;
use telemetry::error::ApiError;
use telemetry::key::{FOREIGN_ORIGIN, is_allowed_origin};
use tower_http::cors::{Any, CorsLayer};

/// Browsers may report hits from any page: the key says whose they are, and no cookie is looked at.
pub fn cors_layer() -> CorsLayer {
    const NAMES: [&str; 3] = ["x-api-key", "idempotency-key", "x-sendry-sent-at"];
    let headers = NAMES.map(HeaderName::from_static).into_iter();
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::POST])
        .allow_headers(
            headers
                .chain([header::CONTENT_TYPE, header::AUTHORIZATION, header::CONTENT_ENCODING])
                .collect::<Vec<_>>(),
        )
        .expose_headers([
            HeaderName::from_static(request_id::HEADER),
            HeaderName::from_static(super::QUOTA),
            header::RETRY_AFTER,
        ])
        .max_age(Duration::from_secs(86_400))
}

/// Whom a reply may be read by.
#[derive(Clone, Default)]
pub(super) enum Cors {
    /// Pages of all origins.
    #[default]
    All,
    /// Pages of one.
    Only(HeaderValue),
    /// None.
    Nobody,
}

impl Cors {
    /// 403 where the key is held to origins and the call comes from elsewhere.
    pub(super) fn narrow(&mut self, origins: &[String], headers: &HeaderMap) -> Answer<()> {
        if origins.is_empty() {
            return Ok(());
        }
        let origin = headers.get(header::ORIGIN);
        if !is_allowed_origin(origins, origin.and_then(|origin| origin.to_str().ok())) {
            *self = Self::Nobody;
            return Err(ApiError::forbidden(FOREIGN_ORIGIN).into());
        }
        if let Some(origin) = origin {
            *self = Self::Only(origin.clone());
        }
        Ok(())
    }

    /// Tells [`narrow_cors`], which comes after the layer that opens replies to all.
    pub(super) fn told(self, mut response: Response) -> Response {
        if !matches!(self, Self::All) {
            response.extensions_mut().insert(self);
        }
        response
    }
}

/// Takes back what [`cors_layer`] has opened too far.
pub async fn narrow_cors(mut response: Response) -> Response {
    let Some(cors) = response.extensions_mut().remove::<Cors>() else { return response };
    let headers = response.headers_mut();
    match cors {
        Cors::All => {}
        Cors::Only(origin) => {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.append(header::VARY, HeaderValue::from_static("origin"));
        }
        Cors::Nobody => {
            headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        }
    }
    response
}
