//! What `report` takes.

use clap::{Args, ValueEnum};

use super::{ConnectionArgs, SelectionArgs, words};

/// What `report` takes.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// Label keys: a line for each value, of several keys for each combination of their values
    #[arg(
        long,
        value_name = "KEY,…",
        required = true,
        value_delimiter = ',',
        value_parser = words::label_key
    )]
    pub by: Vec<String>,
    /// Which Tasks.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Only Tasks that ended since then, and those that have not ended: 168h or 7d ago, 2026-11-01 (UTC), or
    /// 2026-11-01T12:00:00+01:00
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Only Tasks that ended before then, written alike: those that have not ended are left out, unless it is to come
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// How to show it
    #[arg(short, long, value_name = "FORMAT", default_value_t = FiguresFormat::Table, value_enum)]
    pub output: FiguresFormat,
    /// The cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// How `report` shows its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FiguresFormat {
    /// A table, with a bar
    Table,
    /// Comma-separated values, all figures whole (RFC 4180)
    Csv,
    /// One JSON object
    Json,
}
