//! The `kelos-metadata` program.

use std::process::ExitCode;

use clap::Parser;
use kelos_metadata::cli::Cli;
use kelos_metadata::commands;

fn main() -> ExitCode {
    let status = match Cli::try_parse() {
        Ok(cli) => commands::run(cli),
        Err(error) => commands::explain_usage(&error),
    };
    match status {
        Ok(code) => code,
        // Whoever reads our output has seen enough.
        Err(error) if commands::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            commands::complain(format_args!("kelos-metadata: {error:#}"));
            commands::not_asked()
        }
    }
}
