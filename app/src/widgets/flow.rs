//! The way of the hits in one picture: ingest, queue, consumers, stores, each with its state and figures.

use super::verdict::look;
use super::{Icon, ProblemBox, Sparkline};
use crate::awaited::awaited_behind;
use crate::clock::Clock;
use crate::live::Live;
use crate::number;
use crate::report::{Report, Status};
use crate::view::IntoAny;
use leptos::prelude::*;
use telemetry::report::Health;
use telemetry::report::ops::{
    BreakerState, ConsumerReport, IngestReport, Pipeline, QueueReport, StoreReport,
};

#[component]
pub(crate) fn FlowPicture(report: Report<Pipeline>) -> impl IntoView {
    let live = use_context::<Live>();
    let picture = move || {
        if let Status::Failed(problem) = report.status() {
            let again = move || {
                if let Some(live) = live {
                    live.again();
                }
            };
            return view! { <ProblemBox problem again/> }.into_any();
        }
        report.with_clock(nodes).unwrap_or_else(|| ().into_any())
    };
    let waiting = || view! { <div class="skeleton flow-skeleton" aria-hidden="true"></div> }.into_any();
    view! {
        <section class="flow-section" aria-label="The way of the hits">
            {awaited_behind(waiting, picture)}
        </section>
    }
    .into_any()
}

fn nodes(pipeline: &Pipeline, clock: &Clock) -> AnyView {
    let Pipeline { ingest, queue, consumers, stores, .. } = pipeline;
    view! {
        <ol class="flow">
            {ingest_node(ingest, clock)}
            {queue_node(queue, clock)}
            {consumers_node(consumers, clock)}
            {stores_node(stores)}
        </ol>
    }
    .into_any()
}

/// A part of the flow, before it is drawn.
struct Node {
    title: &'static str,
    /// What it runs on.
    engine: String,
    health: Option<Health>,
    /// The state in words.
    state: String,
    figure: String,
    /// What the figure counts.
    unit: &'static str,
    body: AnyView,
}

fn draw(node: Node) -> AnyView {
    let Node { title, engine, health, state, figure, unit, body } = node;
    let (glyph, class) = look(health);
    view! {
        <li class=format!("flow-node {class}")>
            <div class="flow-head">
                <h2 class="flow-title">{title}</h2>
                <span class="flow-engine">{engine}</span>
            </div>
            <p class=format!("state {class}")><Icon glyph/>{state}</p>
            <p class="flow-figure"><span class="flow-value">{figure}</span> " " {unit}</p>
            {body}
        </li>
    }
    .into_any()
}

/// Names and values, one a line.
fn facts(facts: Vec<(&'static str, String, String)>) -> AnyView {
    let line = |(name, value, exact): (&'static str, String, String)| {
        view! { <div class="fact"><dt>{name}</dt><dd title=exact>{value}</dd></div> }
    };
    view! { <dl class="facts">{facts.into_iter().map(line).collect_view()}</dl> }.into_any()
}

fn plain(name: &'static str, value: String) -> (&'static str, String, String) {
    (name, value, String::new())
}

/// The state of a breaker, and how to say it.
fn breaker(state: BreakerState, since: Option<String>) -> (Health, String) {
    let since = since.map(|since| format!(" since {since}")).unwrap_or_default();
    match state {
        BreakerState::Closed => (Health::Healthy, "Breaker closed".to_owned()),
        BreakerState::HalfOpen => (Health::Degraded, format!("Breaker half-open{since}")),
        BreakerState::Open => (Health::Failing, format!("Breaker open{since}")),
    }
}

fn ingest_node(ingest: &IngestReport, clock: &Clock) -> AnyView {
    let (health, state) = breaker(ingest.breaker, ingest.breaker_since.map(|since| clock.time(since)));
    let refused: u64 = ingest.refused.values().sum();
    let by_status: Vec<String> =
        ingest.refused.iter().map(|(status, calls)| format!("{status}: {}", number::exact(*calls))).collect();
    let values = ingest.accepted_by_second.iter().map(|hits| Some(*hits as f64)).collect();
    let highest = ingest.accepted_by_second.iter().max().copied().unwrap_or(0);
    let shape = format!("Hits by second over the minute to {}: {highest} at most", clock.time(clock.now()));
    let body = view! {
        <div class="flow-shape" title=shape><Sparkline values class="volume"/></div>
        {facts(vec![
            ("Accepted", number::short(ingest.accepted), number::count_of(ingest.accepted, "hit", "hits")),
            ("Refused last minute", number::exact(ingest.refused_last_minute), format!("Calls; {} since the start. {}", number::exact(refused), by_status.join(", "))),
            plain("Confirm p50", number::latency(ingest.confirm_ms.p50)),
            plain("Confirm p99", number::latency(ingest.confirm_ms.p99)),
            ("Waiting", number::bytes(ingest.waiting_bytes), format!("of at most {}", number::bytes(ingest.max_waiting_bytes))),
        ])}
    };
    draw(Node {
        title: "Ingest",
        engine: "this server".to_owned(),
        health: Some(health),
        state,
        figure: number::per_second(ingest.accepted_per_second),
        unit: "hits/s",
        body: body.into_any(),
    })
}

/// The state of a part that either answers or does not.
fn answering(answers: bool) -> (Option<Health>, String) {
    if answers {
        (Some(Health::Healthy), "Answers".to_owned())
    } else {
        (Some(Health::Failing), "Does not answer".to_owned())
    }
}

fn queue_node(queue: &QueueReport, clock: &Clock) -> AnyView {
    let (health, state) = answering(queue.answers);
    let known = |n: Option<u64>| n.map_or_else(|| number::NONE.to_owned(), number::exact);
    let messages = queue.waiting.map(|waiting| waiting + queue.leased.unwrap_or(0));
    let oldest = match (queue.oldest, messages) {
        (Some(oldest), _) => clock.ago(oldest),
        (None, Some(0)) => "none waits".to_owned(),
        _ => number::NONE.to_owned(),
    };
    let body = facts(vec![
        plain("Waiting", known(queue.waiting)),
        plain("With consumers", known(queue.leased)),
        plain("Oldest", oldest),
        plain("Dead letters", known(queue.dead_letters)),
        plain("Ping", number::latency(queue.ping_ms)),
    ]);
    draw(Node {
        title: "Queue",
        engine: engine(&queue.engine).to_owned(),
        health,
        state,
        figure: messages.map_or_else(|| number::NONE.to_owned(), number::short),
        unit: if messages == Some(1) { "message" } else { "messages" },
        body,
    })
}

fn consumers_node(consumers: &[ConsumerReport], clock: &Clock) -> AnyView {
    let alive = consumers.iter().filter(|consumer| consumer.alive).count();
    let broken = consumers
        .iter()
        .filter(|consumer| consumer.alive)
        .filter_map(|consumer| consumer.breaker)
        .filter(|state| *state != BreakerState::Closed);
    let (health, state) = match (alive, broken.count()) {
        (0, _) => (Some(Health::Failing), "None is running".to_owned()),
        (_, 0) => (Some(Health::Healthy), "Breaker closed".to_owned()),
        (1, _) => {
            let state = consumers.iter().find(|consumer| consumer.alive).and_then(|it| it.breaker);
            let (health, state) = breaker(state.unwrap_or(BreakerState::Open), None);
            (Some(health), state)
        }
        (all, broken) if all == broken => (Some(Health::Failing), "All breakers open".to_owned()),
        (_, broken) => (Some(Health::Degraded), format!("Breaker open in {broken}")),
    };
    let line = |consumer: &ConsumerReport| {
        let name = if consumer.inline { "This server".to_owned() } else { consumer.host.clone() };
        let lag = consumer.lag_ms.map(|ms| format!(", lag {}", number::duration(ms as f64)));
        let (health, state) = match consumer.breaker {
            _ if !consumer.alive => (None, format!("silent since {}", clock.moment(consumer.last_seen))),
            Some(state) => {
                let (health, text) = breaker(state, None);
                (Some(health), text.to_lowercase())
            }
            None => (Some(Health::Healthy), "running".to_owned()),
        };
        let (glyph, class) = look(health);
        view! {
            <li class="flow-line" title=format!("{} · {} · since {}", consumer.id, consumer.version, clock.moment(consumer.started_at))>
                <span class="flow-line-name">{name}</span>
                <span class=format!("flow-line-state {class}")><Icon glyph/>{state}</span>
                <span class="flow-line-more">
                    {number::count_of(consumer.hits, "hit", "hits")} {lag}
                </span>
            </li>
        }
    };
    let lines = consumers.iter().map(line).collect_view();
    draw(Node {
        title: "Consumers",
        engine: String::new(),
        health,
        state,
        figure: number::exact(alive as u64),
        unit: "running",
        body: view! { <ul class="flow-lines">{lines}</ul> }.into_any(),
    })
}

fn stores_node(stores: &[StoreReport]) -> AnyView {
    let answer = stores.iter().filter(|store| store.answers).count();
    let (health, state) = match stores.len() - answer {
        0 => (Some(Health::Healthy), "All answer".to_owned()),
        1 => (Some(Health::Failing), "One does not answer".to_owned()),
        n => (Some(Health::Failing), format!("{n} do not answer")),
    };
    let line = |store: &StoreReport| {
        let (glyph, class) = look(answering(store.answers).0);
        let told = match store.ping_ms {
            Some(ms) => number::duration(ms),
            None => "does not answer".to_owned(),
        };
        view! {
            <li class="flow-line">
                <span class="flow-line-name">{store_name(&store.name)}</span>
                <span class=format!("flow-line-state {class}")><Icon glyph/>{told}</span>
                <span class="flow-line-more">{engine(&store.engine).to_owned()}</span>
            </li>
        }
    };
    let lines = stores.iter().map(line).collect_view();
    draw(Node {
        title: "Stores",
        engine: String::new(),
        health,
        state,
        figure: format!("{answer} of {}", stores.len()),
        unit: "answer",
        body: view! { <ul class="flow-lines">{lines}</ul> }.into_any(),
    })
}

/// What a store holds.
pub(crate) fn store_name(name: &str) -> String {
    match name {
        "events" => "Raw events".to_owned(),
        "metrics" => "Rollups".to_owned(),
        "accounts" => "Accounts".to_owned(),
        other => other.to_owned(),
    }
}

/// An engine as its makers write it.
fn engine(name: &str) -> &str {
    match name {
        "sqlite" => "SQLite",
        "rabbitmq" => "RabbitMQ",
        "mongodb" => "MongoDB",
        "postgresql" => "PostgreSQL",
        other => other,
    }
}
