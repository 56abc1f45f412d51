//! What `sendry` can be told on the command line.

mod dead_letters;
mod demo;
mod serve;

use clap::{Parser, Subcommand};
use server::config::{self, Config};
use std::path::PathBuf;

/// API observability on your own machine: takes hits from your APIs, counts each exactly once, and shows what is slow,
/// what fails, and since when.
#[derive(Parser)]
#[command(version, about)]
pub(crate) struct Cli {
    /// A settings file; default: sendry.toml, where it is there.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Without one, the server is started.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server with the dashboard; stops on SIGTERM or Ctrl-C.
    Serve,
    /// Bring the databases to this version and stop. Serving does that by itself.
    Migrate,
    /// Print every setting with its meaning and default, as a file to begin with.
    Config,
    /// Look at messages that could not be processed, and send them through again. Stop the server first.
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLetters),
    /// Play a small shop with several services and send its hits to a running server, as a client would.
    Demo(demo::Demo),
}

impl Cli {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command.unwrap_or(Command::Serve) {
            Command::Config => {
                print!("{}", config::DEFAULTS);
                Ok(())
            }
            Command::Serve => serve::serve(Config::load(self.config.as_deref())?),
            Command::Migrate => serve::migrate(&Config::load(self.config.as_deref())?),
            Command::DeadLetters(command) => command.run(&Config::load(self.config.as_deref())?),
            Command::Demo(demo) => demo.run(),
        }
    }
}
