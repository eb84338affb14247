//! What the program says with a kubeconfig.

use std::process::Command;

use serde_json::Value;

use crate::harness::Cluster;
use crate::harness::access::kubeconfig;

/// Who asks: a kubeconfig in a folder of its own.
pub(crate) struct Caller {
    folder: tempfile::TempDir,
}

/// What the program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Caller {
    /// Whoever has this kubeconfig.
    pub(crate) fn with(kubeconfig: &str) -> Caller {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kubeconfig"), kubeconfig).unwrap();
        Caller { folder }
    }

    /// Who may do everything.
    pub(crate) fn admin(cluster: &Cluster) -> Caller {
        Caller::with(&cluster.control_plane.admin_kubeconfig())
    }

    /// Whom the API server does not know.
    pub(crate) fn nobody(cluster: &Cluster) -> Caller {
        Caller::with(&kubeconfig(cluster.control_plane.address(), "nobody's"))
    }

    /// Runs the program. Tests share a runtime with the servers that it asks, so that waits elsewhere.
    pub(crate) fn runs(&self, args: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kelos-metadata"));
        command.args(args).env_clear().env("KUBECONFIG", self.folder.path().join("kubeconfig"));
        let output = tokio::task::block_in_place(|| command.output().unwrap());
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said {
            status: output.status.code().unwrap(),
            output: text(output.stdout),
            errors: text(output.stderr),
        }
    }
}

impl Said {
    /// Topic and text of the lines of a report in JSON with this verdict.
    pub(crate) fn lines(&self, verdict: &str) -> Vec<(String, String)> {
        let report: Value =
            serde_json::from_str(&self.output).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        let lines = report["lines"].as_array().unwrap().iter();
        let text = |line: &Value, field: &str| line[field].as_str().unwrap().to_owned();
        lines
            .filter(|line| line["verdict"] == verdict)
            .map(|line| (text(line, "topic"), text(line, "text")))
            .collect()
    }
}
