//! `/settings/limits`: what a client may send, what it has sent this month, and the form that sets its limits.

use crate::api::{self, LimitsView, change};
use crate::awaited::awaited;
use crate::charts::usage;
use crate::clock::Clock;
use crate::live::Live;
use crate::number;
use crate::pages::login::FormProblem;
use crate::place::use_place;
use crate::problem::Problem;
use crate::report::{Report, remembered};
use crate::view::IntoAny;
use crate::widgets::{Bar, Card, Chart, Field, Glyph, Icon, Legend, use_alive};
use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos_meta::{Script, Title};
use std::collections::BTreeMap;
use std::sync::Arc;
use telemetry::report::limits::ClientLimits;
use telemetry::report::{ClientId, UsageDay};
use telemetry::time::{DAY, date, first_of_month};

#[component]
pub(crate) fn LimitsPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let place = use_place();
    let report = Report::new(live, move || place.with(|place| place.client), api::limits);
    let status = Signal::derive(move || report.status());
    let limits = Arc::new(move || view! { <Limits report/> }.into_any());
    let usage = Arc::new(move || view! { <Usage report/> }.into_any());
    view! {
        <Title text="Limits and usage"/>
        <Script src="/echarts.min.js" async_="true"/>
        <h1 class="settings-title">"Limits and usage"</h1>
        <p class="settings-text">
            "What is over a limit is refused with 429, which says which limit it was and when it ends. Days and months
             are those of UTC."
        </p>
        <Card title="Limits" id="limits" status content=limits/>
        <Card title="Usage this month" id="usage" class="chart-card" status content=usage/>
        {awaited(move || view! { <FormOfAdmin report live/> })}
    }
    .into_any()
}

#[component]
fn Limits(report: Report<LimitsView>) -> impl IntoView {
    let rows = move || {
        report.with(|view| {
            let limits = view.limits;
            let today = view.days.last().map_or(0, |day| day.accepted);
            let month = view.days.iter().map(|day| day.accepted).sum();
            let rate = limits.hits_per_second.map_or_else(no_limit, |rate| {
                let burst = limits.burst.unwrap_or(rate);
                format!("{}, at most {} at once", number::exact(rate.into()), number::exact(burst.into()))
            });
            let bodies = if limits.capture_bodies { "kept" } else { "dropped" };
            let days = format!("kept {}", number::count_of(limits.raw_retention_days.into(), "day", "days"));
            [
                line("Hits a second", rate.into_any()),
                line("Hits today", quota(limits.hits_per_day, today)),
                line("Hits this month", quota(limits.hits_per_month, month)),
                line("Captured bodies", bodies.into_any()),
                line("Raw events", days.into_any()),
            ]
            .collect_view()
        })
    };
    view! { <table class="table limits"><tbody>{rows}</tbody></table> }.into_any()
}

fn line(name: &'static str, value: AnyView) -> AnyView {
    view! { <tr><th scope="row">{name}</th><td>{value}</td></tr> }.into_any()
}

fn no_limit() -> String {
    "no limit".to_owned()
}

/// How much of a quota is used; from four fifths on it is said that it will end.
fn quota(limit: Option<u64>, used: u64) -> AnyView {
    let Some(limit) = limit else {
        return format!("{}; {}", number::exact(used), no_limit()).into_any();
    };
    let (glyph, class, rest) = if used >= limit {
        (Glyph::Error, "is-error", ": further hits are refused")
    } else if used.saturating_mul(5) >= limit.saturating_mul(4) {
        (Glyph::Warn, "is-warn", ": nearly used up")
    } else {
        (Glyph::Ok, "is-ok", "")
    };
    let text = format!("{} of {}{rest}", number::exact(used), number::exact(limit));
    let bar = if used >= limit { "s5xx" } else { "" };
    view! {
        <span class="state"><Icon glyph class/>{text}</span>
        <Bar share={used as f64 / limit as f64} class=bar/>
    }
    .into_any()
}

#[component]
fn Usage(report: Report<LimitsView>) -> impl IntoView {
    let rows = move || {
        report.with(|view| {
            let most = view.days.iter().map(|day| day.accepted).max().unwrap_or(0).max(1);
            view.days.iter().rev().map(|day| day_line(day, most)).collect_view()
        })
    };
    let exports = move || report.with_clock(|view, clock| exports(view.client.id, clock));
    let only = RwSignal::new(None);
    let caption = move || report.with(|view| usage::caption(&view.days)).unwrap_or_default();
    let keys = move || report.with(|view| usage::legend(&view.days)).unwrap_or_default();
    let drawing = move || {
        let only = only.get();
        report.with(|view| usage::draw(&view.days, only))
    };
    view! {
        <Legend keys only/>
        <figure class="figure">
            <Chart label=caption drawing choosing=None/>
            <figcaption class="figure-caption"><span>{caption}</span></figcaption>
        </figure>
        <div class="table-scroll">
            <table class="table usage">
                <thead>
                    <tr>
                        <th scope="col">"Day"</th>
                        <th scope="col" class="number">"Accepted"</th>
                        <th scope="col"><span class="visually-hidden">"Share of the busiest day"</span></th>
                        <th scope="col" class="number">"Bytes"</th>
                        <th scope="col" class="number">"Hits refused"</th>
                        <th scope="col" class="number">"Calls refused"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <p class="card-foot">
            "Exact, whatever crashed or was sent again: accepted hits, their bytes, and the hits refused inside accepted
             calls. Calls refused as a whole are counted approximately: a crash loses the last seconds."
        </p>
        {exports}
    }
    .into_any()
}

fn day_line(day: &UsageDay, most: u64) -> AnyView {
    let refused = |by_reason: &BTreeMap<String, u64>| {
        let reasons: Vec<String> = by_reason.iter().map(|(reason, n)| format!("{reason}: {n}")).collect();
        let sum = number::exact(by_reason.values().sum());
        view! { <td class="number" title=reasons.join(", ")>{sum}</td> }
    };
    view! {
        <tr>
            <th scope="row">{day.day.clone()}</th>
            <td class="number">{number::exact(day.accepted)}</td>
            <td class="col-share"><Bar share={day.accepted as f64 / most as f64}/></td>
            <td class="number" title=number::exact(day.bytes)>{number::bytes(day.bytes)}</td>
            {refused(&day.rejected)}
            {refused(&day.refused_calls)}
        </tr>
    }
    .into_any()
}

/// This month and the one before as files.
fn exports(client: ClientId, clock: &Clock) -> AnyView {
    let this = first_of_month(clock.now().as_second());
    let last = first_of_month(this - DAY);
    let file = |name: &'static str, from: i64, to: i64, format: &'static str| {
        let (from, to) = (date(from), date(to));
        let path = format!("/api/clients/{client}/usage?from={from}&to={to}&format={format}");
        view! { <a class="button is-small" href=path download="" rel="external">{name}</a> }
    };
    let now = clock.now().as_second();
    view! {
        <div class="row-actions">
            {file("This month, CSV", this, now, "csv")}
            {file("This month, JSON", this, now, "json")}
            {file("Last month, CSV", last, this - DAY, "csv")}
            {file("Last month, JSON", last, this - DAY, "json")}
        </div>
    }
    .into_any()
}

/// Awaited, as the memo reads the report; a memo, as a new answer must not undo what was typed.
#[component]
fn FormOfAdmin(report: Report<LimitsView>, live: Live) -> impl IntoView {
    let of = remembered(move || {
        report.with(|view| view.manages.then_some((view.client.id, view.limits))).flatten()
    });
    move || of.get().map(|(client, limits)| view! { <LimitsForm client limits live/> })
}

#[component]
fn LimitsForm(client: ClientId, limits: ClientLimits, live: Live) -> impl IntoView {
    let alive = use_alive();
    let written = |n: Option<u64>| n.map_or_else(String::new, |n| n.to_string());
    let rate = written(limits.hits_per_second.map(u64::from));
    let burst = written(limits.burst.map(u64::from));
    let (day, month) = (written(limits.hits_per_day), written(limits.hits_per_month));
    let kept = limits.raw_retention_days.to_string();
    let typed = |text: &String| RwSignal::new(text.clone());
    let (rates, bursts, days) = (typed(&rate), typed(&burst), typed(&day));
    let (months, retention) = (typed(&month), typed(&kept));
    let bodies = NodeRef::<Input>::new();
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        let wish = change::LimitsWish {
            hits_per_second: change::typed_number(&rates.get_untracked()),
            burst: change::typed_number(&bursts.get_untracked()),
            hits_per_day: change::typed_number(&days.get_untracked()),
            hits_per_month: change::typed_number(&months.get_untracked()),
            capture_bodies: bodies.get_untracked().is_none_or(|input| input.checked()),
            raw_retention_days: change::typed_number(&retention.get_untracked()),
        };
        leptos::task::spawn_local(async move {
            match change::set_limits(client, &wish).await {
                Ok(()) => {
                    problem.try_set(None);
                    live.again();
                }
                Err(error) => {
                    problem.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    const FIELDS: &[&str] = &["hitsPerSecond", "burst", "hitsPerDay", "hitsPerMonth", "rawRetentionDays"];
    view! {
        <section class="card" aria-labelledby="set-limits-title">
            <h2 class="card-title" id="set-limits-title">"Set limits"</h2>
            <form class="form settings-form" method="post" on:submit=submit>
                <FormProblem problem fields=FIELDS/>
                <Field label="Hits a second" name="hitsPerSecond" kind="number" value=rates initial=rate problem
                    optional=true hint="On average; empty is no limit."/>
                <Field label="Hits at once" name="burst" kind="number" value=bursts initial=burst problem
                    optional=true hint="As many as in a second unless given. A larger batch never passes."/>
                <Field label="Hits a day" name="hitsPerDay" kind="number" value=days initial=day problem
                    optional=true hint="Empty is no limit."/>
                <Field label="Hits a month" name="hitsPerMonth" kind="number" value=months initial=month problem
                    optional=true hint="Empty is no limit."/>
                <Field label="Days of raw events" name="rawRetentionDays" kind="number" value=retention initial=kept
                    problem hint="Hits that come from now on are kept so long; rollups stay."/>
                <label class="field-check">
                    <input type="checkbox" name="captureBodies" node_ref=bodies checked=limits.capture_bodies/>
                    "Keep captured request and response bodies"
                </label>
                <button class="button is-solid" type="submit" disabled=move || !alive.get() || busy.get()>
                    "Set limits"
                </button>
            </form>
        </section>
    }
    .into_any()
}
