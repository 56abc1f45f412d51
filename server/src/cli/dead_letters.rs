//! `sendry dead-letters`: what could not be processed, and its second chance.

use anyhow::Context;
use clap::Subcommand;
use queue::{DeadLetter, Queue};
use runtime::config::Config;
use runtime::{data_dir, engines};
use serde_json::{Value, json};
use telemetry::envelope::{Batch, Envelope, MessageId};
use telemetry::time::from_millisecond;

/// Bytes of a message that cannot be read that are shown.
const HEAD: usize = 256;

#[derive(Subcommand)]
pub(crate) enum DeadLetters {
    /// List them, oldest first.
    List {
        /// How many, at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// How many to leave out at the beginning.
        #[arg(long, default_value_t = 0)]
        skip: usize,
    },
    /// Show all of one as JSON: why it was given up, and its hits as they were accepted, with secrets masked.
    Inspect {
        /// Its message id, as `list` shows it.
        id: MessageId,
    },
    /// Put them back into the queue. Hits that were counted before are not counted again.
    Replay {
        /// Their message ids, as `list` shows them.
        #[arg(required_unless_present = "all", value_name = "ID")]
        ids: Vec<MessageId>,
        /// All of them.
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

impl DeadLetters {
    pub(crate) fn run(self, config: &Config) -> anyhow::Result<()> {
        let _locked = data_dir::lock_queue(config)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.block_on(async {
            let queue = engines::queue(config).await?;
            match self {
                Self::List { limit, skip } => list(&*queue, skip, limit).await,
                Self::Inspect { id } => {
                    let letter = queue.dead_letter(id).await?;
                    let letter = letter.with_context(|| format!("there is no dead letter {id}"))?;
                    println!("{:#}", inspected(&letter));
                    Ok(())
                }
                Self::Replay { ids, all } => {
                    let replayed = queue.replay((!all).then_some(&ids[..])).await?;
                    println!(
                        "{replayed} put back into the queue; whoever counts hits takes them from there."
                    );
                    Ok(())
                }
            }
        })
    }
}

async fn list(queue: &dyn Queue, skip: usize, limit: usize) -> anyhow::Result<()> {
    let letters = queue.dead_letters(skip, limit).await?;
    if letters.is_empty() {
        println!("There are no {}dead letters.", if skip > 0 { "more " } else { "" });
        return Ok(());
    }
    let row = |id: &str, buried: &str, client: &str, hits: &str, attempts: &str, cause: &str| {
        println!("{id:<32}  {buried:<20}  {client:>6}  {hits:>10}  {attempts:>8}  {cause}");
    };
    row("MESSAGE", "BURIED", "CLIENT", "HITS", "ATTEMPTS", "CAUSE");
    for DeadLetter { burial, message } in &letters {
        let hits = match Envelope::decode(&message.body) {
            Ok(envelope) => envelope.batches.iter().map(|batch| batch.hits.len()).sum::<usize>().to_string(),
            Err(_) => "unreadable".to_owned(),
        };
        row(
            &message.id.to_string(),
            &format!("{:.0}", from_millisecond(burial.buried_at)),
            &message.client.to_string(),
            &hits,
            &burial.attempts.to_string(),
            &burial.cause,
        );
    }
    let total = queue.depth().await?.dead_letters;
    let shown = (skip + letters.len()) as u64;
    if total > shown {
        println!("{} more: --skip {shown}", total - shown);
    }
    Ok(())
}

/// Everything there is to say about a dead letter.
fn inspected(DeadLetter { burial, message }: &DeadLetter) -> Value {
    let time = |at: i64| from_millisecond(at).to_string();
    let mut shown = json!({
        "id": message.id.to_string(),
        "client": message.client,
        "acceptedAt": time(message.accepted_at),
        "cause": burial.cause,
        "attempts": burial.attempts,
        "firstSeen": time(burial.first_seen),
        "buriedAt": time(burial.buried_at),
        "bytes": message.body.len(),
    });
    match Envelope::decode(&message.body) {
        Ok(envelope) => shown["batches"] = envelope.batches.iter().map(batch).collect(),
        Err(error) => {
            let head = &message.body[..message.body.len().min(HEAD)];
            shown["unreadable"] = json!({
                "error": error.to_string(),
                "head": head.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
                "headAsText": String::from_utf8_lossy(head),
            });
        }
    }
    shown
}

fn batch(batch: &Batch<'_>) -> Value {
    let hits = batch.hits.iter().map(|(position, hit)| {
        let mut hit = json!(hit);
        hit["position"] = json!(position);
        hit["at"] = json!(from_millisecond(hit["at"].as_i64().unwrap_or_default()).to_string());
        hit
    });
    json!({
        "id": batch.id,
        "bytes": batch.bytes,
        "rejected": batch.rejected.iter().map(|(field, n)| json!({"field": field, "hits": n})).collect::<Value>(),
        "hits": hits.collect::<Value>(),
    })
}
