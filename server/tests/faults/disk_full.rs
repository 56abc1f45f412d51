//! Fault 8: the disk of the SQLite queue is full.

use crate::hits::hit;
use crate::installation::until;
use crate::process::Process;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use testbed::free_port;

/// A mount namespace with a small file system in it, which lives as long as this process's standard input is open.
const SMALL_DISK: &str = r#"mount -t tmpfs -o size=3m sendry "$0" && echo mounted && cat"#;

/// The namespace, and how to get into it.
struct SmallDisk {
    holder: Child,
    enter: Vec<String>,
}

impl SmallDisk {
    fn mount(at: &Path) -> Self {
        let root = Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0";
        let mut holder = Command::new("unshare")
            .arg(if root { "-m" } else { "-rm" })
            .args(["sh", "-c", SMALL_DISK])
            .arg(at)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test makes a small disk in a mount namespace: it needs unshare, as root or with user namespaces");
        let mut mounted = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut mounted).unwrap();
        assert_eq!(mounted, "mounted\n", "a tmpfs could not be mounted: root or user namespaces are needed");
        let mut enter = vec!["nsenter".to_owned(), "-t".to_owned(), holder.id().to_string(), "-m".to_owned()];
        if !root {
            enter.extend(["-U", "--preserve-credentials"].map(str::to_owned));
        }
        Self { holder, enter }
    }

    fn enlarge(&self, at: &Path) {
        let [program, arguments @ ..] = &self.enter[..] else { panic!("no command") };
        let remount = ["mount", "-o", "remount,size=64m"];
        assert!(Command::new(program).args(arguments).args(remount).arg(at).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_disk_refuses_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let (small, data) = (folder.path().join("small"), folder.path().join("data"));
    std::fs::create_dir_all(&small).unwrap();
    let disk = SmallDisk::mount(&small);
    let address = format!("127.0.0.1:{}", free_port().unwrap());
    let mut command = disk.enter.clone();
    command.extend([env!("CARGO_BIN_EXE_sendry"), "serve"].map(str::to_owned));
    let environment = [
        ("SENDRY_ADDR", address.clone()),
        ("SENDRY_DATA_DIR", data.display().to_string()),
        ("SENDRY_QUEUE_URL", format!("sqlite://{}", small.join("queue.db").display())),
        // Nothing is taken from the queue, so that it fills.
        ("SENDRY_CONSUMER_LANES", "0".to_owned()),
        ("SENDRY_BREAKER_COOL_DOWN_MS", "1000".to_owned()),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
    let mut server = Process::start(command, environment, folder.path(), address).await;
    let http =
        reqwest::Client::builder().cookie_store(true).timeout(Duration::from_secs(20)).build().unwrap();
    let call = async |path: &str, body: &Value| -> Value {
        let reply = http.post(server.url(path)).json(body).send().await.unwrap();
        assert!(reply.status().is_success(), "{path}: {}", reply.status());
        reply.json().await.unwrap()
    };
    let admin =
        json!({"username": "admin", "email": "admin@example.com", "password": "correct horse battery"});
    call("/api/auth/onboard", &admin).await;
    let client = call("/api/clients", &json!({"name": "shop"})).await["id"].as_i64().unwrap();
    let key = call(&format!("/api/clients/{client}/keys"), &json!({"name": "test"})).await;
    let key = key["key"].as_str().unwrap();

    let mut next = 1;
    let mut acknowledged = 0;
    let mut send = async || {
        let mut hits: Vec<Value> = (next..next + 100).map(|n| hit(n, None)).collect();
        for hit in &mut hits {
            hit["attributes"] = json!({"filling": "x".repeat(900)});
        }
        next += 100;
        let request = http.post(server.url("/api/hits")).header("x-api-key", key).json(&hits);
        let status = request.send().await.unwrap().status().as_u16();
        acknowledged += if status == 202 { 100 } else { 0 };
        (status, acknowledged)
    };
    let mut before = 0;
    let mut full = false;
    for _ in 0..200 {
        let (status, taken) = send().await;
        if status == 503 {
            full = true;
            break;
        }
        assert_eq!(status, 202);
        before = taken;
    }
    assert!(full, "200 batches fitted into 3 MB");
    assert!(before > 0, "not one batch fitted");
    for _ in 0..5 {
        assert_eq!(send().await.0, 503, "a full disk takes nothing");
    }

    // Room again: it goes on by itself.
    disk.enlarge(&small);
    let mut taken = before;
    until("it takes hits again", Duration::from_secs(30), async || {
        let (status, acknowledged) = send().await;
        taken = acknowledged;
        status == 202
    })
    .await;
    assert!(taken > before);

    // What was acknowledged is there, after a kill too, and is counted; what was refused is not.
    server.kill().await;
    server.set("SENDRY_CONSUMER_LANES", None);
    server.restart().await;
    let overview = server.url(&format!("/api/analytics/overview?client={client}&range=24h"));
    let mut counted = 0;
    until("what was acknowledged is counted", Duration::from_secs(60), async || {
        let reply: Value = http.get(&overview).send().await.unwrap().json().await.unwrap();
        counted = reply["requests"].as_u64().unwrap();
        counted >= taken
    })
    .await;
    assert_eq!(counted, taken);
}
