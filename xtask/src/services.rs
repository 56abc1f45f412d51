//! `cargo xtask services`: the engines that tests need, in the foreground, for running single tests by hand.

use crate::step::step;
use anyhow::{Context, Result};
use testbed::shared::All;

/// Starts them.
pub(crate) fn start() -> Result<All> {
    let mut all = None;
    step("services", || {
        all = Some(All::start()?);
        Ok("RabbitMQ, PostgreSQL and a MongoDB wire server")
    })?;
    all.context("the services were not started")
}

/// Starts them, says where they are, and keeps them until Enter or Ctrl-C.
pub(crate) fn hold() -> Result<()> {
    let all = start()?;
    for (name, value) in all.variables() {
        println!("export {name}={value}");
    }
    eprintln!("Enter or Ctrl-C ends them.");
    std::io::stdin().read_line(&mut String::new()).context("could not wait for the end")?;
    Ok(())
}
