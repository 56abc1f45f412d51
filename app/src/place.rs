//! Where the reader stands: client, range, filters and order, as the URL has them.
//!
//! The rule: the URL is the state. Defaults are left out and keys are in alphabetical order, so one place has one
//! address; what a URL says wrongly is ignored.

use crate::compare::Against;
use crate::filter::{self, Filter, Search};
use crate::range::Span;
use crate::zone;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};
use telemetry::hit::Method;
use telemetry::report::{ClientId, EndpointSort};

/// A place in the dashboard, without its page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// `None`: the first client that the reader may see.
    pub client: Option<ClientId>,
    pub span: Span,
    /// The time zone that a link names; `None`: the reader's own choice.
    pub zone: Option<String>,
    pub filter: Filter,
    pub search: Search,
    pub sort: EndpointSort,
    /// Where the page of the request log begins; `None`: at its newest.
    pub cursor: Option<String>,
    /// The request that is open: its id.
    pub request: Option<String>,
    /// What the charts are compared with.
    pub against: Option<Against>,
    /// The dead letter that is open: its message id.
    pub letter: Option<String>,
}

impl Place {
    /// Reads a query; `get` gives a key's value.
    fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let fixed = get("from").zip(get("to")).and_then(|(from, to)| Span::parse_fixed(&from, &to).ok());
        let last = || get("range").and_then(|range| Span::parse_last(&range));
        let (mut filter, mut search) = (Filter::default(), Search::default());
        for kind in filter::KINDS {
            if let Some(text) = get(kind.key) {
                filter::set(&mut filter, &mut search, kind.key, &text);
            }
        }
        Self {
            client: get("client").and_then(|id| id.parse().ok()),
            span: fixed.or_else(last).unwrap_or_default(),
            zone: get("tz").filter(|name| zone::is_name(name)),
            filter,
            search,
            sort: get("sort").and_then(|sort| parse_sort(&sort)).unwrap_or_default(),
            cursor: get("cursor").filter(|cursor| !cursor.is_empty()),
            request: get("sel").filter(|id| !id.is_empty()),
            against: get("cmp").and_then(|text| text.try_into().ok()),
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
        for kind in filter::KINDS {
            pairs.extend(filter::value(&self.filter, &self.search, kind.key).map(|text| (kind.key, text)));
        }
        if self.sort != EndpointSort::default() {
            pairs.push(("sort", sort_word(self.sort).to_owned()));
        }
        for (key, id) in [("cursor", &self.cursor), ("sel", &self.request), ("letter", &self.letter)] {
            pairs.extend(id.clone().map(|id| (key, id)));
        }
        pairs.extend(self.zone.clone().map(|zone| ("tz", zone)));
        pairs.extend(self.against.clone().map(|against| ("cmp", against.into())));
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

    /// Another range begins at its newest request, with none open.
    pub fn with_span(&self, span: Span) -> Self {
        Self { span, ..self.at_newest() }
    }

    /// Only that service, or all; the filters within one go with it.
    pub fn with_service(&self, service: Option<String>) -> Self {
        let filter = Filter { service, method: None, endpoint: None, ..self.filter.clone() };
        self.with_filter(filter).beside_no_endpoint()
    }

    /// The address of the page of one service.
    pub fn of_service(&self, service: &str) -> String {
        self.with_service(Some(service.to_owned())).of_reports().on("/service")
    }

    /// The address of the page of one endpoint.
    pub fn of_endpoint(&self, service: &str, method: Method, endpoint: &str) -> String {
        let filter = Filter {
            service: Some(service.to_owned()),
            method: Some(method),
            endpoint: Some(endpoint.to_owned()),
            ..self.filter.clone()
        };
        self.with_filter(filter).of_reports().beside_no_endpoint().on("/endpoint")
    }

    pub fn with_filter(&self, filter: Filter) -> Self {
        Self { filter, ..self.at_newest() }
    }

    pub fn with_search(&self, search: Search) -> Self {
        Self { search, ..self.at_newest() }
    }

    /// Without one filter, named as in the URL.
    pub fn without(&self, key: &str) -> Self {
        let mut place = self.at_newest();
        filter::set(&mut place.filter, &mut place.search, key, "");
        place
    }

    /// The same question on a page that shows no single requests.
    pub fn of_reports(&self) -> Self {
        Self { search: Search::default(), ..self.at_newest() }
    }

    /// The address of all requests that this place asks for, as a file.
    pub fn export(&self, client: ClientId, format: &str) -> String {
        let mut address = format!("/api/requests/export?client={client}&format={format}");
        let mut add = |key: &str, value: &str| {
            address.push_str(&format!("&{key}="));
            encode(value, &mut address);
        };
        match self.span {
            Span::Fixed { from, to } => {
                add("from", &from.to_string());
                add("to", &to.to_string());
            }
            Span::Last(last) => add("range", &last.text()),
        }
        self.filters_of_the_api(&mut address);
        address
    }

    /// The address at which requests that this place asks for are told as they arrive.
    #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only browsers listen"))]
    pub fn tail(&self, client: ClientId) -> String {
        let mut address = format!("/api/live?client={client}&tail=true");
        self.filters_of_the_api(&mut address);
        address
    }

    /// As the API writes them.
    fn filters_of_the_api(&self, address: &mut String) {
        for kind in filter::KINDS {
            let key = match kind.key {
                "env" => "environment",
                "lat" => "minLatencyMs",
                "trace" => "traceId",
                key => key,
            };
            if let Some(text) = filter::value(&self.filter, &self.search, kind.key) {
                address.push_str(&format!("&{key}="));
                encode(&text, address);
            }
        }
    }

    /// Told in the reader's own zone.
    pub fn with_own_zone(&self) -> Self {
        Self { zone: None, ..self.clone() }
    }

    pub fn with_against(&self, against: Option<Against>) -> Self {
        Self { against, ..self.clone() }
    }

    /// Another endpoint is compared with one endpoint only.
    fn beside_no_endpoint(self) -> Self {
        let against = self.against.filter(|against| !matches!(against, Against::Endpoint { .. }));
        Self { against, ..self }
    }

    pub fn with_sort(&self, sort: EndpointSort) -> Self {
        Self { sort, ..self.clone() }
    }

    pub fn with_cursor(&self, cursor: Option<String>) -> Self {
        Self { cursor, ..self.at_newest() }
    }

    pub fn with_request(&self, request: Option<String>) -> Self {
        Self { request, ..self.clone() }
    }

    pub fn with_letter(&self, letter: Option<String>) -> Self {
        Self { letter, ..self.clone() }
    }

    /// Another client has other services, and other requests.
    pub fn with_client(&self, client: ClientId) -> Self {
        let Self { span, sort, .. } = *self;
        Self { client: Some(client), span, sort, zone: self.zone.clone(), ..Self::default() }
    }

    fn at_newest(&self) -> Self {
        Self { cursor: None, request: None, ..self.clone() }
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
        assert_eq!(place.span, Span::Last(Last::HOUR_1));
    }

    #[test]
    fn a_changed_question_begins_anew() {
        let place = read(&[
            ("service", "shop"),
            ("endpoint", "/orders/:id"),
            ("method", "GET"),
            ("status", "5xx"),
            ("lat", "200"),
            ("cursor", "abc"),
            ("sel", "r1"),
        ]);
        let query = "?cursor=abc&endpoint=/orders/:id&lat=200&method=GET&sel=r1&service=shop&status=5xx";
        assert_eq!(place.query(), query);
        assert_eq!(place.without("lat").query(), "?endpoint=/orders/:id&method=GET&service=shop&status=5xx");
        assert_eq!(place.with_service(None).query(), "?lat=200&status=5xx");
        assert_eq!(place.of_reports().query(), "?endpoint=/orders/:id&method=GET&service=shop&status=5xx");
        assert_eq!(place.with_request(None).cursor.as_deref(), Some("abc"));
        assert_eq!(place.with_client(ClientId(7)).query(), "?client=7");
        assert_eq!(
            place.export(ClientId(7), "csv"),
            "/api/requests/export?client=7&format=csv&range=24h&service=shop&method=GET&endpoint=/orders/:id&status=5xx\
             &minLatencyMs=200"
        );
    }

    #[test]
    fn a_period_to_compare_with_goes_along_and_an_endpoint_does_not() {
        let place = read(&[("cmp", "week"), ("service", "shop")]);
        assert_eq!(place.with_service(None).query(), "?cmp=week");
        assert_eq!(
            place.of_endpoint("shop", Method::Get, "/a"),
            "/endpoint?cmp=week&endpoint=/a&method=GET&service=shop"
        );
        let place = read(&[("cmp", "shop|GET|/b"), ("service", "shop")]);
        assert_eq!(place.query(), "?cmp=shop%7CGET%7C/b&service=shop");
        assert_eq!(place.with_service(None).query(), "");
        assert_eq!(read(&[("cmp", "year")]), Place::default());
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
