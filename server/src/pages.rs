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

/// Pages and server functions by name, files for the rest.
pub(crate) fn router(state: &AppState) -> Router<AppState> {
    rendering::prepare();
    let pages = generate_route_list(app::App);
    let files = leptos_axum::file_and_error_handler_with_context::<AppState, _>(
        {
            let state = state.clone();
            move || provide(&state, None)
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
    let render = leptos_axum::render_app_to_stream_in_order_with_context(
        {
            let state = state.clone();
            move || provide(&state, session.clone())
        },
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
    leptos_axum::handle_server_fns_with_context(move || provide(&state, session.clone()), request)
        .await
        .into_response()
}

/// What pages and server functions find in their context.
fn provide(state: &AppState, session: Option<auth::Session>) {
    provide_context(state.stores.clone());
    let (id, user) = session.map(|session| (session.id, session.user)).unzip();
    provide_context(SessionId(id));
    provide_context(Caller(user));
    provide_context(Now(Arc::clone(&state.clock)));
    provide_context(Ops(Arc::new(state.clone())));
    provide_context(Site { public_url: state.public_url.clone(), setup_token: state.setup_token.is_some() });
}
