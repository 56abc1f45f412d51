//! The first line of the overview: is anything wrong?

use super::{Glyph, Icon};
use crate::api::Glance;
use crate::place::Place;
use crate::report::Report;
use crate::verdict::{Verdict, of_services, of_traffic};
use leptos::prelude::*;
use telemetry::report::{Health, Services};

#[component]
pub(crate) fn VerdictLine(
    place: Memo<Place>,
    services: Report<Services>,
    glance: Report<Glance>,
) -> impl IntoView {
    let line = move || {
        let only = place.with(|place| place.service.clone());
        let Verdict { health, headline, detail } =
            services.with(|services| of_services(services, only.as_deref()))?;
        let traffic = glance.with(|glance| of_traffic(&glance.overview)).unwrap_or_default();
        let (glyph, class) = look(health);
        Some(view! {
            <div class=format!("verdict {class}")>
                <Icon glyph class=class/>
                <div>
                    <p class="verdict-headline">{headline}</p>
                    <p class="verdict-detail">{format!("{detail} {traffic}").trim().to_owned()}</p>
                </div>
            </div>
        })
    };
    view! {
        <Transition fallback=|| view! { <div class="verdict"><p class="verdict-headline">"Loading…"</p></div> }>
            {move || line()}
        </Transition>
    }
    .into_any()
}

/// The icon and colour of a state.
pub(crate) const fn look(health: Option<Health>) -> (Glyph, &'static str) {
    match health {
        Some(Health::Healthy) => (Glyph::Ok, "is-ok"),
        Some(Health::Degraded) => (Glyph::Warn, "is-warn"),
        Some(Health::Failing) => (Glyph::Error, "is-error"),
        Some(Health::Silent) | None => (Glyph::Silent, "is-muted"),
    }
}
