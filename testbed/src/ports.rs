//! Ports that nobody listens on.

use anyhow::{Context, Result};
use std::net::TcpListener;

/// A TCP port that was free a moment ago on the loopback address.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
    Ok(listener.local_addr().context("a listener has no address")?.port())
}
