//! A secret that is shown this once: a key, a link.

use super::{Copy, Glyph, Icon};
use crate::view::IntoAny;
use leptos::prelude::*;

#[component]
pub(crate) fn SecretOnce(
    /// Names the secret: "Your key".
    title: &'static str,
    /// What is copied, for those who cannot see it: "the key".
    what: &'static str,
    text: String,
    note: &'static str,
) -> impl IntoView {
    let secret = Signal::stored(text.clone());
    view! {
        <div class="secret">
            <div class="secret-head">
                <span class="field-label">{title}</span>
                <Copy what text=secret/>
            </div>
            <code class="secret-key" id="secret">{text}</code>
            <p class="secret-note"><Icon glyph=Glyph::Warn class="is-warn"/>{note}</p>
        </div>
    }
    .into_any()
}
