//! Runs a server: opens the stores and the queue, serves until told to stop, then drains.
//!
//! The rule: on shutdown, what was being answered is answered, what was being counted is counted or given back, and the
//! process ends within `shutdown_timeout_ms` whatever happens.

use crate::auth::{self, Authenticator};
use crate::edge::Edge;
use crate::ingest::Ingest;
use crate::live::Live;
use crate::ops::Watch;
use crate::routes;
use crate::serve;
use crate::state::{AppState, Parts};
use anyhow::Context;
use consumer::sweeper::{self, SweeperConfig};
use consumer::{Consumer, ConsumerConfig};
use leptos::config::LeptosOptions;
use runtime::config::Config;
use runtime::data_dir::{self, DataDir};
use runtime::engines;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use telemetry::time::Clock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often "last used" of keys, what edges have done and which calls were refused is written down.
const NOTE_USES: Duration = Duration::from_secs(10);

/// Serves on `listener` until `shutdown`.
pub async fn run(
    config: Config,
    listener: TcpListener,
    clock: Clock,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let deadline = config.shutdown_timeout();
    let listening = listener.local_addr().context("could not tell where the server listens")?;
    let _lock = lock_data_dir(&config.data_dir)?;
    let state = open(config, listening, clock, shutdown.clone()).await?;
    greet(&state, listening).await?;

    let tasks = TaskTracker::new();
    for _ in 0..state.lanes() {
        let consumer = state.consumer.clone();
        let shutdown = shutdown.clone();
        tasks.spawn(async move { consumer.run(shutdown).await });
    }
    tasks.spawn(sweeper::run(
        state.stores.clone(),
        Arc::clone(&state.queue),
        SweeperConfig::default(),
        Arc::clone(&state.clock),
        shutdown.clone(),
    ));
    tasks.spawn(note_key_uses(state.clone(), shutdown.clone()));
    tasks.close();

    let head_timeout = state.config.head_timeout();
    let serving = serve::serve(listener, routes::router(state.clone()), head_timeout, &shutdown);
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(deadline).await;
    };
    tokio::select! {
        () = serving => {}
        () = overdue => tracing::warn!("connections were still open at the deadline of shutting down"),
    }
    shutdown.cancel();
    if tokio::time::timeout(deadline, tasks.wait()).await.is_err() {
        tracing::warn!("the consumer was still busy at the deadline; its messages will be delivered again");
    }
    note_uses(&state).await;
    tracing::info!("stopped");
    Ok(())
}

/// One server per data folder: leases and counters live in its memory.
fn lock_data_dir(folder: &Path) -> anyhow::Result<DataDir> {
    data_dir::lock(folder)?.with_context(|| {
        format!(
            "another Sendry is running on the data folder {}; stop it, or give this one a folder of its own by \
             SENDRY_DATA_DIR",
            folder.display()
        )
    })
}

async fn open(
    config: Config,
    listening: SocketAddr,
    clock: Clock,
    shutdown: CancellationToken,
) -> anyhow::Result<AppState> {
    let queue = engines::queue(&config).await?;
    let stores = engines::stores(&config).await?;
    let public_url = config.public_url(listening);
    let auth = Authenticator::new(
        Arc::clone(&stores.accounts),
        public_url.starts_with("https://"),
        config.dashboard_origin.is_some(),
        Arc::clone(&clock),
    )
    .await
    .context("could not prepare sessions")?;
    let ingest = Ingest::new(&config, Arc::clone(&queue), &stores, Arc::clone(&clock))?;
    let edge = Edge::new(Arc::clone(&stores.accounts), &config.masked_fields, Arc::clone(&clock));
    let consumer = Consumer::new(
        Arc::clone(&queue),
        stores.clone(),
        ConsumerConfig::of(&config),
        Arc::clone(&clock),
        Arc::new(|_, _| {}),
    );
    // A proxy on this machine may make a server on loopback one that others can reach: then the public URL says so.
    let reachable = !listening.ip().is_loopback() || !auth::is_on_loopback(&public_url);
    let random = || uuid::Uuid::new_v4().simple().to_string();
    let setup_token = config.setup_token.clone().or_else(|| reachable.then(random));
    let leptos = leptos_options(listening)?;
    let watch = Watch::new(clock());
    Ok(AppState::new(Parts {
        config,
        public_url,
        clock,
        queue,
        stores,
        ingest,
        edge,
        consumer,
        watch,
        live: Live::new(shutdown),
        auth,
        setup_token,
        leptos,
    }))
}

/// `Leptos.toml` where there is one beside the process, else the same values from here; the environment wins.
fn leptos_options(listening: SocketAddr) -> anyhow::Result<LeptosOptions> {
    let mut options = if Path::new("Leptos.toml").exists() {
        leptos::config::get_configuration(Some("Leptos.toml"))
            .context("could not read Leptos.toml")?
            .leptos_options
    } else {
        let site_root = std::env::var("LEPTOS_SITE_ROOT").unwrap_or_else(|_| "target/site".to_owned());
        LeptosOptions::builder().output_name("sendry").site_root(site_root).build()
    };
    options.site_addr = listening;
    options.hash_files |= hashes_lie_beside_the_program(&options.hash_file);
    Ok(options)
}

/// A release build leaves the hashed names of the dashboard's files there: then they are meant.
fn hashes_lie_beside_the_program(hash_file: &str) -> bool {
    let program = std::env::current_exe().ok();
    // A development build may lie beside the list of an older release build, whose files are not served any more.
    let beside = program.and_then(|program| Some(program.parent()?.join(hash_file)));
    !cfg!(debug_assertions) && beside.is_some_and(|path| path.is_file())
}

async fn greet(state: &AppState, listening: SocketAddr) -> anyhow::Result<()> {
    tracing::info!(address = %listening, url = state.public_url, "listening");
    let fresh = !state.stores.accounts.any_user().await.context("could not read the accounts")?;
    if fresh
        && state.config.setup_token.is_none()
        && let Some(token) = &state.setup_token
    {
        // Printed, not logged: logs travel further than the terminal of whoever starts the server.
        eprintln!(
            "\n  To set Sendry up, open {}/setup and enter the set-up token {token}\n",
            state.public_url
        );
    }
    Ok(())
}

async fn note_key_uses(state: AppState, shutdown: CancellationToken) {
    let noting = async {
        loop {
            tokio::time::sleep(NOTE_USES).await;
            note_uses(&state).await;
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = noting => {}
    }
}

async fn note_uses(state: &AppState) {
    let keys = state.ingest.keys.note_uses().await;
    let edges = state.edge.traffic.note(&*state.stores.accounts).await;
    let calls = state.ingest.notes.write_down(&*state.stores.accounts).await;
    for error in [keys, edges, calls].into_iter().filter_map(Result::err) {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "could not note what keys and edges were used for");
    }
}
