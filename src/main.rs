//! The `kelos-metadata` program.

use std::env;
use std::process::ExitCode;

use kelos_metadata::cli::Called;
use kelos_metadata::commands;

fn main() -> ExitCode {
    let called = Called::now();
    let status = match called {
        Called::Completion => commands::complete(env::args_os()),
        _ => match called.parse(env::args_os()) {
            Ok(cli) => commands::run(cli),
            Err(error) => commands::explain_usage(&error),
        },
    };
    match status {
        Ok(code) => code,
        // Whoever reads our output has seen enough.
        Err(error) if commands::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            commands::complain(format_args!("{called}: {error:#}"));
            commands::not_asked()
        }
    }
}
