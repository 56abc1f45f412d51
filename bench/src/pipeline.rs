//! The distributed pipeline: a server and consumers on RabbitMQ, MongoDB and PostgreSQL, beside what these can do at best.
//!
//! Everything runs on this one machine and shares its processors, the load generator included: ratios and processor time
//! per hit say more than rates. A bare server (parse, gather, confirm on a quorum queue) is loaded by turns with Sendry.
//! While consumers are away, hits gather in the queue; then one consumer drains them, then two. Everything that was
//! accepted must have been counted, exactly, or the bench fails.

mod engines;
mod limits;
mod queries;
mod report;

use crate::embedded::{BATCHES, BUSY, COMPARED, LONELY, load_average, note};
use crate::hits;
use crate::load::{self, Load, Measured, Point};
use crate::process::{Process, free_address};
use crate::samples::{Samples, median};
use crate::sendry::Sendry;
use anyhow::{Context, Result, anyhow, bail};
use engines::{Cpu, Engines};
use report::{CpuPerHit, DrainReport, PointReport, Report, SideBySide};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The binary `sendry`, built with --release; `sendry-consumer` lies beside it
    #[arg(long)]
    server: PathBuf,
    /// Where data is written while measuring. Default: the system's folder for such files
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Fewer turns, fewer rollups, rougher figures
    #[arg(long)]
    quick: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

const POINTS: [Point; 5] =
    [LONELY, Point { connections: 16, hits: 1 }, COMPARED, Point { connections: 256, hits: 1 }, BATCHES];

/// Hits gathered for each drain, about: enough seconds of work to tell a rate.
const BACKLOG: u64 = 250_000;

#[derive(Clone, Copy)]
struct Pace {
    turns: usize,
    warm_up: Duration,
    measure: Duration,
    /// Rollup rows that queries are measured over.
    rollups: u64,
    visible: usize,
}

impl Pace {
    const THOROUGH: Self = Self {
        turns: 6,
        warm_up: Duration::from_millis(200),
        measure: Duration::from_millis(700),
        rollups: 1_000_000,
        visible: 60,
    };
    const QUICK: Self = Self { turns: 2, rollups: 200_000, visible: 20, ..Self::THOROUGH };
}

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
    note(began, "starting RabbitMQ, PostgreSQL and a MongoDB wire server");
    let engines = Engines::start()?;
    note(began, "what they can do at best");
    let limits = limits::measure(&engines)?;
    note(began, "starting a bare server and Sendry");
    let mut bench = Bench::set_up(&server, folder.path(), pace, engines)?;
    let mut points = Vec::new();
    for point in POINTS {
        note(began, point);
        points.push(bench.compare(point)?);
    }
    let mut drains = Vec::new();
    for consumers in 1..=3 {
        note(began, format!("gathering, then draining with {consumers}"));
        drains.push(bench.drain(consumers)?);
    }
    note(began, "hits that are taken while one consumer counts");
    let together = bench.together()?;
    note(began, "two servers and three consumers side by side");
    let side_by_side = bench.side_by_side()?;
    note(began, "from the 202 to the dashboard's numbers");
    let visible_ms = bench.visible()?;
    note(began, format!("queries over {} rollup rows", pace.rollups));
    let queries = queries::measure(&bench.engines, &mut bench.sendry, pace.rollups)?;
    let report = Report {
        seconds: began.elapsed().as_secs_f64(),
        load_before: busy,
        wire_server: bench.engines.mongodb_name(),
        aims: report::aims(&points, &drains, &queries),
        limits,
        points,
        drains,
        together,
        side_by_side,
        visible_ms,
        queries,
        counted_exactly: bench.sendry.accepted,
    };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("\n{report}");
    }
    Ok(())
}

struct Bench {
    pace: Pace,
    bare: Process,
    sendry: Sendry,
    consumer: PathBuf,
    folder: PathBuf,
    engines: Engines,
}

impl Bench {
    fn set_up(server: &Path, folder: &Path, pace: Pace, engines: Engines) -> Result<Self> {
        let consumer = server.with_file_name("sendry-consumer");
        if !consumer.is_file() {
            bail!("no {}: build it beside the server", consumer.display());
        }
        let address = free_address()?;
        let mut command =
            Command::new(std::env::current_exe().context("could not find the bench's own program")?);
        command.arg("bare-broker").arg(address.to_string()).arg(engines.amqp());
        let bare = Process::start(&mut command, address, folder.join("bare.log"))?;
        let sendry = Sendry::set_up(server, folder.join("sendry"), engines.settings())?;
        Ok(Self { pace, bare, sendry, consumer, folder: folder.to_owned(), engines })
    }

    fn load(&self, address: SocketAddr, key: &str, point: Point) -> Load {
        Load {
            address,
            requests: hits::requests(key, point.hits),
            idempotency_keys: point.hits > 1,
            point,
            warm_up: self.pace.warm_up,
            measure: self.pace.measure,
        }
    }

    fn measure_sendry(&mut self, point: Point) -> Result<Measured> {
        let process = self.sendry.process()?;
        let load = self.load(process.address, &self.sendry.key, point);
        let measured = load::run(&load, || process.cpu()).with_context(|| process.last_words())?;
        self.sendry.accepted += measured.accepted;
        Ok(measured)
    }

    /// The bare server and Sendry by turns, without consumers.
    fn compare(&mut self, point: Point) -> Result<PointReport> {
        let (mut bare, mut sendry) = (Samples::default(), Samples::default());
        let mut broker = (Duration::ZERO, 0);
        for turn in 0..self.pace.turns {
            for first in [true, false] {
                if first == turn.is_multiple_of(2) {
                    let load = self.load(self.bare.address, "none", point);
                    bare.add(&load::run(&load, || self.bare.cpu()).context("the bare server")?);
                } else {
                    let before = self.engines.cpu();
                    let measured = self.measure_sendry(point)?;
                    broker.0 += self.engines.cpu().since(before).rabbitmq;
                    broker.1 += measured.accepted;
                    sendry.add(&measured);
                }
            }
            self.engines.purge_bare()?;
        }
        Ok(PointReport {
            point,
            of_bare: sendry.ratio(&bare),
            bare: bare.figures(),
            sendry: sendry.figures(),
            broker_cpu_us_per_hit: broker.0.as_secs_f64() * 1e6 / broker.1.max(1) as f64,
        })
    }

    /// Gathers hits in the queue and lets consumers count them.
    fn drain(&mut self, consumers: usize) -> Result<DrainReport> {
        let counted = self.sendry.counted()?;
        while self.sendry.accepted < counted + BACKLOG {
            self.measure_sendry(BATCHES)?;
        }
        let backlog = self.sendry.accepted - counted;
        let before = self.engines.cpu();
        let workers: Vec<Process> =
            (0..consumers).map(|number| self.worker(number)).collect::<Result<_>>()?;
        let rate = self.sendry.verify().context("draining")?;
        let engines = self.engines.cpu().since(before);
        let mut cpu = Duration::ZERO;
        for worker in &workers {
            cpu += worker.cpu()?;
        }
        workers.into_iter().try_for_each(Process::stop)?;
        Ok(DrainReport { consumers, hits_per_second: rate, cpu: CpuPerHit::new(cpu, &engines, backlog) })
    }

    fn worker(&self, number: usize) -> Result<Process> {
        let address = free_address()?;
        let mut command = Command::new(&self.consumer);
        command.current_dir(&self.folder).envs(self.engines.settings());
        command.env("SENDRY_CONSUMER_ADDR", address.to_string());
        Process::start(&mut command, address, self.folder.join(format!("consumer-{number}.log")))
    }

    /// Ingest while a consumer counts: all of it on the same processors.
    fn together(&mut self) -> Result<Vec<PointReport>> {
        let worker = self.worker(0)?;
        let mut reports = Vec::new();
        for point in [LONELY, COMPARED] {
            let mut samples = Samples::default();
            let mut broker = (Duration::ZERO, 0);
            for _ in 0..self.pace.turns {
                let before = self.engines.cpu();
                let measured = self.measure_sendry(point)?;
                broker.0 += self.engines.cpu().since(before).rabbitmq;
                broker.1 += measured.accepted;
                samples.add(&measured);
            }
            self.sendry.verify().context("counting while hits are taken")?;
            reports.push(PointReport {
                point,
                bare: Samples::default().figures(),
                of_bare: 0.0,
                sendry: samples.figures(),
                broker_cpu_us_per_hit: broker.0.as_secs_f64() * 1e6 / broker.1.max(1) as f64,
            });
        }
        worker.stop()?;
        Ok(reports)
    }

    /// Two servers take hits while three consumers count: at the point that one server is measured at, half of it each.
    fn side_by_side(&mut self) -> Result<SideBySide> {
        let workers: Vec<Process> = (0..3).map(|number| self.worker(number)).collect::<Result<_>>()?;
        let another = self.sendry.another()?;
        let half = Point { connections: COMPARED.connections / 2, ..COMPARED };
        let mut rates = Vec::new();
        let before = self.engines.cpu();
        let worked = |workers: &[Process]| -> Result<Duration> { workers.iter().map(Process::cpu).sum() };
        let (consumed, accepted) = (worked(&workers)?, self.sendry.accepted);
        for _ in 0..self.pace.turns {
            let first = self.sendry.process()?;
            let both = std::thread::scope(|scope| {
                let loads = [first, &another].map(|server| {
                    let load = self.load(server.address, &self.sendry.key, half);
                    scope.spawn(move || load::run(&load, || server.cpu()))
                });
                loads.map(|load| load.join().map_err(|_| anyhow!("a load generator broke down"))?)
            });
            let mut rate = 0.0;
            for measured in both {
                let measured = measured.with_context(|| another.last_words())?;
                self.sendry.accepted += measured.accepted;
                rate += measured.hits_per_second();
            }
            rates.push(rate);
        }
        self.sendry.verify().context("counting for two servers")?;
        let hits = self.sendry.accepted - accepted;
        let cpu = CpuPerHit::new(
            worked(&workers)?.saturating_sub(consumed),
            &self.engines.cpu().since(before),
            hits,
        );
        another.stop()?;
        workers.into_iter().try_for_each(Process::stop)?;
        Ok(SideBySide { hits_per_second: median(&rates), cpu })
    }

    /// Milliseconds from the 202 of a hit until a report counts it; the median, and the longest.
    fn visible(&mut self) -> Result<(f64, f64)> {
        let worker = self.worker(0)?;
        let one = Load {
            warm_up: Duration::ZERO,
            measure: Duration::ZERO,
            ..self.load(self.sendry.process()?.address, &self.sendry.key, LONELY)
        };
        let mut times = Vec::new();
        for _ in 0..self.pace.visible {
            let process = self.sendry.process()?;
            let sent = load::run(&one, || process.cpu())?;
            let began = Instant::now();
            self.sendry.accepted += sent.accepted;
            while self.sendry.counted()? < self.sendry.accepted {
                if began.elapsed() > Duration::from_secs(20) {
                    bail!("a hit did not become visible: {}", worker.last_words());
                }
            }
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
        worker.stop()?;
        let longest = times.iter().copied().fold(0.0, f64::max);
        Ok((median(&times), longest))
    }
}

/// What the engines' processors did between two moments.
impl CpuPerHit {
    fn new(consumers: Duration, engines: &Cpu, hits: u64) -> Self {
        let per_hit = |time: Duration| time.as_secs_f64() * 1e6 / hits.max(1) as f64;
        Self {
            consumers_us: per_hit(consumers),
            rabbitmq_us: per_hit(engines.rabbitmq),
            postgres_us: per_hit(engines.postgres),
            mongodb_us: per_hit(engines.mongodb),
        }
    }
}
