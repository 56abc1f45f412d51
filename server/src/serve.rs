//! Serves connections, each within limits of time.
//!
//! The rule: a connection that brings nothing ends. A request's head must arrive within `head_timeout_ms`, counted from
//! the connection's beginning or from the reply before it; so neither a caller that dribbles nor one that idles holds on
//! for ever. Bodies have a time-out of their own where they are read.

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::{Layer, ServiceExt};

/// How long to wait where no connection can be taken: there are no file descriptors left.
const OUT_OF_BREATH: Duration = Duration::from_secs(1);

/// Serves until `stop`, then ends when all that is being answered has been.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    head_timeout: Duration,
    stop: &CancellationToken,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(head_timeout)
        .keep_alive_timeout(head_timeout);
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_the_caller(&error) => continue,
            Err(error) => {
                tracing::error!(%error, "no connection can be taken; trying again in a second");
                tokio::time::sleep(OUT_OF_BREATH).await;
                continue;
            }
        };
        // Small replies must not wait for more bytes to fill a segment.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "could not set TCP_NODELAY");
        }
        let watcher = connections.watcher();
        tokio::spawn(serve_one(builder.clone(), stream, peer, app.clone(), head_timeout, watcher));
    }
    drop(listener);
    connections.shutdown().await;
}

async fn serve_one(
    builder: Builder<TokioExecutor>,
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    head_timeout: Duration,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let spoke = Arc::new(AtomicBool::new(false));
    let service = {
        let spoke = Arc::clone(&spoke);
        Extension(ConnectInfo(peer)).layer(app).map_request(move |request| {
            spoke.store(true, Ordering::Relaxed);
            request
        })
    };
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let served = watcher.watch(connection.into_owned());
    // Before the version of the protocol is known there is no other time-out, and none for the first request of HTTP/2.
    let silent = async {
        tokio::time::sleep(head_timeout).await;
        if spoke.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        served = served => if let Err(error) = served {
            tracing::debug!(error, %peer, "a connection ended early");
        },
        () = silent => tracing::debug!(%peer, "a connection without a request was ended"),
    }
}

fn is_of_the_caller(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}
