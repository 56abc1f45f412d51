//! Above the numbers, where they cannot be trusted for the moment: hits are refused, or not counted.

use super::Icon;
use super::nav::is_super_admin;
use super::verdict::look;
use crate::api;
use crate::awaited::awaited;
use crate::live::Live;
use crate::pages::SessionReport;
use crate::report::Report;
use crate::verdict::{Verdict, of_flow};
use leptos::prelude::*;

#[component]
pub(crate) fn FlowBanner(live: Live) -> impl IntoView {
    let session = use_context::<SessionReport>();
    let flow = Report::new(live, || (), |()| api::flow());
    let banner = move || {
        let Verdict { health, headline, detail } = flow.with_clock(of_flow).flatten()?;
        let (glyph, class) = look(health);
        let more = is_super_admin(session)
            .then(|| view! { <a class="button is-small" href="/pipeline">"Open the pipeline"</a> });
        Some(view! {
            <div class=format!("flow-banner {class}") role="status">
                <Icon glyph class=class/>
                <p class="flow-banner-text"><strong>{headline} "."</strong> " " {detail}</p>
                {more}
            </div>
        })
    };
    awaited(banner)
}
