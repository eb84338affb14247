//! Writes a manual page for each command into a folder: `make release` ships them. What makes them is no part of the
//! program.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::{CommandFactory, Parser};
use kelos_metadata::cli::Cli;

/// Write the manual pages of kelos-metadata
#[derive(Parser)]
struct Args {
    /// The folder, which is made
    folder: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let folder = Args::parse().folder;
    let at = || format!("the manual pages can't be written to {}", folder.display());
    fs::create_dir_all(&folder).with_context(at)?;
    clap_mangen::generate_to(Cli::command(), &folder).with_context(at)
}
