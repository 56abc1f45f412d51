//! The dashboard: pages rendered on the server, alive in the browser.
//!
//! The rule: whatever a page says stands in the server's HTML already, and the browser shows the same again from the
//! same data. So nothing here reads a clock or formats a number in two ways: times come with the data, and all
//! figures pass through `number` and `clock`.
//!
//! A page's way: [`shell()`] writes the document, [`App`] picks the page from the URL, `place` reads what the URL
//! says about client, range and filters, `report` loads what the page needs through the server functions of [`api`]
//! and keeps it fresh, `widgets` and `charts` draw it.
#![recursion_limit = "256"]
// the component macro makes everything `pub`
#![allow(unreachable_pub)]

pub mod api;
mod app;
mod awaited;
mod charts;
pub mod clock;
mod codec;
pub mod compare;
pub mod filter;
mod focus;
mod keys;
mod live;
mod markers;
mod number;
mod pages;
mod palette;
mod place;
mod preference;
mod problem;
pub mod range;
mod read;
mod refresh;
mod report;
mod shell;
#[cfg(feature = "ssr")]
pub mod ssr;
#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only browsers listen"))]
mod stream;
mod tab;
#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only browsers listen"))]
mod tail;
mod theme;
mod verdict;
mod view;
mod widgets;
mod zone;

pub use app::App;
pub use problem::Problem;
pub use shell::shell;

/// Makes the page that the server has rendered come alive.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
    leptos::task::spawn_local(async {
        // Behind the effects of the page, which are what listens to keys.
        leptos::task::tick().await;
        if let Some(performance) = web_sys::window().and_then(|window| window.performance()) {
            let _ = performance.mark(ALIVE);
        }
    });
}

/// The moment from which a page answers, in the browser's own measurements.
#[cfg(feature = "hydrate")]
const ALIVE: &str = "sendry-alive";
