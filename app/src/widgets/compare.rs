//! The choice of what charts are compared with: an earlier period, or, on the page of an endpoint, another one.

use super::use_alive;
use crate::awaited::awaited;
use crate::compare::Against;
use crate::place::{Place, use_go};
use crate::report::Report;
use crate::view::IntoAny;
use leptos::prelude::*;
use telemetry::report::Endpoints;

#[component]
pub(crate) fn Compare(
    place: Memo<Place>,
    /// The endpoints that there are to choose from.
    #[prop(optional)]
    endpoints: Option<Report<Endpoints>>,
) -> impl IntoView {
    let (go, alive) = (use_go(), use_alive());
    let choose = move |event| {
        let against = event_target_value(&event).try_into().ok();
        go(place.get_untracked().with_against(against));
    };
    let option = move |against: Against| {
        let chosen = place.with(|place| place.against.as_ref() == Some(&against));
        let name = against.name();
        view! { <option value=String::from(against) selected=chosen>{name}</option> }
    };
    let others = move || {
        let (shown, chosen) = place.with(|place| (place.filter.clone(), place.against.clone()));
        let mut others: Vec<Against> = endpoints?.with(|endpoints| {
            let rows = endpoints.endpoints.iter();
            let rows = rows.filter(|row| {
                shown.endpoint.as_ref() != Some(&row.endpoint) || shown.method != Some(row.method)
            });
            rows.map(|row| Against::Endpoint {
                service: row.service.clone(),
                method: row.method,
                endpoint: row.endpoint.clone(),
            })
            .collect()
        })?;
        // What a link names is shown, however seldom it is called.
        if let Some(chosen @ Against::Endpoint { .. }) = chosen
            && !others.contains(&chosen)
        {
            others.push(chosen);
        }
        let options = others.into_iter().map(option).collect_view();
        Some(view! { <optgroup label="Other endpoints">{options}</optgroup> })
    };
    view! {
        <select class="select compare" aria-label="Compare with" disabled=move || !alive.get() on:change=choose>
            <option value="" selected=move || place.with(|place| place.against.is_none())>"Compare with …"</option>
            {move || Against::PERIODS.map(option).collect_view()}
            {awaited(others)}
        </select>
    }
    .into_any()
}
