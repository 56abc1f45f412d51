//! How long reports take over many rollup rows, and over the rows of a hundred times the hits.
//!
//! The rows are written straight into PostgreSQL, as completions would have left them: two days of minutes, a month of
//! hours and days, for a client, its services and their endpoints.

use super::engines::Engines;
use crate::report::table::{line, thousands};
use crate::sendry::Sendry;
use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use std::fmt::{Display, Formatter};
use telemetry::sketch::{Sketch, bin_of};

const SERVICES: usize = 5;
const STATUSES: [i32; 4] = [200, 201, 404, 500];
/// Width of the buckets, and how many of them.
const RESOLUTIONS: [(i64, i64); 3] = [(60, 46 * 60), (3_600, 30 * 24), (86_400, 30)];
/// Rows in one statement.
const CHUNK: usize = 5_000;
/// Hits in a row of an endpoint; a hundredfold the second time.
const HITS: u64 = 2;
const TIMES: u64 = 100;
/// Calls of each report.
const CALLS: usize = 60;
const REPORTS: [&str; 8] = [
    "/api/analytics/overview?range=1h",
    "/api/analytics/overview?range=24h",
    "/api/analytics/overview?range=30d",
    "/api/analytics/timeseries?range=24h",
    "/api/analytics/timeseries?range=30d",
    "/api/analytics/endpoints?range=24h",
    "/api/analytics/services?range=24h",
    "/api/analytics/status-codes?range=7d",
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueryReport {
    rows: u64,
    queries: Vec<Query>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Query {
    report: &'static str,
    few: Times,
    hundredfold: Times,
}

/// Milliseconds.
#[derive(Clone, Copy, Serialize)]
struct Times {
    p50: f64,
    p99: f64,
}

impl QueryReport {
    pub(crate) fn slowest_p99_ms(&self) -> f64 {
        self.queries.iter().map(|query| query.few.p99.max(query.hundredfold.p99)).fold(0.0, f64::max)
    }

    /// By how much the medians of all reports together grew.
    pub(crate) fn slowdown(&self) -> f64 {
        let sum = |times: fn(&Query) -> Times| self.queries.iter().map(|query| times(query).p50).sum::<f64>();
        sum(|query| query.hundredfold) / sum(|query| query.few)
    }
}

pub(super) fn measure(engines: &Engines, sendry: &mut Sendry, rows: u64) -> Result<QueryReport> {
    let per_series: i64 = RESOLUTIONS.iter().map(|(_, buckets)| buckets).sum::<i64>() * STATUSES.len() as i64;
    let endpoints =
        (rows / per_series as u64).saturating_sub(1 + SERVICES as u64).max(SERVICES as u64) as usize;
    let client = sendry.make_client("Queries")?;
    let mut filled = 0;
    let mut measured: Vec<Vec<Times>> = Vec::new();
    for hits in [HITS, HITS * TIMES] {
        filled = engines.block_on(fill(&engines.postgres(), client, endpoints, hits))?;
        let mut times = Vec::new();
        for report in REPORTS {
            let mut taken = Vec::new();
            for _ in 0..CALLS {
                taken.push(sendry.report(client, report)?.as_secs_f64() * 1e3);
            }
            taken.sort_unstable_by(f64::total_cmp);
            times.push(Times { p50: taken[CALLS / 2], p99: taken[CALLS * 99 / 100] });
        }
        measured.push(times);
    }
    let queries = REPORTS.iter().enumerate();
    let queries = queries.map(|(place, report)| Query {
        report,
        few: measured[0][place],
        hundredfold: measured[1][place],
    });
    Ok(QueryReport { rows: filled, queries: queries.collect() })
}

/// Writes the rollups of a client anew; how many rows there are.
async fn fill(url: &str, client: i64, endpoints: usize, hits: u64) -> Result<u64> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query("DELETE FROM rollups WHERE series IN (SELECT id FROM series WHERE client = $1)")
        .bind(client)
        .execute(&mut connection)
        .await?;
    let now = jiff::Timestamp::now().as_second();
    let mut rows = Rows::default();
    let mut written = 0;
    for (place, (kind, service, method, endpoint)) in names(endpoints).into_iter().enumerate() {
        let series: i64 = sqlx::query_scalar(
            "INSERT INTO series (client, kind, environment, service, method, endpoint) VALUES ($1, $2, 'live', $3, $4, $5)
             ON CONFLICT (client, kind, environment, service, method, endpoint) DO UPDATE SET kind = excluded.kind
             RETURNING id",
        )
        .bind(client)
        .bind(kind)
        .bind(service)
        .bind(method)
        .bind(endpoint)
        .fetch_one(&mut connection)
        .await
        .context("could not make a series")?;
        // A service has as many hits as its endpoints together, a client as its services.
        let hits = match kind {
            "client" => hits * endpoints as u64,
            "service" => hits * (endpoints / SERVICES) as u64,
            _ => hits,
        };
        for (width, buckets) in RESOLUTIONS {
            let last = now - now.rem_euclid(width);
            for bucket in (0..buckets).map(|back| last - back * width) {
                for status in STATUSES {
                    rows.add(series, (width, bucket, status), hits, place as u64);
                    if rows.series.len() == CHUNK {
                        written += rows.write(&mut connection).await?;
                    }
                }
            }
        }
    }
    written += rows.write(&mut connection).await?;
    sqlx::query("VACUUM ANALYZE rollups").execute(&mut connection).await?;
    Ok(written)
}

/// Kind, service, method and endpoint of each series.
fn names(endpoints: usize) -> Vec<(&'static str, String, &'static str, String)> {
    let service = |number: usize| format!("service-{}", number % SERVICES);
    let mut names = vec![("client", String::new(), "", String::new())];
    names.extend((0..SERVICES).map(|number| ("service", service(number), "", String::new())));
    names.extend((0..endpoints).map(|number| {
        let method = if number.is_multiple_of(3) { "POST" } else { "GET" };
        ("endpoint", service(number), method, format!("/api/things-{number}/:id"))
    }));
    names
}

/// Rows that are yet to be written, by columns.
#[derive(Default)]
struct Rows {
    series: Vec<i64>,
    resolution: Vec<i64>,
    bucket: Vec<i64>,
    status: Vec<i32>,
    count: Vec<i64>,
    latency_us: Vec<i64>,
    min_us: Vec<i64>,
    max_us: Vec<i64>,
    sketch: Vec<Vec<u8>>,
}

impl Rows {
    fn add(&mut self, series: i64, place: (i64, i64, i32), hits: u64, seed: u64) {
        let (width, bucket, status) = place;
        let mut sketch = Sketch::new();
        let (mut sum, mut min, mut max) = (0, i64::MAX, 0);
        // Many hits share a latency, as beyond a few hundred different ones no further bin is filled.
        let different = hits.min(400);
        for hit in 0..different {
            let spread = (seed * 31 + bucket.unsigned_abs() / 60 * 7 + hit * 97) % 1_000;
            let latency_us = (800 + spread * spread / 4) as i64;
            let times = hits / different + u64::from(hit < hits % different);
            sketch.add_n(bin_of(latency_us as f64 / 1e3), times);
            sum += latency_us * times as i64;
            (min, max) = (min.min(latency_us), max.max(latency_us));
        }
        self.series.push(series);
        self.resolution.push(width);
        self.bucket.push(bucket);
        self.status.push(status);
        self.count.push(hits as i64);
        self.latency_us.push(sum);
        self.min_us.push(min);
        self.max_us.push(max);
        self.sketch.push(sketch.encode());
    }

    async fn write(&mut self, connection: &mut PgConnection) -> Result<u64> {
        let rows = std::mem::take(self);
        let written = sqlx::query(
            "INSERT INTO rollups (series, resolution, bucket, status, count, latency_us, min_us, max_us, bytes_in, bytes_out,
                 sketch)
             SELECT series, resolution, bucket, status, count, latency_us, min_us, max_us, 0, 0, sketch
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[],
                 $8::bigint[], $9::bytea[])
                 AS rows (series, resolution, bucket, status, count, latency_us, min_us, max_us, sketch)",
        )
        .bind(rows.series)
        .bind(rows.resolution)
        .bind(rows.bucket)
        .bind(rows.status)
        .bind(rows.count)
        .bind(rows.latency_us)
        .bind(rows.min_us)
        .bind(rows.max_us)
        .bind(rows.sketch)
        .execute(connection)
        .await
        .context("could not write rollups")?;
        Ok(written.rows_affected())
    }
}

impl Display for QueryReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "\nReports over {} rollup rows (p50 / p99; in brackets: hundred times the hits)",
            thousands(self.rows as f64)
        )?;
        for Query { report, few, hundredfold } in &self.queries {
            let times = |times: &Times| format!("{:.1} / {:.1} ms", times.p50, times.p99);
            line(f, report, &format!("{} ({})", times(few), times(hundredfold)))?;
        }
        line(f, "slowdown at hundred times the hits", &format!("{:.2} ×", self.slowdown()))
    }
}

impl Sendry {
    /// Makes a client beside the one that hits go to.
    fn make_client(&mut self, name: &str) -> Result<i64> {
        let made = self.call_post("/api/clients", &json!({"name": name}))?;
        made["id"].as_i64().context("a client whose id is no number")
    }
}
