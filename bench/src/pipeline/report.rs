//! The figures of the pipeline and the aims they are held against.

use super::limits::Limits;
use super::queries::QueryReport;
use crate::embedded::{BATCHES, COMPARED, LONELY};
use crate::load::Point;
use crate::report::table::{aim, line, thousands};
use crate::report::{Aim, as_text};
use crate::samples::Figures;
use serde::Serialize;
use std::fmt::{Display, Formatter, Result};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub(crate) seconds: f64,
    pub(crate) load_before: f64,
    /// What spoke MongoDB's protocol.
    pub(crate) wire_server: &'static str,
    pub(crate) limits: Limits,
    /// Without consumers.
    pub(crate) points: Vec<PointReport>,
    pub(crate) drains: Vec<DrainReport>,
    /// While a consumer counts.
    pub(crate) together: Vec<PointReport>,
    pub(crate) side_by_side: SideBySide,
    /// From the 202 to a report: median and longest.
    pub(crate) visible_ms: (f64, f64),
    pub(crate) queries: QueryReport,
    pub(crate) aims: Vec<Aim>,
    pub(crate) counted_exactly: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PointReport {
    #[serde(serialize_with = "as_text")]
    pub(crate) point: Point,
    pub(crate) bare: Figures,
    pub(crate) sendry: Figures,
    pub(crate) of_bare: f64,
    /// RabbitMQ's processor time, microseconds.
    pub(crate) broker_cpu_us_per_hit: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DrainReport {
    pub(crate) consumers: usize,
    /// Nothing where there were too few to tell.
    pub(crate) hits_per_second: Option<f64>,
    pub(crate) cpu: CpuPerHit,
}

/// Two servers and three consumers at once.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SideBySide {
    /// What both servers took.
    pub(crate) hits_per_second: f64,
    pub(crate) cpu: CpuPerHit,
}

/// Processor time of a counted hit, microseconds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CpuPerHit {
    pub(crate) consumers_us: f64,
    pub(crate) rabbitmq_us: f64,
    pub(crate) postgres_us: f64,
    pub(crate) mongodb_us: f64,
}

impl CpuPerHit {
    fn told(&self, wire_server: &str) -> String {
        let Self { consumers_us, rabbitmq_us, postgres_us, mongodb_us } = self;
        format!(
            "consumers {consumers_us:.1}, RabbitMQ {rabbitmq_us:.1}, PostgreSQL {postgres_us:.1}, {wire_server} {mongodb_us:.1}"
        )
    }
}

pub(super) fn aims(points: &[PointReport], drains: &[DrainReport], queries: &QueryReport) -> Vec<Aim> {
    let at = |point: Point| points.iter().find(move |report| report.point == point);
    let of_bare = |point| at(point).map(|report| report.of_bare * 100.0);
    let drain = drains.first().and_then(|drain| drain.hits_per_second);
    vec![
        Aim::at_least(format!("{COMPARED}, of the bare server"), 85.0, "%", of_bare(COMPARED)),
        Aim::at_least(format!("{BATCHES}, of the bare server"), 70.0, "%", of_bare(BATCHES)),
        Aim::at_most(format!("{LONELY}, p50"), 0.8, "ms", at(LONELY).map(|report| report.sendry.p50_ms)),
        Aim::at_least("drain, one consumer".to_owned(), 18_000.0, "hits/s", drain),
        Aim::at_most("queries, p99".to_owned(), 30.0, "ms", Some(queries.slowest_p99_ms())),
        Aim::at_most("queries, hundred times the hits".to_owned(), 1.2, "×", Some(queries.slowdown())),
    ]
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let limits = &self.limits;
        writeln!(f, "Limits of the parts on this machine")?;
        line(f, "RabbitMQ, quorum queue, one message in flight", &format!("{:.2} ms", limits.confirm_ms))?;
        let [small, large] =
            [limits.small_messages_per_second, limits.large_messages_per_second].map(thousands);
        line(f, "  300 B / 32 KiB messages, 200 in flight", &format!("{small} / {large} messages/s"))?;
        let [commits, rows] =
            [limits.postgres_commits_per_second, limits.postgres_rows_per_second].map(thousands);
        line(f, "PostgreSQL, one row a commit / 1,000", &format!("{commits} / {rows} rows/s"))?;
        let documents = thousands(limits.mongodb_documents_per_second);
        line(f, &format!("{}, 1,000 an insert", self.wire_server), &format!("{documents} documents/s"))?;

        writeln!(
            f,
            "\n{:<28}{:<22}{:>10}{:>10}{:>10}{:>12}{:>12}{:>10}",
            "Ingest", "", "hits/s", "p50 ms", "p99 ms", "CPU µs/hit", "broker's", "of bare"
        )?;
        for report in &self.points {
            row(f, &report.point.to_string(), "bare server", &report.bare, None, None)?;
            row(f, "", "Sendry", &report.sendry, Some(report.broker_cpu_us_per_hit), Some(report.of_bare))?;
        }
        for report in &self.together {
            let point = report.point.to_string();
            row(f, &point, "Sendry, counting too", &report.sendry, Some(report.broker_cpu_us_per_hit), None)?;
        }

        writeln!(f, "\nDrain (counting, nothing coming in)")?;
        for DrainReport { consumers, hits_per_second, cpu } in &self.drains {
            let rate = hits_per_second
                .map_or("too few to tell".to_owned(), |rate| format!("{} hits/s", thousands(rate)));
            let plural = if *consumers == 1 { "" } else { "s" };
            line(f, &format!("{consumers} consumer{plural}"), &rate)?;
            line(f, "  CPU µs/hit", &cpu.told(self.wire_server))?;
        }
        let SideBySide { hits_per_second, cpu } = &self.side_by_side;
        writeln!(f, "\nTwo servers and three consumers side by side")?;
        line(f, &format!("{COMPARED}"), &format!("{} hits/s", thousands(*hits_per_second)))?;
        line(f, "  CPU µs/hit, taking and counting", &cpu.told(self.wire_server))?;
        let (median, longest) = self.visible_ms;
        line(f, "from the 202 to a report", &format!("median {median:.0} ms, longest {longest:.0} ms"))?;
        write!(f, "{}", self.queries)?;
        writeln!(f, "\nAims")?;
        for one in &self.aims {
            aim(f, one)?;
        }
        let hits = thousands(self.counted_exactly as f64);
        writeln!(f, "\n{hits} hits were accepted by Sendry, and exactly as many were counted.")?;
        writeln!(f, "{:.0} s; figures are medians, ratios of neighbours.", self.seconds)?;
        write!(f, "Load before: {:.1} (a busy machine gives rough figures).", self.load_before)
    }
}

fn row(
    f: &mut Formatter<'_>,
    point: &str,
    server: &str,
    figures: &Figures,
    broker: Option<f64>,
    of_bare: Option<f64>,
) -> Result {
    let of_bare = of_bare.map_or(String::new(), |ratio| format!("{:.0} %", ratio * 100.0));
    let broker = broker.map_or(String::new(), |cpu| format!("{cpu:.2}"));
    let Figures { hits_per_second, p50_ms, p99_ms, cpu_us_per_hit, refused } = figures;
    let hits = thousands(*hits_per_second);
    write!(
        f,
        "  {point:<26}{server:<22}{hits:>10}{p50_ms:>10.3}{p99_ms:>10.3}{cpu_us_per_hit:>12.2}{broker:>12}{of_bare:>10}"
    )?;
    if *refused > 0 {
        write!(f, "  {refused} refused")?;
    }
    writeln!(f)
}
