//! The dashboard's pages, its files, and its server functions.

use crate::state::AppState;
use crate::{auth, rendering};
use app::ssr::{Caller, Now, Ops, SessionId, Site};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use leptos::prelude::provide_context;
use leptos_axum::{LeptosRoutes, generate_route_list};
use std::sync::Arc;
use store::Stores;
use store::analytics::Shared;
use telemetry::time::Clock;

/// Pages and server functions by name, files for the rest.
pub(crate) fn router(state: &AppState) -> Router<AppState> {
    rendering::prepare();
    let pages = generate_route_list(app::App);
    let files = leptos_axum::file_and_error_handler_with_context::<AppState, _>(
        {
            let state = state.clone();
            move || provide(&state, Reading::of_any(&state), None)
        },
        app::shell,
    );
    Router::new()
        .route("/api/fn/{*name}", get(server_function).post(server_function))
        .leptos_routes_with_handler(pages, get(page))
        .fallback(async move |uri: Uri, state: State<AppState>, request: Request| {
            rendering::whole(move || files(uri, state, request)).await
        })
}

async fn page(
    State(state): State<AppState>,
    caller: Option<axum::Extension<auth::Session>>,
    request: Request,
) -> Response {
    let options = state.leptos.clone();
    let session = caller.map(|axum::Extension(session)| session);
    let reading = Reading::of_one_page(&state);
    let render = leptos_axum::render_app_to_stream_in_order_with_context(
        move || provide(&state, reading.clone(), session.clone()),
        move || app::shell(options.clone()),
    );
    rendering::whole(move || async move { render(request).await.into_response() }).await
}

async fn server_function(
    State(state): State<AppState>,
    caller: Option<axum::Extension<auth::Session>>,
    request: axum::http::Request<Body>,
) -> Response {
    let session = caller.map(|axum::Extension(session)| session);
    let reading = Reading::of_any(&state);
    let provide = move || provide(&state, reading.clone(), session.clone());
    leptos_axum::handle_server_fns_with_context(provide, request).await.into_response()
}

/// What is read from, and at what time.
#[derive(Clone)]
struct Reading {
    stores: Stores,
    clock: Clock,
}

impl Reading {
    fn of_any(state: &AppState) -> Self {
        Self { stores: state.stores.clone(), clock: Arc::clone(&state.clock) }
    }

    /// A page is about one moment, and what its reports read in common is read once.
    fn of_one_page(state: &AppState) -> Self {
        let now = (state.clock)();
        let metrics = Arc::new(Shared::new(Arc::clone(&state.stores.metrics)));
        Self { stores: Stores { metrics, ..state.stores.clone() }, clock: Arc::new(move || now) }
    }
}

/// What pages and server functions find in their context.
fn provide(state: &AppState, reading: Reading, session: Option<auth::Session>) {
    provide_context(reading.stores);
    let (id, user) = session.map(|session| (session.id, session.user)).unzip();
    provide_context(SessionId(id));
    provide_context(Caller(user));
    provide_context(Now(reading.clock));
    provide_context(Ops(Arc::new(state.clone())));
    provide_context(Site { public_url: state.public_url.clone(), setup_token: state.setup_token.is_some() });
}
