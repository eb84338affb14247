//! How a command that reads a cluster finds it, and which of its objects it reads.

use std::path::PathBuf;

use clap::Args;

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
