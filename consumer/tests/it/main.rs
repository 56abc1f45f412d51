//! One test binary: the consumer on real SQLite files, killed between any two steps, under outages and poison.

mod crash;
mod failing;
mod house;
mod outage;
