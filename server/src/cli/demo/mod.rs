//! `sendry demo`: a small shop, played through the real ingest URL.
//!
//! The rule: nothing is put into a store directly. The demo sends batches with ids, waits for 202, and retries what was
//! not taken, as any client would; so what it shows is what Sendry does.

mod sender;
mod shop;

use anyhow::{Context, ensure};
use clap::Args;
use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sender::Sender;
use shop::Shop;
use std::time::Duration;

/// Hits in one batch of the backfill.
const BATCH: usize = 2_000;
/// How often live hits are sent.
const TICK: Duration = Duration::from_millis(500);

#[derive(Args)]
#[command(after_help = "Examples:
  sendry demo --key snd_live_… --backfill 7d      a week of history, then live traffic until Ctrl-C
  sendry demo --key snd_live_… --rate 200         live traffic only, about 200 hits a second
  sendry demo --key snd_live_… --backfill 2d --for 0s   history only
  sendry demo --key snd_live_… --backfill 4h --incident 25m   and since 25 minutes something is wrong")]
pub(crate) struct Demo {
    /// The API key to send with: Setup in the dashboard shows one.
    #[arg(long, env = "SENDRY_KEY", hide_env_values = true)]
    key: String,
    /// Where Sendry listens.
    #[arg(long, env = "SENDRY_URL", default_value = "http://127.0.0.1:3000")]
    url: String,
    /// First send this much history, such as 7d or 12h.
    #[arg(long, value_parser = humantime::parse_duration, value_name = "DURATION")]
    backfill: Option<Duration>,
    /// Hits a second in the history, on average.
    #[arg(long, default_value_t = 1.0, value_name = "N")]
    backfill_rate: f64,
    /// Live hits a second, on average over a day.
    #[arg(long, default_value_t = 20.0, value_name = "N")]
    rate: f64,
    /// Stop the live traffic after this long; default: never.
    #[arg(long = "for", value_parser = humantime::parse_duration, value_name = "DURATION")]
    lasting: Option<Duration>,
    /// Let something go wrong this long ago, such as 25m, and stay wrong: a cause to be found.
    #[arg(long, value_parser = humantime::parse_duration, value_name = "DURATION")]
    incident: Option<Duration>,
    /// The same seed plays the same shop.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Demo {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        for (name, rate) in [("--rate", self.rate), ("--backfill-rate", self.backfill_rate)] {
            ensure!((0.0..=100_000.0).contains(&rate), "{name} must be from 0 to 100000 hits a second");
        }
        let ago = |time: Duration| Timestamp::now().as_millisecond() - time.as_millis() as i64;
        let incident = self.incident.map(ago);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut player = Player {
                sender: Sender::new(&self.url, &self.key)?,
                shop: Shop::new(incident),
                random: StdRng::seed_from_u64(self.seed),
            };
            if let Some(length) = self.backfill {
                player.backfill(length, self.backfill_rate).await?;
            }
            tokio::select! {
                played = player.live(self.rate, self.lasting) => played,
                _ = tokio::signal::ctrl_c() => Ok(()),
            }
        })
    }
}

struct Player {
    sender: Sender,
    shop: Shop,
    random: StdRng,
}

impl Player {
    /// Sends the hits of the time before now, oldest first.
    async fn backfill(&mut self, length: Duration, rate: f64) -> anyhow::Result<()> {
        let now = Timestamp::now().as_millisecond();
        // A minute inside the length: what is exactly as old as is kept would be refused on arrival.
        let minutes = (length.as_secs() / 60).max(1) as i64;
        let started = std::time::Instant::now();
        let (mut batch, mut sent) = (Vec::with_capacity(BATCH), 0u64);
        for minute in (0..minutes).rev() {
            let start = now - (minute + 1) * 60_000 + 1_000;
            self.mark(start, start + 60_000).await;
            self.shop.play(start, 60_000, rate, &mut self.random, &mut batch);
            if batch.len() >= BATCH || minute == 0 {
                sent += self.sender.send(&std::mem::take(&mut batch)).await?;
                let done = 100.0 * (minutes - minute) as f64 / minutes as f64;
                eprint!("\r  history: {done:5.1} %  {sent} hits");
            }
        }
        eprintln!("\r  history: {sent} hits in {:.1} s          ", started.elapsed().as_secs_f64());
        Ok(())
    }

    /// Marks what was deployed from `from` to `to` (Unix milliseconds).
    async fn mark(&self, from: i64, to: i64) {
        let begun = to - to.rem_euclid(60_000);
        if begun >= from
            && let Some(marker) = self.shop.deployment(begun)
        {
            self.sender.mark(&marker).await;
        }
    }

    /// Sends hits as they happen.
    async fn live(&mut self, rate: f64, lasting: Option<Duration>) -> anyhow::Result<()> {
        if rate == 0.0 || lasting.is_some_and(|lasting| lasting.is_zero()) {
            return Ok(());
        }
        eprintln!("  live: about {rate} hits a second; Ctrl-C stops");
        let started = std::time::Instant::now();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut before = Timestamp::now().as_millisecond();
        let mut sent = 0u64;
        while lasting.is_none_or(|lasting| started.elapsed() < lasting) {
            ticks.tick().await;
            let now = Timestamp::now().as_millisecond();
            let mut hits = Vec::new();
            self.shop.play(before, now - before, rate, &mut self.random, &mut hits);
            self.mark(before, now).await;
            before = now;
            for batch in hits.chunks(BATCH) {
                sent += self.sender.send(batch).await.context("the live traffic stopped")?;
            }
            eprint!("\r  live: {sent} hits");
        }
        eprintln!();
        Ok(())
    }
}
