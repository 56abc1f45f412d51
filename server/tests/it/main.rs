//! One test binary: real servers, real HTTP.

mod harness;
mod process;

mod analytics;
mod auth;
mod clients;
mod ingest;
mod kill;
mod openapi;
mod refusals;
mod sessions;
