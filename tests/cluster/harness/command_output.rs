//! The output of a command.

use std::io::Write;
use std::process::{Command, Stdio};

/// What a command wrote until it ended.
#[derive(Debug)]
pub(crate) struct CommandOutput {
    succeeded: bool,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl CommandOutput {
    /// Runs a program to its end, with this standard input.
    pub(crate) fn of(mut command: Command, input: &[u8]) -> CommandOutput {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A program that reads no input may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let succeeded = output.status.success();
        CommandOutput { succeeded, output: text(&output.stdout), errors: text(&output.stderr) }
    }

    /// What it wrote to its standard output.
    ///
    /// # Panics
    /// When it failed.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert!(self.succeeded, "{}", self.errors);
        self.output
    }

    /// Why it failed.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub(crate) fn refusal(self) -> String {
        assert!(!self.succeeded, "it should be refused: {}", self.output);
        self.errors
    }

    /// What it wrote to its standard output, although it failed.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub(crate) fn printed_in_vain(self) -> String {
        assert!(!self.succeeded, "it should fail: {}", self.output);
        self.output
    }
}
