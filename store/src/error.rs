//! What a store can answer besides the answer.
//!
//! The rule: an outage is told apart from poison. [`StoreError::is_retryable`] decides whether a consumer waits or
//! looks for the message at fault.

use telemetry::error::ApiError;

/// A store call that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store does not answer, or too late; the same call may succeed later.
    #[error("the store is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store refuses this call, now and later.
    #[error("the store refused the call")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something of that name exists already; `0` names the field.
    #[error("{0} is taken")]
    Conflict(&'static str),
    /// Whoever is to be removed is the last admin of a client.
    #[error("a client's last admin cannot be removed")]
    LastAdmin,
    /// Whoever is to be disabled is the last super admin.
    #[error("the last super admin cannot be disabled")]
    LastSuperAdmin,
    /// What was stored cannot be read back.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
}

impl StoreError {
    /// Whether waiting can help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Why a question of a user was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The user's part: shown as it is.
    #[error(transparent)]
    Refused(#[from] ApiError),
    /// Our part: logged by whoever replies; the user sees a 503 or 500 without its cause.
    #[error(transparent)]
    Store(#[from] StoreError),
}
