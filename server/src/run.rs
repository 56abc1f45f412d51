//! Runs a server: opens the stores and the queue, serves until told to stop, then drains.
//!
//! The rule: on shutdown, what was being answered is answered, what was being counted is counted or given back, and the
//! process ends within `shutdown_timeout_ms` whatever happens.

use crate::auth::Authenticator;
use crate::config::Config;
use crate::ingest::Ingest;
use crate::routes;
use crate::state::{AppState, Parts};
use anyhow::Context;
use axum::serve::ListenerExt;
use consumer::sweeper::{self, SweeperConfig};
use consumer::{Consumer, ConsumerConfig};
use fs4::FileExt;
use leptos::config::LeptosOptions;
use queue::Queue;
use queue::sqlite::SqliteQueue;
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use telemetry::time::Clock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often "last used" of keys is written down.
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
    let state = open(config, listening, clock).await?;
    greet(&state, listening).await?;

    let tasks = TaskTracker::new();
    for _ in 0..state.config.consumer_lanes {
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

    // Small replies must not wait for more bytes to fill a segment.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "could not set TCP_NODELAY");
        }
    });
    let stop = shutdown.clone();
    let service = routes::router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let serving =
        axum::serve(listener, service).with_graceful_shutdown(async move { stop.cancelled().await });
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(deadline).await;
    };
    tokio::select! {
        served = async { serving.await } => served.context("serving failed")?,
        () = overdue => tracing::warn!("connections were still open at the deadline of shutting down"),
    }
    shutdown.cancel();
    if tokio::time::timeout(deadline, tasks.wait()).await.is_err() {
        tracing::warn!("the consumer was still busy at the deadline; its messages will be delivered again");
    }
    if let Err(error) = state.ingest.keys.note_uses().await {
        tracing::warn!(error = &error as &dyn std::error::Error, "could not note when keys were last used");
    }
    tracing::info!("stopped");
    Ok(())
}

/// One server per data folder: leases and counters live in its memory.
fn lock_data_dir(folder: &Path) -> anyhow::Result<File> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("could not make the data folder {}", folder.display()))?;
    let path = folder.join("sendry.lock");
    let file = File::create(&path).with_context(|| format!("could not make {}", path.display()))?;
    match FileExt::try_lock(&file) {
        Ok(()) => Ok(file),
        Err(fs4::TryLockError::WouldBlock) => anyhow::bail!(
            "another Sendry is running on the data folder {}; stop it, or give this one a folder of its own by SENDRY_DATA_DIR",
            folder.display()
        ),
        Err(fs4::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("could not lock {}", path.display()))
        }
    }
}

async fn open(config: Config, listening: SocketAddr, clock: Clock) -> anyhow::Result<AppState> {
    let queue = SqliteQueue::open(&config.queue_path()).await.context("could not open the queue")?;
    let queue: Arc<dyn Queue> = Arc::new(queue);
    let stores = store::sqlite::open_embedded(&config.events_path(), &config.database_path())
        .await
        .context("could not open the stores")?;
    let public_url = config.public_url(listening);
    let auth = Authenticator::new(
        Arc::clone(&stores.accounts),
        public_url.starts_with("https://"),
        Arc::clone(&clock),
    )
    .await
    .context("could not prepare sessions")?;
    let ingest = Ingest::new(&config, Arc::clone(&queue), Arc::clone(&stores.accounts), Arc::clone(&clock));
    let consumer = Consumer::new(
        Arc::clone(&queue),
        stores.clone(),
        ConsumerConfig::default(),
        Arc::clone(&clock),
        Arc::new(|_, _| {}),
    );
    let setup_token = (!listening.ip().is_loopback()).then(|| uuid::Uuid::new_v4().simple().to_string());
    let leptos = leptos_options(listening)?;
    Ok(AppState::new(Parts {
        config,
        public_url,
        clock,
        queue,
        stores,
        ingest,
        consumer,
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
    Ok(options)
}

async fn greet(state: &AppState, listening: SocketAddr) -> anyhow::Result<()> {
    tracing::info!(address = %listening, url = state.public_url, "listening");
    let fresh = !state.stores.accounts.any_user().await.context("could not read the accounts")?;
    if fresh && let Some(token) = &state.setup_token {
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
            if let Err(error) = state.ingest.keys.note_uses().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not note when keys were last used"
                );
            }
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = noting => {}
    }
}
