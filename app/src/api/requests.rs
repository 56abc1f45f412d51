//! The request log: a page of it, and one request whole.

use super::asking::Asking;
use super::reports::{Asked, Stamped};
use crate::filter::Search;
use crate::problem::Problem;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use telemetry::report::{ClientId, RequestRow, Requests};

/// Rows of a page.
#[cfg(feature = "ssr")]
const ROWS: usize = 50;

/// One request as its panel shows it. Sensitive values are masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    pub row: RequestRow,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub facts: Vec<(String, String)>,
    pub request: Message,
    pub response: Message,
    /// JSON, indented.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attributes: Option<String>,
    /// A command line that sends the like of it.
    pub curl: String,
}

/// Its request or its response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Bytes, where they were told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub size: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub headers: Vec<(String, String)>,
    /// Indented where it is JSON.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub body: Option<String>,
}

/// Requests that match, newest first.
#[server(name = GetRequests, prefix = "/api/fn", endpoint = "requests", protocol = Asking)]
pub async fn requests(
    asked: Asked,
    #[server(default)] search: Search,
    cursor: Option<String>,
) -> Result<Stamped<Requests>, Problem> {
    use super::reports::authorised;
    authorised::answer(asked, async move |ask: authorised::Ask| {
        let query = store::analytics::RequestsQuery {
            analytics: ask.query,
            trace_id: search.trace,
            consumer: search.consumer,
            min_latency_ms: search.min_latency.map(f64::from),
            text: search.text,
            limit: ROWS,
            cursor,
        };
        store::analytics::requests(&*ask.stores.events, &ask.scope, &query).await
    })
    .await
}

/// One request, where one is asked for.
#[server(name = GetRequest, prefix = "/api/fn", endpoint = "request", protocol = Asking)]
pub async fn request(
    client: Option<ClientId>,
    id: Option<String>,
) -> Result<Stamped<Option<Opened>>, Problem> {
    use super::settings::allowed;
    allowed::in_client(client, store::access::Permission::View, async |ask: allowed::InClient| match id {
        Some(id) => {
            let detail = store::analytics::request(&*ask.stores.events, &ask.scope, &id).await?;
            Ok(Some(written::opened(detail)))
        }
        None => Ok(None),
    })
    .await
}

/// What stands in the store, as it is shown.
#[cfg(feature = "ssr")]
mod written {
    use super::{Message, Opened};
    use crate::number;
    use serde_json::Value;
    use telemetry::report::{RequestDetail, RequestRow};

    pub(super) fn opened(detail: RequestDetail) -> Opened {
        let RequestDetail { row, ip, user_agent, request_size, response_size, .. } = &detail;
        let named = |name: &str, value: &Option<String>| Some((name.to_owned(), value.clone()?));
        let sizes = |name: &str, size: &Option<u64>| Some((name.to_owned(), number::bytes((*size)?)));
        let facts = [
            Some(("Environment".to_owned(), row.environment.clone())),
            named("Consumer", &row.consumer),
            named("Address", ip),
            named("Browser", user_agent),
            sizes("Request", request_size),
            sizes("Response", response_size),
            named("Event id", &row.event_id),
        ];
        let request = message(*request_size, detail.request_headers.as_ref(), detail.request_body.as_deref());
        Opened {
            curl: curl(row, &request.headers, detail.request_body.as_deref()),
            facts: facts.into_iter().flatten().collect(),
            request,
            response: message(
                *response_size,
                detail.response_headers.as_ref(),
                detail.response_body.as_deref(),
            ),
            attributes: detail.attributes.as_ref().map(indented),
            row: detail.row,
        }
    }

    fn message(size: Option<u64>, headers: Option<&Value>, body: Option<&str>) -> Message {
        let headers = headers.and_then(Value::as_object).into_iter().flatten();
        let headers = headers.flat_map(|(name, value)| {
            // Some report one header several times.
            let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            values.iter().map(|value| (name.clone(), text(value))).collect::<Vec<_>>()
        });
        let body = body.map(|body| match serde_json::from_str::<Value>(body) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => indented(&value),
            _ => body.to_owned(),
        });
        Message { size, headers: headers.collect(), body }
    }

    fn indented(value: &Value) -> String {
        serde_json::to_string_pretty(value).unwrap_or_default()
    }

    /// Headers that curl makes itself.
    const OWN: [&str; 4] = ["host", "content-length", "connection", "accept-encoding"];

    fn curl(row: &RequestRow, headers: &[(String, String)], body: Option<&str>) -> String {
        let host = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
        let host = host.map_or("localhost", |(_, host)| host.as_str());
        let mut command =
            format!("curl -X {} {}", row.method, quoted(&format!("https://{host}{}", row.endpoint)));
        for (name, value) in headers {
            if !OWN.iter().any(|own| name.eq_ignore_ascii_case(own)) {
                command.push_str(&format!(" \\\n  -H {}", quoted(&format!("{name}: {value}"))));
            }
        }
        if let Some(body) = body {
            command.push_str(&format!(" \\\n  --data-raw {}", quoted(body)));
        }
        command
    }

    /// In quotes that a shell takes as they are.
    fn quoted(text: &str) -> String {
        format!("'{}'", text.replace('\'', r"'\''"))
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use serde_json::json;
        use telemetry::hit::Method;

        fn detail() -> RequestDetail {
            let row = RequestRow {
                id: "1".into(),
                timestamp: jiff::Timestamp::UNIX_EPOCH,
                service: "shop".into(),
                environment: "live".into(),
                method: Method::Post,
                endpoint: "/orders/:id".into(),
                status: 500,
                latency_ms: 12.5,
                consumer: Some("acme".into()),
                trace_id: None,
                event_id: None,
                error: None,
            };
            RequestDetail {
                row,
                ip: None,
                user_agent: None,
                request_size: Some(2_048),
                response_size: None,
                request_headers: Some(json!({"host": "shop.example", "Accept": "*/*", "x-tag": ["a", 1]})),
                response_headers: None,
                request_body: Some(r#"{"name":"O'Brien"}"#.into()),
                response_body: Some("not JSON".into()),
                attributes: Some(json!({"region": "eu"})),
            }
        }

        #[test]
        fn what_is_there_is_shown_and_nothing_else() {
            let opened = opened(detail());
            let facts: Vec<&str> = opened.facts.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(facts, ["Environment", "Consumer", "Request"]);
            assert_eq!(opened.request.headers.len(), 4);
            assert_eq!(opened.request.body.as_deref(), Some("{\n  \"name\": \"O'Brien\"\n}"));
            assert_eq!(opened.response.body.as_deref(), Some("not JSON"));
            assert_eq!(opened.attributes.as_deref(), Some("{\n  \"region\": \"eu\"\n}"));
        }

        #[test]
        fn nothing_in_a_request_ends_the_quotes_of_a_command() {
            let command = opened(detail()).curl;
            assert!(
                command.starts_with("curl -X POST 'https://shop.example/orders/:id' \\\n  -H 'Accept: */*'"),
                "{command}"
            );
            assert!(command.ends_with(r#"--data-raw '{"name":"O'\''Brien"}'"#), "{command}");
            assert!(!command.contains("host:"), "{command}");
        }
    }
}
