//! Real services for tests and benchmarks: RabbitMQ, PostgreSQL, Redis and a MongoDB wire server, private and throw-away.
//!
//! The rule: what is started here ends with whoever started it, however that ends: a keeper process ([`service`]) holds
//! the other end of a pipe and kills the service when the pipe closes. Every service has a folder and a port of its own,
//! both deleted or free afterwards.
//!
//! `cargo xtask test` starts one of each for the whole run and names them in [`AMQP`], [`POSTGRES`] and [`MONGODB`];
//! tests that only need some server take it from there ([`shared`]) and keep to names of their own in it. Tests that
//! kill a service start one of their own.

mod install;
mod mongodb;
mod ports;
mod postgres;
mod python;
mod rabbitmq;
mod redis;
mod service;
pub mod shared;

pub use mongodb::MongoDb;
pub use ports::free_port;
pub use postgres::Postgres;
pub use python::schemathesis;
pub use rabbitmq::RabbitMq;
pub use redis::Redis;
pub use service::Service;

/// Names the RabbitMQ of a test run.
pub const AMQP: &str = "SENDRY_TEST_AMQP_URL";
/// Names the PostgreSQL of a test run; its user may create databases.
pub const POSTGRES: &str = "SENDRY_TEST_POSTGRES_URL";
/// Names the MongoDB of a test run.
pub const MONGODB: &str = "SENDRY_TEST_MONGODB_URL";
