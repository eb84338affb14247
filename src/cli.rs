//! What can be typed.

mod called;
mod check;
mod cluster;
pub mod controller;
mod example;
mod explain;
mod lint;
mod monitoring;
mod preview;
mod report;
mod words;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use self::called::Called;
pub use self::check::{CheckArgs, ReportFormat, VersionArgs};
pub use self::cluster::{ConnectionArgs, SelectionArgs};
pub use self::controller::ControllerArgs;
pub use self::explain::{ExplainArgs, ExplainFormat};
pub use self::lint::{LintArgs, LintFormat};
pub use self::monitoring::{MonitoringArgs, MonitoringFormat};
pub use self::preview::{BackfillArgs, PreviewArgs, PreviewFormat, SurveyArgs, TasksArgs};
pub use self::report::{FiguresFormat, ReportArgs};
use crate::engine::rules::{Infer, OnInvalid};
use crate::engine::simulate::KelosVersion;
use crate::telemetry::{Directives, LogFormat};
use crate::templates::Syntax;

/// Labels and annotations for Kelos Tasks, from templates on their TaskSpawners.
#[derive(Debug, Parser)]
#[command(name = "kelos-metadata", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer the API server: the HTTPS webhook
    ///
    /// Follows TaskSpawners, Workspaces, WorkerPools and Namespaces in the cluster, and serves with
    /// the certificate of --tls-cert-file or --tls-secret. With --manifests it needs no cluster: they
    /// come from a folder, and without a certificate it makes one for this run.
    Serve(Box<ServeArgs>),
    /// Keep the webhook's own certificates: make, publish and rotate them
    ///
    /// Makes a CA and a serving certificate, writes them into a Secret for `serve
    /// --tls-secret`, and keeps the caBundle of both webhook configurations so that the API server
    /// always trusts what is served. Any number may run: one of them leads and writes, by a Lease. It
    /// writes the Secret, the Lease and the configurations, and nothing else; no other command but
    /// `backfill --write` writes to the cluster.
    Controller(Box<ControllerArgs>),
    /// Answer AdmissionReviews from standard input
    ///
    /// Takes one JSON document, or one a line. Gives one answer a line, in the same order. The exit
    /// status is 2 when a line is no AdmissionReview.
    Review(ReviewArgs),
    /// Show what a Task or Session gets from its spawner
    ///
    /// Takes manifests of spawners and of their Tasks or Sessions (and of Workspaces, WorkerPools and Namespaces, if
    /// templates ask for them). Shows each key with its value, the place that declares it
    /// (rules annotation or Kelos field), and why it is skipped if it is; and each variable with its value and who says so.
    /// A Task comes from `kubectl get task NAME -o yaml`: it is shown as when it was new. With --item, --set or
    /// --kelos it is made, as Kelos would make it of an item of the source: an issue, an event, a message.
    #[command(after_help = example::RENDER)]
    Render(RenderArgs),
    /// Run the test cases of a team
    ///
    /// A case names a TaskSpawner or SessionSpawner and an item of its source, and says what the Task or Session gets
    /// that Kelos makes of them: labels, annotations, what is skipped, or why there is none. The exit status is 1 when
    /// a case fails.
    #[command(after_help = example::TEST)]
    Test(TestArgs),
    /// Find what is wrong with TaskSpawners and SessionSpawners
    ///
    /// Reads manifests, what `helm template` and `kustomize build` print, or the cluster with your own rights;
    /// objects of other kinds are passed over. Each finding has a rule, which docs/lint.md explains, its place in
    /// the file, and what to do. The exit status is 1 if a Task or Session would be lost or refused
    /// (severity error).
    #[command(after_help = example::LINT)]
    Lint(LintArgs),
    /// Explain why a Task or Session has a label or annotation, or why it has not
    ///
    /// Walks along the chain, from there to its owner, the registration of the webhook, the switches, the rules and
    /// each key, and says where it is broken and what to write. Asks the cluster with your own rights: a right that is
    /// missing costs its step alone, and is named. The exit status is 0 if each key is as today's rules give it, and 1
    /// if one is missing or differs.
    #[command(after_help = example::EXPLAIN)]
    Explain(Box<ExplainArgs>),
    /// Show what the rules of today, or those of a file, change in the Tasks or Sessions that are there
    ///
    /// Reads the Tasks and TaskSpawners of the cluster, or with --sessions the Sessions and SessionSpawners, with your
    /// own rights, and writes nothing. Shows for each key and value how many get it, what is added, changed and lost,
    /// and what is skipped and why. The exit status is 1 when one would lose a key.
    #[command(after_help = example::PREVIEW)]
    Preview(PreviewArgs),
    /// Give the Tasks that are there what they would get today
    ///
    /// Shows what `preview` shows; with --write it writes labels and annotations of Tasks, never their spec, and
    /// nothing that a person or another field manager has. It may be stopped and called again at any time: what is
    /// done is not done again.
    #[command(after_help = example::BACKFILL)]
    Backfill(BackfillArgs),
    /// Count Tasks by their labels: states, durations, tokens, cost
    ///
    /// Reads Tasks, and the TaskRecords of those that are gone, with your own rights. Has a line for each value of
    /// the keys, one for Tasks without the label, and one for all together.
    #[command(after_help = example::REPORT)]
    Report(ReportArgs),
    /// Print what shows Tasks by their labels in Prometheus and Grafana
    ///
    /// For label keys, or those that the rules of the cluster or of files declare: the configuration of
    /// kube-state-metrics and its rights, recording rules and alerts, and a dashboard. Keys of rules that have too many
    /// values, or the name of another one in Prometheus, are left out, and it is said why. Nothing is written to the
    /// cluster.
    #[command(after_help = example::MONITORING)]
    Monitoring(Box<MonitoringArgs>),
    /// Render one template
    ///
    /// Renders and does not validate: what comes out may be no label value.
    #[command(after_help = example::EVAL)]
    Eval(EvalArgs),
    /// Look whether the installation works
    ///
    /// Looks from outside, with your own rights, and writes nothing: what is registered, the certificates that are
    /// served, endpoints, the Lease and the Secret of the controller, the rights of the ServiceAccounts, the
    /// switches of Namespaces, versions; and creates a Task by server-side dry run. Each line is good (✓), bad (✗) or
    /// not judged (?), and says what to do. The exit status is 1 for a ✗, and 2 where a right was missing or
    /// there is no such namespace.
    #[command(after_help = example::CHECK)]
    Check(CheckArgs),
    /// Print the version of this program, and of what is installed
    ///
    /// With a cluster it also says which kelos-metadata, which Kelos and which Kubernetes run there. The exit status
    /// is 2 where a right for that was missing.
    Version(VersionArgs),
    /// Print a completion script for a shell
    ///
    /// It completes commands, flags and their values. The names of a cluster only kubectl completes, with the plugin
    /// of docs/install.md.
    // The longer name is that of the first releases.
    #[command(name = "completion", alias = "completions", after_help = example::COMPLETION)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// What `serve` takes.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Kubeconfig of the cluster; without it KUBECONFIG, ~/.kube/config or the Pod's ServiceAccount
    #[arg(long, value_name = "FILE", conflicts_with = "manifests")]
    pub kubeconfig: Option<PathBuf>,
    /// Folder with manifests to serve without a cluster, read again when they change: YAML and JSON,
    /// several documents a file
    #[arg(long, value_name = "DIR")]
    pub manifests: Option<PathBuf>,
    /// Where the webhook listens; port 0 picks one, and the log says which
    #[arg(long, value_name = "HOST:PORT", default_value = "0.0.0.0:9443")]
    pub bind_address: String,
    /// Where metrics are served over HTTP, at /metrics
    #[arg(long, value_name = "HOST:PORT", default_value = "0.0.0.0:8080")]
    pub metrics_bind_address: String,
    /// Where health is served over HTTP, at /healthz and /readyz
    #[arg(long, value_name = "HOST:PORT", default_value = "0.0.0.0:8081")]
    pub health_probe_bind_address: String,
    /// Certificate chain to serve with, PEM, read again when it changes; needs
    /// --tls-private-key-file
    #[arg(long, value_name = "FILE")]
    pub tls_cert_file: Option<PathBuf>,
    /// Private key of the certificate, PEM; needs --tls-cert-file
    #[arg(long, value_name = "FILE")]
    pub tls_private_key_file: Option<PathBuf>,
    /// Secret to serve with, of type kubernetes.io/tls: followed through the API, no mount needed
    #[arg(long, value_name = "NAMESPACE/NAME", conflicts_with_all = ["tls_cert_file", "tls_private_key_file"])]
    pub tls_secret: Option<String>,
    /// Certificates of the CAs whose clients are answered, and no others; PEM, read again
    /// when it changes. Without it, whoever connects is answered
    #[arg(long, value_name = "FILE")]
    pub client_ca_file: Option<PathBuf>,
    /// Common name or DNS name that the certificate of a client must have; without it, all clients
    /// of --client-ca-file are answered. May be given several times, or as a comma list
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub client_allowed_name: Vec<String>,
    /// Answer Sessions, too, at /mutate-session, and follow SessionSpawners (Kelos v0.48 and later)
    #[arg(long)]
    pub sessions: bool,
    /// How long calls are still served after SIGTERM, on old and new connections, while /readyz says
    /// that the process is not ready any more
    #[arg(long, value_name = "DURATION", default_value = "15s")]
    pub shutdown_delay: String,
    /// How log lines look
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, debug, trace, or directives by module
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = words::level(), hide_possible_values = true)]
    pub log_level: Directives,
    /// Rules for all TaskSpawners.
    #[command(flatten)]
    pub policy: PolicyArgs,
}

/// What `review` takes.
#[derive(Args, Debug)]
pub struct ReviewArgs {
    /// Folder (or file) with the manifests of TaskSpawners, Workspaces, WorkerPools and Namespaces
    #[arg(long, value_name = "DIR")]
    pub manifests: PathBuf,
    /// Rules for all TaskSpawners.
    #[command(flatten)]
    pub policy: PolicyArgs,
}

/// What `render` takes.
#[derive(Args, Debug)]
pub struct RenderArgs {
    /// File or folder with manifests, or - for standard input; may be given several times
    #[arg(short, long, value_name = "FILE", required = true)]
    pub filename: Vec<PathBuf>,
    /// Namespace of the objects that name none
    #[arg(short, long, value_name = "NAMESPACE", default_value = "default")]
    pub namespace: String,
    /// How to show it
    #[arg(short, long, value_name = "FORMAT", default_value_t = OutputFormat::Table, value_enum)]
    pub output: OutputFormat,
    /// Exit with status 1 if a key is not written for a reason that its team should hear of, or if Kelos
    /// would make no Task
    #[arg(long)]
    pub strict: bool,
    /// Make the Task of an item: a mapping of the source's variables to values, YAML or JSON; - for standard
    /// input. What it does not say has the value of a built-in example. Tasks among the files are left out
    #[arg(long, value_name = "FILE")]
    pub item: Option<PathBuf>,
    /// A variable of the item, over that of --item; may be given several times. A VALUE is a text, but for
    /// Number and for what begins as a list or a mapping
    #[arg(long, value_name = "NAME=VALUE", value_parser = words::assignment)]
    pub set: Vec<(String, String)>,
    /// The version of Kelos that makes the Task: v0.52 without it. Given alone, it is made of the built-in example
    #[arg(long, value_name = "v0.24|v0.52", value_parser = words::of::<KelosVersion>(KelosVersion::ALL.map(KelosVersion::as_str)), hide_possible_values = true)]
    pub kelos: Option<KelosVersion>,
    /// The one TaskSpawner that Tasks are made of, or whose Tasks are shown, where there are several
    #[arg(long, value_name = "NAME")]
    pub spawner: Option<String>,
    /// Rules for all TaskSpawners.
    #[command(flatten)]
    pub policy: PolicyArgs,
}

impl RenderArgs {
    /// Whether Tasks are made, and not read.
    pub fn makes_tasks(&self) -> bool {
        self.item.is_some()
            || !self.set.is_empty()
            || self.kelos.is_some()
            || self.output == OutputFormat::Item
    }
}

/// What `test` takes.
#[derive(Args, Debug)]
pub struct TestArgs {
    /// Files with cases: the same as --filename
    #[arg(value_name = "FILE", required_unless_present = "filename")]
    pub files: Vec<PathBuf>,
    /// File with cases, or folder: of that, all YAML and JSON files that have `cases`; may be given several times
    #[arg(short, long, value_name = "FILE")]
    pub filename: Vec<PathBuf>,
    /// Namespace of the objects that name none
    #[arg(short, long, value_name = "NAMESPACE", default_value = "default")]
    pub namespace: String,
    /// How to report
    #[arg(short, long, value_name = "FORMAT", default_value_t = TestFormat::Text, value_enum)]
    pub output: TestFormat,
    /// Rules for all TaskSpawners.
    #[command(flatten)]
    pub policy: PolicyArgs,
}

/// How `test` reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// A line a case, and of one that fails what it expected and what came out
    Text,
    /// JUnit's XML, which CI systems read
    Junit,
}

/// How `render` shows what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Tables of the keys and the variables, as wide as the terminal, and an explanation of each key
    /// that is skipped
    Table,
    /// The same with nothing cut off: values come last
    Wide,
    /// The keys and variables as JSON: of several Tasks, a list
    Json,
    /// The Tasks as they would be created, as YAML
    Yaml,
    /// What changes in the Tasks, as a unified diff of YAML
    Diff,
    /// The JSON Patch: of several Tasks, a list of objects with namespace, task and patch
    Patch,
    /// The item that a Task is made of, as YAML: what is given, and a built-in example of the rest
    Item,
}

/// What `eval` takes.
#[derive(Args, Debug)]
pub struct EvalArgs {
    /// The template; without it, standard input is the template
    #[arg(conflicts_with = "jsonl")]
    pub template: Option<String>,
    /// The language of the template
    #[arg(long, value_name = "auto|go|jinja", default_value_t, value_parser = words::of::<Syntax>(Syntax::ALL.map(Syntax::as_str)), hide_possible_values = true)]
    pub syntax: Syntax,
    /// Mapping with the variables, YAML or JSON; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "jsonl")]
    pub vars: Option<PathBuf>,
    /// A variable, or with dots one in a mapping, over that of --vars; may be given several times. A
    /// VALUE is a text, but for Number and for what begins as a list or a mapping
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "jsonl", value_parser = words::assignment)]
    pub set: Vec<(String, String)>,
    /// Read {"template", "vars", "syntax"} a line, and write {"output"} or {"error", "reason"} a line
    #[arg(long)]
    pub jsonl: bool,
}

/// What the admin decides for all TaskSpawners.
#[derive(Args, Debug)]
pub struct PolicyArgs {
    /// A key that templates never write, or all keys of a prefix (example.com/); may be given
    /// several times, or as a comma list
    #[arg(long, value_name = "KEY|PREFIX/", value_delimiter = ',')]
    pub protect: Vec<String>,
    /// What happens to values that are no label values, where a TaskSpawner does not say: skip the
    /// key, or sanitize the value
    #[arg(long, value_name = "skip|sanitize", default_value_t, value_parser = words::of::<OnInvalid>(OnInvalid::ALL.map(OnInvalid::as_str)), hide_possible_values = true)]
    pub on_invalid: OnInvalid,
    /// Infer otherwise unknown variables from the fields that Kelos rendered (prompt, branch, name,
    /// labels, annotations): the default for TaskSpawners that do not say
    #[arg(long, value_name = "on|off", default_value_t, value_parser = words::of::<Infer>(Infer::ALL.map(Infer::as_str)), hide_possible_values = true)]
    pub infer: Infer,
    /// Labels and annotations that every Task gets, whoever made it: a YAML file; `serve` reads it again when
    /// it changes. TaskSpawners may say something else for a key, within its `allowed` list
    #[arg(long, value_name = "FILE")]
    pub defaults: Option<PathBuf>,
}

impl PolicyArgs {
    /// Whether all is as it is without any flag.
    pub fn is_empty(&self) -> bool {
        self.protect.is_empty()
            && self.on_invalid == OnInvalid::default()
            && self.infer == Infer::default()
            && self.defaults.is_none()
    }
}
