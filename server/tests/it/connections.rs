//! Connections that bring nothing, or dribble, end.

use crate::harness::TestServer;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Far longer than the time-outs that these servers are given.
const PATIENCE: Duration = Duration::from_secs(20);

async fn server() -> TestServer {
    TestServer::start_with(|config| {
        config.head_timeout_ms = 300;
        config.body_timeout_ms = 300;
    })
    .await
}

/// What comes until the server closes the connection.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end too.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("it stays open");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_connection_that_brings_no_request_is_ended() {
    let server = server().await;
    for begun in
        ["", "P", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\nx-", "POST /api/hit"]
    {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let said = until_closed(&mut stream).await;
        assert!(!said.contains(" 200 "), "{begun:?}: {said}");
    }
    server.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn a_connection_serves_many_requests_and_ends_when_it_idles() {
    let server = server().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for _ in 0..5 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let mut reply = [0; 4_096];
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut reply)).await.unwrap().unwrap();
        assert!(reply[..read].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&reply[..read]));
    }
    assert_eq!(until_closed(&mut stream).await, "");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let server = server().await.with_admin().await;
    let head = |path: &str, more: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{more}content-length: 50\r\n\r\n{{"
        )
    };
    let tenant = server.with_key("shop").await;
    for (path, more) in [
        ("/api/auth/login", String::new()),
        ("/api/auth/register", String::new()),
        ("/api/hits", format!("x-api-key: {}\r\n", tenant.key)),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(head(path, &more).as_bytes()).await.unwrap();
        let said = until_closed(&mut stream).await;
        assert!(
            said.starts_with("HTTP/1.1 400") && said.contains("did not arrive in time"),
            "{path}: {said}"
        );
    }
}
