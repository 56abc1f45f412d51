//! What a failed step means: wait, or look for the message at fault.

use crate::stats::Step;
use std::time::Duration;
use store::StoreError;

/// Why a group was not counted.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error("{} failed", step.words())]
    Store {
        step: Step,
        #[source]
        source: StoreError,
    },
    #[error("{} took longer than {limit:?}", step.words())]
    TimedOut { step: Step, limit: Duration },
    #[error("the breaker is open for another {0:?}")]
    BreakerOpen(Duration),
    #[error(
        "the batch {batch} is older than the inbox remembers; whether it was counted is not known any more"
    )]
    Expired { batch: String },
    /// A fault in this program; it must not take the lane with it.
    #[error("counting panicked")]
    Panicked,
}

impl Step {
    const fn words(self) -> &'static str {
        match self {
            Self::Claim => "claiming batches",
            Self::Retention => "reading how long raw events are kept",
            Self::Raw => "storing raw events",
            Self::Complete => "adding up",
            Self::Ack => "acking",
        }
    }
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
            Self::Expired { .. } | Self::Panicked => Verdict::Poison,
            Self::Store { .. } | Self::TimedOut { .. } | Self::BreakerOpen(_) => Verdict::Outage,
        }
    }

    /// The step that failed, where it was one.
    pub(crate) fn step(&self) -> Option<Step> {
        match self {
            Self::Store { step, .. } | Self::TimedOut { step, .. } => Some(*step),
            Self::BreakerOpen(_) | Self::Expired { .. } | Self::Panicked => None,
        }
    }
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
