//! kubectl, with a home of its own.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::binaries;
use super::command_output::CommandOutput;

/// A kubectl that knows of one cluster only.
pub(crate) struct Kubectl {
    home: TempDir,
    kubeconfig: PathBuf,
}

impl Kubectl {
    /// One that reaches a cluster with this kubeconfig.
    pub(crate) fn new(kubeconfig: &str) -> Kubectl {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("kubeconfig");
        std::fs::write(&path, kubeconfig).unwrap();
        Kubectl { home, kubeconfig: path }
    }

    /// Runs it with these arguments and this standard input.
    pub(crate) fn run(&self, args: &[&str], input: &str) -> CommandOutput {
        let mut command = Command::new(binaries::kubectl());
        command.args(args).env_clear();
        command.env("KUBECONFIG", &self.kubeconfig).env("HOME", self.home.path());
        CommandOutput::of(command, input.as_bytes())
    }
}
