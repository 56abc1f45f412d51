//! What broker and stores can do at best, asked as simply as possible.

use super::engines::Engines;
use crate::bare::broker;
use anyhow::Result;
use futures::stream::{FuturesUnordered, StreamExt};
use mongodb::bson::{Document, doc};
use mongodb::options::WriteConcern;
use serde::Serialize;
use sqlx::Connection as _;
use std::time::{Duration, Instant};

/// How long each is asked.
const TIME: Duration = Duration::from_secs(2);
const IN_FLIGHT: usize = 200;
const SMALL: usize = 300;
const LARGE: usize = 32 << 10;
const ROWS: i64 = 1_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    /// One message in flight, milliseconds until its confirm.
    pub(crate) confirm_ms: f64,
    /// Messages of 300 bytes a second, 200 in flight.
    pub(crate) small_messages_per_second: f64,
    /// Messages of 32 KiB a second, 200 in flight.
    pub(crate) large_messages_per_second: f64,
    /// Transactions of one row a second, one connection.
    pub(crate) postgres_commits_per_second: f64,
    /// Rows of five columns a second, 1,000 a statement and transaction, one connection.
    pub(crate) postgres_rows_per_second: f64,
    /// Documents of seven fields a second, 1,000 an insert, journalled, no index but the id's.
    pub(crate) mongodb_documents_per_second: f64,
}

pub(crate) fn measure(engines: &Engines) -> Result<Limits> {
    engines
        .block_on(async {
            let (postgres_commits_per_second, postgres_rows_per_second) =
                postgres(&engines.postgres()).await?;
            let limits = Limits {
                confirm_ms: 1e3 / messages(&engines.amqp(), SMALL, 1).await?,
                small_messages_per_second: messages(&engines.amqp(), SMALL, IN_FLIGHT).await?,
                large_messages_per_second: messages(&engines.amqp(), LARGE, IN_FLIGHT).await?,
                postgres_commits_per_second,
                postgres_rows_per_second,
                mongodb_documents_per_second: documents(&engines.mongodb()).await?,
            };
            Ok(limits)
        })
        .and_then(|limits| engines.purge_bare().map(|()| limits))
}

/// Messages confirmed a second.
async fn messages(url: &str, bytes: usize, in_flight: usize) -> Result<f64> {
    let channel = broker::connect(url).await?;
    let body = vec![0x5a; bytes];
    let mut publishes = FuturesUnordered::new();
    let began = Instant::now();
    let mut confirmed = 0_u32;
    while began.elapsed() < TIME {
        while publishes.len() < in_flight {
            publishes.push(broker::publish_one(&channel, &body));
        }
        if let Some(published) = publishes.next().await {
            published?;
            confirmed += 1;
        }
    }
    let rate = f64::from(confirmed) / began.elapsed().as_secs_f64();
    while let Some(published) = publishes.next().await {
        published?;
    }
    Ok(rate)
}

/// Commits of one row a second, and rows a second.
async fn postgres(url: &str) -> Result<(f64, f64)> {
    let mut connection = sqlx::PgConnection::connect(url).await?;
    sqlx::query("CREATE TABLE bench (id bigserial PRIMARY KEY, a bigint, b bigint, c text, d bytea)")
        .execute(&mut connection)
        .await?;
    let insert = "INSERT INTO bench (a, b, c, d) SELECT n, n, 'some text', '\\x00112233445566778899' \
                  FROM generate_series(1, $1) AS n";
    let mut rates = Vec::new();
    for rows in [1, ROWS] {
        let began = Instant::now();
        let mut inserted = 0;
        while began.elapsed() < TIME {
            sqlx::query(insert).bind(rows).execute(&mut connection).await?;
            inserted += rows;
        }
        rates.push(inserted as f64 / began.elapsed().as_secs_f64());
    }
    sqlx::query("DROP TABLE bench").execute(&mut connection).await?;
    Ok((rates[0], rates[1]))
}

/// Documents a second.
async fn documents(url: &str) -> Result<f64> {
    let client = mongodb::Client::with_uri_str(url).await?;
    let collection = client.database("bench").collection::<Document>("bench");
    let journalled =
        WriteConcern::builder().w(mongodb::options::Acknowledgment::Majority).journal(true).build();
    let began = Instant::now();
    let mut number = 0_i64;
    while began.elapsed() < TIME {
        let documents: Vec<Document> = (number..number + ROWS)
            .map(|n| {
                doc! {"_id": format!("1/b:bench/{n}"), "client": 1_i64, "at": n, "service": "orders", "endpoint": "/orders/:id",
                      "status": 200, "latencyMs": 12.5}
            })
            .collect();
        collection.insert_many(documents).ordered(false).write_concern(journalled.clone()).await?;
        number += ROWS;
    }
    let rate = number as f64 / began.elapsed().as_secs_f64();
    client.database("bench").drop().await?;
    Ok(rate)
}
