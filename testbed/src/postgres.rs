//! A PostgreSQL cluster of its own, with every commit synced as in production.

use crate::install::{find_or_install, is_root, run};
use crate::ports::free_port;
use crate::service::Service;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A running PostgreSQL. Its super user `sendry` needs no password.
pub struct Postgres {
    service: Service,
    /// Where its programs lie.
    programs: PathBuf,
    databases: AtomicU32,
}

/// Debian keeps the programs of each version in a folder of its own.
fn places() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders
}

impl Postgres {
    pub fn start() -> Result<Self> {
        // The other programs lie beside the one that a link on PATH may lead to.
        let initdb = find_or_install("initdb", places, "postgresql")?.canonicalize()?;
        let server = initdb.with_file_name("postgres");
        let folder = tempfile::Builder::new().prefix("sendry-postgres-").tempdir()?;
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755))?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data)?;
        // PostgreSQL refuses to run as root; Debian's package makes a user for it.
        let user = is_root().then_some("postgres");
        if let Some(user) = user {
            run(Command::new("chown").arg(user).arg(&data), "give the data folder to PostgreSQL's user")?;
        }
        let mut command = command_as(user, &initdb);
        let arguments =
            ["--username=sendry", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-D"];
        command.extend(arguments.map(OsString::from));
        command.push(data.clone().into_os_string());
        let [program, arguments @ ..] = &command[..] else { bail!("no command to make a cluster with") };
        run(Command::new(program).args(arguments).current_dir(folder.path()), "make a PostgreSQL cluster")?;

        let port = free_port()?;
        let mut command = command_as(user, &server);
        command.extend(["-D".into(), data.into_os_string(), "-p".into(), port.to_string().into()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            "shared_buffers=256MB",
            "max_wal_size=2GB",
        ] {
            command.extend(["-c".into(), setting.into()]);
        }
        let service = Service::start("PostgreSQL", command, Vec::new(), port, folder)?;
        let programs = initdb.parent().map(Path::to_owned).unwrap_or_default();
        let postgres = Self { service, programs, databases: AtomicU32::new(0) };
        postgres.wait_until_ready()?;
        Ok(postgres)
    }

    /// The URL of a database. `postgres` is there from the beginning.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://sendry@127.0.0.1:{}/{database}", self.port())
    }

    /// Makes an empty database; its URL.
    pub fn fresh_database(&self) -> Result<String> {
        let name = format!("fresh{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let port = self.port().to_string();
        let arguments = ["--host=127.0.0.1", "--username=sendry", "--port", &port, &name];
        run(Command::new(self.programs.join("createdb")).args(arguments), "make a database")?;
        Ok(self.url(&name))
    }

    /// It takes connections a little before it answers questions.
    fn wait_until_ready(&self) -> Result<()> {
        let pg_isready = self.programs.join("pg_isready");
        let port = self.port().to_string();
        let arguments = ["--host=127.0.0.1", "--timeout=30", "--port", &port];
        for _ in 0..1_500 {
            let output =
                Command::new(&pg_isready).args(arguments).output().context("could not run pg_isready")?;
            if output.status.success() {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        bail!("PostgreSQL took connections but no questions")
    }
}

fn command_as(user: Option<&str>, program: &Path) -> Vec<OsString> {
    let mut command: Vec<OsString> = Vec::new();
    if let Some(user) = user {
        // Without runuser's own session, so that the keeper's group reaches the server.
        command
            .extend(["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"].map(OsString::from));
    }
    command.push(program.as_os_str().to_owned());
    command
}

impl Deref for Postgres {
    type Target = Service;
    fn deref(&self) -> &Service {
        &self.service
    }
}

impl DerefMut for Postgres {
    fn deref_mut(&mut self) -> &mut Service {
        &mut self.service
    }
}
