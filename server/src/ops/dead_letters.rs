//! Messages that could not be processed: listed, opened, put back.

use crate::state::AppState;
use queue::{DeadLetter, QueueError};
use std::future::Future;
use std::time::Duration;
use store::Failure;
use store::access::{Author, Permission, require};
use telemetry::envelope::{Batch, Envelope, MessageId};
use telemetry::error::ApiError;
use telemetry::hit::identity;
use telemetry::report::ops::{
    DeadBatch, DeadLetterDetail, DeadLetterRow, DeadLetters, SHOWN_BATCHES, SHOWN_HITS,
};
use telemetry::report::{RequestRow, User};
use telemetry::time::from_millisecond;

/// The longest that reading may take.
const READING: Duration = Duration::from_secs(5);
/// The longest that putting back may take. What was put back until then stays put back.
const REPLAYING: Duration = Duration::from_secs(60);
/// Bytes of an undecodable message that are shown.
const DUMPED: usize = 256;

/// A page of them, oldest first. For super admins.
pub async fn dead_letters(
    state: &AppState,
    user: &User,
    skip: usize,
    limit: usize,
) -> Result<DeadLetters, Failure> {
    require(user, Permission::SeePipeline)?;
    let reading = async { tokio::try_join!(state.queue.dead_letters(skip, limit), state.queue.depth()) };
    let (letters, depth) = within(READING, reading).await?;
    // Up to a hundred bodies are decoded: too long for a thread that serves connections.
    let rows = tokio::task::spawn_blocking(move || letters.iter().map(row).collect());
    let dead_letters: Vec<_> = rows.await.map_err(|_| ApiError::internal())?;
    // The two are not read at one moment.
    let total =
        depth.dead_letters.max((skip + dead_letters.len()) as u64 * u64::from(!dead_letters.is_empty()));
    Ok(DeadLetters { dead_letters, total, skip: skip as u64 })
}

/// One of them with what is in it. For super admins.
pub async fn dead_letter(state: &AppState, user: &User, id: &str) -> Result<DeadLetterDetail, Failure> {
    require(user, Permission::SeePipeline)?;
    let id: MessageId = id.parse().map_err(|_| ApiError::not_found("dead letter"))?;
    let letter = within(READING, state.queue.dead_letter(id)).await?;
    letter.map(|letter| detail(&letter)).ok_or_else(|| ApiError::not_found("dead letter").into())
}

/// Puts some back into the queue, or all (`None`); the number put back. Hits that were counted before are not counted
/// again. For super admins.
pub async fn replay(
    state: &AppState,
    user: &User,
    author: &Author,
    ids: Option<&[MessageId]>,
) -> Result<u64, Failure> {
    require(user, Permission::ReplayDeadLetters)?;
    let replayed = within(REPLAYING, state.queue.replay(ids)).await?;
    state.stores.accounts.note(author, "dead-letters.replayed", &format!("{replayed} messages")).await?;
    tracing::info!(
        user = user.id,
        replayed,
        all = ids.is_none(),
        "dead letters were put back into the queue"
    );
    Ok(replayed)
}

async fn within<T>(limit: Duration, call: impl Future<Output = Result<T, QueueError>>) -> Result<T, Failure> {
    let failure = match tokio::time::timeout(limit, call).await {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {limit:?}"),
    };
    tracing::error!(failure, "a queue call failed");
    Err(ApiError::unavailable("the queue does not answer; try again in a moment").into())
}

fn row(letter: &DeadLetter) -> DeadLetterRow {
    let envelope = Envelope::decode(&letter.message.body);
    described(letter, envelope.ok().map(|envelope| hits(&envelope.batches)))
}

fn hits(batches: &[Batch<'_>]) -> u64 {
    batches.iter().map(|batch| batch.hits.len() as u64).sum()
}

fn described(letter: &DeadLetter, hits: Option<u64>) -> DeadLetterRow {
    let DeadLetter { burial, message } = letter;
    DeadLetterRow {
        id: message.id.to_string(),
        client: message.client,
        cause: burial.cause.clone(),
        attempts: burial.attempts,
        accepted_at: from_millisecond(message.accepted_at),
        first_seen: from_millisecond(burial.first_seen),
        buried_at: from_millisecond(burial.buried_at),
        bytes: message.body.len() as u64,
        hits,
    }
}

fn detail(letter: &DeadLetter) -> DeadLetterDetail {
    let Ok(Envelope { client, batches, .. }) = Envelope::decode(&letter.message.body) else {
        let dump = Some(dump(&letter.message.body));
        return DeadLetterDetail {
            row: described(letter, None),
            batches: Vec::new(),
            shown: Vec::new(),
            dump,
        };
    };
    let all = batches.iter().flat_map(|batch| batch.hits.iter().map(move |hit| (batch, hit)));
    DeadLetterDetail {
        row: described(letter, Some(hits(&batches))),
        batches: batches
            .iter()
            .take(SHOWN_BATCHES)
            .map(|batch| DeadBatch { id: batch.id.clone().into_owned(), hits: batch.hits.len() as u64 })
            .collect(),
        shown: all
            .take(SHOWN_HITS)
            .map(|(batch, (position, hit))| RequestRow::of(identity(client, &batch.id, *position), hit))
            .collect(),
        dump: None,
    }
}

/// The beginning of bytes, sixteen a line: offset, hexadecimal, and as characters where they are some.
fn dump(bytes: &[u8]) -> String {
    let lines = bytes[..bytes.len().min(DUMPED)].chunks(16).enumerate().map(|(line, chunk)| {
        let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let characters = chunk.iter().map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        });
        format!("{:04x}  {:<47}  {}\n", line * 16, hex.join(" "), characters.collect::<String>())
    });
    let mut dump: String = lines.collect();
    if bytes.len() > DUMPED {
        dump.push_str(&format!("… and {} bytes more\n", bytes.len() - DUMPED));
    }
    dump
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_shows_bytes_and_characters() {
        assert_eq!(dump(b"Sn\x02"), format!("0000  {:<47}  Sn.\n", "53 6e 02"));
        let long = dump(&[0x61; 300]);
        assert_eq!(long.lines().count(), 17);
        assert!(long.ends_with("… and 44 bytes more\n"), "{long}");
        assert_eq!(dump(b""), "");
    }
}
