//! A RabbitMQ of one node, with an epmd, a cookie and a folder of its own.

use crate::install::{find_or_install, run};
use crate::ports::free_port;
use crate::service::Service;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::process::Command;

/// A running RabbitMQ.
pub struct RabbitMq {
    service: Service,
    /// `rabbitmqctl`, and what it finds the node by.
    control: PathBuf,
    environment: Vec<(OsString, OsString)>,
}

/// Debian's script on PATH changes to another user; this one runs as whoever starts it.
fn places() -> Vec<PathBuf> {
    vec![PathBuf::from("/usr/lib/rabbitmq/bin")]
}

impl RabbitMq {
    pub fn start() -> Result<Self> {
        find_or_install("rabbitmq-server", places, "rabbitmq-server")?;
        let bare =
            places().into_iter().map(|folder| folder.join("rabbitmq-server")).find(|path| path.is_file());
        let server = match bare {
            Some(server) => server,
            None => find_or_install("rabbitmq-server", places, "rabbitmq-server")?,
        };
        let control = server.with_file_name("rabbitmqctl");
        let folder = tempfile::Builder::new().prefix("sendry-rabbitmq-").tempdir()?;
        let (port, distribution, names) = (free_port()?, free_port()?, free_port()?);
        let path = |name: &str| folder.path().join(name).into_os_string();
        // No statistics, no other listener; memory and disk alarms would stop publishers on a small machine.
        let settings = format!(
            "listeners.tcp.1 = 127.0.0.1:{port}\nvm_memory_high_watermark.relative = 0.8\ndisk_free_limit.absolute = 50MB\n\
             loopback_users = none\n"
        );
        std::fs::write(path("rabbitmq.conf"), settings).context("could not write RabbitMQ's settings")?;
        std::fs::write(path("enabled_plugins"), "[].\n").context("could not write RabbitMQ's plugins")?;
        let environment: Vec<(OsString, OsString)> = [
            ("HOME", folder.path().into()),
            ("RABBITMQ_NODENAME", format!("sendry{port}@localhost").into()),
            ("RABBITMQ_NODE_PORT", port.to_string().into()),
            ("RABBITMQ_DIST_PORT", distribution.to_string().into()),
            ("ERL_EPMD_PORT", names.to_string().into()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1".into()),
            ("RABBITMQ_CONF_ENV_FILE", "/dev/null".into()),
            ("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins")),
            ("RABBITMQ_MNESIA_BASE", path("data")),
            ("RABBITMQ_LOG_BASE", path("logs")),
            ("RABBITMQ_LOGS", "-".into()),
            ("RABBITMQ_PID_FILE", path("pid")),
            // Idle schedulers would spin and take the cores from what is measured.
            ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+sbwt none +sbwtdcpu none +sbwtdio none".into()),
        ]
        .map(|(name, value): (&str, OsString)| (name.into(), value))
        .into();
        // The name server in the same process group, so that none is left behind.
        let script = format!("epmd -port {names} -address 127.0.0.1 & exec \"$0\"");
        let command = ["sh".into(), "-c".into(), script.into(), server.into_os_string()].into();
        let service = Service::start("RabbitMQ", command, environment.clone(), port, folder)?;
        Ok(Self { service, control, environment })
    }

    /// Runs `rabbitmqctl`, which changes a running broker. It takes seconds.
    pub fn control(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(&self.control);
        command.args(arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        run(&mut command, &format!("run rabbitmqctl {}", arguments.join(" ")))
    }

    /// Writes to the disk what has been declared so far. RabbitMQ 3.10 does that in its own time: killed within half a
    /// second of a declaration, it comes back with a queue that never finds its leader.
    pub fn sync(&self) -> Result<()> {
        self.control(&["eval", "[ok = dets:sync(Table) || Table <- dets:all()], mnesia:sync_log()."])
    }

    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port())
    }
}

impl Deref for RabbitMq {
    type Target = Service;
    fn deref(&self) -> &Service {
        &self.service
    }
}

impl DerefMut for RabbitMq {
    fn deref_mut(&mut self) -> &mut Service {
        &mut self.service
    }
}
