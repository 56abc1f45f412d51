//! The hits that are sent: thirty endpoints of five services by turns, the five required fields, no timestamp.
//!
//! They are the same in every run: the differences between two runs are the servers'.

use serde_json::{Value, json};

/// `#` stands for a number that differs from hit to hit, as ids in paths do.
const ENDPOINTS: [(&str, [(&str, &str); 6]); 5] = [
    (
        "orders-service",
        [
            ("GET", "/api/v1/orders"),
            ("POST", "/api/v1/orders"),
            ("GET", "/api/v1/orders/#"),
            ("PATCH", "/api/v1/orders/#"),
            ("GET", "/api/v1/orders/#/items"),
            ("POST", "/api/v1/orders/#/refunds"),
        ],
    ),
    (
        "catalog-service",
        [
            ("GET", "/api/v1/products"),
            ("GET", "/api/v1/products/:productId"),
            ("GET", "/api/v1/products/#/reviews"),
            ("POST", "/api/v1/products/:productId/reviews"),
            ("GET", "/api/v1/categories"),
            ("GET", "/api/v1/categories/:slug/products"),
        ],
    ),
    (
        "payments-service",
        [
            ("POST", "/api/v1/charges"),
            ("GET", "/api/v1/charges/#"),
            ("POST", "/api/v1/charges/#/capture"),
            ("GET", "/api/v1/customers/#/methods"),
            ("DELETE", "/api/v1/customers/#/methods/#"),
            ("POST", "/api/v1/webhooks/provider"),
        ],
    ),
    (
        "accounts-service",
        [
            ("POST", "/api/v1/sessions"),
            ("DELETE", "/api/v1/sessions/current"),
            ("GET", "/api/v1/users/#"),
            ("PATCH", "/api/v1/users/#/preferences"),
            ("GET", "/api/v1/users/#/notifications"),
            ("POST", "/api/v1/password-resets"),
        ],
    ),
    (
        "search-service",
        [
            ("GET", "/api/v1/search"),
            ("GET", "/api/v1/search/suggestions"),
            ("GET", "/api/v1/search/facets/:facet"),
            ("POST", "/api/v1/search/events"),
            ("GET", "/api/v1/similar/#"),
            ("PUT", "/api/v1/index/documents/#"),
        ],
    ),
];

/// Different requests that are sent by turns.
const SINGLES: usize = 960;
const BATCHES: usize = 24;

/// Whole HTTP requests, ready to be written; `hits` in each.
pub(crate) fn requests(key: &str, hits: usize) -> Vec<Vec<u8>> {
    let mut source = Source::default();
    if hits == 1 {
        return (0..SINGLES).map(|_| request("/api/hit", key, &source.next().to_string())).collect();
    }
    let batch = |_| {
        let hits: Vec<Value> = (0..hits).map(|_| source.next()).collect();
        request("/api/hits", key, &Value::from(hits).to_string())
    };
    (0..BATCHES).map(batch).collect()
}

/// Where a request's own Idempotency-Key is to be written in.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key: ";
pub(crate) const IDEMPOTENCY_DIGITS: usize = 16;

/// The same requests with room for an Idempotency-Key, which is 16 hexadecimal digits.
pub(crate) fn with_idempotency_keys(requests: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let end_of_line = |request: &[u8]| memchr::memmem::find(request, b"\r\n").map_or(0, |at| at + 2);
    let with_room = |request: &Vec<u8>| {
        let (line, rest) = request.split_at(end_of_line(request));
        let header = format!("{IDEMPOTENCY_KEY}{}\r\n", "0".repeat(IDEMPOTENCY_DIGITS));
        [line, header.as_bytes(), rest].concat()
    };
    requests.iter().map(with_room).collect()
}

fn request(path: &str, key: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\nx-api-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// Makes hits one after the other; nothing in it is left to chance.
#[derive(Default)]
struct Source {
    number: usize,
    random: Random,
}

impl Source {
    fn next(&mut self) -> Value {
        let number = self.number;
        self.number += 1;
        // By fives, so that neighbours are of different services.
        let (service, endpoints) = ENDPOINTS[number % ENDPOINTS.len()];
        let (method, template) = endpoints[number / ENDPOINTS.len() % endpoints.len()];
        let endpoint: String = template
            .split_inclusive('#')
            .map(|part| match part.strip_suffix('#') {
                Some(before) => format!("{before}{}", 10_000 + self.random.next() % 990_000),
                None => part.to_owned(),
            })
            .collect();
        let status = match self.random.next() % 100 {
            0 => 500,
            1..4 => 404,
            4..14 if method == "POST" => 201,
            _ => 200,
        };
        // Most answers are fast and a few are slow, as they are: the sum of four is squared.
        let spread: u64 = (0..4).map(|_| self.random.next() % 1_000).sum();
        let latency = (spread * spread / 4_000) as f64 / 10.0 + 0.8;
        json!({"serviceName": service, "endpoint": endpoint, "method": method, "statusCode": status, "latencyMs": latency})
    }
}

/// xorshift64*: numbers that look like chance and are the same in every run.
pub(crate) struct Random {
    state: u64,
}

impl Default for Random {
    fn default() -> Self {
        Self { state: 0x9e37_79b9_7f4a_7c15 }
    }
}

impl Random {
    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_says_how_long_it_is() {
        for request in requests("key", 1).iter().chain(&requests("key", 100)) {
            let request = std::str::from_utf8(request).unwrap();
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            let (_, length) = head.split_once("content-length: ").unwrap();
            assert_eq!(length.lines().next().unwrap().parse::<usize>().unwrap(), body.len());
        }
    }

    #[test]
    fn thirty_endpoints_take_turns() {
        let mut source = Source::default();
        let mut names = std::collections::BTreeSet::new();
        for _ in 0..30 {
            let hit = source.next();
            names.insert(format!("{} {} {}", hit["serviceName"], hit["method"], hit["endpoint"]));
        }
        assert_eq!(names.len(), 30);
    }
}
