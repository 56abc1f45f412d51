//! The way back from one service, or one endpoint, to everything.

use crate::place::Place;
use crate::view::IntoAny;
use leptos::prelude::*;

#[component]
pub(crate) fn Trail(place: Memo<Place>) -> impl IntoView {
    let steps = move || {
        let place = place.get();
        let service = place.filter.service.clone()?;
        let all = place.with_service(None).on("/overview");
        let step = if place.filter.endpoint.is_some() {
            let address = place.of_service(&service);
            view! { <a href=address>{service}</a> }.into_any()
        } else {
            view! { <span aria-current="page">{service}</span> }.into_any()
        };
        Some(view! {
            <li><a href=all>"Overview"</a></li>
            <li>{step}</li>
        })
    };
    view! { <nav class="trail" aria-label="Way back"><ol>{steps}</ol></nav> }.into_any()
}
