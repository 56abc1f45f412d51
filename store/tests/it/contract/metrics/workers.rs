//! Who counts.

use crate::samples::NOW;
use std::sync::Arc;
use store::MetricsStore;
use store::metrics::{WORKER_REMEMBERED_MS, Worker};

fn worker(id: &str, host: &str, seen_at: i64) -> Worker {
    Worker {
        id: id.into(),
        host: host.into(),
        version: "0.1.0".into(),
        started_at: NOW * 1_000,
        seen_at,
        hits: 0,
        lag_ms: None,
        breaker: "closed".into(),
    }
}

pub(crate) async fn workers_are_known_until_they_have_been_silent_for_a_day(metrics: Arc<dyn MetricsStore>) {
    let now = NOW * 1_000;
    let (one, other) = (worker("1", "b", now), worker("2", "a", now + 5));
    metrics.note_worker(&one).await.unwrap();
    metrics.note_worker(&other).await.unwrap();
    assert_eq!(metrics.workers(now).await.unwrap(), [other.clone(), one.clone()]);
    assert_eq!(metrics.workers(now + 5).await.unwrap(), std::slice::from_ref(&other));

    let later = now + WORKER_REMEMBERED_MS;
    let one = Worker { seen_at: later, hits: 1 << 40, lag_ms: Some(12), breaker: "open".into(), ..one };
    metrics.note_worker(&one).await.unwrap();
    assert_eq!(metrics.workers(0).await.unwrap(), [other, one.clone()], "the other is not yet a day silent");
    let one = Worker { seen_at: later + 6, ..one };
    metrics.note_worker(&one).await.unwrap();
    assert_eq!(metrics.workers(0).await.unwrap(), [one]);
}
