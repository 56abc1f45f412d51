//! The target without rustup's server: std built from Debian's source package of this very compiler.
//!
//! Debian carries `rust-src` of several releases; only the one that equals `rustc --version` gives libraries that
//! this rustc accepts, so no other is tried. The system's own apt configuration stays as it is: the suite is read
//! through a private state folder, from the mirror that the machine already uses.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{TARGET, Toolchain};
use crate::command::{output, run, succeeds, succeeds_within};
use crate::files::{copy, copy_folder, empty_folder, entries, make_folder, remove, write};
use crate::step::note;
use crate::workspace::Workspace;

/// Where Debian keeps recent compilers, the smallest index first.
const SUITES: [&str; 3] = ["trixie-backports", "forky", "sid"];
const INDEX_LIMIT: Duration = Duration::from_secs(120);

pub(super) fn install(workspace: &Workspace, toolchain: &Toolchain) -> Result<&'static str> {
    if !succeeds(Command::new("apt-get").arg("--version")) {
        bail!("rustup could not add the target, and this is no Debian");
    }
    note("wasm target", "rustup could not add it; building std from Debian's source of this compiler");
    let folder = workspace.own().join("wasm-target");
    empty_folder(&folder)?;

    let library = fetch_source(&folder, toolchain)?;
    copy_folder(&library, &toolchain.sysroot.join("lib/rustlib/src/rust/library"))?;
    let built = build_std(workspace, &folder)?;
    install_libraries(&built, &toolchain.library())?;
    remove(&folder)?;
    if !toolchain.has_target() {
        bail!("std was built from Debian's source, but rustc does not find it");
    }
    Ok("std built from Debian's source package")
}

/// Downloads and unpacks; hands back the folder `library` of the compiler's source.
fn fetch_source(folder: &Path, toolchain: &Toolchain) -> Result<PathBuf> {
    let mirror = mirror()?;
    let wanted = format!("{}+", toolchain.release);
    for suite in SUITES {
        let apt = Apt::new(folder, &mirror, suite)?;
        if !succeeds_within(apt.command("apt-get").arg("update"), INDEX_LIMIT) {
            continue;
        }
        let offers =
            output(apt.command("apt-cache").args(["madison", "rust-src"]), "list Debian's compilers")?;
        let versions = offers.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
        let Some(version) = versions.into_iter().find(|version| version.starts_with(&wanted)) else {
            continue;
        };

        let mut download = apt.command("apt-get");
        download.args(["download", &format!("rust-src={version}")]).current_dir(folder);
        output(&mut download, "download the compiler's source")?;
        let package = find(folder, "deb")?;
        run(Command::new("dpkg").arg("-x").arg(package).arg(folder), "unpack the compiler's source")?;
        return Ok(folder.join(format!("usr/src/rustc-{}/library", toolchain.release)));
    }
    bail!("Debian has no source package of rustc {}", toolchain.release)
}

/// The mirror that the machine's own apt uses for its main suite.
fn mirror() -> Result<String> {
    let mut apt = Command::new("apt-get");
    apt.args(["indextargets", "--format", "$(REPO_URI) $(RELEASE)"]);
    let targets = output(&mut apt, "ask apt for its mirror")?;
    let mut pairs = targets.lines().filter_map(|line| line.split_once(' '));
    // `bookworm`, but neither `bookworm-updates` nor `bookworm-security`
    let main = pairs.find(|(_, release)| !release.is_empty() && !release.contains('-'));
    Ok(main.context("apt is configured without a mirror")?.0.to_owned())
}

/// apt with one foreign suite and folders of its own.
struct Apt(Vec<String>);

impl Apt {
    fn new(folder: &Path, mirror: &str, suite: &str) -> Result<Self> {
        let state = folder.join(suite);
        let (lists, cache, sources) = (state.join("lists"), state.join("cache"), state.join("sources.list"));
        make_folder(&lists.join("partial"))?;
        make_folder(&cache.join("archives/partial"))?;
        write(&sources, format!("deb {mirror} {suite} main\n"))?;
        Ok(Self(vec![
            format!("Dir::State::Lists={}", lists.display()),
            format!("Dir::Cache={}", cache.display()),
            format!("Dir::Etc::SourceList={}", sources.display()),
            "Dir::Etc::SourceParts=-".to_owned(),
            // as root apt would change to a user who may not read our folder
            "APT::Sandbox::User=root".to_owned(),
        ]))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for option in &self.0 {
            command.args(["-o", option]);
        }
        command
    }
}

/// Builds std in an empty crate; hands back the folder with the libraries.
fn build_std(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    let crate_folder = folder.join("empty");
    let manifest = "[package]\nname = \"empty\"\nedition = \"2024\"\n[workspace]\n";
    write(&crate_folder.join("Cargo.toml"), manifest)?;
    write(&crate_folder.join("src/lib.rs"), "")?;

    let target = folder.join("target");
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "-Zbuild-std=std,panic_abort", "--target", TARGET, "--target-dir"]);
    // the stable compiler of the same release builds its own std, given leave to use its inner features
    cargo.arg(&target).current_dir(&crate_folder).env("RUSTC_BOOTSTRAP", "1");
    run(&mut cargo, "build std for the browser")?;
    Ok(target.join(TARGET).join("release/deps"))
}

fn install_libraries(built: &Path, library: &Path) -> Result<()> {
    make_folder(library).context("is the toolchain another user's?")?;
    for file in entries(built)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if file.extension() == Some(OsStr::new("rlib")) && !name.starts_with("libempty-") {
            copy(&file, &library.join(&*name))?;
        }
    }
    Ok(())
}

fn find(folder: &Path, extension: &str) -> Result<PathBuf> {
    let mut files = entries(folder)?.into_iter();
    let found = files.find(|file| file.extension() == Some(OsStr::new(extension)));
    found.with_context(|| format!("no .{extension} file in {}", folder.display()))
}
