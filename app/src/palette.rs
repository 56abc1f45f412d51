//! What the command palette finds: pages, ranges, services and endpoints by name, requests by status or trace id.
//!
//! The rule: everything is searched here, in what is loaded already: no key stroke waits for the server.

use crate::filter::{self, Filter, Search};
use crate::place::Place;
use crate::range::{Last, Span};
use telemetry::report::{EndpointRow, ServiceRow};

/// How many are offered at once.
const OFFERED: usize = 10;

/// Somewhere to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// What it is: "Page", "Service".
    pub(crate) kind: &'static str,
    pub(crate) label: String,
    /// What else finds it, and tells it from others of the same name.
    pub(crate) note: String,
    pub(crate) address: String,
}

fn item(kind: &'static str, label: impl Into<String>, note: impl Into<String>, address: String) -> Item {
    Item { kind, label: label.into(), note: note.into(), address }
}

/// The pages, and the ranges of the page at `path`.
pub(crate) fn pages(place: &Place, path: &str, admin: bool) -> Vec<Item> {
    let client = Place { client: place.client, ..Place::default() };
    let report = place.of_reports().with_letter(None).with_service(None);
    let mut items = vec![
        item("Page", "Overview", "", report.on("/overview")),
        item("Page", "Requests", "log", report.on("/requests")),
    ];
    items.push(item("Page", "Live", "requests as they arrive", place.of_reports().on("/live")));
    if admin {
        items.push(item("Page", "Pipeline", "queue, dead letters", client.on("/pipeline")));
    }
    let settings = [
        ("Keys", "/settings/keys"),
        ("Members", "/settings/members"),
        ("Limits and usage", "/settings/limits"),
        ("Audit log", "/settings/audit"),
        ("Profile", "/settings/profile"),
        ("Sessions", "/settings/sessions"),
    ];
    items.extend(settings.map(|(label, page)| item("Settings", label, "", client.on(page))));
    items.push(item("Page", "Connect a service", "set-up, SDK", client.on("/setup")));
    if path != "/pipeline" && !path.starts_with("/settings") {
        let range =
            |last: Last| item("Range", last.words(), last.text(), place.with_span(Span::Last(last)).on(path));
        items.extend(Last::USUAL.map(range));
    }
    items
}

pub(crate) fn services(place: &Place, rows: &[ServiceRow]) -> Vec<Item> {
    let service = |row: &ServiceRow| item("Service", row.service.clone(), "", place.of_service(&row.service));
    rows.iter().map(service).collect()
}

pub(crate) fn endpoints(place: &Place, rows: &[EndpointRow]) -> Vec<Item> {
    let endpoint = |row: &EndpointRow| {
        let label = format!("{} {}", row.method, row.endpoint);
        item(
            "Endpoint",
            label,
            row.service.clone(),
            place.of_endpoint(&row.service, row.method, &row.endpoint),
        )
    };
    rows.iter().map(endpoint).collect()
}

/// What a text is by itself: a status, a trace id.
fn meant(place: &Place, text: &str) -> Option<Item> {
    let (mut filter, mut search) = (Filter::default(), Search::default());
    let text = text.trim();
    let (key, label) = match text.len() {
        3 => ("status", format!("Requests with status {text}")),
        32 => ("trace", format!("Requests of the trace {text}")),
        _ => return None,
    };
    if !filter::set(&mut filter, &mut search, key, text) {
        return None;
    }
    let place = place.of_reports().with_filter(filter).with_search(search);
    Some(item("Requests", label, "", place.on("/requests")))
}

/// What is offered for a text: all of its words must be found. What begins with the text comes first, then as it stands.
pub(crate) fn find(place: &Place, items: &[Item], text: &str) -> Vec<Item> {
    let text = text.trim().to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found: Vec<(bool, &Item)> = items
        .iter()
        .filter_map(|item| {
            let whole = format!("{} {} {}", item.kind, item.label, item.note).to_lowercase();
            let begins = item.label.to_lowercase().starts_with(&text);
            words.iter().all(|word| whole.contains(word)).then_some((!begins, item))
        })
        .collect();
    // Stable: the rest stays in its order.
    found.sort_by_key(|(later, _)| *later);
    let found = found.into_iter().map(|(_, item)| item.clone());
    meant(place, &text).into_iter().chain(found).take(OFFERED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::hit::Method;
    use telemetry::report::Totals;

    fn labels(items: &[Item], text: &str) -> Vec<String> {
        find(&Place::default(), items, text).into_iter().map(|item| item.label).collect()
    }

    fn everything() -> Vec<Item> {
        let row = |method, endpoint: &str| EndpointRow {
            service: "shop".into(),
            method,
            endpoint: endpoint.into(),
            totals: Totals::default(),
        };
        let place = Place::default();
        let rows = [row(Method::Get, "/orders/:id"), row(Method::Post, "/orders"), row(Method::Get, "/logs")];
        [pages(&place, "/overview", false), endpoints(&place, &rows)].concat()
    }

    #[test]
    fn words_are_found_in_any_order_and_case() {
        let items = everything();
        assert_eq!(labels(&items, "ORDERS post"), ["POST /orders"]);
        assert_eq!(labels(&items, "shop get"), ["GET /orders/:id", "GET /logs"]);
        assert_eq!(labels(&items, "30d"), ["the last 30 days"]);
        assert!(labels(&items, "no such thing").is_empty());
        assert!(labels(&items, "pipeline").is_empty(), "only admins of the installation have it");
    }

    #[test]
    fn what_begins_with_the_text_comes_first() {
        assert_eq!(labels(&everything(), "log")[..1], ["Requests"]);
        assert_eq!(labels(&everything(), "get /l"), ["GET /logs"]);
        assert_eq!(labels(&everything(), "the last 6"), ["the last 6 hours"]);
        assert_eq!(labels(&everything(), "").len(), OFFERED);
    }

    #[test]
    fn statuses_and_trace_ids_lead_to_their_requests() {
        let found = find(&Place::default(), &[], "5XX");
        assert_eq!(found[0].address, "/requests?status=5xx");
        let found = find(&Place::default(), &[], "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(found[0].address, "/requests?trace=0af7651916cd43dd8448eb211c80319c");
        assert!(find(&Place::default(), &[], "999").is_empty());
    }

    #[test]
    fn an_item_keeps_the_range() {
        let place = Place { span: Span::Last(Last::HOUR_1), ..Place::default() };
        let of_an_admin = pages(&place, "/overview", true);
        assert!(of_an_admin.iter().any(|item| item.address == "/pipeline"));
        let range = pages(&place, "/service", false).into_iter().find(|item| item.note == "7d").unwrap();
        assert_eq!(range.address, "/service?range=7d");
        assert_eq!(pages(&place, "/service", false)[0].address, "/overview?range=1h");
    }
}
