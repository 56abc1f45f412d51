//! Sendry's vocabulary: what a hit is, how it travels, how it is counted, how it is reported.
//!
//! Nothing here does I/O, reads a clock or draws randomness: callers pass bytes, times and random numbers in. So
//! the same code judges a hit on the server, at the edge (wasm) and in tests, and the browser shares the report
//! types.
//!
//! One hit's way through this crate: [`batch`] parses and judges what a client sent and writes the accepted hits
//! as a [`segment`](envelope::Segment); [`envelope`] gathers the segments of one client into a queue message; the
//! consumer reads it back as [`hit::Hit`]s, each with its identity, and adds them up in [`sketch::Sketch`]es.

pub mod batch;
pub mod edge;
pub mod envelope;
pub mod error;
pub mod hit;
pub mod key;
pub mod limits;
pub mod mask;
pub mod report;
pub mod route;
pub mod sketch;
pub mod time;
pub mod zone;
