//! The first line of the overview: is anything wrong?

use super::{Glyph, Icon};
use crate::api::Glance;
use crate::awaited::awaited_behind;
use crate::place::Place;
use crate::report::{Report, Status};
use crate::tab::Tab;
use crate::verdict::{Verdict, of_services, of_traffic};
use crate::view::IntoAny;
use leptos::prelude::*;
use telemetry::report::{Health, Services};

#[component]
pub(crate) fn VerdictLine(
    place: Memo<Place>,
    services: Report<Services>,
    glance: Report<Glance>,
) -> impl IntoView {
    let judge = move || {
        let (only, span) = place.with(|place| (place.filter.service.clone(), place.span));
        if let Status::Failed(problem) = services.status() {
            let detail = problem.error.message;
            return Some(Verdict { health: None, headline: "The state is not known".to_owned(), detail });
        }
        let mut verdict = services.with(|services| of_services(services, only.as_deref()))?;
        // services are judged by their last minutes, whatever range is shown
        if !span.is_live() && verdict.health.is_some() {
            verdict.headline.push_str(" now");
        }
        let traffic = glance.with(|glance| of_traffic(&glance.overview, span)).unwrap_or_default();
        verdict.detail = format!("{} {traffic}", verdict.detail).trim().to_owned();
        Some(verdict)
    };
    headline(judge)
}

/// A verdict in words, once it can be given; the tab tells its state.
pub(crate) fn headline(judge: impl Fn() -> Option<Verdict> + Copy + Send + Sync + 'static) -> AnyView {
    if let Some(tab) = use_context::<Tab>() {
        tab.show(move || judge().and_then(|verdict| verdict.health));
    }
    let waiting =
        || view! { <div class="verdict"><p class="verdict-headline">"Loading…"</p></div> }.into_any();
    let line = move || {
        let Verdict { health, headline, detail } = judge()?;
        let (glyph, class) = look(health);
        Some(view! {
            <div class=format!("verdict {class}")>
                <Icon glyph class=class/>
                <div>
                    <p class="verdict-headline">{headline}</p>
                    <p class="verdict-detail">{detail}</p>
                </div>
            </div>
        })
    };
    awaited_behind(waiting, line)
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
