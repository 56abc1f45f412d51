//! The request log as the API shows it.

use super::{CLIENT, everything, range, scope};
use crate::samples::{NOW, Sample};
use store::access::ClientScope;
use store::analytics::{self, RequestsQuery};
use store::events::Event;
use store::sqlite::SqliteEvents;
use store::{EventStore, Failure};
use telemetry::error::ErrorCode;
use telemetry::hit::Hit;
use telemetry::report::ClientId;
use telemetry::time::{DAY, HOUR};

async fn log() -> (tempfile::TempDir, SqliteEvents) {
    let folder = tempfile::tempdir().unwrap();
    let events = SqliteEvents::open(&folder.path().join("events.db")).await.unwrap();
    let sample = Sample::at(NOW);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let list: Vec<Event<'_>> = (0..10)
        .map(|position| {
            let trace_id = (position == 4).then_some(trace);
            let error = (position == 5).then_some("Out of paper");
            Event {
                client: CLIENT,
                batch: "b:printer/1 ?&",
                position,
                hit: Hit { trace_id, error, ..sample.hit() },
            }
        })
        .collect();
    events.insert(&list).await.unwrap();
    (folder, events)
}

fn query() -> RequestsQuery {
    let analytics = everything(range(NOW - DAY, NOW + HOUR));
    RequestsQuery { analytics, trace_id: None, text: None, limit: 3, cursor: None }
}

fn code<T: std::fmt::Debug>(result: Result<T, Failure>) -> ErrorCode {
    match result {
        Err(Failure::Refused(error)) => error.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_row_leads_to_its_request_by_an_id_fit_for_urls() {
    let (_folder, events) = log().await;
    let mut asked = query();
    let mut ids = Vec::new();
    loop {
        let page = analytics::requests(&events, &scope(), &asked).await.unwrap();
        assert!(page.requests.len() <= 3);
        for row in page.requests {
            assert!(row.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            let detail = analytics::request(&events, &scope(), &row.id).await.unwrap();
            assert_eq!(detail.row, row);
            ids.push(row.id);
        }
        asked.cursor = page.next;
        if asked.cursor.is_none() {
            break;
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 10);

    let other = ClientScope::of_the_instance(ClientId(4));
    assert_eq!(code(analytics::request(&events, &other, &ids[0]).await), ErrorCode::NotFound);
    assert!(analytics::requests(&events, &other, &query()).await.unwrap().requests.is_empty());
}

#[tokio::test]
async fn traces_and_parts_of_texts_are_found() {
    let (_folder, events) = log().await;
    let find = async |query| analytics::requests(&events, &scope(), &query).await.unwrap().requests;
    let trace_id = Some("4BF92F3577B34DA6A3CE929D0E0E4736".to_owned());
    assert_eq!(find(RequestsQuery { trace_id, ..query() }).await.len(), 1);
    assert_eq!(find(RequestsQuery { text: Some("PAPER".into()), ..query() }).await.len(), 1);
    assert_eq!(find(RequestsQuery { text: Some("ink".into()), ..query() }).await.len(), 0);
    let empty = Some(String::new());
    assert_eq!(
        find(RequestsQuery { text: empty.clone(), trace_id: empty, limit: 0, ..query() }).await.len(),
        1
    );
}

#[tokio::test]
async fn junk_is_refused_or_finds_nothing() {
    let (_folder, events) = log().await;
    for junk in ["", "a", "MQ", "äöü", "e30", "WzEsIngiXQ", "////"] {
        assert_eq!(code(analytics::request(&events, &scope(), junk).await), ErrorCode::NotFound, "{junk}");
        let asked = RequestsQuery { cursor: Some(junk.into()), ..query() };
        assert_eq!(code(analytics::requests(&events, &scope(), &asked).await), ErrorCode::Invalid, "{junk}");
    }
}
