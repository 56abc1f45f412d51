//! The engines under the pipeline, private to this run.

use crate::bare::broker::{self, QUEUE};
use crate::process::cpu_of_tree;
use anyhow::{Context, Result};
use lapin::options::QueuePurgeOptions;
use std::time::Duration;
use testbed::{MongoDb, Postgres, RabbitMq, Service};
use tokio::runtime::Runtime;

pub(crate) struct Engines {
    rabbitmq: RabbitMq,
    postgres: Postgres,
    mongodb: MongoDb,
    runtime: Runtime,
}

/// Processor time of each.
#[derive(Clone, Copy)]
pub(crate) struct Cpu {
    pub(crate) rabbitmq: Duration,
    pub(crate) postgres: Duration,
    pub(crate) mongodb: Duration,
}

impl Cpu {
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            rabbitmq: self.rabbitmq.saturating_sub(earlier.rabbitmq),
            postgres: self.postgres.saturating_sub(earlier.postgres),
            mongodb: self.mongodb.saturating_sub(earlier.mongodb),
        }
    }
}

impl Engines {
    pub(crate) fn start() -> Result<Self> {
        Ok(Self {
            rabbitmq: RabbitMq::start()?,
            postgres: Postgres::start()?,
            mongodb: MongoDb::start()?,
            runtime: Runtime::new().context("could not start a runtime")?,
        })
    }

    pub(crate) fn amqp(&self) -> String {
        self.rabbitmq.url()
    }

    pub(crate) fn postgres(&self) -> String {
        self.postgres.url("postgres")
    }

    pub(crate) fn mongodb(&self) -> String {
        self.mongodb.url("sendry")
    }

    pub(crate) fn mongodb_name(&self) -> &'static str {
        self.mongodb.server_name()
    }

    /// What Sendry's processes find them by.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("SENDRY_QUEUE_URL", self.amqp()),
            ("SENDRY_EVENTS_URL", self.mongodb()),
            ("SENDRY_DATABASE_URL", self.postgres()),
        ]
    }

    pub(crate) fn cpu(&self) -> Cpu {
        let of = |service: &Service| service.process_group().map_or(Duration::ZERO, cpu_of_tree);
        Cpu { rabbitmq: of(&self.rabbitmq), postgres: of(&self.postgres), mongodb: of(&self.mongodb) }
    }

    /// Empties the bare server's queue.
    pub(crate) fn purge_bare(&self) -> Result<()> {
        self.block_on(async {
            let channel = broker::connect(&self.amqp()).await?;
            channel.queue_purge(QUEUE.into(), QueuePurgeOptions::default()).await?;
            Ok(())
        })
    }

    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}
