//! In which zone times are told.

use crate::clock::Clock;
use crate::view::IntoAny;
use leptos::prelude::*;

pub(crate) fn zone_label(clock: &Clock) -> AnyView {
    view! { <abbr class="zone" title=clock.zone_meaning()>{clock.zone_name()}</abbr> }.into_any()
}
