//! All URLs, grouped by audience.
//!
//! | audience | routes | guarded by |
//! |---|---|---|
//! | monitored applications | `POST /api/hit`, `POST /api/hits` | API key |
//! | edges | `GET /edge/keys/{digest}`, `POST /edge/batches` ([`crate::edge`]) | a token they sign |
//! | orchestrators | `GET /healthz`, `GET /readyz` | nothing: they tell no secrets |
//! | Prometheus | `GET /metrics` | loopback, or a token |
//! | programs and the dashboard | `/api/…` ([`crate::api`]) | session |
//! | people | everything else ([`crate::pages`]) | session, where the page needs one |

use crate::state::AppState;
use crate::{api, auth, edge, headers, health, ingest, metrics, pages, request_id};
use axum::Router;
use axum::http::header;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::routing::get;
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
    let (edge_routes, edge_doc) =
        OpenApiRouter::new().routes(routes!(edge::key)).routes(routes!(edge::batches)).split_for_parts();
    let (api_routes, api_doc) = api::router().split_for_parts();
    let mut document = ingest_doc.merge_from(edge_doc).merge_from(health_doc).merge_from(api_doc);
    api::with_body_refusals(&mut document);
    let document = serde_json::to_string(&document).unwrap_or_default();

    // Ingest stays bare: no span, no session, nothing but what a hit needs.
    let ingest_routes = ingest_routes
        .method_not_allowed_fallback(api::method_not_allowed)
        .layer(ingest::cors_layer())
        .layer(map_response(ingest::narrow_cors));
    let dashboard = auth::foreign_dashboard(state.config.dashboard_origin.as_deref());
    let guarded = api_routes
        .route("/api/openapi.json", get(async || ([(header::CONTENT_TYPE, "application/json")], document)))
        .route("/api/{*unknown}", axum::routing::any(api::not_found))
        .method_not_allowed_fallback(api::method_not_allowed)
        .merge(pages::router(&state))
        .layer(from_fn_with_state(state.clone(), auth::session_layer))
        .layer(from_fn_with_state(state.clone(), auth::origin_layer))
        .layer(tower::util::option_layer(dashboard))
        .merge(edge_routes.method_not_allowed_fallback(api::method_not_allowed))
        .merge(health_routes)
        .route("/metrics", get(metrics::metrics))
        .layer(from_fn_with_state(state.clone(), headers::layer))
        .layer(from_fn(request_id::layer));
    guarded.merge(ingest_routes).with_state(state)
}
