//! Pages of the request log: a scan back in time that stops when the page is full or its time is up.
//!
//! The rule: the cursor handed back is where the scan stopped, so no event is shown twice and none is passed over,
//! however many share a millisecond; and each call scans at least one run, so paging always gets on.

use super::{MongoEvents, date};
use crate::access::ClientScope;
use crate::error::StoreError;
use crate::events::{EventCursor, EventFilter, EventPage, milliseconds};
use crate::identity;
use ::mongodb::bson::{Bson, Document, doc};
use std::time::{Duration, Instant};
use telemetry::report::{ClientId, RequestRow};
use telemetry::time::Range;

/// Events scanned before the clock is looked at for the first time; then twice as many, up to the maximum: between
/// two looks lie some milliseconds.
const RUN: usize = 4_000;
const LONGEST_RUN: usize = 32_000;

/// Rows of a page at most.
const LARGEST_PAGE: usize = 10_000;

/// Where an event lies within its client: time first, then its identity in the order of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at: i64,
    id: String,
}

impl Key {
    /// Lower than every event of that millisecond, higher than all before.
    fn before(at: i64) -> Self {
        Self { at, id: String::new() }
    }

    fn of_cursor(client: ClientId, cursor: &EventCursor) -> Result<Self, StoreError> {
        let identity = identity::parse(&cursor.id)
            .ok_or_else(|| StoreError::Refused("the cursor names no event".into()))?;
        Ok(Self { at: cursor.at, id: telemetry::hit::identity(client, identity.batch, identity.position) })
    }

    fn cursor(self) -> EventCursor {
        EventCursor { at: self.at, id: self.id }
    }
}

pub(super) async fn page(
    store: &MongoEvents,
    scope: &ClientScope,
    range: Range,
    filter: &EventFilter,
    after: Option<&EventCursor>,
    limit: usize,
    budget: Duration,
) -> Result<EventPage, StoreError> {
    let started = Instant::now();
    let limit = limit.clamp(1, LARGEST_PAGE);
    let client = scope.client();
    let (from, to) = milliseconds(range);
    let mut bound = Key::before(to);
    if let Some(cursor) = after {
        bound = bound.min(Key::of_cursor(client, cursor)?);
    }
    let scanned = scanned(filter);

    let mut rows: Vec<RequestRow> = Vec::new();
    let mut run = RUN.max(limit + 1);
    loop {
        // What an index finds needs no scan.
        let end = match scanned.is_empty() {
            true => None,
            false => run_end(store, client, filter, from, bound.at, run).await?,
        };
        let stop = end.clone().unwrap_or_else(|| Key::before(from));
        for mut sought in between(client, filter, &stop, &bound) {
            sought.extend(scanned.clone());
            find(store, sought, limit + 1 - rows.len(), &mut rows).await?;
            if rows.len() > limit {
                break;
            }
        }
        if rows.len() > limit {
            rows.truncate(limit);
            let last = rows.last();
            let next = last.map(|row| EventCursor { at: row.timestamp.as_millisecond(), id: row.id.clone() });
            return Ok(EventPage { rows, next });
        }
        match end {
            Some(end) if started.elapsed() < budget => bound = end,
            end => return Ok(EventPage { rows, next: end.map(Key::cursor) }),
        }
        run = (run * 2).min(LONGEST_RUN.max(run));
    }
}

/// The key of the last event of a run: what is left of the millisecond it begins in, and then so many. `None` where there
/// are fewer.
async fn run_end(
    store: &MongoEvents,
    client: ClientId,
    filter: &EventFilter,
    from: i64,
    before: i64,
    run: usize,
) -> Result<Option<Key>, StoreError> {
    let sought = indexed(client, filter, doc! { "$gte": date(from), "$lt": date(before) });
    let connection = &store.connection;
    // Only keys of an index are read.
    let finding = connection
        .events()
        .await?
        .find_one(sought)
        .sort(doc! { "at": -1, "_id": -1 })
        .skip(run as u64 - 1)
        .projection(doc! { "at": 1, "_id": 1 })
        .max_time(connection.call_timeout());
    let Some(found) = connection.limited(finding).await? else { return Ok(None) };
    let stored = super::Stored::read(&found)?;
    Ok(Some(Key { at: stored.at()?, id: stored.id()?.to_owned() }))
}

/// Adds what is found, newest first.
async fn find(
    store: &MongoEvents,
    sought: Document,
    wanted: usize,
    rows: &mut Vec<RequestRow>,
) -> Result<(), StoreError> {
    let connection = &store.connection;
    let unseen = doc! { "requestHeaders": 0, "responseHeaders": 0, "requestBody": 0, "responseBody": 0, "attributes": 0 };
    let finding = connection
        .events()
        .await?
        .find(sought)
        .sort(doc! { "at": -1, "_id": -1 })
        .limit(wanted as i64)
        .batch_size(wanted as u32)
        .projection(unseen)
        .max_time(connection.call_timeout());
    let mut cursor = connection.limited(finding).await?;
    while let Some(stored) = store.advance(&mut cursor).await? {
        rows.push(stored.row()?);
    }
    Ok(())
}

/// What lies from `stop` to just before `bound`, newest first: the rest of one millisecond, all those between, the first of
/// another. Each is one run of keys in an index.
fn between(client: ClientId, filter: &EventFilter, stop: &Key, bound: &Key) -> Vec<Document> {
    let mut parts = Vec::new();
    if !bound.id.is_empty() {
        let mut part = indexed(client, filter, date(bound.at));
        part.insert("_id", doc! { "$lt": bound.id.as_str() });
        parts.push(part);
    }
    let whole = if stop.id.is_empty() { "$gte" } else { "$gt" };
    parts.push(indexed(client, filter, doc! { whole: date(stop.at), "$lt": date(bound.at) }));
    if !stop.id.is_empty() {
        let mut part = indexed(client, filter, date(stop.at));
        part.insert("_id", doc! { "$gte": stop.id.as_str() });
        parts.push(part);
    }
    parts
}

/// The part of a filter that an index answers: events of a client, of a time, of a service, of a trace.
fn indexed(client: ClientId, filter: &EventFilter, at: impl Into<Bson>) -> Document {
    let mut sought = doc! { "client": client.0, "at": at };
    for (name, text) in [("service", &filter.service), ("traceId", &filter.trace_id)] {
        if let Some(text) = text {
            sought.insert(name, text.as_str());
        }
    }
    sought
}

/// The part for which events are looked at one by one.
fn scanned(filter: &EventFilter) -> Document {
    let mut sought = Document::new();
    let method = filter.method.map(|method| method.as_str());
    let fields = [
        ("environment", filter.environment.as_deref()),
        ("method", method),
        ("endpoint", filter.endpoint.as_deref()),
        ("consumer", filter.consumer.as_deref()),
    ];
    for (name, text) in fields {
        if let Some(text) = text {
            sought.insert(name, text);
        }
    }
    if let Some((low, high)) = filter.status {
        sought.insert("status", doc! { "$gte": i32::from(low), "$lte": i32::from(high) });
    }
    if let Some(latency) = filter.min_latency_ms {
        sought.insert("latencyMs", doc! { "$gte": latency });
    }
    if let Some(text) = &filter.text {
        let pattern = pattern(text);
        let fields = ["endpoint", "error", "traceId", "eventId", "consumer"];
        let in_one_of: Vec<Document> =
            fields.map(|name| doc! { name: { "$regex": pattern.as_str() } }).into();
        sought.insert("$or", in_one_of);
    }
    sought
}

/// A regular expression that finds a text as it stands, ASCII letters in either case. The engine's own way of ignoring case
/// would take other alphabets with it.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() * 4);
    for letter in text.chars() {
        match letter {
            'a'..='z' | 'A'..='Z' => {
                pattern.extend(['[', letter.to_ascii_lowercase(), letter.to_ascii_uppercase(), ']']);
            }
            // Nothing may end the pattern early.
            '\0' => pattern.push_str("\\x00"),
            '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' => {
                pattern.extend(['\\', letter]);
            }
            other => pattern.push(other),
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_finds_the_text_as_it_stands() {
        assert_eq!(pattern("a.B*"), r"[aA]\.[bB]\*");
        assert_eq!(pattern("É 1\0"), r"É 1\x00");
    }
}
