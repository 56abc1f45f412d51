//! Where the reader stands: client, range, filters and order, as the URL has them.
//!
//! The rule: the URL is the state. Defaults are left out and keys are in alphabetical order, so one place has one
//! address; what a URL says wrongly is ignored.

use crate::range::Span;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};
use telemetry::report::{ClientId, EndpointSort};

/// A place in the dashboard, without its page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// `None`: the first client that the reader may see.
    pub client: Option<ClientId>,
    pub span: Span,
    pub service: Option<String>,
    pub sort: EndpointSort,
    /// The dead letter that is open: its message id.
    pub letter: Option<String>,
}

impl Place {
    /// Reads a query; `get` gives a key's value.
    fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let fixed = get("from").zip(get("to")).and_then(|(from, to)| Span::parse_fixed(&from, &to).ok());
        let last = || get("range").and_then(|range| Span::parse_last(&range));
        Self {
            client: get("client").and_then(|id| id.parse().ok()),
            span: fixed.or_else(last).unwrap_or_default(),
            service: get("service").filter(|service| !service.is_empty()),
            sort: get("sort").and_then(|sort| parse_sort(&sort)).unwrap_or_default(),
            letter: get("letter").filter(|id| !id.is_empty()),
        }
    }

    /// The query, with its `?`; empty where all is default.
    pub fn query(&self) -> String {
        let mut pairs = Vec::new();
        if let Some(client) = self.client {
            pairs.push(("client", client.to_string()));
        }
        match self.span {
            Span::Fixed { from, to } => {
                pairs.push(("from", from.to_string()));
                pairs.push(("to", to.to_string()));
            }
            span if span != Span::default() => pairs.push(("range", span.into())),
            Span::Last(_) => {}
        }
        if let Some(service) = &self.service {
            pairs.push(("service", service.clone()));
        }
        if self.sort != EndpointSort::default() {
            pairs.push(("sort", sort_word(self.sort).to_owned()));
        }
        if let Some(letter) = &self.letter {
            pairs.push(("letter", letter.clone()));
        }
        pairs.sort_unstable_by_key(|(key, _)| *key);
        let mut query = String::new();
        for (key, value) in pairs {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(key);
            query.push('=');
            encode(&value, &mut query);
        }
        query
    }

    /// The address of this place on a page.
    pub fn on(&self, page: &str) -> String {
        format!("{page}{}", self.query())
    }

    pub fn with_span(&self, span: Span) -> Self {
        Self { span, ..self.clone() }
    }

    pub fn with_service(&self, service: Option<String>) -> Self {
        Self { service, ..self.clone() }
    }

    pub fn with_sort(&self, sort: EndpointSort) -> Self {
        Self { sort, ..self.clone() }
    }

    pub fn with_letter(&self, letter: Option<String>) -> Self {
        Self { letter, ..self.clone() }
    }

    /// Another client has other services.
    pub fn with_client(&self, client: ClientId) -> Self {
        Self { client: Some(client), service: None, ..self.clone() }
    }
}

/// An order as it stands in the URL.
fn sort_word(sort: EndpointSort) -> &'static str {
    match sort {
        EndpointSort::Requests => "requests",
        EndpointSort::Errors => "errors",
        EndpointSort::ErrorRate => "errorRate",
        EndpointSort::P50 => "p50",
        EndpointSort::P95 => "p95",
        EndpointSort::P99 => "p99",
        EndpointSort::TotalTime => "totalTime",
        EndpointSort::Name => "name",
    }
}

fn parse_sort(word: &str) -> Option<EndpointSort> {
    use EndpointSort::*;
    [Requests, Errors, ErrorRate, P50, P95, P99, TotalTime, Name]
        .into_iter()
        .find(|sort| sort_word(*sort) == word)
}

/// Percent-encodes what would end or change a query value.
pub(crate) fn encode(value: &str, into: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte) {
            into.push(char::from(byte));
        } else {
            into.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// The place that the URL names.
pub fn use_place() -> Memo<Place> {
    let query = use_query_map();
    Memo::new(move |_| query.with(|query| Place::read(|key| query.get(key))))
}

/// Goes to another place on the same page; the browser's "back" returns.
pub fn use_go() -> impl Fn(Place) + Clone + Send + Sync + 'static {
    let navigate = use_navigate();
    let location = use_location();
    move |place| {
        let options = NavigateOptions { scroll: false, ..NavigateOptions::default() };
        navigate(&place.on(&location.pathname.get_untracked()), options);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::range::Last;

    fn read(query: &[(&str, &str)]) -> Place {
        Place::read(|wanted| {
            query.iter().find(|(key, _)| *key == wanted).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_are_left_out() {
        assert_eq!(read(&[]).on("/overview"), "/overview");
        assert_eq!(read(&[("range", "24h"), ("sort", "requests")]).query(), "");
    }

    #[test]
    fn keys_are_sorted_and_values_encoded() {
        let place = read(&[("sort", "p95"), ("service", "a&b c"), ("client", "7"), ("range", "1h")]);
        assert_eq!(place.query(), "?client=7&range=1h&service=a%26b%20c&sort=p95");
        assert_eq!(place.span, Span::Last(Last::Hour1));
    }

    #[test]
    fn a_fixed_range_wins_over_a_relative_one() {
        let place =
            read(&[("from", "2026-11-23T14:00:00Z"), ("to", "2026-11-23T15:00:00Z"), ("range", "1h")]);
        assert_eq!(place.query(), "?from=2026-11-23T14:00:00Z&to=2026-11-23T15:00:00Z");
    }

    #[test]
    fn what_cannot_be_read_is_ignored() {
        let place =
            read(&[("client", "x"), ("range", "2w"), ("from", "now"), ("to", "then"), ("sort", "colour")]);
        assert_eq!(place, Place::default());
    }
}
