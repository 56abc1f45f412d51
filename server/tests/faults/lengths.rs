//! How long outages last: short in the test run, in full in the soak.

use std::time::Duration;

/// Whether this is the soak.
pub(crate) fn soak() -> bool {
    std::env::var_os("SENDRY_SOAK_MINUTES").is_some()
}

/// How long an engine is away.
pub(crate) fn outage() -> Duration {
    Duration::from_secs(if soak() { 60 } else { 8 })
}

/// How long the ingest breaker stays open.
pub(crate) fn cool_down() -> Duration {
    Duration::from_secs(if soak() { 30 } else { 2 })
}

/// How long a publish may wait for its confirmation.
pub(crate) const CONFIRM: Duration = Duration::from_millis(1_500);

/// What a busy machine may add to a time-out before it counts as broken.
pub(crate) const SLACK: Duration = Duration::from_secs(3);

/// How long a server believes what it has looked up about a key.
pub(crate) const KEY_LIFETIME: Duration = Duration::from_secs(10);
