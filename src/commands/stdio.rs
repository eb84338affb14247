//! What commands print. Nobody has to read it: a pipe that is closed, or a disk that is full, is an error like
//! others and never a panic.

use std::fmt::Display;
use std::io::{self, Write};

use anyhow::Context;
use serde::Serialize;

use super::harmless;
use crate::cli::Called;

/// What is said where the output can't be written.
pub(super) const UNWRITABLE: &str = "standard output can't be written";

/// Prints a text and a line break, with its colours where somebody looks.
pub(super) fn print(text: impl Display) -> anyhow::Result<()> {
    writeln!(anstream::stdout().lock(), "{text}").context(UNWRITABLE)
}

/// Prints JSON, whatever it quotes.
pub(super) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(harmless::json(serde_json::to_string_pretty(value)?))
}

/// Tells of something on standard error, whatever it quotes. What can't be written there can't be told anywhere.
pub fn complain(text: impl Display) {
    let text = text.to_string();
    let _ = writeln!(anstream::stderr().lock(), "{}", harmless::lines(&text));
}

/// Tells of something that the caller should know, with the program's name in front.
pub(super) fn warn(text: impl Display) {
    complain(format_args!("{}: {text}", Called::now()));
}

/// Writes what is left of the output: without it, an error in the last line goes unseen.
pub(super) fn finish() -> anyhow::Result<()> {
    io::stdout().flush().context(UNWRITABLE)
}
