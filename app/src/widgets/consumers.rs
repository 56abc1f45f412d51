//! Who called: the consumers with the most requests, each with a way to its requests.

use super::endpoints::concern;
use super::{Bar, Card};
use crate::filter::Search;
use crate::number;
use crate::place::Place;
use crate::report::Report;
use crate::view::IntoAny;
use leptos::prelude::*;
use std::sync::Arc;
use telemetry::report::{ConsumerCounts, ConsumerRow, Consumers, OtherConsumers};

#[component]
pub(crate) fn ConsumersTable(place: Memo<Place>, report: Report<Consumers>) -> impl IntoView {
    let content = Arc::new(move || view! { <Content place report/> }.into_any());
    let status = Signal::derive(move || report.status());
    view! { <Card title="Consumers" id="consumers" class="consumers-card" status content/> }.into_any()
}

#[component]
fn Content(place: Memo<Place>, report: Report<Consumers>) -> impl IntoView {
    let body = move || {
        let place = place.get();
        report.with(|consumers| whole(consumers, &place))
    };
    view! { {body} }.into_any()
}

fn whole(report: &Consumers, place: &Place) -> AnyView {
    let Consumers { consumers, others, .. } = report;
    if consumers.is_empty() && others.is_none() {
        return view! { <p class="card-none">"No request says who called."</p> }.into_any();
    }
    let counts = consumers.iter().map(|row| &row.counts).chain(others.iter().map(|others| &others.counts));
    let most = counts.map(|counts| counts.requests).max().unwrap_or(0);
    let lines = consumers.iter().map(|row| line(row, most, place)).collect_view();
    let rest = others.as_ref().map(|others| {
        let name = view! { <span class="consumer-rest">{name_of(others)}</span> };
        figures(name.into_any(), &others.counts, most)
    });
    let notes: Vec<String> = notes(report).collect();
    let foot = (!notes.is_empty()).then(|| view! { <p class="card-foot">{notes.join(" ")}</p> });
    view! {
        <div class="table-scroll">
            <table class="table is-stacking consumers">
                <thead>
                    <tr>
                        <th scope="col">"Consumer"</th>
                        <th scope="col" class="number">"Requests"</th>
                        <th scope="col" class="number">"Error rate"</th>
                        <th scope="col" class="number">"Mean"</th>
                    </tr>
                </thead>
                <tbody>{lines}{rest}</tbody>
            </table>
        </div>
        {foot}
    }
    .into_any()
}

fn line(row: &ConsumerRow, most: u64, place: &Place) -> AnyView {
    let search = Search { consumer: Some(row.consumer.clone()), ..Search::default() };
    let address = place.with_search(search).on("/requests");
    let name =
        view! { <a class="consumer" href=address title="Open its requests">{row.consumer.clone()}</a> };
    figures(name.into_any(), &row.counts, most)
}

fn figures(name: AnyView, counts: &ConsumerCounts, most: u64) -> AnyView {
    let share = if most > 0 { counts.requests as f64 / most as f64 } else { 0.0 };
    let concern = concern(counts.server_errors, counts.requests);
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td class="number" data-label="requests">
                <span class="measure"><Bar share/>{number::exact(counts.requests)}</span>
            </td>
            <td class=format!("number {concern}") data-label="errors">{number::rate(counts.errors, counts.requests)}</td>
            <td class="number" data-label="mean">{number::latency(counts.avg_latency_ms)}</td>
        </tr>
    }
    .into_any()
}

fn name_of(others: &OtherConsumers) -> String {
    match others.consumers {
        Some(n) => number::count_of(n, "other consumer", "other consumers"),
        None => "All other consumers".to_owned(),
    }
}

/// What the numbers leave out.
fn notes(report: &Consumers) -> impl Iterator<Item = String> {
    let sample = report.sample.filter(|sample| !sample.complete).map(|sample| {
        format!("Counted from the newest {}.", number::count_of(sample.looked_at, "request", "requests"))
    });
    let unnamed = (report.unnamed > 0).then(|| {
        let verb = if report.unnamed == 1 { "does" } else { "do" };
        format!("{} {verb} not say who called.", number::count_of(report.unnamed, "request", "requests"))
    });
    sample.into_iter().chain(unnamed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::report::ConsumerSample;

    fn report(unnamed: u64, sample: Option<(u64, bool)>) -> Consumers {
        let sample = sample.map(|(looked_at, complete)| ConsumerSample { looked_at, complete });
        let now = jiff::Timestamp::UNIX_EPOCH;
        Consumers { from: now, to: now, consumers: Vec::new(), others: None, unnamed, sample }
    }

    #[test]
    fn what_is_left_out_is_said() {
        let notes = |report| notes(&report).collect::<Vec<_>>().join(" ");
        assert_eq!(notes(report(0, None)), "");
        assert_eq!(notes(report(0, Some((70, true)))), "");
        assert_eq!(notes(report(1, None)), "1 request does not say who called.");
        assert_eq!(
            notes(report(30, Some((5_000, false)))),
            "Counted from the newest 5,000 requests. 30 requests do not say who called."
        );
    }

    #[test]
    fn the_others_are_counted_where_they_are_known() {
        let others = |consumers| name_of(&OtherConsumers { consumers, counts: ConsumerCounts::default() });
        assert_eq!(others(Some(1)), "1 other consumer");
        assert_eq!(others(Some(7)), "7 other consumers");
        assert_eq!(others(None), "All other consumers");
    }
}
