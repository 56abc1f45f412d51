//! The document around the app: head, style sheet, scripts, and what the browser may load.
//!
//! The rule: no inline style and no foreign origin; the only inline scripts are Leptos' own, each with the nonce of
//! its reply.

use crate::app::App;
use crate::refresh;
use crate::tab;
use crate::theme;
use crate::zone;
use leptos::config::LeptosOptions;
use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags};

/// The whole document. The server renders it for every page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    #[cfg(feature = "ssr")]
    content_security_policy();
    let (theme, zone, refresh) = (theme::rendered(), zone::rendered(), refresh::rendered());
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.as_str() data-zone=zone data-refresh=refresh.as_str()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="robots" content="noindex"/>
                <link rel="icon" type="image/svg+xml" href=tab::HEALTHY/>
                <HashedStylesheet options=options.clone()/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// WebAssembly needs its own word in the policy; charts need none, since they set styles by script and no strings
/// are turned into code.
#[cfg(feature = "ssr")]
fn content_security_policy() {
    use axum::http::{HeaderValue, header::CONTENT_SECURITY_POLICY};
    let (Some(nonce), Some(reply)) =
        (leptos::nonce::use_nonce(), use_context::<leptos_axum::ResponseOptions>())
    else {
        return;
    };
    let reload = if std::env::var_os("LEPTOS_WATCH").is_some() { " ws: wss:" } else { "" };
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'{reload}; manifest-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        reply.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
}
