//! What a reader has chosen for all pages, kept in cookies: colours, time zone, how often pages load anew.
//!
//! The rule: the server writes each choice into `<html data-…>`, so nothing flashes, and the browser reads it from there
//! when it hydrates: both begin with the same.

/// A choice, by the name of its cookie and of its attribute (`data-theme`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Preference(pub(crate) &'static str);

impl Preference {
    /// What the page was rendered with.
    pub(crate) fn rendered(self) -> Option<String> {
        #[cfg(feature = "ssr")]
        return leptos::prelude::use_context::<axum::http::request::Parts>()
            .and_then(|parts| cookie(&parts.headers, self.0));
        #[cfg(all(feature = "hydrate", not(feature = "ssr")))]
        return leptos::prelude::document()
            .document_element()
            .and_then(|root| root.get_attribute(&format!("data-{}", self.0)));
        #[cfg(not(any(feature = "ssr", feature = "hydrate")))]
        None
    }

    /// Holds from now on, and for the next visits. `value` is ASCII without `;`.
    pub(crate) fn keep(self, value: &str) {
        #[cfg(feature = "hydrate")]
        {
            use wasm_bindgen::JsCast;
            let (name, document) = (self.0, leptos::prelude::document());
            if let Some(root) = document.document_element() {
                // cannot fail: the name is a valid one
                let _ = root.set_attribute(&format!("data-{name}"), value);
            }
            if let Some(document) = document.dyn_ref::<web_sys::HtmlDocument>() {
                // where cookies are forbidden the choice lasts as long as the page
                let _ =
                    document.set_cookie(&format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax"));
            }
        }
        #[cfg(not(feature = "hydrate"))]
        let _ = value;
    }
}

#[cfg(feature = "ssr")]
fn cookie(headers: &axum::http::HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(axum::http::header::COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}
