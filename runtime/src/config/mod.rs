//! The settings: defaults embedded in the binary, then a file, then the environment.
//!
//! The rule: every setting stands in `default.toml` with its meaning, and a wrong one is refused at start by name.

mod url;

pub use url::EngineUrl;

use anyhow::{Context, bail};
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use ipnet::IpNet;
use queue::breaker::BreakerConfig;
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

/// Where hits are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConsumerPlace {
    /// In the server with the SQLite queue, else in processes of its own.
    Auto,
    /// In the server.
    Inline,
    /// In processes of its own: `sendry-consumer`.
    Separate,
}

/// The settings of all processes. `default.toml` says what each means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `SENDRY_ADDR`
    pub addr: SocketAddr,
    /// `SENDRY_PUBLIC_URL`
    #[serde(default)]
    pub public_url: Option<String>,
    /// `SENDRY_DASHBOARD_ORIGIN`
    #[serde(default)]
    pub dashboard_origin: Option<String>,
    /// `SENDRY_DATA_DIR`
    pub data_dir: PathBuf,
    /// `SENDRY_QUEUE_URL`
    #[serde(default)]
    pub queue_url: Option<EngineUrl>,
    /// `SENDRY_EVENTS_URL`
    #[serde(default)]
    pub events_url: Option<EngineUrl>,
    /// `SENDRY_DATABASE_URL`
    #[serde(default)]
    pub database_url: Option<EngineUrl>,
    /// `SENDRY_LIMITS_URL`
    #[serde(default)]
    pub limits_url: Option<EngineUrl>,
    /// `SENDRY_REGISTRATION`
    pub registration: Registration,
    /// `SENDRY_LOG`
    pub log: String,
    /// `SENDRY_CONSUMER`
    pub consumer: ConsumerPlace,
    /// `SENDRY_CONSUMER_ADDR`
    pub consumer_addr: SocketAddr,
    /// `SENDRY_CONSUMER_LANES`
    pub consumer_lanes: usize,
    /// `SENDRY_PREFETCH`
    pub prefetch: u16,
    /// `SENDRY_QUEUE_CONNECTIONS`
    pub queue_connections: usize,
    /// `SENDRY_STORE_CONNECTIONS`
    pub store_connections: u32,
    /// `SENDRY_CONNECT_TIMEOUT_MS`
    pub connect_timeout_ms: u64,
    /// `SENDRY_STORE_TIMEOUT_MS`
    pub store_timeout_ms: u64,
    /// `SENDRY_TLS_CA_FILE`
    #[serde(default)]
    pub tls_ca_file: Option<PathBuf>,
    /// `SENDRY_BREAKER_ERRORS`
    pub breaker_errors: usize,
    /// `SENDRY_BREAKER_WINDOW_MS`
    pub breaker_window_ms: u64,
    /// `SENDRY_BREAKER_COOL_DOWN_MS`
    pub breaker_cool_down_ms: u64,
    /// `SENDRY_BREAKER_PROBES`
    pub breaker_probes: u32,
    /// `SENDRY_METRICS_TOKEN`
    #[serde(default)]
    pub metrics_token: Option<String>,
    /// `SENDRY_CONFIRM_TIMEOUT_MS`
    pub confirm_timeout_ms: u64,
    /// `SENDRY_BODY_TIMEOUT_MS`
    pub body_timeout_ms: u64,
    /// `SENDRY_HEAD_TIMEOUT_MS`
    pub head_timeout_ms: u64,
    /// `SENDRY_TRUSTED_PROXIES`, as `["10.0.0.0/8"]`
    pub trusted_proxies: Vec<IpNet>,
    /// `SENDRY_SETUP_TOKEN`
    #[serde(default)]
    pub setup_token: Option<String>,
    /// `SENDRY_MAX_WAITING_BYTES`
    pub max_waiting_bytes: usize,
    /// `SENDRY_SHUTDOWN_TIMEOUT_MS`
    pub shutdown_timeout_ms: u64,
    /// `SENDRY_RAW_RETENTION_DAYS`
    pub raw_retention_days: u32,
    /// `SENDRY_MASKED_FIELDS`, as `["one", "two"]`
    pub masked_fields: Vec<String>,
}

/// The settings where nothing was set.
impl Default for Config {
    fn default() -> Self {
        match Figment::from(Toml::string(DEFAULTS)).extract() {
            Ok(config) => config,
            Err(error) => unreachable!("the embedded defaults are read by a test: {error}"),
        }
    }
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
        let env = Env::prefixed("SENDRY_").ignore(&[
            "api_examples",
            "bin",
            "foreign",
            "key",
            "url",
            "ci_target",
            "soak_minutes",
            "test_amqp_url",
            "test_postgres_url",
            "test_mongodb_url",
        ]);
        let config: Self = Figment::from(Toml::string(DEFAULTS))
            .merge(Toml::file(file.unwrap_or(Path::new("sendry.toml"))))
            .merge(env)
            .extract()
            .context("the settings are not right (sendry config prints all of them with their meaning)")?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        for (name, url, schemes) in [
            ("queue_url", &self.queue_url, &["sqlite", "amqp", "amqps"][..]),
            ("events_url", &self.events_url, &["sqlite", "mongodb", "mongodb+srv"][..]),
            ("database_url", &self.database_url, &["sqlite", "postgres", "postgresql"][..]),
            ("limits_url", &self.limits_url, &["redis"][..]),
        ] {
            if let Some(url) = url
                && !schemes.contains(&url.scheme())
            {
                bail!("{name} must begin with one of {}://, not {:?}", schemes.join("://, "), url.scheme());
            }
        }
        if let Some(url) = &self.public_url
            && !url.starts_with("http://")
            && !url.starts_with("https://")
        {
            bail!("public_url must begin with http:// or https://");
        }
        if let Some(origin) = &self.dashboard_origin {
            if !origin.starts_with("https://") {
                bail!("dashboard_origin must be an origin that begins with https://");
            }
            if !self.public_url.as_ref().is_some_and(|url| url.starts_with("https://")) {
                bail!(
                    "dashboard_origin needs a public_url by https: browsers send no cookies across sites otherwise"
                );
            }
        }
        if !(1..=64).contains(&self.queue_connections) {
            bail!("queue_connections must be from 1 to 64");
        }
        if self.setup_token.as_ref().is_some_and(|token| token.len() < 16) {
            bail!("setup_token must have at least 16 characters: it can be guessed otherwise");
        }
        if self.head_timeout_ms == 0 {
            bail!("head_timeout_ms must be at least 1");
        }
        if self.store_connections == 0 {
            bail!("store_connections must be at least 1");
        }
        if self.prefetch == 0 {
            bail!(
                "prefetch must be at least 1: without a bound, one consumer would take the whole queue into memory"
            );
        }
        if self.breaker_errors == 0 || self.breaker_probes == 0 {
            bail!("breaker_errors and breaker_probes must be at least 1");
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
        self.sqlite_path(self.queue_url.as_ref(), "queue.db")
    }

    pub fn events_path(&self) -> PathBuf {
        self.sqlite_path(self.events_url.as_ref(), "events.db")
    }

    pub fn database_path(&self) -> PathBuf {
        self.sqlite_path(self.database_url.as_ref(), "sendry.db")
    }

    fn sqlite_path(&self, url: Option<&EngineUrl>, file: &str) -> PathBuf {
        url.and_then(EngineUrl::sqlite_path).map_or_else(|| self.data_dir.join(file), Path::to_owned)
    }

    /// The engine of the queue: `sqlite`, `rabbitmq`.
    pub fn queue_engine(&self) -> &'static str {
        engine(self.queue_url.as_ref())
    }

    /// The engine of the raw events: `sqlite`, `mongodb`.
    pub fn events_engine(&self) -> &'static str {
        engine(self.events_url.as_ref())
    }

    /// The engine of rollups and accounts: `sqlite`, `postgresql`.
    pub fn database_engine(&self) -> &'static str {
        engine(self.database_url.as_ref())
    }

    /// Whether the queue is a SQLite file, which belongs to one process.
    pub fn queue_is_a_file(&self) -> bool {
        self.queue_url.as_ref().is_none_or(|url| url.scheme() == "sqlite")
    }

    /// Whether the server counts hits itself.
    pub fn counts_inline(&self) -> bool {
        match self.consumer {
            ConsumerPlace::Auto => self.queue_is_a_file(),
            ConsumerPlace::Inline => true,
            ConsumerPlace::Separate => false,
        }
    }

    /// The figures of the breaker before the queue.
    pub fn breaker(&self) -> BreakerConfig {
        BreakerConfig {
            errors: self.breaker_errors,
            window: Duration::from_millis(self.breaker_window_ms),
            cool_down: Duration::from_millis(self.breaker_cool_down_ms),
            probes: self.breaker_probes,
        }
    }

    pub fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub fn store_timeout(&self) -> Duration {
        Duration::from_millis(self.store_timeout_ms)
    }

    pub fn confirm_timeout(&self) -> Duration {
        Duration::from_millis(self.confirm_timeout_ms)
    }

    pub fn body_timeout(&self) -> Duration {
        Duration::from_millis(self.body_timeout_ms)
    }

    pub fn head_timeout(&self) -> Duration {
        Duration::from_millis(self.head_timeout_ms)
    }

    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_millis(self.shutdown_timeout_ms)
    }
}

fn engine(url: Option<&EngineUrl>) -> &'static str {
    url.map_or(url::SQLITE, EngineUrl::engine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_defaults_are_settings() {
        let config = Config::default();
        config.check().unwrap();
        assert!(config.counts_inline(), "embedded, one process does it all");
    }

    #[test]
    fn with_a_broker_hits_are_counted_in_processes_of_their_own() {
        let config = Config { queue_url: Some(EngineUrl::new("amqp://host")), ..Config::default() };
        config.check().unwrap();
        assert!(!config.counts_inline());
    }

    #[test]
    fn a_dashboard_of_another_origin_takes_https_on_both_sides() {
        let config = |dashboard: &str, public: Option<&str>| Config {
            dashboard_origin: Some(dashboard.to_owned()),
            public_url: public.map(str::to_owned),
            ..Config::default()
        };
        config("https://dashboard.example", Some("https://sendry.example")).check().unwrap();
        for (dashboard, public) in [
            ("http://dashboard.example", Some("https://sendry.example")),
            ("https://dashboard.example", None),
        ] {
            let error = config(dashboard, public).check().unwrap_err().to_string();
            assert!(error.contains("dashboard_origin"), "{error}");
        }
    }

    #[test]
    fn an_engine_that_nobody_knows_is_refused_by_name_and_without_its_password() {
        let url = EngineUrl::new("mysql://user:secret@host/db");
        let error = Config { database_url: Some(url), ..Config::default() }.check().unwrap_err().to_string();
        assert!(
            error.contains("database_url") && error.contains("mysql") && !error.contains("secret"),
            "{error}"
        );
    }
}
