//! How a command that reads a cluster finds it, and which of its objects it reads.

use std::path::PathBuf;

use clap::Args;

use super::words;

/// Which cluster is asked, and as whom.
#[derive(Args, Clone, Debug, Default)]
pub struct ConnectionArgs {
    /// Context of the kubeconfig; without it, the current one
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// Kubeconfig of the cluster; without it KUBECONFIG, ~/.kube/config or the Pod's ServiceAccount
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
}

/// Which Tasks of a cluster, as kubectl has it.
#[derive(Args, Clone, Debug, Default)]
pub struct SelectionArgs {
    /// Namespace of the Tasks; without it, that of the context
    #[arg(short, long, value_name = "NAMESPACE", conflicts_with = "all_namespaces",
          value_parser = words::namespace)]
    pub namespace: Option<String>,
    /// Tasks of all namespaces
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
    /// Labels that the Tasks have, as kubectl takes them
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,
}

impl SelectionArgs {
    /// The namespace that is asked for, nothing for all; `context` is that of the context, and stands for an empty one,
    /// too, as kubectl has it.
    pub fn within(&self, context: &str) -> Option<String> {
        words::within(self.namespace.as_deref(), self.all_namespaces, context)
    }
}
