//! The `kelos-metadata` program.

use std::process::ExitCode;

use clap::Parser;
use kelos_metadata::cli::Cli;
use kelos_metadata::commands;

fn main() -> ExitCode {
    match commands::run(Cli::parse()) {
        Ok(code) => code,
        // Whoever reads our output has seen enough.
        Err(error) if commands::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("kelos-metadata: {error:#}");
            ExitCode::FAILURE
        }
    }
}
