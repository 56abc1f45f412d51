//! What stands where there is nothing to show: why, and where there would be something.

use super::{Glyph, Icon};
use crate::api::Glance;
use crate::awaited::awaited;
use crate::clock::Clock;
use crate::filter::Filter;
use crate::place::Place;
use crate::range::{Last, Span};
use crate::report::Report;
use crate::view::IntoAny;
use leptos::prelude::*;
use telemetry::time::MINUTE;

#[component]
pub(crate) fn Empty(
    place: Memo<Place>,
    /// The page's address.
    page: &'static str,
    glance: Report<Glance>,
) -> impl IntoView {
    let body = move || {
        let empty = |glance: &Glance, clock: &Clock| {
            (glance.overview.totals.requests == 0).then(|| (glance.latest.clone(), clock.clone()))
        };
        let Some((latest, clock)) = glance.with_clock(empty).flatten() else {
            return ().into_any();
        };
        let place = place.get();
        let filter = (!place.filter.is_empty()).then(|| {
            let clear = place.with_filter(Filter::default()).on("/overview");
            let label = match &place.filter {
                Filter {
                    service: Some(service),
                    method: None,
                    endpoint: None,
                    status: None,
                    environment: None,
                } => {
                    format!("Show all services, not only {service}")
                }
                _ => "Show everything, without filters".to_owned(),
            };
            view! { <a class="button" href=clear><Icon glyph=Glyph::Close/>{label}</a> }
        });
        let (text, action) = match latest {
            Some(hit) => {
                let age = clock.now().as_second() - hit.timestamp.as_second();
                let came = format!("The last hit came {}", clock.ago(hit.timestamp));
                match place.span {
                    // only of the service that is looked at is there nothing, or it is still being counted
                    Span::Last(last) if age < last.seconds() => {
                        (format!("{came}, from {}.", hit.service), None)
                    }
                    _ => {
                        // a little more, so that it does not fall out of the range at once
                        let wider = Last::covering(age + 5 * MINUTE).map(|last| {
                            let address = place.with_span(Span::Last(last)).on(page);
                            let label = format!("Show {}", last.words());
                            view! { <a class="button is-solid" href=address>{label}</a> }.into_any()
                        });
                        (format!("{came}, {} {}.", clock.moment(hit.timestamp), clock.zone_name()), wider)
                    }
                }
            }
            None => {
                let link =
                    view! { <a class="button is-solid" href="/setup">"Connect a service"</a> }.into_any();
                ("No hit has arrived yet.".to_owned(), Some(link))
            }
        };
        let span = match place.span {
            Span::Last(last) => last.words(),
            Span::Fixed { .. } => "this range".to_owned(),
        };
        view! {
            <div class="empty">
                <Icon glyph=Glyph::Silent class="empty-mark"/>
                <h2 class="empty-title">{format!("No requests in {span}")}</h2>
                <p class="empty-text">{text}</p>
                <div class="empty-actions">{action}{filter}</div>
            </div>
        }
        .into_any()
    };
    awaited(body)
}
