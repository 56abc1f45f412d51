//! A service process that can be killed, frozen and started again, and that never outlives its owner.

use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The keeper: starts the service in a process group of its own, tells its number, and when its own standard input ends
/// (because its owner closed it, or is dead) kills the whole group.
const KEEPER: &str = r#"setsid "$@" </dev/null >>"$SERVICE_LOG" 2>&1 & group=$!; echo "$group"; cat >/dev/null; kill -9 -"$group" 2>/dev/null; wait "$group" 2>/dev/null"#;

/// How long a service may take to come up. RabbitMQ takes seconds of CPU, and tests share two cores.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running service. Dropping it kills it and deletes its folder.
pub struct Service {
    name: &'static str,
    command: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    port: u16,
    folder: TempDir,
    running: Option<Running>,
}

struct Running {
    keeper: Child,
    group: u32,
}

impl Service {
    /// Starts `command`, which must listen on `port`. `folder` holds its data and its log, and is deleted with it.
    pub(crate) fn start(
        name: &'static str,
        command: Vec<OsString>,
        environment: Vec<(OsString, OsString)>,
        port: u16,
        folder: TempDir,
    ) -> Result<Self> {
        let mut service = Self { name, command, environment, port, folder, running: None };
        service.restart()?;
        Ok(service)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends it as a power cut would: kill -9 to all its processes.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            let processes = running.processes();
            signal("KILL", &processes);
            drop(running.keeper.stdin.take());
            let _ = running.keeper.wait();
            // The keeper knows the first process only; port and data are free when the last one has gone.
            let start = Instant::now();
            let goes_on = || table().iter().any(|process| process.runs && processes.contains(&process.pid));
            while goes_on() && start.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Starts it again on the same data and port, and waits until it takes connections.
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .args(&self.command)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("SERVICE_LOG", self.log())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {}", self.name))?;
        let output = keeper.stdout.take().context("the keeper has no output")?;
        let mut group = String::new();
        BufReader::new(output).read_line(&mut group).context("the keeper did not answer")?;
        let group = group.trim().parse().context("the keeper told no process")?;
        self.running = Some(Running { keeper, group });
        self.wait_until_up()
    }

    /// Stops all its processes where they are, as a machine that hangs would; [`Service::thaw`] lets them go on.
    pub fn freeze(&self) {
        self.signal_all("STOP");
        // On a busy machine a thread may go on for a moment.
        let start = Instant::now();
        let stopped = |running: &Running| {
            let processes = running.processes();
            table()
                .iter()
                .all(|process| process.stopped || !process.runs || !processes.contains(&process.pid))
        };
        while self.running.as_ref().is_some_and(|running| !stopped(running)) && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn thaw(&self) {
        self.signal_all("CONT");
    }

    /// The process group of the service, by which its CPU time can be found.
    pub fn process_group(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.group)
    }

    fn signal_all(&self, name: &str) {
        if let Some(running) = &self.running {
            signal(name, &running.processes());
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn wait_until_up(&mut self) -> Result<()> {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
                return Ok(());
            }
            if let Some(running) = &self.running
                && !running.is_alive()
            {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(20).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        bail!("{} did not come up on port {}; the end of its log:\n{}", self.name, self.port, tail.join("\n"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.thaw();
        self.kill();
    }
}

impl Running {
    /// The processes of the group, and those that descend from them: PostgreSQL's have groups of their own.
    fn processes(&self) -> Vec<u32> {
        let table = table();
        let mut found: Vec<u32> =
            table.iter().filter(|process| self.has(process)).map(|process| process.pid).collect();
        let mut next = 0;
        while let Some(&parent) = found.get(next) {
            next += 1;
            for process in table.iter().filter(|process| process.parent == parent) {
                if !found.contains(&process.pid) {
                    found.push(process.pid);
                }
            }
        }
        found
    }

    fn is_alive(&self) -> bool {
        table().iter().any(|process| process.runs && self.has(process))
    }

    /// Its first process is known before it has made its group.
    fn has(&self, process: &Process) -> bool {
        process.group == self.group || process.pid == self.group
    }
}

/// A line of the machine's process table.
struct Process {
    pid: u32,
    parent: u32,
    group: u32,
    /// It does not only wait for its parent to note its end. While threads are left, its sockets are open.
    runs: bool,
    /// All its threads stand still.
    stopped: bool,
}

fn table() -> Vec<Process> {
    let output = Command::new("ps").args(["-eo", "pid=,ppid=,pgid=,stat="]).output();
    let output = output.map(|output| output.stdout).unwrap_or_default();
    let process = |line: &str| {
        let mut columns = line.split_whitespace();
        let mut number = || columns.next()?.parse().ok();
        let (pid, parent, group) = (number()?, number()?, number()?);
        let state = columns.next()?;
        let runs = !state.starts_with('Z') || state.contains('l');
        Some(Process { pid, parent, group, runs, stopped: state.starts_with('T') })
    };
    String::from_utf8_lossy(&output).lines().filter_map(process).collect()
}

fn signal(name: &str, processes: &[u32]) {
    let processes = processes.iter().map(u32::to_string);
    let _ = Command::new("kill").arg(format!("-{name}")).args(processes).stderr(Stdio::null()).status();
}
