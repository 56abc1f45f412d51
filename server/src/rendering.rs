//! Where pages are rendered: each whole, on one thread.
//!
//! The rule: all that makes a page, and all that is loaded for it, runs on one thread. Leptos keeps what a page loads behind a
//! lock for which readers wait by blocking their thread. Were the tasks of a page spread over the runtime, all of its threads
//! could come to wait for a writer that none is left to run: the whole server would stand still, ingest with it.

use crate::reply::ErrorReply;
use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use std::cell::Cell;
use std::sync::OnceLock;
use telemetry::error::ApiError;
use tokio_util::task::LocalPoolHandle;

thread_local! {
    /// Whether this thread renders pages.
    static RENDERS: Cell<bool> = const { Cell::new(false) };
}

/// Tasks that a page begins stay on its thread.
struct OnThePagesThread;

impl CustomExecutor for OnThePagesThread {
    fn spawn(&self, task: PinnedFuture<()>) {
        if RENDERS.get() {
            tokio::task::spawn_local(task);
        } else {
            tokio::spawn(task);
        }
    }

    fn spawn_local(&self, task: PinnedLocalFuture<()>) {
        tokio::task::spawn_local(task);
    }

    fn poll_local(&self) {}
}

/// Makes Leptos keep to the rule. To be called before anything of Leptos is.
pub(crate) fn prepare() {
    // Set already where several servers run in one process.
    let _ = Executor::init_custom_executor(OnThePagesThread);
}

fn threads() -> &'static LocalPoolHandle {
    static THREADS: OnceLock<LocalPoolHandle> = OnceLock::new();
    THREADS.get_or_init(|| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        LocalPoolHandle::new(cores)
    })
}

/// Renders on one thread, to the end of the page; what is no page is streamed as it is.
pub(crate) async fn whole<F, Rendering>(render: F) -> Response
where
    F: FnOnce() -> Rendering + Send + 'static,
    Rendering: Future<Output = Response> + 'static,
{
    let rendered = threads().spawn_pinned(move || {
        RENDERS.set(true);
        let rendering = render();
        async move { page(rendering.await).await }
    });
    rendered.await.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a page could not be rendered");
        ErrorReply::from(ApiError::internal()).into_response()
    })
}

/// A page with its whole text.
async fn page(response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("text/html")) {
        return response;
    }
    let (parts, body) = response.into_parts();
    match body.collect().await {
        Ok(text) => Response::from_parts(parts, Body::from(text.to_bytes())),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page could not be rendered");
            ErrorReply::from(ApiError::internal()).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::thread::{ThreadId, current};
    use tokio::sync::mpsc;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn all_tasks_of_a_page_run_on_its_thread() {
        prepare();
        let (tell, mut told) = mpsc::channel::<ThreadId>(64);
        let response = whole(move || async move {
            for _ in 0..20 {
                let tell = tell.clone();
                Executor::spawn(async move {
                    tokio::task::yield_now().await;
                    let inner = tell.clone();
                    Executor::spawn(async move { inner.send(current().id()).await.unwrap() });
                    tell.send(current().id()).await.unwrap();
                });
            }
            tell.send(current().id()).await.unwrap();
            "done".into_response()
        })
        .await;
        assert_eq!(response.status(), 200);
        let mut threads = HashSet::new();
        while let Some(thread) = told.recv().await {
            threads.insert(thread);
        }
        assert_eq!(threads.len(), 1);
        assert!(!threads.contains(&current().id()));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_costs_its_page_alone() {
        prepare();
        assert_eq!(whole(|| async { panic!("on purpose") }).await.status(), 500);
        assert_eq!(whole(|| async { "fine".into_response() }).await.status(), 200);
    }
}
