//! Storing events, many at a time.
//!
//! The rule: an event whose identity is stored already is passed over; any other reason not to store one is an error.

use super::details;
use crate::error::StoreError;
use crate::events::Event;
use crate::sqlite::connections::Connections;
use crate::sqlite::multi_row::MultiRow;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, Encode, Sqlite, Type};
use std::sync::{Arc, LazyLock};
use telemetry::hit::Method;

/// Events in one transaction: enough that its commit costs nothing each, few enough that readers and the retention
/// sweeper get their turn.
const TRANSACTION: usize = 8_192;

const COLUMNS: usize = 17;

static INSERT: LazyLock<MultiRow> = LazyLock::new(|| {
    let head = "INSERT INTO events (client, at, batch, position, service, environment, method, endpoint, status, \
                latency_ms, request_size, response_size, consumer, trace_id, event_id, error, details) VALUES";
    // Only uniqueness is passed over: a missing value still is an error.
    MultiRow::new(head, COLUMNS, "ON CONFLICT DO NOTHING")
});

/// The names of methods as SQLite's arguments share them.
static METHODS: LazyLock<[Arc<str>; Method::ALL.len()]> =
    LazyLock::new(|| Method::ALL.map(|m| m.as_str().into()));

pub(super) async fn insert(connections: &Connections, events: &[Event<'_>]) -> Result<(), StoreError> {
    for events in events.chunks(TRANSACTION) {
        // In the order of the identity index, of which random ids then touch each page once. Batches stay whole, and
        // of equal identities the first stays first.
        let mut events: Vec<&Event<'_>> = events.iter().collect();
        events.sort_by_key(|event| (event.client, event.batch));
        let mut statements = INSERT.cut(events.len());
        let mut next = statements.next().map(|(range, sql)| (sql, encode(&events[range])));
        let mut transaction = connections.write().await?;
        while let Some((sql, values)) = next {
            // SQLite works in its own thread: the next statement's values are made meanwhile.
            let running = sqlx::query_with(sql, values?).execute(&mut *transaction);
            let following = async { statements.next().map(|(range, sql)| (sql, encode(&events[range]))) };
            let (ran, following) = tokio::join!(running, following);
            ran?;
            next = following;
        }
        transaction.commit().await?;
    }
    Ok(())
}

fn encode(events: &[&Event<'_>]) -> Result<SqliteArguments, StoreError> {
    let mut values = Values(SqliteArguments::default());
    values.0.reserve(events.len() * COLUMNS, 0);
    // Events of a batch follow one another: they share its text.
    let mut batch: (&str, Arc<str>) = ("", "".into());
    for event in events {
        if batch.0 != event.batch {
            batch = (event.batch, event.batch.into());
        }
        let hit = &event.hit;
        values.add(event.client.0)?;
        values.add(hit.at)?;
        values.add(Arc::clone(&batch.1))?;
        values.add(i64::from(event.position))?;
        values.text(Some(hit.service))?;
        values.text(Some(hit.environment))?;
        values.add(Arc::clone(&METHODS[hit.method as usize]))?;
        values.text(Some(hit.endpoint))?;
        values.add(i64::from(hit.status))?;
        values.add(hit.latency_ms)?;
        values.size(hit.request_size)?;
        values.size(hit.response_size)?;
        values.text(hit.consumer)?;
        values.text(hit.trace_id)?;
        values.text(hit.event_id)?;
        values.text(hit.error)?;
        values.add(details::encode(hit)?)?;
    }
    Ok(values.0)
}

struct Values(SqliteArguments);

impl Values {
    fn add<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> Result<(), StoreError> {
        self.0.add(value).map_err(StoreError::Refused)
    }

    /// As an `Arc<str>` a text is copied once; as `&str` it would be copied into a `String` inside an `Arc`.
    fn text(&mut self, text: Option<&str>) -> Result<(), StoreError> {
        self.add(text.map(Arc::<str>::from))
    }

    fn size(&mut self, bytes: Option<u64>) -> Result<(), StoreError> {
        self.add(bytes.map(|n| i64::try_from(n).unwrap_or(i64::MAX)))
    }
}
