//! What a person sees while waiting: one line per step, with its time.

use std::fmt::Display;
use std::time::Instant;

use anyhow::Result;

/// Runs a step; prints its name before and its time and outcome after. What it returns is what it printed.
pub(crate) fn step<T: Display>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let done = work()?;
    eprintln!("{name:>14}  {done} ({:.1} s)", start.elapsed().as_secs_f64());
    Ok(done)
}

/// A line in the style of a step, for what happens inside one.
pub(crate) fn note(name: &str, text: impl Display) {
    eprintln!("{name:>14}  {text}");
}
