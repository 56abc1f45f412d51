//! The server: takes hits, keeps accounts, answers questions, serves the dashboard.
//!
//! One hit's way: [`ingest`] checks its key in memory, reads and judges the body, hands the encoded hits to the
//! committer, which publishes what has gathered to the queue, and answers 202 when the queue says that it is durable. A
//! 202 promises that the hits will be counted exactly once, whatever crashes from then on. It does not promise that they
//! are visible yet: the consumer (in this process with the embedded queue) brings them into the stores within moments.
//!
//! All URLs stand in [`routes`]. Everything a handler needs is in [`state::AppState`].

pub mod api;
pub mod auth;
pub mod edge;
mod headers;
pub mod health;
pub mod ingest;
pub mod live;
pub mod metrics;
pub mod ops;
mod pages;
mod rendering;
pub mod reply;
pub mod request_id;
pub mod routes;
pub mod run;
mod serve;
pub mod state;
