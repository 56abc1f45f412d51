//! One test binary: reading batches, and their way through envelopes.

#![allow(clippy::unwrap_used, reason = "in a test, an unwrap is an assertion")]

mod batch;
mod envelope;
