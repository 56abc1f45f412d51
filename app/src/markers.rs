//! What was deployed when, for all charts of a page.

use crate::api::{self, Asked};
use crate::filter::Filter;
use crate::live::Live;
use crate::place::Place;
use crate::report::Report;
use leptos::prelude::*;
use telemetry::report::Markers;

/// The markers of the range that a page shows.
#[derive(Clone, Copy)]
pub(crate) struct Marked(pub(crate) Report<Markers>);

/// Loads the markers of a page and hands them to its charts.
pub(crate) fn provide_markers(live: Live, place: Memo<Place>) -> Report<Markers> {
    let asked = move || {
        let asked = place.with(Asked::of);
        Asked { filter: Filter::of_service(asked.filter.service), ..asked }
    };
    let report = Report::new(live, asked, api::markers);
    provide_context(Marked(report));
    report
}
