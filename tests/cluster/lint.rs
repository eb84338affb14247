//! `lint` without files: it asks the cluster with the rights of who calls.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::access::Account;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;

/// What `lint` says with this kubeconfig: status, output and complaints.
fn lint(kubeconfig: &Path, flags: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kelos-metadata"));
    command.args(["lint", "--kubeconfig"]).arg(kubeconfig).args(flags);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn spawner(name: &str, team: &str, branch: &str) -> Value {
    json!({
        "kind": "TaskSpawner",
        "metadata": {"name": name, "labels": {"team": team}},
        "spec": {"when": {"githubIssues": {}}, "taskTemplate": {"branch": branch}},
    })
}

#[test]
fn lint_asks_the_cluster_and_names_the_rights_that_are_missing() {
    // What is wrong with them is also logged by every webhook of their cluster.
    on_own_cluster("lint", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let (one, other) =
            (cluster.namespace("lint-one").await, cluster.namespace("lint-other").await);
        one.creates(spawner("bad", "lint-a", "x-{{.Nope}}")).await;
        one.creates(spawner("good", "lint-b", "x-{{.ID}}")).await;
        other.creates(spawner("worse", "lint-a", "x-{{")).await;

        let admin = kubeconfig("admin", &cluster.control_plane.admin_kubeconfig());
        let (status, output, errors) = lint(&admin, &["-n", "lint-one"]);
        assert_eq!((status, &*errors), (1, ""), "{output}");
        let start = "TaskSpawner lint-one/bad: spec.taskTemplate.branch:1:5: error[";
        assert!(output.starts_with(start) && !output.contains("lint-other"), "{output}");
        let (status, output, _) = lint(&admin, &["-A", "-l", "team=lint-a"]);
        assert!(status == 1 && output.contains("lint-other/worse: spec.task"), "{output}");
        let (status, output, errors) = lint(&admin, &["-n", "lint-one", "-l", "team=lint-b"]);
        assert_eq!((status, &*output, &*errors), (0, "1 object: nothing found\n", ""));
        let (status, _, errors) = lint(&admin, &["--context", "gone"]);
        assert!(status == 2 && errors.contains("gone"), "{errors}");

        let address = cluster.control_plane.address();
        let account = cluster.account().await;
        let restricted = kubeconfig("restricted", &account.kubeconfig(address));
        let (status, output, errors) = lint(&restricted, &["-A", "-l", "team=lint-a"]);
        assert!(status == 1 && output.contains("lint-one/bad"), "{output}");
        let budgets = "kelos-metadata: keys of budgets are not looked at: you lack the right to list taskbudgets.kelos.dev in all namespaces (-n asks for one): ";
        assert!(errors.starts_with(budgets) && errors.lines().count() == 1, "{errors}");

        let account = Account::without(&cluster.admin, address, "taskspawners").await;
        let restricted = kubeconfig("without", &account.kubeconfig(address));
        let (status, output, errors) = lint(&restricted, &["-n", "lint-one"]);
        let lack = "kelos-metadata: you lack the right to list taskspawners.kelos.dev in namespace lint-one: ";
        assert!(errors.starts_with(lack), "{errors}");
        assert_eq!((status, &*output), (2, ""));
    });
}
