//! The settings: defaults embedded in the binary, then a file, then the environment.
//!
//! The rule: every setting stands in `default.toml` with its meaning, and a wrong one is refused at start by name.

use anyhow::{Context, bail};
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// All settings with comments and defaults, as `sendry config` prints them.
pub const DEFAULTS: &str = include_str!("default.toml");

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    Open,
    Invitation,
    Off,
}

/// The settings of a server. `default.toml` says what each means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `SENDRY_ADDR`
    pub addr: SocketAddr,
    /// `SENDRY_PUBLIC_URL`
    #[serde(default)]
    pub public_url: Option<String>,
    /// `SENDRY_DATA_DIR`
    pub data_dir: PathBuf,
    /// `SENDRY_QUEUE_URL`
    #[serde(default)]
    pub queue_url: Option<String>,
    /// `SENDRY_EVENTS_URL`
    #[serde(default)]
    pub events_url: Option<String>,
    /// `SENDRY_DATABASE_URL`
    #[serde(default)]
    pub database_url: Option<String>,
    /// `SENDRY_REGISTRATION`
    pub registration: Registration,
    /// `SENDRY_LOG`
    pub log: String,
    /// `SENDRY_CONSUMER_LANES`
    pub consumer_lanes: usize,
    /// `SENDRY_CONFIRM_TIMEOUT_MS`
    pub confirm_timeout_ms: u64,
    /// `SENDRY_BODY_TIMEOUT_MS`
    pub body_timeout_ms: u64,
    /// `SENDRY_MAX_WAITING_BYTES`
    pub max_waiting_bytes: usize,
    /// `SENDRY_SHUTDOWN_TIMEOUT_MS`
    pub shutdown_timeout_ms: u64,
    /// `SENDRY_RAW_RETENTION_DAYS`
    pub raw_retention_days: u32,
    /// `SENDRY_MASKED_FIELDS`, as `["one", "two"]`
    pub masked_fields: Vec<String>,
}

impl Config {
    /// Reads the settings; `file` must exist if it is given, `sendry.toml` is read where it is there.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(file) = file
            && !file.exists()
        {
            bail!("there is no settings file {}", file.display());
        }
        // Other variables of ours that are no settings: of the tests, and of `sendry demo`.
        let env = Env::prefixed("SENDRY_").ignore(&["bin", "key", "url", "ci_target"]);
        let config: Self = Figment::from(Toml::string(DEFAULTS))
            .merge(Toml::file(file.unwrap_or(Path::new("sendry.toml"))))
            .merge(env)
            .extract()
            .context("the settings are not right (sendry config prints all of them with their meaning)")?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        for (name, url) in [
            ("queue_url", &self.queue_url),
            ("events_url", &self.events_url),
            ("database_url", &self.database_url),
        ] {
            if let Some(url) = url
                && !url.starts_with("sqlite://")
            {
                let scheme = url.split(':').next().unwrap_or_default();
                bail!("{name}: this build knows sqlite:// only, not {scheme}://");
            }
        }
        if let Some(url) = &self.public_url
            && !url.starts_with("http://")
            && !url.starts_with("https://")
        {
            bail!("public_url must begin with http:// or https://");
        }
        if self.consumer_lanes > 64 {
            bail!("consumer_lanes must be at most 64");
        }
        if !(1..=3_650).contains(&self.raw_retention_days) {
            bail!("raw_retention_days must be from 1 to 3650");
        }
        Ok(())
    }

    /// How the world reaches this server, without a slash at the end. `listening` is where it really listens, which
    /// differs from `addr` where port 0 was asked for.
    pub fn public_url(&self, listening: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{listening}"),
        }
    }

    pub fn queue_path(&self) -> PathBuf {
        self.sqlite_path(self.queue_url.as_deref(), "queue.db")
    }

    pub fn events_path(&self) -> PathBuf {
        self.sqlite_path(self.events_url.as_deref(), "events.db")
    }

    pub fn database_path(&self) -> PathBuf {
        self.sqlite_path(self.database_url.as_deref(), "sendry.db")
    }

    fn sqlite_path(&self, url: Option<&str>, file: &str) -> PathBuf {
        match url.and_then(|url| url.strip_prefix("sqlite://")) {
            Some(path) => PathBuf::from(path),
            None => self.data_dir.join(file),
        }
    }

    pub fn confirm_timeout(&self) -> Duration {
        Duration::from_millis(self.confirm_timeout_ms)
    }

    pub fn body_timeout(&self) -> Duration {
        Duration::from_millis(self.body_timeout_ms)
    }

    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_millis(self.shutdown_timeout_ms)
    }
}
