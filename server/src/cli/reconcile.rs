//! `sendry reconcile`: holds what was accepted, stored and counted against each other, and rebuilds rollups.
//!
//! The rule: it goes day by day, and whoever counts hits of the client waits for a day at most; so it is exact also while
//! hits come in, and what it says of a day was true at one moment.

use anyhow::{Context, bail, ensure};
use clap::Args;
use consumer::reconcile::{Rebuilt, Reconciliation, first_day_kept, rebuild, reconcile_at_rest};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use queue::retry::Backoff;
use runtime::config::Config;
use runtime::{data_dir, engines};
use std::time::Duration;
use store::access::ClientScope;
use store::metrics::MetricsRetention;
use store::{StoreError, Stores};
use telemetry::report::Client;
use telemetry::time::{DAY, Range, Resolution, from_second};

/// How often a store that is busy or away is asked again, and when.
const ATTEMPTS: u32 = 5;
const BACKOFF: Backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(5), jitter: 0.0 };

#[derive(Args)]
pub(crate) struct Reconcile {
    /// Only this client, by its id; otherwise all.
    #[arg(long, value_name = "ID")]
    client: Option<i64>,
    /// The first day (UTC), like 2026-11-01; otherwise the first whose raw events are all kept.
    #[arg(long, value_name = "DAY")]
    from: Option<Date>,
    /// The last day (UTC); otherwise today.
    #[arg(long, value_name = "DAY")]
    to: Option<Date>,
    /// Before comparing, replace the rollups of these days by what raw events say. Days with rollups and without any raw
    /// event are left as they are.
    #[arg(long)]
    rebuild: bool,
}

/// A client and the days to look at.
struct Task {
    client: Client,
    /// Starts of UTC days, Unix seconds; `end` exclusive.
    start: i64,
    end: i64,
    /// Whether no raw event that is kept lies outside these days, but for the broken first one.
    everything: bool,
}

impl Reconcile {
    pub(crate) fn run(self, config: &Config) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        // A connection holds counting off; another one reads.
        let config = Config { store_connections: config.store_connections.max(2), ..config.clone() };
        runtime.block_on(async {
            let stores = engines::stores(&config).await?;
            let mut different = 0;
            for task in self.tasks(&stores).await? {
                different += u32::from(!self.look_at(&stores, &task).await?);
            }
            tell_queue(&config).await?;
            match different {
                0 => Ok(()),
                1 => bail!("one client is not exact"),
                more => bail!("{more} clients are not exact"),
            }
        })
    }

    /// Everything asked for, checked before anything is done.
    async fn tasks(&self, stores: &Stores) -> anyhow::Result<Vec<Task>> {
        let now = Timestamp::now();
        // Tomorrow too: a hit may be dated a few minutes ahead.
        let last = Resolution::Day.floor(now.as_second() + DAY);
        let mut tasks = Vec::new();
        for (client, days) in stores.accounts.all_clients().await.context("could not read the clients")? {
            if self.client.is_some_and(|wanted| wanted != client.id.0) {
                continue;
            }
            let first = first_day_kept(days, now.as_second());
            let start = self.from.map_or(Ok(first), start_of)?;
            let end = self.to.map_or(Ok(last), start_of)?.min(last) + DAY;
            ensure!(
                start >= first,
                "raw events of client {} ({}) are kept for {days} days: only days from {} on can be compared, not {}",
                client.id,
                client.name,
                day(first),
                day(start)
            );
            ensure!(start < end, "there is no day from {} to {}", day(start), day(end - DAY));
            tasks.push(Task { client, start, end, everything: start == first && end == last + DAY });
        }
        if let Some(client) = self.client {
            ensure!(!tasks.is_empty(), "there is no client {client}");
        }
        Ok(tasks)
    }

    /// Goes through the days of a client; whether all is exact.
    async fn look_at(&self, stores: &Stores, task: &Task) -> anyhow::Result<bool> {
        let Task { client, start, end, .. } = task;
        let today = Resolution::Day.floor(Timestamp::now().as_second());
        let last = today.min(end - DAY);
        println!("Client {}, {}: {} to {} (UTC)", client.id, client.name, day(*start), day(last));
        let accepted_before = accepted(stores, task).await?;
        let (mut stored, mut counted, mut open, mut different) = (0, 0, 0, 0);
        for start in (*start..*end).step_by(DAY as usize) {
            let range = Range::new(from_second(start), from_second(start + DAY))?;
            let rebuilt = if self.rebuild { Some(rebuilt(stores, client, range).await?) } else { None };
            let found = compared(stores, client, range).await?;
            tell_day(start, &found, rebuilt);
            stored += found.raw;
            counted += found.counted;
            open += found.open;
            different += found.different;
        }
        let accepted = accepted(stores, task).await?;
        println!(
            "  accepted {accepted}, stored {stored}, counted {counted}, stored and not counted yet {open}"
        );
        // Whatever was accepted before is stored; whatever is stored and not open was accepted by now.
        let complete = !self.is_whole(stores, task).await?
            || (accepted_before..=accepted).contains(&(stored + in_the_broken_day(stores, task).await?));
        if !complete {
            println!(
                "  NOT EXACT: accepted and stored differ. Raw events are missing, or hits were reported so late that they \
                 have outlived their retention since."
            );
        }
        if different > 0 {
            println!("  NOT EXACT: {different} rollup rows differ from raw events.");
        }
        let exact = complete && different == 0;
        if exact {
            println!("  exact");
        }
        Ok(exact)
    }

    /// Whether all that was ever accepted of the client must be stored still.
    async fn is_whole(&self, stores: &Stores, task: &Task) -> anyhow::Result<bool> {
        let scope = ClientScope::of_the_instance(task.client.id);
        let earlier = stores.metrics.usage(&scope, 0, task.start - DAY).await;
        Ok(task.everything && earlier.context("could not read the usage")?.is_empty())
    }
}

/// Hits accepted in the days of a task, by the day of acceptance, and the day before.
async fn accepted(stores: &Stores, task: &Task) -> anyhow::Result<u64> {
    let scope = ClientScope::of_the_instance(task.client.id);
    let start = if task.everything { task.start - DAY } else { task.start };
    let days = stores.metrics.usage(&scope, start, task.end).await.context("could not read the usage")?;
    Ok(days.iter().map(|day| day.accepted).sum())
}

/// Hits stored before the first day, whose raw events are partly deleted already.
async fn in_the_broken_day(stores: &Stores, task: &Task) -> anyhow::Result<u64> {
    let range = Range::new(from_second(task.start - 2 * DAY), from_second(task.start))?;
    let mut hits = 0;
    let scope = ClientScope::of_the_instance(task.client.id);
    stores.events.each(&scope, range, &mut |_| hits += 1).await.context("could not read raw events")?;
    Ok(hits)
}

async fn rebuilt(stores: &Stores, client: &Client, range: Range) -> anyhow::Result<Rebuilt> {
    let kept = MetricsRetention::default();
    let rebuilding = async || rebuild(stores, client.id, range, &kept, Timestamp::now().as_second()).await;
    patiently(rebuilding).await.context("could not rebuild the rollups")
}

async fn compared(stores: &Stores, client: &Client, range: Range) -> anyhow::Result<Reconciliation> {
    let kept = MetricsRetention::default();
    let comparing =
        async || reconcile_at_rest(stores, client.id, range, &kept, Timestamp::now().as_second()).await;
    patiently(comparing).await.context("could not compare")
}

/// Tries again while a store is busy or away.
async fn patiently<T>(call: impl AsyncFn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let mut attempt = 0;
    loop {
        match call().await {
            Err(error) if error.is_retryable() && attempt + 1 < ATTEMPTS => {
                tokio::time::sleep(BACKOFF.delay(attempt, 0.5)).await;
                attempt += 1;
            }
            answer => return answer,
        }
    }
}

/// One line a day that has something, so that a long range shows how far it has come.
fn tell_day(start: i64, found: &Reconciliation, rebuilt: Option<Rebuilt>) {
    let Reconciliation { raw, counted, open, different, differences, .. } = found;
    if *raw == 0 && *counted == 0 && *open == 0 && *different == 0 {
        return;
    }
    let rebuilt = match rebuilt {
        Some(Rebuilt::Done { rows, .. }) => format!(", {rows} rollup rows rebuilt"),
        Some(Rebuilt::NoRawEvents) => ", not rebuilt: there is no raw event".to_owned(),
        None => String::new(),
    };
    let verdict = if found.is_exact() { "exact".to_owned() } else { format!("{different} rows differ") };
    println!("  {}: {raw} stored, {counted} counted, {open} not counted yet{rebuilt}: {verdict}", day(start));
    for difference in differences {
        println!("    {difference}");
    }
    if *different > differences.len() {
        println!("    and {} more", different - differences.len());
    }
}

/// What is on its way. A queue counts messages; how many hits they hold, only whoever takes them can tell.
async fn tell_queue(config: &Config) -> anyhow::Result<()> {
    let locked = if config.queue_is_a_file() { data_dir::lock(&config.data_dir)? } else { None };
    if config.queue_is_a_file() && locked.is_none() {
        println!("The queue: in the hands of the running server, which shows it at /pipeline.");
        return Ok(());
    }
    let depth = engines::queue(config).await?.depth().await.context("the queue does not answer")?;
    println!("The queue: {} messages waiting, {} dead letters.", depth.messages(), depth.dead_letters);
    Ok(())
}

/// The start of a UTC day, Unix seconds.
fn start_of(day: Date) -> anyhow::Result<i64> {
    Ok(TimeZone::UTC.to_timestamp(day.into())?.as_second())
}

/// The UTC day of a Unix second.
fn day(second: i64) -> Date {
    TimeZone::UTC.to_datetime(from_second(second)).date()
}
