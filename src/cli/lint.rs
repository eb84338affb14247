//! What `lint` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ConnectionArgs, PolicyArgs, words};
use crate::engine::lint::{Rule, Severity};
use crate::engine::simulate::KelosVersion;

/// The arguments by which the cluster is asked: not together with files.
const OF_THE_CLUSTER: [&str; 4] = ["all_namespaces", "selector", "context", "kubeconfig"];

/// What `lint` takes.
#[derive(Args, Debug)]
pub struct LintArgs {
    /// Files to lint, as pre-commit gives them: the same as --filename
    #[arg(value_name = "FILE", conflicts_with_all = OF_THE_CLUSTER)]
    pub files: Vec<PathBuf>,
    /// File or folder with manifests, or - for standard input; may be given several times. Without it, the cluster
    /// is asked
    #[arg(short, long, value_name = "FILE", conflicts_with_all = OF_THE_CLUSTER)]
    pub filename: Vec<PathBuf>,
    /// Namespace to ask for, without it that of the context; with files, the one of objects that name none
    #[arg(short, long, value_name = "NAMESPACE", conflicts_with = "all_namespaces",
          value_parser = words::namespace)]
    pub namespace: Option<String>,
    /// Ask for all namespaces
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
    /// Labels that the TaskSpawners and SessionSpawners have, as kubectl takes them
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,
    /// The cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// How to show it
    #[arg(short, long, value_name = "FORMAT", default_value_t = LintFormat::Text, value_enum)]
    pub output: LintFormat,
    /// The least severity that is shown
    #[arg(long, value_name = "error|warning|info", default_value_t = Severity::Info, value_parser = words::of::<Severity>(Severity::ALL.map(Severity::as_str)), hide_possible_values = true)]
    pub min_severity: Severity,
    /// Exit with status 1 for warnings, too
    #[arg(long)]
    pub strict: bool,
    /// Write the replacements that are exact into the files, and tell what is left
    #[arg(long, conflicts_with_all = OF_THE_CLUSTER)]
    pub fix: bool,
    /// Version of Kelos that it is for: its fields, variables and templates
    #[arg(long, value_name = "v0.24|v0.52", default_value_t = KelosVersion::default(), value_parser = words::of::<KelosVersion>(KelosVersion::ALL.map(KelosVersion::as_str)), hide_possible_values = true)]
    pub kelos: KelosVersion,
    /// Say nothing of this rule; may be given several times, or with commas. For one object, its annotation
    /// metadata.kelos.dev/lint-allow does so
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = words::of::<Rule>(Rule::ALL.map(Rule::as_str)), hide_possible_values = true)]
    pub allow: Vec<Rule>,
    /// Print what a rule is about, why, and examples; nothing is linted
    #[arg(long, value_name = "RULE", conflicts_with_all = ["files", "filename", "fix"], value_parser = words::of::<Rule>(Rule::ALL.map(Rule::as_str)), hide_possible_values = true)]
    pub explain: Option<Rule>,
    /// Rules for all TaskSpawners.
    #[command(flatten)]
    pub policy: PolicyArgs,
}

impl LintArgs {
    /// The namespace, if one was given: an empty one is none, as kubectl has it.
    pub fn namespace(&self) -> Option<&str> {
        words::given(self.namespace.as_deref())
    }
}

/// How `lint` shows what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    /// A line for each finding, in a terminal with the line of the file
    Text,
    /// One JSON object with all findings
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub Actions, which become annotations
    Github,
}
