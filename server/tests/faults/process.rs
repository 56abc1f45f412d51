//! One of our processes, which tests may kill; its log is read all the time and kept.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A running process. Dropping it kills it.
pub(crate) struct Process {
    command: Vec<String>,
    environment: Vec<(String, String)>,
    folder: PathBuf,
    child: Option<Child>,
    log: Arc<Mutex<Vec<String>>>,
    /// Where it answers `/healthz`.
    pub(crate) address: String,
}

impl Process {
    /// Starts `command` in a folder and waits until it answers at `address`.
    pub(crate) async fn start(
        command: Vec<String>,
        environment: Vec<(String, String)>,
        folder: &Path,
        address: String,
    ) -> Self {
        let log = Arc::default();
        let mut process = Self { command, environment, folder: folder.to_owned(), child: None, log, address };
        process.restart().await;
        process
    }

    /// Starts it again; it must not run.
    pub(crate) async fn restart(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let [program, arguments @ ..] = &self.command[..] else { panic!("no command") };
        let mut child = Command::new(program)
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::clone(&self.log);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                log.lock().unwrap().push(line);
            }
        });
        self.child = Some(child);
        let up = async {
            while reqwest::get(format!("http://{}/healthz", self.address)).await.is_err() {
                if let Some(ended) = self.child.as_mut().unwrap().try_wait().unwrap() {
                    panic!("{} ended with {ended}:\n{}", self.command.join(" "), self.log().join("\n"));
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(60), up).await.is_err() {
            panic!("{} did not answer:\n{}", self.command.join(" "), self.log().join("\n"));
        }
    }

    /// Sets a variable for the next start; without a value it is removed.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    /// kill -9.
    pub(crate) async fn kill(&mut self) {
        let mut child = self.child.take().expect("it does not run");
        child.kill().await.unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&mut self, patience: Duration) {
        let mut child = self.child.take().expect("it does not run");
        let ended = tokio::time::timeout(patience, child.wait()).await;
        ended.expect("it did not end").unwrap();
    }

    /// SIGTERM; it must end well, in time.
    pub(crate) async fn terminate(&mut self, patience: Duration) {
        self.signal("TERM").await;
        let mut child = self.child.take().unwrap();
        let ended =
            tokio::time::timeout(patience, child.wait()).await.expect("it did not stop in time").unwrap();
        assert!(ended.success(), "{ended}:\n{}", self.log().join("\n"));
    }

    pub(crate) async fn signal(&self, signal: &str) {
        let pid = self.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().await.unwrap().success());
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).expect("it does not run")
    }

    /// Every line so far, over all its lives.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}
