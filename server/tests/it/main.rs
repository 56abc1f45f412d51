//! One test binary: real servers, real HTTP.

#![allow(clippy::unwrap_used, reason = "in a test, an unwrap is an assertion")]

mod export;
mod harness;
mod process;

mod access;
mod analytics;
mod auth;
mod clients;
mod commands;
mod connections;
mod corpus;
mod edge;
mod engines;
mod headers;
mod ingest;
mod invitations;
mod keys;
mod kill;
mod limits;
mod live;
mod markers;
mod openapi;
mod ops;
mod people;
mod refusals;
mod sessions;
mod shared_limits;
