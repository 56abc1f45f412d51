//! Faults against a whole installation of real processes: servers, consumers, RabbitMQ, MongoDB, PostgreSQL.
//!
//! The rule: every 2xx is an obligation. After each fault, each obligation is stored once, nothing is stored that was not
//! sent, what is stored equals what was sent, the rollups equal the raw events bucket by bucket and bin by bin, and a
//! fresh hit still goes through ([`oracle`]); and the test asserts that its fault did happen.
//!
//! In the test run, outages are short. `cargo xtask soak` sets `SENDRY_SOAK_MINUTES`: then they have their full lengths
//! ([`lengths`]), and the tests are repeated until the time is over.

#![allow(clippy::unwrap_used, reason = "in a test, an unwrap is an assertion")]

mod hits;
mod installation;
mod lengths;
mod load;
mod oracle;
mod process;

mod broker;
mod consumer_kill;
mod disk_full;
mod duplicates;
mod mixtures;
mod poison;
mod server_kill;
mod stores;
mod termination;
