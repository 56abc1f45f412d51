//! Everything a handler needs, in one value.

use crate::auth::Authenticator;
use crate::edge::Edge;
use crate::ingest::Ingest;
use crate::live::Live;
use crate::ops::Watch;
use axum::extract::FromRef;
use consumer::Consumer;
use leptos::config::LeptosOptions;
use queue::Queue;
use runtime::config::Config;
use std::ops::Deref;
use std::sync::Arc;
use store::Stores;
use telemetry::time::Clock;

/// The parts of a running server. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// See [`AppState`].
pub struct Parts {
    pub config: Config,
    /// How the world reaches this server, without a slash at the end.
    pub public_url: String,
    pub clock: Clock,
    pub queue: Arc<dyn Queue>,
    pub stores: Stores,
    pub ingest: Ingest,
    pub edge: Edge,
    pub consumer: Consumer,
    pub watch: Watch,
    pub live: Live,
    pub auth: Authenticator,
    /// Asked for at onboarding when the server listens on more than loopback; printed at start.
    pub setup_token: Option<String>,
    pub leptos: LeptosOptions,
}

impl AppState {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// How many consumer loops run in this process.
    pub fn lanes(&self) -> usize {
        if self.config.counts_inline() { self.config.consumer_lanes } else { 0 }
    }
}

impl Deref for AppState {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
