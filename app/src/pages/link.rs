//! The one-time token behind the `#` of a link.
//!
//! The rule: browsers send it to nobody; it is taken out of the address at once, so that it stays in no history, and
//! travels to the server in a body.

/// The token of this page's address, which loses it. Nothing on the server, which never sees it.
pub(super) fn take_token() -> Option<String> {
    #[cfg(feature = "hydrate")]
    {
        use leptos::prelude::window;
        use leptos::wasm_bindgen::JsValue;
        let window = window();
        let location = window.location();
        let token = location.hash().ok()?.trim_start_matches('#').to_owned();
        if let (Ok(path), Ok(history)) = (location.pathname(), window.history()) {
            // Where it fails the address keeps the token; it is no worse than the link itself.
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
        }
        (!token.is_empty()).then_some(token)
    }
    #[cfg(not(feature = "hydrate"))]
    None
}
