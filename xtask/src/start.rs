//! From nothing to a running dashboard: what is missing is built, then the server takes this process over.
//!
//! On Unix the server replaces xtask (and cargo before it), so Ctrl-C, SIGTERM and the exit code are the server's own.

mod announce;

use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::run;
use crate::step::{note, step};
use crate::workspace::{Mode, Workspace};
use crate::{site, wasm_target};

pub(crate) use announce::announce;

pub(crate) fn start(workspace: &Workspace, mode: Mode, arguments: &[String]) -> Result<()> {
    // before minutes of building
    let address = address()?;
    require_free(address)?;

    wasm_target::ensure(workspace)?;
    site::build(workspace, mode)?;
    build_server(workspace, mode)?;

    let mut server = Command::new(workspace.server(mode));
    server.arg("serve").args(arguments).current_dir(&workspace.root);
    // in the root, where Leptos.toml lies and `data/` is meant
    server.env("LEPTOS_SITE_ROOT", workspace.site());
    server.env("LEPTOS_HASH_FILES", if mode == Mode::Release { "true" } else { "false" });
    note("server", format!("starting on {address}; Ctrl-C stops it"));
    if address.port() != 0 {
        announce::in_background(address)?;
    }
    take_over(&mut server)
}

pub(crate) fn build_server(workspace: &Workspace, mode: Mode) -> Result<()> {
    build_binaries(workspace, mode, &["server"])
}

/// All that one ships: the server and the consumer that runs apart from it.
pub(crate) fn build_all(workspace: &Workspace, mode: Mode) -> Result<()> {
    build_binaries(workspace, mode, &["server", "consumer"])
}

fn build_binaries(workspace: &Workspace, mode: Mode, packages: &[&str]) -> Result<()> {
    step("binaries", || {
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--bins"]).args(packages.iter().flat_map(|name| ["--package", name]));
        if mode == Mode::Release {
            cargo.arg("--release");
        }
        run(&mut cargo, "build the binaries")?;
        Ok(format!("{} built", packages.join(" and ")))
    })?;
    Ok(())
}

/// Where the server will listen, by the same rule as its own.
fn address() -> Result<SocketAddr> {
    let setting = std::env::var("SENDRY_ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    setting
        .parse()
        .with_context(|| format!("SENDRY_ADDR is to be an address like 127.0.0.1:3000, not {setting:?}"))
}

fn require_free(address: SocketAddr) -> Result<()> {
    if let Err(error) = TcpListener::bind(address) {
        let next = address.port().wrapping_add(100);
        bail!(
            "{address} cannot be listened on ({error}): is Sendry running already? Else SENDRY_ADDR=127.0.0.1:{next}"
        );
    }
    Ok(())
}

#[cfg(unix)]
fn take_over(server: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    // comes back only if it could not
    Err(server.exec()).with_context(|| format!("could not start {}", server.get_program().to_string_lossy()))
}

#[cfg(not(unix))]
fn take_over(server: &mut Command) -> Result<()> {
    run(server, "run the server")
}
