//! One test binary: the contract that every queue passes, and what is special to each backend.

#![allow(clippy::unwrap_used, reason = "in a test, an unwrap is an assertion")]

mod contract;
mod rabbitmq;
mod sqlite;
