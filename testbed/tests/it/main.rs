//! Services start, survive a kill with their data folder, and end with their owner.

#![allow(clippy::unwrap_used, reason = "in a test, an unwrap is an assertion")]

use std::net::TcpStream;
use std::process::Command;
use testbed::{MongoDb, Postgres, RabbitMq, Redis, Service};

fn listens(service: &Service) -> bool {
    TcpStream::connect(("127.0.0.1", service.port())).is_ok()
}

fn is_killed_started_again_and_ended(mut service: impl std::ops::DerefMut<Target = Service>) {
    assert!(listens(&service));
    service.kill();
    assert!(!listens(&service));
    service.restart().unwrap();
    assert!(listens(&service));
    let (port, group) = (service.port(), service.process_group().unwrap());
    let folder = service.folder().to_owned();
    drop(service);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let living = Command::new("ps").args(["-eo", "pgid=,stat="]).output().unwrap();
    let living = String::from_utf8(living.stdout).unwrap();
    let mut of_group = living.lines().filter(|line| line.trim().starts_with(&format!("{group} ")));
    assert!(
        of_group.all(|line| line.contains('Z')),
        "all have ended, if not been waited for by init:\n{living}"
    );
    assert!(!folder.exists());
}

#[test]
fn rabbitmq() {
    let rabbitmq = RabbitMq::start().unwrap();
    rabbitmq.sync().unwrap();
    is_killed_started_again_and_ended(rabbitmq);
}

#[test]
fn postgres() {
    is_killed_started_again_and_ended(Postgres::start().unwrap());
}

#[test]
fn mongodb() {
    is_killed_started_again_and_ended(MongoDb::start().unwrap());
}

#[test]
fn redis() {
    is_killed_started_again_and_ended(Redis::start().unwrap());
}
