//! `/pipeline`: can the numbers be trusted just now? For super admins.

use crate::api;
use crate::awaited::awaited;
use crate::live::provide_live;
use crate::place::use_place;
use crate::report::{Report, Status};
use crate::verdict::{Verdict, of_pipeline};
use crate::view::IntoAny;
use crate::widgets::dead_letters::ROWS;
use crate::widgets::verdict::headline;
use crate::widgets::{
    DeadLetter, DeadLettersTable, EdgesTable, FlowPicture, Glyph, Icon, LiveMark, ReplayNotice, zone_label,
};
use leptos::prelude::*;
use leptos_meta::Title;
use telemetry::error::ErrorCode;
use telemetry::report::ops::Pipeline;

#[component]
pub(crate) fn PipelinePage() -> impl IntoView {
    let place = use_place();
    let live = provide_live(Signal::derive(|| true), None);
    provide_context(ReplayNotice(RwSignal::new(None)));
    let pipeline = Report::new(live, || (), |()| api::pipeline());
    let skip = RwSignal::new(0);
    let letters = Report::new(live, move || skip.get(), |skip| api::dead_letters(skip, ROWS));
    let letter = Report::new(live, move || place.with(|place| place.letter.clone()), api::dead_letter);
    // After a replay the last page may be gone: back to one that is there.
    Effect::new(move |_| {
        let beyond = letters.with(|letters| letters.dead_letters.is_empty() && letters.total > 0);
        if beyond == Some(true) && skip.get_untracked() > 0 {
            skip.set(0);
        }
    });
    let zone = move || pipeline.with_clock(|_, clock| zone_label(clock));
    view! {
        <Title text="Pipeline"/>
        <h1 class="visually-hidden">"Pipeline"</h1>
        <div class="pipeline">
            <Refused pipeline/>
            <div class="pipeline-head">
                {headline(move || judge(pipeline))}
                <div class="freshness">
                    <LiveMark live status=Signal::derive(move || pipeline.status()) is_live=Signal::derive(|| true)/>
                    {awaited(zone)}
                </div>
            </div>
            <FlowPicture report=pipeline/>
            <EdgesTable report=pipeline/>
            <Notice/>
            <DeadLettersTable place live report=letters skip/>
            <DeadLetter place live report=letter/>
        </div>
    }
    .into_any()
}

/// The first line: is anything wrong?
fn judge(pipeline: Report<Pipeline>) -> Option<Verdict> {
    match pipeline.status() {
        Status::Failed(problem) => Some(Verdict {
            health: None,
            headline: "The state is not known".to_owned(),
            detail: problem.error.message,
        }),
        _ => pipeline.with_clock(of_pipeline),
    }
}

/// What came of a replay.
#[component]
fn Notice() -> impl IntoView {
    let notice = expect_context::<ReplayNotice>().0;
    let text = move || {
        notice.get().map(|notice| {
            let (glyph, class, text) = match notice {
                Ok(text) => (Glyph::Ok, "is-ok", text),
                Err(text) => (Glyph::Warn, "is-warn", text),
            };
            view! { <p class="pipeline-notice"><Icon glyph class=class/>{text}</p> }
        })
    };
    view! { <div role="status">{text}</div> }.into_any()
}

/// For those who followed a link that was not meant for them.
#[component]
fn Refused(pipeline: Report<Pipeline>) -> impl IntoView {
    let body = move || {
        let refused = match pipeline.status() {
            Status::Failed(problem) => problem.error.code == ErrorCode::Forbidden,
            _ => false,
        };
        refused.then(|| {
            view! {
                <div class="empty">
                    <Icon glyph=Glyph::Silent class="empty-mark"/>
                    <h2 class="empty-title">"The pipeline is for super admins"</h2>
                    <p class="empty-text">"It shows the whole installation, not one client."</p>
                    <div class="empty-actions"><a class="button is-solid" href="/overview">"Go to the overview"</a></div>
                </div>
            }
        })
    };
    awaited(body)
}
