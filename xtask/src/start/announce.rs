//! Tells where the dashboard is, once the server answers.
//!
//! The server has taken over the process that started it, so a small one of its own does the waiting; it ends when the
//! server answers, when it has gone, and after a minute.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::command::succeeds;

const PATIENCE: Duration = Duration::from_secs(60);

/// Starts the waiting process. A shell between us lets go of it, so that the server does not inherit a child.
pub(super) fn in_background(address: SocketAddr) -> Result<()> {
    let exe = std::env::current_exe().context("could not find xtask's own program")?;
    let (address, pid) = (reachable(address).to_string(), std::process::id().to_string());
    let mut announcer = if cfg!(unix) {
        let mut shell = Command::new("sh");
        shell.args(["-c", "\"$0\" announce \"$1\" \"$2\" &"]).arg(exe);
        shell
    } else {
        let mut direct = Command::new(exe);
        direct.arg("announce");
        direct
    };
    announcer.args([address, pid]).stdin(Stdio::null());
    let mut child = announcer.spawn().context("could not start the process that waits for the server")?;
    if cfg!(unix) {
        child.wait().context("could not start the process that waits for the server")?;
    }
    Ok(())
}

pub(crate) fn announce(address: SocketAddr, pid: u32) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end && is_running(pid) {
        if answers(address).unwrap_or(false) {
            eprintln!(
                "\n  The dashboard is at http://{address}\n  \
                 First open it and make your account. To see it filled: cargo run -p server -- demo\n"
            );
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // the server says itself why it did not come up
    Ok(())
}

/// A server on all addresses is asked on the loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn is_running(pid: u32) -> bool {
    cfg!(not(unix)) || succeeds(Command::new("kill").args(["-0", &pid.to_string()]))
}

/// One request, by hand: an HTTP client would be the largest dependency of xtask.
fn answers(address: SocketAddr) -> Result<bool> {
    let limit = Duration::from_secs(1);
    let mut connection = TcpStream::connect_timeout(&address, limit)?;
    connection.set_read_timeout(Some(limit))?;
    write!(connection, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut status = [0; 12];
    connection.read_exact(&mut status)?;
    if !status.starts_with(b"HTTP/1.1 ") {
        bail!("not an HTTP server");
    }
    Ok(status.ends_with(b"200"))
}
