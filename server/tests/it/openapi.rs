//! What the API says about itself is what it does.

use crate::harness::TestServer;
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

async fn document(server: &TestServer) -> Value {
    let reply = server.get("/api/openapi.json").await;
    assert_eq!(reply.header("content-type"), "application/json");
    reply.expect(200)
}

fn calls(document: &Value) -> Vec<(String, String)> {
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            calls.push((method.to_uppercase(), path.clone()));
        }
    }
    calls
}

#[tokio::test]
async fn all_calls_are_described() {
    let server = TestServer::start().await;
    let document = document(&server).await;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "Sendry");
    // Which calls there are is told by the table in `access.rs`.

    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!((&schemes["session"]["in"], &schemes["apiKey"]["in"]), (&"cookie".into(), &"header".into()));
    let tags: BTreeSet<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    for (_, item) in document["paths"].as_object().unwrap() {
        for (_, operation) in item.as_object().unwrap() {
            assert!(tags.contains(operation["tags"][0].as_str().unwrap()), "{operation}");
            assert!(!operation["summary"].as_str().unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_error_has_its_body() {
    let server = TestServer::start().await;
    let document = document(&server).await;
    let mut references = Vec::new();
    gather(&document, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    for (path, item) in
        document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/api"))
    {
        for (method, operation) in item.as_object().unwrap() {
            for (status, reply) in operation["responses"].as_object().unwrap() {
                if status.as_str() >= "400" {
                    let schema = &reply["content"]["application/json"]["schema"]["$ref"];
                    assert_eq!(schema, "#/components/schemas/ErrorBody", "{method} {path} {status}");
                }
            }
        }
    }
}

fn gather(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(reference) if name == "$ref" => references.push(reference.clone()),
                    other => gather(other, references),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, references)),
        _ => {}
    }
}

#[tokio::test]
async fn every_described_call_exists() {
    let server = TestServer::start().await.with_admin().await;
    let unknown = server.get("/api/no/such/route").await.text;
    let described = calls(&document(&server).await);
    for (method, path) in &described {
        let real = ["{id}", "{keyId}", "{messageId}", "{userId}", "{invitationId}", "{sessionId}"]
            .into_iter()
            .fold(path.clone(), |path, name| path.replace(name, "1"));
        let method: Method = method.parse().unwrap();
        // A browser for each: signing out is one of the calls.
        let caller = server.browser();
        let reply = caller.send(caller.request(method.clone(), &real)).await;
        assert!(
            reply.status != 405 && reply.text != unknown,
            "{method} {path}: {} {}",
            reply.status,
            reply.text
        );
        assert!(!reply.header("x-request-id").is_empty(), "{method} {path}");
        assert!(reply.text.is_empty() || reply.body().is_object(), "{method} {path}: {}", reply.text);
        if !matches!(path.split('/').nth(2), Some("auth" | "hit" | "hits") | None) {
            assert_eq!(reply.status, 401, "{method} {path} is open to everybody");
        }
        let known = |wrong: &Method| {
            described
                .iter()
                .any(|(method, other)| other == path && method.eq_ignore_ascii_case(wrong.as_str()))
        };
        let wrong = [Method::PUT, Method::PATCH].into_iter().find(|wrong| !known(wrong)).unwrap();
        let reply = caller.send(caller.request(wrong, &real)).await;
        assert_eq!(reply.status, 405, "{path}");
    }
}
