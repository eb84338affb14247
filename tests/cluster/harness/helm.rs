//! helm, with a home of its own.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::binaries;
use super::command_output::CommandOutput;

/// The release that the tests make, and its namespace.
pub(crate) const RELEASE: &str = "kelos-metadata";
pub(crate) const NAMESPACE: &str = "kelos-system";

/// The version that is rendered for where there is no cluster to ask.
const KUBE_VERSION: &str = "1.36";

/// Where the image is, unless a test says otherwise: the chart has no default.
const IMAGE: &str = "image: {repository: kelos-metadata}\n";

/// The folder of the chart.
pub(crate) fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/kelos-metadata")
}

/// A helm that knows of nothing but what it is told.
pub(crate) struct Helm {
    home: TempDir,
    kubeconfig: Option<PathBuf>,
    post_renderer: Option<PathBuf>,
}

impl Helm {
    /// One without a cluster.
    pub(crate) fn offline() -> Helm {
        let helm =
            Helm { home: tempfile::tempdir().unwrap(), kubeconfig: None, post_renderer: None };
        std::fs::write(helm.image(), IMAGE).unwrap();
        helm
    }

    /// One that reaches a cluster with this kubeconfig.
    pub(crate) fn with_kubeconfig(kubeconfig: &str) -> Helm {
        let mut helm = Helm::offline();
        let path = helm.home.path().join("kubeconfig");
        std::fs::write(&path, kubeconfig).unwrap();
        helm.kubeconfig = Some(path);
        helm
    }

    /// Lets it render the registration with `failurePolicy: Fail`, which is no choice of the chart: then a call that
    /// is lost is a Task that is refused.
    pub(crate) fn failing_closed(mut self) -> Helm {
        let path = self.home.path().join("fail-closed");
        let script = "#!/bin/sh\nexec sed 's/failurePolicy: Ignore$/failurePolicy: Fail/'\n";
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        self.post_renderer = Some(path);
        self
    }

    /// The file of values that says where the image is.
    fn image(&self) -> PathBuf {
        self.home.path().join("image.yaml")
    }

    /// Runs it with these arguments and, where they say `-f -`, these values.
    pub(crate) fn run(&self, args: &[&str], values: &Value) -> CommandOutput {
        let mut command = Command::new(binaries::helm());
        command.args(args).env_clear();
        for folder in ["CACHE", "CONFIG", "DATA"] {
            command.env(format!("HELM_{folder}_HOME"), self.home.path().join(folder));
        }
        // Without one, helm would take the kubeconfig of whoever runs the tests.
        let kubeconfig = self.kubeconfig.as_deref().unwrap_or(Path::new("/dev/null"));
        command.env("KUBECONFIG", kubeconfig).env("HOME", self.home.path());
        CommandOutput::of(command, values.to_string().as_bytes())
    }

    /// Runs it on the chart.
    fn on_chart(&self, args: &[&str], values: &Value) -> CommandOutput {
        let chart = chart();
        let image = self.image();
        let path = self.post_renderer.as_deref().and_then(Path::to_str);
        let post_renderer = path.into_iter().flat_map(|path| ["--post-renderer", path]);
        let args: Vec<&str> = args
            .iter()
            .copied()
            .chain([chart.to_str().unwrap(), "--namespace", NAMESPACE])
            .chain(["-f", image.to_str().unwrap(), "-f", "-"])
            .chain(post_renderer)
            .collect();
        self.run(&args, values)
    }

    /// `helm lint`, where a warning is an error.
    pub(crate) fn lint(&self, values: &Value) -> CommandOutput {
        self.on_chart(&["lint", "--strict", "--kube-version", KUBE_VERSION], values)
    }

    /// `helm template`, without what only `helm test` creates.
    pub(crate) fn template(&self, values: &Value) -> CommandOutput {
        let args = ["template", RELEASE, "--kube-version", KUBE_VERSION, "--skip-tests"];
        self.on_chart(&args, values)
    }

    /// `helm template` of what `helm test` creates, alone.
    pub(crate) fn template_tests(&self, values: &Value) -> CommandOutput {
        let tests = "templates/tests/*.yaml";
        let args = ["template", RELEASE, "--kube-version", KUBE_VERSION, "--show-only", tests];
        self.on_chart(&args, values)
    }

    /// `helm install`.
    pub(crate) fn install(&self, values: &Value) -> CommandOutput {
        self.on_chart(&["install", RELEASE], values)
    }

    /// `helm install`, as a trial: the API server is asked, nothing is created, and the notes are printed.
    pub(crate) fn try_install(&self, values: &Value) -> CommandOutput {
        self.on_chart(&["install", RELEASE, "--dry-run=server"], values)
    }

    /// `helm upgrade`.
    pub(crate) fn upgrade(&self, values: &Value) -> CommandOutput {
        self.on_chart(&["upgrade", RELEASE], values)
    }

    /// `helm rollback` to a revision.
    pub(crate) fn rollback(&self, revision: &str) -> CommandOutput {
        self.run(&["rollback", RELEASE, revision, "--namespace", NAMESPACE], &Value::Null)
    }

    /// `helm uninstall`.
    pub(crate) fn uninstall(&self) -> CommandOutput {
        self.run(&["uninstall", RELEASE, "--namespace", NAMESPACE], &Value::Null)
    }
}
