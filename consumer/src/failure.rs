//! What a failed step means: wait, or look for the message at fault.

use std::time::Duration;
use store::StoreError;

/// Why a group was not counted.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error("{step} failed")]
    Store {
        step: &'static str,
        #[source]
        source: StoreError,
    },
    #[error("{step} took longer than {limit:?}")]
    TimedOut { step: &'static str, limit: Duration },
    #[error("the breaker is open for another {0:?}")]
    BreakerOpen(Duration),
    #[error(
        "the batch {batch} is older than the inbox remembers; whether it was counted is not known any more"
    )]
    Expired { batch: String },
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing wrong with the messages: wait.
    Outage,
    /// Everything answers, and yet it fails: one of the messages is at fault.
    Poison,
}

impl StepError {
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Store { source, .. } if !source.is_retryable() => Verdict::Poison,
            Self::Expired { .. } => Verdict::Poison,
            _ => Verdict::Outage,
        }
    }

    /// The error with its causes, in one line.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        text
    }
}
