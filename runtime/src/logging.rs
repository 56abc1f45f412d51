//! Logs: JSON lines on standard error, one object an event, with the span's request id.

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging with a filter such as `info` or `info,server=debug`.
pub fn start(filter: &str) -> anyhow::Result<()> {
    let filter =
        EnvFilter::try_new(filter).with_context(|| format!("log: cannot read the filter {filter:?}"))?;
    // The AMQP driver prints a message that came back with all bytes of its body; the queue says it in a line.
    let filter = filter.add_directive("lapin::returned_messages=off".parse().context("a filter of our own")?);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(std::io::stderr);
    tracing_subscriber::registry().with(filter).with(lines).try_init().context("could not start logging")
}
