//! One test binary: real servers, real HTTP.

#![allow(clippy::unwrap_used, reason = "in a test, an unwrap is an assertion")]

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
