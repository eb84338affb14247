//! What `explain` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ConnectionArgs, PolicyArgs, words};

/// What `explain` takes.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// The Task, or session/NAME; of files that hold one alone it may be left out
    #[arg(value_name = "task/NAME", required_unless_present = "filename")]
    pub task: Option<String>,
    /// A label, annotation, Pod label or node selector: it alone is explained, at full length
    #[arg(value_name = "KEY")]
    pub key: Option<String>,
    /// File or folder with manifests (Task or Session, its spawner, Namespace, MutatingWebhookConfiguration and what else
    /// templates ask for), or - for standard input; may be given several times. Without it, the cluster is asked
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["context", "kubeconfig"])]
    pub filename: Vec<PathBuf>,
    /// Namespace of the Task or Session, without it that of the context; with files, the one of objects that name none
    #[arg(short, long, value_name = "NAMESPACE", value_parser = words::namespace)]
    pub namespace: Option<String>,
    /// The cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// How to show it
    #[arg(short, long, value_name = "FORMAT", default_value_t = ExplainFormat::Text, value_enum)]
    pub output: ExplainFormat,
    /// Rules for all TaskSpawners, in place of those that the Deployment of the cluster serves with.
    #[command(flatten)]
    pub policy: PolicyArgs,
}

impl ExplainArgs {
    /// The namespace, if one was given: an empty one is none, as kubectl has it.
    pub fn namespace(&self) -> Option<&str> {
        words::given(self.namespace.as_deref())
    }
}

/// How `explain` shows what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// A walk along the chain, from the Task to its keys, to be read from top to bottom
    Text,
    /// The same as one JSON object
    Json,
}
