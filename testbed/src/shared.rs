//! The services of a whole test run, or, where nobody started them, of this process.

use crate::{AMQP, MONGODB, MongoDb, POSTGRES, Postgres, RabbitMq};
use anyhow::Result;
use std::process::Command;
use std::sync::Mutex;

/// Ended by their keepers when this process ends.
static OWN: Mutex<Own> = Mutex::new(Own { rabbitmq: None, postgres: None, mongodb: None });

struct Own {
    rabbitmq: Option<RabbitMq>,
    postgres: Option<Postgres>,
    mongodb: Option<MongoDb>,
}

fn own() -> std::sync::MutexGuard<'static, Own> {
    OWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The URL of a RabbitMQ that others use too: declare names of your own.
pub fn amqp() -> Result<String> {
    if let Ok(url) = std::env::var(AMQP) {
        return Ok(url);
    }
    let mut own = own();
    if own.rabbitmq.is_none() {
        own.rabbitmq = Some(RabbitMq::start()?);
    }
    Ok(own.rabbitmq.as_ref().map(RabbitMq::url).unwrap_or_default())
}

/// The URL of the maintenance database of a PostgreSQL that others use too: create a database of your own.
pub fn postgres() -> Result<String> {
    if let Ok(url) = std::env::var(POSTGRES) {
        return Ok(url);
    }
    let mut own = own();
    if own.postgres.is_none() {
        own.postgres = Some(Postgres::start()?);
    }
    Ok(own.postgres.as_ref().map(|postgres| postgres.url("postgres")).unwrap_or_default())
}

/// The URL of a MongoDB wire server that others use too, without a database: choose one of your own.
pub fn mongodb() -> Result<String> {
    if let Ok(url) = std::env::var(MONGODB) {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let mut own = own();
    if own.mongodb.is_none() {
        own.mongodb = Some(MongoDb::start()?);
    }
    let url = own.mongodb.as_ref().map(|mongodb| mongodb.url("")).unwrap_or_default();
    Ok(url.trim_end_matches('/').to_owned())
}

/// One of each service, for a whole run.
pub struct All {
    rabbitmq: RabbitMq,
    postgres: Postgres,
    mongodb: MongoDb,
}

impl All {
    /// Starts them side by side.
    pub fn start() -> Result<Self> {
        std::thread::scope(|scope| {
            let rabbitmq = scope.spawn(RabbitMq::start);
            let mongodb = scope.spawn(MongoDb::start);
            let postgres = Postgres::start();
            let joined = |error| anyhow::anyhow!("starting a service panicked: {error:?}");
            Ok(Self {
                postgres: postgres?,
                rabbitmq: rabbitmq.join().map_err(joined)??,
                mongodb: mongodb.join().map_err(joined)??,
            })
        })
    }

    /// What tests find them by.
    pub fn variables(&self) -> [(&'static str, String); 3] {
        [
            (AMQP, self.rabbitmq.url()),
            (POSTGRES, self.postgres.url("postgres")),
            (MONGODB, self.mongodb.url("")),
        ]
    }

    /// Names them to a command.
    pub fn told<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.envs(self.variables())
    }
}
