//! The charts of a range, side by side over the same slots: how much, how bad, how slow, and of which shape.

use super::ChartCard;
use crate::charts::{DISTRIBUTION, ERRORS, HEATMAP, LATENCY, VOLUME};
use crate::report::Report;
use crate::view::IntoAny;
use leptos::prelude::*;
use telemetry::report::{Latencies, Timeseries};

#[component]
pub(crate) fn Charts(series: Report<Timeseries>, latencies: Report<Latencies>) -> impl IntoView {
    view! {
        <div class="charts">
            <ChartCard plot=&VOLUME report=series/>
            <ChartCard plot=&ERRORS report=series/>
            <ChartCard plot=&LATENCY report=series/>
            <ChartCard plot=&HEATMAP report=latencies/>
            <ChartCard plot=&DISTRIBUTION report=latencies/>
        </div>
    }
    .into_any()
}
