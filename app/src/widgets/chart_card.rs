//! A chart with all that belongs to it: legend, sentence, table.

use super::chart::Choosing;
use super::{Card, Chart, Glyph, HeatScale, Icon, Legend};
use crate::charts::{Ends, Plot, Table};
use crate::compare::Beside;
use crate::markers::Marked;
use crate::number;
use crate::place::{use_go, use_place};
use crate::range::Span;
use crate::report::Report;
use crate::view::IntoAny;
use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

#[component]
pub(crate) fn ChartCard<R>(plot: &'static Plot<R>, report: Report<R>) -> impl IntoView
where
    R: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let (place, go) = (use_place(), use_go());
    // an event handler may not read a report: it finds here what was drawn last
    let slots = StoredValue::new(Vec::new());
    let choosing = plot.over_time.as_ref().map(|over_time| {
        Effect::new(move |_| {
            if let Some(drawn) = report.with(over_time.slots) {
                slots.set_value(drawn);
            }
        });
        let told = move |chosen: (usize, usize)| {
            report.with_clock(|report, clock| {
                let (from, to) = ends_of(&(over_time.slots)(report), chosen)?;
                let length = number::duration((to.as_second() - from.as_second()) as f64 * 1000.0);
                Some(format!(
                    "{}, {length}: {}",
                    clock.span(from, to),
                    (over_time.held)(report, chosen.0..=chosen.1)
                ))
            })
        };
        let choose = Callback::new(move |chosen| {
            let ends = slots.with_value(|slots| ends_of(slots, chosen));
            if let Some(Ok(span)) = ends.map(|(from, to)| Span::fixed(from, to)) {
                go(place.get_untracked().with_span(span));
            }
        });
        Choosing { told: Callback::new(move |chosen| told(chosen).flatten()), choose }
    });
    let content = Arc::new(move || view! { <Content plot report choosing/> }.into_any());
    let class = format!("chart-card of-{}", plot.id);
    view! { <Card title=plot.title id=plot.id class status=Signal::derive(move || report.status()) content/> }
        .into_any()
}

/// From when to when slots go, from the first to the last.
fn ends_of(slots: &[Ends], (first, last): (usize, usize)) -> Option<Ends> {
    Some((slots.get(first)?.0, slots.get(last)?.1))
}

#[component]
fn Content<R>(plot: &'static Plot<R>, report: Report<R>, choosing: Option<Choosing>) -> impl IntoView
where
    R: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let only = RwSignal::new(None);
    let marked = use_context::<Marked>();
    let beside = use_context::<Beside>();
    // What the chart is compared with: its name, its figures, and how they are written.
    let compared = move || {
        let (other, Beside(beside)) = (plot.other.as_ref()?, beside?);
        let compared = beside.with(Clone::clone).flatten()?;
        let figures = report.with(|report| (other.figures)(report, &compared))?;
        Some((compared.against.name(), figures, other.write))
    };
    let tabular = RwSignal::new(false);
    let scale = plot.most.map(|most| view! { <HeatScale most=Signal::derive(move || report.with(most))/> });
    let caption = move || report.with_clock(plot.caption).unwrap_or_default();
    let legend = plot.legend.map(|legend| {
        let keys = move || report.with(legend).unwrap_or_default();
        view! { <Legend keys only/> }
    });
    let drawing = move || {
        let only = only.get();
        let mut drawing = report.with_clock(|report, clock| (plot.draw)(report, clock, only))?;
        if let (Some(over_time), Some(Marked(marked))) = (&plot.over_time, marked) {
            let slots = report.with(over_time.slots).unwrap_or_default();
            marked.with_clock(|marked, clock| drawing.mark(&slots, &marked.markers, clock));
        }
        if let Some((name, figures, write)) = compared() {
            drawing.compare(&name, &figures, write);
        }
        Some(drawing)
    };
    let table = move || {
        let mut table = tabular.get().then(|| report.with_clock(plot.table)).flatten()?;
        if let Some((_, figures, write)) = compared() {
            table.head.push(if plot.id == "latency" { "p95 compared" } else { "Compared" });
            for ((_, cells), figure) in table.rows.iter_mut().zip(figures) {
                cells.push(figure.map_or_else(|| number::NONE.to_owned(), write));
            }
        }
        Some(write_table(table))
    };
    let dashed = move || compared().map(|(name, ..)| format!(" Dashed: {name}."));
    let other = move || if tabular.get() { "Show as chart" } else { "Show as table" };
    let table_id = format!("{}-table", plot.id);
    view! {
        {legend}
        {scale}
        <figure class="figure" class:is-tabular=move || tabular.get()>
            <Chart label=caption drawing choosing/>
            <div class="figure-table" id=table_id.clone() tabindex="0">{table}</div>
            <figcaption class="figure-caption">
                <span>{caption}{dashed}</span>
                <button
                    class="icon-button"
                    type="button"
                    title=other
                    aria-label=move || format!("{}: {}", plot.title, other().to_lowercase())
                    aria-controls=table_id
                    on:click=move |_| tabular.update(|tabular| *tabular = !*tabular)
                >
                    {move || view! { <Icon glyph=if tabular.get() { Glyph::Chart } else { Glyph::Table }/> }}
                </button>
            </figcaption>
        </figure>
    }
    .into_any()
}

/// Newest first.
fn write_table(table: Table) -> AnyView {
    let row = |(slot, cells): (String, Vec<String>)| {
        view! {
            <tr>
                <th scope="row">{slot}</th>
                {cells.into_iter().map(|cell| view! { <td>{cell}</td> }).collect_view()}
            </tr>
        }
    };
    view! {
        <table class="table numbers">
            <thead>
                <tr>{table.head.into_iter().map(|head| view! { <th scope="col">{head}</th> }).collect_view()}</tr>
            </thead>
            <tbody>{table.rows.into_iter().rev().map(row).collect_view()}</tbody>
        </table>
    }
    .into_any()
}
