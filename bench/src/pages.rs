//! The dashboard over a million hits: how long the server takes for each page, and for each report that a page is made of.
//!
//! The rule: hits go in through ingest as any client's do, and are all counted before anything is measured. A page is the whole
//! document for somebody who is signed in, from the call to its last byte; nothing is measured that a cache could answer.

use crate::embedded::{BUSY, load_average, note};
use crate::month::{FAILING, Month, RARE, REASON};
use crate::samples::{median, percentile};
use crate::sendry::Sendry;
use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use std::fmt::{Display, Formatter};
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The binary `sendry`, built with --release
    #[arg(long)]
    server: PathBuf,
    /// Where data is written while measuring. Default: the system's folder for such files
    #[arg(long)]
    folder: Option<PathBuf>,
    /// A hundred thousand hits, each page five times
    #[arg(long)]
    quick: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Keep the server running afterwards, until a line comes on the standard input: to look at it
    #[arg(long, hide = true)]
    hold: bool,
}

/// The server takes at most this long for a page, in the middle of all measurements, milliseconds.
const AIM: f64 = 200.0;
const BATCH: usize = 2_000;
const DEPLOYMENTS: i64 = 20;

/// How much is sent and how often a page is fetched.
struct Pace {
    hits: usize,
    warm_up: usize,
    turns: usize,
}

const THOROUGH: Pace = Pace { hits: 1_000_000, warm_up: 3, turns: 21 };
const QUICK: Pace = Pace { hits: 100_000, warm_up: 1, turns: 5 };

pub(crate) fn run(options: &Options) -> Result<()> {
    let began = Instant::now();
    let server = options.server.canonicalize().with_context(|| format!("no {}", options.server.display()))?;
    let parent = options.folder.clone().unwrap_or_else(std::env::temp_dir);
    std::fs::create_dir_all(&parent).with_context(|| format!("could not make {}", parent.display()))?;
    let folder = tempfile::TempDir::with_prefix_in("sendry-bench-", parent)?;
    let pace = if options.quick { QUICK } else { THOROUGH };
    let busy = load_average();
    if busy > BUSY {
        note(began, format!("the machine is busy (load {busy:.1}): the figures will be rough"));
    }

    let mut sendry = Sendry::set_up(&server, folder.path().join("server"), Vec::new())?;
    sendry.reach = SignedDuration::from_hours(31 * 24);
    note(began, format!("sending {} hits", pace.hits));
    fill(&mut sendry, pace.hits)?;
    note(began, "all are sent; waiting until they are counted");
    sendry.verify()?;

    let mut measured = Vec::new();
    for page in pages(&mut sendry)? {
        note(began, &page.name);
        measured.push(measure(&mut sendry, &page, &pace)?);
    }
    let report = Report {
        hits: sendry.accepted,
        turns: pace.turns,
        seconds: began.elapsed().as_secs_f64(),
        load_before: busy,
        pages: measured,
    };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("\n{report}");
    }
    if options.hold {
        eprintln!("http://{} with data in {}", sendry.process()?.address, folder.path().display());
        std::io::stdin().read_line(&mut String::new())?;
    }
    Ok(())
}

fn fill(sendry: &mut Sendry, hits: usize) -> Result<()> {
    let now = Timestamp::now();
    let mut month = Month::until(now);
    for _ in 0..hits / BATCH {
        sendry.send(&month.batch(BATCH))?;
    }
    for number in 0..DEPLOYMENTS {
        let at = now.as_millisecond() - (40 + number * number * 100) * 60_000;
        let marker =
            json!({ "title": format!("release {}", DEPLOYMENTS - number), "service": FAILING.0, "at": at });
        sendry.mark(&marker)?;
    }
    Ok(())
}

/// What is fetched: a page, or a report of one.
struct Page {
    name: String,
    path: String,
    /// Server functions with their questions.
    reports: Vec<(&'static str, String)>,
}

fn pages(sendry: &mut Sendry) -> Result<Vec<Page>> {
    let (service, method, endpoint) = FAILING;
    let mut pages: Vec<Page> = ["1h", "24h", "7d", "30d"].into_iter().map(overview).collect();
    for range in ["24h", "30d"] {
        let filter = format!("&service={service}");
        let asked = format!("asked[span]={range}&asked[filter][service]={service}");
        pages.push(Page {
            name: format!("/service {range}"),
            path: format!("/service?range={range}{filter}"),
            reports: [
                &of_charts(&asked)[..],
                &[("changes", asked.clone()), ("services", asked.clone())],
                &of_tables(&asked),
            ]
            .concat(),
        });
        let asked = format!("{asked}&asked[filter][method]={method}&asked[filter][endpoint]={endpoint}");
        pages.push(Page {
            name: format!("/endpoint {range}"),
            path: format!("/endpoint?endpoint={endpoint}&method={method}&range={range}{filter}"),
            reports: [&of_charts(&asked)[..], &of_tables(&asked)].concat(),
        });
    }
    pages.extend(requests(&deep_cursor(sendry)?));
    pages.push(Page {
        name: "/settings/limits".to_owned(),
        path: "/settings/limits".to_owned(),
        reports: vec![("session", String::new()), ("limits", String::new())],
    });
    pages.push(Page {
        name: "/pipeline".to_owned(),
        path: "/pipeline".to_owned(),
        reports: vec![("pipeline", String::new()), ("dead-letters", "skip=0&limit=50".to_owned())],
    });
    Ok(pages)
}

fn overview(range: &str) -> Page {
    let asked = format!("asked[span]={range}");
    let mut reports = of_charts(&asked).to_vec();
    reports.extend(["changes", "services", "status-codes"].map(|name| (name, asked.clone())));
    reports.push(("endpoints", format!("{asked}&sort=requests&limit=50")));
    Page { name: format!("/overview {range}"), path: format!("/overview?range={range}"), reports }
}

fn of_charts(asked: &str) -> [(&'static str, String); 4] {
    ["overview", "timeseries", "latencies", "markers"].map(|name| (name, asked.to_owned()))
}

fn of_tables(asked: &str) -> [(&'static str, String); 3] {
    let endpoints = format!("{asked}&sort=requests&limit=50");
    [("status-codes", asked.to_owned()), ("failures", asked.to_owned()), ("endpoints", endpoints)]
}

/// The log, by what is searched for in it.
fn requests(cursor: &str) -> Vec<Page> {
    let searches = [
        ("newest", String::new(), String::new()),
        ("5xx", "&status=5xx".to_owned(), "&asked[filter][status]=5xx".to_owned()),
        (
            "consumer, slow",
            "&consumer=customer-07&lat=2000".to_owned(),
            "&search[consumer]=customer-07&search[min_latency]=2000".to_owned(),
        ),
        ("ten days deep", format!("&cursor={cursor}"), format!("&cursor={cursor}")),
        ("text, frequent", text(REASON), of_text(REASON)),
        ("text, rare", text(RARE), of_text(RARE)),
        ("text, nowhere", text("no such text"), of_text("no such text")),
    ];
    let page = |(name, query, question): (&str, String, String)| Page {
        name: format!("/requests {name}"),
        path: format!("/requests?range=30d{query}"),
        reports: vec![("requests", format!("asked[span]=30d{question}"))],
    };
    searches.into_iter().map(page).collect()
}

fn text(text: &str) -> String {
    format!("&q={}", text.replace(' ', "%20"))
}

fn of_text(text: &str) -> String {
    format!("&search[text]={}", text.replace(' ', "%20"))
}

/// Where a page of the log begins that lies ten days back.
fn deep_cursor(sendry: &mut Sendry) -> Result<String> {
    let now = Timestamp::now();
    let [from, to] = [30 * 24, 10 * 24].map(|hours| now - SignedDuration::from_hours(hours));
    let path = format!("/api/requests?client={}&from={from}&to={to}&limit=50", sendry.client_id);
    let page = sendry.get(&path)?;
    page["next"].as_str().map(str::to_owned).context("too few hits for a deep page")
}

/// Milliseconds, of one page or report.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    name: String,
    p50_ms: f64,
    p95_ms: f64,
    /// Of the server, on the average.
    cpu_ms: f64,
    bytes: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reports: Vec<Figures>,
}

fn measure(sendry: &mut Sendry, page: &Page, pace: &Pace) -> Result<Figures> {
    let mut figures = fetch(sendry, &page.name, &page.path, pace)?;
    for (name, question) in &page.reports {
        figures.reports.push(fetch(sendry, name, &format!("/api/fn/{name}?{question}"), pace)?);
    }
    Ok(figures)
}

fn fetch(sendry: &mut Sendry, name: &str, path: &str, pace: &Pace) -> Result<Figures> {
    let mut bytes = 0;
    for _ in 0..pace.warm_up {
        bytes = sendry.fetch(path)?.1;
    }
    let cpu = sendry.process()?.cpu()?;
    let mut took = Vec::with_capacity(pace.turns);
    for _ in 0..pace.turns {
        took.push(milliseconds(sendry.fetch(path)?.0));
    }
    let cpu = sendry.process()?.cpu()?.saturating_sub(cpu);
    Ok(Figures {
        name: name.to_owned(),
        p50_ms: median(&took),
        p95_ms: percentile(&took, 95),
        cpu_ms: milliseconds(cpu) / pace.turns as f64,
        bytes,
        reports: Vec::new(),
    })
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// All of which were counted.
    hits: u64,
    turns: usize,
    seconds: f64,
    load_before: f64,
    pages: Vec<Figures>,
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:<34}{:>9}{:>9}{:>9}{:>10}", "Server time", "p50 ms", "p95 ms", "CPU ms", "KB")?;
        for page in &self.pages {
            let mark = if page.p50_ms > AIM { "  above the aim" } else { "" };
            writeln!(f, "{}{mark}", line(&page.name, page))?;
            for report in &page.reports {
                writeln!(f, "{}", line(&format!("    {}", report.name), report))?;
            }
        }
        let within = self.pages.iter().filter(|page| page.p50_ms <= AIM).count();
        writeln!(f, "\nAim: each page within {AIM} ms; {within} of {} are.", self.pages.len())?;
        write!(
            f,
            "{} hits were sent and counted; each page was fetched {} times; {:.0} s. Load before: {:.1}.",
            self.hits, self.turns, self.seconds, self.load_before
        )
    }
}

fn line(name: &str, Figures { p50_ms, p95_ms, cpu_ms, bytes, .. }: &Figures) -> String {
    format!("{name:<34}{p50_ms:>9.1}{p95_ms:>9.1}{cpu_ms:>9.1}{:>10.1}", *bytes as f64 / 1_000.0)
}
