//! The figures and the aims they are held against: as JSON, or as a table ([`table`]).

pub(crate) mod table;

use crate::embedded::{BATCHES, COMPARED, LONELY};
use crate::load::Point;
use crate::samples::Figures;
use serde::{Serialize, Serializer};

const MIB: f64 = 1_048_576.0;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    /// What the machine had to do before: above 0.5 the figures are rough.
    pub(crate) load_before: f64,
    pub(crate) limits: Limits,
    pub(crate) points: Vec<PointReport>,
    pub(crate) drain: Drain,
    pub(crate) memory: MemoryReport,
    pub(crate) aims: Vec<Aim>,
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

/// Hits a second counted while nothing comes in; nothing where there were too few to tell.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Drain {
    pub(crate) single_hits: Option<f64>,
    pub(crate) batches: Option<f64>,
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

pub(crate) fn as_text<S: Serializer>(point: &Point, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(point)
}

/// What is aimed at, and what came of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Aim {
    what: String,
    aim: f64,
    /// Whether more than the aim is better.
    at_least: bool,
    unit: &'static str,
    /// Nothing where it could not be measured.
    figure: Option<f64>,
    reached: bool,
}

impl Aim {
    pub(crate) fn at_least(what: String, aim: f64, unit: &'static str, figure: Option<f64>) -> Self {
        Self { what, aim, at_least: true, unit, figure, reached: figure.is_some_and(|figure| figure >= aim) }
    }

    pub(crate) fn at_most(what: String, aim: f64, unit: &'static str, figure: Option<f64>) -> Self {
        Self { what, aim, at_least: false, unit, figure, reached: figure.is_some_and(|figure| figure <= aim) }
    }
}

/// Holds the figures of ingest alone, of draining alone and of rest against what is aimed at.
pub(crate) fn aims(points: &[PointReport], drain: &Drain, memory: &MemoryReport) -> Vec<Aim> {
    let at = |point: Point| points.iter().find(move |report| report.point == point);
    let of_bare = at(COMPARED).map(|report| report.alone_of_bare * 100.0);
    let p50 = at(LONELY).map(|report| report.alone.p50_ms);
    let batches = at(BATCHES).map(|report| report.alone.hits_per_second);
    vec![
        Aim::at_least(format!("{COMPARED}, of the bare server"), 85.0, "%", of_bare),
        Aim::at_most(format!("{LONELY}, p50"), 0.4, "ms", p50),
        Aim::at_least(BATCHES.to_string(), 600_000.0, "hits/s", batches),
        Aim::at_least("drain of batches".to_owned(), 150_000.0, "hits/s", drain.batches),
        Aim::at_least("drain of single hits".to_owned(), 150_000.0, "hits/s", drain.single_hits),
        Aim::at_most("idle memory".to_owned(), 30.0, "MB", Some(memory.sendry_idle as f64 / MIB)),
    ]
}
