//! The edge: takes hits far from the core, and forwards them.
//!
//! One hit's way: [`ingest`] checks its key ([`keys`]) and judges the body with the core's own code (`telemetry`);
//! [`delivery`] makes what was accepted durable, in the platform's queue or at the core; then the call is answered with
//! 202. Later the platform hands messages of the queue to [`forward`], which brings them to the core.
//!
//! The rule: nothing here waits without an end, keeps without a bound, or shares what belongs to one request with
//! another. A task that is woken by another request's event would go on in that request's context, where the platform
//! forbids its own: so requests that want the same thing look again after a moment, each by its own timer.

mod body;
mod core;
mod delivery;
mod forward;
mod generations;
mod ingest;
mod keys;
mod reply;
mod settings;
mod token;
mod wait;

use telemetry::batch::Format;
use telemetry::error::{ApiError, ErrorCode};
use worker::{Context, Env, MessageBatch, Method, Request, Response, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> worker::Result<Response> {
    let url = request.inner().url();
    match (request.method(), path(&url)) {
        (Method::Post, "/api/hit") => ingest::answer(request, &env, &context, Format::One).await,
        (Method::Post, "/api/hits") => ingest::answer(request, &env, &context, Format::Many).await,
        (Method::Options, "/api/hit" | "/api/hits") => reply::preflight(),
        (Method::Get | Method::Head, "/healthz") => reply::health(),
        (_, "/api/hit" | "/api/hits" | "/healthz") => {
            reply::error(&ApiError::new(ErrorCode::MethodNotAllowed, "this route knows other methods").into())
        }
        #[cfg(feature = "deliberate-panic")]
        #[allow(clippy::panic, reason = "that is what it is for")]
        (Method::Get, "/panic") => panic!("asked to"),
        _ => reply::error(&ApiError::new(ErrorCode::NotFound, "there is no such route at the edge").into()),
    }
}

/// The path of a URL that the platform has made: absolute, and in its one form.
///
/// Not by the `url` crate, which brings the tables of all international names along: a third of the bundle.
fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    path.split(['?', '#']).next().unwrap_or(path)
}

// Every message is acked or told to come again, one by one: an error here has nothing left to say.
#[event(queue)]
async fn queue(batch: MessageBatch<()>, env: Env, _context: Context) -> worker::Result<()> {
    forward::all(&batch, &env).await;
    Ok(())
}
