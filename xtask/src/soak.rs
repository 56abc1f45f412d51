//! The long versions of the fault tests, of the property tests and of the drawn calls, until the time is over.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::command::watch;
use crate::test::{self, Tally};
use crate::workspace::Workspace;

/// Cases of each property in a round; a test run takes 256. Each round draws others.
const CASES: u32 = 5_000;
/// Calls drawn for each operation of the API in a round, beside those at its edges.
const EXAMPLES: u32 = 300;

/// Runs rounds until `minutes` are over or a test fails; whether all passed.
pub(crate) fn soak(workspace: &Workspace, minutes: u64, filter: Option<&str>) -> Result<bool> {
    let began = Instant::now();
    let mut total = Tally::default();
    let mut rounds = 0;
    while began.elapsed() < Duration::from_secs(minutes * 60) && total.failed == 0 {
        rounds += 1;
        eprintln!("\n── round {rounds}, after {:.0} min ──", began.elapsed().as_secs_f64() / 60.0);
        let mut cargo = workspace.cargo();
        // The whole workspace is named so that the consumer's binary is built as the tests expect it.
        cargo.args(["test", "--workspace", "--test", "faults", "--"]);
        // One at a time, telling what each has sent and found.
        cargo.args(["--test-threads", "1", "--nocapture"]).args(filter);
        cargo.env("SENDRY_SOAK_MINUTES", minutes.to_string());
        let (lines, well) = watch(&mut cargo, "run the fault tests")?;
        total = total + Tally::of_libtest(&lines).and_ended(well);
        if filter.is_none() {
            total = total + properties(workspace)? + test::drawn_calls(workspace, EXAMPLES)?;
        }
    }
    println!("\n{rounds} rounds in {:.0} min", began.elapsed().as_secs_f64() / 60.0);
    println!("{total}");
    Ok(total.failed == 0)
}

/// The property tests of what strangers send: hits, batches, envelopes, keys, cursors, compressed bodies; and of the
/// arithmetic of sketches and times.
fn properties(workspace: &Workspace) -> Result<Tally> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--package", "telemetry", "--package", "server", "--package", "store", "--lib"]);
    cargo.env("PROPTEST_CASES", CASES.to_string());
    let (lines, well) = watch(&mut cargo, "run the property tests")?;
    let within = Tally::of_libtest(&lines).and_ended(well);
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--package", "telemetry", "--test", "it"]);
    cargo.env("PROPTEST_CASES", CASES.to_string());
    let (lines, well) = watch(&mut cargo, "run the property tests of batches and envelopes")?;
    Ok(within + Tally::of_libtest(&lines).and_ended(well))
}
