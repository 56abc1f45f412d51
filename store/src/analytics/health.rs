//! How a service is doing: a judgement over its last five whole minutes, and the sentence that gives the reason.
//!
//! The rule: the figure in the sentence never contradicts the judgement (shares are cut, not rounded), and client
//! errors play no part in either.

use super::tally::Tally;
use telemetry::report::Health;

/// What a judgement rests on.
#[derive(Debug, Default)]
pub(super) struct Vitals {
    /// The last five whole minutes.
    pub(super) recent: Tally,
    /// Requests in the hour before those.
    pub(super) hour_before: u64,
    /// 95th percentile of the last 24 hours, milliseconds.
    pub(super) usual_p95: Option<f64>,
}

/// Requests from which on a share of errors means that a service is failing.
const ENOUGH: u64 = 20;

impl Vitals {
    /// The judgement as far as it goes without the usual p95, which costs a day of buckets to read.
    pub(super) fn needs_usual_p95(&self) -> bool {
        self.judge().0 == Health::Healthy && self.recent.requests() > 0
    }

    pub(super) fn judge(&self) -> (Health, String) {
        let requests = self.recent.requests();
        let errors = self.recent.server_errors();
        if requests == 0 {
            return match self.hour_before {
                0 => (Health::Healthy, "no request in 5 min, none in the hour before".to_owned()),
                n => (Health::Silent, format!("no request in 5 min; {} in the hour before", grouped(n))),
            };
        }
        let at_least = |percent: u64| u128::from(errors) * 100 >= u128::from(requests) * u128::from(percent);
        let share = share_of_errors(errors, requests);
        if requests >= ENOUGH && at_least(5) {
            return (Health::Failing, share);
        }
        if at_least(1) {
            return (Health::Degraded, share);
        }
        match (self.recent.percentile(95.0), self.usual_p95) {
            (Some(now), Some(usual)) if now > 2.0 * usual => {
                let reason =
                    format!("p95 {}, more than twice the 24 h p95 of {}", latency(now), latency(usual));
                (Health::Degraded, reason)
            }
            _ => (Health::Healthy, share),
        }
    }
}

fn share_of_errors(errors: u64, requests: u64) -> String {
    let per_mille = u128::from(errors) * 1_000 / u128::from(requests.max(1));
    let noun = if requests == 1 { "request" } else { "requests" };
    format!("5xx {}.{} % of {} {noun} in 5 min", per_mille / 10, per_mille % 10, grouped(requests))
}

/// Milliseconds with as many decimals as mean something.
fn latency(ms: f64) -> String {
    if ms < 10.0 { format!("{ms:.1} ms") } else { format!("{} ms", grouped(ms.round() as u64)) }
}

/// A number with a comma between thousands.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Aggregate, RollupRow, SeriesId};
    use telemetry::sketch::{Sketch, bin_of};

    fn rows(counts: &[(u16, u64)], ms: f64) -> Tally {
        let rows: Vec<RollupRow> = counts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|&(status, count)| {
                let mut sketch = Sketch::new();
                sketch.add_n(bin_of(ms), count);
                let us = telemetry::hit::latency_us(ms);
                let latency_us = us * count as i64;
                let aggregate =
                    Aggregate { count, latency_us, min_us: us, max_us: us, sketch, ..Aggregate::default() };
                RollupRow { series: SeriesId(1), bucket: 0, status, aggregate }
            })
            .collect();
        Tally::of(&rows)
    }

    #[test]
    fn judgements_follow_the_table() {
        use Health::{Degraded, Failing, Healthy, Silent};
        struct Case(&'static [(u16, u64)], f64, u64, Option<f64>, Health, &'static str);
        let cases = [
            Case(&[(200, 376), (503, 34)], 10.0, 0, None, Failing, "5xx 8.2 % of 410 requests in 5 min"),
            Case(&[(200, 19), (500, 1)], 10.0, 0, None, Failing, "5xx 5.0 % of 20 requests in 5 min"),
            Case(&[(200, 18), (500, 1)], 10.0, 0, None, Degraded, "5xx 5.2 % of 19 requests in 5 min"),
            Case(
                &[(200, 9_501), (500, 499)],
                10.0,
                0,
                None,
                Degraded,
                "5xx 4.9 % of 10,000 requests in 5 min",
            ),
            Case(&[(200, 99), (500, 1)], 10.0, 0, None, Degraded, "5xx 1.0 % of 100 requests in 5 min"),
            Case(&[(200, 100), (500, 1)], 10.0, 0, None, Healthy, "5xx 0.9 % of 101 requests in 5 min"),
            Case(&[(500, 1)], 10.0, 0, None, Degraded, "5xx 100.0 % of 1 request in 5 min"),
            Case(&[(200, 410)], 10.0, 5, Some(5.1), Healthy, "5xx 0.0 % of 410 requests in 5 min"),
            Case(&[(404, 410)], 10.0, 5, None, Healthy, "5xx 0.0 % of 410 requests in 5 min"),
            Case(
                &[(200, 410)],
                812.0,
                5,
                Some(240.4),
                Degraded,
                "p95 812 ms, more than twice the 24 h p95 of 240 ms",
            ),
            Case(
                &[(200, 40)],
                12_345.0,
                5,
                Some(3.45),
                Degraded,
                "p95 12,345 ms, more than twice the 24 h p95 of 3.5 ms",
            ),
            Case(&[], 0.0, 1_240, Some(5.0), Silent, "no request in 5 min; 1,240 in the hour before"),
            Case(&[], 0.0, 0, Some(5.0), Healthy, "no request in 5 min, none in the hour before"),
        ];
        for Case(counts, ms, hour_before, usual_p95, health, reason) in cases {
            let vitals = Vitals { recent: rows(counts, ms), hour_before, usual_p95 };
            assert_eq!(vitals.judge(), (health, reason.to_owned()));
        }
    }

    #[test]
    fn thousands_are_grouped() {
        let texts = [0, 7, 999, 1_000, 12_345, 1_000_000].map(grouped);
        assert_eq!(texts, ["0", "7", "999", "1,000", "12,345", "1,000,000"]);
    }
}
