//! The last sixty seconds of what matches, and a random sample of what has just come.

use rand::RngExt;
use std::collections::VecDeque;
use telemetry::hit::Hit;
use telemetry::report::{LastMinute, RequestRow};
use telemetry::sketch::Sketch;

/// Seconds that are looked back on.
const SECONDS: i64 = 60;

/// Rows that one event carries at most.
pub(super) const ROWS: usize = 20;

/// What came in one second.
#[derive(Default)]
struct Second {
    /// Unix seconds.
    at: i64,
    requests: u64,
    errors: u64,
    sketch: Sketch,
}

/// Sums by the second in which hits arrived here.
pub(super) struct Window {
    begun: i64,
    seconds: VecDeque<Second>,
}

impl Window {
    /// `now` is in Unix seconds, here and below.
    pub(super) fn new(now: i64) -> Self {
        Self { begun: now, seconds: VecDeque::new() }
    }

    pub(super) fn add(&mut self, hit: &Hit<'_>, now: i64) {
        if self.seconds.back().is_none_or(|second| second.at != now) {
            self.forget(now);
            self.seconds.push_back(Second { at: now, ..Second::default() });
        }
        let Some(second) = self.seconds.back_mut() else { return };
        second.requests += 1;
        second.errors += u64::from(hit.status >= 400);
        second.sketch.add(hit.latency_ms);
    }

    pub(super) fn last_minute(&mut self, now: i64) -> LastMinute {
        self.forget(now);
        let mut all = Sketch::default();
        for second in &self.seconds {
            all.merge(&second.sketch);
        }
        LastMinute {
            seconds: (now - self.begun).clamp(1, SECONDS) as u32,
            requests: self.seconds.iter().map(|second| second.requests).sum(),
            errors: self.seconds.iter().map(|second| second.errors).sum(),
            p95_ms: all.percentile(95.0),
        }
    }

    fn forget(&mut self, now: i64) {
        while self.seconds.front().is_some_and(|second| second.at <= now - SECONDS) {
            self.seconds.pop_front();
        }
    }
}

/// Each of what came has the same chance to be in it (Vitter's algorithm R).
#[derive(Default)]
pub(super) struct Sample {
    pub(super) matched: u64,
    rows: Vec<RequestRow>,
}

impl Sample {
    /// `row` is made only where it is taken.
    pub(super) fn offer(&mut self, row: impl FnOnce() -> RequestRow) {
        self.matched += 1;
        if self.rows.len() < ROWS {
            self.rows.push(row());
        } else if let Some(place) = usize::try_from(rand::rng().random_range(0..self.matched)).ok()
            && place < ROWS
        {
            self.rows[place] = row();
        }
    }

    /// Newest first.
    pub(super) fn into_rows(mut self) -> Vec<RequestRow> {
        self.rows.sort_by_key(|row| std::cmp::Reverse(row.timestamp));
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::hit::Method;
    use telemetry::time::from_second;

    fn hit(status: u16, latency_ms: f64) -> Hit<'static> {
        Hit {
            at: 0,
            service: "shop",
            environment: "live",
            method: Method::Get,
            endpoint: "/",
            status,
            latency_ms,
            request_size: None,
            response_size: None,
            consumer: None,
            trace_id: None,
            event_id: None,
            error: None,
            ip: None,
            user_agent: None,
            request_headers: None,
            response_headers: None,
            request_body: None,
            response_body: None,
            attributes: None,
        }
    }

    #[test]
    fn what_is_a_minute_old_is_forgotten() {
        let mut window = Window::new(1_000);
        for (second, status) in [(1_000, 500), (1_001, 200), (1_001, 404), (1_059, 200)] {
            window.add(&hit(status, 10.0), second);
        }
        let told = window.last_minute(1_059);
        assert_eq!((told.seconds, told.requests, told.errors), (59, 4, 2));
        assert!((9.9..10.1).contains(&told.p95_ms.unwrap()));
        let told = window.last_minute(1_060);
        assert_eq!((told.seconds, told.requests, told.errors), (60, 3, 1));
        assert_eq!(window.last_minute(2_000), LastMinute { seconds: 60, ..LastMinute::default() });
    }

    #[test]
    fn a_sample_is_small_and_takes_from_everywhere() {
        let mut late = 0;
        for _ in 0..20 {
            let mut sample = Sample::default();
            for n in 0..1_000 {
                sample.offer(|| {
                    let mut row = RequestRow::of(n.to_string(), &hit(200, 1.0));
                    row.timestamp = from_second(n);
                    row
                });
            }
            assert_eq!(sample.matched, 1_000);
            let rows = sample.into_rows();
            assert_eq!(rows.len(), ROWS);
            assert!(rows.windows(2).all(|pair| pair[0].timestamp > pair[1].timestamp));
            late += rows.iter().filter(|row| row.timestamp.as_second() >= 500).count();
        }
        // 400 rows, half of which should be late ones: ten standard deviations are 100.
        assert!((100..300).contains(&late), "{late}");
    }
}
