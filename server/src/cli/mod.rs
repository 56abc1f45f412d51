//! What `sendry` can be told on the command line.

mod dead_letters;
mod demo;
mod edge;
mod reconcile;
mod serve;
mod signing_keys;
mod users;

use clap::{Parser, Subcommand};
use runtime::config::{self, Config};
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
    /// Look at messages that could not be processed, and send them through again. With the queue in a SQLite file, stop
    /// the server first.
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLetters),
    /// Compare what was accepted, stored and counted, day by day, also while hits come in. Ends with an error where
    /// something is not exact.
    Reconcile(reconcile::Reconcile),
    /// Make, list, rotate and revoke edges: Workers that take hits far from here and forward them.
    #[command(subcommand)]
    Edge(edge::Edge),
    /// List the keys that sessions are signed with, or rotate them.
    #[command(subcommand)]
    SigningKeys(signing_keys::SigningKeys),
    /// Help a user who cannot sign in.
    #[command(subcommand)]
    Users(users::Users),
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
            Command::Reconcile(reconcile) => reconcile.run(&Config::load(self.config.as_deref())?),
            Command::Edge(command) => command.run(&Config::load(self.config.as_deref())?),
            Command::SigningKeys(command) => command.run(&Config::load(self.config.as_deref())?),
            Command::Users(command) => command.run(&Config::load(self.config.as_deref())?),
            Command::Demo(demo) => demo.run(),
        }
    }
}
