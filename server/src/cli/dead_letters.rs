//! `sendry dead-letters`: what could not be processed, and its second chance.

use anyhow::Context;
use clap::Subcommand;
use queue::sqlite::SqliteQueue;
use queue::{DeliveryTag, Queue};
use server::config::Config;
use telemetry::envelope::Envelope;
use telemetry::time::from_millisecond;

#[derive(Subcommand)]
pub(crate) enum DeadLetters {
    /// List them, oldest first.
    List {
        /// How many, at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Put them back into the queue. Hits that were counted before are not counted again.
    Replay {
        /// Their numbers, as `list` shows them.
        #[arg(required_unless_present = "all")]
        numbers: Vec<u64>,
        /// All of them.
        #[arg(long)]
        all: bool,
    },
}

impl DeadLetters {
    pub(crate) fn run(self, config: &Config) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let queue = SqliteQueue::open(&config.queue_path()).await.context("could not open the queue")?;
            match self {
                Self::List { limit } => {
                    let letters = queue.dead_letters(None, limit).await?;
                    if letters.is_empty() {
                        println!("There are no dead letters.");
                    }
                    for letter in letters {
                        let hits = Envelope::decode(&letter.message.body).map(|envelope| {
                            envelope.batches.iter().map(|batch| batch.hits.len()).sum::<usize>()
                        });
                        let hits =
                            hits.map_or_else(|_| "undecodable".to_owned(), |hits| format!("{hits} hits"));
                        let burial = letter.burial;
                        println!(
                            "{:>6}  {}  client {}  {hits}  after {} attempts: {}",
                            letter.tag.0,
                            from_millisecond(burial.buried_at),
                            letter.message.client,
                            burial.attempts,
                            burial.cause
                        );
                    }
                }
                Self::Replay { numbers, all } => {
                    let tags: Vec<DeliveryTag> = numbers.into_iter().map(DeliveryTag).collect();
                    let replayed = queue.replay((!all).then_some(&tags[..])).await?;
                    println!("{replayed} put back into the queue; a running server takes them from there.");
                }
            }
            Ok(())
        })
    }
}
