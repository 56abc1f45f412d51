//! The embedded server beside a bare one and the machine's limits, by turns.
//!
//! Three servers run at once and are loaded one after the other, in every round again, so that whatever else the machine
//! does meets all of them: the bare one, Sendry with its consumers off (ingest alone), Sendry as it comes. Whatever the
//! second has gathered is drained by a restart with consumers. After each load of a Sendry that counts, everything that
//! was accepted must have been counted, exactly, or the bench fails.

use crate::hits;
use crate::limits;
use crate::load::{self, Load, Measured, Point};
use crate::process::{Memory, Process, free_address};
use crate::report::{self, Drain, Limits, MemoryReport, PointReport, Report};
use crate::samples::{Samples, median};
use crate::sendry::{Consumers, Sendry};
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The binary `sendry`, built with --release
    #[arg(long)]
    server: PathBuf,
    /// Where data is written while measuring: the disk that is measured. Default: the system's folder for such files
    #[arg(long)]
    folder: Option<PathBuf>,
    /// One short round: half a minute, rougher figures
    #[arg(long)]
    quick: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Send each batch under an Idempotency-Key of its own
    #[arg(long)]
    idempotency_keys: bool,
}

/// Nothing to gather: the latency of one hit.
pub(crate) const LONELY: Point = one_hit(1);
/// Where servers are compared, and the machine's own limit is measured.
pub(crate) const COMPARED: Point = one_hit(64);
pub(crate) const BATCHES: Point = Point { connections: 16, hits: 100 };
/// Batches come last: what single hits have gathered is drained before.
const POINTS: [Point; 5] = [LONELY, one_hit(16), COMPARED, one_hit(256), BATCHES];

const fn one_hit(connections: usize) -> Point {
    Point { connections, hits: 1 }
}

/// How long a server rests before its idle memory is read.
const REST: Duration = Duration::from_secs(5);

/// How thoroughly it is measured. Turns are short and many, so that whatever else the machine does, which lasts longer
/// than one of them, meets all servers.
#[derive(Clone, Copy)]
struct Pace {
    rounds: usize,
    /// Of each server, at each point, in each round.
    turns: usize,
    warm_up: Duration,
    measure: Duration,
}

impl Pace {
    const THOROUGH: Self = Self {
        rounds: 3,
        turns: 3,
        warm_up: Duration::from_millis(100),
        measure: Duration::from_millis(400),
    };
    const QUICK: Self = Self { rounds: 1, turns: 2, ..Self::THOROUGH };
}

/// More work than this on the machine, before anything is measured, makes the figures worth little.
pub(crate) const BUSY: f64 = 0.5;

pub(crate) fn run(options: &Options) -> Result<()> {
    let began = Instant::now();
    let server = options.server.canonicalize().with_context(|| format!("no {}", options.server.display()))?;
    let parent = options.folder.clone().unwrap_or_else(std::env::temp_dir);
    std::fs::create_dir_all(&parent).with_context(|| format!("could not make {}", parent.display()))?;
    let folder = tempfile::TempDir::with_prefix_in("sendry-bench-", parent)?;
    let pace = if options.quick { Pace::QUICK } else { Pace::THOROUGH };

    let busy = load_average();
    if busy > BUSY {
        note(began, format!("the machine is busy (load {busy:.1}): the figures will be rough"));
    }
    note(began, "starting a bare server and two of Sendry");
    let mut bench = Bench::set_up(&server, folder.path(), pace, options.idempotency_keys)?;
    note(began, format!("resting {} s for the idle memory", REST.as_secs()));
    bench.rest()?;
    for round in 1..=pace.rounds {
        bench.round(round, &|what| note(began, format!("round {round} of {}: {what}", pace.rounds)))?;
    }
    let report = bench.report(began.elapsed(), busy)?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("\n{report}");
    }
    Ok(())
}

pub(crate) fn note(began: Instant, text: impl std::fmt::Display) {
    eprintln!("{:>6.1} s  {text}", began.elapsed().as_secs_f64());
}

/// How much the machine had to do in the last minute; 0 where it does not say.
pub(crate) fn load_average() -> f64 {
    let told = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    told.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or(0.0)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Bare,
    Alone,
    Together,
}

const TARGETS: [Target; 3] = [Target::Bare, Target::Alone, Target::Together];

/// All samples of one point, by target.
struct PointSamples {
    point: Point,
    targets: [Samples; 3],
}

struct Bench {
    folder: PathBuf,
    pace: Pace,
    idempotency_keys: bool,
    bare: Process,
    forgetful: Process,
    alone: Sendry,
    together: Sendry,
    points: Vec<PointSamples>,
    drain_singles: Vec<f64>,
    drain_batches: Vec<f64>,
    limits: LimitSamples,
    memory: [Option<Memory>; 2],
    most_alone: u64,
}

#[derive(Default)]
struct LimitSamples {
    sync_4k: Vec<f64>,
    sync_256k: Vec<f64>,
    commits: Vec<f64>,
    forgetful: Samples,
}

impl Bench {
    fn set_up(server: &Path, folder: &Path, pace: Pace, idempotency_keys: bool) -> Result<Self> {
        let samples = |point| PointSamples { point, targets: Default::default() };
        let mut alone = Sendry::set_up(server, folder.join("alone"), Vec::new())?;
        let mut together = Sendry::set_up(server, folder.join("together"), Vec::new())?;
        // Again, as making the first account takes memory for hashing that no later start takes.
        alone.restart(Consumers::Off)?;
        together.restart(Consumers::AsByDefault)?;
        Ok(Self {
            bare: own_server(folder, "bare")?,
            forgetful: own_server(folder, "forgetful")?,
            alone,
            together,
            points: POINTS.into_iter().map(samples).collect(),
            drain_singles: Vec::new(),
            drain_batches: Vec::new(),
            limits: LimitSamples::default(),
            memory: [None; 2],
            most_alone: 0,
            folder: folder.to_owned(),
            pace,
            idempotency_keys,
        })
    }

    fn rest(&mut self) -> Result<()> {
        std::thread::sleep(REST);
        self.memory = [Some(self.bare.memory()?), Some(self.together.process()?.memory()?)];
        Ok(())
    }

    fn round(&mut self, round: usize, progress: &dyn Fn(&str)) -> Result<()> {
        progress("the machine's limits");
        self.measure_limits()?;
        for place in 0..self.points.len() {
            let point = self.points[place].point;
            if point == BATCHES {
                progress("draining single hits");
                let rate = self.drain()?;
                self.drain_singles.extend(rate);
            }
            progress(&point.to_string());
            for turn in 0..self.pace.turns * TARGETS.len() {
                // Whoever is first in one round is last in another.
                let target = TARGETS[(turn + round) % TARGETS.len()];
                let measured = self.measure(target, point)?;
                self.points[place].targets[target as usize].add(&measured);
            }
        }
        progress("draining batches");
        let rate = self.drain()?;
        self.drain_batches.extend(rate);
        Ok(())
    }

    fn measure_limits(&mut self) -> Result<()> {
        let limits = &mut self.limits;
        limits.sync_4k.push(limits::fdatasync_ms(&self.folder, 4 << 10, 300)?);
        limits.sync_256k.push(limits::fdatasync_ms(&self.folder, 256 << 10, 200)?);
        limits.commits.push(limits::sqlite_commits(&self.folder, self.pace.measure)?);
        let load = self.load(self.forgetful.address, "none", COMPARED);
        self.limits.forgetful.add(&load::run(&load, || self.forgetful.cpu())?);
        Ok(())
    }

    fn load(&self, address: SocketAddr, key: &str, point: Point) -> Load {
        Load {
            address,
            requests: hits::requests(key, point.hits),
            idempotency_keys: self.idempotency_keys && point.hits > 1,
            point,
            warm_up: self.pace.warm_up,
            measure: self.pace.measure,
        }
    }

    fn measure(&mut self, target: Target, point: Point) -> Result<Measured> {
        let sendry = match target {
            Target::Bare => {
                let load = self.load(self.bare.address, "none", point);
                return load::run(&load, || self.bare.cpu()).context("the bare server");
            }
            Target::Alone => &self.alone,
            Target::Together => &self.together,
        };
        let process = sendry.process()?;
        let load = self.load(process.address, &sendry.key, point);
        let measured = load::run(&load, || process.cpu()).with_context(|| process.last_words())?;
        let memory = process.memory()?;
        if target == Target::Alone {
            self.most_alone = self.most_alone.max(memory.most);
            self.alone.accepted += measured.accepted;
        } else {
            self.together.accepted += measured.accepted;
            // Also that it has come to rest before the next one's turn.
            self.together.verify().context("counting while hits are taken")?;
        }
        Ok(measured)
    }

    /// Lets consumers count what ingest alone has gathered.
    fn drain(&mut self) -> Result<Option<f64>> {
        self.alone.restart(Consumers::AsByDefault)?;
        let rate = self.alone.verify().context("counting what had gathered")?;
        self.alone.restart(Consumers::Off)?;
        Ok(rate)
    }

    fn report(&self, took: Duration, load_before: f64) -> Result<Report> {
        let [bare, sendry] = self.memory;
        let (bare_now, sendry_now) = (self.bare.memory()?, self.together.process()?.memory()?);
        let point = |samples: &PointSamples| {
            let [bare, alone, together] = &samples.targets;
            PointReport {
                point: samples.point,
                bare: bare.figures(),
                alone: alone.figures(),
                together: together.figures(),
                alone_of_bare: alone.ratio(bare),
                together_of_bare: together.ratio(bare),
            }
        };
        let points: Vec<PointReport> = self.points.iter().map(point).collect();
        let rate = |rates: &[f64]| (!rates.is_empty()).then(|| median(rates));
        let drain = Drain { single_hits: rate(&self.drain_singles), batches: rate(&self.drain_batches) };
        let memory = MemoryReport {
            bare_idle: bare.map_or(0, |memory| memory.now),
            bare_most: bare_now.most,
            sendry_idle: sendry.map_or(0, |memory| memory.now),
            sendry_most: sendry_now.most,
            sendry_most_alone: self.most_alone,
            sendry_after: sendry_now.now,
        };
        Ok(Report {
            rounds: self.pace.rounds,
            seconds: took.as_secs_f64(),
            load_before,
            limits: Limits {
                fdatasync_4_kib_ms: median(&self.limits.sync_4k),
                fdatasync_256_kib_ms: median(&self.limits.sync_256k),
                sqlite_commits_per_second: median(&self.limits.commits),
                parse_only: self.limits.forgetful.figures(),
            },
            aims: report::aims(&points, &drain, &memory),
            points,
            drain,
            memory,
            counted_exactly: self.alone.accepted + self.together.accepted,
        })
    }
}

/// One of the bench's own servers, as a process of its own.
fn own_server(folder: &Path, name: &str) -> Result<Process> {
    let address = free_address()?;
    let mut command =
        Command::new(std::env::current_exe().context("could not find the bench's own program")?);
    command.arg(name).arg(address.to_string());
    if name == "bare" {
        command.arg(folder.join("bare.db"));
    }
    Process::start(&mut command, address, folder.join(format!("{name}.log")))
}
