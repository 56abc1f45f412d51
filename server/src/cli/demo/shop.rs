//! The shop: its services, its day and night, its troubles.
//!
//! - Traffic follows the day (UTC): a tenth at night, full in the evening, a little more at the weekend.
//! - `GET /search` is slow, always.
//! - Twice a day, at 09:40 and 14:05, the payment provider fails for 20 minutes: `POST /payments` answers 503 and hangs.
//!   In the current hour that happens for three minutes at a quarter past as well, so that live watchers see it. Each time
//!   it begins with a deployment, which the demo marks. The iOS app, which asks for a way of paying of its own, is hit most.
//! - Where an incident is asked for, a version of `payments` was deployed that cannot read amounts with a comma. `android-app` always
//!   writes one, the others now and then; so `POST /payments` answers 500 from then on. Before it, the provider is well.
//! - Now and then a client looks for what is not there, or is not signed in.

use jiff::Timestamp;
use rand::RngExt;
use rand::rngs::StdRng;
use rand_distr::{Distribution, LogNormal, Poisson};
use serde_json::{Value, json};
use telemetry::time::from_millisecond;

struct Route {
    service: &'static str,
    method: &'static str,
    /// `{n}` becomes a number, as a real path would have one.
    path: &'static str,
    /// Share of the traffic.
    weight: f64,
    /// Median latency, milliseconds.
    median: f64,
    /// How far latencies scatter: the standard deviation of their logarithm.
    scatter: f64,
    /// Shares of answers that are client and server errors.
    errors: (f64, f64),
    success: u16,
}

const fn route(
    service: &'static str,
    method: &'static str,
    path: &'static str,
    weight: f64,
    (median, scatter): (f64, f64),
    errors: (f64, f64),
    success: u16,
) -> Route {
    Route { service, method, path, weight, median, scatter, errors, success }
}

const ROUTES: [Route; 18] = [
    route("storefront", "GET", "/", 18.0, (14.0, 0.35), (0.0, 0.0004), 200),
    route("storefront", "GET", "/products/{n}", 22.0, (28.0, 0.4), (0.012, 0.0006), 200),
    route("storefront", "GET", "/search", 9.0, (420.0, 0.75), (0.004, 0.002), 200),
    route("storefront", "POST", "/cart/items", 6.0, (35.0, 0.4), (0.03, 0.001), 201),
    route("storefront", "DELETE", "/cart/items/{n}", 1.5, (22.0, 0.4), (0.01, 0.0005), 204),
    route("catalog", "GET", "/v1/products", 8.0, (9.0, 0.5), (0.002, 0.0003), 200),
    route("catalog", "GET", "/v1/products/{n}", 14.0, (4.0, 0.5), (0.01, 0.0002), 200),
    route("catalog", "GET", "/v1/categories", 3.0, (2.2, 0.3), (0.0, 0.0001), 200),
    route("catalog", "PUT", "/v1/products/{n}/stock", 1.2, (16.0, 0.5), (0.02, 0.001), 200),
    route("orders", "POST", "/orders", 2.4, (95.0, 0.5), (0.025, 0.003), 201),
    route("orders", "GET", "/orders/{n}", 4.0, (18.0, 0.45), (0.015, 0.0006), 200),
    route("orders", "GET", "/orders", 2.2, (42.0, 0.5), (0.004, 0.0008), 200),
    route("payments", "POST", "/payments", 2.4, (180.0, 0.45), (0.035, 0.004), 201),
    route("payments", "GET", "/payments/{n}", 1.6, (24.0, 0.4), (0.006, 0.0006), 200),
    route("payments", "POST", "/webhooks/provider", 1.1, (12.0, 0.5), (0.002, 0.001), 204),
    route("accounts", "POST", "/login", 2.0, (110.0, 0.25), (0.12, 0.0008), 200),
    route("accounts", "GET", "/me", 5.0, (3.2, 0.4), (0.04, 0.0002), 200),
    route("accounts", "PATCH", "/me", 0.4, (21.0, 0.4), (0.05, 0.0006), 200),
];

/// Who calls, each with its share of the traffic.
const CONSUMERS: [(&str, f64); 5] = [
    ("web", 0.53),
    ("ios-app", 0.23),
    ("android-app", 0.16),
    ("partner-acme", 0.05),
    ("partner-globex", 0.03),
];

/// How long before an incident, and ever since, nothing else is wrong: its cause is to be found.
const CALM: i64 = 3 * 3_600_000;

pub(super) struct Shop {
    total: f64,
    /// The minute in which the incident begins, Unix milliseconds.
    incident: Option<i64>,
}

impl Shop {
    pub(super) fn new(incident: Option<i64>) -> Self {
        let minute = |at: i64| at - at.rem_euclid(60_000);
        Self { total: ROUTES.iter().map(|route| route.weight).sum(), incident: incident.map(minute) }
    }

    /// Adds the hits of `length` milliseconds from `start` (Unix milliseconds), at about `rate` a second over a day.
    pub(super) fn play(
        &self,
        start: i64,
        length: i64,
        rate: f64,
        random: &mut StdRng,
        hits: &mut Vec<Value>,
    ) {
        let expected = rate * rhythm(start) * length as f64 / 1_000.0;
        let number = match Poisson::new(expected) {
            Ok(poisson) => poisson.sample(random) as usize,
            // Nothing is expected of no time.
            Err(_) => return,
        };
        for _ in 0..number {
            let at = start + random.random_range(0..length.max(1));
            hits.push(self.hit(at, random));
        }
    }

    fn hit(&self, at: i64, random: &mut StdRng) -> Value {
        let route = self.pick(random);
        let consumer = consumer(random);
        let pays = route.path == "/payments";
        if pays && self.incident.is_some_and(|since| at >= since) {
            let comma = if consumer == "android-app" { 0.9 } else { 0.2 };
            if random.random_bool(comma) {
                return unread_amount(route, consumer, at, random);
            }
        }
        let outage = pays && self.provider_fails(at);
        let mut latency =
            LogNormal::new(route.median.ln(), route.scatter).map_or(route.median, |law| law.sample(random));
        let (client_errors, server_errors) = match (outage, consumer) {
            (true, "ios-app") => (0.02, 0.85),
            (true, _) => (0.02, 0.29),
            (false, _) => route.errors,
        };
        let luck: f64 = random.random();
        let (status, error) = if luck < server_errors {
            if outage {
                latency = random.random_range(2_400.0..3_000.0);
                (503, Some("payment provider did not answer within 2.4 s"))
            } else {
                (*pick_of(&[500, 500, 502, 504], random), Some("unexpected end of upstream response"))
            }
        } else if luck < server_errors + client_errors {
            latency *= 0.4;
            let status = match (route.service, route.method) {
                ("accounts", _) => 401,
                (_, "GET" | "DELETE") => 404,
                (_, "POST") => *pick_of(&[400, 409, 422], random),
                _ => 400,
            };
            (status, None)
        } else {
            (route.success, None)
        };
        let mut hit = json!({
            "serviceName": route.service,
            "endpoint": route.path.replace("{n}", &random.random_range(1..90_000u32).to_string()),
            "method": route.method,
            "statusCode": status,
            "latencyMs": (latency * 100.0).round() / 100.0,
            "timestamp": from_millisecond(at),
            "consumer": consumer,
            "requestSize": if route.method == "GET" { 0 } else { random.random_range(80..900) },
            "responseSize": if status >= 400 { 96 } else { random.random_range(200..24_000) },
        });
        if let Some(error) = error {
            hit["error"] = error.into();
        }
        hit
    }

    /// The deployment of the minute of `at` (Unix milliseconds), where there is one: that of the incident, or the one that
    /// a failure of the provider begins with.
    pub(super) fn deployment(&self, at: i64) -> Option<Value> {
        let minute = at - at.rem_euclid(60_000);
        let fails = self.provider_fails(minute) && !self.provider_fails(minute - 60_000);
        (fails || self.incident == Some(minute)).then(
            || json!({ "title": format!("payments {}", version(minute)), "service": "payments", "at": minute }),
        )
    }

    fn provider_fails(&self, at: i64) -> bool {
        self.incident.is_none_or(|since| at < since - CALM) && payments_are_down(at)
    }

    fn pick(&self, random: &mut StdRng) -> &'static Route {
        let mut left = random.random_range(0.0..self.total);
        for route in &ROUTES {
            left -= route.weight;
            if left < 0.0 {
                return route;
            }
        }
        &ROUTES[0]
    }
}

/// How busy the shop is at a time, 1 on average.
fn rhythm(at: i64) -> f64 {
    let hours = at.rem_euclid(86_400_000) as f64 / 3_600_000.0;
    // Quiet at 4, busiest at 19, with a small hump at noon.
    let evening = (-((hours - 19.0) / 4.5).powi(2)).exp();
    let noon = 0.7 * (-((hours - 12.0) / 3.0).powi(2)).exp();
    let days = at.div_euclid(86_400_000);
    // The first of January 1970 was a Thursday.
    let weekend = if matches!((days + 4).rem_euclid(7), 0 | 6) { 1.15 } else { 1.0 };
    weekend * (0.22 + 1.55 * evening + noon) / 0.92
}

/// Of `payments`, by the minute of its deployment.
fn version(minute: i64) -> String {
    format!("2.{}.0", minute.rem_euclid(1_000_000_000) / 60_000 % 90)
}

/// The answer of the broken version, with all that an application can report of it.
fn unread_amount(route: &Route, consumer: &str, at: i64, random: &mut StdRng) -> Value {
    let amount = format!("{},{:02}", random.random_range(4..180u32), random.random_range(0..100u32));
    let order = random.random_range(10_000..99_000u32);
    let error = format!("amount \"{amount}\" is no number");
    json!({
        "serviceName": route.service,
        "endpoint": route.path,
        "method": route.method,
        "statusCode": 500,
        "latencyMs": random.random_range(300..1_900u32) as f64 / 100.0,
        "timestamp": from_millisecond(at),
        "consumer": consumer,
        "traceparent": format!("00-{:032x}-{:016x}-01", random.random::<u128>(), random.random::<u64>() | 1),
        "requestHeaders": { "host": "payments.shop.example", "content-type": "application/json", "x-app": consumer },
        "requestBody": json!({ "order": order, "amount": amount, "currency": "EUR" }).to_string(),
        "responseBody": json!({ "error": error }).to_string(),
        "requestSize": 58,
        "responseSize": 44,
        "error": error,
    })
}

fn payments_are_down(at: i64) -> bool {
    let minute = at.rem_euclid(86_400_000) / 60_000;
    let in_burst = |start: i64| (start..start + 20).contains(&minute);
    let this_hour = Timestamp::now().as_millisecond() - at < 3_600_000;
    in_burst(9 * 60 + 40) || in_burst(14 * 60 + 5) || (this_hour && (15..18).contains(&(minute % 60)))
}

fn consumer(random: &mut StdRng) -> &'static str {
    let mut left: f64 = random.random();
    for (name, share) in CONSUMERS {
        left -= share;
        if left < 0.0 {
            return name;
        }
    }
    CONSUMERS[0].0
}

fn pick_of<'a, T>(options: &'a [T], random: &mut StdRng) -> &'a T {
    &options[random.random_range(0..options.len())]
}
