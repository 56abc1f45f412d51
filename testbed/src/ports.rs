//! Ports that nobody listens on.
//!
//! The rule: they lie below those that the system hands out by itself. A port from that range may be free now and taken
//! a moment later, by any connection or listener on the machine, before the service that it was meant for has come up.

use anyhow::{Result, bail};
use std::hash::{BuildHasher as _, RandomState};
use std::net::TcpListener;

/// Systems begin at 32768 or above.
const FIRST: u16 = 15_000;
const LAST: u16 = 32_000;

/// A TCP port that was free a moment ago on the loopback address.
pub fn free_port() -> Result<u16> {
    for _ in 0..100 {
        // Seeded anew each time.
        let random = RandomState::new().hash_one(std::process::id());
        let port = FIRST + (random % u64::from(LAST - FIRST)) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port is free")
}
