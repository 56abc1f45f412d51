//! Whether something that all lanes need is away, and one line in the log when that changes.
//!
//! The rule: however many lanes fail however often, an outage costs a line at its beginning, one now and then while it
//! lasts, and one at its end.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// While it lasts, or comes and goes, it is told no more often than this.
const TELL: Duration = Duration::from_secs(30);

/// The outages of one thing.
pub(crate) struct Outage {
    /// What is told when it begins.
    begins: &'static str,
    /// What is told when it is over.
    ends: &'static str,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    since: Option<Instant>,
    told: Option<Instant>,
    /// Whether the one that lasts was told: then its end is, too.
    telling: bool,
}

impl Outage {
    pub(crate) fn new(begins: &'static str, ends: &'static str) -> Self {
        Self { begins, ends, state: Mutex::default() }
    }

    pub(crate) fn lasts(&self) -> bool {
        crate::lock(&self.state).since.is_some()
    }

    /// It has shown itself by an error.
    pub(crate) fn shows(&self, error: &str) {
        let now = Instant::now();
        let mut state = crate::lock(&self.state);
        let lasted = now - *state.since.get_or_insert(now);
        if state.told.is_none_or(|told| now - told >= TELL) {
            (state.told, state.telling) = (Some(now), true);
            tracing::warn!(error, seconds = lasted.as_secs(), "{}", self.begins);
        }
    }

    /// It works.
    pub(crate) fn is_over(&self) {
        let mut state = crate::lock(&self.state);
        if let Some(since) = state.since.take()
            && std::mem::take(&mut state.telling)
        {
            tracing::info!(seconds = since.elapsed().as_secs_f64(), "{}", self.ends);
        }
    }
}
