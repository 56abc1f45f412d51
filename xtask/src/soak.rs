//! The long versions of the fault tests, until the time is over.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::command::watch;
use crate::test::Tally;
use crate::workspace::Workspace;

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
    }
    println!("\n{rounds} rounds in {:.0} min", began.elapsed().as_secs_f64() / 60.0);
    println!("{total}");
    Ok(total.failed == 0)
}
