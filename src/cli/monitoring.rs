//! What `monitoring` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ConnectionArgs, PolicyArgs, words};
use crate::monitoring::ServiceAccount;

/// The arguments by which the cluster is asked: not together with files, or with keys that are given.
const OF_THE_CLUSTER: [&str; 4] = ["namespace", "all_namespaces", "context", "kubeconfig"];

/// What `monitoring` takes.
#[derive(Args, Debug)]
pub struct MonitoringArgs {
    /// Label keys that Tasks are shown by; without them and -f, those that the rules of the cluster declare
    #[arg(long, value_name = "KEY,…", value_delimiter = ',', value_parser = words::label_key, conflicts_with_all = OF_THE_CLUSTER)]
    pub by: Vec<String>,
    /// File or folder with TaskSpawners, of which the rules declare the keys, or - for standard input; may be given
    /// several times
    #[arg(short, long, value_name = "FILE", conflicts_with_all = OF_THE_CLUSTER, conflicts_with = "by")]
    pub filename: Vec<PathBuf>,
    /// Namespace whose rules and Tasks are read; without it, that of the context
    #[arg(short, long, value_name = "NAMESPACE", conflicts_with = "all_namespaces", value_parser = words::namespace)]
    pub namespace: Option<String>,
    /// Read those of all namespaces
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
    /// How many values a key may have among the Tasks and TaskRecords of a namespace of the cluster: each is a series of
    /// its own in Prometheus
    #[arg(long, value_name = "NUMBER", default_value = "100", conflicts_with_all = ["by", "filename"])]
    pub max_values: usize,
    /// ServiceAccount of kube-state-metrics, to which its rights are bound
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = words::service_account)]
    pub service_account: Option<ServiceAccount>,
    /// Label of the PrometheusRule, by which your Prometheus finds it; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = words::label, conflicts_with = "write_to")]
    pub rule_label: Vec<(String, String)>,
    /// How to show it
    #[arg(short, long, value_name = "FORMAT", default_value_t = MonitoringFormat::Yaml, value_enum)]
    pub output: MonitoringFormat,
    /// Write the documents into a folder instead, each as its program reads it
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    pub write_to: Option<PathBuf>,
    /// The cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// Rules for all TaskSpawners.
    #[command(flatten)]
    pub policy: PolicyArgs,
}

impl MonitoringArgs {
    /// The namespace that is asked for, nothing for all; `context` is that of the context.
    pub fn within(&self, context: &str) -> Option<String> {
        words::within(self.namespace.as_deref(), self.all_namespaces, context)
    }
}

/// How `monitoring` shows what it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MonitoringFormat {
    /// Objects of Kubernetes, for `kubectl apply -f -`
    Yaml,
    /// The configuration of kube-state-metrics alone
    KubeStateMetrics,
    /// The rules of Prometheus alone
    PrometheusRules,
    /// The dashboard of Grafana alone
    GrafanaDashboard,
}
