//! What `check` and `version` take.

use clap::{Args, ValueEnum};

use super::{ConnectionArgs, words};

/// What `check` takes.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Namespace in which a Task is tried, without it that of the context
    #[arg(short, long, value_name = "NAMESPACE", value_parser = words::namespace)]
    pub namespace: Option<String>,
    /// Try no Task: for who has no right to create one
    #[arg(long)]
    pub skip_task: bool,
    /// How to show it
    #[arg(short, long, value_name = "FORMAT", default_value_t = ReportFormat::Text, value_enum)]
    pub output: ReportFormat,
    /// The cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

impl CheckArgs {
    /// The namespace, if one was given: an empty one is none, as kubectl has it.
    pub fn namespace(&self) -> Option<&str> {
        words::given(self.namespace.as_deref())
    }
}

/// What `version` takes.
#[derive(Args, Debug)]
pub struct VersionArgs {
    /// Ask no cluster
    #[arg(long, conflicts_with_all = ["context", "kubeconfig"])]
    pub client: bool,
    /// How to show it
    #[arg(short, long, value_name = "FORMAT", default_value_t = ReportFormat::Text, value_enum)]
    pub output: ReportFormat,
    /// The cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// How a report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Lines for people
    Text,
    /// One JSON object
    Json,
}
