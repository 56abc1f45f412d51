//! A button that copies a text, and says so.

use super::{Glyph, Icon, use_alive};
use crate::view::IntoAny;
use leptos::prelude::*;

#[component]
pub(crate) fn Copy(
    /// What is copied, for those who cannot see it: "the key".
    what: &'static str,
    text: Signal<String>,
) -> impl IntoView {
    let alive = use_alive();
    let done = RwSignal::new(false);
    let copy = move |_| {
        #[cfg(feature = "hydrate")]
        leptos::task::spawn_local(async move {
            done.try_set(browser::copy(&text.get_untracked()).await);
            gloo_timers::future::TimeoutFuture::new(2_000).await;
            done.try_set(false);
        });
        #[cfg(not(feature = "hydrate"))]
        let _ = text;
    };
    view! {
        <button class="button is-small" type="button" disabled=move || !alive.get() on:click=copy>
            {move || view! { <Icon glyph=if done.get() { Glyph::Done } else { Glyph::Copy }/> }}
            <span aria-live="polite">{move || if done.get() { "Copied" } else { "Copy" }}</span>
            <span class="visually-hidden">{what}</span>
        </button>
    }
    .into_any()
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::prelude::{document, window};
    use wasm_bindgen::{JsCast, JsValue};

    /// Copies a text. Where the page is served without TLS the modern way is missing: then by way of a selection.
    pub(super) async fn copy(text: &str) -> bool {
        let navigator = window().navigator();
        let modern = js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|it| !it.is_undefined());
        if modern {
            wasm_bindgen_futures::JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
        } else {
            by_selection(text).unwrap_or(false)
        }
    }

    fn by_selection(text: &str) -> Result<bool, JsValue> {
        let document = document();
        let body = document.body().ok_or(JsValue::NULL)?;
        let area: web_sys::HtmlTextAreaElement = document.create_element("textarea")?.dyn_into()?;
        area.set_value(text);
        area.set_class_name("visually-hidden");
        body.append_child(&area)?;
        area.select();
        let copied =
            document.dyn_ref::<web_sys::HtmlDocument>().map(|document| document.exec_command("copy"));
        area.remove();
        copied.unwrap_or(Ok(false))
    }
}
