//! Holds what is stored against what was sent.

use crate::hits::{Expected, expected, hit, number};
use crate::installation::{Installation, until};
use crate::load::Ledger;
use consumer::reconcile::reconcile;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use store::access::ClientScope;
use telemetry::hit::Method;
use telemetry::time::{DAY, Range, Resolution, from_second};

/// What was found stored, by the number of the hit.
pub(crate) struct Found {
    pub(crate) times: BTreeMap<u64, u32>,
}

impl Installation {
    /// Waits until everything has been counted, then asserts every promise.
    pub(crate) async fn settle(&self, ledger: &Ledger) -> Found {
        let obligations: Vec<u64> =
            ledger.hits.iter().filter(|(_, taken)| **taken).map(|(n, _)| *n).collect();
        assert!(!obligations.is_empty(), "nothing was acknowledged: the test tested nothing");
        let stores = self.stores().await;
        let queue = self.queue().await;
        let scope = ClientScope::of_the_instance(self.client);
        let started = Instant::now();
        let mut last = String::new();
        until("all obligations are stored and the queue is empty", Duration::from_secs(180), async || {
            let stored = stores.events.count(&scope).await.unwrap_or(0);
            let depth = queue.depth().await;
            let state = format!("{stored} of {} obligations stored, {depth:?}", obligations.len());
            // What one looks for first when it does not come to an end.
            if state != last && started.elapsed() > Duration::from_secs(60) {
                eprintln!("{state}");
                last = state;
            }
            stored >= obligations.len() as u64 && depth.is_ok_and(|depth| depth.waiting == 0)
        })
        .await;

        // Stored is before counted: the numbers must meet soon, and stay met.
        let range = today();
        until("rollups equal raw events", Duration::from_secs(60), async || {
            reconcile(&stores, self.client, range)
                .await
                .is_ok_and(|found| found.is_exact() && found.raw == found.counted)
        })
        .await;

        let mut times: BTreeMap<u64, u32> = BTreeMap::new();
        let mut wrong = Vec::new();
        stores
            .events
            .each(&scope, range, &mut |seen| {
                let n = number(seen.latency_ms);
                *times.entry(n).or_default() += 1;
                let stored = (
                    seen.service,
                    seen.endpoint,
                    seen.method,
                    seen.status,
                    seen.request_size,
                    seen.response_size,
                    seen.consumer,
                );
                let Expected { service, endpoint, method, status, request_size, response_size, consumer } =
                    expected(n);
                let sent = (
                    service,
                    endpoint,
                    Method::parse(method),
                    status,
                    Some(request_size),
                    Some(response_size),
                    consumer,
                );
                if stored != sent || seen.environment != "live" {
                    wrong.push(format!("{n}: stored {stored:?}, sent {sent:?}"));
                }
            })
            .await
            .unwrap();
        assert!(wrong.is_empty(), "payloads differ: {wrong:#?}");
        let missing: Vec<&u64> = obligations.iter().filter(|n| !times.contains_key(n)).collect();
        assert!(missing.is_empty(), "acknowledged but not stored: {missing:?}");
        let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "stored more than once: {twice:?}");
        let unsent: Vec<&u64> = times.keys().filter(|n| !ledger.hits.contains_key(n)).collect();
        assert!(unsent.is_empty(), "stored but never sent: {unsent:?}");

        let found = reconcile(&stores, self.client, range).await.unwrap();
        assert!(found.is_exact(), "{:#?}", found.differences);
        assert_eq!((found.raw, found.counted), (times.len() as u64, times.len() as u64));
        self.takes_a_fresh_hit().await;
        eprintln!(
            "{} hits acknowledged in {} calls, {} stored, {} rollup buckets equal",
            obligations.len(),
            ledger.calls.len(),
            times.len(),
            found.buckets
        );
        Found { times }
    }

    /// Sends one hit and waits until it is counted.
    async fn takes_a_fresh_hit(&self) {
        let overview = format!("/api/analytics/overview?client={}&range=24h", self.client);
        let before = self.get(&overview).await["requests"].as_u64().unwrap();
        let request = self.http.post(self.servers[0].url("/api/hit")).header("x-api-key", &self.key);
        let reply = request.json(&hit(9_000_000, None)).send().await.unwrap();
        assert_eq!(reply.status(), 202, "{}", reply.text().await.unwrap());
        until("a fresh hit is counted", Duration::from_secs(30), async || {
            self.get(&overview).await["requests"].as_u64() == Some(before + 1)
        })
        .await;
    }
}

/// Yesterday and today, by whole days.
pub(crate) fn today() -> Range {
    let day = Resolution::Day.floor(Timestamp::now().as_second());
    Range::new(from_second(day - DAY), from_second(day + 2 * DAY)).unwrap()
}
