//! Every test there is, in stages, the quick ones first.
//!
//! A stage that cannot run is a failure with its reason, never a silent gap; the other stages still run. The last line
//! is `N passed, N failed`, summed from what each runner says of itself.

mod api;
mod browser;
mod edge;
mod rust;
mod tally;
mod wasm;

use std::time::Instant;

use anyhow::Result;
use clap::ValueEnum;

use crate::workspace::Workspace;
pub(crate) use api::drawn_calls;
pub(crate) use tally::Tally;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    /// Formatting
    Fmt,
    /// Lints of everything, native and in the browser; a warning is a failure
    Clippy,
    /// Rust tests and doc tests
    Rust,
    /// What runs in the browser compiles for it and computes the same
    Wasm,
    /// Calls drawn from the OpenAPI document, as each role
    Api,
    /// The Worker in workerd, against a real core
    Edge,
    /// The dashboard in Chromium
    E2e,
}

/// True when everything passed. Without names: all stages.
pub(crate) fn test(workspace: &Workspace, stages: &[Stage]) -> Result<bool> {
    let stages = if stages.is_empty() { Stage::value_variants() } else { stages };
    let mut total = Tally::default();
    let mut report = Vec::new();
    for stage in stages {
        let value = stage.to_possible_value();
        let name = value.as_ref().map_or("", |value| value.get_name());
        eprintln!("\n── {name} ──");
        let start = Instant::now();
        let tally = match run(workspace, *stage) {
            Ok(tally) => tally,
            Err(error) => {
                eprintln!("{name} failed: {error:#}");
                Tally::check(false)
            }
        };
        total = total + tally;
        let ignored = if tally.ignored == 0 { String::new() } else { format!(", {} ignored", tally.ignored) };
        report.push(format!("{name:>8}  {tally}{ignored} in {:.1} s", start.elapsed().as_secs_f64()));
    }
    println!("\n{}\n", report.join("\n"));
    println!("{total}");
    Ok(total.failed == 0)
}

fn run(workspace: &Workspace, stage: Stage) -> Result<Tally> {
    match stage {
        Stage::Fmt => rust::fmt(workspace),
        Stage::Clippy => rust::clippy(workspace),
        Stage::Rust => rust::tests(workspace),
        Stage::Wasm => wasm::tests(workspace),
        Stage::Api => drawn_calls(workspace, 6),
        Stage::Edge => edge::tests(workspace),
        Stage::E2e => browser::tests(workspace),
    }
}
