//! Views behind one type: `into_any`, made small for the browser.
//!
//! Leptos' own keeps a table of functions for every type of view, among them a second way to come alive, for pages whose
//! code is still being loaded. Here a view is boxed with what browsers call, and only the box goes through Leptos'
//! `into_any`: on the page everything is as with Leptos' own. Whoever imports [`IntoAny`]
//! beside Leptos' prelude has this one; clippy.toml forbids the other.

#[cfg(not(feature = "ssr"))]
mod boxed;

use leptos::prelude::*;
use leptos::tachys::view::any_view;

pub(crate) trait IntoAny {
    fn into_any(self) -> AnyView;
}

impl<V: RenderHtml> IntoAny for V {
    #[allow(clippy::disallowed_methods, reason = "this is what the others are to call")]
    fn into_any(self) -> AnyView {
        #[cfg(not(feature = "ssr"))]
        let this = boxed::Boxed::new(self.into_owned());
        #[cfg(feature = "ssr")]
        let this = self;
        any_view::IntoAny::into_any(this)
    }
}
