//! Sendry as it is run: `sendry serve` on a folder of its own, set up through its JSON API.
//!
//! The rule: every hit that was accepted is remembered, and [`Sendry::verify`] fails unless exactly as many are counted.

use crate::client::Client;
use crate::process::{Process, free_address};
use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How often the counted hits are asked for.
const POLL: Duration = Duration::from_millis(50);
/// Nothing counted for this long means that nothing will be.
const STUCK: Duration = Duration::from_secs(20);

/// Who counts while hits are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consumers {
    AsByDefault,
    Off,
}

pub(crate) struct Sendry {
    binary: PathBuf,
    folder: PathBuf,
    /// Settings beside the address and the folder, as variables of the environment.
    settings: Vec<(&'static str, String)>,
    /// Nothing only between two runs of the server.
    process: Option<Process>,
    client: Client,
    pub(crate) client_id: String,
    /// How far back the oldest hit may lie that was sent.
    pub(crate) reach: SignedDuration,
    pub(crate) key: String,
    /// Hits that were answered with 202, over all runs.
    pub(crate) accepted: u64,
}

fn credentials() -> Value {
    json!({"username": "bench", "email": "bench@example.com", "password": "a long password for the bench"})
}

impl Sendry {
    /// Starts a server on an empty folder and makes what sending hits needs.
    pub(crate) fn set_up(
        binary: &Path,
        folder: PathBuf,
        settings: Vec<(&'static str, String)>,
    ) -> Result<Self> {
        let mut sendry = Self {
            binary: binary.to_owned(),
            folder,
            settings,
            process: None,
            client: Client::default(),
            client_id: String::new(),
            reach: SignedDuration::from_hours(1),
            key: String::new(),
            accepted: 0,
        };
        sendry.start(Consumers::AsByDefault)?;
        let address = sendry.process()?.address;
        sendry.client.post(address, "/api/auth/onboard", &credentials())?;
        // Onboarding may sign in or not; signing in does so in either case.
        sendry.client.post(address, "/api/auth/login", &credentials())?;
        let made = sendry.client.post(address, "/api/clients", &json!({"name": "Bench"}))?;
        sendry.client_id = text(&made["id"]).context("a client without an id")?;
        let keys = format!("/api/clients/{}/keys", sendry.client_id);
        let made = sendry.client.post(address, &keys, &json!({"name": "bench"}))?;
        sendry.key = text(&made["key"]).context("a key that is not shown")?;
        Ok(sendry)
    }

    pub(crate) fn restart(&mut self, consumers: Consumers) -> Result<()> {
        if let Some(process) = self.process.take() {
            process.stop()?;
        }
        self.start(consumers)
    }

    fn start(&mut self, consumers: Consumers) -> Result<()> {
        self.process = Some(self.server(consumers, &self.folder)?);
        Ok(())
    }

    /// One more server on the same engines.
    pub(crate) fn another(&self) -> Result<Process> {
        self.server(Consumers::AsByDefault, &self.folder.join("another"))
    }

    fn server(&self, consumers: Consumers, folder: &Path) -> Result<Process> {
        std::fs::create_dir_all(folder)?;
        let address = free_address()?;
        let mut command = Command::new(&self.binary);
        // In its own folder, where no settings file of somebody's lies.
        command.arg("serve").current_dir(folder);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SENDRY_") {
                command.env_remove(name);
            }
        }
        command.env("SENDRY_ADDR", address.to_string()).env("SENDRY_DATA_DIR", folder);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        if consumers == Consumers::Off {
            command.env("SENDRY_CONSUMER_LANES", "0");
        }
        Process::start(&mut command, address, folder.join("log"))
    }

    pub(crate) fn process(&self) -> Result<&Process> {
        self.process.as_ref().context("the server does not run")
    }

    /// How long a report about a client took.
    pub(crate) fn report(&mut self, client: i64, path: &str) -> Result<Duration> {
        let path = format!("{path}&client={client}");
        let began = Instant::now();
        self.get(&path)?;
        Ok(began.elapsed())
    }

    /// Sends hits and remembers them as accepted; waits where the server asks for that.
    pub(crate) fn send(&mut self, hits: &Value) -> Result<()> {
        let address = self.process()?.address;
        let began = Instant::now();
        loop {
            match self.client.send(address, "/api/hits", &self.key, hits)? {
                202 => break,
                503 if began.elapsed() < STUCK => std::thread::sleep(POLL),
                status => bail!("hits were answered with {status}"),
            }
        }
        self.accepted += hits.as_array().map_or(0, Vec::len) as u64;
        Ok(())
    }

    /// Marks a deployment.
    pub(crate) fn mark(&mut self, marker: &Value) -> Result<()> {
        let address = self.process()?.address;
        match self.client.send(address, "/api/markers", &self.key, marker)? {
            200..300 => Ok(()),
            status => bail!("a marker was answered with {status}"),
        }
    }

    /// Fetches a page or what else lies at a path, signed in; how long that took, and how many bytes came.
    pub(crate) fn fetch(&mut self, path: &str) -> Result<(Duration, usize)> {
        let address = self.process()?.address;
        let began = Instant::now();
        let (status, text) = self.client.fetch(address, path)?;
        let took = began.elapsed();
        if status != 200 {
            bail!("GET {path} was answered with {status}: {}", text.chars().take(300).collect::<String>());
        }
        Ok((took, text.len()))
    }

    /// Posts to the JSON API.
    pub(crate) fn call_post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let address = self.process()?.address;
        self.client.post(address, path, body)
    }

    /// Reads from the JSON API; signs in again where the session is over.
    pub(crate) fn get(&mut self, path: &str) -> Result<Value> {
        let address = self.process()?.address;
        let (mut status, mut reply) = self.client.get(address, path)?;
        if status == 401 {
            self.client.post(address, "/api/auth/login", &credentials())?;
            (status, reply) = self.client.get(address, path)?;
        }
        if status != 200 {
            bail!("GET {path} was answered with {status}: {reply}");
        }
        Ok(reply)
    }

    /// How many hits the dashboard would show, over all time of this bench.
    pub(crate) fn counted(&mut self) -> Result<u64> {
        let now = Timestamp::now();
        let path = format!(
            "/api/analytics/overview?client={}&from={}&to={}",
            self.client_id,
            now - self.reach,
            now + SignedDuration::from_hours(1)
        );
        let overview = self.get(&path)?;
        overview["requests"].as_u64().context("an overview without requests")
    }

    /// Watches until everything accepted is counted, then looks again whether it stays so; the fastest the middle of it
    /// went, in hits a second, if there was enough to tell.
    pub(crate) fn verify(&mut self) -> Result<Option<f64>> {
        let mut curve = Vec::new();
        let mut last = (Instant::now(), 0);
        loop {
            let counted = self.counted()?;
            let now = Instant::now();
            curve.push((now, counted));
            if counted >= self.accepted {
                break;
            }
            if counted > last.1 {
                last = (now, counted);
            } else if now - last.0 > STUCK {
                let words = self.process()?.last_words();
                bail!(
                    "{} hits were accepted, {counted} are counted, and it goes no further: {words}",
                    self.accepted
                );
            }
            std::thread::sleep(POLL);
        }
        std::thread::sleep(POLL);
        let counted = self.counted()?;
        if counted != self.accepted {
            bail!("{} hits were accepted, {counted} are counted", self.accepted);
        }
        Ok(middle_rate(&curve))
    }
}

/// Hits a second between the first look that finds a twentieth counted and the last that finds something left.
fn middle_rate(curve: &[(Instant, u64)]) -> Option<f64> {
    let (before, whole) = (curve.first()?.1, curve.last()?.1);
    let begun = |counted: u64| counted > before + (whole - before) / 20;
    let middle: Vec<_> = curve.iter().filter(|(_, counted)| begun(*counted) && *counted < whole).collect();
    let (first, last) = (middle.first()?, middle.last()?);
    let time = (last.0 - first.0).as_secs_f64();
    (time > 0.2).then(|| (last.1 - first.1) as f64 / time)
}

/// Ids may be numbers or text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
