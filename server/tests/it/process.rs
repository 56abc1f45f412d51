//! A real `sendry serve` in a process of its own, which tests may kill.

use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A running server. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    folder: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a server on a data folder and waits until it says that it listens.
    pub(crate) async fn start(folder: &Path) -> Self {
        // Free a moment ago; the same address is used again after each kill.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Self::spawn(folder, address).await;
        Self { child, folder: folder.to_owned(), address }
    }

    async fn spawn(folder: &Path, address: SocketAddr) -> Child {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sendry"))
            .arg("serve")
            .current_dir(folder)
            .env("SENDRY_ADDR", address.to_string())
            .env("SENDRY_DATA_DIR", folder.join("data"))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.contains("\"listening\"") {
                    return;
                }
            }
            panic!("the server ended before it listened");
        };
        tokio::time::timeout(Duration::from_secs(60), listening).await.expect("the server did not start");
        // Keep reading, so that it never blocks on a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        child
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// kill -9, and a new process on the same folder and address.
    pub(crate) async fn kill_and_restart(&mut self) {
        self.child.kill().await.unwrap();
        self.child = Self::spawn(&self.folder, self.address).await;
    }

    /// SIGTERM; the exit must be clean and in time.
    pub(crate) async fn stop(mut self) {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        let ended = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await;
        assert!(ended.expect("it did not stop in time").unwrap().success());
    }

    /// Makes the first admin, a client and a key: the session's cookies live in `http`.
    pub(crate) async fn set_up(&self, http: &reqwest::Client) -> (i64, String) {
        let admin =
            json!({"username": "admin", "email": "admin@example.com", "password": "correct horse battery"});
        self.post(http, "/api/auth/onboard", &admin).await;
        let client = self.post(http, "/api/clients", &json!({"name": "shop"})).await["id"].as_i64().unwrap();
        let key = self.post(http, &format!("/api/clients/{client}/keys"), &json!({"name": "test"})).await;
        (client, key["key"].as_str().unwrap().to_owned())
    }

    async fn post(&self, http: &reqwest::Client, path: &str, body: &Value) -> Value {
        let reply = http.post(self.url(path)).json(body).send().await.unwrap();
        let (status, body) = (reply.status(), reply.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap()
    }
}
