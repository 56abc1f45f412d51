//! Whether hits come through, judged from what the parts say.

use jiff::Timestamp;
use telemetry::report::ops::{BreakerState, ConsumerReport, Flow, IngestReport, QueueReport};

/// A lag of less is not worth a word: groups, retries and restarts take their time.
const BEHIND_MS: u64 = 30_000;

/// Judges the flow at `at`.
pub(super) fn judge(
    at: Timestamp,
    ingest: &IngestReport,
    queue: &QueueReport,
    consumers: &[ConsumerReport],
) -> Flow {
    let backlog = queue.waiting.unwrap_or(0) + queue.leased.unwrap_or(0) > 0;
    let alive = || consumers.iter().filter(|consumer| consumer.alive);
    let lag = match queue.oldest {
        Some(oldest) => Some(at.duration_since(oldest).as_millis().try_into().unwrap_or(0)),
        // A queue that cannot tell: what consumers say of the newest they have counted.
        None if backlog => alive().filter_map(|consumer| consumer.lag_ms).max(),
        None => None,
    };
    let behind_ms = lag.filter(|lag| *lag >= BEHIND_MS);
    let moving = alive().any(|consumer| consumer.breaker != Some(BreakerState::Open));
    // A breaker opens and closes; that it stands in the way shows in the age of what waits.
    let long = behind_ms.is_some() || (queue.oldest.is_none() && alive().next().is_none());
    Flow { refusing_since: ingest.breaker_since, behind_ms, standing_still: backlog && !moving && long }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::report::ops::Confirm;

    const NOW: &str = "2026-11-23T14:00:00Z";

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn ingest() -> IngestReport {
        IngestReport {
            accepted: 0,
            accepted_per_second: 0.0,
            accepted_by_second: Vec::new(),
            refused: Default::default(),
            refused_last_minute: 0,
            envelopes: 0,
            waiting_bytes: 0,
            max_waiting_bytes: 1,
            confirm_ms: Confirm::default(),
            breaker: BreakerState::Closed,
            breaker_since: None,
        }
    }

    fn queue(waiting: u64, oldest: Option<&str>) -> QueueReport {
        QueueReport {
            engine: "sqlite".to_owned(),
            answers: true,
            ping_ms: Some(0.1),
            waiting: Some(waiting),
            leased: None,
            oldest: oldest.map(at),
            dead_letters: Some(0),
        }
    }

    fn consumer(alive: bool, breaker: BreakerState, lag_ms: Option<u64>) -> ConsumerReport {
        ConsumerReport {
            id: "c".to_owned(),
            host: String::new(),
            inline: false,
            version: String::new(),
            started_at: at(NOW),
            last_seen: at(NOW),
            alive,
            hits: 0,
            lag_ms,
            breaker: Some(breaker),
        }
    }

    fn flow(queue: &QueueReport, consumers: &[ConsumerReport]) -> Flow {
        judge(at(NOW), &ingest(), queue, consumers)
    }

    #[test]
    fn a_short_backlog_is_well() {
        let queue = queue(3, Some("2026-11-23T13:59:50Z"));
        assert!(flow(&queue, &[consumer(true, BreakerState::Closed, None)]).is_well());
        assert!(flow(&queue, &[consumer(true, BreakerState::Open, None)]).is_well(), "it has just opened");
    }

    #[test]
    fn an_old_backlog_is_told_and_whether_anything_moves() {
        let queue = queue(3, Some("2026-11-23T13:58:00Z"));
        let slow = flow(&queue, &[consumer(true, BreakerState::Closed, None)]);
        assert_eq!((slow.behind_ms, slow.standing_still), (Some(120_000), false));
        let stuck = flow(&queue, &[consumer(true, BreakerState::Open, None)]);
        assert_eq!((stuck.behind_ms, stuck.standing_still), (Some(120_000), true));
    }

    #[test]
    fn a_queue_that_cannot_tell_ages_is_judged_by_its_consumers() {
        let (full, empty) = (queue(3, None), queue(0, None));
        let lagging = consumer(true, BreakerState::Closed, Some(45_000));
        assert_eq!(flow(&full, std::slice::from_ref(&lagging)).behind_ms, Some(45_000));
        assert!(flow(&empty, &[lagging]).is_well(), "it has caught up");
        assert!(flow(&full, &[]).standing_still, "nobody takes them");
        assert!(flow(&full, &[consumer(false, BreakerState::Closed, None)]).standing_still);
        assert!(flow(&empty, &[]).is_well());
    }

    #[test]
    fn refusing_is_told_with_its_beginning() {
        let refusing = IngestReport { breaker_since: Some(at(NOW)), ..ingest() };
        let flow = judge(at(NOW), &refusing, &queue(0, None), &[]);
        assert_eq!(flow.refusing_since, Some(at(NOW)));
    }
}
