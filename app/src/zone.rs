//! Whose clock times are told in: the zone that the URL names, else the reader's choice, else UTC.
//!
//! The rule: the server looks zones up; the browser knows their names, and reads the table that comes with each answer.

use crate::preference::Preference;
use leptos::prelude::*;
use telemetry::zone::{NAME_BYTES, UTC};

const CHOICE: Preference = Preference("zone");

/// The reader's choice: the name of a zone.
#[derive(Clone, Copy)]
pub(crate) struct ZoneSwitch {
    chosen: RwSignal<String>,
}

pub(crate) fn provide_zone() {
    provide_context(ZoneSwitch { chosen: RwSignal::new(rendered()) });
}

impl ZoneSwitch {
    pub(crate) fn chosen(self) -> String {
        self.chosen.get()
    }

    /// All reports load anew.
    pub(crate) fn choose(self, name: &str) {
        CHOICE.keep(name);
        self.chosen.set(name.to_owned());
    }
}

/// The zone that the page was rendered for, as far as the reader has chosen one.
pub(crate) fn rendered() -> String {
    CHOICE.rendered().filter(|name| is_name(name)).unwrap_or_else(|| UTC.to_owned())
}

/// Whether a text may be the name of a zone; whether it is, only the server knows.
pub(crate) fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
    !text.is_empty() && text.len() <= NAME_BYTES && text.bytes().all(fits)
}

/// The zone that the browser's system is set to.
#[cfg(feature = "hydrate")]
pub(crate) fn of_the_browser() -> Option<String> {
    let options = js_sys::Intl::DateTimeFormat::default().resolved_options();
    let name = js_sys::Reflect::get(&options, &"timeZone".into()).ok()?.as_string()?;
    is_name(&name).then_some(name)
}

#[cfg(not(feature = "hydrate"))]
pub(crate) fn of_the_browser() -> Option<String> {
    None
}
