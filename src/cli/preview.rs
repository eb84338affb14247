//! What `preview` and `backfill` take.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::engine::kelos::Shape;

use super::{ConnectionArgs, PolicyArgs, SelectionArgs, words};

/// What `preview` takes.
#[derive(Args, Debug)]
pub struct PreviewArgs {
    /// File or folder with TaskSpawners (and Workspaces, WorkerPools, Namespaces) that take the place of those of the
    /// cluster with the same name, or - for standard input; may be given several times
    #[arg(short, long, value_name = "FILE")]
    pub filename: Vec<PathBuf>,
    /// Look at Sessions in place of Tasks, and at what their SessionSpawners ask for
    #[arg(long)]
    pub sessions: bool,
    /// What is looked at.
    #[command(flatten)]
    pub survey: SurveyArgs,
}

impl PreviewArgs {
    /// What is looked at.
    pub fn shape(&self) -> Shape {
        if self.sessions { Shape::Session } else { Shape::Task }
    }
}

/// What `backfill` takes.
#[derive(Args, Debug)]
pub struct BackfillArgs {
    /// Write: without it, only what would be written is shown
    #[arg(long)]
    pub write: bool,
    /// Write the labels of TaskRecords, too, whose Tasks are still there
    #[arg(long)]
    pub records: bool,
    /// Remove the keys that the rules no longer give or declare, too, as far as they are ours; without it they stay
    #[arg(long)]
    pub prune: bool,
    /// Change labels that a TaskBudget selects on without asking: of Tasks that have not ended, and of TaskRecords
    #[arg(long)]
    pub yes: bool,
    /// How many objects are written in a second, at the most
    #[arg(long, value_name = "NUMBER", default_value = "20", value_parser = words::rate)]
    pub qps: f64,
    /// What is looked at.
    #[command(flatten)]
    pub survey: SurveyArgs,
}

/// Which Tasks are looked at, by which rules, and how that is shown.
#[derive(Args, Debug)]
pub struct SurveyArgs {
    /// Which Tasks.
    #[command(flatten)]
    pub tasks: TasksArgs,
    /// How to show it
    #[arg(short, long, value_name = "FORMAT", default_value_t = PreviewFormat::Text, value_enum)]
    pub output: PreviewFormat,
    /// The cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// Rules for all TaskSpawners.
    #[command(flatten)]
    pub policy: PolicyArgs,
}

/// Which Tasks of a cluster.
#[derive(Args, Clone, Debug, Default)]
pub struct TasksArgs {
    /// Where they are, and their labels.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Only Tasks that are no older, as 168h or 7d
    #[arg(long, value_name = "DURATION")]
    pub since: Option<String>,
    /// Only so many Tasks, in the order of their names
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<usize>,
}

/// How `preview` shows what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PreviewFormat {
    /// Tables: the keys with their values, and what is skipped
    Text,
    /// One JSON object
    Json,
    /// What changes in each Task, as a unified diff of YAML
    Diff,
}
