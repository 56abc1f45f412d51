//! The figures and the aims they are held against, as a table or as JSON.

use crate::embedded::COMPARED;
use crate::load::Point;
use crate::samples::Figures;
use serde::{Serialize, Serializer};
use std::fmt::{Display, Formatter};

const MIB: f64 = 1_048_576.0;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) limits: Limits,
    pub(crate) points: Vec<PointReport>,
    pub(crate) drain: Drain,
    pub(crate) memory: MemoryReport,
    /// Hits that were accepted by Sendry, each of which was counted once.
    pub(crate) counted_exactly: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    pub(crate) fdatasync_4_kib_ms: f64,
    pub(crate) fdatasync_256_kib_ms: f64,
    pub(crate) sqlite_commits_per_second: f64,
    /// The server that parses and forgets, where servers are compared.
    pub(crate) parse_only: Figures,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PointReport {
    #[serde(serialize_with = "as_text")]
    pub(crate) point: Point,
    pub(crate) bare: Figures,
    /// Sendry with its consumers off.
    pub(crate) alone: Figures,
    /// Sendry that counts meanwhile.
    pub(crate) together: Figures,
    pub(crate) alone_of_bare: f64,
    pub(crate) together_of_bare: f64,
}

/// Hits a second counted while nothing comes in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Drain {
    pub(crate) single_hits: f64,
    pub(crate) batches: f64,
}

/// Bytes resident.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemoryReport {
    pub(crate) bare_idle: u64,
    pub(crate) bare_most: u64,
    pub(crate) sendry_idle: u64,
    pub(crate) sendry_most: u64,
    pub(crate) sendry_most_alone: u64,
    pub(crate) sendry_after: u64,
}

fn as_text<S: Serializer>(point: &Point, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(point)
}

/// What is aimed at, and what came of it.
struct Aim {
    what: &'static str,
    aim: &'static str,
    figure: String,
    reached: bool,
}

impl Report {
    fn aims(&self) -> Vec<Aim> {
        let at = |point: Point| self.points.iter().find(move |report| report.point == point);
        let mut aims = Vec::new();
        if let Some(report) = at(COMPARED) {
            let percent = report.alone_of_bare * 100.0;
            let figure = format!("{percent:.0} %");
            aims.push(Aim {
                what: "one hit, 64 connections, of the bare server",
                aim: "≥ 85 %",
                figure,
                reached: percent >= 85.0,
            });
        }
        if let Some(PointReport { alone, .. }) = at(Point { connections: 1, hits: 1 }) {
            let figure = format!("{:.2} ms", alone.p50_ms);
            aims.push(Aim {
                what: "one hit, 1 connection, p50",
                aim: "≤ 0.4 ms",
                figure,
                reached: alone.p50_ms <= 0.4,
            });
        }
        if let Some(PointReport { point, alone, .. }) =
            self.points.iter().find(|report| report.point.hits == 100)
        {
            let figure = format!("{} hits/s", thousands(alone.hits_per_second));
            let what = if point.connections == 16 { "100 hits, 16 connections" } else { "100 hits" };
            aims.push(Aim {
                what,
                aim: "≥ 600,000 hits/s",
                figure,
                reached: alone.hits_per_second >= 600_000.0,
            });
        }
        for (what, rate) in
            [("drain of batches", self.drain.batches), ("drain of single hits", self.drain.single_hits)]
        {
            let figure = format!("{} hits/s", thousands(rate));
            aims.push(Aim { what, aim: "≥ 150,000 hits/s", figure, reached: rate >= 150_000.0 });
        }
        let idle = self.memory.sendry_idle as f64 / MIB;
        aims.push(Aim {
            what: "idle memory",
            aim: "≤ 30 MB",
            figure: format!("{idle:.1} MB"),
            reached: idle <= 30.0,
        });
        aims
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { limits, drain, memory, .. } = self;
        writeln!(f, "Limits of this machine")?;
        writeln!(
            f,
            "  fdatasync of 4 KiB / 256 KiB       {:.2} / {:.2} ms",
            limits.fdatasync_4_kib_ms, limits.fdatasync_256_kib_ms
        )?;
        writeln!(
            f,
            "  SQLite, one small row per commit   {} commits/s",
            thousands(limits.sqlite_commits_per_second)
        )?;
        let parse_only = &limits.parse_only;
        writeln!(
            f,
            "  parse and forget, {COMPARED}   {} hits/s, p50 {:.2} ms, {:.1} µs of the processor a hit\n",
            thousands(parse_only.hits_per_second),
            parse_only.p50_ms,
            parse_only.cpu_us_per_hit
        )?;

        writeln!(
            f,
            "{:<26}{:<22}{:>10}{:>9}{:>9}{:>10}{:>9}",
            "Ingest", "", "hits/s", "p50 ms", "p99 ms", "CPU µs/hit", "of bare"
        )?;
        for report in &self.points {
            row(f, &report.point.to_string(), "bare server", &report.bare, None)?;
            row(f, "", "Sendry, ingest alone", &report.alone, Some(report.alone_of_bare))?;
            row(f, "", "Sendry, counting too", &report.together, Some(report.together_of_bare))?;
        }

        writeln!(f, "\nDrain (counting, nothing coming in)")?;
        writeln!(f, "  of batches of 100                  {} hits/s", thousands(drain.batches))?;
        writeln!(f, "  of single hits                     {} hits/s", thousands(drain.single_hits))?;

        let mib = |bytes: u64| format!("{:.1} MB", bytes as f64 / MIB);
        writeln!(f, "\nMemory, resident")?;
        writeln!(
            f,
            "  Sendry: idle {}, at most {} (ingest alone {}), after all that {}",
            mib(memory.sendry_idle),
            mib(memory.sendry_most),
            mib(memory.sendry_most_alone),
            mib(memory.sendry_after)
        )?;
        writeln!(f, "  bare server: idle {}, at most {}", mib(memory.bare_idle), mib(memory.bare_most))?;

        writeln!(f, "\nAims (ingest alone)")?;
        for Aim { what, aim, figure, reached } in self.aims() {
            let verdict = if reached { "reached" } else { "NOT reached" };
            writeln!(f, "  {what:<45}{figure:>18}   aim {aim:<18}{verdict}")?;
        }
        let hits = thousands(self.counted_exactly as f64);
        writeln!(f, "\n{hits} hits were accepted by Sendry and exactly as many were counted.")?;
        write!(f, "{} rounds, {:.0} s; medians; ratios are of the same round.", self.rounds, self.seconds)
    }
}

fn row(
    f: &mut Formatter<'_>,
    point: &str,
    server: &str,
    figures: &Figures,
    of_bare: Option<f64>,
) -> std::fmt::Result {
    let of_bare = of_bare.map_or(String::new(), |ratio| format!("{:.0} %", ratio * 100.0));
    let Figures { hits_per_second, p50_ms, p99_ms, cpu_us_per_hit, refused } = figures;
    write!(
        f,
        "  {point:<24}{server:<22}{:>10}{p50_ms:>9.3}{p99_ms:>9.3}{cpu_us_per_hit:>10.2}{of_bare:>9}",
        thousands(*hits_per_second)
    )?;
    if *refused > 0 {
        write!(f, "  {refused} refused")?;
    }
    writeln!(f)
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn thousands_are_parted() {
        assert_eq!(thousands(999.4), "999");
        assert_eq!(thousands(1_234_567.0), "1,234,567");
    }
}
