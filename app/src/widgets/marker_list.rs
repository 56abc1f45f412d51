//! What was deployed in the range, in words.

use crate::awaited::awaited;
use crate::clock::Clock;
use crate::report::Report;
use crate::view::IntoAny;
use leptos::prelude::*;
use telemetry::report::{Marker, Markers};

/// How many are named; the charts show all.
const NAMED: usize = 5;

#[component]
pub(crate) fn MarkerList(report: Report<Markers>) -> impl IntoView {
    let list = move || report.with_clock(|marked, clock| whole(&marked.markers, clock)).flatten();
    awaited(list)
}

fn whole(markers: &[Marker], clock: &Clock) -> Option<AnyView> {
    if markers.is_empty() {
        return None;
    }
    let more = markers.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| view! { <li class="marker-more">{format!("and {more} more")}</li> });
    Some(
        view! {
            <ul class="marker-list" aria-label="Deployments">
                {markers.iter().take(NAMED).map(|marker| item(marker, clock)).collect_view()}
                {more}
            </ul>
        }
        .into_any(),
    )
}

fn item(marker: &Marker, clock: &Clock) -> AnyView {
    let title = match &marker.url {
        Some(url) => {
            view! { <a href=url.clone() rel="noopener noreferrer" target="_blank">{marker.title.clone()}</a> }
                .into_any()
        }
        None => view! { <span>{marker.title.clone()}</span> }.into_any(),
    };
    view! {
        <li class="marker-item">
            <span class="swatch marker" aria-hidden="true"></span>
            {title}
            <span class="marker-time">{clock.moment(marker.at)}</span>
        </li>
    }
    .into_any()
}
