//! Somebody at a shell, who does what the page says.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::command_output::CommandOutput;
use crate::harness::{Cluster, binaries};

/// A shell in a folder with the charts, with a kubeconfig, and with the three programs of the page in its PATH.
pub(crate) struct Shell {
    folder: TempDir,
    /// What is to be followed.
    commands: &'static [&'static str],
    followed: Mutex<BTreeSet<&'static str>>,
}

impl Shell {
    /// An administrator of the cluster who will follow these commands, with this namespace as the current one.
    pub(crate) fn new(
        cluster: &Cluster,
        namespace: &str,
        commands: &'static [&'static str],
    ) -> Shell {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        for (name, program) in [
            ("kubectl", binaries::kubectl()),
            ("helm", binaries::helm()),
            ("kelos-metadata", env!("CARGO_BIN_EXE_kelos-metadata").into()),
        ] {
            symlink(program, folder.path().join("bin").join(name)).unwrap();
        }
        symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("charts"), folder.path().join("charts"))
            .unwrap();
        let mut kubeconfig: Value =
            serde_json::from_str(&cluster.control_plane.admin_kubeconfig()).unwrap();
        kubeconfig["contexts"][0]["context"]["namespace"] = namespace.into();
        fs::write(folder.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
        Shell { folder, commands, followed: Mutex::default() }
    }

    /// Runs a command of the page as it stands there; `names` says what its placeholders are.
    pub(crate) fn follows(&self, command: &str, names: &[(&str, &str)]) -> CommandOutput {
        let known = self.commands.iter().find(|known| **known == command);
        let known = known
            .unwrap_or_else(|| panic!("it is not among the commands of the situation: {command}"));
        self.followed.lock().unwrap().insert(known);
        let mut line = command.to_owned();
        for (placeholder, name) in names {
            assert!(line.contains(placeholder), "{placeholder} is not in {command}");
            line = line.replace(placeholder, name);
        }
        let mut paths = vec![self.folder.path().join("bin")];
        paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).current_dir(self.folder.path()).env_clear();
        shell.env("PATH", std::env::join_paths(paths).unwrap()).env("HOME", self.folder.path());
        shell.env("KUBECONFIG", self.folder.path().join("kubeconfig"));
        CommandOutput::of(shell, b"")
    }

    /// Says that all has been followed.
    ///
    /// # Panics
    /// When it has not.
    pub(crate) fn ends(self) {
        let all: BTreeSet<&str> = self.commands.iter().copied().collect();
        let followed = self.followed.into_inner().unwrap();
        let left: Vec<_> = all.difference(&followed).collect();
        assert!(left.is_empty(), "nobody followed {left:#?}");
    }
}
