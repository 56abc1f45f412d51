//! Which requests a page is about: the filters that the URL carries.
//!
//! The rule: [`Filter`] is what rollups can be asked too, so it holds on every page; [`Search`] is what only single
//! requests can be asked, so it holds in the request log alone.

use serde::{Deserialize, Serialize};
use telemetry::hit::Method;
use telemetry::report::StatusFilter;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub method: Option<Method>,
    /// A route template.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<StatusFilter>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub environment: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub consumer: Option<String>,
    /// Milliseconds, inclusive.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub min_latency: Option<u32>,
    /// 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trace: Option<String>,
    /// Part of endpoint, error, trace id, event id or consumer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
}

impl Filter {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Everything of one service, or of all.
    pub fn of_service(service: Option<String>) -> Self {
        Self { service, ..Self::default() }
    }
}

impl Search {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A filter that can be set: its key in the URL, and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    pub key: &'static str,
    pub name: &'static str,
}

/// All of them, in the order in which they are shown. The first five are those of [`Filter`].
pub const KINDS: [Kind; 9] = [
    Kind { key: "service", name: "Service" },
    Kind { key: "method", name: "Method" },
    Kind { key: "endpoint", name: "Endpoint" },
    Kind { key: "status", name: "Status" },
    Kind { key: "env", name: "Environment" },
    Kind { key: "consumer", name: "Consumer" },
    Kind { key: "lat", name: "Latency" },
    Kind { key: "trace", name: "Trace" },
    Kind { key: "q", name: "Contains" },
];

/// How many of [`KINDS`] every page knows.
pub const EVERYWHERE: usize = 5;

/// What a filter says, as it stands in the URL.
pub fn value(filter: &Filter, search: &Search, key: &str) -> Option<String> {
    match key {
        "service" => filter.service.clone(),
        "method" => filter.method.map(|method| method.as_str().to_owned()),
        "endpoint" => filter.endpoint.clone(),
        "status" => filter.status.map(String::from),
        "env" => filter.environment.clone(),
        "consumer" => search.consumer.clone(),
        "lat" => search.min_latency.map(|ms| ms.to_string()),
        "trace" => search.trace.clone(),
        "q" => search.text.clone(),
        _ => None,
    }
}

/// Sets a filter from the text of a URL or a field; an empty one takes it away. Whether it could be read.
pub fn set(filter: &mut Filter, search: &mut Search, key: &str, text: &str) -> bool {
    let text = text.trim();
    let given = (!text.is_empty()).then(|| text.to_owned());
    let mut read = true;
    match key {
        "service" => filter.service = given,
        "method" => {
            let known = Method::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(text));
            read = given.is_none() || known.is_some();
            filter.method = known;
        }
        "endpoint" => filter.endpoint = given,
        "status" => {
            filter.status = text.parse().ok();
            read = given.is_none() || filter.status.is_some();
        }
        "env" => filter.environment = given,
        "consumer" => search.consumer = given,
        "lat" => {
            search.min_latency = text.parse().ok();
            read = given.is_none() || search.min_latency.is_some();
        }
        "trace" => {
            let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            read = given.is_none() || is_id;
            search.trace = given.filter(|_| is_id).map(|id| id.to_ascii_lowercase());
        }
        "q" => search.text = given,
        _ => read = false,
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_reads_back_and_can_be_taken_away() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let texts = ["shop", "GET", "/orders/:id", "5xx", "live", "acme", "200", trace, "timeout"];
        let (mut filter, mut search) = (Filter::default(), Search::default());
        for (kind, text) in KINDS.iter().zip(texts) {
            assert!(set(&mut filter, &mut search, kind.key, text), "{}", kind.name);
            assert_eq!(value(&filter, &search, kind.key).as_deref(), Some(text));
        }
        for kind in KINDS {
            assert!(set(&mut filter, &mut search, kind.key, " "));
            assert_eq!(value(&filter, &search, kind.key), None);
        }
        assert!(filter.is_empty() && search.is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_told_and_filters_nothing() {
        let (mut filter, mut search) = (Filter::default(), Search::default());
        for (key, text) in
            [("method", "FETCH"), ("status", "9xx"), ("lat", "long"), ("trace", "abc"), ("colour", "red")]
        {
            assert!(!set(&mut filter, &mut search, key, text), "{key}");
        }
        assert!(filter.is_empty() && search.is_empty());
    }
}
