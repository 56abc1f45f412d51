//! Who owns a batch.

use super::{CLIENT, minutes, requests};
use crate::samples::{NOW, Sample, claim, count, message};
use std::sync::Arc;
use store::MetricsStore;
use store::metrics::{BatchClaim, Claimed};
use telemetry::envelope::MessageId;
use telemetry::report::ClientId;
use telemetry::time::DAY;

async fn ask(metrics: &dyn MetricsStore, batches: &[BatchClaim]) -> Vec<Claimed> {
    metrics.claim(batches, &[], NOW).await.unwrap().claimed
}

pub(crate) async fn the_first_message_owns_a_batch(metrics: Arc<dyn MetricsStore>) {
    let (mine, theirs) = (claim(CLIENT, "b:1", message(1)), claim(CLIENT, "b:1", message(2)));
    assert_eq!(ask(&*metrics, std::slice::from_ref(&mine)).await, [Claimed::Mine]);
    assert_eq!(
        ask(&*metrics, std::slice::from_ref(&mine)).await,
        [Claimed::Mine],
        "a redelivery owns it still"
    );
    assert_eq!(ask(&*metrics, std::slice::from_ref(&theirs)).await, [Claimed::Foreign]);
    count(&*metrics, CLIENT, "b:1", message(1), &[Sample::at(NOW)]).await;
    assert_eq!(ask(&*metrics, &[mine, theirs]).await, [Claimed::Done, Claimed::Foreign]);
}

pub(crate) async fn concurrent_claims_have_one_owner(metrics: Arc<dyn MetricsStore>) {
    let tasks: Vec<_> = (1..=16)
        .map(|n| {
            let metrics = metrics.clone();
            tokio::spawn(async move {
                // Each its own order, each a batch of its own between.
                let mut batches: Vec<BatchClaim> =
                    (0..50).map(|batch| claim(CLIENT, &format!("b:{batch}"), message(n))).collect();
                batches.rotate_left(n as usize * 3);
                batches.push(claim(CLIENT, &format!("m:{n}"), message(n)));
                let claimed = ask(&*metrics, &batches).await;
                batches.into_iter().zip(claimed).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut owned = Vec::new();
    for task in tasks {
        for (batch, claimed) in task.await.unwrap() {
            assert!(matches!(claimed, Claimed::Mine | Claimed::Foreign));
            if claimed == Claimed::Mine {
                owned.push(batch.batch);
            }
        }
    }
    owned.sort_unstable();
    let all = owned.len();
    owned.dedup();
    assert_eq!((all, owned.len()), (66, 66), "each batch has exactly one owner");
}

pub(crate) async fn answers_come_in_the_order_of_the_claims(metrics: Arc<dyn MetricsStore>) {
    let batch = |n: usize| format!("b:{n:04}");
    let seen: Vec<_> = (0..900).step_by(3).map(|n| claim(CLIENT, &batch(n), message(1))).collect();
    ask(&*metrics, &seen).await;
    let asked: Vec<_> = (0..900).rev().map(|n| claim(CLIENT, &batch(n), message(2))).collect();
    let answers = ask(&*metrics, &asked).await;
    for (n, answer) in (0..900).rev().zip(answers) {
        assert_eq!(answer, if n % 3 == 0 { Claimed::Foreign } else { Claimed::Mine }, "{n}");
    }
    // Two messages that bring one batch in one call: the first place owns it; equal claims have equal answers.
    let (first, second) = (claim(CLIENT, "b:x", message(3)), claim(CLIENT, "b:x", message(4)));
    let answers = ask(&*metrics, &[first.clone(), second, first]).await;
    assert_eq!(answers, [Claimed::Mine, Claimed::Foreign, Claimed::Mine]);
}

pub(crate) async fn batches_of_other_clients_are_other_batches(metrics: Arc<dyn MetricsStore>) {
    let answers =
        ask(&*metrics, &[claim(CLIENT, "b:1", message(1)), claim(ClientId(8), "b:1", message(2))]).await;
    assert_eq!(answers, [Claimed::Mine, Claimed::Mine]);
    assert_eq!(requests(&minutes(&*metrics).await), 0, "a claim counts nothing");
}

/// A message id as queues make them: a UUIDv7 of that second.
fn sent_at(second: i64, n: u128) -> MessageId {
    MessageId((second as u128 * 1_000) << 80 | 0x7 << 76 | 0x2 << 62 | n)
}

pub(crate) async fn a_claim_older_than_the_inbox_is_refused(metrics: Arc<dyn MetricsStore>) {
    let (fresh, known, old) =
        (sent_at(NOW - 34 * DAY, 1), sent_at(NOW - 36 * DAY, 2), sent_at(NOW - 36 * DAY, 3));
    // The inbox knows this one: claimed in time, delivered again much later.
    let early = [claim(CLIENT, "b:known", known)];
    assert_eq!(metrics.claim(&early, &[], NOW - 2 * DAY).await.unwrap().claimed, [Claimed::Mine]);
    let batches = [
        claim(CLIENT, "b:old", old),
        claim(CLIENT, "b:known", known),
        claim(CLIENT, "b:fresh", fresh),
        claim(CLIENT, "b:timeless", message(9)),
    ];
    let expected = [Claimed::Expired, Claimed::Mine, Claimed::Mine, Claimed::Mine];
    assert_eq!(ask(&*metrics, &batches).await, expected);
    assert_eq!(ask(&*metrics, &batches).await, expected, "a refusal leaves nothing behind");
}
