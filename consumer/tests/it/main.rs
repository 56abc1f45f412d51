//! One test binary: the consumer on real SQLite files, killed between any two steps, under outages and poison;
//! and the process around it.

#![allow(clippy::unwrap_used, reason = "in a test, an unwrap is an assertion")]

mod crash;
mod failing;
mod house;
mod outage;
mod process;
mod rebuild;
