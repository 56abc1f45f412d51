//! Waits for hits and shows the newest, as it comes.

use crate::api::LatestHit;
use crate::number;
use crate::place::Place;
use crate::range::{Last, Span};
use crate::view::IntoAny;
use crate::widgets::{Glyph, Icon};
use leptos::prelude::*;
use telemetry::report::{ClientId, RequestRow};

#[component]
pub(super) fn WaitForHit(client: ClientId) -> impl IntoView {
    let latest = RwSignal::new(None::<LatestHit>);
    #[cfg(feature = "hydrate")]
    watch(client, latest);
    let hit = move || latest.get().and_then(|latest| latest.hit);
    let body = move || {
        match hit() {
        None => view! {
            <div class="waiting">
                <span class="waiting-dot" aria-hidden="true"></span>
                <div>
                    <p class="waiting-title">"Waiting for a hit…"</p>
                    <p class="waiting-text">"Run one of the snippets: what it sends appears here within a second."</p>
                </div>
            </div>
        }
        .into_any(),
        Some(hit) => arrived(hit, client),
    }
    };
    view! { <div class="first-hit" aria-live="polite">{body}</div> }.into_any()
}

fn arrived(hit: RequestRow, client: ClientId) -> AnyView {
    let place = Place { client: Some(client), span: Span::Last(Last::HOUR_1), ..Place::default() };
    let class = format!("code is-s{}xx", hit.status / 100);
    view! {
        <div class="arrived">
            <p class="arrived-title"><Icon glyph=Glyph::Ok class="is-ok"/>"It works: a hit has arrived"</p>
            <dl class="arrived-hit">
                <div><dt>"Service"</dt><dd>{hit.service}</dd></div>
                <div>
                    <dt>"Request"</dt>
                    <dd><span class="method">{hit.method.as_str()}</span>" "<code>{hit.endpoint}</code></dd>
                </div>
                <div><dt>"Status"</dt><dd class=class>{hit.status}</dd></div>
                <div><dt>"Latency"</dt><dd>{number::duration(hit.latency_ms)}</dd></div>
            </dl>
            // loads the page anew: the session has changed since this one was loaded
            <a class="button is-solid is-wide" rel="external" href=place.on("/overview")>"Open the overview"</a>
        </div>
    }
    .into_any()
}

/// Asks once a second while somebody looks.
#[cfg(feature = "hydrate")]
fn watch(client: ClientId, latest: RwSignal<Option<LatestHit>>) {
    let asking = StoredValue::new(false);
    let ask = move || {
        if document().hidden() || asking.try_get_value() != Some(false) {
            return;
        }
        asking.set_value(true);
        leptos::task::spawn_local(async move {
            // where it fails, the next second tries again
            if let Ok(found) = crate::api::latest_hit(Some(client)).await {
                latest.try_set(Some(found));
            }
            asking.try_set_value(false);
        });
    };
    Effect::new(move |_| {
        ask();
        if let Ok(clock) = set_interval_with_handle(ask, std::time::Duration::from_secs(1)) {
            on_cleanup(move || clock.clear());
        }
    });
}
