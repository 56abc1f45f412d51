//! Storing events, many at a time.
//!
//! The rule: an event whose identity is stored already is passed over; any other reason not to store one is an error. A
//! call is cut into commands that no server refuses for their size, so that a large one is never an outage.

use super::connection::Connection;
use super::{documents, errors};
use crate::error::StoreError;
use crate::events::Event;
use ::mongodb::bson::RawDocumentBuf;

/// Documents of one command: an answer within milliseconds to tens of them.
const DOCUMENTS: usize = 1_000;

/// Bytes of one command, unless one document alone has more. The protocol's limit is 48 MB.
const BYTES: usize = 8 << 20;

pub(super) async fn insert(connection: &Connection, events: &[Event<'_>]) -> Result<(), StoreError> {
    let (mut documents, mut bytes) = (Vec::new(), 0);
    for event in events {
        let document = documents::encode(event);
        let more = document.as_bytes().len();
        if documents.len() == DOCUMENTS || (bytes + more > BYTES && !documents.is_empty()) {
            send(connection, std::mem::take(&mut documents)).await?;
            bytes = 0;
        }
        bytes += more;
        documents.push(document);
    }
    if documents.is_empty() { Ok(()) } else { send(connection, documents).await }
}

async fn send(connection: &Connection, documents: Vec<RawDocumentBuf>) -> Result<(), StoreError> {
    let events = connection.indexed_events().await?;
    let inserting = async move {
        // Unordered: the server goes on after one that is there already.
        Ok(match events.insert_many(documents).ordered(false).await {
            Ok(_) => Ok(()),
            Err(error) => errors::of_insert(&error),
        })
    };
    connection.limited(inserting).await?
}
