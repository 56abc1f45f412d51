//! A Redis that keeps nothing on the disk.

use crate::install::find_or_install;
use crate::ports::free_port;
use crate::service::Service;
use anyhow::Result;
use std::ffi::OsString;
use std::ops::{Deref, DerefMut};

/// A running Redis; killed, it has forgotten all.
pub struct Redis(Service);

impl Redis {
    pub fn start() -> Result<Self> {
        let server = find_or_install("redis-server", Vec::new, "redis-server")?;
        let folder = tempfile::Builder::new().prefix("sendry-redis-").tempdir()?;
        let port = free_port()?;
        let mut command: Vec<OsString> = vec![server.into(), "--port".into(), port.to_string().into()];
        command
            .extend(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"].map(OsString::from));
        command.push(folder.path().into());
        Ok(Self(Service::start("Redis", command, Vec::new(), port, folder)?))
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port())
    }
}

impl Deref for Redis {
    type Target = Service;
    fn deref(&self) -> &Service {
        &self.0
    }
}

impl DerefMut for Redis {
    fn deref_mut(&mut self) -> &mut Service {
        &mut self.0
    }
}
