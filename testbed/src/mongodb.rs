//! A server that speaks MongoDB's wire protocol: `mongod` where there is one on PATH, else SecantusDB, a server on the
//! WiredTiger engine that comes from PyPI, as a process of its own.

use crate::install::find;
use crate::ports::free_port;
use crate::python;
use crate::service::Service;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;

/// The version that the tests run against.
const SECANTUSDB: &str = "secantusdb==0.7.0b3";

/// A running MongoDB wire server; every acknowledged write is synced.
pub struct MongoDb {
    service: Service,
    name: &'static str,
}

impl MongoDb {
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("sendry-mongodb-").tempdir()?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data)?;
        let port = free_port()?;
        let (name, program, arguments): (_, PathBuf, &[&str]) = match find("mongod", &[]) {
            Some(mongod) => ("mongod", mongod, &["--bind_ip", "127.0.0.1", "--dbpath"]),
            // The same engine with another front, faster, for whoever has built it.
            None => match find("secantusd-rs", &[]) {
                Some(server) => ("SecantusDB (rs)", server, &["--sync-on-commit", "--storage-path"]),
                None => {
                    let arguments = &[
                        "--host",
                        "127.0.0.1",
                        "--sync-on-commit",
                        "--log-level",
                        "WARNING",
                        "--storage-path",
                    ];
                    ("SecantusDB", secantusdb()?, arguments)
                }
            },
        };
        let mut command: Vec<OsString> = vec![program.into()];
        command.extend(arguments.iter().map(OsString::from));
        command.extend([data.into_os_string(), "--port".into(), port.to_string().into()]);
        let service = Service::start("the MongoDB wire server", command, Vec::new(), port, folder)?;
        Ok(Self { service, name })
    }

    /// What it is that speaks the protocol.
    pub fn server_name(&self) -> &'static str {
        self.name
    }

    /// The URL of a database, which is made by its first write.
    pub fn url(&self, database: &str) -> String {
        format!("mongodb://127.0.0.1:{}/{database}", self.port())
    }
}

/// The server of SecantusDB.
fn secantusdb() -> Result<PathBuf> {
    let programs = python::programs(SECANTUSDB).context(
        "a MongoDB server is needed for these tests: put mongod on PATH, or have Python 3 with venv and PyPI at hand",
    )?;
    Ok(programs.join("secantusd-py"))
}

impl Deref for MongoDb {
    type Target = Service;
    fn deref(&self) -> &Service {
        &self.service
    }
}

impl DerefMut for MongoDb {
    fn deref_mut(&mut self) -> &mut Service {
        &mut self.service
    }
}
