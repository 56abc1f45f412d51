//! A server as a process of its own, so that its processor time and memory are its own too.
//!
//! The rule: it ends with the value that owns it, whatever happens, and when it fails its last words are shown.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::HashMap;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(30);

pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    log: PathBuf,
}

/// Bytes resident in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    pub(crate) most: u64,
}

impl Process {
    /// Starts a server and returns when it takes connections on `address`.
    pub(crate) fn start(command: &mut Command, address: SocketAddr, log: PathBuf) -> Result<Self> {
        let output = File::options().create(true).append(true).open(&log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("could not start {name}"))?;
        let mut process = Self { child, address, log };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = process.child.try_wait()? {
                bail!("{name} ended with {status}: {}", process.last_words());
            }
            if began.elapsed() > START {
                bail!("{name} does not listen on {address} after {START:?}: {}", process.last_words());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(process)
    }

    /// Processor time of all its threads so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = Stat::parse(&self.read("stat")?);
        Ok(seconds(stat.map_or(0, |stat| stat.ticks)))
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        let status = self.read("status")?;
        let bytes = |name: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
        };
        let (now, most) = (bytes("VmRSS:"), bytes("VmHWM:"));
        Ok(Memory { now: now.context("no VmRSS")?, most: most.context("no VmHWM")? })
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        kill_process(self.pid()?, Signal::TERM).context("could not ask the server to end")?;
        let began = Instant::now();
        while self.child.try_wait()?.is_none() {
            if began.elapsed() > STOP {
                bail!("the server did not end within {STOP:?}: {}", self.last_words());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn pid(&self) -> Result<Pid> {
        Pid::from_raw(self.child.id().cast_signed()).context("the server has no process id")
    }

    fn read(&self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.child.id());
        std::fs::read_to_string(&path).with_context(|| format!("could not read {path} (this needs Linux)"))
    }

    pub(crate) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What the system says of a process.
struct Stat {
    parent: u32,
    /// Processor time of its threads.
    ticks: u64,
    /// That of the children that it has waited for.
    ticks_of_children: u64,
}

impl Stat {
    fn parse(stat: &str) -> Option<Self> {
        // Its name stands in brackets and may hold anything. After it: state, parent, …; the 12th to 15th field are user
        // and system time, its own and its children's.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |place: usize| fields.get(place)?.parse::<u64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            ticks: ticks(11)? + ticks(12)?,
            ticks_of_children: ticks(13)? + ticks(14)?,
        })
    }
}

/// Processor time of a process and all that come from it, so far.
pub(crate) fn cpu_of_tree(root: u32) -> Duration {
    let processes: HashMap<u32, Stat> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            Some((pid, Stat::parse(&std::fs::read_to_string(entry.path().join("stat")).ok()?)?))
        })
        .collect();
    let is_of_tree = |mut pid: u32| {
        while pid != root {
            match processes.get(&pid) {
                Some(stat) if stat.parent > 1 => pid = stat.parent,
                _ => return false,
            }
        }
        true
    };
    let of_tree = processes.iter().filter(|(pid, _)| is_of_tree(**pid));
    seconds(of_tree.map(|(_, stat)| stat.ticks + stat.ticks_of_children).sum())
}

fn seconds(ticks: u64) -> Duration {
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// An address that nothing listens on now.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?)
}
