//! All URLs, grouped by audience.
//!
//! | audience | routes | guarded by |
//! |---|---|---|
//! | monitored applications | `POST /api/hit`, `POST /api/hits` | API key |
//! | orchestrators | `GET /healthz`, `GET /readyz` | nothing: they tell no secrets |
//! | programs and the dashboard | `/api/…` ([`crate::api`]) | session |
//! | people | everything else ([`crate::pages`]) | session, where the page needs one |

use crate::state::AppState;
use crate::{api, auth, health, ingest, pages, request_id};
use axum::Router;
use axum::http::{HeaderName, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use std::time::Duration;
use tower_http::cors::{Any, CorsLayer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Everything that the server answers.
pub fn router(state: AppState) -> Router {
    let (ingest_routes, ingest_doc) = OpenApiRouter::with_openapi(api::document())
        .routes(routes!(ingest::hit))
        .routes(routes!(ingest::hits))
        .split_for_parts();
    let (health_routes, health_doc) = OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .split_for_parts();
    let (api_routes, api_doc) = api::router().split_for_parts();
    let document = ingest_doc.merge_from(health_doc).merge_from(api_doc);
    let document = serde_json::to_string(&document).unwrap_or_default();

    // Ingest stays bare: no span, no session, nothing but what a hit needs.
    let ingest_routes =
        ingest_routes.method_not_allowed_fallback(api::method_not_allowed).layer(ingest_cors());
    let guarded = api_routes
        .route("/api/openapi.json", get(async || ([(header::CONTENT_TYPE, "application/json")], document)))
        .route("/api/{*unknown}", axum::routing::any(api::not_found))
        .method_not_allowed_fallback(api::method_not_allowed)
        .merge(pages::router(&state))
        .layer(from_fn_with_state(state.clone(), auth::session_layer))
        .layer(from_fn_with_state(state.clone(), auth::origin_layer))
        .merge(health_routes)
        .layer(from_fn(request_id::layer));
    guarded.merge(ingest_routes).with_state(state)
}

/// Browsers may report hits from any page: the key says whose they are, and no cookie is looked at.
fn ingest_cors() -> CorsLayer {
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
        .expose_headers([HeaderName::from_static(request_id::HEADER), header::RETRY_AFTER])
        .max_age(Duration::from_secs(86_400))
}
