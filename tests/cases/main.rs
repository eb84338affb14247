//! What stands in `tests/data` row by row, each row a test of its own name: `cargo test --profile checked --test cases NAME`
//! runs those whose name holds it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

mod golden;
mod helpers;
mod inference;
mod revision;
mod variables;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

/// A row as a test, which fails by what it says or by a panic.
fn row(name: String, test: impl FnOnce() -> Result<(), String> + Send + 'static) -> Trial {
    Trial::test(name, || test().map_err(Failed::from))
}

/// A test that is written here and not as a row.
fn test(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

fn main() -> ExitCode {
    let tests = [
        golden::tests(),
        helpers::tests(),
        inference::tests(),
        revision::tests(),
        variables::tests(),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests.into_iter().flatten().collect()).exit_code()
}
