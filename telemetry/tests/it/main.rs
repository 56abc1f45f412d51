//! One test binary: reading batches, and their way through envelopes.

mod batch;
mod envelope;
