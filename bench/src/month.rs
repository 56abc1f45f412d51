//! A month of a company's traffic, as hits that `bench pages` sends: six services, sixty endpoints, an outage that lasts.
//!
//! The rule: nothing in it is left to chance. Two runs send the same hits; only the time that they count back from differs.

use crate::hits::Random;
use jiff::Timestamp;
use serde_json::{Value, json};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How far back hits lie: what is exactly as old as raw hits are kept would be refused on arrival.
const LENGTH: u64 = 30 * DAY - 2 * HOUR;

const SERVICES: [&str; 6] = ["accounts", "billing", "catalog", "orders", "search", "shipping"];

/// What each service has of each: ten endpoints. `#` stands for a number that differs from hit to hit.
const ENDPOINTS: [(&str, &str); 10] = [
    ("GET", "/api/v1/items"),
    ("POST", "/api/v1/items"),
    ("GET", "/api/v1/items/#"),
    ("PATCH", "/api/v1/items/#"),
    ("DELETE", "/api/v1/items/#"),
    ("GET", "/api/v1/items/#/history"),
    ("GET", "/api/v1/reports/daily"),
    ("POST", "/api/v1/sync"),
    ("GET", "/api/v1/settings"),
    ("PUT", "/api/v1/settings/:name"),
];

const ERRORS: [&str; 5] = [
    "unexpected end of upstream response",
    "connection reset by peer",
    "deadlock detected, transaction rolled back",
    "certificate of the partner has expired",
    "no space left on device",
];

/// The endpoint that fails, since when, and what for.
pub(crate) const FAILING: (&str, &str, &str) = ("billing", "POST", "/api/v1/items");
const FAILS_FOR: u64 = 40 * MINUTE;
pub(crate) const REASON: &str = "payment provider did not answer";

/// A text that very few hits carry.
pub(crate) const RARE: &str = "left the factory";

/// Makes hits one after the other, of any age.
pub(crate) struct Month {
    now: i64,
    number: u64,
    random: Random,
}

impl Month {
    pub(crate) fn until(now: Timestamp) -> Self {
        Self { now: now.as_millisecond(), number: 0, random: Random::default() }
    }

    pub(crate) fn batch(&mut self, hits: usize) -> Value {
        (0..hits).map(|_| self.hit()).collect()
    }

    /// Half of them over the whole month, three tenths in the last day, two in the last two hours.
    fn age(&mut self) -> u64 {
        let reach = match self.random.below(10) {
            0..5 => LENGTH,
            5..8 => DAY,
            _ => 2 * HOUR,
        };
        // A second is left, so that none is in the future.
        1_000 + self.random.below(reach)
    }

    fn hit(&mut self) -> Value {
        self.number += 1;
        let age = self.age();
        // The sum of two makes services and endpoints in the middle busier than those at the ends.
        let service = SERVICES[((self.random.below(6) + self.random.below(7)) / 2) as usize % 6];
        let (method, template) =
            ENDPOINTS[((self.random.below(10) + self.random.below(11)) / 2) as usize % 10];
        let fails = age < FAILS_FOR && (service, method, template) == FAILING && self.random.below(3) == 0;
        let status = if fails { 503 } else { self.status(method) };
        let spread: u64 = (0..4).map(|_| self.random.below(1_000)).sum();
        let slow = if self.random.below(50) == 0 { 12.0 } else { 1.0 };
        let latency =
            ((spread * spread / 4_000) as f64 / 10.0 + 0.8) * slow + if fails { 2_400.0 } else { 0.0 };
        let mut hit = json!({
            "serviceName": service,
            "endpoint": template.replace('#', &(10_000 + self.random.below(900_000)).to_string()),
            "method": method,
            "statusCode": status,
            "latencyMs": latency,
            "timestamp": self.now - age as i64,
            "consumer": format!("customer-{:02}", self.random.below(40)),
            "requestSize": self.random.below(2_000),
            "responseSize": self.random.below(30_000),
        });
        if status >= 500 {
            let error = ERRORS[self.random.below(5) as usize];
            hit["error"] =
                if fails { REASON.into() } else { format!("{error} (node {})", self.number % 8).into() };
        }
        if self.number.is_multiple_of(3) {
            hit["traceparent"] =
                format!("00-{:016x}{:016x}-{:016x}-01", self.number, self.number, self.number).into();
        }
        if self.number.is_multiple_of(100_000) {
            hit["error"] = format!("number {} {RARE}", self.number).into();
        }
        hit
    }

    fn status(&mut self, method: &str) -> u16 {
        match self.random.below(1_000) {
            0..3 => 500,
            3..5 => 502,
            5..7 => 504,
            7..17 => 401,
            17..40 => 404,
            40..46 => 422,
            46..49 => 429,
            49..120 if method == "GET" => 304,
            _ if method == "POST" => 201,
            _ if method == "DELETE" => 204,
            _ => 200,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_month_has_sixty_endpoints_and_lies_within_what_is_kept() {
        let now = Timestamp::UNIX_EPOCH;
        let hits = Month::until(now).batch(20_000);
        let hits = hits.as_array().unwrap();
        let template = |hit: &Value| {
            let endpoint = hit["endpoint"].as_str().unwrap().to_owned();
            endpoint
                .split('/')
                .map(|part| if part.parse::<u64>().is_ok() { ":id" } else { part })
                .collect::<String>()
        };
        let names: BTreeSet<String> = hits
            .iter()
            .map(|hit| format!("{} {} {}", hit["serviceName"], hit["method"], template(hit)))
            .collect();
        assert_eq!(names.len(), 60);
        assert!(hits.iter().all(|hit| {
            let age = -hit["timestamp"].as_i64().unwrap();
            (1_000..(30 * DAY) as i64).contains(&age)
        }));
        assert_eq!(Month::until(now).batch(10), Month::until(now).batch(10));
    }
}
