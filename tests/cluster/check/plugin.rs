//! The real kubectl, with the plugin in its PATH.

use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::json;

use crate::harness::access::Account;
use crate::harness::cluster::on_own_cluster;
use crate::harness::command_output::CommandOutput;
use crate::harness::crds::Schemas;
use crate::harness::{binaries, spawner};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kelos-metadata");

#[test]
fn kubectl_runs_the_plugin_and_completes_its_words_and_names_of_the_cluster() {
    on_own_cluster("plugin", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let team = cluster.bare_namespace("team", json!({})).await;
        let labels = json!({"team.example.com/area": "backend"});
        let worker = team.creates(spawner("worker").labels(labels)).await;
        team.accepts(worker.issue(1)).await;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        symlink(binaries::kubectl(), path("kubectl")).unwrap();
        for name in ["kubectl-kelos_metadata", "kubectl_complete-kelos_metadata"] {
            symlink(PROGRAM, path(name)).unwrap();
        }
        std::fs::write(path("kubeconfig"), cluster.control_plane.admin_kubeconfig()).unwrap();
        let kubectl = |args: &[&str]| {
            let mut command = Command::new(path("kubectl"));
            command.args(args).env_clear().env("PATH", folder.path()).env("HOME", folder.path());
            command.env("KUBECONFIG", path("kubeconfig"));
            tokio::task::block_in_place(|| CommandOutput::of(command, b""))
        };

        let versions = kubectl(&["kelos-metadata", "version"]).ok();
        let start = format!("Client: {}", env!("CARGO_PKG_VERSION"));
        assert!(
            versions.starts_with(&start) && versions.contains("\nKubernetes: v1."),
            "{versions}"
        );
        let help = kubectl(&["kelos-metadata", "lint", "--help"]).ok();
        assert!(help.contains("Usage: kubectl kelos-metadata lint "), "{help}");
        let wrong = kubectl(&["kelos-metadata", "lint", "--context", "gone"]).refusal();
        assert!(wrong.starts_with("kubectl kelos-metadata: --context gone "), "{wrong}");
        // Whatever the name of the symlink, the plugin is found as kubectl finds plugins.
        let plugins = kubectl(&["plugin", "list", "--name-only"]).ok();
        assert!(plugins.lines().any(|line| line == "kubectl-kelos_metadata"), "{plugins}");

        let complete = |words: &[&str]| {
            let all = [&["__complete", "kelos-metadata"], words].concat();
            kubectl(&all).ok()
        };
        let offers = |words: &[&str], candidate: &str| {
            let said = complete(words);
            let is_offered = said.lines().any(|line| line.split('\t').next() == Some(candidate));
            assert!(is_offered && said.trim_end().ends_with("\n:4"), "{words:?}: {said}");
        };
        offers(&[""], "version");
        offers(&["ch"], "check");
        offers(&["lint", "--out"], "--output");
        offers(&["render", "-o", ""], "wide");
        offers(&["lint", "-n", ""], "team");
        offers(&["check", "-n", "te"], "team");
        offers(&["lint", "-n", "team", "-l", ""], "kelos.dev/taskspawner=worker");
        offers(&["explain", "-n", "team", ""], "task/worker-1");
        offers(&["explain", "-n", "team", "task/worker-1", ""], "team.example.com/area");
        offers(&["explain", "task/worker-1", "-n", "team", "kelos"], "kelos.dev/taskspawner");

        // Who may not read the TaskSpawner is offered what the Task has, without a word of complaint.
        let address = cluster.control_plane.address();
        let rights = [("kelos.dev", "tasks", "get")];
        let account = Account::in_namespace(&cluster.admin, address, "team", "reader", &rights);
        std::fs::write(path("kubeconfig"), account.await.kubeconfig(address)).unwrap();
        let said = complete(&["explain", "-n", "team", "task/worker-1", ""]);
        assert!(said.contains("\nkelos.dev/taskspawner\n") && !said.contains("area"), "{said}");

        // Without a cluster there are no names, soon and without a word.
        std::fs::write(path("kubeconfig"), "{}").unwrap();
        let said = kubectl(&["__complete", "kelos-metadata", "lint", "-n", ""]);
        assert_eq!(said.ok(), ":4\n");
    });
}
