//! The binary `sendry`.

mod cli;

use clap::Parser;

/// Small allocations in many threads are most of what a server does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    match cli::Cli::parse().run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sendry: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
