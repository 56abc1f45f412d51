//! The client of one MongoDB, and the collection of raw events with its indexes.
//!
//! The rule: no call waits without a limit ([`Connection::limited`]): a server that hangs keeps the driver waiting far
//! longer. And nothing here needs the server to be there: what cannot be done now is done when it answers.

use super::errors;
use crate::error::StoreError;
use ::mongodb::bson::{Document, RawDocumentBuf, doc};
use ::mongodb::options::{
    Acknowledgment, ClientOptions, ConnectionString, IndexOptions, ReadPreference, SelectionCriteria, Tls,
    WriteConcern,
};
use ::mongodb::{Client, Collection, IndexModel};
use std::fmt;
use std::future::IntoFuture;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// The collection's name.
const EVENTS: &str = "events";

/// How to reach a MongoDB.
#[derive(Clone)]
pub struct MongoOptions {
    /// `mongodb://user:password@host:port/database?…` or `mongodb+srv://…`; with `tls=true` the server's certificate is
    /// checked. What it says of write concern, read preference and time-outs does not count. Holds a password: never
    /// shown.
    pub url: String,
    /// Certificates (PEM) that the server's may be signed with, instead of the public ones.
    pub ca_file: Option<PathBuf>,
    /// Connections to each server at most.
    pub max_connections: u32,
    /// How long connecting, and waiting for a server, may take.
    pub connect_timeout: Duration,
    /// How long the server may take for one answer.
    pub call_timeout: Duration,
}

impl MongoOptions {
    /// The defaults for a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ca_file: None,
            max_connections: 8,
            connect_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(30),
        }
    }

    fn is_srv(&self) -> bool {
        self.url.starts_with("mongodb+srv://")
    }
}

impl fmt::Debug for MongoOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoOptions")
            .field("max_connections", &self.max_connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("call_timeout", &self.call_timeout)
            .finish_non_exhaustive()
    }
}

pub(super) struct Connection {
    options: MongoOptions,
    /// Known once the addresses of the servers are.
    events: OnceCell<Collection<RawDocumentBuf>>,
    /// Set once there is nothing more to do about the indexes.
    indexed: OnceCell<()>,
}

impl Connection {
    pub(super) async fn open(options: MongoOptions) -> Result<Self, StoreError> {
        // The driver's own words may quote a piece of the password.
        let unreadable = || StoreError::Refused("the URL of the MongoDB cannot be read".into());
        let parsed = ConnectionString::parse(&options.url).map_err(|_| unreadable())?;
        if parsed.default_database.is_none() {
            return Err(StoreError::Refused("the URL of the MongoDB names no database".into()));
        }
        let connection = Self { options, events: OnceCell::new(), indexed: OnceCell::new() };
        // The addresses behind `mongodb+srv` come from a name server, which may be away.
        if !connection.options.is_srv() {
            connection.events().await.map_err(|error| match error {
                StoreError::Unavailable(cause) => StoreError::Refused(cause),
                other => other,
            })?;
        }
        Ok(connection)
    }

    /// The collection of raw events. Asks no server, at most a name server.
    pub(super) async fn events(&self) -> Result<&Collection<RawDocumentBuf>, StoreError> {
        self.events.get_or_try_init(|| self.prepare()).await
    }

    async fn prepare(&self) -> Result<Collection<RawDocumentBuf>, StoreError> {
        let parsing = ClientOptions::parse(&self.options.url);
        let mut options = match timeout(self.options.connect_timeout, parsing.into_future()).await {
            Ok(Ok(options)) => options,
            // As above, its words are not passed on.
            Ok(Err(_)) => return Err(unavailable("the URL of the MongoDB leads to no server")),
            Err(_) => return Err(unavailable("the name server did not answer in time")),
        };
        options.app_name.get_or_insert_with(|| "sendry".to_owned());
        options.max_pool_size = Some(self.options.max_connections);
        options.min_pool_size = None;
        options.connect_timeout = Some(self.options.connect_timeout);
        options.server_selection_timeout = Some(self.options.connect_timeout);
        options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
        options.write_concern = Some(
            WriteConcern::builder()
                .w(Acknowledgment::Majority)
                .journal(true)
                .w_timeout(self.options.call_timeout)
                .build(),
        );
        if let (Some(Tls::Enabled(tls)), Some(file)) = (&mut options.tls, &self.options.ca_file) {
            tls.ca_file_path.get_or_insert_with(|| file.clone());
        }
        let database = options.default_database.clone().unwrap_or_default();
        let client = Client::with_options(options).map_err(|error| errors::judged(&error))?;
        Ok(client.database(&database).collection(EVENTS))
    }

    /// The collection, with its indexes made: to write to. Making those that are there already changes nothing.
    pub(super) async fn indexed_events(&self) -> Result<&Collection<RawDocumentBuf>, StoreError> {
        let events = self.events().await?;
        self.indexed.get_or_try_init(|| self.index(events)).await?;
        Ok(events)
    }

    async fn index(&self, events: &Collection<RawDocumentBuf>) -> Result<(), StoreError> {
        let making = events.create_indexes(indexes()).into_future();
        let refused = match timeout(self.options.call_timeout, making).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) if !errors::is_index_refused(&error) => return Err(errors::judged(&error)),
            Ok(Err(error)) => errors::words(&error),
            // Over many events it takes long; whoever answers meanwhile is at work on it.
            Err(_) => {
                self.ping().await?;
                "the server is still making them".to_owned()
            }
        };
        // Correctness needs none of them, and hits do not wait for an operator.
        tracing::warn!(cause = refused, "raw events are stored without all of their indexes");
        Ok(())
    }

    /// Runs one call of the driver under the time-out.
    pub(super) async fn limited<T>(
        &self,
        call: impl IntoFuture<Output = ::mongodb::error::Result<T>>,
    ) -> Result<T, StoreError> {
        within(self.options.call_timeout, call).await
    }

    /// Answers when the server does, sooner than another call would give up.
    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        let events = self.events().await?;
        let database = events.client().database(&events.namespace().db);
        let limit = self.options.connect_timeout.min(self.options.call_timeout);
        within(limit, database.run_command(doc! { "ping": 1 })).await.map(drop)
    }

    pub(super) fn call_timeout(&self) -> Duration {
        self.options.call_timeout
    }
}

async fn within<T>(
    limit: Duration,
    call: impl IntoFuture<Output = ::mongodb::error::Result<T>>,
) -> Result<T, StoreError> {
    match timeout(limit, call.into_future()).await {
        Ok(answer) => answer.map_err(|error| errors::judged(&error)),
        Err(_) => Err(unavailable(format!("no answer within {limit:?}"))),
    }
}

fn unavailable(words: impl Into<String>) -> StoreError {
    StoreError::Unavailable(words.into().into())
}

/// What each index is for: the request log, of a service, of a trace; and retention. The log reads its own from the end.
/// Servers since 4.2 let everybody read and write while they build one.
fn indexes() -> [IndexModel; 4] {
    let index = |name: &str, keys: Document| {
        IndexModel::builder()
            .keys(keys)
            .options(IndexOptions::builder().name(name.to_owned()).build())
            .build()
    };
    let with = |mut index: IndexModel, change: fn(&mut IndexOptions)| {
        change(index.options.get_or_insert_default());
        index
    };
    [
        index("log", doc! { "client": 1, "at": 1, "_id": 1 }),
        index("service", doc! { "client": 1, "service": 1, "at": 1, "_id": 1 }),
        // Events without a trace take no place in it.
        with(index("trace", doc! { "client": 1, "traceId": 1, "at": 1, "_id": 1 }), |options| {
            options.partial_filter_expression = Some(doc! { "traceId": { "$exists": true } });
        }),
        with(index("expiry", doc! { "expireAt": 1 }), |options| options.expire_after = Some(Duration::ZERO)),
    ]
}
